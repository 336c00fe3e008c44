# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever pods, nodes and Whereabouts do: no live address is released, nobody is fought with, nothing leaks for good.

The model is small and of its own: of Whereabouts' allocator and of its reconciler in both versions (pkg/allocate,
pkg/reconciler of v0.7.0 and v0.9.4), and of what is true inside the nodes, which the API does not tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.errors import Refused
from pool_cluster import CIDR, Cluster, Object, run
from sampling import WHOLE

STATUS = "k8s.v1.cni.cncf.io/network-status"
NAMES = "abcd"
VERSIONS = ("v0.7.0", "v0.9.4")


@dataclass
class Pod:
    """What the API has of a pod."""

    phase: str = "Pending"
    status: list[str] | None = None  # addresses in its network-status; None: there is none


@dataclass
class World:
    """A node or several, Whereabouts on them, and the API."""

    network_name: str
    pods: dict[str, Pod] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)  # the address that a pod really has
    containers: int = 0
    api: Cluster = field(default_factory=Cluster)
    released: list[str] = field(default_factory=list)  # by ours

    def __post_init__(self) -> None:
        self.api.add_pool({}, CIDR, self.pool)
        self.api.pods = Pods(self)  # type: ignore[assignment]

    @property
    def pool(self) -> str:
        return f"{self.network_name}-172.16.1.0-24".removeprefix("-")

    @property
    def entries(self) -> dict[str, Any]:
        entries: dict[str, Any] = self.api.pools[self.pool]["spec"]["allocations"]
        return entries

    def guard(self, key: str) -> str:
        return f"{self.network_name}-172.16.1.{key}".removeprefix("-")

    # What happens in a cluster.

    def start(self, name: str) -> None:
        """The pod is created and scheduled."""
        self.pods.setdefault(name, Pod())

    def add(self, name: str) -> None:
        """CNI ADD: the lowest address that neither the pool nor a reservation has (v0.7.0: also for a second ADD)."""
        if name not in self.pods or name in self.inside:
            return
        taken = set(self.entries) | {key for key in map(str, range(1, 20)) if self.guard(key) in self.api.reservations}
        key = next(key for key in map(str, range(1, 20)) if key not in taken)
        self.containers += 1
        self.entries[key] = {"id": f"c{self.containers}", "podref": f"default/{name}"}
        self.api.reserve(self.guard(key), f"default/{name}")
        self.api.touch(self.pool)
        self.inside[name] = f"172.16.1.{key}"

    def fail(self, name: str) -> None:
        """The sandbox is thrown away without a DEL that works: its allocation stays."""
        if name in self.pods and self.pods[name].phase == "Pending":
            self.inside.pop(name, None)

    def publish(self, name: str) -> None:
        """Multus writes the network-status, and the pod runs."""
        if name in self.pods and name in self.inside:
            self.pods[name] = Pod("Running", [self.inside[name]])

    def delete(self, name: str) -> None:
        """The pod is deleted in good order: CNI DEL finds the allocation by its container."""
        if self.pods.pop(name, None) and name in self.inside:
            key = self.inside.pop(name).rpartition(".")[2]
            if self.entries.get(key, {}).get("podref") == f"default/{name}":
                del self.entries[key]
                self.api.reservations.pop(self.guard(key), None)
                self.api.touch(self.pool)

    def force_delete(self, name: str) -> None:
        """The pod is deleted while nobody on its node hears of it."""
        self.pods.pop(name, None)
        self.inside.pop(name, None)

    def crash(self, name: str) -> None:
        """Its node is lost and comes back: the pod runs without its interface, and everything in the API denies it."""
        if name in self.pods and self.pods[name].phase == "Running":
            self.inside.pop(name, None)

    def lose_status(self, name: str) -> None:
        """Somebody removes the pod's annotations."""
        if name in self.pods:
            self.pods[name].status = None

    def end(self, name: str) -> None:
        """The pod's containers end for good."""
        if name in self.pods and self.pods[name].phase == "Running":
            self.pods[name].phase = "Succeeded"

    def upstream(self, version: str) -> None:
        """A pass of Whereabouts' own reconciler."""
        orphans = self.upstream_orphans()
        for key, podref in orphans.items():
            # v0.7.0 looks for podref alone, in the order of a Go map; here it is the worst one.
            matching = [each for each in self.entries if self.entries[each]["podref"] == podref]
            gone = next((each for each in matching if each not in orphans), key) if version == "v0.7.0" else key
            self.entries.pop(gone, None)
        if orphans:
            self.api.touch(self.pool)
        for name, guard in list(self.api.reservations.items()):
            if self.network_name or not self._alive(guard["spec"]["podref"], name):
                del self.api.reservations[name]

    def upstream_orphans(self) -> dict[str, str]:
        """Return what upstream takes for nobody's: podrefs by key."""
        return {
            key: entry["podref"]
            for key, entry in self.entries.items()
            if entry["podref"] and not self._alive(entry["podref"], f"172.16.1.{key}")
        }

    def _alive(self, podref: str, ip: str) -> bool:
        pod = self.pods.get(podref.removeprefix("default/"))
        return pod is not None and ip in (pod.status or ())

    def ours(self, during: Iterable[Step] = (), before: Iterable[Step] = ()) -> list[str]:
        """A run of whereabouts_pool; meanwhile other things happen. Return what it did."""
        patch = self.api.patch

        def watched(*arguments: Any) -> None:
            orphans, held = self.upstream_orphans(), dict(self.entries)
            patch(*arguments)
            for key in set(held) - set(self.entries):
                self.released.append(key)
                in_use = {ip for name, ip in self.inside.items() if name in self.pods}
                assert f"172.16.1.{key}" not in in_use, "the address of a live pod was released"
                assert key in orphans, "upstream keeps what was released"

        self.api.before_patch = [lambda: self.play(before)]
        self.api.writes.clear()
        self.api.patch = watched  # type: ignore[method-assign]
        options = {"range": CIDR, "network_name": self.network_name or None, "state": "reconciled"}
        try:
            run(self.api, sleep=lambda _: self.play(during), **options)
        except Refused as refused:  # the pool never was at rest
            if "run again" not in str(refused):
                raise
        finally:
            self.api.patch = patch  # type: ignore[method-assign]
            self.api.before_patch = []
        return list(self.api.writes)

    def play(self, steps: Iterable[Step]) -> None:
        """Let things happen, one after the other."""
        for what, argument in steps:
            getattr(self, what)(argument)


