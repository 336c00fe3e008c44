# SPDX-License-Identifier: Apache-2.0
"""Who uses a subnetwork, a secondary range, an address."""

from __future__ import annotations

from collections.abc import Iterator

from gkelab.cloud.cloud import Cloud
from gkelab.cloud.references import SubnetworkRef
from gkelab.cloud.state import Cluster, Node, NodeNic


def nics_in(cloud: Cloud, subnetwork: SubnetworkRef) -> Iterator[tuple[str, Node, NodeNic]]:
    """Yield (cluster key, node, NIC) of all NICs in a subnetwork."""
    for key, cluster in cloud.clusters():
        for pool in cluster.pools.values():
            for node in pool.nodes:
                for nic in node.nics:
                    if nic.subnetwork == subnetwork.key:
                        yield key, node, nic


def clusters_in(cloud: Cloud, subnetwork: SubnetworkRef) -> Iterator[tuple[str, Cluster]]:
    """Yield the clusters whose nodes have eth0 in a subnetwork."""
    for key, cluster in cloud.clusters():
        if cluster.subnetwork == subnetwork.key:
            yield key, cluster


def user_of_subnetwork(cloud: Cloud, subnetwork: SubnetworkRef) -> str:
    """Return the path of something that keeps a subnetwork from being deleted, or nothing."""
    for key, node, _ in nics_in(cloud, subnetwork):
        return _instance(key, node)
    for key, cluster in clusters_in(cloud, subnetwork):
        # Invented form: no public source names what a cluster without nodes holds of its subnetwork.
        project, _, name = key.split("/")
        return f"projects/{project}/regions/{subnetwork.region}/forwardingRules/gke-{name}-{cluster.hash}-pe"
    return ""


def user_of_range(cloud: Cloud, subnetwork: SubnetworkRef, range_name: str) -> str:
    """Return the path of something that keeps a secondary range from being removed, or nothing."""
    for key, node, nic in nics_in(cloud, subnetwork):
        if any(alias.range_name == range_name for alias in nic.aliases):
            return _instance(key, node)
    for key, cluster in clusters_in(cloud, subnetwork):
        policy = cluster.body["ipAllocationPolicy"]
        if range_name in (policy.get("clusterSecondaryRangeName"), policy.get("servicesSecondaryRangeName")):
            # Invented form: no public source names what a cluster without nodes holds of a range.
            project, location, name = key.split("/")
            return f"projects/{project}/locations/{location}/clusters/{name}"
    return ""


def addresses_in(cloud: Cloud, subnetwork: SubnetworkRef) -> set[str]:
    """Return the addresses of a subnetwork's primary range that nodes and control planes hold."""
    held = {nic.address for _, _, nic in nics_in(cloud, subnetwork)}
    return held | {cluster.control_plane_address for _, cluster in clusters_in(cloud, subnetwork)}


def blocks_in(cloud: Cloud, subnetwork: SubnetworkRef, range_name: str) -> list[str]:
    """Return the blocks of a secondary range that nodes hold."""
    return [
        alias.block
        for _, _, nic in nics_in(cloud, subnetwork)
        for alias in nic.aliases
        if alias.range_name == range_name
    ]


def _instance(key: str, node: Node) -> str:
    return f"projects/{key.split('/', maxsplit=1)[0]}/zones/{node.zone}/instances/{node.name}"
