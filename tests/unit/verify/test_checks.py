# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API alone proves or disproves: each check with what passes and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Interface, Selection
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod, Pods
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import Pool, judge
from ansible_collections.multinet.gke.plugins.module_utils.kube.rollout import Rollout
from ansible_collections.multinet.gke.plugins.module_utils.verify import checks
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import (
    Attachment,
    Node,
    Snapshot,
    read_attachment,
)

CIDR = IPNetwork("172.16.1.0/24")
NAD = Attachment(Target("my-nad", "default"), master="eth1", ranges=(CIDR,))
ASKS = (Selection("my-nad", "default"),)
MAC = "42:01:0a:00:01:02"


def pod(
    name: str, *ips: str, mac: str = MAC, node: str = "node-1", network: str = "default/my-nad", **more: Any
) -> Pod:
    interfaces = (Interface(network, "net1", ips, mac),)
    return Pod("default", name, node=node, **{"selections": ASKS, "interfaces": interfaces, **more})


def pool(entries: Mapping[str, str], cidr: str = "172.16.1.0/24", namespace: str = "kube-system") -> Pool:
    return Pool.of(
        {
            "metadata": {"name": "172.16.1.0-24", "namespace": namespace},
            "spec": {"range": cidr, "allocations": {key: {"id": "c", "podref": ref} for key, ref in entries.items()}},
        }
    )


def snapshot(
    *pods: Pod,
    pools: tuple[Pool, ...] = (),
    nodes: tuple[Node, ...] = (Node("node-1"), Node("node-2")),
    rollout: Rollout | None = None,
    namespaces: tuple[str, ...] = (),
    declared: tuple[str, ...] = (),
    warnings: Mapping[str, str] | None = None,
) -> Snapshot:
    index = Pods.of(pods)
    return Snapshot(
        rollout=rollout,
        nodes={node.name: node for node in nodes},
        pods=index,
        attachments=(NAD,),
        pools=tuple((each, judge(each, index)) for each in pools),
        holders={(each.name, a.ip): frozenset({a.podref}) for each in pools for a in each.allocations},
        namespaces=namespaces,
        declared=declared,
        warnings=warnings or {},
    )


def answers(results: Any) -> list[tuple[str, str, str]]:
    return [(result.status, result.subject, result.msg) for result in results]


@pytest.mark.parametrize(
    ("rollout", "status", "msg"),
    [
        (None, "fail", "there is no such DaemonSet"),
        (Rollout(True, 2, 2, 1, 1), "fail", "its rollout is not complete: of 2 pods, 2 are up to date and 1 available"),
        (Rollout(True, 2, 2, 2, 2), "pass", "its rollout is complete: of 2 pods, 2 are up to date and 2 available"),
    ],
)
def test_rollout(rollout: Rollout | None, status: str, msg: str) -> None:
    assert answers(checks.rollout(snapshot(rollout=rollout))) == [(status, "kube-system/gke-multinet", msg)]


def test_an_annotation_that_multus_refuses() -> None:
    bad = Pod("default", "a", selections_error='"my_nad" is not a name')
    assert answers(checks.selections(snapshot(pod("b"), bad))) == [
        ("fail", "default/a", 'its annotation k8s.v1.cni.cncf.io/networks cannot be used: "my_nad" is not a name')
    ]
    assert not list(checks.selections(snapshot(bad, namespaces=("other",))))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pool({"1": "default/a"}), [("pass", "1 of 254 addresses are used")]),
        (pool({"2": "default/gone"}), [("warn", "addresses that nobody has any more: 172.16.1.2")]),
        (
            pool({}, "nonsense"),
            [
                (
                    "fail",
                    'pool kube-system/172.16.1.0-24 has range "nonsense": whereabouts GC is stopped for all pools',
                )
            ],
        ),
        (
            pool({str(key): "default/blind" for key in range(1, 240)}),
            [("warn", "239 of 254 addresses are used"), ("pass", "239 of 254 addresses are used")],
        ),
    ],
)
def test_pools(found: Pool, expected: list[tuple[str, str]]) -> None:
    seen = snapshot(pod("a", "172.16.1.1"), Pod("default", "blind"), pools=(found,))
    assert [(result.status, result.msg) for result in checks.pools(seen)] == expected


