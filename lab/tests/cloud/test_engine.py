# SPDX-License-Identifier: Apache-2.0
"""What the cloud asks of the machines: addresses, blocks, names, order, and again after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from ipaddress import IPv4Network

import pytest

from gkelab.cloud.container.addresses import block_prefix, free_address, free_block
from gkelab.engine import ApiEngine, ClusterSpec, Endpoint, EngineError, FirewallRule, NodeSpec

from .conftest import COMPUTE, CONTAINER, Lab, P
from .test_container import CLUSTER, POOL, SUBNETWORKS, ZONE, cluster, pool, with_vpc


class Recording(ApiEngine):
    """Remembers what it was asked, and the machines that should run."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.clusters: dict[str, ClusterSpec] = {}
        self.nodes: dict[str, NodeSpec] = {}
        self.networks: dict[str, Sequence[FirewallRule]] = {}
        self.hold = threading.Event()
        self.hold.set()

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        self.calls.append(f"start_cluster {cluster.key}")
        self.clusters[cluster.key] = cluster
        return Endpoint("127.0.0.1:6443", "PEM")

    def stop_cluster(self, key: str) -> None:
        self.calls.append(f"stop_cluster {key}")
        del self.clusters[key]
        self.nodes = {name: node for name, node in self.nodes.items() if node.cluster != key}

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        assert self.hold.wait(10)
        for node in nodes:
            assert {nic.network for nic in node.nics} <= self.networks.keys()
            self.nodes[node.name] = node
        self.calls.append(f"start_nodes {len(nodes)}")

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        self.calls.append(f"stop_nodes {cluster} {len(names)}")
        for name in names:
            self.nodes.pop(name, None)

    def relabel_nodes(
        self, nodes: Sequence[NodeSpec], labels: Collection[str], taints: Collection[tuple[str, str, str]]
    ) -> None:
        self.calls.append(f"relabel_nodes {len(nodes)}, without {sorted(labels)} {sorted(taints)}")
        self.nodes.update({node.name: node for node in nodes})

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        self.networks[network] = tuple(rules)

    def remove_network(self, network: str) -> None:
        if any(nic.network == network for node in self.nodes.values() for nic in node.nics):
            raise EngineError(f"{network} is in use")
        self.calls.append(f"remove_network {network}")
        del self.networks[network]


@pytest.fixture
def engine() -> Recording:
    return Recording()


@pytest.fixture
def edge(make_lab, engine: Recording) -> Lab:
    lab = with_vpc(make_lab(engine))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    return lab


def of_pool(engine: Recording, name: str) -> list[NodeSpec]:
    return [node for node in engine.nodes.values() if node.pool == name]


def test_the_arithmetic_of_blocks() -> None:
    table = {8: 28, 9: 27, 16: 27, 17: 26, 30: 26, 32: 26, 33: 25, 64: 25, 65: 24, 110: 24, 128: 24, 129: 23, 256: 23}
    assert {pods: block_prefix(pods) for pods in table} == table
    assert free_address("10.0.0.0/29", {"10.0.0.2", "10.0.0.4"}) == "10.0.0.3"
    assert free_address("10.0.0.0/29", {f"10.0.0.{n}" for n in range(2, 6)}) is None
    assert free_block("172.16.0.0/27", 28, ["172.16.0.0/28"]) == "172.16.0.16/28"
    assert free_block("172.16.0.0/27", 28, ["172.16.0.0/27"]) is None


def test_a_cluster_and_its_first_nodes(edge: Lab, engine: Recording) -> None:
    key = f"{P}/us-central1-c/edge"
    spec = engine.clusters[key]
    assert spec.network == f"{P}/default"
    assert (spec.subnetwork_cidr, spec.control_plane_address) == ("10.128.0.0/20", "10.128.0.2")
    assert spec.services_cidr == "34.118.224.0/20"
    assert engine.calls == [f"start_cluster {key}", "start_nodes 1"]
    (node,) = engine.nodes.values()
    assert node.nics[0].address == "10.128.0.3"
    assert node.nics[0].prefix_length == 20
    assert node.nics[0].alias_ranges == (node.pod_cidr,)
    assert IPv4Network(node.pod_cidr).subnet_of(IPv4Network(spec.pods_cidr))
    assert (node.cluster, node.pool, node.zone, node.max_pods) == (key, "default-pool", "us-central1-c", 110)
    assert node.provider_id == f"gce://{P}/us-central1-c/{node.name}"
    body = edge.get(CLUSTER)
    assert body["endpoint"] == "127.0.0.1:6443"
    assert body["masterAuth"]["clusterCaCertificate"] == "UEVN"


