# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may work, or not: said as warnings, because a description does not tell."""

from __future__ import annotations

from collections.abc import Sequence

from .. import gke_rules
from ..cni.ranges import parse_cidr
from ..errors import Problems
from .description import Description, Network, NodePool

SERVICES = "34.118.224.0/20"  # where Kubernetes Engine puts services, unless told otherwise
UPGRADE_SURGE = 1  # nodes that an upgrade adds for a while, unless told otherwise


def check(doubts: Problems, descriptions: Sequence[Description]) -> None:
    """Note what is doubtful in descriptions that the rules have let through."""
    for description in descriptions:
        for network in description.networks:
            _check_network(doubts, description, network)
        for pool in description.nodepools:
            _check_pool(doubts, description, pool)
        _check_shared_vpc(doubts, description)
        _check_endpoint(doubts, description)


def _check_network(doubts: Problems, description: Description, network: Network) -> None:
    pools = description.pools_with(network)
    if not pools:
        doubts.add(f"{network.path}.vpc", network.vpc, "no node pool has an interface in it, so no pod can use it")
    for pod_range in network.pod_ranges:
        path, cidr = f"{pod_range.path}.range", parse_cidr(pod_range.range)
        holds = gke_rules.node_capacity(cidr, pod_range.max_pods_per_node)
        nodes = sum(pool.nodes for pool in pools)
        if pools and holds < nodes + max(map(_surge, pools)):
            doubts.add(
                path,
                pod_range.range,
                f"holds {holds} nodes, and the node pools may have {nodes}: an upgrade that adds nodes for a while "
                "finds no block for them",
            )
        if not (description.cluster.get("services_range") or description.cluster.get("services_cidr")):
            services = parse_cidr(SERVICES)
            if cidr in services or services in cidr:
                doubts.add(path, pod_range.range, f"overlaps {SERVICES}, where Kubernetes Engine puts services")


def _surge(pool: NodePool) -> int:
    """Return how many nodes an upgrade adds to each pool."""
    given = (pool.options["upgrade_settings"] or {}).get("max_surge")
    return UPGRADE_SURGE if given is None else int(given)


def _check_pool(doubts: Problems, description: Description, pool: NodePool) -> None:
    version = pool.options["version"] or description.cluster["version"] or ""
    image = pool.options["image_type"] or ""
    ubuntu = pool.networks and image.upper().startswith("UBUNTU")
    if ubuntu and version and gke_rules.is_before(version, gke_rules.UBUNTU_SINCE):
        doubts.add(
            f"{pool.path}.image_type",
            image,
            f"Ubuntu nodes have additional networks since {gke_rules.UBUNTU_SINCE}; version says {version}",
        )
    of_cluster = description.cluster["version"]
    if of_cluster and pool.options["version"] and gke_rules.is_before(of_cluster, pool.options["version"]):
        doubts.add(
            f"{pool.path}.version",
            pool.options["version"],
            f"is newer than the cluster's ({of_cluster}); nodes cannot be newer than their control plane",
        )
    if len(pool.networks) > 1 and gke_rules.most_additional_networks(pool.machine_type) is None:
        doubts.add(
            f"{pool.path}.machine_type",
            pool.machine_type,
            f"does not tell how many vCPUs it has, so nobody checked that it can have {len(pool.networks)} "
            "additional networks",
        )


def _check_shared_vpc(doubts: Problems, description: Description) -> None:
    cluster = description.cluster
    if description.own_network.project != description.project and not (
        cluster["pods_range"] and cluster["services_range"]
    ):
        doubts.add(
            f"{description.host}: multinet_cluster.network",
            cluster["network"],
            "is another project's: Kubernetes Engine does not make the ranges of pods and services there; name them "
            "with pods_range and services_range",
        )


def _check_endpoint(doubts: Problems, description: Description) -> None:
    """From Multus on, a run asks the cluster's API server."""
    private = description.cluster["private"] or {}
    if private.get("endpoint") and description.cluster["endpoint_kind"] is None:
        doubts.add(
            f"{description.host}: multinet_cluster.private.endpoint",
            True,
            "the API server has no public address: run this inside of its VPC, or set dns_endpoint=true and "
            "endpoint_kind=dns",
        )
