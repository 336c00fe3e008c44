# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the secondary ranges that give a pool's pods their additional addresses exist, and suffice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..cni.ranges import parse_cidr
from ..errors import Problem
from ..gke_rules import alias_block_prefix, alias_block_size, node_capacity
from .nodes import status_of
from .pool_options import PODS, Desired
from .references import Place, Subnetwork

MAX_PODS = 110  # of a cluster that says nothing else

Found = Mapping[Subnetwork, Any]  # None: it does not exist


def resolve(network: dict[str, Any], cluster: Any | None, place: Place) -> Subnetwork | None:
    """Return the subnetwork of a pod network: the cluster's own if it names none, None if that is not known yet."""
    if network["subnetwork"]:
        return place.subnetwork(network["subnetwork"])
    return None if cluster is None else place.subnetwork_of(cluster)


def max_pods(network: dict[str, Any], desired: Desired, cluster: Any | None) -> int:
    """Return how many pods of this network a node gets: its own value, else the pool's, else the cluster's."""
    of_cluster = cluster.default_max_pods_constraint.max_pods_per_node if cluster is not None else 0
    return int(network["max_pods_per_node"] or desired.max_pods_per_node or of_cluster or MAX_PODS)


def check(desired: Desired, cluster: Any | None, found: Found, place: Place, zones: int) -> Iterator[Problem]:
    """Yield ranges that do not exist, or have too few blocks for the nodes that the pool may come to have.

    :param found: the subnetworks that were read.
    :param zones: number of zones that the pool is in; 0 if its size is not to be judged.
    """
    for index, network in enumerate(desired.additional_pod_networks or []):
        subnetwork = resolve(network, cluster, place)
        if subnetwork is None or found.get(subnetwork) is None:
            continue
        path, name = f"{PODS}[{index}]", network["secondary_range"]
        ranges = _ranges(found[subnetwork])
        if name not in ranges:
            there = ", ".join(sorted(ranges)) or "none"
            yield Problem(
                f"{path}.secondary_range", name, f"subnetwork {subnetwork.name} has no such range; it has {there}"
            )
            continue
        pods = max_pods(network, desired, cluster)
        taken = dict(_taken(desired, cluster, subnetwork, name, place))
        nodes, needed = node_capacity(parse_cidr(ranges[name]), pods), desired.most_nodes * zones
        blocks_taken = -(-sum(taken.values()) // alias_block_size(pods))
        if needed and needed + blocks_taken > nodes:
            size = "autoscaling max" if desired.autoscales else "node_count"
            others = f", of which node pools {', '.join(taken)} may take {blocks_taken}" if taken else ""
            yield Problem(
                f"{path}.secondary_range",
                name,
                f"range {ranges[name]} holds {nodes} nodes at {pods} pods (/{alias_block_prefix(pods)} each){others}; "
                f"{size} {desired.most_nodes} x {zones} zone{'s' if zones > 1 else ''} needs {needed}",
            )


def capacities(desired: Desired, cluster: Any | None, found: Found, place: Place) -> Iterator[dict[str, Any]]:
    """Yield per pod network how many nodes its range has blocks for (None: the range was not read), and their size."""
    for network in desired.additional_pod_networks or []:
        subnetwork = resolve(network, cluster, place)
        message = found.get(subnetwork) if subnetwork else None
        cidr = _ranges(message).get(network["secondary_range"]) if message is not None else None
        pods = max_pods(network, desired, cluster)
        yield {
            "secondary_range": network["secondary_range"],
            "nodes_max": node_capacity(parse_cidr(cidr), pods) if cidr else None,
            "block_prefix": alias_block_prefix(pods),
        }


def _taken(
    desired: Desired, cluster: Any | None, subnetwork: Subnetwork, name: str, place: Place
) -> Iterator[tuple[str, int]]:
    """Yield the other pools of the cluster on a range, and how many of its addresses their nodes may come to have."""
    if cluster is None:
        return
    for pool in cluster.node_pools:
        if pool.name == desired.name or status_of(pool) == "STOPPING":
            continue
        for each in pool.network_config.additional_pod_network_configs:
            at = place.subnetwork(each.subnetwork) if each.subnetwork else place.subnetwork_of(cluster)
            if (at, each.secondary_pod_range) == (subnetwork, name):
                pods = (
                    each.max_pods_per_node.max_pods_per_node
                    or pool.max_pods_constraint.max_pods_per_node
                    or cluster.default_max_pods_constraint.max_pods_per_node
                    or MAX_PODS
                )
                yield pool.name, _most_nodes(pool) * alias_block_size(pods)


def _most_nodes(pool: Any) -> int:
    """Return how many nodes a pool (container_v1.NodePool) may come to have, in all its zones."""
    scaling = pool.autoscaling
    if scaling.enabled and scaling.total_max_node_count:
        return int(scaling.total_max_node_count)
    return int(scaling.max_node_count if scaling.enabled else pool.initial_node_count) * len(pool.locations)


def _ranges(subnetwork: Any) -> dict[str, str]:
    return {each.range_name: each.ip_cidr_range for each in subnetwork.secondary_ip_ranges}
