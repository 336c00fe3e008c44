# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool in a cluster: made, looked at, and freed of orphans only."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError, Immutable, InvalidOptions, Refused
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import IP_POOL, POD, RESERVATION, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools import DesiredPool, PoolResource, named, report
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import reconcile
from ansible_collections.multinet.gke.plugins.modules import whereabouts_pool, whereabouts_pool_info

Object = dict[str, Any]

POOL = "172.16.1.0-24"
CIDR = "172.16.1.0/24"


@dataclass
class Context:
    check_mode: bool = False
    diff: bool = True
    tmpdir: str = ""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, text: str) -> None:
        pass


@dataclass
class Cluster:
    """Pools, reservations and pods, with the API server's rules for patches."""

    exists = True
    pools: dict[str, Object] = field(default_factory=dict)
    reservations: dict[str, Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    writes: list[Any] = field(default_factory=list)
    before_patch: list[Callable[[], None]] = field(default_factory=list)  # what others do in between
    version: int = 1

    def add_pool(self, entries: dict[str, str], cidr: str = CIDR, name: str = POOL) -> None:
        """Add a pool; entries are podrefs by key."""
        self.pools[name] = {
            "metadata": {"name": name, "namespace": "kube-system", "resourceVersion": "1"},
            "spec": {"range": cidr, "allocations": {key: {"id": "c", "podref": ref} for key, ref in entries.items()}},
        }

    def reserve(self, name: str, podref: str) -> None:
        metadata = {"name": name, "namespace": "kube-system", "uid": f"uid-{name}"}
        self.reservations[name] = {"metadata": metadata, "spec": {"containerid": "c", "podref": podref}}

    def add_pod(self, name: str, *ips: str, status: bool = True, phase: str = "Running") -> None:
        entries = [{"name": "default/my-nad", "interface": "net1", "ips": list(ips)}]
        annotations = {"k8s.v1.cni.cncf.io/network-status": json.dumps(entries)} if status else {}
        metadata = {"name": name, "namespace": "default", "annotations": annotations}
        self.pods.append({"metadata": metadata, "spec": {}, "status": {"phase": phase}})

    def held(self, name: str = POOL) -> list[str]:
        return sorted(self.pools[name]["spec"]["allocations"])

    def get(self, ref: Ref) -> Object | None:
        assert ref.kind is IP_POOL
        return copy.deepcopy(self.pools.get(ref.name))

    def list(self, kind: Kind, namespace: str | None = None) -> Iterator[Object]:
        found = {
            POD: self.pods,
            IP_POOL: list(self.pools.values()),
            RESERVATION: list(self.reservations.values()),
        }
        return iter(copy.deepcopy(found[kind]))

    def create(self, obj: Object) -> None:
        self.writes.append(f"create {obj['metadata']['name']}")
        self.pools[obj["metadata"]["name"]] = copy.deepcopy(obj)

    def patch(self, ref: Ref, patch: list[Object], content_type: str) -> None:
        assert content_type == "application/json-patch+json"
        if self.before_patch:
            self.before_patch.pop(0)()
        pool = self.pools[ref.name]
        test, *rest = patch
        assert test["path"] == "/metadata/resourceVersion"
        if test["value"] != pool["metadata"]["resourceVersion"]:
            raise ApiError("patch", 422, "Invalid", "the test failed")
        entries = pool["spec"]["allocations"]
        for tested, removed in zip(rest[::2], rest[1::2], strict=True):
            key = removed["path"].removeprefix("/spec/allocations/")
            assert (tested["op"], tested["path"], tested["value"]) == ("test", removed["path"], entries[key])
            assert removed["op"] == "remove"
            del entries[key]
            self.writes.append(f"release {key}")
        self.touch(ref.name)

    def touch(self, name: str = POOL) -> None:
        self.version += 1
        self.pools[name]["metadata"]["resourceVersion"] = str(self.version)

    def delete(self, ref: Ref, *, uid: str | None = None, version: str | None = None) -> None:
        if ref.kind is RESERVATION:
            if self.reservations[ref.name]["metadata"]["uid"] != uid:
                raise ApiError("delete", 409, "Conflict", "another uid")
            del self.reservations[ref.name]
        else:
            if self.pools[ref.name]["metadata"]["resourceVersion"] != version:
                raise ApiError("delete", 409, "Conflict", "another version")
            del self.pools[ref.name]
        self.writes.append(f"delete {ref}")


def run(
    cluster: Any,
    *,
    context: Context | None = None,
    sleep: Callable[[float], None] = lambda seconds: None,
    **options: Any,
) -> dict[str, Any]:
    checked = ArgumentSpecValidator(whereabouts_pool.SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    context = context or Context()
    return reconcile(PoolResource(cluster, DesiredPool.of(checked.validated_parameters), context, sleep), context)


def leaky() -> Cluster:
    """Return a cluster with one address in use, one leaked with its reservation, one static, and two nobody knows."""
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/gone", "3": "", "4": "default/blind", "foo": "default/gone"})
    for last, podref in ((1, "default/a"), (2, "default/gone"), (4, "default/blind")):
        cluster.reserve(f"172.16.1.{last}", podref)
    cluster.add_pod("a", "172.16.1.1")
    cluster.add_pod("blind", status=False)
    return cluster


def test_orphans_are_released_with_their_reservations_and_nothing_else() -> None:
    cluster, waited = leaky(), []
    result = run(cluster, range=CIDR, state="reconciled", sleep=waited.append)
    assert waited == [60]
    assert result["actions"] == [
        "release 172.16.1.2 of default/gone in pool 172.16.1.0-24",
        "remove reservation 172.16.1.2 (default/gone)",
    ]
    assert result["released"] == ["172.16.1.2"]
    assert cluster.held() == ["1", "3", "4", "foo"]
    assert sorted(cluster.reservations) == ["172.16.1.1", "172.16.1.4"]
    assert [(row["ip"], row["state"]) for row in result["pool"]["allocations"]] == [
        ("172.16.1.1", "live"),
        ("172.16.1.3", "reserved"),
        ("172.16.1.4", "unknown"),
        ("", "unknown"),
    ]
    waited.clear()
    again = run(cluster, range=CIDR, state="reconciled", sleep=waited.append)
    assert (again["changed"], again["released"], waited) == (False, [], [])


def test_check_mode_looks_twice_too_and_says_what_would_be_released() -> None:
    cluster, waited = leaky(), []
    announced = run(cluster, range=CIDR, state="reconciled", context=Context(check_mode=True), sleep=waited.append)
    assert (cluster.writes, waited) == ([], [60])
    done = run(cluster, range=CIDR, state="reconciled")
    assert announced == done


def test_what_is_an_orphan_in_one_look_only_stays() -> None:
    cluster = leaky()
    result = run(cluster, range=CIDR, state="reconciled", sleep=lambda _: cluster.add_pod("gone", "172.16.1.2"))
    assert (result["changed"], cluster.writes) == (False, [])


def test_an_orphan_that_was_none_in_the_first_look_is_left_for_the_next_run() -> None:
    cluster = leaky()

    def more(seconds: float) -> None:
        cluster.pools[POOL]["spec"]["allocations"]["9"] = {"id": "c", "podref": "default/late"}

    assert run(cluster, range=CIDR, state="reconciled", sleep=more)["released"] == ["172.16.1.2"]
    assert "9" in cluster.held()


def test_an_address_that_another_pod_got_in_between_is_another_allocation() -> None:
    cluster = leaky()

    def reuse(seconds: float) -> None:
        cluster.pools[POOL]["spec"]["allocations"]["2"] = {"id": "other", "podref": "default/gone"}

    assert run(cluster, range=CIDR, state="reconciled", sleep=reuse)["changed"] is False


def test_with_confirm_after_0_nobody_waits() -> None:
    cluster, waited = leaky(), []
    assert run(cluster, range=CIDR, state="reconciled", confirm_after=0, sleep=waited.append)["changed"]
    assert waited == []


def test_a_conflict_is_judged_anew() -> None:
    cluster = leaky()
    cluster.before_patch = [cluster.touch, cluster.touch]
    assert run(cluster, range=CIDR, state="reconciled")["released"] == ["172.16.1.2"]
    assert cluster.held() == ["1", "3", "4", "foo"]


def test_after_a_conflict_nothing_that_came_to_life_is_released() -> None:
    cluster, context = leaky(), Context()

    def revive() -> None:
        cluster.add_pod("gone", "172.16.1.2")
        cluster.touch()

    cluster.before_patch = [revive]
    result = run(cluster, range=CIDR, state="reconciled", context=context)
    assert (cluster.writes, result["released"]) == ([], [])
    assert context.warnings == ["172.16.1.2 was not released: default/gone has it (Running)"]
    assert "172.16.1.2" in cluster.reservations


def test_a_pool_that_never_keeps_still_is_left_alone() -> None:
    cluster = leaky()
    cluster.before_patch = [cluster.touch] * 5
    with pytest.raises(Refused, match="changed 5 times while it was looked at; run again"):
        run(cluster, range=CIDR, state="reconciled")
    assert cluster.writes == []


def test_other_refusals_of_the_api_are_told() -> None:
    cluster = leaky()

    def forbid() -> None:
        raise ApiError("patch", 403, "Forbidden", "no")

    cluster.before_patch = [forbid]
    with pytest.raises(ApiError, match="403 Forbidden"):
        run(cluster, range=CIDR, state="reconciled")


def test_a_reservation_that_a_killed_run_left_over_goes() -> None:
    cluster = Cluster()
    cluster.add_pool({})
    cluster.reserve("172.16.1.2", "default/gone")
    cluster.reserve("172.16.1.3", "")
    cluster.reserve("172.16.2.2", "default/gone")
    cluster.reserve("data-172.16.1.2", "default/gone")
    assert run(cluster, range=CIDR, state="reconciled")["actions"] == ["remove reservation 172.16.1.2 (default/gone)"]
    assert sorted(cluster.reservations) == ["172.16.1.3", "172.16.2.2", "data-172.16.1.2"]


def test_a_reservation_that_was_made_anew_is_somebody_elses() -> None:
    cluster = leaky()

    def renew() -> None:
        cluster.reservations["172.16.1.2"]["metadata"]["uid"] = "new"

    cluster.before_patch = [renew]
    assert run(cluster, range=CIDR, state="reconciled")["released"] == ["172.16.1.2"]
    assert "172.16.1.2" in cluster.reservations


def test_the_pool_of_a_named_network_has_reservations_of_its_own() -> None:
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/gone"}, name="data-172.16.1.0-24")
    for last, podref in ((1, "default/a"), (2, "default/gone")):
        cluster.reserve(f"data-172.16.1.{last}", podref)
    cluster.add_pod("a", "172.16.1.1")
    run(cluster, range=CIDR, network_name="data", state="reconciled")
    assert cluster.held("data-172.16.1.0-24") == ["1"]
    assert sorted(cluster.reservations) == ["data-172.16.1.1"]


def test_more_orphans_than_max_release_are_looked_at_first() -> None:
    cluster = Cluster()
    cluster.add_pool({str(key): f"default/gone{key}" for key in range(1, 9)})
    with pytest.raises(Refused, match=r"has 8 orphans, more than max_release \(3\).* and 3 more\. Look why"):
        run(cluster, range=CIDR, state="reconciled", max_release=3)
    assert cluster.writes == []
    assert run(cluster, range=CIDR, state="reconciled", max_release=8)["changed"]


def test_thousands_go_in_several_patches() -> None:
    cluster = Cluster()
    cluster.add_pool({str(key): "default/gone" for key in range(1, 4502)}, "172.16.0.0/16", "172.16.0.0-16")
    result = run(cluster, range="172.16.0.0/16", state="reconciled")
    assert len(result["actions"]) == 3
    assert cluster.held("172.16.0.0-16") == []


def test_present_makes_an_empty_pool_and_leaves_one_with_allocations_alone() -> None:
    cluster = Cluster()
    announced = run(cluster, range=CIDR, context=Context(check_mode=True))
    result = run(cluster, range=CIDR)
    assert announced == result
    assert result["actions"] == ["create pool 172.16.1.0-24 (172.16.1.0/24)"]
    assert cluster.pools[POOL]["spec"] == {"range": CIDR, "allocations": {}}
    again = leaky()
    assert run(again, range=CIDR)["changed"] is False
    assert again.writes == []


def test_a_pool_with_another_base_is_refused() -> None:
    cluster = Cluster()
    cluster.add_pool({}, "172.16.1.5/24")
    with pytest.raises(Immutable, match="range cannot be changed"):
        run(cluster, range=CIDR)


def test_absent_is_refused_while_an_address_is_or_may_be_in_use() -> None:
    cluster = leaky()
    with pytest.raises(
        Refused, match=r"has 4 allocations that are reserved, in use, or may be: 172\.16\.1\.1 of default"
    ):
        run(cluster, name=POOL, state="absent")
    cluster.pods.clear()
    for key in ("foo", "3"):
        del cluster.pools[POOL]["spec"]["allocations"][key]
    result = run(cluster, name=POOL, state="absent")
    assert result["actions"][0] == "delete pool 172.16.1.0-24"
    assert (cluster.pools, cluster.reservations, result["pool"]) == ({}, {}, None)
    assert run(cluster, name=POOL, state="absent")["changed"] is False


def test_absent_is_refused_while_an_address_is_reserved() -> None:
    cluster = Cluster()
    cluster.add_pool({"3": ""})
    with pytest.raises(Refused) as refused:
        run(cluster, name=POOL, state="absent")
    assert "has 1 allocations that are reserved, in use, or may be: 172.16.1.3 (reserved). " in str(refused.value)
    assert f"kubectl -n kube-system edit ippools {POOL}" in str(refused.value)
    assert cluster.held() == ["3"]


def test_absent_does_not_take_an_address_that_came_in_between() -> None:
    cluster = Cluster()
    cluster.add_pool({})
    delete = cluster.delete

    def late(ref: Ref, **preconditions: Any) -> None:
        cluster.touch()
        delete(ref, **preconditions)

    cluster.delete = late  # type: ignore[method-assign]
    with pytest.raises(Refused, match="changed while it was looked at; run again"):
        run(cluster, range=CIDR, state="absent")


def test_without_a_pool_or_a_cluster_there_is_nothing_to_reconcile() -> None:
    for nobody in (Cluster(), Nowhere()):
        assert run(nobody, range=CIDR, state="reconciled")["changed"] is False
    assert run(Nowhere(), range=CIDR, context=Context(check_mode=True))["changed"] is True


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"range": "172.16.1.7/24"}, [("range", "has host bits set; write 172.16.1.0/24")]),
        ({"range": "10.0.0.0/31"}, [("range", "has no address to hand out; it takes a /30 (IPv6: /126) or wider")]),
        ({"range": "2001:db8::/48"}, [("range", "is wider than /64: Whereabouts counts with 64 bits")]),
        ({"range": "::/64"}, [("network_name", 'would make "---64", which is no name for an object')]),
        (
            {"range": CIDR, "network_name": "Net_A", "max_release": -1, "confirm_after": -1},
            [
                ("network_name", 'would make "Net_A-172.16.1.0-24", which is no name for an object'),
                ("confirm_after", "must not be negative"),
                ("max_release", "must not be negative"),
            ],
        ),
        ({"name": POOL, "network_name": "a"}, [("network_name", "needs range")]),
    ],
)
def test_what_is_wrong_is_said_at_once(options: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidOptions) as failure:
        run(Cluster(), state="reconciled", **options)
    assert [(problem.path, problem.message) for problem in failure.value.problems] == problems


