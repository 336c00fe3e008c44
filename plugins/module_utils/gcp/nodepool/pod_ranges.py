# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secondary ranges that a pool's nodes take blocks of: whether they exist, and how many nodes they suffice for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...cni.ranges import IPNetwork, overlapping, parse_cidr
from ...errors import Problem
from ...gke_rules import DEFAULT_MAX_PODS, alias_block_prefix, blocks_between
from ...reconcile import State
from ..nodes import status_of
from ..references import Place, Subnetwork
from ..vpc.secondary_ranges import present_ranges
from .pool_options import PODS
from .pool_state import as_is, own_subnetwork

Found = Mapping[Subnetwork, Any]  # subnetworks that were read; None: it does not exist


class Key(NamedTuple):
    """What makes it the same range as another one."""

    subnetwork: Subnetwork | None
    name: str


@dataclass(frozen=True)
class Need:
    """A secondary range that each node of a pool takes a block of."""

    path: str  # in the options
    subnetwork: Subnetwork | None  # None: that of the nodes' first interface, which is not known yet
    name: str
    pods: int  # on a node
    prefix: int  # of the block

    @property
    def key(self) -> Key:
        """Return which range it is."""
        return Key(self.subnetwork, self.name)


@dataclass(frozen=True)
class Size:
    """How many nodes a pool may come to have."""

    nodes: int
    words: str  # "node_count 2 x 3 zones"


@dataclass(frozen=True)
class Taker:
    """A pool that takes blocks of a range."""

    pool: Any  # container_v1.NodePool
    nodes: int  # that it may come to have
    addresses: int  # that these would take


def size(settings: State, zones: int) -> Size:
    """Return the largest size of a pool with these settings (pool_state) in a number of zones."""
    scaling = settings.get("autoscaling", {})
    if scaling.get("total_max"):
        return Size(scaling["total_max"], f"autoscaling total_max {scaling['total_max']}")
    each = scaling["max"] if scaling.get("enabled") else settings["node_count"]
    name = "autoscaling max" if scaling.get("enabled") else "node_count"
    return Size(each * zones, f"{name} {each} x {zones} zone{'s' if zones > 1 else ''}")


def needs(settings: State, pool: Any | None, cluster: Any | None, place: Place) -> list[Need]:
    """Return the ranges that a pool takes blocks of, as far as its settings name them.

    :param settings: as the pool is to be (pool_state).
    """
    own = own_subnetwork(pool, cluster, place)
    of_cluster = cluster.default_max_pods_constraint.max_pods_per_node if cluster is not None else 0
    own_pods = settings.get("max_pods_per_node") or of_cluster or DEFAULT_MAX_PODS
    doubled = not (_is_single(pool and pool.network_config) or _is_single(cluster and cluster.ip_allocation_policy))
    found = []
    for index, each in enumerate(settings.get(PODS, [])):
        at = place.subnetwork(each["subnetwork"]) if each.get("subnetwork") else own
        pods = each.get("max_pods_per_node") or own_pods
        prefix = alias_block_prefix(pods, doubled=doubled)
        found.append(Need(f"{PODS}[{index}].secondary_range", at, each["secondary_range"], pods, prefix))
    if settings.get("pod_range"):
        prefix = alias_block_prefix(own_pods, doubled=doubled)
        found.append(Need("pod_range", own, settings["pod_range"], own_pods, prefix))
    return found


def missing(needs: Iterable[Need], found: Found) -> Iterator[Problem]:
    """Yield ranges that do not exist, of those subnetworks that were read."""
    for need in needs:
        if need.subnetwork is None or need.subnetwork not in found:
            continue
        where, subnetwork = need.subnetwork, found[need.subnetwork]
        if subnetwork is None:
            yield Problem(
                need.path, need.name, f"there is no subnetwork {where.name} in {where.region}; create it first"
            )
        elif need.name not in present_ranges(subnetwork):
            names = ", ".join(sorted(present_ranges(subnetwork))) or "none"
            yield Problem(need.path, need.name, f"subnetwork {where.name} has no such range; it has {names}")


def check(needs: Iterable[Need], found: Found, size: Size, taken: Mapping[Key, Mapping[str, int]]) -> Iterator[Problem]:
    """Yield ranges that overlap, or have too few blocks for the nodes that the pool may come to have.

    :param taken: addresses that other pools may take, by key of the range and name of the pool.
    """
    there: dict[str, tuple[Need, IPNetwork]] = {}
    for need in needs:
        cidr = cidr_of(need, found)
        if cidr is not None:
            there[need.path] = need, cidr
            yield from _check_room(need, cidr, size, taken.get(need.key, {}))
    for first, second, network, other in overlapping((path, cidr) for path, (_need, cidr) in there.items()):
        text = f"{other} overlaps {first} ({network}); pod networks of a cluster must not overlap"
        yield Problem(second, there[second][0].name, text)


def _check_room(need: Need, cidr: IPNetwork, size: Size, taken: Mapping[str, int]) -> Iterator[Problem]:
    holds = blocks_between(cidr.prefixlen, need.prefix)
    blocks_taken = -(-sum(taken.values()) // blocks_between(need.prefix, 32))
    if size.nodes and size.nodes + blocks_taken > holds:
        others = f", of which node pools {', '.join(taken)} may take {blocks_taken}" if taken else ""
        text = f"range {cidr} holds {holds} nodes at {need.pods} pods (/{need.prefix} each){others}; {size.words} needs"
        yield Problem(need.path, need.name, f"{text} {size.nodes}")


def takers(cluster: Any, place: Place) -> Iterator[tuple[Key, Taker]]:
    """Yield the pools of a cluster (container_v1.Cluster) with the ranges that their nodes take blocks of."""
    for pool in cluster.node_pools:
        settings = as_is(pool, own_subnetwork(pool, cluster, place), place)
        nodes = size(settings, len(pool.locations)).nodes
        for need in needs(settings, pool, cluster, place):
            yield need.key, Taker(pool, nodes, nodes * blocks_between(need.prefix, 32))


def taken_by_others(cluster: Any | None, name: str, place: Place) -> dict[Key, dict[str, int]]:
    """Return how many addresses of a range each other pool of the cluster may take, by key of the range.

    :param name: of the pool that asks.
    """
    taken: dict[Key, dict[str, int]] = {}
    for key, taker in takers(cluster, place) if cluster is not None else ():
        if taker.pool.name != name and status_of(taker.pool) != "STOPPING":
            taken.setdefault(key, {})[taker.pool.name] = taker.addresses
    return taken


def capacities(needs: Iterable[Need], found: Found) -> Iterator[dict[str, Any]]:
    """Yield how many nodes each range has blocks for (None: it was not read), and their size."""
    for need in needs:
        cidr = cidr_of(need, found)
        yield {
            "secondary_range": need.name,
            "nodes_max": None if cidr is None else blocks_between(cidr.prefixlen, need.prefix),
            "block_prefix": need.prefix,
        }


def cidr_of(need: Need, found: Found) -> IPNetwork | None:
    """Return a range that was read and is there."""
    subnetwork = found.get(need.subnetwork) if need.subnetwork else None
    text = present_ranges(subnetwork).get(need.name) if subnetwork is not None else None
    return parse_cidr(text) if text else None


def _is_single(holder: Any | None) -> bool:
    """Tell whether nodes get as many addresses as they have pods, and not twice as many.

    :param holder: container_v1.NodeNetworkConfig or IPAllocationPolicy.
    """
    return holder is not None and bool(holder.pod_cidr_overprovision_config.disable)
