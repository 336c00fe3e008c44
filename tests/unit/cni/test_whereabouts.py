# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, keys and verdicts of Whereabouts' pools: against upstream's vectors, and that nothing live is released."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Interface
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod, Pods
from ansible_collections.multinet.gke.plugins.module_utils.cni.pool_usage import duplicates
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPAddress, IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.cni.reservations import (
    index_reservations,
    reservations_of,
    sort_reservations,
)
from ansible_collections.multinet.gke.plugins.module_utils.cni.texts import is_object_name
from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import (
    Pool,
    Rule,
    address_at,
    capacity,
    describe,
    judge,
    pool_name,
    problems_of,
    reservation_name,
)

ROOT = pathlib.Path(__file__).resolve().parents[3]
VECTORS = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "vectors"


def vectors(name: str) -> list[Any]:
    path = VECTORS / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"no {name}.json: set MULTINET_DATA"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(path.read_text())]


@pytest.mark.parametrize("vector", vectors("pool_names"))
def test_names(vector: dict[str, Any]) -> None:
    given_input = vector["input"]
    if "ip" in given_input:
        name = reservation_name(IPAddress(given_input["ip"]), given_input["network_name"])
    elif "/" not in given_input["range"]:  # no range that upstream takes; it is named like an address
        name = reservation_name(IPAddress(given_input["range"]), given_input["network_name"])
    else:
        network = IPNetwork(given_input["range"])
        name = pool_name(network, given_input["network_name"], given_input.get("node_name", ""))
    assert name == vector["expect"]["name"]
    assert is_object_name(name) is vector["expect"]["valid_rfc1123_subdomain"]


def borrows_wrongly(ip: IPAddress, base: IPAddress) -> bool:
    """Tell whether upstream's IPGetOffset goes wrong: the base is above, or some octet of it is."""
    return ip < base or any(one < other for one, other in zip(ip.packed, base.packed, strict=True))


@pytest.mark.parametrize("vector", vectors("offsets"))
def test_offsets(vector: dict[str, Any]) -> None:
    """Keys and addresses are upstream's, but where it goes wrong: then the base is no network's address."""
    given_input, expect = vector["input"], vector["expect"]
    if "add" in given_input:
        if expect["ip"] is None:
            with pytest.raises(ValueError, match="no address"):
                address_at(given_input["add"], IPAddress(given_input["ip"]))
        else:
            assert address_at(given_input["add"], IPAddress(given_input["ip"])) == IPAddress(expect["ip"])
        return
    ip, base = IPAddress(given_input["ip"]), IPAddress(given_input["base"])
    if "error" in expect:
        assert ip.version != base.version
    elif borrows_wrongly(ip, base):
        assert ip < base or address_at(int(ip) - int(base), base) == ip
    else:
        assert address_at(expect["offset"], base) == ip


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.sampled_from(["10.0.0.0/8", "172.16.1.0/24", "2001:db8::/64"]))
def test_a_key_stands_for_one_address(offset: int, text: str) -> None:
    cidr = IPNetwork(text)
    offset %= cidr.size
    assert int(address_at(offset, cidr.ip)) - int(cidr.ip) == offset


def pool_object(entries: dict[str, Any], cidr: str = "172.16.1.0/24", name: str = "172.16.1.0-24") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "kube-system", "resourceVersion": "7"}
    return {"metadata": metadata, "spec": {"range": cidr, "allocations": entries}}


def pod_of(vector_pod: dict[str, Any]) -> Pod:
    annotations = {"k8s.v1.cni.cncf.io/network-status": vector_pod["status"]} if vector_pod["status"] else {}
    return Pod.of(
        {
            "metadata": {"name": vector_pod["name"], "namespace": vector_pod["ns"], "annotations": annotations},
            "spec": {},
            "status": {"phase": vector_pod["phase"]},
        }
    )


