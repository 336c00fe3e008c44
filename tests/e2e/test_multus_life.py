# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an installation on real kernels: the guide's, hardened, upgraded, removed. The tests are one story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster import Cluster
from harness import Lab, until
from installed import Modules

pytestmark = [pytest.mark.full, pytest.mark.sample(2, "long stories", by_file=True)]

LONG = 900  # seconds; the machine may have other things to do
POOL = "172.16.1.0-24"
INVENTORY: dict[str, Any] = {
    "all": {
        "hosts": {
            "edge": {
                "multinet_project": "test-project",
                "multinet_location": "us-central1-c",
                "multinet_cluster": {"name": "edge", "version": "1.34", "default_pool": {"state": "absent"}},
                "multinet_networks": [
                    {
                        "vpc": "my-vpc",
                        "subnetwork": "my-subnet",
                        "node_range": "10.0.1.0/24",
                        "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
                    }
                ],
                "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 1}],
            }
        }
    }
}


@pytest.fixture(scope="module")
def cluster(full_lab: Lab, modules: Modules) -> Cluster:
    """A cluster of one node with the guide's installation, and on it a pod that sees the node's files."""
    made = full_lab.play(
        "multinet.gke.site", inventory=INVENTORY, arguments="--tags vpc,cluster,nodepool,multus,networks"
    )
    assert made.rc == 0, made.stdout
    cluster = Cluster(full_lab, modules, "default")
    volumes = {"conf": "/etc/cni/net.d", "plugins": "/home/kubernetes/bin"}
    cluster.apply(
        pod(
            "looker",
            "docker.io/library/busybox:1.37",
            command=["sleep", "1000000"],
            volumeMounts=[{"name": name, "mountPath": f"/{name}"} for name in volumes],
            volumes=[{"name": name, "hostPath": {"path": path}} for name, path in volumes.items()],
        )
    )
    ready(cluster, "looker")
    return cluster


@pytest.fixture(scope="module")
def old(cluster: Cluster) -> str:
    """The address of a pod that the guide's installation gave it."""
    return with_net1(cluster, "old")


def pod(name: str, image: str, *, volumes: list[Any] | None = None, **container: Any) -> dict[str, Any]:
    """Return a pod of one container."""
    main = {"name": "main", "image": image, **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [main], "volumes": volumes or [], "terminationGracePeriodSeconds": 1},
    }


def ready(cluster: Cluster, name: str) -> dict[str, Any]:
    """Wait until a pod is ready, and return it."""
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", f"--timeout={LONG}s")
    found: dict[str, Any] = cluster.get("pod", name)
    return found


def with_net1(cluster: Cluster, name: str) -> str:
    """Start a pod with net1; return its address."""
    made = cluster.module(
        "multinet_pod", name=name, image="nginx", attachments=["my-nad"], wait=True, wait_timeout=LONG
    )
    assert not made.get("failed"), made["msg"]
    (ip,) = next(each["ips"] for each in made["interfaces"] if each["interface"] == "net1")
    return str(ip)


def allocations(cluster: Cluster) -> dict[str, Any]:
    """Return the pool's allocations by the last number of their address."""
    found: dict[str, Any] = cluster.get("ippool", POOL, "--namespace", "kube-system")["spec"]["allocations"]
    return found


def on_node(cluster: Cluster, command: str) -> str:
    """Run a command that sees the node's files."""
    return cluster.kubectl("exec", "looker", "--", "sh", "-c", command)


def served(cluster: Cluster, name: str, port: int) -> Iterator[str]:
    """Start a pod with a port of the host, and yield whether the node answers on it."""
    cluster.apply(pod(name, "nginx", ports=[{"containerPort": 80, "hostPort": port}]))
    host = ready(cluster, name)["status"]["hostIP"]
    yield on_node(cluster, f"nc -w 5 {host} {port} < /dev/null && echo answers || echo refuses").strip()
    cluster.kubectl("delete", "pod", name, f"--timeout={LONG}s")