def test_the_nodes_of_a_multinet_pool(edge: Lab, engine: Recording) -> None:
    taint = {"key": "k", "value": "v", "effect": "NO_SCHEDULE"}
    config = {"machineType": "e2-standard-4", "labels": {"a": "b"}, "taints": [taint]}
    edge.done("POST", f"{CLUSTER}/nodePools", pool(config=config))
    first, second = of_pool(engine, "multinet")
    assert [nic.network for nic in first.nics] == [f"{P}/default", f"{P}/vpc"]
    assert [node.nics[1].address for node in (first, second)] == ["10.0.1.2", "10.0.1.3"]
    assert [node.nics[1].alias_ranges for node in (first, second)] == [("172.16.1.0/28",), ("172.16.1.16/28",)]
    assert first.nics[1].prefix_length == 24
    assert first.taints == [("k", "v", "NoSchedule")]
    wanted = {
        "a": "b",
        "cloud.google.com/gke-nodepool": "multinet",
        "cloud.google.com/machine-family": "e2",
        "kubernetes.io/hostname": first.name,
        "node.kubernetes.io/instance-type": "e2-standard-4",
        "topology.kubernetes.io/region": "us-central1",
        "topology.kubernetes.io/zone": "us-central1-c",
    }
    assert wanted.items() <= first.labels.items()
    prefix, _, suffix = first.name.rpartition("-")
    assert prefix == second.name.rpartition("-")[0]
    assert prefix.startswith("gke-edge-multinet-")
    assert (len(prefix.rpartition("-")[2]), len(suffix)) == (8, 4)


def test_blocks_of_nodes_that_go_are_given_again(edge: Lab, engine: Recording) -> None:
    edge.done("POST", f"{CLUSTER}/nodePools", pool())
    before = {node.name for node in of_pool(engine, "multinet")}
    edge.done("POST", f"{CLUSTER}/nodePools/multinet:setSize", {"nodeCount": 1})
    edge.done("POST", f"{CLUSTER}/nodePools", pool(name="other", initialNodeCount=1))
    (other,) = of_pool(engine, "other")
    assert other.nics[1].alias_ranges == ("172.16.1.16/28",)
    edge.done("POST", f"{CLUSTER}/nodePools/multinet:setSize", {"nodeCount": 3})
    nodes = of_pool(engine, "multinet")
    assert [node.nics[1].alias_ranges[0] for node in nodes] == ["172.16.1.0/28", "172.16.1.32/28", "172.16.1.48/28"]
    assert len({nic.address for node in engine.nodes.values() for nic in node.nics}) == 3 + 1 + 3 + 1 + 1
    assert nodes[0].name in before
    assert not before & {node.name for node in nodes[1:]}
    edge.done("DELETE", f"{CLUSTER}/nodePools/multinet")
    edge.done("POST", f"{CLUSTER}/nodePools", pool())
    assert not {node.name for node in nodes} & {node.name for node in of_pool(engine, "multinet")}