def test_all_pools_are_reported_with_what_is_wrong() -> None:
    cluster, warnings = leaky(), []
    cluster.add_pool({}, "not-a-cidr", "broken")
    cluster.add_pod("b", "172.16.1.1")
    found = report(cluster, None, "kube-system", warnings.append)  # type: ignore[arg-type]
    assert [(pool["name"], pool["used"], pool["orphans"]) for pool in found["pools"]] == [
        (POOL, 5, ["172.16.1.2"]),
        ("broken", 0, []),
    ]
    assert found["duplicates"] == [{"ip": "172.16.1.1", "podrefs": ["default/a", "default/b"]}]
    assert [warning.split(": ")[0] for warning in warnings] == [
        "pool kube-system/172.16.1.0-24",
        "pool kube-system/broken",
    ]


def test_one_pool_is_reported() -> None:
    spec = ArgumentSpecValidator(whereabouts_pool_info.SPEC["argument_spec"])
    params = spec.validate({"range": CIDR}).validated_parameters
    cluster = leaky()
    assert [pool["name"] for pool in report(cluster, named(params), "kube-system", print)["pools"]] == [POOL]  # type: ignore[arg-type]
    assert report(cluster, "other", "kube-system", print)["pools"] == []  # type: ignore[arg-type]
    assert report(Nowhere(), None, "kube-system", print) == {"changed": False, "pools": [], "duplicates": []}


