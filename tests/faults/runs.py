# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a story: module by module, or as a playbook; and the faults that a run meets."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from cloud import Cloud
from faults import LONG, Fault
from harness import INSTALLED, Run, play_of
from stories import DESCRIPTION, Step, Story, Write

TAGS = "vpc,cluster,nodepool"


@dataclass(frozen=True)
class Ending:
    """How a run of a story ended."""

    message: str = ""  # of the task that failed
    step: Step | None = None  # the same
    changed: bool = False
    output: str = ""  # of the playbook

    @property
    def failed(self) -> bool:
        """Tell whether a task failed."""
        return self.step is not None


def run(cloud: Cloud, story: Story, timeout: int = LONG) -> Ending:
    """Run the steps of a story until one fails.

    :param timeout: wait_timeout of the modules; the site playbook has none of its own.
    """
    if story.is_site:
        inventory = _inventory(cloud)
        return _ending(story, cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=f"--tags {TAGS}"))
    changed = False
    for step in story.steps:
        result = cloud.module(step.module, **{"wait_timeout": timeout, **step.options})
        if result.get("failed"):
            return Ending(str(result["msg"]), step)
        changed |= result["changed"]
    return Ending(changed=changed)


def start(cloud: Cloud, story: Story, folder: pathlib.Path) -> subprocess.Popen[bytes]:
    """Start ansible-playbook with a story, in a session of its own."""
    (folder / "hosts.yml").write_text(yaml.safe_dump(_inventory(cloud)))
    tasks = (
        {"name": step.module, f"multinet.gke.{step.module}": {"project": cloud.project, **step.options}}
        for step in story.steps
    )
    (folder / "play.yml").write_text(yaml.safe_dump(play_of(*tasks)))
    play = ["multinet.gke.site", "--tags", TAGS] if story.is_site else ["play.yml"]
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml", *play]
    environment = {**os.environ, **cloud.lab.environment, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2])}
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )


@contextmanager
def fault_at(cloud: Cloud, write: Write, fault: Fault) -> Iterator[str]:
    """Let a write of this project meet a fault while the context lasts; yield the fault's id.

    :raises AssertionError: nothing met it.
    """
    place = {"method": write.method, "path": f"/projects/{cloud.project}/(.*/)?{write.path}$", "nth": write.nth}
    identity = cloud.fault(**place, **fault.request)
    try:
        yield identity
    finally:
        (gone,) = cloud.lab.google("DELETE", f"/lab/faults/{identity}")["faults"]
    assert gone["fired"], "the fault did not happen"


def _inventory(cloud: Cloud) -> dict[str, Any]:
    return {"all": {"hosts": {"edge": {**DESCRIPTION, "multinet_project": cloud.project}}}}


def _ending(story: Story, played: Run) -> Ending:
    if not played.rc:
        return Ending(changed=played.changed > 0, output=played.stdout)
    message = played.failure()
    failed = next(
        event["event_data"]["task_action"].rpartition(".")[2]
        for event in reversed(played.events)
        if event["event"] in ("runner_on_failed", "runner_item_on_failed")
        and event["event_data"]["task_action"].startswith("multinet.gke.")  # not the play's own word at the end
    )
    step = next(step for step in story.steps if step.module == failed)
    return Ending(message, step, output=played.stdout)
