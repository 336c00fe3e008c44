# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe pods of a run that was killed: they carry their own end, and the next run removes them. A real API server."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cluster import EDGE, Cluster
from harness import INSTALLED, until

pytestmark = pytest.mark.control_plane

MODULE = INSTALLED / "plugins" / "modules" / "multinet_verify.py"


@pytest.fixture
def options(plane: Cluster) -> Iterator[dict[str, Any]]:
    """Options of a verification whose probes never come up, as no node is real."""
    attachment = {"name": "left", "namespace": plane.namespace, "node_pools": ["multinet"]}
    made = plane.module("nad", name="left", namespace=plane.namespace, range="172.16.9.0/24")
    assert not made.get("failed"), made["msg"]
    yield {"attachments": [attachment], "checks": ["connectivity"], "fail_on": "never"}
    plane.kubectl("-n", plane.namespace, "delete", "pods", "--all", "--force", "--grace-period=0")


def probes(plane: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plane.get("pods", "-n", plane.namespace, "-l", "multinet.gke/run")["items"]
    return found


def going(plane: Cluster) -> list[bool]:
    return ["deletionTimestamp" in each["metadata"] for each in probes(plane)]


def test_what_a_killed_run_left_is_removed_by_the_next_one_when_its_time_is_over(
    plane: Cluster, options: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    arguments = tmp_path / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"gke_cluster": EDGE, **options}}))
    environment = {**plane.lab.whole_environment, "PYTHONPATH": str(INSTALLED.parents[2])}
    run = subprocess.Popen([sys.executable, str(MODULE), str(arguments)], env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: len(probes(plane)) >= 2, patience=120, pause=0.1)
    finally:
        run.kill()
        run.wait()
    left = probes(plane)
    assert going(plane) == [False, False]
    assert all(0 < each["spec"]["activeDeadlineSeconds"] < 600 for each in left)
    # While it may still be somebody's, the next run lets it be; its own probes it removes.
    plane.module("multinet_verify", **options, wait_timeout=1)
    assert [each for each in probes(plane) if "deletionTimestamp" not in each["metadata"]] == left
    for each in left:
        plane.kubectl(
            *("-n", plane.namespace, "patch", "pod", each["metadata"]["name"], "--type=merge"),
            *("-p", '{"spec": {"activeDeadlineSeconds": 1}}'),
        )
    plane.module("multinet_verify", **options, wait_timeout=1)
    assert all(going(plane))


def test_probes_that_do_not_come_up_are_told_and_removed(plane: Cluster, options: dict[str, Any]) -> None:
    result = plane.module("multinet_verify", **options, wait_timeout=1)
    told = [each for each in result["results"] if each["check"] == "probe" and each["status"] == "fail"]
    assert len(told) == 2
    assert all("did not come up: Pending" in each["msg"] for each in told)
    assert all(going(plane))