def test_a_regional_cluster_counts_per_zone(make_lab, engine: Recording) -> None:
    lab = with_vpc(make_lab(engine))
    region = f"{CONTAINER}/us-central1"
    lab.done("POST", f"{region}/clusters", cluster())
    assert sorted(node.zone for node in engine.nodes.values()) == [f"us-central1-{zone}" for zone in "abc"]
    zones = ["us-central1-a", "us-central1-b"]
    lab.done("POST", f"{region}/clusters/edge/nodePools", pool(locations=zones))
    assert sorted(node.zone for node in of_pool(engine, "multinet")) == sorted(zones * 2)
    assert len({node.name.rpartition("-")[0] for node in of_pool(engine, "multinet")}) == 2
    body = lab.get(f"{region}/clusters/edge")
    assert (body["currentNodeCount"], body["nodePools"][1]["initialNodeCount"]) == (7, 2)
    assert body["selfLink"].endswith(f"projects/{P}/locations/us-central1/clusters/edge")
    lab.done("PUT", f"{region}/clusters/edge/nodePools/multinet", {"locations": ["us-central1-b", "us-central1-c"]})
    assert sorted(node.zone for node in of_pool(engine, "multinet")) == ["us-central1-b"] * 2 + ["us-central1-c"] * 2


def test_a_named_pods_range_is_shared_out(make_lab, engine: Recording) -> None:
    lab = make_lab(engine)
    lab.done("POST", f"{COMPUTE}/global/networks", {"name": "own", "autoCreateSubnetworks": False})
    ranges = [{"rangeName": "p", "ipCidrRange": "10.4.0.0/22"}, {"rangeName": "s", "ipCidrRange": "10.8.0.0/24"}]
    body = {"name": "own", "network": "own", "ipCidrRange": "10.0.0.0/28", "secondaryIpRanges": ranges}
    lab.done("POST", SUBNETWORKS, body)
    policy = {"clusterSecondaryRangeName": "p", "servicesSecondaryRangeName": "s"}
    asked = cluster(network="own", subnetwork="own", ipAllocationPolicy=policy)
    lab.done("POST", f"{ZONE}/clusters", asked)
    (spec,) = engine.clusters.values()
    assert (spec.pods_cidr, spec.services_cidr) == ("10.4.0.0/22", "10.8.0.0/24")
    assert lab.get(f"{SUBNETWORKS}/own")["secondaryIpRanges"] == ranges
    asked = {"nodePool": {"name": "n", "initialNodeCount": 4}}
    operation = lab.done("POST", f"{ZONE}/clusters/edge/nodePools", asked)
    space = f"projects/{P}/regions/us-central1/subnetworks/own-p-"
    assert operation["error"]["code"] == 8
    assert f"creation failed: IP space of '{space}" in operation["error"]["message"]
    assert operation["nodepoolConditions"][0]["canonicalCode"] == "RESOURCE_EXHAUSTED"
    assert len([node for node in engine.nodes.values() if node.pool == "n"]) == 3
    assert lab.get(f"{ZONE}/clusters/edge/nodePools/n")["status"] == "ERROR"


def test_a_full_subnetwork_fails_in_the_operation(make_lab, engine: Recording) -> None:
    lab = make_lab(engine)
    lab.done("POST", f"{COMPUTE}/global/networks", {"name": "own", "autoCreateSubnetworks": False})
    lab.done("POST", SUBNETWORKS, {"name": "own", "network": "own", "ipCidrRange": "10.0.0.0/29"})
    asked = cluster(network="own", subnetwork="own", initialNodeCount=4)
    failed = lab.done("POST", f"{ZONE}/clusters", asked)
    assert failed["error"]["code"] == 8
    path = f"projects/{P}/regions/us-central1/subnetworks/own"
    assert f"IP space of '{path}' is exhausted." in failed["statusMessage"]
    assert len(engine.nodes) == 3
    lab.done("DELETE", CLUSTER)
    assert not engine.nodes


def test_firewall_rules_reach_the_network(edge: Lab, engine: Recording) -> None:
    assert engine.networks[f"{P}/vpc"] == ()
    rule = {
        "name": "sub-allow-multinet",
        "network": "vpc",
        "sourceRanges": ["10.0.1.0/24", "172.16.1.0/24"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}, {"IPProtocol": "icmp"}],
    }
    edge.done("POST", f"{COMPUTE}/global/firewalls", rule)
    sources = ("10.0.1.0/24", "172.16.1.0/24")
    applied = FirewallRule("sub-allow-multinet", sources, (("tcp", ("80",)), ("icmp", ())))
    assert engine.networks[f"{P}/vpc"] == (applied,)
    tagged = rule | {"name": "tagged", "targetTags": ["nobody"]}
    edge.done("POST", f"{COMPUTE}/global/firewalls", tagged)
    edge.done("POST", f"{COMPUTE}/global/firewalls", rule | {"name": "out", "direction": "EGRESS", "sourceRanges": []})
    assert engine.networks[f"{P}/vpc"] == (applied,)
    edge.done("PATCH", f"{COMPUTE}/global/firewalls/sub-allow-multinet", {"disabled": True})
    assert engine.networks[f"{P}/vpc"] == ()
    names = {item.name.rpartition("-")[2] for item in engine.networks[f"{P}/default"]}
    assert {"internal", "all", "vms", "exkubelet"} <= names


