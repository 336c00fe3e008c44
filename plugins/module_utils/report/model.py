# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report is made of: a fleet of clusters, each as it was seen once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ..verify.result import Result

State = Literal["incomplete", "failing", "doubtful", "well"]
STATES: tuple[State, ...] = ("incomplete", "failing", "doubtful", "well")  # the worst first
HELD = ("live", "orphan", "unknown", "reserved")  # what an allocation can be (whereabouts_pool_info)


@dataclass(frozen=True)
class Block:
    """The addresses of a range that one node has."""

    cidr: str
    secondary_range: str


@dataclass(frozen=True)
class Interface:
    """A network interface of a node."""

    name: str  # "eth1"
    vpc: str
    subnetwork: str
    address: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Node:
    """A node of the cluster."""

    name: str
    node_pool: str
    zone: str
    interfaces: tuple[Interface, ...]


@dataclass(frozen=True)
class NodePool:
    """A node pool in short."""

    name: str
    machine_type: str
    version: str
    status: str


@dataclass(frozen=True)
class PodAddress:
    """What a pod has of an attachment."""

    pod: str  # "namespace/name"
    node: str
    attachment: str  # "namespace/name"
    interface: str  # "net1"
    ips: tuple[str, ...]


@dataclass(frozen=True)
class SecondaryRange:
    """A secondary range of a subnetwork."""

    name: str
    cidr: str


@dataclass(frozen=True)
class Subnetwork:
    """A subnetwork of an additional VPC."""

    vpc: str
    name: str
    cidr: str
    mtu: int
    secondary_ranges: tuple[SecondaryRange, ...]
    ingress_from: tuple[str, ...]  # what the rule for the attachments lets in


@dataclass(frozen=True)
class Attachment:
    """A NetworkAttachmentDefinition."""

    name: str  # "namespace/name"
    type: str
    master: str  # "eth1"
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class Allocation:
    """An address that is held in a pool."""

    ip: str
    pod: str  # "namespace/name"; empty for a reservation by hand
    state: str  # one of HELD
    reason: str


@dataclass(frozen=True)
class Pool:
    """A pool of Whereabouts."""

    name: str
    cidr: str
    first: str  # address that is handed out
    last: str
    capacity: int
    used: int
    allocations: tuple[Allocation, ...]

    @property
    def used_percent(self) -> float:
        """Return how full it is."""
        return round(100 * self.used / self.capacity, 1) if self.capacity else 0.0


@dataclass(frozen=True)
class Path:
    """What became of the packets from one pod to another."""

    attachment: str
    source: str
    source_node: str
    target: str
    target_node: str
    ip: str
    ok: bool
    loss: int  # percent
    rtt_ms: float | None


@dataclass(frozen=True)
class Between:
    """All paths over an attachment from one node to another."""

    attachment: str
    source_node: str
    target_node: str
    paths: int
    answered: int
    loss: int  # percent, the most of any that answered
    rtt_ms: float | None  # the slowest


@dataclass(frozen=True)
class Change:
    """What a site run would do."""

    stage: str
    title: str


@dataclass(frozen=True)
class Failure:
    """What could not be read, and why."""

    tasks: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Facts:
    """What Google says of the cluster as a whole; empty if it was not read."""

    project: str
    location: str
    cluster: str
    status: str = ""
    version: str = ""
    release_channel: str = ""
    network: str = ""
    subnetwork: str = ""
    pods_cidr: str = ""


@dataclass(frozen=True)
class Cluster:
    """A cluster as it was seen."""

    name: str  # of the host in the inventory
    facts: Facts
    node_pools: tuple[NodePool, ...] = ()
    nodes: tuple[Node, ...] = ()
    subnetworks: tuple[Subnetwork, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pools: tuple[Pool, ...] = ()
    pods: tuple[PodAddress, ...] = ()
    paths: tuple[Path, ...] = ()
    results: tuple[Result, ...] = ()
    changes: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()

    @cached_property
    def state(self) -> State:
        """Return how it is, in one word."""
        if self.failures or not self.results:
            return "incomplete"
        if self.count("fail"):
            return "failing"
        return "doubtful" if self.count("warn") else "well"

    @cached_property
    def findings(self) -> tuple[Result, ...]:
        """Return what is to be looked at, the worst first."""
        order = ("fail", "warn", "skip")
        return tuple(
            sorted((each for each in self.results if each.status in order), key=lambda r: order.index(r.status))
        )

    @cached_property
    def between(self) -> tuple[Between, ...]:
        """Return what became of the packets from node to node."""
        found: dict[tuple[str, str, str], list[Path]] = {}
        for path in self.paths:
            found.setdefault((path.attachment, path.source_node, path.target_node), []).append(path)
        return tuple(
            Between(
                *key,
                paths=len(paths),
                answered=sum(path.ok for path in paths),
                loss=max((path.loss for path in paths if path.ok), default=100),
                rtt_ms=max((path.rtt_ms for path in paths if path.rtt_ms is not None), default=None),
            )
            for key, paths in sorted(found.items())
        )

    @cached_property
    def unanswered(self) -> tuple[Path, ...]:
        """Return the paths on which packets were lost."""
        return tuple(path for path in self.paths if not path.ok or path.loss)

    @cached_property
    def fullest(self) -> Pool | None:
        """Return the pool that is nearest to its end."""
        return max(self.pools, key=lambda pool: pool.used_percent, default=None)

    @cached_property
    def pod_names(self) -> frozenset[str]:
        """Return the pods that have something of an attachment."""
        return frozenset(each.pod for each in self.pods)

    def count(self, status: str) -> int:
        """Return how many results have a status."""
        return sum(each.status == status for each in self.results)


@dataclass(frozen=True)
class Fleet:
    """All clusters of a report."""

    title: str
    made_at: str  # as it was given; empty: nobody said
    clusters: tuple[Cluster, ...] = field(default_factory=tuple)

    def worst_first(self) -> list[Cluster]:
        """Return the clusters in the order in which people want to look at them."""
        return sorted(self.clusters, key=lambda each: (STATES.index(each.state), -each.count("fail"), each.name))

    def groups(self) -> Iterator[tuple[Result, list[tuple[Cluster, int]]]]:
        """Yield the first result of each kind of finding, and the clusters that have any of it, with how many."""
        found: dict[tuple[str, str], list[tuple[Cluster, Result]]] = {}
        for cluster in self.clusters:
            for each in cluster.findings:
                if each.status != "skip":
                    found.setdefault((each.status, each.check), []).append((cluster, each))
        for _key, entries in sorted(found.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1])):
            counts: dict[str, int] = {}
            clusters = {cluster.name: cluster for cluster, _result in entries}
            for cluster, _result in entries:
                counts[cluster.name] = counts.get(cluster.name, 0) + 1
            yield entries[0][1], [(clusters[name], count) for name, count in counts.items()]