def test_pools_elsewhere_are_not_whereabouts() -> None:
    (finding, _usage) = checks.pools(snapshot(pools=(pool({}, namespace="default"),)))
    assert (finding.status, 'whereabouts uses namespace "kube-system"' in finding.msg) == ("warn", True)


def nad(config: str) -> dict[str, Any]:
    return {"metadata": {"name": "my-nad", "namespace": "default"}, "spec": {"config": config}}


GUIDE = (
    '{"cniVersion": "0.3.1", "plugins": [{"type": "ipvlan", "master": "eth1", "mode": "l2", '
    '"ipam": {"type": "whereabouts", "range": "172.16.1.0/24", "network_name": "data"}}]}'
)


def test_an_attachment_is_read() -> None:
    found = read_attachment(Target("my-nad", "default"), nad(GUIDE))
    assert (found.problem, found.type, found.master, found.ranges) == ("", "ipvlan", "eth1", (CIDR,))
    assert found.pool_names == ("data-172.16.1.0-24",)


@pytest.mark.parametrize(
    ("target", "obj", "status", "says"),
    [
        (Target("my-nad", "default"), nad(GUIDE), "pass", "ipvlan on eth1, 172.16.1.0/24"),
        (Target("my-nad", "default", "eth1", CIDR), nad(GUIDE), "pass", "ipvlan on eth1"),
        (Target("my-nad", "default"), None, "fail", "there is no such NetworkAttachmentDefinition"),
        (Target("my-nad", "default"), nad("{"), "fail", "its configuration cannot be used: config is not a JSON"),
        (Target("my-nad", "default"), nad('{"type": "macvlan"}'), "fail", "it is of type macvlan; only ipvlan"),
        (Target("my-nad", "default", "eth2"), nad(GUIDE), "fail", "its master is eth1, not eth2"),
        (Target("my-nad", "default", "", IPNetwork("10.9.0.0/24")), nad(GUIDE), "fail", "its range is 172.16.1.0/24,"),
        (Target("my-nad", "default"), nad('{"type": "ipvlan", "master": "eth1"}'), "fail", "it has no range"),
    ],
)
def test_definition(target: Target, obj: dict[str, Any] | None, status: str, says: str) -> None:
    (result,) = checks.definition(read_attachment(target, obj))
    assert result.status == status
    assert result.msg.startswith(says)
    assert bool(result.remedy) is (status == "fail")


@pytest.mark.parametrize(
    ("user", "status", "subject", "msg"),
    [
        (pod("a", "172.16.1.1"), "pass", "default/my-nad", "pods that have it by their network-status: 1"),
        (
            pod("a", interfaces=None),
            "fail",
            "default/a",
            "asks for default/my-nad but has no network-status: Multus was not there when it started",
        ),
        (
            pod("a", "172.16.1.1", network="default/other"),
            "fail",
            "default/a",
            "its network-status has no entry for default/my-nad",
        ),
        (pod("a"), "fail", "default/a", "net1 has no address"),
        (
            pod("a", interfaces=None, phase="Pending", waiting="ContainerCreating"),
            "warn",
            "default/a",
            "is Pending (ContainerCreating)",
        ),
    ],
)
def test_network_status(user: Pod, status: str, subject: str, msg: str) -> None:
    assert answers(checks.network_status(snapshot(user), NAD)) == [(status, subject, msg)]


WELL = "it is Running with all its interfaces"