PODREFS = st.sampled_from(["", *(f"default/{name}" for name in "abc")])
POD_SETS = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(1, 6), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(1, 6).map(str), PODREFS, max_size=6),
    st.lists(POD_SETS, min_size=3, max_size=3),
    st.booleans(),
)
def test_no_live_address_is_ever_released(
    entries: dict[str, str], phases: list[dict[str, int | None]], conflict: bool
) -> None:
    """Pods come and go between the looks: what goes was nobody's in all of them, and never a pod's that runs now."""
    cluster = Cluster()
    cluster.add_pool(entries)

    def become(pods: dict[str, int | None]) -> None:
        cluster.pods.clear()
        for name, last in pods.items():
            cluster.add_pod(name, *([f"172.16.1.{last}"] if last else []), status=last is not None)

    def move_on() -> None:
        become(phases[2])
        cluster.touch()

    become(phases[0])
    cluster.before_patch = [move_on] if conflict else []
    run(cluster, range=CIDR, state="reconciled", sleep=lambda _: become(phases[1]))
    seen = phases[:3] if conflict and not cluster.before_patch else phases[:2]
    for key in set(entries) - set(cluster.held()):
        assert entries[key]
        assert all(last is None or str(last) != key for pods in seen for last in pods.values())
        assert all(pods.get(entries[key].removeprefix("default/"), 0) is not None for pods in seen)
