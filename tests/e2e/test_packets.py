# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What packets find on real nodes that no API tells, and what puts it right."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from cluster import EDGE, Cluster

pytestmark = pytest.mark.full

NETWORKS = "k8s.v1.cni.cncf.io/networks"
POOL = {"cloud.google.com/gke-nodepool": "multinet"}
BUSYBOX = "docker.io/library/busybox:1.37"
MULTUS = ("-n", "kube-system", "daemonset/gke-multinet")
VPC = "my-vpc"
RULE = "my-subnet-allow-multinet"
HOST_PORT = 30999


def pod(name: str, attachment: str = "default/my-nad", **spec: Any) -> dict[str, Any]:
    """Return a pod that does nothing."""
    container = {"name": "main", "image": BUSYBOX, "command": ["sleep", "100000"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": {NETWORKS: attachment}},
        "spec": {"terminationGracePeriodSeconds": 1, "nodeSelector": POOL, "containers": [container], **spec},
    }


def daemonset(name: str) -> dict[str, Any]:
    """Return a DaemonSet with such a pod on each node of the pool."""
    one, labels = pod(name), {"app": name}
    template = {"metadata": {"labels": labels, "annotations": one["metadata"]["annotations"]}, "spec": one["spec"]}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name}, "spec": spec}


class Packets:
    """A namespace of the site, and verifications of what runs in it."""

    def __init__(self, site: Cluster) -> None:
        self.site = site
        self.nodes = sorted(
            node["metadata"]["name"] for node in self.list("nodes", "-l", "cloud.google.com/gke-nodepool=multinet")
        )

    def list(self, *args: str) -> Any:
        return self.site.get(*args)["items"]

    def make(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            document["metadata"]["namespace"] = self.site.namespace
        self.site.apply(*documents)

    def await_pods(self, *names: str) -> None:
        wanted = [f"pod/{name}" for name in names]
        self.kubectl("wait", "--for=condition=Ready", "--timeout=600s", *wanted)

    def kubectl(self, *args: str) -> str:
        return self.site.kubectl("-n", self.site.namespace, *args)

    def probes(self) -> set[str]:
        """Return the pods of verifications that are not being deleted."""
        found = self.list("pods", "-A", "-l", "multinet.gke/run")
        return {each["metadata"]["name"] for each in found if "deletionTimestamp" not in each["metadata"]}

    def verify(self, **options: Any) -> dict[str, Any]:
        """Return what packets show, whatever it is."""
        attachment = {"name": "my-nad", "node_pools": ["multinet"], "firewall_rule": RULE}
        given = {
            "attachments": [attachment],
            "namespaces": [self.site.namespace],
            "checks": ["connectivity"],
            "count": 1,
            "fail_on": "never",
            **options,
        }
        before = self.probes()
        result = self.site.module("multinet_verify", **given)
        assert not result.get("failed"), result["msg"]
        assert self.probes() <= before
        return result


@pytest.fixture
def packets(site: Cluster) -> Packets:
    return Packets(site)


def found(result: dict[str, Any], check: str, status: str = "fail") -> dict[str, Any]:
    """Return the only result of a check with a status."""
    (entry,) = (each for each in result["results"] if (each["check"], each["status"]) == (check, status))
    return dict(entry)


@pytest.fixture
def network(site: Cluster) -> Iterator[Callable[..., str]]:
    """A way to change the VPC's fabric; it is put back."""
    yield lambda *options: site.lab.gkelab("network", VPC, *options)
    site.lab.gkelab("network", VPC, "--mode", "flat", "--mtu", "1460")


@pytest.mark.sample(2, "long stories")
def test_a_network_that_carries_less_is_measured(packets: Packets, network: Callable[..., str]) -> None:
    """The nodes' interfaces have 1460 bytes; what the VPC carries shows only in packets that may not be divided."""
    network("--mtu", "1300")
    result = packets.verify(payload=1432)
    assert [path["payload"] for path in result["matrix"]] == [1272, 1272]
    entry = found(result, "mtu")
    assert entry["data"] == {"mtu": 1300, "wanted": 1460}
    assert (
        "packets of 1460 bytes (a payload of 1432) do not arrive undivided, the largest that do have 1300"
        in entry["msg"]
    )
    assert "an MTU of 1300 (nad, mtu)" in entry["remedy"]
    assert found(result, "ping", "pass")
    network("--mtu", "1460")
    assert found(packets.verify(payload=1432), "mtu", "pass")["msg"].endswith("arrive undivided on all 2 paths")


def test_where_only_restricted_pods_may_run_tcp_takes_the_place_of_pings(packets: Packets) -> None:
    packets.site.kubectl("label", "namespace", packets.site.namespace, "pod-security.kubernetes.io/enforce=restricted")
    place = {"probe_namespace": packets.site.namespace}
    result = packets.verify(**place)
    assert "TCP connections took the place of pings" in found(result, "probe", "skip")["msg"]
    assert [path["ok"] for path in result["matrix"]] == [True, True]
    refused = packets.verify(protocol="icmp", **place)
    assert refused["matrix"] == []
    assert ['violates PodSecurity "restricted' in each["msg"] for each in refused["results"]] == [True, True]


@pytest.mark.sample(2, "long stories")
def test_pods_have_to_listen_if_a_port_is_asked_for(packets: Packets) -> None:
    server = pod("server")
    server["spec"]["containers"][0]["command"] = ["nc", "-ll", "-p", "8080", "-e", "true"]
    packets.make(server, pod("mute"))
    packets.await_pods("server", "mute")
    result = packets.verify(protocol="tcp", port=8080)
    assert all(path["ok"] for path in result["matrix"])
    entry = found(result, "tcp")
    assert entry["subject"] == f"{packets.site.namespace}/mute"
    assert "refuses connections to TCP port 8080" in entry["msg"]
    assert not [each for each in packets.verify(protocol="tcp")["results"] if each["status"] == "fail"]


@pytest.mark.shows("E1")
@pytest.mark.sample(2, "long stories")
def test_a_network_that_goes_by_alias_blocks_is_told_and_attachments_by_block_help(
    packets: Packets, network: Callable[..., str]
) -> None:
    network("--mode", "strict")
    first, second = packets.nodes
    info = packets.site.modules.run(
        "gke_multinet_nodepool_info",
        {**{key: EDGE[key] for key in ("project", "location")}, "cluster": EDGE["name"], "alias_blocks": True},
        packets.site.lab.environment,
        check=False,
    )
    blocks = {
        node["name"]: block["cidr"]
        for pool in info["node_pools"]
        for node in pool["nodes"]
        for interface in node["interfaces"]
        if interface["name"] == "eth1"
        for block in interface["alias_blocks"]
    }
    owner = next(node for node, cidr in blocks.items() if cidr.startswith("172.16.1.0/"))
    other = second if owner == first else first
    result = packets.verify()
    entry = found(result, "alias_block")
    assert entry["msg"].startswith("2 of 2 paths between nodes do not answer")
    assert re.search(
        rf"IP 172\.16\.1\.\d+ lies in the alias block of node {owner}, pod .* runs on {other}", entry["msg"]
    )
    assert {each["owner"] for each in entry["data"]["addresses"]} == {owner}
    # The example of docs/verify.md: one attachment for each node, with the addresses of its block.
    names = {}
    for number, (node, cidr) in enumerate(sorted(blocks.items())):
        base, size = cidr.split("/")[0].rsplit(".", 1), 2 ** (32 - int(cidr.split("/")[1]))
        start, end = (f"{base[0]}.{int(base[1]) + offset}" for offset in (1, size - 2))
        names[node] = f"block-{number}"
        made = packets.site.module(
            "nad",
            name=names[node],
            namespace=packets.site.namespace,
            master="eth1",
            range=f"{start}-{end}/24",
        )
        assert not made.get("failed"), made["msg"]
        attachment = f"{packets.site.namespace}/{names[node]}"
        packets.make(pod(f"on-{number}", attachment, nodeSelector={"kubernetes.io/hostname": node}))
    packets.await_pods("on-0", "on-1")
    attachments = [f"{packets.site.namespace}/{name}" for name in names.values()]
    result = packets.verify(attachments=attachments)
    crossing = [path for path in result["matrix"] if path["path"] == "cross_node"]
    assert len(crossing) == 4
    assert all(path["ok"] for path in crossing), result["table"]


@pytest.mark.shows("E5", "D22")
@pytest.mark.sample(2, "long stories")
def test_a_lost_node_and_what_comes_back_with_it(packets: Packets, tmp_path: pathlib.Path) -> None:
    """One pod survives without its interface, and the API hides it; another is new, and has no status either."""
    lost = packets.nodes[1]
    on_lost = {"nodeSelector": {"kubernetes.io/hostname": lost}, "tolerations": [{"operator": "Exists"}]}
    packets.make(pod("survivor", **on_lost), daemonset("everywhere"))
    packets.await_pods("survivor")
    packets.kubectl("rollout", "status", "daemonset/everywhere", "--timeout=600s")
    doomed = next(
        each
        for each in packets.list("pods", "-n", packets.site.namespace)
        if each["spec"]["nodeName"] == lost and each["metadata"]["name"] != "survivor"
    )
    packets.site.lab.gkelab("kill-node", lost)
    packets.kubectl("delete", "pod", doomed["metadata"]["name"], "--force")
    packets.site.kubectl("wait", f"node/{lost}", "--for=condition=Ready=Unknown", "--timeout=600s")
    result = packets.verify(checks=["connectivity", "node_ready"])
    assert {path["to_node"] for path in result["matrix"]} == {packets.nodes[0]}
    (gone,) = (each for each in result["results"] if each["check"] == "node_ready" and each["status"] == "fail")
    assert lost in gone["msg"]
    assert f"{packets.site.namespace}/survivor" in gone["msg"]

    packets.site.lab.gkelab("start-node", lost)
    packets.kubectl("wait", "pod/survivor", "--for=condition=Ready", "--timeout=600s")
    packets.kubectl("rollout", "status", "daemonset/everywhere", "--timeout=600s")
    packets.site.kubectl("rollout", "status", *MULTUS, "--timeout=600s")
    report = tmp_path / "junit.xml"
    result = packets.verify(checks=["connectivity", "network_status"], junit_path=str(report))
    silent = found(result, "ping")
    assert silent["subject"] == f"{packets.site.namespace}/survivor"
    assert "does not answer anybody" in silent["msg"]
    bare = found(result, "network_status")
    assert "has annotation but no network-status" in bare["msg"]
    cases = ElementTree.parse(report).getroot().findall("testsuite/testcase[failure]")
    assert sorted(case.get("name", "") for case in cases) == sorted([silent["subject"], bare["subject"]])

    asked = {"checks": ["network_status"], "repair": ["restart_pods_without_status"]}
    announced = packets.site.module("multinet_verify", check=True, namespaces=[packets.site.namespace], **asked)
    repaired = packets.verify(**asked)
    assert repaired["changed"]
    assert repaired["actions"] == announced["actions"]
    assert [bare["subject"] in action for action in repaired["actions"]] == [True]
    assert repaired["ok"], repaired["results"]
    packets.kubectl("delete", "pod", "survivor")
    packets.make(pod("survivor", **on_lost))
    packets.await_pods("survivor")
    result = packets.verify(checks=["connectivity", "network_status"])
    assert result["ok"], result["results"]
    assert result["changed"] is False


@pytest.mark.shows("D25")
@pytest.mark.sample(2, "long stories")
def test_host_ports_work_only_if_multus_passes_them_on(packets: Packets) -> None:
    ask = {"hostport": HOST_PORT, "connectivity": "none"}
    entry = found(packets.verify(**ask), "hostport")
    assert entry["data"] == {"port": HOST_PORT, "nodes": packets.nodes}
    assert "the port is not mapped to the pod" in entry["msg"]
    try:
        changed = packets.site.module("multus_install", config={"capabilities": {"portMappings": True}})
        assert changed["changed"], changed
        assert found(packets.verify(**ask), "hostport", "pass")["msg"] == "it leads to its pod on each of 2 nodes"
    finally:
        packets.site.module("multus_install", config={"capabilities": {}})
        packets.site.kubectl("rollout", "status", *MULTUS, "--timeout=600s")


def test_a_wrong_master_is_told_in_multus_own_words(packets: Packets) -> None:
    made = packets.site.module(
        "nad", name="wrong", namespace=packets.site.namespace, master="eth7", range="172.16.8.0/24"
    )
    assert not made.get("failed"), made["msg"]
    attachment = {"name": "wrong", "namespace": packets.site.namespace, "node_pools": ["multinet"]}
    words = 'failed to lookup master "eth7"'
    for _attempt in range(20):  # where much is going on, nodes have other troubles first and tell of those
        result = packets.verify(attachments=[attachment], wait_timeout=20)
        failures = [each["msg"] for each in result["results"] if each["check"] == "probe"]
        assert len(failures) == 2
        if all(words in each for each in failures):
            break
    assert all(words in each for each in failures), failures


def test_without_the_right_to_exec_no_packets_are_sent_and_the_rest_is_looked_at(packets: Packets) -> None:
    namespace = packets.site.namespace
    rules = [
        {"apiGroups": [""], "resources": ["nodes", "pods", "events"], "verbs": ["list", "get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete"]},
        {"apiGroups": ["k8s.cni.cncf.io"], "resources": ["network-attachment-definitions"], "verbs": ["list"]},
        {"apiGroups": ["whereabouts.cni.cncf.io"], "resources": ["ippools"], "verbs": ["list"]},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    who = {"kind": "ServiceAccount", "name": "auditor", "namespace": namespace}
    rbac = "rbac.authorization.k8s.io/v1"
    packets.make({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "auditor"}})
    packets.site.apply(
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": namespace}, "rules": rules},
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": namespace},
            "roleRef": role,
            "subjects": [who],
        },
    )
    try:
        options = as_account(packets.site, "auditor")
        result = packets.verify(**options, checks=["connectivity", "network_status"])
        assert result["matrix"] == []
        assert result["ok"]
        entry = found(result, "ping", "warn")
        assert "there is no right to run commands in pods (pods/exec)" in entry["msg"]
        assert "create pods/exec" in entry["data"]["rights"]
        assert found(result, "network_status", "pass")
        packets.site.kubectl(
            "patch", "clusterrole", namespace, "--type=json", "-p", '[{"op": "remove", "path": "/rules/1"}]'
        )
        entry = found(packets.verify(**options), "ping", "warn")
        assert "there is no right to create pods" in entry["msg"]
    finally:
        packets.site.kubectl("delete", "clusterrole,clusterrolebinding", namespace)


def as_account(site: Cluster, name: str) -> dict[str, Any]:
    """Return the options with which a module is a service account of the test's namespace."""
    config = json.loads(site.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    cluster = config["clusters"][0]["cluster"]
    token = site.kubectl("-n", site.namespace, "create", "token", name).strip()
    return {
        "gke_cluster": None,
        "host": cluster["server"],
        "api_key": token,
        "kubeconfig": None,
        "validate_certs": False,
    }
