# SPDX-License-Identifier: Apache-2.0
"""What is written for machines before any of them starts."""

from __future__ import annotations

import json
import os
import shlex
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from gkelab.engine import ClusterSpec, EngineError, NodeSpec
from gkelab.machines import engine_for, memory, node_files, ports
from gkelab.machines.certificates import Authority
from gkelab.machines.cluster import Cluster, clusters, node_from, write_kubeconfig
from gkelab.machines.nodes import plugged
from gkelab.state import Lab

CLUSTER = "test-project/us-central1-c/edge"
NodeMaker = Callable[[int], NodeSpec]


@pytest.fixture
def cluster(lab: Lab, cluster_spec: ClusterSpec) -> Cluster:
    made = Cluster(lab, CLUSTER)
    made.create(cluster_spec)
    return made


def test_certificates_are_believed_by_tls(folder: Path) -> None:
    authority = Authority(folder / "pki")
    server = authority.pair("server", "kube-apiserver", names=["127.0.0.1", "localhost"])
    client = authority.pair("client", "system:node:n", organization="system:nodes")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.own.certificate)
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
                seen.append(stream.getpeercert())
                stream.send(b"ok")

        thread = threading.Thread(target=serve)
        thread.start()
        ours = ssl.create_default_context(cafile=str(authority.own.certificate))
        ours.load_cert_chain(client.certificate, client.key)
        with (
            socket.create_connection(listener.getsockname()) as plain,
            ours.wrap_socket(plain, server_hostname="127.0.0.1") as stream,
        ):
            assert stream.recv(2) == b"ok"
        thread.join()
    subject = dict(entry[0] for entry in seen[0]["subject"])  # type: ignore[index]
    assert subject == {"organizationName": "system:nodes", "commonName": "system:node:n"}


def test_certificates_are_kept_and_keys_private(folder: Path) -> None:
    first = Authority(folder).pair("x", "x")
    content = first.certificate.read_bytes()
    assert Authority(folder).pair("x", "x").certificate.read_bytes() == content
    assert {key.stat().st_mode & 0o777 for key in folder.glob("*.key")} == {0o600}
    assert b"BEGIN EC PRIVATE KEY" in first.key.read_bytes()


def test_a_cluster_is_found_again_as_it_was(cluster: Cluster, lab: Lab, cluster_spec: ClusterSpec) -> None:
    assert [place.key for place in clusters(lab)] == [CLUSTER]
    assert cluster.spec == cluster_spec
    assert cluster.audit_log == lab.folder / "clusters" / CLUSTER / "audit.log"


def test_clusters_get_ports_of_their_own(cluster: Cluster, lab: Lab, cluster_spec: ClusterSpec) -> None:
    other = Cluster(lab, "test-project/us-central1-c/other")
    other.create(cluster_spec)
    mine, others = cluster.ports, other.ports
    assert not {mine.api, mine.etcd, mine.etcd_peer} & {others.api, others.etcd, others.etcd_peer}


def test_a_port_in_use_is_passed_over(base_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        used = listener.getsockname()[1]
        assert not ports.is_free(used)
        assert used not in ports.choose(used - ports.FIRST_OFFSET, 3, [])
    with pytest.raises(EngineError, match="no 3 free ports"):
        ports.choose(base_port, 3, range(65536))


def test_ports_are_claimed_by_a_process(folder: Path, base_port: int) -> None:
    """Another lab's range overlaps: what this process has chosen and not yet used, another one does not get."""
    script = "import sys, pathlib; from gkelab.machines import ports; print(ports.claim(int(sys.argv[1]), 3, [], "
    script += "pathlib.Path(sys.argv[2])))"
    words = [sys.executable, "-c", script, str(base_port), str(folder)]

    def others() -> list[int]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        done = subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, env=environment)
        return list(json.loads(done.stdout))

    first = others()
    assert ports.claim(base_port, 3, [], folder) == first  # the other process has ended
    assert not set(others()) & set(first)
    assert ports.claim(base_port, 3, [], folder) == first  # a deleted cluster's


