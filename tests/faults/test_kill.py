# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of a playbook at each of its writes: a rerun converges, nothing is made twice, nothing of others is lost."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from cloud import Cloud
from faults import KILLS, Fault
from harness import INSTALLED, play_of
from stories import CREATE, STORIES, Story, Write, foreign, objects
from verdicts import CONVERGED, Ending, check_end, repair

ANSWERED = 1  # seconds, after which a playbook has the answer to its write and waits for the operation
LATEST = 120  # seconds until the playbook has reached the write, on a busy machine
CELLS = [
    pytest.param(story, write, fault, id=f"{story}: {write}: {fault}", marks=pytest.mark.xdist_group(f"{story}"))
    for story in STORIES
    for write in story.writes
    for fault in KILLS
]


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize(("story", "write", "fault"), CELLS)
def test_a_playbook_is_killed(
    cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]
) -> None:
    story.prepare(cloud)
    before = {"foreign": foreign(cloud), "objects": objects(cloud)}
    place = {"method": write.method, "path": f"/projects/{cloud.project}/(.*/)?{write.path}$", "nth": write.nth}
    identity = cloud.fault(**place, **fault.request)
    with cloud.asked() as asked:
        with tempfile.TemporaryDirectory() as folder:
            playbook = _start(cloud, story, pathlib.Path(folder))
            try:
                _await(cloud, identity, playbook)
                if fault.request["kind"] == "operation-stuck":
                    time.sleep(ANSWERED)
            finally:
                os.killpg(playbook.pid, signal.SIGKILL)
                playbook.wait()
        cloud.lab.google("DELETE", f"/lab/faults/{identity}")
        repair(cloud, story, Ending("killed", story.steps[-1]))
    check_end(cloud, story, before, asked)
    note(CONVERGED, "")


def _start(cloud: Cloud, story: Story, folder: pathlib.Path) -> subprocess.Popen[bytes]:
    """Start ansible-playbook in a session of its own: the site playbook if it makes a site, else the story's tasks."""
    hosts = {"hosts": {"edge": DESCRIPTION | {"multinet_project": cloud.project}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": hosts}))
    tasks = play_of(
        *(
            {"name": step.module, f"multinet.gke.{step.module}": {"project": cloud.project, **step.options}}
            for step in story.steps
        )
    )
    (folder / "play.yml").write_text(yaml.safe_dump(tasks))
    play = ["multinet.gke.site", "--tags", "vpc,cluster,nodepool"] if story is CREATE else ["play.yml"]
    environment = {**os.environ, **cloud.lab.environment, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2])}
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml", *play]
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )


def _await(cloud: Cloud, fault: str, playbook: subprocess.Popen[bytes]) -> None:
    """Wait until the write has had its effect; the request log tells it before anybody is answered."""
    end = time.monotonic() + LATEST
    while not any((each.get("fault") or {}).get("id") == fault for each in cloud.lab.google_requests()):
        assert playbook.poll() is None, "the playbook has ended before the write"
        assert time.monotonic() < end, f"the write was not reached within {LATEST} s"
        time.sleep(0.05)


DESCRIPTION: dict[str, Any] = {
    "multinet_location": "us-central1-c",
    "multinet_cluster": {"name": "edge", "default_pool": {"node_count": 1}},
    "multinet_networks": [
        {
            "vpc": "my-vpc",
            "subnetwork": "my-subnet",
            "node_range": "10.0.1.0/24",
            "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
        }
    ],
    "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
}