def test_what_the_network_refuses_leaves_the_rule_as_it_was(
    edge: Lab, engine: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{COMPUTE}/global/firewalls"
    allowed = [{"IPProtocol": "icmp"}]
    edge.done("POST", path, {"name": "six", "network": "vpc", "sourceRanges": ["2001:db8::/32"], "allowed": allowed})
    assert engine.networks[f"{P}/vpc"] == ()
    rule = {"name": "rule", "network": "vpc", "sourceRanges": ["10.0.0.0/8", "::/0"], "allowed": allowed}
    edge.done("POST", path, rule)
    assert [item.sources for item in engine.networks[f"{P}/vpc"]] == [("10.0.0.0/8",)]
    before = edge.get(f"{path}/rule")

    def refuse(network: str, rules: Sequence[FirewallRule]) -> None:
        raise EngineError("no")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "set_network", refuse)
        assert "error" in edge.done("PATCH", f"{path}/rule", {"sourceRanges": ["10.1.0.0/16"]})
        assert "error" in edge.done("DELETE", f"{path}/rule")
        assert edge.get(f"{path}/rule") == before
        assert "error" in edge.done("POST", path, rule | {"name": "new"})
        assert edge.ask("GET", f"{path}/new")[0] == 404
    edge.done("DELETE", f"{path}/rule")
    assert engine.networks[f"{P}/vpc"] == ()