def test_memory_that_kernels_may_still_ask_for_is_not_free(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    before = memory.promised()
    with (folder / "memory").open("w+b") as file:
        (folder / "memory").unlink()
        file.truncate(8 << 20)
        file.write(b"x" * (1 << 20))
        file.flush()
        assert 6 << 20 < memory.promised() - before <= 7 << 20
    assert memory.promised() == before


def test_kubeconfig_has_all_clusters_under_gclouds_names(cluster: Cluster, lab: Lab) -> None:
    assert cluster.authority.own.certificate.exists()
    write_kubeconfig(lab)
    content = json.loads(lab.kubeconfig.read_text())
    assert content["current-context"] == "gke_test-project_us-central1-c_edge"
    assert content["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{cluster.ports.api}"
    assert content["users"][0]["user"] == {"token": lab.token}
    assert lab.kubeconfig.stat().st_mode & 0o777 == 0o600


def test_clusters_that_are_being_made_do_not_hinder_others(
    cluster: Cluster, lab: Lab, cluster_spec: ClusterSpec
) -> None:
    Cluster(lab, "test-project/us-central1-c/half").create(cluster_spec)  # killed before it had a CA

    def make(number: int) -> None:
        other = Cluster(lab, f"test-project/us-central1-c/other-{number}")
        other.create(cluster_spec)
        assert other.authority
        write_kubeconfig(lab)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, range(6)))
    names = {entry["name"] for entry in json.loads(lab.kubeconfig.read_text())["clusters"]}
    assert names == {f"gke_test-project_us-central1-c_other-{number}" for number in range(6)}
    assert cluster.authority
    write_kubeconfig(lab)
    assert "gke_test-project_us-central1-c_edge" in lab.kubeconfig.read_text()


def test_node_files(cluster: Cluster, folder: Path, node_spec: NodeMaker) -> None:
    node = node_spec(1)
    place = folder / "node"
    node_files.write(place, cluster, node, tree=folder, programs=folder, registry=27401)
    lines = (place / "guest.env").read_text().splitlines()
    environment = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    assert environment.items() >= {
        ("ROLE", "run-node"),
        ("NODE_NAME", node.name),
        ("NODE_ADDRESSES", "10.128.0.11/20 10.0.1.2/24"),
        ("GATEWAY", "10.128.0.1"),
        ("POD_CIDR", "10.112.1.0/24"),
        ("CLUSTER_CIDR", "10.112.0.0/14"),
        ("API_SERVICE_IP", "34.118.224.1"),
        ("API_IP", "10.128.0.2"),
        ("REGISTRY", "http://10.128.0.2:27401"),
        ("MTU", "1460"),
    }
    kubelet = json.loads((place / "kubelet.yaml").read_text())
    assert kubelet["maxPods"] == 32
    assert kubelet["cpuCFSQuota"] is False
    network = json.loads((place / "cni.conflist").read_text())
    assert network["name"] == "gke-pod-network"
    assert network["plugins"][0]["ipam"]["subnet"] == "10.112.1.0/24"
    kubeconfig = json.loads((place / "kubeconfig").read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == f"https://10.128.0.2:{cluster.ports.api}"
    secret = {file.name for file in place.iterdir() if file.is_file() and not file.stat().st_mode & 0o077}
    assert secret == {"kubeconfig", "kubelet.key"}


def test_a_node_passes_through_json(node_spec: NodeMaker) -> None:
    node = node_spec(2)
    assert node_from(json.loads(json.dumps(asdict(node)))) == node


def test_the_network_delivers_pods_to_eth0_and_blocks_to_their_nic(node_spec: NodeMaker) -> None:
    (primary, first), (additional, second) = plugged(node_spec(2))
    assert (primary, additional) == ("test-project/default", "test-project/my-vpc")
    assert first.alias_ranges == ("10.112.2.0/24",)
    assert second.alias_ranges == ("172.16.1.16/28",)


def test_no_room_for_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "room", lambda: 1500)
    memory.check_memory(1, 1024)
    memory.check_memory(0, 1024)
    with pytest.raises(EngineError, match=r"1500 MiB more and 2 nodes need 2048.*shm"):
        memory.check_memory(2, 1024)


def test_engines_by_name(folder: Path) -> None:
    assert engine_for("api", folder).start_cluster  # nothing else is touched
    with pytest.raises(EngineError, match="no engine 'best'"):
        engine_for("best", folder)


def test_a_machine_in_a_clusters_folder_has_a_place_for_sockets(lab: Lab) -> None:
    longest = lab.kernels / "12345678" / "mconsole"
    assert len(os.fsencode(longest)) - len(os.fsencode(lab.folder)) + 80 < 107


def test_a_cluster_that_is_being_removed_does_not_hinder_a_new_one(lab: Lab, cluster_spec: ClusterSpec) -> None:
    going = lab.clusters / "test-project" / "us-central1-c" / "going"
    going.mkdir(parents=True)
    (going / "cluster.json").write_text("")  # found a moment ago; its description cannot be read any more
    place = Cluster(lab, cluster_spec.key)
    place.create(cluster_spec)
    assert place.ports.api > lab.settings().port
