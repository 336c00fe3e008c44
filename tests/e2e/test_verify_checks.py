# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check of multinet_verify passes on a namespace in order, and finds the one thing that was broken in it.

The API server is real; what a kubelet would say of pods and nodes is written by the test.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cluster import Cluster
from harness import Lab, until

pytestmark = pytest.mark.control_plane

NETWORKS, STATUS = "k8s.v1.cni.cncf.io/networks", "k8s.v1.cni.cncf.io/network-status"
SYSTEM = ("-n", "kube-system")
POOLS = "ippools.whereabouts.cni.cncf.io"


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Town:
    """A namespace in order: an attachment, its pool, and two running pods on nodes that carry its network."""

    cluster: Cluster
    third: int  # octet of the range

    @property
    def namespace(self) -> str:
        return self.cluster.namespace

    @property
    def range(self) -> str:
        return f"10.77.{self.third}.0/29"

    @property
    def pool(self) -> str:
        return self.range.replace("/", "-")

    def ip(self, host: int) -> str:
        return f"10.77.{self.third}.{host}"

    def nodes(self, pool: str) -> list[str]:
        found = self.cluster.get("nodes", "-l", f"cloud.google.com/gke-nodepool={pool}")["items"]
        return [node["metadata"]["name"] for node in found]

    def entry(self, host: int, **more: Any) -> dict[str, Any]:
        mac = f"42:01:0a:00:01:0{host}"
        return {
            "name": f"{self.namespace}/net",
            "interface": "net1",
            "ips": [self.ip(host)],
            "mac": mac,
            "dns": {},
            **more,
        }

    def build(self) -> None:
        first, second = self.nodes("multinet")
        config = {"cniVersion": "0.3.1", "name": "net", "type": "ipvlan", "master": "eth1"}
        ipam = {"type": "whereabouts", "range": self.range}
        nad = {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": "net", "namespace": self.namespace},
            "spec": {"config": json.dumps({**config, "ipam": ipam})},
        }
        self.cluster.apply(nad, self.pool_of({"1": "a", "2": "b"}), self.pod("a", first, 1), self.pod("b", second, 2))
        for name in ("a", "b"):
            self.says(name)

    def pool_of(self, holders: dict[str, str], cidr: str = "", name: str = "") -> dict[str, Any]:
        refs = {key: {"id": "c", "podref": f"{self.namespace}/{pod}"} for key, pod in holders.items()}
        return {
            "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
            "kind": "IPPool",
            "metadata": {"name": name or self.pool, "namespace": "kube-system"},
            "spec": {"range": cidr or self.range, "allocations": refs},
        }

    def pod(self, name: str, node: str, host: int, networks: str = "net", **container: Any) -> dict[str, Any]:
        annotations = {NETWORKS: networks, STATUS: json.dumps([self.entry(host)])}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace, "annotations": annotations},
            "spec": {"nodeName": node, "containers": [{"name": "app", "image": "nginx", **container}]},
        }

    def says(self, pod: str, **status: Any) -> None:
        """Say what the kubelet would say of a pod."""
        running = [{"name": "app", "image": "nginx", "imageID": "", "ready": True, "restartCount": 0}]
        running[0]["state"] = {"running": {"startedAt": ago(seconds=5)}}
        said = {"phase": "Running", "containerStatuses": running, **status}
        patch(self.cluster, "pod", pod, {"status": said}, "-n", self.namespace, "--subresource=status")

    def annotate(self, kind: str, name: str, **values: str | None) -> None:
        annotations = {key.replace("__", "/").replace("_", "-"): value for key, value in values.items()}
        where = () if kind == "node" else ("-n", self.namespace)
        patch(self.cluster, kind, name, {"metadata": {"annotations": annotations}}, *where)

    def network_status(self, text: str | None) -> None:
        """Let the network-status of pod a say something else."""
        patch(self.cluster, "pod", "a", {"metadata": {"annotations": {STATUS: text}}}, "-n", self.namespace)

    def verify(self, check: str, **options: Any) -> list[dict[str, Any]]:
        """Return what a check finds."""
        target = {
            "name": f"{self.namespace}/net",
            "master": "eth1",
            "range": self.range,
            "node_pools": ["multinet"],
        }
        defaults = {"attachments": [target], "namespaces": [self.namespace], "fail_on": "never"}
        result = self.cluster.module("multinet_verify", **{**defaults, "checks": [check], **options})
        assert not result.get("failed"), result["msg"]
        assert not result["changed"]
        return [entry for entry in result["results"] if entry["check"] == check]