def nobody_can_tell(pods: Pods, podref: str, ip: str) -> bool:
    """Tell whether ours keeps what upstream frees: the pod is there and silent, or another has the address."""
    pod = pods.by_ref.get(podref)
    silent = pod is not None and (pod.interfaces is None or not (pod.runs or pod.has_ended))
    return silent or bool(set(pods.by_ip.get(ip, ())) - {podref})


@pytest.mark.parametrize("vector", vectors("reconciler"))
@pytest.mark.parametrize("version", ["v0.7.0", "v0.9.4"])
def test_verdicts_are_upstreams_or_safer(vector: dict[str, Any], version: str) -> None:
    """An allocation that upstream keeps is never an orphan here; one that it frees is, unless nobody can tell.

    Upstream frees nothing at all with a pool that it cannot parse; we judge the other pools, and say so. v0.7.0 looks
    for what it frees by podref alone, and so frees the address of a live pod that has another, leaked one.
    """
    pods = Pods.of(map(pod_of, vector["input"]["pods"]))
    expect = vector["expect"].get("both") or vector["expect"][version]
    for entry in vector["input"]["pools"]:
        pool = Pool.of(pool_object(entry["allocations"], entry["range"], entry["name"]))
        assert pool.stops_collection or "new_error" not in expect or not pool.error
        for verdict in judge(pool, pods):
            allocation = verdict.allocation
            shown = pods.by_ref.get(allocation.podref)
            if shown and allocation.ip in shown.additional_ips:
                assert verdict.state == "live", "whatever upstream does"
            elif "new_error" in expect or allocation.ip in expect["freed"]:
                kept = nobody_can_tell(pods, allocation.podref, allocation.ip)
                assert verdict.state == ("unknown" if kept else "orphan"), verdict
            elif version != "v0.7.0":
                assert verdict.state != "orphan", verdict


@pytest.mark.parametrize("vector", vectors("reconciler"))
def test_reservations_of_live_pods_are_kept(vector: dict[str, Any]) -> None:
    """Upstream removes those of networks with a name, and those that no pool knows; ours never do if the pod lives."""
    pods = Pods.of(map(pod_of, vector["input"]["pods"]))
    index = index_reservations(
        {"metadata": {"name": each["name"], "namespace": "kube-system"}, "spec": {"podref": each["podref"]}}
        for each in vector["input"]["reservations"]
    )
    for entry in vector["input"]["pools"]:
        pool = Pool.of(pool_object(entry["allocations"], entry["range"], entry["name"]))
        sorted_out = sort_reservations(reservations_of(pool, index), set(), (), pods, Rule())
        for orphan in sorted_out.orphans:
            owner = pods.by_ref.get(orphan.podref)
            assert owner is None or orphan.ip not in owner.additional_ips


def on(*ips: str, default: bool = False) -> tuple[Interface, ...]:
    return (Interface("default/my-nad", "net1", ips, default=default),)


@pytest.mark.parametrize(
    ("pods", "podref", "state", "reason"),
    [
        ([Pod("default", "a", interfaces=on("172.16.1.3"))], "default/a", "live", "default/a has it (Running)"),
        (
            [Pod("default", "a", phase="Succeeded", interfaces=on("172.16.1.3"))],
            "default/a",
            "live",
            "default/a has it (Succeeded)",
        ),
        ([], "default/a", "orphan", "default/a is gone"),
        ([Pod("default", "a", interfaces=on("172.16.1.9"))], "default/a", "orphan", "default/a has 172.16.1.9"),
        ([Pod("default", "a", interfaces=())], "default/a", "orphan", "default/a has no additional address"),
        (
            [Pod("default", "a", interfaces=on("172.16.1.3", default=True))],
            "default/a",
            "orphan",
            "default/a has no additional address",
        ),
        ([Pod("other", "a", interfaces=on("172.16.1.4"))], "default/a", "orphan", "default/a is gone"),
        ([Pod("default", "a")], "default/a", "unknown", "default/a has no network-status"),
        ([Pod("default", "a", phase="Succeeded")], "default/a", "unknown", "default/a has no network-status"),
        ([Pod("default", "a", phase="Pending", interfaces=())], "default/a", "unknown", "default/a is Pending"),
        ([Pod("default", "a", phase="Unknown", interfaces=())], "default/a", "unknown", "default/a is Unknown"),
        (
            [Pod("default", "b", interfaces=on("172.16.1.3"))],
            "default/a",
            "unknown",
            "it was taken for default/a, but default/b has it",
        ),
        ([], "", "reserved", "it has no podref: a static reservation"),
        ([], "no-slash", "orphan", "no-slash is gone"),
    ],
)
def test_whose_an_allocation_is(pods: list[Pod], podref: str, state: str, reason: str) -> None:
    (verdict,) = judge(Pool.of(pool_object({"3": {"id": "c", "podref": podref}})), Pods.of(pods))
    assert (verdict.state, verdict.reason) == (state, reason)