@pytest.mark.shows("D25")
def test_host_port_works_with_the_hardened_preset_only(cluster: Cluster, old: str) -> None:
    assert list(served(cluster, "web", 8080)) == ["refuses"]
    result = cluster.converge(
        "multus_install", preset="hardened", node_pools=["multinet"], wait=True, wait_timeout=LONG
    )
    assert result["multus"]["gc"]["placement"] == "deployment"
    assert list(served(cluster, "web", 8081)) == ["answers"]


@pytest.mark.shows("D4", "D6", "D10", "D13", "D14", "D15", "E4", "E9")
def test_hardened_installation_hands_out_addresses_and_frees_them(cluster: Cluster, old: str) -> None:
    config = json.loads(on_node(cluster, "cat /conf/00-multus.conf"))
    assert config["logOptions"]["maxSize"] == 100
    address = with_net1(cluster, "second")
    assert address != old
    cluster.kubectl("delete", "pod", "second", f"--timeout={LONG}s")
    assert [each["podref"] for each in allocations(cluster).values()] == ["default/old"]


def test_changed_configuration_reaches_the_node(cluster: Cluster, old: str) -> None:
    assert json.loads(on_node(cluster, "cat /conf/00-multus.conf"))["logLevel"] == "verbose"
    result = cluster.converge("multus_install", config={"log_level": "error"}, wait=True, wait_timeout=LONG)
    assert result["actions"][-1].startswith("restart DaemonSet")
    assert json.loads(on_node(cluster, "cat /conf/00-multus.conf"))["logLevel"] == "error"


@pytest.mark.shows("E6", "E3", "D8", "D9", "D11")
def test_upgrade_keeps_addresses_and_leaks_none(cluster: Cluster, old: str) -> None:
    result = cluster.converge("multus_install", layout="upstream_thin", wait=True, wait_timeout=LONG)
    assert result["versions"] == {"multus": "4.2.2", "whereabouts": "0.9.4", "crd_schema": "0.8plus"}
    kinds = [action.split()[1] for action in result["actions"]]
    assert kinds.index("CustomResourceDefinition") < kinds.index("ClusterRole") < kinds.index("DaemonSet")
    assert kinds.index("DaemonSet") < kinds.index("Deployment")
    assert old in cluster.kubectl("exec", "old", "--", "ip", "address", "show", "net1")
    new = with_net1(cluster, "new")
    assert new != old
    held = {each["podref"]: each for each in allocations(cluster).values()}
    assert held["default/new"]["ifname"] == "net1"
    assert "ifname" not in held["default/old"]
    cluster.kubectl("delete", "pod", "old", f"--timeout={LONG}s")
    until(lambda: [each["podref"] for each in allocations(cluster).values()] == ["default/new"], LONG)
    assert with_net1(cluster, "third") == old


@pytest.mark.shows("E14", "D12", "D17")
def test_removal_leaves_a_node_that_starts_and_ends_pods(cluster: Cluster) -> None:
    assert "default/new" in cluster.refused("multus_install", state="absent")
    cluster.kubectl("delete", "pod", "new", "third", f"--timeout={LONG}s")
    assert "00-multus.conf" in on_node(cluster, "ls /conf")
    result = cluster.converge("multus_install", state="absent", wait_timeout=LONG)
    assert result["nodes_not_cleaned"] == []
    assert on_node(cluster, "ls /conf").split() == ["10-gke-ptp.conflist"]
    assert not {"multus", "whereabouts", "passthru"} & set(on_node(cluster, "ls /plugins").split())
    cluster.get("crd", "ippools.whereabouts.cni.cncf.io")
    cluster.apply(pod("ordinary", "nginx"))
    ready(cluster, "ordinary")
    cluster.kubectl("delete", "pod", "ordinary", "looker", f"--timeout={LONG}s")