def test_an_operation_ends_though_nothing_can_be_saved(edge: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError("no space left on device")

    running = edge.started("POST", f"{CLUSTER}/nodePools/default-pool:setSize", {"nodeCount": 2})
    monkeypatch.setattr(edge.app.cloud.operations, "_save", full)
    edge.finished(running)
    operation = edge.started("POST", f"{CLUSTER}/nodePools/default-pool:setSize", {"nodeCount": 1})
    assert edge.finished(operation)["status"] == "DONE"
    monkeypatch.undo()
    edge.done("DELETE", CLUSTER)


def test_labels_and_taints_are_given_to_running_nodes(edge: Lab, engine: Recording) -> None:
    taints = [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]
    edge.done("POST", f"{CLUSTER}/nodePools", pool(config=POOL["config"] | {"labels": {"a": "1"}, "taints": taints}))
    path = f"{CLUSTER}/nodePools/multinet"
    engine.calls.clear()
    edge.done("PUT", path, {"labels": {"labels": {"b": "2"}}, "taints": {}})
    assert engine.calls == ["start_nodes 2", "relabel_nodes 2, without ['a'] [('k', 'v', 'NoSchedule')]"]
    assert all(node.labels["b"] == "2" and "a" not in node.labels for node in of_pool(engine, "multinet"))
    engine.calls.clear()
    edge.done("PUT", path, {"imageType": "UBUNTU_CONTAINERD"})
    assert [call.split()[0] for call in engine.calls] == ["stop_nodes", "start_nodes"]


def test_everything_is_taken_down(edge: Lab, engine: Recording) -> None:
    edge.done("POST", f"{CLUSTER}/nodePools", pool())
    edge.done("DELETE", CLUSTER)
    assert (engine.nodes, engine.clusters) == ({}, {})
    edge.done("DELETE", f"{SUBNETWORKS}/sub")
    edge.done("DELETE", f"{COMPUTE}/global/networks/vpc")
    assert engine.calls[-1] == f"remove_network {P}/vpc"


def test_a_restart_goes_on_where_it_was(make_lab, engine: Recording) -> None:
    lab = with_vpc(make_lab(engine))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    before = lab.get(CLUSTER)
    engine.hold.clear()
    running = lab.started("POST", f"{CLUSTER}/nodePools", pool())
    time.sleep(0.1)
    blocks = [alias["block"] for alias in aliases(lab, "multinet")]
    engine.hold.set()
    after = Recording()
    lab = make_lab(after)
    assert after.calls[:2] == [f"start_cluster {P}/us-central1-c/edge", "start_nodes 1"]
    assert lab.finished(running)["status"] == "DONE"
    assert [node.nics[1].alias_ranges[0] for node in of_pool(after, "multinet")] == blocks
    body = lab.get(CLUSTER)
    assert body["status"] == "RUNNING"
    assert [body[key] for key in ("id", "endpoint", "masterAuth")] == [
        before[key] for key in ("id", "endpoint", "masterAuth")
    ]


class Failing(Recording):
    """Fails to start what ``broken`` names."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        if "cluster" in self.broken:
            raise EngineError("no API server")
        return super().start_cluster(cluster)

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        if any(node.pool in self.broken for node in nodes):
            raise EngineError("no kernel")
        super().start_nodes(nodes)


def test_a_lost_machine_keeps_nothing_else_from_running(make_lab) -> None:
    engine = Failing()
    lab = with_vpc(make_lab(engine))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    lab.done("POST", f"{CLUSTER}/nodePools", pool())
    engine.broken = {"multinet"}
    lab = make_lab(engine)
    body = lab.get(CLUSTER)
    assert [body["status"], *(item["status"] for item in body["nodePools"])] == ["RUNNING", "RUNNING", "ERROR"]
    assert body["nodePools"][1]["statusMessage"] == "no kernel"
    engine.broken = {"cluster"}
    lab = make_lab(engine)
    assert lab.get(CLUSTER)["status"] == "ERROR"
    status, answer = lab.ask("POST", "/lab/repair")
    assert (status, answer["error"]["message"]) == (500, "no API server")
    engine.broken = set()
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 1, "nodes": 3})
    body = lab.get(CLUSTER)
    assert {body["status"], *(item["status"] for item in body["nodePools"])} == {"RUNNING"}
    assert "statusMessage" not in body
    assert "statusMessage" not in body["nodePools"][1]
    lab.done("DELETE", CLUSTER)
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 0, "nodes": 0})


def aliases(lab: Lab, name: str) -> list[dict[str, str]]:
    found = lab.app.cloud.state.projects[P].clusters["us-central1-c/edge"].pools[name]
    return [vars(node.nics[1].aliases[0]) for node in found.nodes]


def test_a_delayed_operation_survives_a_restart(make_lab) -> None:
    lab = make_lab(time_factor=0.1)
    running = lab.started("POST", f"{COMPUTE}/global/networks", {"name": "vpc", "autoCreateSubnetworks": False})
    lab = make_lab(time_factor=0.1)
    again = lab.get(f"{COMPUTE}/global/operations/{running['name']}")
    assert again["status"] == "RUNNING"
    assert lab.finished(again)["insertTime"] == running["insertTime"]
    assert (lab.folder / "cloud.json").stat().st_mode & 0o777 == 0o600


def test_nics_in_the_order_of_the_request(edge: Lab, engine: Recording) -> None:
    networks = [{"network": "vpc2", "subnetwork": "sub2"}, *POOL["networkConfig"]["additionalNodeNetworkConfigs"]]
    pods = [
        {"subnetwork": name, "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": size}}
        for name, size in (("sub", 8), ("sub2", 32))
    ]
    config = {"additionalNodeNetworkConfigs": networks, "additionalPodNetworkConfigs": pods}
    edge.done("POST", f"{CLUSTER}/nodePools", pool(initialNodeCount=1, networkConfig=config))
    (node,) = of_pool(engine, "multinet")
    assert [nic.network for nic in node.nics] == [f"{P}/default", f"{P}/vpc2", f"{P}/vpc"]
    assert [nic.alias_ranges for nic in node.nics[1:]] == [("172.16.2.0/26",), ("172.16.1.0/28",)]