@pytest.mark.parametrize(
    ("cidr", "key", "reason"),
    [
        ("172.16.1.0/24", "foo", 'its key "foo" is no offset in 172.16.1.0/24'),
        ("172.16.1.0/24", "256", 'its key "256" is no offset in 172.16.1.0/24'),
        ("172.16.1.0/24", "99999999999", 'its key "99999999999" is no offset in 172.16.1.0/24'),
        ("172.16.1.5/24", "2", 'range "172.16.1.5/24" has host bits set; write 172.16.1.0/24'),
        ("2001:db8::/32", "1", 'range "2001:db8::/32" is wider than /64: Whereabouts counts with 64 bits'),
        ("", "1", 'range "" is not a CIDR (a.b.c.d/n)'),
    ],
)
def test_nobody_can_tell_what_a_senseless_key_stands_for(cidr: str, key: str, reason: str) -> None:
    (verdict,) = judge(Pool.of(pool_object({key: {"id": "c", "podref": "default/gone"}}, cidr)), Pods.of([]))
    assert verdict.state == "unknown"
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize(
    ("cidr", "stops"),
    [
        ("172.16.1.0/24", False),
        ("172.16.1.5/24", False),  # Go takes host bits
        ("2001:db8::/32", False),
        ("172.16.1.0", True),
        ("", True),
        ("nonsense/24", True),
    ],
)
def test_what_go_cannot_parse_stops_the_collection_of_all_pools(cidr: str, stops: bool) -> None:
    pool = Pool.of(pool_object({}, cidr))
    assert pool.stops_collection is stops
    assert any("GC is stopped" in problem for problem in problems_of(pool, pool.namespace)) is stops


@pytest.mark.parametrize(("key", "where"), [("256", " in 172.16.1.0/24"), ("foo", ""), ("-1", "")])
def test_a_key_that_is_no_offset_is_a_problem_of_the_pool(key: str, where: str) -> None:
    pool = Pool.of(pool_object({"1": {"podref": "a/b"}, key: {"podref": "a/b"}}))
    said = f'pool kube-system/172.16.1.0-24: allocation key "{key}" is not an offset{where}'
    assert list(problems_of(pool, "kube-system")) == [said]


@pytest.mark.parametrize(
    ("count", "length", "near"), [(12_000, 1, True), (11_999, 1, False), (3_200, 430, True), (3_000, 430, False)]
)
def test_a_pool_near_the_limit_of_etcd_is_noticed(count: int, length: int, near: bool) -> None:
    """By number, and by size where names are long: 1.4 MB as JSON."""
    pool = Pool.of(pool_object({str(key): {"id": "c" * length} for key in range(count)}, "172.16.0.0/16"))
    assert (len(json.dumps(pool.raw_allocations)) > 1_400_000) == (near and length > 1)
    assert pool.is_near_the_limit is near
    assert any("etcd" in problem for problem in problems_of(pool, pool.namespace)) is near