def patch(cluster: Cluster, kind: str, name: str, change: object, *where: str) -> None:
    how = "json" if isinstance(change, list) else "merge"
    cluster.kubectl("patch", kind, name, "--type", how, "-p", json.dumps(change), *where)


def system_pods(cluster: Cluster) -> list[str]:
    found = cluster.get("pods", *SYSTEM, "-l", "app=gke-multinet")["items"]
    return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]


def say_of_multus(cluster: Cluster, name: str, days: float = 0, **container: Any) -> None:
    """Say what the kubelet would say of one of Multus' pods."""
    base = {"image": "i", "imageID": "", "ready": True, "restartCount": 0}
    collector = {**base, "name": "whereabouts-gc", "state": {"running": {"startedAt": ago(days=days)}}, **container}
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": ago(days=days), "finishedAt": ago(days=days)}
    init = {**base, "name": "install-whereabouts", "state": {"terminated": ended}}
    status = {"phase": "Running", "containerStatuses": [collector], "initContainerStatuses": [init]}
    patch(cluster, "pod", name, {"status": status}, *SYSTEM, "--subresource=status")


@pytest.fixture(scope="module")
def multus_runs(plane_lab: Lab, modules: Any) -> None:
    cluster = Cluster(plane_lab, modules, "kube-system")
    # Other tests may have replaced them, and here no kubelet ends the old ones, for which the new ones wait.
    cluster.kubectl("delete", "pods", *SYSTEM, "-l", "app=gke-multinet", "--force", "--grace-period=0")
    wanted = len(cluster.get("nodes")["items"])
    until(lambda: len(system_pods(cluster)) >= wanted, pause=0.2)
    for name in system_pods(cluster):
        say_of_multus(cluster, name)


@pytest.fixture
def town(plane: Cluster, multus_runs: None) -> Iterator[Town]:
    found = Town(plane, secrets.randbelow(250))
    found.build()
    yield found
    plane.kubectl("delete", POOLS, found.pool, *SYSTEM, "--ignore-not-found")


@contextmanager
def noted(town: Town, node: str, **annotations: str) -> Iterator[None]:
    """Let a node tell something of itself for a while."""
    town.annotate("node", node, **annotations)
    yield
    town.annotate("node", node, **dict.fromkeys(annotations))


NIC_INFO, NODE_NETWORKS = "networking.gke.io__nic_info", "networking.gke.io__networks"
NICS = '[{"birthIP": "10.0.1.9", "pciAddress": "0000:00:05.0", "birthName": "NAME"}]'

Break = Callable[[Town], Any]  # an iterator puts back what it broke of what other tests see


@dataclass
class Case:
    check: str
    break_it: Break
    status: str
    says: str  # {ns}, {range}, {ip1} to {ip3}, {pool}, {node1}, {node2} and {other} are filled in
    shows: tuple[str, ...] = ()
    options: dict[str, Any] | None = None


def without_entry(town: Town) -> None:
    town.network_status(json.dumps([town.entry(1, name="default/other")]))


def without_address(town: Town) -> None:
    entry = town.entry(1)
    del entry["ips"]
    town.network_status(json.dumps([entry]))


def held_by(holder: str) -> Break:
    return lambda town: town.cluster.apply(town.pool_of({"1": holder, "2": "b"}))


def leak(town: Town) -> None:
    town.cluster.apply(town.pool_of({"1": "a", "2": "b", "3": "gone"}))


def full(town: Town) -> None:
    town.cluster.apply(town.pool_of({str(key): "a" for key in range(1, 7)}))


def unparsable(town: Town) -> Iterator[None]:
    town.cluster.apply(town.pool_of({}, cidr="nonsense", name=f"bad-{town.namespace}"))
    yield
    town.cluster.kubectl("delete", POOLS, f"bad-{town.namespace}", *SYSTEM)


def another_mac(town: Town) -> Iterator[None]:
    with noted(town, town.nodes("multinet")[0], **{NIC_INFO: NICS.replace("NAME", "eth1")}):
        yield


def no_master(town: Town) -> Iterator[None]:
    with noted(town, town.nodes("multinet")[0], **{NIC_INFO: NICS.replace("NAME", "eth0")}):
        yield


def foreign_block(town: Town) -> Iterator[None]:
    blocks = json.dumps([{"name": "net", "cidrs": [town.range], "scope": "host-local"}])
    with noted(town, town.nodes("multinet")[1], **{NODE_NETWORKS: blocks}):
        yield


