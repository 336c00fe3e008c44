# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools on a real API server: what is reserved, released and refused, and others that write at the same time."""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bench.crowd import Api, Crowd, Etcd
from cluster import Cluster
from pool_world import KUBE_SYSTEM, World, pool_object

pytestmark = pytest.mark.control_plane

POOL, INFO = "whereabouts_pool", "whereabouts_pool_info"


def warnings_of(result: dict[str, Any]) -> str:
    return "\n".join(str(each) for each in result.get("warnings", ()))


@pytest.fixture
def world(plane: Cluster) -> Iterator[World]:
    world = World(plane)
    yield world
    world.forget()


def leaky(world: World) -> None:
    """Two addresses in use, two leaked with their reservations, one reserved by hand, one of a silent pod."""
    world.add_pool(_1="a", _2="gone", _3="", _4="silent", _5="job", _6="gone-too")
    for last, pod in ((1, "a"), (2, "gone"), (4, "silent"), (5, "job"), (6, "gone-too")):
        world.guard(last, pod)
    world.add_pod("a", 1)
    world.add_pod("silent", status=False)
    world.add_pod("job", 5, phase="Succeeded")


@pytest.mark.shows("E2", "E16")
def test_what_leaked_is_told_and_released_and_nothing_else(world: World) -> None:
    leaky(world)
    (short,) = world.cluster.module(INFO, range=world.cidr)["pools"]
    found = world.cluster.module(INFO, range=world.cidr, allocations="all")
    (pool,) = found["pools"]
    assert short["allocations"] == [row for row in pool["allocations"] if row["state"] != "live"]
    assert {row["ip"]: row["state"] for row in pool["allocations"]} == {
        world.ip(1): "live",
        world.ip(2): "orphan",
        world.ip(3): "reserved",
        world.ip(4): "unknown",
        world.ip(5): "live",
        world.ip(6): "orphan",
    }
    assert (pool["used"], pool["free"], pool["capacity"]) == (6, 248, 254)
    assert pool["per_node"] == {world.node: 3}
    assert pool["reservations"]["kept"] == [world.ip(last) for last in (1, 2, 4, 5, 6)]
    done = world.cluster.converge(POOL, **world.options, state="reconciled")
    assert done["released"] == [world.ip(2), world.ip(6)]
    assert sorted(world.held()) == ["1", "3", "4", "5"]
    assert world.guards() == [world.ip(1), world.ip(4), world.ip(5)]
    done = world.cluster.converge(POOL, **world.options, state="reconciled", completed_pods="orphan")
    assert done["released"] == [world.ip(5)]
    done = world.cluster.converge(POOL, **world.options, state="reconciled", treat_missing_status_as="orphan")
    assert done["released"] == [world.ip(4)]


@pytest.mark.shows("E10")
def test_addresses_are_kept_free_and_given_back(world: World) -> None:
    wanted = [world.ip(1), {"ip": world.ip(9), "note": "appliance"}]
    made = world.cluster.converge(POOL, **world.options, reserve=wanted)
    assert made["actions"] == [f"create pool {world.name} ({world.cidr}, {world.ip(1)}, {world.ip(9)} reserved)"]
    world.cluster.converge(POOL, **world.options, reserve=[*wanted, world.ip(20)])
    assert world.held() == {"1": "", "9": "", "20": ""}
    world.cluster.unchanged(POOL, **world.options, state="reconciled")
    back = world.cluster.converge(POOL, **world.options, release=[{"ip": world.ip(1)}, {"ip": world.ip(20)}])
    assert back["released"] == [world.ip(1), world.ip(20)]
    refused = world.cluster.refused(POOL, name=world.name, state="absent")
    assert f"pool {world.name} has 1 live allocations" in refused
    world.cluster.converge(POOL, **world.options, release=[{"ip": world.ip(9)}])
    world.cluster.converge(POOL, name=world.name, state="absent")


