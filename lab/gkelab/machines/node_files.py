# SPDX-License-Identifier: Apache-2.0
"""What a node finds in its folder at boot: who it is, its credentials, its networks."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
from pathlib import Path
from typing import Any

from gkelab import uml
from gkelab.engine import NodeSpec, gateway
from gkelab.files import write_secret
from gkelab.machines.cluster import Cluster

MTU = 1460  # Google's default, of every VPC here


def write(folder: Path, cluster: Cluster, node: NodeSpec, *, tree: Path, programs: Path, registry: int) -> None:
    """Write a node's folder; `registry` is the port at which the gateway offers the images."""
    spec = cluster.spec
    primary = node.nics[0]
    api = spec.control_plane_address
    environment: dict[str, object] = {
        "NODE_NAME": node.name,
        "NODE_IP": primary.address,
        "MTU": MTU,
        "NODE_ADDRESSES": " ".join(f"{nic.address}/{nic.prefix_length}" for nic in node.nics),
        "NODE_MACHINE_ID": hashlib.sha256(f"{node.cluster}/{node.name}".encode()).hexdigest()[:32],
        "GATEWAY": gateway(f"{primary.address}/{primary.prefix_length}"),
        "POD_CIDR": node.pod_cidr,
        "CLUSTER_CIDR": spec.pods_cidr,
        "SERVICE_CIDR": spec.services_cidr,
        "API_SERVICE_IP": ipaddress.IPv4Network(spec.services_cidr)[1],
        "API_IP": api,
        "API_PORT": cluster.ports.api,
        "REGISTRY": f"http://{api}:{registry}",
    }
    uml.write_folder(folder, tree, "run-node", environment)
    uml.link(folder / "bin", programs)
    pair = cluster.authority.pair(
        f"node-{node.name}",
        f"system:node:{node.name}",
        organization="system:nodes",
        names=[primary.address, node.name],
    )
    cluster.kubeconfig(folder / "kubeconfig", node.name, pair, api)
    write_secret(folder / "kubelet.key", pair.key.read_bytes())
    shutil.copyfile(pair.certificate, folder / "kubelet.crt")
    shutil.copyfile(cluster.pki / "ca.crt", folder / "ca.crt")
    (folder / "cni.conflist").write_text(json.dumps(cni_configuration(node)))
    (folder / "kubelet.yaml").write_text(json.dumps(kubelet_configuration(node)))


def cni_configuration(node: NodeSpec) -> dict[str, Any]:
    """Return 10-gke-ptp.conflist, which netd writes on GKE (cloud-provider-gcp/netd, netd.yaml)."""
    addresses = {"type": "host-local", "subnet": node.pod_cidr, "routes": [{"dst": "0.0.0.0/0"}]}
    return {
        "name": "gke-pod-network",
        "cniVersion": "0.3.1",
        "plugins": [
            {"type": "ptp", "mtu": MTU, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet_configuration(node: NodeSpec) -> dict[str, Any]:
    """Return the kubelet's configuration file."""
    files = "/var/lib/kubelet"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": f"{files}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{files}/kubelet.crt",
        "tlsPrivateKeyFile": f"{files}/kubelet.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cpuCFSQuota": False,  # with the manifest's 10m of CPU, init containers would crawl
        "failSwapOn": False,
        "resolvConf": "",
        "maxPods": node.max_pods,
        "imageGCHighThresholdPercent": 100,  # never: what is deleted cannot be pulled from anywhere else
        "evictionHard": {"memory.available": "20Mi"},
        "volumeStatsAggPeriod": "10m",
    }