def lost_node(town: Town) -> Iterator[None]:
    (node, _other) = town.nodes("multinet")
    for ready in ("False", "True"):
        now = ago()
        said = {"type": "Ready", "status": ready, "reason": "x", "lastHeartbeatTime": now, "lastTransitionTime": now}
        patch(town.cluster, "node", node, {"status": {"conditions": [said]}}, "--subresource=status")
        if ready == "False":
            yield


def another_pod(networks: str = "net", pool: str = "multinet", **container: Any) -> Break:
    def add(town: Town) -> None:
        town.cluster.apply(town.pod("c", town.nodes(pool)[0], 3, networks.replace("NS", town.namespace), **container))

    return add


def typing_error(town: Town) -> None:
    ipam = {"type": "whereabouts", "range": town.range, "rangeStart": town.ip(2)}
    config = json.dumps({"cniVersion": "0.3.1", "type": "ipvlan", "master": "eth1", "ipam": ipam})
    patch(town.cluster, "net-attach-def", "net", {"spec": {"config": config}}, "-n", town.namespace)


def of_multus(**said: Any) -> Break:
    def say(town: Town) -> Iterator[None]:
        name = system_pods(town.cluster)[0]
        say_of_multus(town.cluster, name, **said)
        yield
        say_of_multus(town.cluster, name)

    return say


def image(container: str, other: str) -> Break:
    def change(town: Town) -> Iterator[None]:
        before = town.cluster.get("daemonset", "gke-multinet", *SYSTEM)["spec"]["template"]["spec"]
        (own,) = (each["image"] for each in before["initContainers"] if each["name"] == container)
        for name in (other, own):
            town.cluster.kubectl("set", "image", "daemonset/gke-multinet", f"{container}={name}", *SYSTEM)
            if name == other:
                yield

    return change


def later_definition(town: Town) -> Iterator[None]:
    field = (
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/allocations/additionalProperties"
        "/properties/ifname"
    )
    patch(town.cluster, "crd", POOLS, [{"op": "add", "path": field, "value": {"type": "string"}}])
    yield
    patch(town.cluster, "crd", POOLS, [{"op": "remove", "path": field}])


OOM = {
    "terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": ago(minutes=9), "finishedAt": ago(minutes=8)}
}
CRASH = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
NO_STATUS = "pod {ns}/a has annotation but no network-status (Multus was not the CNI when it started?)"
DUE = {"expect": [{"nad": "NS/net", "count": 3}]}

