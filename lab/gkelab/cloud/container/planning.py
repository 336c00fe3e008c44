# SPDX-License-Identifier: Apache-2.0
"""From pools to nodes: who gets which name, address and block, and how the engine is told."""

from __future__ import annotations

from collections.abc import Iterable

from gkelab.cloud import usage
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container import names
from gkelab.cloud.container.addresses import free_address, free_block
from gkelab.cloud.container.machine_types import family
from gkelab.cloud.container.pool_checks import TAINT_EFFECTS, NodeNetwork
from gkelab.cloud.errors import Json
from gkelab.cloud.geography import region_of
from gkelab.cloud.identity import digest
from gkelab.cloud.operations import OperationError
from gkelab.cloud.state import AliasBlock, Cluster, Node, NodeNic, NodePool
from gkelab.engine import ClusterSpec, Nic, NodeSpec


def plan_nodes(cloud: Cloud, cluster: Cluster, pool: NodePool, networks: list[NodeNetwork], per_zone: int) -> None:
    """Add nodes to a pool until each of its zones has ``per_zone``; OperationError if the addresses do not suffice."""
    for zone in pool.body["locations"]:
        group = pool.groups.setdefault(
            zone, names.instance_group(cluster.body["id"], cluster.body["name"], pool.body["name"], zone)
        )
        missing = per_zone - sum(node.zone == zone for node in pool.nodes)
        for _ in range(missing):
            # As on GKE no name is given twice: a node's certificate and its leavings are its own.
            number = cluster.node_numbers.get(group, 0)
            cluster.node_numbers[group] = number + 1
            # In the pool before its NICs are planned one by one, so that each sees what the others hold.
            node = Node(names.node(group, number), zone, [])
            pool.nodes.append(node)
            try:
                for network in networks:
                    node.nics.append(_plan_nic(cloud, node, network))
            except OperationError:
                pool.nodes.remove(node)
                raise


def surplus_nodes(pool: NodePool, per_zone: int) -> list[Node]:
    """Return the nodes to remove so that each zone has ``per_zone``: the youngest, and all in zones given up."""
    surplus: list[Node] = []
    for zone in pool.groups:
        wanted = per_zone if zone in pool.body["locations"] else 0
        surplus += [node for node in pool.nodes if node.zone == zone][wanted:]
    return surplus


def _plan_nic(cloud: Cloud, node: Node, network: NodeNetwork) -> NodeNic:
    resource = cloud.subnetwork(network.subnetwork)
    cidr = str(resource.body["ipCidrRange"]) if resource else ""
    address = free_address(cidr, usage.addresses_in(cloud, network.subnetwork)) if cidr else None
    if address is None:
        raise _no_address(node, network, cidr)
    nic = NodeNic(network.network.key, network.subnetwork.key, address, int(cidr.partition("/")[2]))
    for item in network.pod_ranges:
        held = usage.blocks_in(cloud, network.subnetwork, item.name)
        block = free_block(item.cidr, item.prefix, held)
        if block is None:
            raise _no_block(node, network, item.name)
        nic.aliases.append(AliasBlock(item.name, block))
    return nic


def _no_address(node: Node, network: NodeNetwork, cidr: str) -> OperationError:
    """Return the failure for want of a primary address (gcp-hosted-runner#7)."""
    text = (
        f"IP space of '{network.subnetwork.path}' is exhausted. Insufficient free IP addresses in the IP range "
        f"'{cidr}'. Consider expanding the IP range of the subnetwork."
    )
    return OperationError("8", f"[IP_SPACE_EXHAUSTED_WITH_DETAILS]: Instance '{node.name}' creation failed: {text}")


def _no_block(node: Node, network: NodeNetwork, range_name: str) -> OperationError:
    """Return the failure for want of a block of a secondary range (terraform-cdk#1964)."""
    space = f"{network.subnetwork.path}-{range_name}-{digest('range', network.subnetwork.key, range_name)[:16]}"
    text = f"Instance '{node.name}' creation failed: IP space of '{space}' is exhausted."
    return OperationError("8", f"[IP_SPACE_EXHAUSTED]: {text}")


def cluster_spec(key: str, cluster: Cluster) -> ClusterSpec:
    """Return a cluster as the engine wants it."""
    policy = cluster.body["ipAllocationPolicy"]
    return ClusterSpec(
        key=key,
        version=cluster.body["currentMasterVersion"],
        network=cluster.network,
        subnetwork_cidr=cluster.subnetwork_cidr,
        control_plane_address=cluster.control_plane_address,
        pods_cidr=policy["clusterIpv4CidrBlock"],
        services_cidr=policy["servicesIpv4CidrBlock"],
    )


def node_specs(key: str, pool: NodePool) -> list[NodeSpec]:
    """Return the nodes of a pool as the engine wants them."""
    return [_node_spec(key, pool, node) for node in pool.nodes]


def taints_of(taints: Iterable[Json]) -> list[tuple[str, str, str]]:
    """Return taints as the engine wants them."""
    return [(item["key"], item.get("value", ""), TAINT_EFFECTS[item["effect"]]) for item in taints]


def _node_spec(key: str, pool: NodePool, node: Node) -> NodeSpec:
    project = key.split("/", maxsplit=1)[0]
    config = pool.body["config"]
    return NodeSpec(
        cluster=key,
        pool=pool.body["name"],
        name=node.name,
        zone=node.zone,
        pod_cidr=node.nics[0].aliases[0].block,
        nics=tuple(
            Nic(nic.network, nic.address, nic.prefix_length, tuple(alias.block for alias in nic.aliases))
            for nic in node.nics
        ),
        max_pods=int(pool.body["maxPodsConstraint"]["maxPodsPerNode"]),
        provider_id=f"gce://{project}/{node.zone}/{node.name}",
        labels=_labels(pool, node),
        taints=taints_of(config.get("taints", ())),
    )


def _labels(pool: NodePool, node: Node) -> dict[str, str]:
    """Return a node's labels: the user's, and those that GKE and the kubelet set (GKE documentation, node labels)."""
    config = pool.body["config"]
    machine_type = config["machineType"]
    image = "ubuntu" if config["imageType"].startswith("UBUNTU") else "cos"
    return {
        **config.get("labels", {}),
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": machine_type,
        "beta.kubernetes.io/os": "linux",
        "cloud.google.com/gke-boot-disk": config["diskType"],
        "cloud.google.com/gke-container-runtime": "containerd",
        "cloud.google.com/gke-max-pods-per-node": pool.body["maxPodsConstraint"]["maxPodsPerNode"],
        "cloud.google.com/gke-netd-ready": "true",
        "cloud.google.com/gke-nodepool": pool.body["name"],
        "cloud.google.com/gke-os-distribution": image,
        "cloud.google.com/gke-provisioning": "spot" if config.get("spot") else "standard",
        "cloud.google.com/gke-stack-type": "IPV4",
        "cloud.google.com/machine-family": family(machine_type),
        "failure-domain.beta.kubernetes.io/region": region_of(node.zone),
        "failure-domain.beta.kubernetes.io/zone": node.zone,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": machine_type,
        "topology.gke.io/zone": node.zone,
        "topology.kubernetes.io/region": region_of(node.zone),
        "topology.kubernetes.io/zone": node.zone,
    }
