# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ranges cannot live together, in one cluster and in all clusters that share a VPC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .. import gke_rules
from ..cni.ranges import IPNetwork, overlapping
from ..errors import Problems
from ..gcp.references import Network as NetworkReference
from ..gcp.references import Subnetwork
from .description import Description, Network, NodePool, PodRange
from .shared_rules import subnetwork_of

RESERVED_ADDRESSES = 4  # of a primary range: network, gateway, next to last, broadcast
MASTER = "master_cidr"
OF_THE_CLUSTER = {"pods_cidr": "pods_cidr", "services_cidr": "services_cidr", MASTER: f"private.{MASTER}"}


@dataclass(frozen=True)
class Declared:
    """A range as one description has it."""

    path: str
    cidr: IPNetwork
    host: str
    vpc: NetworkReference
    identity: tuple[object, str]  # two descriptions with the same one mean the same range
    carries: str  # whose addresses it has: "nodes", "pods" of an additional network, "cluster"
    in_cluster: bool = False  # its addresses mean something to every pod of the cluster


def check(problems: Problems, descriptions: Sequence[Description]) -> None:
    """Note ranges that are none, that are too small, or that share addresses where they must not."""
    declared = [entry for description in descriptions for entry in _declared(problems, description)]
    _check_same(problems, [entry for entry in declared if entry.carries == "pods"])
    _check_clusters(problems, descriptions, declared)
    in_vpc: dict[NetworkReference, dict[object, Declared]] = defaultdict(dict)
    for entry in declared:  # two clusters may name the same range of a VPC: that is one range
        in_vpc[entry.vpc].setdefault(entry.identity, entry)
    for vpc, ranges in in_vpc.items():
        for first, second in _overlaps(ranges.values()):
            if first.host == second.host and first.carries == second.carries == "cluster":
                continue  # said already
            problems.add(second.path, str(second.cidr), _overlap(first, f"of VPC {vpc.name} in {vpc.project}"))
    _check_primaries(problems, descriptions)
    for description in descriptions:
        _check_default_pods(problems, description)


def _declared(problems: Problems, description: Description) -> Iterator[Declared]:
    """Yield the ranges of a description that are ranges, each looked at by itself."""
    for network in description.networks:
        subnetwork = subnetwork_of(description, network)
        path = f"{network.path}.node_range"
        cidr = gke_rules.check_range(problems, path, network.node_range)
        if cidr is not None:
            yield Declared(path, cidr, description.host, network.key, (subnetwork, ""), "nodes")
        for pod_range in network.pod_ranges:
            path = f"{pod_range.path}.range"
            cidr = gke_rules.check_range(problems, path, pod_range.range)
            if cidr is not None:
                _check_capacity(problems, description, network, pod_range, cidr)
                identity = (subnetwork, pod_range.name)
                yield Declared(path, cidr, description.host, network.key, identity, "pods", in_cluster=True)
    yield from _of_the_cluster(description)


def _of_the_cluster(description: Description) -> Iterator[Declared]:
    """Yield the ranges of the cluster's own VPC that Kubernetes Engine is to make; others say what is none."""
    given = {**description.cluster, **(description.cluster["private"] or {})}
    for key, path in OF_THE_CLUSTER.items():
        cidr = gke_rules.check_range(Problems(), "", given[key]) if given.get(key) else None
        if cidr is not None:
            yield Declared(
                f"{description.host}: multinet_cluster.{path}",
                cidr,
                description.host,
                description.own_network,
                (description.host, key),
                "cluster",
                in_cluster=key != MASTER,
            )


def _check_same(problems: Problems, pod_ranges: Sequence[Declared]) -> None:
    """A secondary range is what everybody says that it is, and Whereabouts hands it out for one cluster only."""
    owners: dict[object, Declared] = {}
    for entry in pod_ranges:
        owner = owners.setdefault(entry.identity, entry)
        if owner.host == entry.host:
            continue
        if owner.cidr == entry.cidr:
            problems.add(
                entry.path,
                str(entry.cidr),
                f"is handed out by cluster {owner.host}, too, so that pods would get the same address; "
                "give each cluster a secondary range of its own",
            )
        else:
            problems.add(
                entry.path, str(entry.cidr), f"differs from {owner.path} ({owner.cidr}), which names the same range"
            )


