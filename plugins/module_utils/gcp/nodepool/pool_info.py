# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to know of node pools: their settings, how far their ranges reach, and the blocks of their nodes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...cni.ranges import IPNetwork, parse_cidr
from ...gke_rules import blocks_between, region_of
from ..clients import Google
from ..nodes import conditions_of, status_of
from ..references import Place
from ..vpc import subnetworks
from ..vpc.range_users import read_clusters
from . import pod_ranges, pool_state
from .pod_ranges import Found, Key, Need
from .pool_options import PODS

Users = Mapping[Key, list[dict[str, Any]]]

_GROUP = re.compile(r"/zones/([^/]+)/instanceGroupManagers/(.+)-grp$")


def report(google: Google, location: str, cluster_name: str, name: str | None, *, alias_blocks: bool) -> dict[str, Any]:
    """Return one node pool of a cluster, or all.

    The clusters of the project are listed once, and each subnetwork of their ranges is read once.

    :param name: None for all.
    :param alias_blocks: whether the machines are read, too: a request for each zone.
    """
    clusters = read_clusters(google)
    cluster = next((each for each in clusters if (each.location, each.name) == (location, cluster_name)), None)
    if cluster is None:
        return {"changed": False, "node_pools": []}
    pools = [pool for pool in cluster.node_pools if name in (None, pool.name)]
    place = Place(google.project, region_of(location))
    wanted = {need.subnetwork for pool in pools for need in _needs(pool, cluster, place) if need.subnetwork}
    ranges = {
        each: subnetworks.find(google, each.region, each.name, each.project)
        for each in sorted(wanted, key=lambda subnetwork: subnetwork.path)
    }
    machines = _machines(google, pools) if alias_blocks else None
    users = users_of(clusters, google.project)
    return {
        "changed": False,
        "node_pools": [describe(pool, cluster, place, ranges, users, machines=machines) for pool in pools],
    }


def alias_blocks(google: Google, location: str, cluster_name: str) -> dict[str, tuple[IPNetwork, ...]]:
    """Return the blocks that each node of a cluster has for pods, of all its interfaces; nothing without the cluster.

    One request for the cluster, and one for each zone.
    """
    cluster = google.find_cluster(location, cluster_name)
    machines = _machines(google, cluster.node_pools) if cluster else []
    return {
        machine.name: tuple(
            parse_cidr(block.ip_cidr_range)
            for interface in machine.network_interfaces
            for block in interface.alias_ip_ranges
        )
        for machine in machines
    }


def describe(
    pool: Any, cluster: Any, place: Place, ranges: Found, users: Users, *, machines: Iterable[Any] | None
) -> dict[str, Any]:
    """Return all that is known of a pool.

    :param pool: container_v1.NodePool.
    :param cluster: container_v1.Cluster.
    :param ranges: subnetworks that were read.
    :param machines: compute_v1.Instance, those of other pools among them; None if they were not read.
    """
    told = summary(pool, cluster, place)
    told["capacity"] = [_capacity(need, ranges, users) for need in _needs(pool, cluster, place)]
    if machines is not None:
        beginnings = tuple(f"{group}-" for _zone, group in _groups(pool))
        told["nodes"] = [_node(each, place) for each in machines if each.name.startswith(beginnings)]
    return told


def summary(pool: Any, cluster: Any, place: Place) -> dict[str, Any]:
    """Return what Google says of a pool (container_v1.NodePool), in the words of gke_multinet_nodepool's options."""
    return {
        "name": pool.name,
        "cluster": cluster.name,
        "location": cluster.location,
        "status": status_of(pool),
        "conditions": conditions_of(pool),
        **pool_state.as_is(pool, pool_state.own_subnetwork(pool, cluster, place), place),
    }


def _needs(pool: Any, cluster: Any, place: Place) -> list[Need]:
    settings = pool_state.as_is(pool, pool_state.own_subnetwork(pool, cluster, place), place)
    return pod_ranges.needs(settings, pool, cluster, place)


def users_of(clusters: Iterable[Any], project: str) -> Users:
    """Return the node pools of a project's clusters that take blocks of a range, by the range."""
    users: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for cluster in clusters:
        for key, taker in pod_ranges.takers(cluster, Place(project, region_of(cluster.location))):
            users[key].append(
                {
                    "location": cluster.location,
                    "cluster": cluster.name,
                    "node_pool": taker.pool.name,
                    "nodes_now": taker.pool.initial_node_count * len(taker.pool.locations)
                    if not taker.pool.autoscaling.enabled
                    else None,
                    "nodes_max": taker.nodes,
                    "addresses_max": taker.addresses,
                }
            )
    return users


def _capacity(need: Need, ranges: Found, users: Users) -> dict[str, Any]:
    """Return how far a range reaches."""
    cidr, used_by = pod_ranges.cidr_of(need, ranges), users.get(need.key, [])
    holds = None if cidr is None else blocks_between(cidr.prefixlen, need.prefix)
    taken = -(-sum(user["addresses_max"] for user in used_by) // blocks_between(need.prefix, 32))
    return {
        "use": "additional pods" if need.path.startswith(PODS) else "pods",
        "subnetwork": need.subnetwork.path if need.subnetwork else None,
        "secondary_range": need.name,
        "cidr": None if cidr is None else str(cidr),
        "max_pods_per_node": need.pods,
        "block_prefix": need.prefix,
        "nodes_max": holds,
        "nodes_more": None if holds is None else max(0, holds - taken),
        "used_by": used_by,
    }


def _machines(google: Google, pools: Iterable[Any]) -> list[Any]:
    """Return the machines (compute_v1.Instance) of pools by name; one request for each zone.

    A machine is named after its instance group: one of gke-edge-pool-1a2b3c4d-grp is gke-edge-pool-1a2b3c4d-x9yz.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for pool in pools:
        for zone, group in _groups(pool):
            groups[zone].append(re.escape(group))
    found = []
    for zone, names in sorted(groups.items()):
        request = {"project": google.project, "zone": zone, "filter": f'name eq "({"|".join(names)})-[a-z0-9]+"'}
        found += google.list(f"list the nodes in {zone}", google.compute("Instances").list, request)
    return sorted(found, key=lambda machine: str(machine.name))


def _groups(pool: Any) -> Iterator[tuple[str, str]]:
    """Yield zone and name of a pool's instance groups; a name without its -grp."""
    for url in pool.instance_group_urls:
        match = _GROUP.search(url)
        if match:
            yield match[1], match[2]


def _node(machine: Any, place: Place) -> dict[str, Any]:
    interfaces = enumerate(machine.network_interfaces)
    return {
        "name": machine.name,
        "zone": machine.zone.rpartition("/")[2],
        "interfaces": [_interface(number, interface, place) for number, interface in interfaces],
    }


def _interface(number: int, interface: Any, place: Place) -> dict[str, Any]:
    """Return an interface of a machine (compute_v1.NetworkInterface) with the blocks that it has."""
    return {
        "name": f"eth{number}",
        "network": place.spell(place.network(interface.network)),
        "subnetwork": place.spell(place.subnetwork(interface.subnetwork)),
        "address": interface.network_i_p,
        "alias_blocks": [
            {"secondary_range": block.subnetwork_range_name, "cidr": block.ip_cidr_range}
            for block in interface.alias_ip_ranges
        ],
    }
