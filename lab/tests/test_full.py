# SPDX-License-Identifier: Apache-2.0
"""The engine full: real kernels, a real Multus, packets over net1. Without the cloud: the engine is asked directly."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gkelab.engine import ClusterSpec, FirewallRule, NodeSpec
from gkelab.lifecycle import Lifecycle
from gkelab.machines.cluster import Cluster, clusters
from gkelab.machines.engines import ControlPlaneEngine, FullEngine
from gkelab.output import Progress
from gkelab.processes import Processes
from gkelab.state import Lab, Settings
from gkelab.supplies import Supplies, cache_folder
from gkelab.waiting import wait_for

pytestmark = [pytest.mark.full, pytest.mark.sample(2, "long stories", by_file=True)]

DATA = Path(os.environ.get("MULTINET_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MANIFEST = DATA.parent / "reference" / "multus-manifest.yaml"
OPEN = FirewallRule("all", ("0.0.0.0/0",), (("all", ()),))
PODS = """\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: my-nad, namespace: default}
spec:
  config: >-
    {"cniVersion": "0.3.1", "name": "my-nad", "plugins": [{"type": "ipvlan", "master": "eth1", "mode": "l2",
    "ipam": {"type": "whereabouts", "range": "172.16.1.0/24"}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: sample, namespace: default}
spec:
  selector: {matchLabels: {app: sample}}
  template:
    metadata:
      labels: {app: sample}
      annotations: {k8s.v1.cni.cncf.io/networks: default/my-nad}
    spec:
      tolerations: [{operator: Exists}]
      containers: [{name: sample-container, image: nginx}]
"""


class Running:
    """A lab with one cluster, and kubectl for it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.engine = FullEngine(lab, Supplies(cache_folder(), print))

    def kubectl(self, *words: str, stdin: str = "", check: bool = True) -> str:
        done = subprocess.run(
            [str(self.lab.bin / "kubectl"), "--kubeconfig", str(self.lab.kubeconfig), *words],
            check=False,
            text=True,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0 or not check, done.stdout
        return done.stdout

    def cloud(self, method: str, path: str, body: object = None) -> Any:
        """Return what the Google APIs answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.lab.settings().port)
        headers = {"Authorization": f"Bearer {self.lab.token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        with connection.getresponse() as answer:
            assert answer.status == 200, answer.read()
            return json.loads(answer.read())

    def pods(self) -> dict[str, tuple[str, str]]:
        """Return the sample Pods by node: name and address on net1."""
        found = {}
        for pod in json.loads(self.kubectl("get", "pods", "-l", "app=sample", "-o", "json"))["items"]:
            status = json.loads(pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"])
            address = next(entry["ips"][0] for entry in status if entry.get("interface") == "net1")
            found[pod["spec"]["nodeName"]] = (pod["metadata"]["name"], address)
        return found

    def pings(self, pod: str, address: str) -> bool:
        """Tell whether a Pod reaches an address over net1."""
        words = ("exec", pod, "--", "ping", "-c", "2", "-w", "4", "-I", "net1", address)
        return " 0% packet loss" in self.kubectl(*words, check=False)


@pytest.fixture
def running(folder: Path, base_port: int) -> Iterator[Running]:
    lab = Lab(folder / "lab")
    lifecycle = Lifecycle(lab, Progress())
    try:
        lifecycle.up("full", base_port, 0.0)
        yield Running(lab)
    finally:
        lifecycle.down()
    assert not lab.folder.exists()
    assert Processes(lab.folder).strays() == []


@pytest.mark.skipif(not MANIFEST.exists(), reason="needs the guide's manifest beside $MULTINET_DATA")
def test_the_guides_data_path(
    running: Running, cluster_spec: ClusterSpec, node_spec: Callable[[int], NodeSpec]
) -> None:
    engine, kubectl = running.engine, running.kubectl
    nodes = [node_spec(1), node_spec(2)]
    engine.set_network("test-project/default", [OPEN])
    engine.set_network("test-project/my-vpc", [OPEN])
    endpoint = engine.start_cluster(cluster_spec)
    assert engine.start_cluster(cluster_spec) == endpoint
    engine.start_nodes(nodes[:1])
    engine.start_nodes(nodes)  # the second joins later

    described = json.loads(kubectl("get", "node", nodes[0].name, "-o", "json"))
    assert described["spec"]["podCIDR"] == nodes[0].pod_cidr
    assert described["spec"]["providerID"] == nodes[0].provider_id
    assert described["metadata"]["labels"].items() >= dict(nodes[0].labels).items()
    assert described["status"]["capacity"]["pods"] == "32"
    assert any(taint["key"] == "dedicated" for taint in described["spec"]["taints"])

    kubectl("apply", "-f", str(MANIFEST))
    kubectl("-n", "kube-system", "rollout", "status", "daemonset/gke-multinet", "--timeout=180s")
    kubectl("apply", "-f", "-", stdin=PODS)
    kubectl("rollout", "status", "daemonset/sample", "--timeout=120s")
    pods = running.pods()
    (one, address_of_one), (two, address_of_two) = pods[nodes[0].name], pods[nodes[1].name]
    assert address_of_one.startswith("172.16.1.")

    assert running.pings(one, address_of_two)
    assert running.pings(two, address_of_one)
    engine.set_network("test-project/my-vpc", [])
    assert not running.pings(one, address_of_two)
    reasons = {drop["reason"] for drop in engine.fabric.state()["test-project/my-vpc"]["drops"]}
    assert reasons == {"no firewall rule lets it in"}
    engine.set_network("test-project/my-vpc", [OPEN])
    assert running.pings(one, address_of_two)

    # eth0: Pods of different nodes reach each other, too; logs and port numbers pass the gateway
    podip = kubectl("get", "pod", two, "-o", "jsonpath={.status.podIP}")
    assert "Welcome" in kubectl("exec", one, "--", "wget", "-q", "-O", "-", f"http://{podip}")
    gc = ("-n", "kube-system", "logs", "daemonset/gke-multinet", "-c", "install-whereabouts")
    assert "installed whereabouts" in kubectl(*gc)

    lost = nodes[1].name
    engine.kill_node(lost)
    assert not running.pings(one, address_of_two)
    engine.start_nodes(nodes)
    assert "True" in kubectl("get", "node", lost, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}")
    # kubectl exec reaches it again; what the Pod has for net1 after such a return is the product's own trouble
    assert wait_for(lambda: "eth0" in kubectl("exec", two, "--", "ip", "addr", check=False), 60, 1)

    engine.stop_nodes(cluster_spec.key, [lost])
    engine.stop_nodes(cluster_spec.key, [lost])
    assert lost not in kubectl("get", "nodes", "-o", "name")
    assert engine.fabric.state()["test-project/my-vpc"]["ports"] == 1
    audited = Cluster(running.lab, cluster_spec.key).audit_log.read_text()
    assert '"userAgent":"kubectl/' in audited
    engine.stop_cluster(cluster_spec.key)
    engine.stop_cluster(cluster_spec.key)
    engine.stop_nodes(cluster_spec.key, [nodes[0].name])
    engine.remove_network("test-project/my-vpc")
    left = {record.name for record in engine.processes.records()}
    assert left == {"cloud", "fabric", "registry"}


def test_a_restarted_lab_has_its_machines_back(running: Running, base_port: int) -> None:
    """The networks die, the API server dies: `up` repairs both, and boots the node whose NICs were cut."""
    address = "/v1/projects/test-project/locations/us-central1-c/clusters"
    wanted = {"name": "edge", "initialNodeCount": 1, "ipAllocationPolicy": {"useIpAliases": True}}
    running.cloud("POST", address, {"cluster": wanted})
    assert wait_for(lambda: running.cloud("GET", f"{address}/edge")["status"] == "RUNNING", 240, 0.5)
    place = next(clusters(running.lab))
    boot = ("get", "node", place.nodes()[0].name, "-o", "jsonpath={.status.nodeInfo.bootID}")
    before = running.kubectl(*boot)
    processes = running.engine.processes
    for name in ("fabric", place.process("kube-apiserver"), place.process(f"nodes/{place.nodes()[0].name}")):
        record = processes.running(name)
        assert record
        os.kill(record.pid, signal.SIGKILL)
    program = [sys.executable, "-m", "gkelab", "up", "--dir", str(running.lab.folder), "--port", str(base_port)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    subprocess.run(program, check=True, env=environment)
    assert running.kubectl(*boot) != before


def test_a_control_plane_has_nodes_without_machines(
    folder: Path, base_port: int, cluster_spec: ClusterSpec, node_spec: Callable[[int], NodeSpec]
) -> None:
    lab = Lab(folder / "lab")
    lifecycle = Lifecycle(lab, Progress())
    try:
        settings = lifecycle.up("control-plane", base_port, 0.0)
        assert settings == Settings("control-plane", base_port, 0.0)
        running = Running(lab)
        engine = ControlPlaneEngine(lab, running.engine.supplies)
        engine.start_cluster(cluster_spec)
        engine.start_nodes([node_spec(1)])
        assert " Ready " in running.kubectl("get", "nodes")
        engine.stop_nodes(cluster_spec.key, [node_spec(1).name])
        assert "No resources" in running.kubectl("get", "nodes")
    finally:
        lifecycle.down()