def _check_clusters(problems: Problems, descriptions: Sequence[Description], declared: Sequence[Declared]) -> None:
    """Note ranges of several VPCs that one cluster cannot have together; those of one VPC are looked at there."""
    by_host: dict[str, list[Declared]] = defaultdict(list)
    for entry in declared:
        by_host[entry.host].append(entry)
    for description in descriptions:
        entries = by_host[description.host]
        for first, second in _overlaps(entry for entry in entries if entry.in_cluster):
            if first.vpc != second.vpc:
                problems.add(second.path, str(second.cidr), _overlap(first, "of one cluster"))
        for first, second in _overlaps(entry for entry in entries if entry.carries == "nodes"):
            if first.vpc != second.vpc and _on_one_node(description, first.vpc, second.vpc):
                problems.add(second.path, str(second.cidr), _overlap(first, "of a node's interfaces"))


def _on_one_node(description: Description, *vpcs: NetworkReference) -> bool:
    return any(
        set(vpcs) <= {network.key for network in description.carried_by(pool).values()}
        for pool in description.nodepools
    )


def _overlaps(ranges: Iterable[Declared]) -> Iterator[tuple[Declared, Declared]]:
    by_path = {entry.path: entry for entry in ranges}
    for found in overlapping((path, entry.cidr) for path, entry in by_path.items()):
        yield by_path[found[0]], by_path[found[1]]


def _overlap(other: Declared, where: str) -> str:
    return f"overlaps {other.path} ({other.cidr}); ranges {where} must not overlap"


def _check_primaries(problems: Problems, descriptions: Sequence[Description]) -> None:
    """Each node of each cluster takes an address of its subnetwork's primary range."""
    users: dict[Subnetwork, list[tuple[Network, str, int]]] = defaultdict(list)
    for description in descriptions:
        for network in description.networks:
            nodes = sum(pool.nodes for pool in description.pools_with(network))
            users[subnetwork_of(description, network)].append((network, description.host, nodes))
    for entries in users.values():
        network, nodes = entries[0][0], sum(nodes for _network, _host, nodes in entries)
        primary = gke_rules.check_range(Problems(), "", network.node_range)  # what is wrong with it, was said
        if primary is None or primary.prefixlen not in gke_rules.RANGE_PREFIXES:
            continue
        holds = primary.size - RESERVED_ADDRESSES
        if nodes > holds:
            whose = "the node pools" if len(entries) == 1 else f"the clusters {', '.join(each[1] for each in entries)}"
            problems.add(f"{network.path}.node_range", str(primary), f"holds {holds} nodes; {whose} may have {nodes}")


def _check_capacity(
    problems: Problems, description: Description, network: Network, pod_range: PodRange, cidr: IPNetwork
) -> None:
    """A node takes a whole block of the range, however few pods it runs."""
    if not gke_rules.MIN_PODS <= pod_range.max_pods_per_node <= gke_rules.MAX_PODS:
        return  # said already; a block cannot be computed
    holds = gke_rules.node_capacity(cidr, pod_range.max_pods_per_node)
    pools = description.pools_with(network)
    nodes = sum(pool.nodes for pool in pools)
    if nodes > holds:
        problems.add(
            f"{pod_range.path}.range",
            str(cidr),
            f"holds {holds} nodes at {pod_range.max_pods_per_node} pods "
            f"(/{gke_rules.alias_block_prefix(pod_range.max_pods_per_node)} each); "
            f"the node pools may have {nodes} ({_sizes(pools)})",
        )


def _sizes(pools: Sequence[NodePool]) -> str:
    return ", ".join(f"{pool.name}: {pool.size}" for pool in pools)


def _check_default_pods(problems: Problems, description: Description) -> None:
    """The pods' first interfaces take a block per node, too, of the cluster's pods_cidr or of the pool's pod_range."""
    cluster, text = description.cluster, description.cluster["pods_cidr"]
    cidr = gke_rules.check_range(Problems(), "", text) if text else None
    if cidr is None:
        return
    pods = cluster["default_max_pods_per_node"] or gke_rules.DEFAULT_MAX_PODS
    nodes = [(description.first_nodes, pods)] + [
        (pool.nodes, pool.options["max_pods_per_node"] or pods)
        for pool in description.nodepools
        if not pool.options["pod_range"]
    ]
    needed = sum(count * 2 ** (32 - gke_rules.alias_block_prefix(each)) for count, each in nodes)
    if needed > cidr.size:
        problems.add(
            f"{description.host}: multinet_cluster.pods_cidr",
            text,
            f"has {cidr.size} addresses; the blocks of the {sum(count for count, each in nodes)} nodes that the pools "
            f"may have take {needed}",
        )
