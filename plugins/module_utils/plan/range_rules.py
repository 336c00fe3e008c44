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
from .description import Description, Network, PodRange

RESERVED_ADDRESSES = 4  # of a primary range: network, gateway, next to last, broadcast


@dataclass(frozen=True)
class Declared:
    """A range as one description has it."""

    path: str
    cidr: IPNetwork
    host: str
    region: str
    network: Network
    name: str = ""  # of a secondary range; empty for the primary one

    @property
    def key(self) -> tuple[tuple[str, str], str, str, str]:
        """Return what makes a range of a VPC another one: its subnetwork, with its region, and its name."""
        return self.network.key, self.region, self.network.subnetwork, self.name


def check(problems: Problems, descriptions: Sequence[Description]) -> None:
    """Note ranges that are none, that are too small, or that share addresses where they must not."""
    declared = [entry for description in descriptions for entry in _declared(problems, description)]
    _check_names(problems, declared)
    _check_clusters(problems, [entry for entry in declared if entry.name])
    in_vpc: dict[tuple[str, str], dict[tuple[object, ...], Declared]] = defaultdict(dict)
    for entry in declared:  # two clusters may name the same range of a VPC: that is one range
        in_vpc[entry.network.key].setdefault(entry.key, entry)
    for (project, vpc), ranges in in_vpc.items():
        for first, second in _overlaps(ranges.values()):
            problems.add(second.path, str(second.cidr), _overlap(first, f"of VPC {vpc} in {project}"))


def _declared(problems: Problems, description: Description) -> list[Declared]:
    """Return the ranges of a description that are ranges, each looked at by itself."""
    found = []
    for network in description.networks:
        path = f"{network.path}.node_range"
        cidr = gke_rules.check_range(problems, path, network.node_range)
        if cidr is not None:
            _check_primary(problems, description, network, cidr)
            found.append(Declared(path, cidr, description.host, description.region, network))
        for pod_range in network.pod_ranges:
            path = f"{pod_range.path}.range"
            cidr = gke_rules.check_range(problems, path, pod_range.range)
            if cidr is not None:
                _check_capacity(problems, description, network, pod_range, cidr)
                found.append(Declared(path, cidr, description.host, description.region, network, pod_range.name))
    return found


def _check_names(problems: Problems, declared: Sequence[Declared]) -> None:
    """A subnetwork is one thing in its region, and its secondary ranges are what everybody says that they are."""
    vpc_of: dict[tuple[str, str, str], Declared] = {}
    same: dict[tuple[object, ...], Declared] = {}
    for entry in declared:
        network = entry.network
        other = vpc_of.setdefault((network.project, entry.region, network.subnetwork), entry)
        if other.network.vpc != network.vpc and not entry.name:
            problems.add(
                f"{network.path}.subnetwork", network.subnetwork, f"is a subnetwork of VPC {other.network.vpc}, too"
            )
        other = same.setdefault(entry.key, entry)
        if other.cidr != entry.cidr and other.host != entry.host:
            problems.add(
                entry.path, str(entry.cidr), f"differs from {other.path} ({other.cidr}), which names the same range"
            )


def _check_clusters(problems: Problems, pod_ranges: Sequence[Declared]) -> None:
    """Pod ranges of one cluster must not overlap, and Whereabouts hands out addresses for one cluster only."""
    for first, second in _overlaps(pod_ranges):
        if (
            first.host == second.host and first.network.key != second.network.key
        ):  # those of one VPC are looked at there
            problems.add(second.path, str(second.cidr), _overlap(first, "of one cluster"))
    owners: dict[tuple[object, ...], Declared] = {}
    for entry in pod_ranges:
        owner = owners.setdefault(entry.key, entry)
        if owner.host != entry.host and owner.cidr == entry.cidr:
            problems.add(
                entry.path,
                str(entry.cidr),
                f"is handed out by cluster {owner.host}, too, so that pods would get the same address; "
                "give each cluster a secondary range of its own",
            )


def _overlaps(ranges: Iterable[Declared]) -> Iterator[tuple[Declared, Declared]]:
    by_path = {entry.path: entry for entry in ranges}
    for found in overlapping((path, entry.cidr) for path, entry in by_path.items()):
        yield by_path[found[0]], by_path[found[1]]


def _overlap(other: Declared, where: str) -> str:
    return f"overlaps {other.path} ({other.cidr}); ranges {where} must not overlap"


def _check_primary(problems: Problems, description: Description, network: Network, primary: IPNetwork) -> None:
    path, nodes = f"{network.path}.node_range", sum(pool.nodes for pool in description.pools_with(network))
    if primary.prefixlen in gke_rules.RANGE_PREFIXES and nodes > primary.size - RESERVED_ADDRESSES:
        problems.add(
            path, str(primary), f"holds {primary.size - RESERVED_ADDRESSES} nodes; the node pools may have {nodes}"
        )


def _check_capacity(
    problems: Problems, description: Description, network: Network, pod_range: PodRange, cidr: IPNetwork
) -> None:
    """A node takes a whole block of the range, however few pods it runs."""
    if not gke_rules.MIN_PODS <= pod_range.max_pods_per_node <= gke_rules.MAX_PODS:
        return  # said already; a block cannot be computed
    holds = gke_rules.node_capacity(cidr, pod_range.max_pods_per_node)
    nodes = sum(pool.nodes for pool in description.pools_with(network))
    if nodes > holds:
        problems.add(
            f"{pod_range.path}.range",
            str(cidr),
            f"holds {holds} nodes at {pod_range.max_pods_per_node} pods "
            f"(/{gke_rules.alias_block_prefix(pod_range.max_pods_per_node)} each); the node pools may have {nodes}",
        )
