# SPDX-License-Identifier: Apache-2.0
"""Which addresses and blocks a control plane and a node get.

The arithmetic is GKE's: a node's block out of a range has twice as many addresses as the next power of two of its
maximum of pods, sixteen at least (8 pods: /28, 110 pods: /24).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Network

MIN_PODS, MAX_PODS = 8, 256
FIRST_HOST = 2  # .0 is the network, .1 the gateway
RESERVED_AT_END = 2  # Compute keeps the last two addresses of a primary range
AUTO_PODS_PREFIX = 14
_TEN = IPv4Network("10.0.0.0/8")


def block_prefix(max_pods: int) -> int:
    """Return the prefix length of a node's block for a maximum of pods per node."""
    return 32 - (2 * max(max_pods, MIN_PODS) - 1).bit_length()


def free_address(cidr: str, held: Collection[str]) -> str | None:
    """Return the lowest address of a primary range that is free, None if there is none."""
    network = IPv4Network(cidr)
    for number in range(FIRST_HOST, network.num_addresses - RESERVED_AT_END):
        address = str(network[number])
        if address not in held:
            return address
    return None


def free_block(cidr: str, prefix: int, held: Collection[str]) -> str | None:
    """Return the lowest free block of a range, None if there is none."""
    network = IPv4Network(cidr)
    if prefix < network.prefixlen:
        return None
    taken = [IPv4Network(block) for block in held]
    for block in network.subnets(new_prefix=prefix):
        if not any(block.overlaps(other) for other in taken):
            return str(block)
    return None


def free_pods_range(prefix: int, taken: Collection[IPv4Network]) -> str | None:
    """Return a range for pods out of 10.0.0.0/8 that overlaps with nothing in ``taken``; GKE picks one likewise."""
    for block in _candidates(prefix):
        if not any(block.overlaps(other) for other in taken):
            return str(block)
    return None


def _candidates(prefix: int) -> Iterator[IPv4Network]:
    """Yield the blocks of 10.0.0.0/8, those in the middle first: people number their own networks from 10.0.0.0."""
    start = IPv4Network("10.64.0.0/10")
    for half in (start, _TEN):
        if prefix >= half.prefixlen:
            yield from half.subnets(new_prefix=prefix)