@pytest.mark.parametrize(
    ("there", "status", "msg", "remedy"),
    [
        (pod("a", "172.16.1.1"), "pass", WELL, ""),
        (Pod("default", "a", node="node-1"), "pass", WELL, ""),
        (
            pod("a", "172.16.1.1", node="node-3"),
            "fail",
            "it was Running on node-3, which is not Ready, so nobody can tell whether it still does",
            "kubectl describe node node-3",
        ),
        (pod("b", "172.16.1.1"), "fail", "there is no such pod", "make it: multinet_pod"),
        (pod("a", "172.16.1.1", deleting=True), "fail", "it is being deleted", "make it again"),
        (
            pod("a", interfaces=None, phase="Pending", waiting="ContainerCreating"),
            "fail",
            "is Pending (ContainerCreating; FailedCreatePodSandBox: no free address)",
            "kubectl -n default describe pod a",
        ),
        (
            pod("a", phase="Failed", waiting="Evicted"),
            "fail",
            "is Failed (Evicted; FailedCreatePodSandBox: no free address)",
            "multinet_pod: replace",
        ),
        (
            pod("a", interfaces=None),
            "fail",
            "asks for default/my-nad but has no network-status: Multus was not there when it started",
            "delete the pod",
        ),
        (
            pod("a", "172.16.1.1", selections=(*ASKS, Selection("other", "default"))),
            "fail",
            "its network-status has no entry for default/other",
            "delete the pod",
        ),
        (
            pod("a", "172.16.1.1", selections=(*ASKS, *ASKS)),
            "fail",
            "its network-status has no entry for default/my-nad",
            "delete the pod",
        ),
        (pod("a"), "fail", "net1 has no address", "give default/my-nad a range"),
    ],
)
def test_a_declared_pod_must_run_with_all_its_interfaces(there: Pod, status: str, msg: str, remedy: str) -> None:
    warnings = {"default/a": "FailedCreatePodSandBox: no free address"}
    nodes = (Node("node-1"), Node("node-2"), Node("node-3", ready=False))
    seen = snapshot(there, nodes=nodes, declared=("default/a",), warnings=warnings, namespaces=("other",))
    (result,) = checks.declared(seen)
    assert (result.status, result.subject, result.msg) == (status, "default/a", msg)
    assert remedy in result.remedy


def test_what_is_wrong_with_a_declared_pod_is_said_once() -> None:
    dead = pod("a", interfaces=None, phase="Pending")
    seen = snapshot(dead, pod("b", "172.16.1.2"), declared=("default/a",))
    assert answers(checks.network_status(seen, NAD)) == [
        ("pass", "default/my-nad", "pods that have it by their network-status: 1")
    ]
    assert [result.subject for result in checks.check(seen) if result.status == "fail" and result.check == "pod"] == [
        "default/a"
    ]


def test_an_annotation_of_a_declared_pod_that_multus_refuses_counts_in_any_namespace() -> None:
    bad = Pod("default", "a", selections_error='"my_nad" is not a name')
    assert len(list(checks.selections(snapshot(bad, namespaces=("other",), declared=("default/a",))))) == 1


@pytest.mark.parametrize(("namespace", "told"), [("team", True), ("default", False)])
def test_a_pod_that_waits_for_an_attachment_out_of_its_reach_is_told_so(namespace: str, told: bool) -> None:
    waits = Pod("other", "a", phase="Pending", selections=(Selection("my-nad", namespace),))
    (result,) = checks.declared(snapshot(waits, declared=("other/a",)))
    assert (f"move the pod or {namespace}/my-nad, or name its namespace" in result.remedy) is told


@pytest.mark.parametrize(
    "nobody",
    [
        Pod("default", "plain"),
        pod("ended", "172.16.1.1", phase="Succeeded"),
        pod("deleting", "172.16.1.1", deleting=True),
        pod("probe", "172.16.1.1", labels={"multinet.gke/run": "x"}),
    ],
)
def test_who_does_not_count_as_a_user(nobody: Pod) -> None:
    assert snapshot(nobody).users(NAD) == []


def test_only_pods_of_the_named_namespaces_count() -> None:
    assert snapshot(pod("a"), namespaces=("other",)).users(NAD) == []
    assert len(snapshot(pod("a"), namespaces=("default",)).users(NAD)) == 1


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("172.16.1.1", ("pass", "default/my-nad", "all addresses are in 172.16.1.0/24")),
        ("10.0.0.9", ("fail", "default/a", "10.0.0.9 is not in 172.16.1.0/24, the range of default/my-nad")),
    ],
)
def test_ip_in_range(ip: str, expected: tuple[str, str, str]) -> None:
    assert answers(checks.ip_in_range(snapshot(pod("a", ip)), NAD)) == [expected]