PHASES = st.sampled_from(["Running", "Pending", "Unknown", "Succeeded", "Failed"])
IPS = st.sampled_from([f"172.16.1.{last}" for last in range(1, 6)])
INTERFACES = st.none() | st.lists(IPS, max_size=2).map(lambda ips: on(*ips))
PODS = st.lists(
    st.builds(
        Pod,
        namespace=st.sampled_from(["default", "other"]),
        name=st.sampled_from(["a", "b", "c"]),
        phase=PHASES,
        deleting=st.booleans(),
        interfaces=INTERFACES,
    ),
    max_size=5,
    unique_by=lambda pod: pod.ref,
)
PODREFS = st.sampled_from(["", "default/a", "default/b", "other/a", "default/gone", "a"])
CIDRS = st.sampled_from(["172.16.1.0/24", "172.16.1.2/24", "172.16.0.0/16", "nonsense"])


@settings(deadline=None)  # a busy machine is no fault
@given(PODS, st.dictionaries(st.integers(0, 8).map(str) | st.just("x"), PODREFS, max_size=6), CIDRS)
def test_an_address_that_may_be_in_use_is_never_an_orphan(pods: list[Pod], entries: dict[str, str], cidr: str) -> None:
    """Whatever the pool and the pods: no orphan is on a pod that has not ended, nor its own pod's; none is reserved.

    The address that Whereabouts meant is worked out here from the range as written, without the code under test; in a
    range with host bits, both addresses that a key can stand for.
    """
    pool = Pool.of(pool_object({key: {"id": "c", "podref": ref} for key, ref in entries.items()}, cidr))
    in_use = {ip for pod in pods if not pod.has_ended for ip in pod.additional_ips}
    by_ref = {pod.ref: pod for pod in pods}
    for verdict in judge(pool, Pods.of(pods)):
        if verdict.state != "orphan":
            continue
        allocation = verdict.allocation
        base, offset = IPNetwork(cidr).ip, int(allocation.key)
        meant = (
            {str(base + offset), str(base - offset)}
            if IPNetwork(cidr).ip != IPNetwork(cidr).network
            else {str(base + offset)}
        )
        assert not meant & in_use
        assert allocation.podref
        owner = by_ref.get(allocation.podref)
        assert owner is None or (owner.interfaces is not None and not meant & owner.additional_ips)


@pytest.mark.parametrize(
    ("name", "pool_range", "pool", "ip"),
    [
        ("172.16.1.1", "172.16.1.0/24", "172.16.1.0-24", "172.16.1.1"),
        ("data-172.16.1.1", "172.16.1.0/24", "data-172.16.1.0-24", "172.16.1.1"),
        ("172.16.1.1", "172.16.1.0/24", "data-172.16.1.0-24", None),
        ("data-172.16.1.1", "172.16.1.0/24", "172.16.1.0-24", None),
        ("172.16.2.1", "172.16.1.0/24", "172.16.1.0-24", None),
        ("2001-db8--1", "2001:db8::/64", "2001-db8---64", "2001:db8::1"),
        ("net-2001-db8--1", "2001:db8::/64", "net-2001-db8---64", "2001:db8::1"),
        ("nonsense", "172.16.1.0/24", "172.16.1.0-24", None),
        ("172.16.1.1", "172.16.1.0/24", "some-other-name", None),
        ("172.16.1.1", "nonsense", "172.16.1.0-24", None),
    ],
)
def test_reservations_belong_to_the_pool_of_their_network_name(
    name: str, pool_range: str, pool: str, ip: str | None
) -> None:
    """Upstream's reconciler takes those of named networks for nobody's (see named-network-reservation-of-live-pod)."""
    obj = {"metadata": {"name": name, "namespace": "kube-system", "uid": "u"}, "spec": {"podref": "default/a"}}
    found = reservations_of(Pool.of(pool_object({}, pool_range, pool)), index_reservations([obj]))
    assert [(each.name, each.uid, each.ip, each.podref) for each in found] == (
        [(name, "u", ip, "default/a")] if ip else []
    )


