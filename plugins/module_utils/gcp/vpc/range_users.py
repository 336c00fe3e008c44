# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who uses which range of which subnetwork, as far as one list of a project's clusters tells.

Clusters of other projects (Shared VPC) are in their own projects' lists; machines that are no nodes are in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import ServiceDisabled
from ...gke_rules import region_of
from ..clients import Google
from ..references import Network, Place, Subnetwork

PRIMARY = ""  # in place of a secondary range's name


@dataclass(frozen=True, order=True)
class RangeUser:
    """A cluster or a node pool that takes addresses out of a range."""

    subnetwork: Subnetwork
    range: str  # name of the secondary range, or PRIMARY
    project: str
    location: str
    cluster: str
    node_pool: str  # empty: the cluster itself
    use: str  # nodes, pods, services, additional pods

    def __str__(self) -> str:
        """Return who that is: "node pool multinet of cluster edge (us-central1-c)"."""
        cluster = f"cluster {self.cluster} ({self.location})"
        return f"node pool {self.node_pool} of {cluster}" if self.node_pool else cluster

    def as_facts(self) -> dict[str, Any]:
        """Return it for a module's result, without the range."""
        return {
            "project": self.project,
            "location": self.location,
            "cluster": self.cluster,
            "node_pool": self.node_pool or None,
            "use": self.use,
        }


def read_clusters(google: Google, project: str | None = None) -> list[Any]:
    """Return all clusters (container_v1.Cluster) of a project with their node pools; one request.

    A project that does not use Kubernetes Engine has none.

    :param project: the clients' own if not given.
    """
    project = project or google.project
    request = {"parent": f"projects/{project}/locations/-"}
    try:
        answer = google.read(f"list clusters of project {project}", google.container.list_clusters, request)
    except ServiceDisabled:
        return []
    return list(answer.clusters)


def range_users(clusters: Iterable[Any], project: str) -> set[RangeUser]:
    """Return who uses which range.

    :param clusters: of one project, container_v1.Cluster; bare names in them are names in this project.
    """
    return {user for cluster in clusters for user in _users_in(cluster, project)}


def is_in_network(cluster: Any, project: str, network: Network) -> bool:
    """Tell whether a cluster's nodes have their first interface in a network."""
    return Place(project, region_of(cluster.location)).network_of(cluster) == network


def users_of_network(clusters: Iterable[Any], project: str, network: Network) -> Iterator[str]:
    """Yield the clusters that are in a network, and the node pools that have an additional interface in it."""
    for cluster in clusters:
        words = f"cluster {cluster.name} ({cluster.location})"
        if is_in_network(cluster, project, network):
            yield words
            continue
        place = Place(project, region_of(cluster.location))
        place = place.beside(place.subnetwork_of(cluster))
        for pool in cluster.node_pools:
            if any(place.network(each.network) == network for each in _node_networks(pool)):
                yield f"node pool {pool.name} of {words}"


def _users_in(cluster: Any, project: str) -> Iterator[RangeUser]:
    place = Place(project, region_of(cluster.location))
    own, policy = place.subnetwork_of(cluster), cluster.ip_allocation_policy
    place = place.beside(own)

    def user(subnetwork: Subnetwork, name: str, use: str, pool: Any | None = None) -> RangeUser:
        by = pool.name if pool is not None else ""
        return RangeUser(subnetwork, name, project, cluster.location, cluster.name, by, use)

    yield user(own, PRIMARY, "nodes")
    for name in (policy.cluster_secondary_range_name, *policy.additional_pod_ranges_config.pod_range_names):
        if name:
            yield user(own, name, "pods")
    if policy.services_secondary_range_name:
        yield user(own, policy.services_secondary_range_name, "services")
    # Older versions of the client library do not know this field.
    for more in getattr(policy, "additional_ip_ranges_configs", ()):
        subnetwork = place.subnetwork(more.subnetwork)
        yield user(subnetwork, PRIMARY, "nodes")
        yield from (user(subnetwork, name, "pods") for name in more.pod_ipv4_range_names)
    for pool in cluster.node_pools:
        its = place.subnetwork(pool.network_config.subnetwork) if pool.network_config.subnetwork else own
        if pool.network_config.pod_range not in ("", policy.cluster_secondary_range_name):
            yield user(its, pool.network_config.pod_range, "pods", pool)
        for node_network in _node_networks(pool):
            yield user(place.subnetwork(node_network.subnetwork), PRIMARY, "nodes", pool)
        for pod_network in pool.network_config.additional_pod_network_configs:
            at = place.subnetwork(pod_network.subnetwork) if pod_network.subnetwork else its
            yield user(at, pod_network.secondary_pod_range, "additional pods", pool)


def _node_networks(pool: Any) -> Any:
    return pool.network_config.additional_node_network_configs
