# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pools playbook on a real API server, as a schedule runs it: audit, release, and findings that call somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cluster import Cluster
from harness import Run, kubernetes_writes
from pool_world import World

pytestmark = pytest.mark.control_plane


@pytest.fixture
def world(plane: Cluster) -> Iterator[World]:
    """A pool with one address in use, one that nobody has any more, and one that is reserved."""
    world = World(plane)
    world.add_pool(_1="a", _2="gone", _3="")
    for last, pod in ((1, "a"), (2, "gone")):
        world.guard(last, pod)
    world.add_pod("a", 1)
    yield world
    world.forget()


def pools(world: World, arguments: str = "", **variables: Any) -> tuple[Run, list[str]]:
    """Run the playbook with those two looks at once; return the run and what it showed."""
    variables = {"pools_confirm_after": 0, **variables}
    run = world.cluster.lab.play("multinet.gke.pools", arguments=arguments, variables=variables)
    (lines,) = [
        event["event_data"]["res"]["msg"]
        for event in run.events
        if event["event"] in ("runner_on_ok", "runner_on_failed")
        and event["event_data"]["task"] == "Show the pools, and what needs somebody to act"
    ]
    return run, list(lines)


def row(world: World, lines: list[str]) -> list[str]:
    """Return the cells of the pool's line: used, of, full, orphans, released."""
    (line,) = [line for line in lines if line.startswith(f"{world.name} ")]
    return line.split()[1:]


def test_an_audit_only_reads_and_a_release_takes_what_is_nobodys(world: World) -> None:
    with world.cluster.asked() as asked:
        audit, lines = pools(world)
    assert (audit.rc, audit.changed) == (0, 0), audit.stdout
    assert asked.requests
    assert kubernetes_writes(asked.requests) == []
    assert row(world, lines) == ["3", "254", "1.2", "%", "1", "0"]

    with world.cluster.asked() as asked:
        announced, lines = pools(world, "--check", multinet_pools_release=True)
    assert kubernetes_writes(asked.requests) == []
    assert row(world, lines)[-2:] == ["1", "1"]
    release, lines = pools(world, multinet_pools_release=True)
    assert release.rc == 0, release.stdout
    assert announced.actions == release.actions
    assert f"release {world.ip(2)} of {world.ref('gone')} in pool {world.name}" in release.actions
    assert row(world, lines)[-2:] == ["1", "1"]
    assert (sorted(world.held()), world.guards()) == (["1", "3"], [world.ip(1)])

    again, lines = pools(world, multinet_pools_release=True)
    assert (again.rc, again.changed) == (0, 0), again.stdout
    assert row(world, lines)[-2:] == ["0", "0"]


def test_findings_fail_only_where_that_is_wanted(world: World) -> None:
    finding = f"pool {world.name} is nearly full: 3 of 254 addresses are used (1.2 %)"
    shown, lines = pools(world, pools_full_percent=1)
    assert shown.rc == 0, shown.stdout
    assert finding in lines
    failed, lines = pools(world, pools_full_percent=1, pools_fail=True)
    assert failed.rc != 0
    assert finding in lines