@pytest.mark.parametrize(
    ("entries", "status", "msg"),
    [
        ({"1": "default/a"}, "pass", "all addresses are allocated to their pods"),
        ({}, "fail", "172.16.1.1 is not allocated to default/a in pool 172.16.1.0-24: there it is free"),
        (
            {"1": "default/b"},
            "fail",
            "172.16.1.1 is not allocated to default/a in pool 172.16.1.0-24: there it is held by default/b",
        ),
        (
            {"1": ""},
            "fail",
            "172.16.1.1 is not allocated to default/a in pool 172.16.1.0-24: there it is held by nobody (reserved)",
        ),
    ],
)
def test_ip_in_pool(entries: dict[str, str], status: str, msg: str) -> None:
    seen = snapshot(pod("a", "172.16.1.1"), pools=(pool(entries),))
    assert [(result.status, result.msg) for result in checks.ip_in_pool(seen, NAD)] == [(status, msg)]


def test_duplicates() -> None:
    well = snapshot(pod("a", "172.16.1.1"), pod("b", "172.16.1.2"), pod("c", "10.9.9.9"), pod("d", "10.9.9.9"))
    assert answers(checks.duplicates(well, NAD)) == [("pass", "default/my-nad", "no address is on two pods")]
    twice = snapshot(pod("a", "172.16.1.1"), pod("b", "172.16.1.1", node="node-2"))
    assert answers(checks.duplicates(twice, NAD)) == [
        ("fail", "default/my-nad", "172.16.1.1 is on default/a and default/b")
    ]


TOLD = Node("node-1", nics={"eth1": "10.0.1.2"})


@pytest.mark.parametrize(
    ("node", "macs", "findings"),
    [
        (Node("node-1"), [MAC, MAC], []),
        (TOLD, [MAC], []),
        (TOLD, ["42:01:0a:00:01:03"], ["net1 has 42:01:0a:00:01:03, unlike eth1 of its node (42:01:0a:00:01:02)"]),
        (
            Node("node-1"),
            [MAC, MAC, "02:00:00:00:00:01"],
            ["net1 has 02:00:00:00:00:01, unlike other pods on its node (42:01:0a:00:01:02)"],
        ),
        (
            Node("node-1"),
            ["02:00:00:00:00:01"],
            [
                "net1 has 02:00:00:00:00:01, which is no hardware address of Compute Engine "
                "(42:01 and the address in hexadecimal)"
            ],
        ),
    ],
)
def test_mac(node: Node, macs: list[str], findings: list[str]) -> None:
    users = [pod(f"p{number}", f"172.16.1.{number}", mac=mac) for number, mac in enumerate(macs, 1)]
    results = [result for result in checks.mac(snapshot(*users, nodes=(node,)), NAD) if result.status != "pass"]
    assert [result.msg for result in results] == findings


def test_the_guides_sample_has_googles_mac() -> None:
    assert checks.google_mac("100.200.200.7") == "42:01:64:c8:c8:07"


def test_a_node_tells_its_interfaces() -> None:
    note = '[{"birthIP": "10.0.1.2", "pciAddress": "0000:00:05.0", "birthName": "eth1"}]'
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": "node-1", "annotations": {"networking.gke.io/nic-info": note}}
    assert Node.of({"metadata": metadata, "status": ready}) == TOLD
    metadata["annotations"] = {"networking.gke.io/nic-info": "nonsense"}
    assert Node.of({"metadata": metadata, "status": {}}) == Node("node-1", ready=False)


def test_carriers() -> None:
    nodes = (
        Node("a", labels={"cloud.google.com/gke-nodepool": "multinet"}),
        Node("b", labels={"cloud.google.com/gke-nodepool": "other", "net": "yes"}),
        Node("c", labels={"cloud.google.com/gke-nodepool": "default"}),
    )
    seen = snapshot(pod("p", "172.16.1.1", node="c"), nodes=nodes)
    of_pools = Attachment(Target("my-nad", "default", node_pools=("multinet",)))
    assert [node.name for node in seen.carriers(of_pools, {"net": "yes"})] == ["a", "c"]
    assert [node.name for node in seen.carriers(NAD, {"net": "yes"})] == ["b", "c"]
    assert [node.name for node in seen.carriers(NAD, {})] == ["c"]


def test_all_checks_are_asked_of_what_can_be_used() -> None:
    asked = {
        result.check for result in checks.check(snapshot(pod("a", "172.16.1.1"), pools=(pool({"1": "default/a"}),)))
    }
    assert asked == {
        "rollout",
        "pool",
        "definition",
        "network_status",
        "ip_in_range",
        "ip_in_pool",
        "duplicates",
        "mac",
    }