@pytest.mark.shows("E10", "E11")
def test_nothing_that_may_be_in_use_is_released_or_reserved(world: World) -> None:
    leaky(world)
    release = [{"podref": world.ref("a")}, {"ip": world.ip(4)}]
    refused = world.cluster.refused(POOL, **world.options, release=release)
    assert f'IP "{world.ip(1)}" is in use by {world.ref("a")} (network-status); use force' in refused
    assert f'IP "{world.ip(4)}" may be in use' in refused
    refused = world.cluster.refused(POOL, **world.options, reserve=[world.ip(1)])
    assert f'IP "{world.ip(1)}" is allocated to {world.ref("a")}' in refused
    refused = world.cluster.refused(POOL, **world.options, reserve=["192.0.2.1"], release=[{"ip": "x"}])
    assert f'IP "192.0.2.1" is outside {world.cidr}' in refused
    assert "is not an IP address" in refused
    refused = world.cluster.refused(POOL, **world.options, state="reconciled", max_release="20%")
    assert "has 2 orphans, more than max_release (20% of 6)" in refused
    # A pool of one address, whose pod is to start again: what stands in its way is released by name.
    done = world.cluster.converge(POOL, **world.options, release=[{"podref": world.ref("gone")}])
    assert (done["released"], world.guards()[:2]) == ([world.ip(2)], [world.ip(1), world.ip(4)])
    forced = world.cluster.converge(POOL, **world.options, release=release, force=True)
    assert forced["released"] == [world.ip(1), world.ip(4)]


@pytest.mark.shows("E8")
def test_an_address_that_is_taken_twice_is_told(world: World) -> None:
    world.add_pool(_1="a", _2="a")
    half = world.cidr.replace("/24", "/25")
    name = half.replace("/", "-")
    world.cluster.apply(pool_object(name, half, {"1": {"id": "c", "podref": world.ref("b")}}))
    try:
        for pod in ("a", "b"):
            world.add_pod(pod, 1)
        twice = {"ip": world.ip(1), "podrefs": [world.ref("a"), world.ref("b")]}
        found = world.cluster.module(INFO, range=world.cidr)
        assert [each["name"] for each in found["pools"][0]["overlapping_pools"]] == [name]
        done = world.cluster.module(POOL, **world.options, state="reconciled", check=True)
        assert [each["name"] for each in done["overlapping_pools"]] == [name]
        for result in (done, world.cluster.module(INFO)):
            (told,) = [each for each in result["duplicates"] if each["ip"] == world.ip(1)]
            assert told == {**twice, "pools": sorted([world.name, name])}
    finally:
        world.cluster.kubectl("-n", KUBE_SYSTEM, "delete", "ippools", name)


@pytest.mark.shows("E9")
def test_a_pool_that_stops_whereabouts_own_collection_is_named(world: World) -> None:
    leaky(world)
    namespace = world.cluster.namespace
    world.cluster.apply(pool_object("broken", "not-a-cidr", {}, namespace))
    try:
        text = f'pool {namespace}/broken has range "not-a-cidr": whereabouts GC is stopped for all pools'
        found = world.cluster.module(INFO)
        assert f"{namespace}/broken" in found["unusable_pools"]
        assert text in warnings_of(found)
        assert 'whereabouts uses namespace "kube-system"' in warnings_of(found)
        done = world.cluster.module(POOL, **world.options, state="reconciled")
        assert text in warnings_of(done)
        assert done["released"] == [world.ip(2), world.ip(6)], "ours goes on"
    finally:
        world.cluster.kubectl("-n", namespace, "delete", "ippools", "broken")


