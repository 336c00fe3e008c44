# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address space of a range for pods: whose each address is, and which node has which block. No drawing yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..cni.ranges import IPNetwork, parse_address, parse_cidr
from .model import HELD, Allocation, Cluster, Pool

FREE, UNUSED = "free", "unused"  # what an address is beside HELD: nobody's; one that is not handed out


@dataclass(frozen=True)
class NodeBlock:
    """A block of the range that a node has."""

    node: str
    cidr: str
    start: int  # the number of its first address in the range
    size: int


@dataclass(frozen=True)
class Held:
    """An address that is held, by its number in the range."""

    number: int
    node: str  # of its pod; empty if that is not known
    allocation: Allocation


@dataclass(frozen=True)
class Space:
    """A range with what is known of it."""

    network: IPNetwork
    attachments: tuple[str, ...]
    pools: tuple[Pool, ...]
    blocks: tuple[NodeBlock, ...]
    held: tuple[Held, ...]

    @property
    def cidr(self) -> str:
        """Return the range as a text."""
        return str(self.network)

    @property
    def size(self) -> int:
        """Return how many addresses it has, those among them that nobody is given."""
        return int(self.network.size)

    @cached_property
    def counts(self) -> Counter[str]:
        """Return how many addresses are held in which way."""
        return Counter(each.allocation.state for each in self.held)

    @cached_property
    def usable(self) -> tuple[int, int]:
        """Return the numbers of the first and of the last address that is handed out."""
        ends = [parse_address(end) for pool in self.pools for end in (pool.first, pool.last) if end]
        inside = [int(end) - self.network.first for end in ends if end in self.network]
        return (min(inside), max(inside)) if inside else (0, self.size - 1)

    @property
    def free(self) -> int:
        """Return how many addresses can be handed out still."""
        first, last = self.usable
        return last - first + 1 - sum(first <= each.number <= last for each in self.held)

    def within(self, block: NodeBlock) -> Iterator[Held]:
        """Yield what is held of a node's block."""
        return (each for each in self.held if block.start <= each.number < block.start + block.size)

    def address(self, number: int) -> str:
        """Return an address by its number."""
        return str(self.network[number])


def spaces(cluster: Cluster) -> list[Space]:
    """Return the ranges of the cluster's pools and attachments."""
    ranges = [each.cidr for each in cluster.pools] + [each for nad in cluster.attachments for each in nad.ranges]
    nodes = {pod.pod: pod.node for pod in cluster.pods}
    return [_space(cluster, cidr, nodes) for cidr in dict.fromkeys(ranges) if cidr]


def _space(cluster: Cluster, cidr: str, nodes: Mapping[str, str]) -> Space:
    network = parse_cidr(cidr)
    pools = tuple(pool for pool in cluster.pools if pool.cidr == cidr)
    held = {
        int(parse_address(each.ip)) - network.first: each
        for pool in pools
        for each in pool.allocations
        if each.ip and parse_address(each.ip) in network
    }
    return Space(
        network=network,
        attachments=tuple(each.name for each in cluster.attachments if cidr in each.ranges),
        pools=pools,
        blocks=tuple(_blocks(cluster, network)),
        held=tuple(Held(number, nodes.get(each.pod, ""), each) for number, each in sorted(held.items())),
    )


def _blocks(cluster: Cluster, network: IPNetwork) -> Iterator[NodeBlock]:
    found = [
        (parse_cidr(block.cidr), node.name)
        for node in cluster.nodes
        for interface in node.interfaces
        for block in interface.blocks
        if block.cidr
    ]
    for block, node in sorted((each for each in found if each[0] in network), key=lambda each: int(each[0].first)):
        yield NodeBlock(node, str(block), int(block.first - network.first), int(block.size))


@dataclass(frozen=True)
class Cell:
    """One square of a map: an address, or several."""

    state: str  # one of HELD, FREE, UNUSED, or of several addresses "share-1" to "share-3"
    has_block: bool = False  # of several addresses: some are a node's
    held: Held | None = None


def cells(space: Space, most: int, squares: int) -> tuple[list[Cell], int]:
    """Return the squares of a map, and how many addresses each stands for.

    :param most: up to so many addresses, each has a square.
    :param squares: how many squares a larger range has.
    """
    if space.size <= most:
        alone = {each.number: each for each in space.held}
        return [_single(space, number, alone.get(number)) for number in range(space.size)], 1
    step = space.size // squares
    states: dict[int, Counter[str]] = {}
    for each in space.held:
        states.setdefault(each.number // step, Counter())[each.allocation.state] += 1
    marked = {square for block in space.blocks for square in range(block.start // step, _last(block, step) + 1)}
    return [
        Cell(_of_several(states.get(number, Counter()), step), has_block=number in marked) for number in range(squares)
    ], step


def _single(space: Space, number: int, held: Held | None) -> Cell:
    if held:
        return Cell(held.allocation.state, held=held)
    first, last = space.usable
    return Cell(FREE if first <= number <= last else UNUSED)


def _last(block: NodeBlock, step: int) -> int:
    return (block.start + block.size - 1) // step


def _of_several(held: Counter[str], step: int) -> str:
    """Return what a square of several addresses shows: what is wrong with any of them first, else how full it is."""
    for state in HELD[1:]:
        if held[state]:
            return state
    used = held["live"] / step
    return FREE if not used else f"share-{1 if used < 1 / 3 else 2 if used < 2 / 3 else 3}"
