# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of nodes: each with what passes and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from snapshots import NAD, answers, found, pod, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multusconf import MultusConfig
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.nodes import (
    cluster_network_file,
    config_first_file,
    hostport,
    ipvlan_binary,
    misplaced,
    node_has_master,
    node_ready,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.inspection import Inspection, Nic
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import Container, Installation
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Detail, Node

POOL = "cloud.google.com/gke-nodepool"
OURS = replace(NAD, target=Target("my-nad", "default", node_pools=("multinet",)))
CARRIER = Node("node-1", labels={POOL: "multinet"}, nics={"eth0": "10.128.0.2", "eth1": "10.0.1.2"})


def test_a_node_tells_its_interfaces_and_blocks() -> None:
    notes = {
        "networking.gke.io/nic-info": '[{"birthIP": "10.0.1.2", "pciAddress": "0000:00:05.0", "birthName": "eth1"}]',
        "networking.gke.io/networks": '[{"name": "blue", "cidrs": ["172.16.1.16/28"], "scope": "host-local"}]',
    }
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    node = Node.of({"metadata": {"name": "node-1", "annotations": notes}, "status": ready})
    assert node == Node("node-1", nics={"eth1": "10.0.1.2"}, alias_blocks=(IPNetwork("172.16.1.16/28"),))
    nonsense = dict.fromkeys(notes, "nonsense")
    assert Node.of({"metadata": {"name": "node-1", "annotations": nonsense}, "status": {}}) == Node(
        "node-1", ready=False
    )


def test_carriers() -> None:
    nodes = (
        Node("a", labels={POOL: "multinet"}),
        Node("b", labels={POOL: "other", "net": "yes"}),
        Node("c", labels={POOL: "default"}),
    )
    seen = snapshot(pod("p", "172.16.1.1", node="c"), nodes=nodes)
    assert [node.name for node in seen.carriers(OURS, {"net": "yes"})] == ["a", "c"]
    assert [node.name for node in seen.carriers(NAD, {"net": "yes"})] == ["b", "c"]
    assert [node.name for node in seen.carriers(NAD, {})] == ["c"]


def test_a_lost_node_is_named_with_its_pods() -> None:
    nodes = (replace(CARRIER, ready=False), Node("node-2", labels={POOL: "multinet"}, ready=False))
    seen = snapshot(pod("a", "172.16.1.1"), nodes=nodes, attachments=(OURS,))
    said = "node {} is not Ready, so nothing was sent to or from it (pods there: {})"
    assert found(node_ready(seen)) == [
        ("fail", "node-1", said.format("node-1", "default/a")),
        ("warn", "node-2", said.format("node-2", "none")),
    ]
    well = snapshot(nodes=(CARRIER,), attachments=(OURS,))
    assert answers(node_ready(well)) == [("pass", "all nodes", "1 nodes carry attachments, all are Ready")]


def test_node_has_master() -> None:
    bare = Node("node-2", labels={POOL: "default-pool"}, nics={"eth0": "10.128.0.3"})
    seen = snapshot(pod("a", "172.16.1.1"), pod("b", "172.16.1.2", node="node-2"), nodes=(CARRIER, bare))
    assert found(node_has_master(seen, NAD)) == [
        ("fail", "default/my-nad", "node node-2 has no eth1 (pool default-pool)")
    ]
    assert answers(node_has_master(snapshot(pod("a"), nodes=(CARRIER,)), NAD)) == [
        ("pass", "default/my-nad", "1 nodes have eth1")
    ]


def test_what_was_seen_on_a_node_counts_more_than_what_it_tells() -> None:
    seen = {"node-1": Inspection(interfaces={"eth0": Nic("42:01:0a:80:00:02", 1460)})}
    (finding,) = found(node_has_master(snapshot(pod("a"), nodes=(CARRIER,), inspections=seen), NAD))
    assert finding[2] == "node node-1 has no eth1 (pool multinet)"


def test_where_no_node_tells_its_interfaces_nobody_knows() -> None:
    (result,) = node_has_master(snapshot(pod("a")), NAD)
    assert (result.status, "inspect_nodes" in result.remedy) == ("skip", True)


def test_misplaced() -> None:
    nodes = (CARRIER, Node("node-2", labels={POOL: "default-pool"}))
    users = (pod("a", "172.16.1.1"), pod("b", node="node-2", interfaces=None, phase="Pending"))
    seen = snapshot(*users, nodes=nodes)
    assert found(misplaced(seen, OURS)) == [
        (
            "fail",
            "default/b",
            "asks for default/my-nad on node node-2 of pool default-pool; only multinet carry its network",
        )
    ]
    assert [result.status for result in misplaced(seen, NAD)] == ["skip"]


@pytest.mark.parametrize(
    ("capabilities", "node", "lost"),
    [(None, "node-1", True), ({"portMappings": True}, "node-1", False), (None, "node-2", False)],
)
def test_hostport(capabilities: dict[str, bool] | None, node: str, lost: bool) -> None:
    multus = (Container("kube-system/gke-multinet-x", "node-1", "whereabouts-gc", "i"),)
    installed = Installation(config=MultusConfig(capabilities=capabilities), containers=multus)
    seen = snapshot(
        pod("a", "172.16.1.1", node=node), installation=installed, details={"default/a": Detail(host_ports=(8080,))}
    )
    text = (
        "hostPort 8080 probably refuses connections on node node-1: Multus' configuration has no capability "
        "portMappings"
    )
    assert found(hostport(seen)) == ([("warn", "default/a", text)] if lost else [])


def test_ports_of_pods_on_the_nodes_own_network_are_not_mapped() -> None:
    spec = {"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80}]}]}
    own = {"metadata": {"name": "a", "namespace": "default"}, "spec": spec}
    assert Detail.of(own).host_ports == (80,)
    assert Detail.of({**own, "spec": {**spec, "hostNetwork": True}}).host_ports == ()


WELL = Inspection(
    all_files=("00-multus.conf", "10-gke-ptp.conflist"),
    multus_files=("00-multus.conf",),
    network_files=("10-gke-ptp.conflist",),
    binaries=("ipvlan", "multus", "whereabouts"),
)


@pytest.mark.parametrize(
    ("there", "status", "says"),
    [
        (WELL, "pass", "/etc/cni/net.d/00-multus.conf of Multus comes first"),
        (
            replace(WELL, all_files=("00-aaa.conf", "00-multus.conf")),
            "fail",
            "the first file in /etc/cni/net.d is 00-aaa.conf: Multus is not the CNI plugin of node node-1",
        ),
        (
            replace(WELL, all_files=("00-multus.conf.cilium_bak", "05-cilium.conflist"), multus_files=()),
            "fail",
            "the first file in /etc/cni/net.d is 05-cilium.conflist: Multus is not the CNI plugin of node node-1; "
            "Cilium has renamed 00-multus.conf.cilium_bak",
        ),
        (
            replace(WELL, all_files=("README",), multus_files=()),
            "fail",
            "there is no configuration in /etc/cni/net.d: Multus is not the CNI plugin of node node-1",
        ),
    ],
)
def test_config_first_file(there: Inspection, status: str, says: str) -> None:
    assert answers(config_first_file(snapshot(inspections={"node-1": there}))) == [(status, "node-1", says)]


def test_cluster_network_file() -> None:
    assert found(cluster_network_file(snapshot(inspections={"node-1": WELL}))) == []
    gone = replace(WELL, network_files=())
    (finding,) = found(cluster_network_file(snapshot(inspections={"node-1": gone})))
    assert finding[2].startswith("no file in /etc/cni/net.d holds gke-pod-network, the cluster's own network")


def test_ipvlan_binary() -> None:
    assert found(ipvlan_binary(snapshot(inspections={"node-1": WELL}))) == []
    gone = replace(WELL, binaries=("multus",))
    (finding,) = found(ipvlan_binary(snapshot(inspections={"node-1": gone})))
    assert finding[2] == "ipvlan, whereabouts is not in the directory of CNI plugins of node node-1"


def test_a_node_that_could_not_be_looked_at_is_not_judged() -> None:
    blind = {"node-1": Inspection(problem="its pod is Pending")}
    for check in (config_first_file, cluster_network_file, ipvlan_binary):
        assert list(check(snapshot(inspections=blind))) == []