@pytest.mark.shows("D10")
def test_reservations_of_a_network_with_a_name_are_protected(plane: Cluster) -> None:
    """As upstream's reconciler does: it takes the reservations of networks with a name for nobody's."""
    world = World(plane, network_name="data")
    try:
        world.add_pool(_1="a", _2="b", _3="gone")
        for last, pod in ((1, "a"), (2, "b")):
            world.add_pod(pod, last)
            world.guard(last, pod)
        world.guard(3, "gone")
        plane.converge(POOL, **world.options, state="reconciled")
        assert world.guards() == [f"data-{world.ip(1)}", f"data-{world.ip(2)}"]
        plane.kubectl("-n", KUBE_SYSTEM, "delete", "overlappingrangeipreservations", f"data-{world.ip(1)}")
        found = plane.unchanged(POOL, **world.options, state="reconciled")
        assert found["reservations"]["missing"] == [world.ip(1)]
        options = {**world.options, "state": "reconciled", "restore_reservations": True}
        # The guide's DaemonSet has upstream's reconciler, so a restored one would not stay.
        held_back = plane.unchanged(POOL, **options)
        assert "Whereabouts' own garbage collection" in warnings_of(held_back)
    finally:
        world.forget()


def test_a_pool_that_others_write_all_the_time_loses_nothing(world: World) -> None:
    """Whereabouts' own way to write: pods come and go, while addresses are reserved and orphans released."""
    world.add_pool(_1="a", **{f"_{key}": "gone" for key in range(2, 12)})
    world.add_pod("a", 1)
    stop, made = threading.Event(), 0

    def churn() -> None:
        nonlocal made
        while not stop.is_set():
            made += 1
            entry = {"id": f"other-{made}", "podref": ""}
            patch = [{"op": "add", "path": f"/spec/allocations/{100 + made}", "value": entry}]
            patch_pool(world, patch)

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        done = []
        while len(done) < 3:  # a run that never finds the pool at rest says so, and is run again
            result = world.cluster.module(POOL, **world.options, state="reconciled", reserve=[world.ip(50)])
            assert not result.get("failed") or "run again" in result["msg"], result
            done.append(result)
    finally:
        stop.set()
        writer.join()
    last = world.cluster.module(POOL, **world.options, state="reconciled", reserve=[world.ip(50)])
    assert not last.get("failed"), last
    held = world.held()
    assert set(held) == {"1", "50", *(str(100 + each) for each in range(1, made + 1))}


def patch_pool(world: World, patch: list[dict[str, Any]]) -> None:
    command = ("kubectl", "-n", KUBE_SYSTEM, "patch", "ippool", world.name, "--type=json", "-p", json.dumps(patch))
    subprocess.run(command, env=world.cluster.lab.whole_environment, check=True, capture_output=True)


@pytest.mark.shows("E13")
def test_a_crowd_is_audited_by_its_metadata_page_by_page(plane: Cluster) -> None:
    """Some hundred pods more than a page holds; how long ten thousand take is what `make bench` tells."""
    api = Api(yaml.safe_load(pathlib.Path(plane.lab.environment["KUBECONFIG"]).read_text()))
    nodes = tuple(node["metadata"]["name"] for node in plane.get("nodes")["items"])
    crowd = Crowd(f"{plane.namespace}-crowd", 620, "172.31.0.0/16", nodes, leaked=7)
    crowd.make(api, Etcd.of(plane.lab.folder, api))
    try:
        with plane.asked() as asked:
            found = plane.module(INFO, range=crowd.cidr)
        (pool,) = found["pools"]
        assert (pool["used"], len(pool["orphans"]), len(pool["allocations"])) == (620, 7, 7)
        assert pool["orphans"] == [f"172.31.2.{last}" for last in range(102, 109)]
        assert sum(pool["per_node"].values()) == 613
        pages = [uri for uri in asked.reads if "/pods?" in uri]
        assert len(pages) >= 3, "two pages at least, and those that do not run"
        done = plane.converge(POOL, range=crowd.cidr, state="reconciled", confirm_after=0)
        assert len(done["released"]) == 7
        plane.unchanged(POOL, range=crowd.cidr, state="reconciled")
    finally:
        plane.kubectl("delete", "namespace", crowd.namespace, "--wait=false")
        plane.kubectl("-n", KUBE_SYSTEM, "delete", "ippools", crowd.pool)