CASES = {
    "no network-status": Case("network_status", lambda town: town.network_status(None), "fail", NO_STATUS, ("E5",)),
    "no entry": Case("network_status", without_entry, "fail", "no entry for {ns}/net in network-status"),
    "no address": Case("network_status", without_address, "fail", "net1 has no address (NAD has no whereabouts range)"),
    "no JSON": Case(
        "network_status", lambda town: town.network_status("{"), "fail", "network-status is not JSON: Expecting"
    ),
    "out of range": Case(
        "ip_in_range",
        lambda town: town.network_status(json.dumps([town.entry(1, ips=["10.9.9.9"])])),
        "fail",
        "IP 10.9.9.9 not in NAD range {range}",
        ("D23",),
    ),
    "held by another": Case(
        "ip_in_pool",
        held_by("b"),
        "fail",
        "IP {ip1} is not allocated to {ns}/a in pool {pool} (key 1 is held by {ns}/b)",
        ("E8",),
    ),
    "twice": Case(
        "duplicates",
        lambda town: town.network_status(json.dumps([town.entry(2)])),
        "fail",
        "IP {ip2} is on {ns}/a and {ns}/b",
        ("E8",),
    ),
    "another hardware address": Case(
        "mac_equals_nic",
        another_mac,
        "fail",
        "net1 MAC 42:01:0a:00:01:01 differs from eth1's (macvlan or wrong master?)",
    ),
    "no master": Case("node_has_master", no_master, "fail", "node {node1} has no eth1 (pool multinet)"),
    "in another block": Case(
        "alias_block",
        foreign_block,
        "pass",
        "IP {ip1} lies in the alias block of node {node2}, pod runs on {node1}",
        ("D23",),
    ),
    "lost node": Case("node_ready", lost_node, "fail", "node {node1} is not Ready, so nothing was sent"),
    "bad annotation": Case(
        "annotation_valid", another_pod("my_nad"), "fail", "its annotation k8s.v1.cni.cncf.io/networks cannot be used"
    ),
    "no such attachment": Case(
        "annotation_valid", another_pod("gone"), "fail", "asks for {ns}/gone, and there is no such", ("E7",)
    ),
    "out of reach": Case(
        "isolation",
        another_pod("kube-system/net"),
        "fail",
        "annotation refers to namespace kube-system, isolation allows [default, {ns}]",
        ("E12", "D3"),
    ),
    "GKE's own interfaces": Case(
        "gke_native_conflict",
        lambda town: town.annotate("pod", "a", **{"networking.gke.io__interfaces": "[]"}),
        "fail",
        "has networking.gke.io/interfaces together with Multus' annotation",
        ("D24",),
    ),
    "misplaced": Case(
        "misplaced",
        another_pod(pool="default-pool"),
        "fail",
        "asks for {ns}/net on node {other} of pool default-pool; only multinet carry its network",
        ("D22", "D13"),
    ),
    "hostPort": Case(
        "hostport",
        another_pod(ports=[{"containerPort": 80, "hostPort": 8080}]),
        "warn",
        "hostPort 8080 probably refuses connections on node {node1}",
        ("D25",),
    ),
    "typing error": Case(
        "nad_valid", typing_error, "fail", 'unknown ipam key "rangeStart" (did you mean "range_start"?)', ("E7",)
    ),
    "full pool": Case("capacity", full, "fail", "6 of 6 addresses are used (100.0 %)", ("E16",)),
    "unparsable pool": Case("unparsable_pools", unparsable, "fail", 'range "nonsense"', ("E9",)),
    "orphan": Case("orphans", leak, "warn", "addresses that nobody has any more: {ip3}", ("E2",)),
    "killed for want of memory": Case(
        "components",
        of_multus(lastState=OOM, restartCount=4),
        "fail",
        "was killed for want of memory (its limit is 50Mi)",
        ("E4", "D15"),
    ),
    "crash loop": Case(
        "gc_recent", of_multus(state=CRASH, ready=False), "fail", "does not run: CrashLoopBackOff", ("E9",)
    ),
    "old token": Case(
        "token_age",
        of_multus(days=400),
        "fail",
        "was written 400 d ago; it expires a year after that at the latest",
        ("E3", "D9"),
    ),
    "image of another layout": Case(
        "image_pair",
        image("install-binary", "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.1"),
        "fail",
        "layout gke needs images with /gkecmd (gcr.io/gke-release/multus-cni); got ghcr.io",
        ("D21",),
    ),
    "later definitions": Case(
        "crd_schema",
        later_definition,
        "fail",
        "whereabouts 0.7.0 runs with the definitions of 0.8.0 or later",
        ("E6", "D11"),
    ),
    "too few": Case("expect", lambda town: None, "fail", "3 pods were expected to have", (), DUE),
    "another first address": Case(
        "inside",
        lambda town: (
            town.network_status(json.dumps([{"name": "g", "ips": ["10.8.0.5"], "default": True}, town.entry(1)])),
            town.says("a", podIP="10.8.0.7", podIPs=[{"ip": "10.8.0.7"}]),
        ),
        "warn",
        "its first address is 10.8.0.7, not 10.8.0.5 as its network-status says",
        ("E5",),
    ),
}


def _params() -> Iterator[Any]:
    for name, case in CASES.items():
        yield pytest.param(case, id=name, marks=[pytest.mark.shows(*case.shows)] if case.shows else [])


@pytest.mark.sample(8)
@pytest.mark.parametrize("case", list(_params()))
def test_a_check_passes_and_then_finds_what_was_broken(town: Town, case: Case) -> None:
    before = [] if case.options else town.verify(case.check)
    wrong = [entry for entry in before if entry["status"] in ("fail", "warn")]
    assert not wrong, wrong
    first, second = town.nodes("multinet")
    (other,) = town.nodes("default-pool")
    says = case.says.format(
        ns=town.namespace,
        range=town.range,
        ip1=town.ip(1),
        ip2=town.ip(2),
        ip3=town.ip(3),
        pool=town.pool,
        node1=first,
        node2=second,
        other=other,
    )
    options = json.loads(json.dumps(case.options or {}).replace("NS/", f"{town.namespace}/"))
    broken = case.break_it(town)
    restores = hasattr(broken, "__next__")
    if restores:
        next(broken)
    try:
        after = town.verify(case.check, **options)
    finally:
        if restores:
            next(broken, None)
    found = [entry for entry in after if says in entry["msg"] and entry["status"] == case.status]
    assert found, after
    assert all(entry["remedy"] for entry in found)