def test_usage() -> None:
    entries = {"10": {"id": "b", "podref": "default/gone"}, "2": {"id": "a", "podref": "default/a", "ifname": "net1"}}
    pool = Pool.of(pool_object(entries))
    verdicts = judge(pool, Pods.of([Pod("default", "a", interfaces=on("172.16.1.2"))]))
    usage = describe(pool, verdicts)
    assert [row["ip"] for row in usage["allocations"]] == ["172.16.1.2", "172.16.1.10"]
    assert usage["allocations"][0] == {
        "ip": "172.16.1.2",
        "offset": "2",
        "podref": "default/a",
        "ifname": "net1",
        "id": "a",
        "state": "live",
        "reason": "default/a has it (Running)",
    }
    del usage["allocations"]
    assert usage == {
        "name": "172.16.1.0-24",
        "namespace": "kube-system",
        "range": "172.16.1.0/24",
        "first": "172.16.1.1",
        "last": "172.16.1.254",
        "capacity": 254,
        "used": 2,
        "free": 252,
        "used_percent": 0.8,
        "orphans": ["172.16.1.10"],
        "per_node": {},
    }
    gone = [verdict.allocation for verdict in verdicts if verdict.state == "orphan"]
    assert describe(pool.without(gone), verdicts)["used"] == 1


@pytest.mark.parametrize(("cidr", "size"), [("172.16.1.0/24", 254), ("10.0.0.0/31", 0), ("2001:db8::/126", 2)])
def test_capacity_is_without_the_first_and_the_last_address(cidr: str, size: int) -> None:
    assert capacity(IPNetwork(cidr)) == size


def test_duplicates_are_told_for_the_pools_ranges() -> None:
    pods = Pods.of(
        [
            Pod("default", "a", interfaces=on("172.16.1.2", "10.0.0.1")),
            Pod("default", "b", interfaces=on("172.16.1.2", "10.0.0.1")),
            Pod("default", "c", phase="Failed", interfaces=on("172.16.1.2")),
        ]
    )
    pools = [Pool.of(pool_object({}))]
    assert duplicates(pools, pods) == [{"ip": "172.16.1.2", "podrefs": ["default/a", "default/b"], "pools": []}]


@pytest.mark.parametrize(
    ("name", "pools"),
    [("172.16.1.0-25", [["172.16.1.0-24", "172.16.1.0-25"]]), ("data-172.16.1.0-25", [])],
)
def test_an_address_that_two_pools_of_one_network_hold_is_a_duplicate(name: str, pools: list[list[str]]) -> None:
    one = Pool.of(pool_object({"1": {"podref": "default/a"}}))
    other = Pool.of(pool_object({"1": {"podref": "default/b"}}, "172.16.1.0/25", name))
    assert duplicates([one, other], Pods.of([])) == [
        {"ip": "172.16.1.1", "podrefs": ["default/a", "default/b"], "pools": each} for each in pools
    ]


@pytest.mark.parametrize(
    ("cidr", "problem"),
    [
        ("172.16.1.0/24", None),
        ("172.16.1.5/24", ': range "172.16.1.5/24" has host bits set; write 172.16.1.0/24'),
        (
            "not-a-cidr",
            ' has range "not-a-cidr": whereabouts GC is stopped for all pools',
        ),
    ],
)
def test_a_pool_that_cannot_be_read_is_told_of(cidr: str, problem: str | None) -> None:
    pool = Pool.of(pool_object({}, cidr))
    expected = [f"pool kube-system/172.16.1.0-24{problem}"] if problem else []
    assert list(problems_of(pool, "kube-system")) == expected


def test_pools_that_whereabouts_does_not_use_are_told_of() -> None:
    pool = Pool.of(pool_object({"foo": {"id": "", "podref": "a/b"}}))
    assert list(problems_of(pool, "whereabouts")) == [
        'pool kube-system/172.16.1.0-24: whereabouts uses namespace "whereabouts", so it hands nothing out of this one',
        'pool kube-system/172.16.1.0-24: allocation key "foo" is not an offset',
    ]
