# SPDX-License-Identifier: Apache-2.0
"""What GKE refuses in a node pool, and the networks that a pool's nodes are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from gkelab.cloud import usage
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container.addresses import MAX_PODS, MIN_PODS, block_prefix, capacity
from gkelab.cloud.container.machine_types import max_nics, vcpus
from gkelab.cloud.container.names import check_name
from gkelab.cloud.container.pool_defaults import DEFAULT_MACHINE_TYPE
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.geography import check_zones, region_of
from gkelab.cloud.references import NetworkRef, SubnetworkRef, network_ref, subnetwork_ref
from gkelab.cloud.state import Cluster

TAINT_EFFECTS = {  # as GKE has them, and Kubernetes
    "NO_SCHEDULE": "NoSchedule",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
    "NO_EXECUTE": "NoExecute",
}
MAX_NODE_NETWORKS, MAX_POD_NETWORKS = 7, 35  # gcloud's help of the two flags


@dataclass(frozen=True)
class PodRange:
    """A secondary range that each node of a pool gets a block of."""

    name: str
    cidr: str
    prefix: int  # of a node's block


@dataclass(frozen=True)
class NodeNetwork:
    """A subnetwork that the nodes of a pool have a NIC in, and the ranges that NIC gets blocks of."""

    network: NetworkRef
    subnetwork: SubnetworkRef
    pod_ranges: tuple[PodRange, ...]


def range_named(cloud: Cloud, subnetwork: SubnetworkRef, network: NetworkRef, name: str) -> str:
    """Return a secondary range, refuse if the subnetwork has none of that name."""
    resource = cloud.subnetwork(subnetwork)
    for item in resource.body.get("secondaryIpRanges", ()) if resource else ():
        if item["rangeName"] == name:
            return str(item["ipCidrRange"])
    text = f'Pod secondary range "{name}" not found in network "{network.link}", subnetwork "{subnetwork.name}".'
    raise bad_request(text)


def max_pods_of(asked: Json, otherwise: int) -> int:
    """Return a maximum of pods per node out of a MaxPodsConstraint."""
    value = int(asked.get("maxPodsPerNode", 0) or 0) or otherwise
    if not MIN_PODS <= value <= MAX_PODS:
        # Invented text: no public source gives it.
        raise bad_request(f"Max pods per node must be between {MIN_PODS} and {MAX_PODS}, got {value}.")
    return value


def zones_for(asked: Json, cluster: Json) -> list[str]:
    """Return the zones of a pool: its own, or those of its cluster."""
    zones = list(asked.get("locations") or cluster["locations"])
    check_zones(zones, cluster["location"])
    return zones


def check_pool(cloud: Cloud, project: str, cluster: Cluster, asked: Json) -> list[NodeNetwork]:
    """Refuse a pool that GKE would not make; return the networks of its nodes, eth0's first."""
    check_name("node_pool.name", asked.get("name", ""))
    zones_for(asked, cluster.body)
    check_taints(asked.get("config", {}).get("taints", ()))
    config = asked.get("networkConfig", {})
    machine_type = asked.get("config", {}).get("machineType", DEFAULT_MACHINE_TYPE)
    if vcpus(machine_type) is None:
        zone = zones_for(asked, cluster.body)[0]
        raise bad_request(f'Machine type with name "{machine_type}" does not exist in zone "{zone}".')
    own_max_pods = int(cluster.body["defaultMaxPodsConstraint"]["maxPodsPerNode"])
    max_pods = max_pods_of(asked.get("maxPodsConstraint", {}), own_max_pods)
    networks = [_first_network(cloud, cluster, config, max_pods)]
    _check_counts(cluster, config, machine_type)
    for item in config.get("additionalNodeNetworkConfigs", ()):
        networks.append(_node_network(cloud, project, cluster, item, [known.network for known in networks]))
    for item in config.get("additionalPodNetworkConfigs", ()):
        _add_pod_network(cloud, cluster, networks, item, max_pods)
    return networks


def check_taints(taints: Sequence[Json]) -> None:
    """Refuse taints that no node can have."""
    for taint in taints:
        if not taint.get("key") or taint.get("effect") not in TAINT_EFFECTS:
            # Invented text: no public source gives it.
            raise bad_request(f"Node taint {taint} must have a key and one of the effects {', '.join(TAINT_EFFECTS)}.")


def check_room(cloud: Cloud, networks: list[NodeNetwork], nodes: int) -> None:
    """Refuse more nodes than the pod ranges have blocks for."""
    for network in networks:
        for item in network.pod_ranges:
            held = usage.blocks_in(cloud, network.subnetwork, item.name)
            room = capacity(item.cidr, item.prefix)
            spent = sum(1 << max(0, item.prefix - IPv4Network(block).prefixlen) for block in held)
            if nodes > room - spent:
                # Invented text: no public source gives it.
                text = (
                    f'Pod secondary range "{item.name}" ({item.cidr}) of subnetwork "{network.subnetwork.path}" has '
                    f"{max(0, room - spent)} free blocks of /{item.prefix}, {nodes} nodes need one each."
                )
                raise bad_request(text)


