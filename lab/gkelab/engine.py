# SPDX-License-Identifier: Apache-2.0
"""What the cloud asks of the machines behind it.

The cloud (:mod:`gkelab.cloud`) knows resources: it validates requests, plans addresses and keeps state. An engine
makes those resources real. Three of them exist, so that a test pays only for what it needs:

``api``            nothing is real: clusters have an endpoint that nobody answers, pools have no machines
``control-plane``  a cluster is a real etcd, API server, controller manager and scheduler; its nodes are Node objects
                   without a kubelet
``full``           a node is a real kernel with containerd and kubelet, its NICs are plugged into a real network

All methods block until what they ask for is so, may be called from several threads, and may be called again with the
same arguments: the second call finds everything as it should be and returns. Failures are :class:`EngineError`, whose
text ends up in the operation that asked.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

NAMES = ("api", "control-plane", "full")


class EngineError(Exception):
    """The machines could not be brought into the asked state; the text says why and where to look."""


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster as the cloud has planned it."""

    key: str  # PROJECT/LOCATION/NAME
    version: str  # what the API reports, "1.34.4-gke.1234000"
    network: str  # the VPC of eth0, PROJECT/NETWORK
    subnetwork_cidr: str  # primary range of the cluster's subnetwork, "10.128.0.0/20"
    control_plane_address: str  # an address of that subnetwork under which the nodes reach the API server
    pods_cidr: str  # "10.112.0.0/14"
    services_cidr: str  # "34.118.224.0/20"


@dataclass(frozen=True)
class Endpoint:
    """Where a cluster's API server answers."""

    address: str  # "127.0.0.1:PORT", what the Container API returns as Cluster.endpoint
    ca_certificate: str  # PEM


@dataclass(frozen=True)
class Nic:
    """One network interface of a node; its place in :attr:`NodeSpec.nics` is its number (eth0, eth1, ...)."""

    network: str  # PROJECT/NETWORK
    address: str  # "10.0.1.2"
    prefix_length: int  # of the subnetwork
    alias_ranges: tuple[str, ...] = ()  # alias blocks that the network delivers to this NIC, "172.16.1.0/28"


@dataclass(frozen=True)
class NodeSpec:
    """A node as the cloud has planned it."""

    cluster: str  # key of its cluster
    pool: str
    name: str  # "gke-edge-multinet-1a2b3c4d-x7k2"
    zone: str
    pod_cidr: str  # spec.podCIDR, out of the cluster's pods_cidr
    nics: tuple[Nic, ...]
    max_pods: int
    provider_id: str  # "gce://PROJECT/ZONE/NAME"
    labels: Mapping[str, str]
    taints: Sequence[tuple[str, str, str]] = ()  # (key, value, NoSchedule | PreferNoSchedule | NoExecute)


@dataclass(frozen=True)
class FirewallRule:
    """An ingress rule as the network applies it: what is not let in by any rule is dropped.

    Invented simplification: no priorities and no target tags; a deny rule is tried before every allow rule.
    """

    name: str
    sources: tuple[str, ...]  # CIDRs
    protocols: tuple[tuple[str, tuple[str, ...]], ...]  # (("tcp", ("443", "8000-8010")), ("icmp", ()), ("all", ()))
    allow: bool = True


def gateway(cidr: str) -> ipaddress.IPv4Address:
    """Return the address at which a VPC routes for a subnetwork, by its range or a NIC in it: the first usable one."""
    return ipaddress.IPv4Network(cidr, strict=False)[1]


class Engine(Protocol):
    """The machines behind the cloud."""

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        """Return when the API server of the cluster is ready."""

    def stop_cluster(self, key: str) -> None:
        """End the nodes and the control plane of a cluster, in whatever state they are, and forget them."""

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Return when all these nodes are Ready."""

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        """Power nodes off, and remove their Node objects."""

    def relabel_nodes(
        self, nodes: Sequence[NodeSpec], labels: Collection[str], taints: Collection[tuple[str, str, str]]
    ) -> None:
        """Give running nodes their labels and taints as they are now; take these former ones away."""

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        """Create a network if it is not there, and give it exactly these ingress rules."""

    def remove_network(self, network: str) -> None:
        """Forget a network that no NIC uses."""


class ApiEngine:
    """The engine ``api``: nothing is real."""

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        """Return an endpoint that nobody answers (192.0.2.0/24 is for documentation, RFC 5737)."""
        return Endpoint("192.0.2.1", "")

    def stop_cluster(self, key: str) -> None:
        """Nothing runs."""

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """No machine is started."""

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        """No machine runs."""

    def relabel_nodes(
        self, nodes: Sequence[NodeSpec], labels: Collection[str], taints: Collection[tuple[str, str, str]]
    ) -> None:
        """No machine runs."""

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        """No packet flows."""

    def remove_network(self, network: str) -> None:
        """No packet flows."""