class Pods:
    """The pods of a world as the API has them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __deepcopy__(self, memo: object) -> list[Object]:
        return [_object(name, pod) for name, pod in self._world.pods.items()]


def _object(name: str, pod: Pod) -> Object:
    annotations = {"k8s.v1.cni.cncf.io/networks": "default/my-nad"}
    if pod.status is not None:
        annotations[STATUS] = json.dumps([{"name": "default/my-nad", "interface": "net1", "ips": pod.status}])
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    return {"metadata": metadata, "spec": {}, "status": {"phase": pod.phase}}


Step = tuple[str, str]
LIFE = ("start", "add", "publish", "delete", "force_delete", "crash", "lose_status", "fail", "end")
STEPS = st.tuples(st.sampled_from([*LIFE, "start", "add", "publish"]), st.sampled_from(NAMES)) | st.tuples(
    st.just("upstream"), st.sampled_from(VERSIONS)
)
FEW = st.lists(STEPS, max_size=4)
STORIES = st.lists(STEPS | st.tuples(FEW, FEW), min_size=3, max_size=30)
NETWORKS = st.sampled_from(["", "data"])


def play(world: World, story: Iterable[Any]) -> None:
    for step in story:
        if isinstance(step[0], str):
            world.play([step])
        else:
            world.ours(*step)


@settings(max_examples=600 if WHOLE else 60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES, NETWORKS)
def test_no_live_address_is_released_and_nothing_leaks_for_good(story: list[Any], network_name: str) -> None:
    world = World(network_name)
    play(world, story)
    # In the end everything is readable: pods that start get through, and statuses say what is inside.
    for name in list(world.pods):
        world.add(name)
        world.publish(name)
    world.ours()
    shown = {(f"default/{name}", ip) for name, pod in world.pods.items() for ip in pod.status or ()}
    addresses = {ip for _ref, ip in shown}
    silent = {f"default/{name}" for name, pod in world.pods.items() if pod.status is None}
    for key, entry in world.entries.items():
        assert f"172.16.1.{key}" in addresses or entry["podref"] in silent, f"{key} leaked: {entry}"
    for name, guard in world.api.reservations.items():
        key = name.rpartition(".")[2]
        assert key in world.entries or f"172.16.1.{key}" in addresses or guard["spec"]["podref"] in silent
    assert world.ours() == [], "a second run finds nothing to do"


@settings(max_examples=300 if WHOLE else 30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES, NETWORKS, st.sampled_from(VERSIONS))
def test_neither_undoes_what_the_other_has_done(story: list[Any], network_name: str, version: str) -> None:
    """Ours and upstream's in turns, while nothing else happens: after one round each there is nothing left to do."""
    world = World(network_name)
    play(world, story)
    world.ours()
    world.upstream(version)
    held, guards = set(world.entries), set(world.api.reservations)
    for _round in range(3):
        writes = world.ours()
        assert not [each for each in writes if not each.startswith(("release", "delete"))], "ours makes nothing anew"
        world.upstream(version)
        assert set(world.entries) <= held
        assert set(world.api.reservations) <= guards
        held, guards = set(world.entries), set(world.api.reservations)
    assert world.ours() == []


def test_the_model_notices_a_rule_that_is_too_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    """With upstream's rule in place of ours, an address of a live pod is released."""
    world = World("")
    play(world, [("start", "a"), ("add", "a"), ("publish", "a"), ("lose_status", "a")])

    def bold(*_arguments: object) -> tuple[str, str]:
        return "orphan", "upstream frees it"

    monkeypatch.setattr("ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts.judge_address", bold)
    with pytest.raises(AssertionError, match="the address of a live pod was released"):
        world.ours()