def _first_network(cloud: Cloud, cluster: Cluster, config: Json, max_pods: int) -> NodeNetwork:
    network, subnetwork = NetworkRef.of_key(cluster.network), SubnetworkRef.of_key(cluster.subnetwork)
    if "subnetwork" in config:
        wanted = subnetwork_ref(config["subnetwork"], subnetwork.project, subnetwork.region)
        _check_membership(cloud, wanted, network)
        subnetwork = wanted
    policy = cluster.body["ipAllocationPolicy"]
    name = config.get("podRange") or policy["clusterSecondaryRangeName"]
    cidr = range_named(cloud, subnetwork, network, name)
    return NodeNetwork(network, subnetwork, (PodRange(name, cidr, block_prefix(max_pods)),))


def _check_counts(cluster: Cluster, config: Json, machine_type: str) -> None:
    node_networks = config.get("additionalNodeNetworkConfigs", ())
    pod_networks = config.get("additionalPodNetworkConfigs", ())
    if len(node_networks) > MAX_NODE_NETWORKS:
        # Invented text: no public source gives it.
        raise bad_request(f"A node pool can have at most {MAX_NODE_NETWORKS} additional node networks.")
    if len(pod_networks) > MAX_POD_NETWORKS:
        # Invented text: no public source gives it.
        raise bad_request(f"A node pool can have at most {MAX_POD_NETWORKS} additional pod networks.")
    if len(node_networks) + 1 > max_nics(machine_type):
        # Invented text: no public source gives it.
        text = (
            f'Machine type "{machine_type}" supports at most {max_nics(machine_type)} network interfaces, '
            f"{len(node_networks) + 1} are requested."
        )
        raise bad_request(text)
    if pod_networks and not cluster.body["networkConfig"].get("enableMultiNetworking"):
        # Invented text: no public source gives it.
        raise bad_request("Additional pod networks require a cluster with multi-networking enabled.")


def _node_network(cloud: Cloud, project: str, cluster: Cluster, item: Json, known: list[NetworkRef]) -> NodeNetwork:
    if not item.get("network") or not item.get("subnetwork"):
        # Invented text: no public source gives it.
        raise bad_request("An additional node network needs both a network and a subnetwork.")
    network = network_ref(item["network"], project, field="network")
    region = region_of(cluster.body["location"])
    subnetwork = subnetwork_ref(item["subnetwork"], network.project, region, field="subnetwork")
    if cloud.network(network) is None:
        raise bad_request(f'network "{network.name}" does not exist.')
    _check_membership(cloud, subnetwork, network)
    if subnetwork.region != region:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{network.name}".')
    if network in known:
        # Invented text: no public source gives it.
        raise bad_request(f'Network "{network.path}" is given more than once: each interface needs its own.')
    return NodeNetwork(network, subnetwork, ())


def _add_pod_network(
    cloud: Cloud, cluster: Cluster, networks: list[NodeNetwork], item: Json, pool_max_pods: int
) -> None:
    """Give the NIC in the pod network's subnetwork a block of its range; no subnetwork means eth0's."""
    if not item.get("secondaryPodRange"):
        # Invented text: no public source gives it.
        raise bad_request("An additional pod network needs a secondary pod range.")
    first = networks[0].subnetwork
    wanted = subnetwork_ref(item.get("subnetwork") or first.name, first.project, first.region, field="subnetwork")
    for index, network in enumerate(networks):
        if (wanted.region, wanted.name) == (network.subnetwork.region, network.subnetwork.name):
            cidr = range_named(cloud, network.subnetwork, network.network, item["secondaryPodRange"])
            max_pods = max_pods_of(item.get("maxPodsPerNode", {}), pool_max_pods)
            added = PodRange(item["secondaryPodRange"], cidr, block_prefix(max_pods))
            if any(added.name == known.name for known in network.pod_ranges):
                # Invented text: no public source gives it.
                raise bad_request(f'Pod secondary range "{added.name}" is used by more than one pod network.')
            networks[index] = NodeNetwork(network.network, network.subnetwork, (*network.pod_ranges, added))
            return
    # Invented text: no public source gives it.
    raise bad_request(f'Subnetwork "{wanted.path}" of an additional pod network is not one of the node networks.')


def _check_membership(cloud: Cloud, subnetwork: SubnetworkRef, network: NetworkRef) -> None:
    resource = cloud.subnetwork(subnetwork)
    if resource is None or resource.body["network"] != network.link:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{network.name}".')
