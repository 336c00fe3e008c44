# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a cluster, as values: what the user said, and nothing that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..cni.multus.multusconf import DEFAULT_GLOBAL_NAMESPACES
from ..errors import Problems
from ..gcp.nodes import DEFAULT_POOL
from ..gcp.references import Network as NetworkReference
from ..gcp.references import Place
from ..gke_rules import DEFAULT_MACHINE_TYPE, DEFAULT_NETWORK, DEFAULT_NODE_COUNT, ZONES_OF_A_REGION, region_of
from .reading import Reading
from .schema import DESCRIPTION, SUBNETWORK_KEYS, VPC

Options = Mapping[str, Any]  # of a module; None: not given


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
    pod_ranges: tuple[PodRange, ...]
    vpc_options: Options
    subnetwork_options: Options

    @property
    def key(self) -> NetworkReference:
        """Return what tells two VPCs apart."""
        return NetworkReference(self.project, self.vpc)

    @property
    def allow_multinet(self) -> bool:
        """Tell whether the subnetwork has an ingress rule of ours."""
        return bool(self.subnetwork_options["allow_multinet"])


@dataclass(frozen=True)
class NodePool:
    """A node pool; options that no rule looks at are passed on as they are."""

    path: str
    name: str
    machine_type: str
    networks: tuple[str, ...]  # names of VPCs, in the order of the interfaces
    zones: int
    options: Options

    @property
    def autoscaling(self) -> Mapping[str, Any]:
        """Return the limits of the autoscaler; empty if there is none."""
        given = self.options["autoscaling"] or {}
        return {} if given.get("enabled") is False else given

    @property
    def nodes(self) -> int:
        """Return the largest number of nodes."""
        limits = self.autoscaling
        if limits.get("total_max") is not None:
            return int(limits["total_max"])
        return self._per_zone * self.zones

    @property
    def size(self) -> str:
        """Return how the largest number of nodes comes about: "6 x 3 zones"."""
        if self.autoscaling.get("total_max") is not None:
            return f"autoscaling total_max {self.nodes}"
        words = "autoscaling max " if self.autoscaling else ""
        return f"{words}{self._per_zone} x {self.zones} zone{'s' * (self.zones != 1)}"

    @property
    def _per_zone(self) -> int:
        given = self.autoscaling.get("max") if self.autoscaling else self.options["node_count"]
        return DEFAULT_NODE_COUNT if given is None else int(given)


@dataclass(frozen=True)
class Pod:
    """A sample pod."""

    path: str
    name: str
    namespace: str
    attachments: tuple[str, ...]
    options: Options


@dataclass(frozen=True)
class Description:
    """One inventory host: one cluster with its networks, node pools and pods."""

    host: str
    project: str
    location: str
    cluster: Options
    zones: int
    networks: tuple[Network, ...]
    nodepools: tuple[NodePool, ...]
    multus: Options
    pods: tuple[Pod, ...]

    @property
    def everybodys_namespaces(self) -> tuple[str, ...] | None:
        """Return the namespaces whose attachments pods of any namespace may use; None if they may use all."""
        config = self.multus.get("config") or {}
        if config.get("namespace_isolation") is False:
            return None
        return tuple(config.get("global_namespaces") or ()) or DEFAULT_GLOBAL_NAMESPACES

    @property
    def first_nodes(self) -> int:
        """Return the number of nodes of the pool that each new cluster has, if it keeps it."""
        pool = self.cluster["default_pool"] or {}
        if pool.get("state") == "absent" or any(each.name == DEFAULT_POOL for each in self.nodepools):
            return 0
        count = pool.get("node_count")
        return self.zones * (DEFAULT_NODE_COUNT if count is None else int(count))

    @property
    def region(self) -> str:
        """Return the region of the cluster and of its subnetworks."""
        return region_of(self.location)

    @property
    def place(self) -> Place:
        """Return where bare names of networks and subnetworks are to be found."""
        return Place(self.project, self.region)

    @property
    def own_network(self) -> NetworkReference:
        """Return the VPC of the nodes' first interface."""
        return self.place.network(self.cluster["network"] or DEFAULT_NETWORK)

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


def read(problems: Problems, host: str, given: Options) -> Description | None:
    """Return a description from what a host's variables say, with what was not given filled in.

    :param given: by the names of the variables, without their prefix multinet_.
    :returns: None if something is missing or of another type, so that nothing more can be said of it.
    """
    reading = Reading(problems)
    said = {"multus": {}, **{key: value for key, value in given.items() if value is not None}}
    values = reading.mapping(f"{host}: multinet_", said, DESCRIPTION)
    if not reading.complete:
        return None
    project, location = values["project"] or "", values["location"]
    networks = tuple(
        _network(f"{host}: multinet_networks[{index}]", item, project) for index, item in enumerate(values["networks"])
    )
    every_vpc = tuple(network.vpc for network in networks)
    zones = _zones(location, values["cluster"]["node_locations"])
    return Description(
        host=host,
        project=project,
        location=location,
        cluster=values["cluster"],
        zones=zones,
        networks=networks,
        nodepools=tuple(
            _pool(f"{host}: multinet_nodepools[{index}]", item, every_vpc, zones)
            for index, item in enumerate(values["nodepools"])
        ),
        multus=values["multus"],
        pods=tuple(_pod(f"{host}: multinet_pods[{index}]", item) for index, item in enumerate(values["pods"])),
    )


def _zones(location: str, node_locations: Sequence[str] | None) -> int:
    """Return over how many zones the nodes of a cluster are spread; a zonal cluster is in its own zone anyway."""
    if region_of(location) == location:
        return len(set(node_locations or ())) or ZONES_OF_A_REGION
    return len({location, *(node_locations or ())})


def _network(path: str, item: Mapping[str, Any], project: str) -> Network:
    return Network(
        path=path,
        vpc=item["vpc"],
        subnetwork=item["subnetwork"],
        node_range=item["node_range"],
        project=item["vpc_project"] or project,
        pod_ranges=tuple(
            PodRange(path=f"{path}.pod_ranges[{index}]", **pod_range)
            for index, pod_range in enumerate(item["pod_ranges"])
        ),
        vpc_options={key: item[key] for key in VPC},
        subnetwork_options={name: item[key] for key, name in SUBNETWORK_KEYS.items()},
    )


def _pool(path: str, item: Mapping[str, Any], every_vpc: tuple[str, ...], zones: int) -> NodePool:
    return NodePool(
        path=path,
        name=item["name"],
        machine_type=item["machine_type"] or DEFAULT_MACHINE_TYPE,
        networks=every_vpc if item["networks"] is None else tuple(item["networks"]),
        zones=len(item["node_locations"] or ()) or zones,
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
