# SPDX-License-Identifier: Apache-2.0
"""What GKE refuses in a node pool, and the networks that a pool's nodes are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gkelab.cloud import invented
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container import versions
from gkelab.cloud.container.addresses import MAX_PODS, MIN_PODS, block_prefix
from gkelab.cloud.container.label_checks import check_node_config
from gkelab.cloud.container.machine_types import max_nics, vcpus
from gkelab.cloud.container.names import check_name
from gkelab.cloud.container.pod_ranges import chosen, has_range, range_named, taken
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


def max_pods_of(asked: Json, otherwise: int) -> int:
    """Return a maximum of pods per node out of a MaxPodsConstraint."""
    value = int(asked.get("maxPodsPerNode", 0) or 0) or otherwise
    if not MIN_PODS <= value <= MAX_PODS:
        raise bad_request(invented.MAX_PODS.format(least=MIN_PODS, most=MAX_PODS, count=value))
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
    networks = [_first_network(cloud, cluster, asked, max_pods)]
    check_node_config(asked.get("config", {}))
    _check_autoscaling(asked.get("autoscaling", {}))
    _check_image(cluster, asked)
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
            raise bad_request(invented.TAINT.format(taint=taint, effects=", ".join(TAINT_EFFECTS)))


def _check_autoscaling(asked: Json) -> None:
    for least, most in (("minNodeCount", "maxNodeCount"), ("totalMinNodeCount", "totalMaxNodeCount")):
        minimum, maximum = int(asked.get(least, 0)), int(asked.get(most, 0))
        if asked.get("enabled") and minimum > maximum:
            raise bad_request(invented.AUTOSCALING.format(least=minimum, most=maximum))


def _check_image(cluster: Cluster, asked: Json) -> None:
    """Refuse an unknown image type, and Ubuntu with additional networks before it could (GKE documentation)."""
    image = asked.get("config", {}).get("imageType", versions.IMAGE_TYPES[0]).upper()
    if image not in versions.IMAGE_TYPES:
        raise bad_request(invented.IMAGE_TYPE.format(image=image))
    version = versions.resolve_of_nodes(asked.get("version", ""), cluster.body["currentMasterVersion"])
    has_networks = bool(asked.get("networkConfig", {}).get("additionalNodeNetworkConfigs"))
    least = versions.UBUNTU_MULTI_NETWORKING
    if has_networks and image.startswith("UBUNTU") and versions.order(version) < versions.order(least):
        raise bad_request(invented.IMAGE_VERSION.format(image=image, least=least))


def _first_network(cloud: Cloud, cluster: Cluster, asked: Json, max_pods: int) -> NodeNetwork:
    """Return eth0's network; its range for Pods is the cluster's, another one, or one that GKE will add."""
    config = asked.get("networkConfig", {})
    added_name = f"gke-{cluster.body['name'][:16]}-{asked['name'][:16]}-pods-{cluster.hash}"
    network, subnetwork = NetworkRef.of_key(cluster.network), SubnetworkRef.of_key(cluster.subnetwork)
    if "subnetwork" in config:
        wanted = subnetwork_ref(config["subnetwork"], subnetwork.project, subnetwork.region)
        _check_membership(cloud, wanted, network)
        subnetwork = wanted
    policy = cluster.body["ipAllocationPolicy"]
    creates = config.get("createPodRange")
    name = config.get("podRange") or (added_name if creates else policy["clusterSecondaryRangeName"])
    if creates and not has_range(cloud, subnetwork, name):
        cidr = chosen(config.get("podIpv4CidrBlock", ""), taken(cloud, network), network)
    else:
        cidr = range_named(cloud, subnetwork, network, name)
    return NodeNetwork(network, subnetwork, (PodRange(name, cidr, block_prefix(max_pods)),))


def _check_counts(cluster: Cluster, config: Json, machine_type: str) -> None:
    node_networks = config.get("additionalNodeNetworkConfigs", ())
    pod_networks = config.get("additionalPodNetworkConfigs", ())
    if len(node_networks) > MAX_NODE_NETWORKS:
        raise bad_request(invented.TOO_MANY_NODE_NETWORKS.format(most=MAX_NODE_NETWORKS))
    if len(pod_networks) > MAX_POD_NETWORKS:
        raise bad_request(invented.TOO_MANY_POD_NETWORKS.format(most=MAX_POD_NETWORKS))
    if len(node_networks) + 1 > max_nics(machine_type):
        most, count = max_nics(machine_type), len(node_networks) + 1
        raise bad_request(invented.MACHINE_NICS.format(machine=machine_type, most=most, count=count))
    if pod_networks and not cluster.body["networkConfig"].get("enableMultiNetworking"):
        raise bad_request(invented.POD_NETWORKS_OFF)


def _node_network(cloud: Cloud, project: str, cluster: Cluster, item: Json, known: list[NetworkRef]) -> NodeNetwork:
    if not item.get("network") or not item.get("subnetwork"):
        raise bad_request(invented.NODE_NETWORK)
    network = network_ref(item["network"], project, field="network")
    region = region_of(cluster.body["location"])
    subnetwork = subnetwork_ref(item["subnetwork"], network.project, region, field="subnetwork")
    own = NetworkRef.of_key(cluster.network).project
    if network.project != own:
        raise bad_request(invented.FOREIGN_NETWORK.format(network=network.path, project=own))
    if cloud.network(network) is None:
        raise bad_request(f'network "{network.name}" does not exist.')
    _check_membership(cloud, subnetwork, network)
    if subnetwork.region != region:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{network.name}".')
    if network in known:
        raise bad_request(invented.NETWORK_TWICE.format(network=network.path))
    return NodeNetwork(network, subnetwork, ())


def _add_pod_network(
    cloud: Cloud, cluster: Cluster, networks: list[NodeNetwork], item: Json, pool_max_pods: int
) -> None:
    """Give the NIC in the pod network's subnetwork a block of its range; no subnetwork means eth0's."""
    if not item.get("secondaryPodRange"):
        raise bad_request(invented.POD_NETWORK)
    first = networks[0].subnetwork
    wanted = subnetwork_ref(item.get("subnetwork") or first.name, first.project, first.region, field="subnetwork")
    for index, network in enumerate(networks):
        if wanted == network.subnetwork:
            cidr = range_named(cloud, network.subnetwork, network.network, item["secondaryPodRange"])
            max_pods = max_pods_of(item.get("maxPodsPerNode", {}), pool_max_pods)
            added = PodRange(item["secondaryPodRange"], cidr, block_prefix(max_pods))
            if any(added.name == known.name for known in network.pod_ranges):
                raise bad_request(invented.POD_RANGE_TWICE.format(range=added.name))
            networks[index] = NodeNetwork(network.network, network.subnetwork, (*network.pod_ranges, added))
            return
    raise bad_request(invented.POD_SUBNETWORK.format(subnetwork=wanted.path))


def _check_membership(cloud: Cloud, subnetwork: SubnetworkRef, network: NetworkRef) -> None:
    resource = cloud.subnetwork(subnetwork)
    if resource is None or resource.body["network"] != network.link:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{network.name}".')
