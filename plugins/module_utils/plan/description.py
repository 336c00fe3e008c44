# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a cluster, as values: what the user said, and nothing that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..gke_rules import DEFAULT_MACHINE_TYPE, DEFAULT_NODE_COUNT, ZONES_OF_A_REGION, region_of


@dataclass(frozen=True)
class PodRange:
    """A secondary range, and the attachment that hands out its addresses."""

    path: str
    name: str
    range: str
    max_pods_per_node: int
    attachment: str
    namespace: str


@dataclass(frozen=True)
class Network:
    """A subnetwork of an additional VPC; its place in the list is the number of the nodes' interface."""

    path: str
    vpc: str
    subnetwork: str
    node_range: str
    project: str  # of the VPC; another one than the cluster's with Shared VPC
    existing: bool
    allow_multinet: bool
    pod_ranges: tuple[PodRange, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells two VPCs apart."""
        return self.project, self.vpc


@dataclass(frozen=True)
class NodePool:
    """A node pool; options that no rule looks at are passed on as they are."""

    path: str
    name: str
    machine_type: str
    networks: tuple[str, ...]  # names of VPCs, in the order of the interfaces
    nodes_per_zone: int  # the most that it may have
    zones: int
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def nodes(self) -> int:
        """Return the largest number of nodes."""
        return self.nodes_per_zone * self.zones


@dataclass(frozen=True)
class Pod:
    """A sample pod."""

    path: str
    name: str
    namespace: str
    attachments: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """One inventory host: one cluster with its networks, node pools and pods."""

    host: str
    project: str
    location: str
    cluster: Mapping[str, Any]
    networks: tuple[Network, ...]
    nodepools: tuple[NodePool, ...]
    pods: tuple[Pod, ...]

    @property
    def region(self) -> str:
        """Return the region of the cluster and of its subnetworks."""
        return region_of(self.location)

    def carried_by(self, pool: NodePool) -> dict[int, Network]:
        """Return the networks of a pool by the number of their interface: the first additional one is eth1."""
        by_vpc = {network.vpc: network for network in self.networks}
        return {number: by_vpc[vpc] for number, vpc in enumerate(pool.networks, start=1) if vpc in by_vpc}

    def meant_by(self, pod: Pod, text: str) -> list[tuple[Network, PodRange]]:
        """Return what a pod's attachment may name: NAMESPACE/NAME, or NAME in its own namespace, or any NAME."""
        namespace, slash, name = text.rpartition("/")
        found = [
            (network, pod_range)
            for network in self.networks
            for pod_range in network.pod_ranges
            if pod_range.attachment == name and (not slash or pod_range.namespace == namespace)
        ]
        return [entry for entry in found if entry[1].namespace == pod.namespace] or found

    def pools_with(self, network: Network) -> list[NodePool]:
        """Return the pools whose nodes have an interface in a network."""
        return [pool for pool in self.nodepools if network.vpc in pool.networks]


def read(options: Mapping[str, Any]) -> Description:
    """Return a description from the options of one cluster, with what was not given filled in.

    :param options: one element of multinet_plan's option clusters, validated.
    """
    host, project, location = options["host"], options["project"] or "", options["location"]
    networks = tuple(
        _network(f"{host}: multinet_networks[{index}]", item, project) for index, item in enumerate(options["networks"])
    )
    every_vpc = tuple(network.vpc for network in networks)
    zones = 1 if region_of(location) != location else ZONES_OF_A_REGION
    return Description(
        host=host,
        project=project,
        location=location,
        cluster=options["cluster"],
        networks=networks,
        nodepools=tuple(
            _pool(f"{host}: multinet_nodepools[{index}]", item, every_vpc, zones)
            for index, item in enumerate(options["nodepools"])
        ),
        pods=tuple(_pod(f"{host}: multinet_pods[{index}]", item) for index, item in enumerate(options["pods"])),
    )


def _network(path: str, item: Mapping[str, Any], project: str) -> Network:
    return Network(
        path=path,
        vpc=item["vpc"],
        subnetwork=item["subnetwork"],
        node_range=item["node_range"],
        project=item["vpc_project"] or project,
        existing=item["existing"],
        allow_multinet=item["allow_multinet"],
        pod_ranges=tuple(
            PodRange(path=f"{path}.pod_ranges[{index}]", **pod_range)
            for index, pod_range in enumerate(item["pod_ranges"])
        ),
    )


def _pool(path: str, item: Mapping[str, Any], every_vpc: tuple[str, ...], zones: int) -> NodePool:
    autoscaling = item["autoscaling"] or {}
    most = autoscaling.get("max") if autoscaling.get("enabled", True) else None
    return NodePool(
        path=path,
        name=item["name"],
        machine_type=item["machine_type"] or DEFAULT_MACHINE_TYPE,
        networks=every_vpc if item["networks"] is None else tuple(item["networks"]),
        nodes_per_zone=next((n for n in (most, item["node_count"]) if n is not None), DEFAULT_NODE_COUNT),
        zones=zones,
        options={key: value for key, value in item.items() if key != "networks"},
    )


def _pod(path: str, item: Mapping[str, Any]) -> Pod:
    return Pod(
        path=path,
        name=item["name"],
        namespace=item["namespace"],
        attachments=tuple(item["attachments"]),
        options={key: value for key, value in item.items() if key != "attachments"},
    )
