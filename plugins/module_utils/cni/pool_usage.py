# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pools say together: ranges that overlap, and addresses that are taken twice.

Whereabouts keeps pools with different ``network_name`` apart: the same address in two of them is no duplicate, since
they are meant for networks that do not know each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .pods import Pods
from .ranges import parse_address, share_addresses
from .whereabouts import Pool


def overlapping_pools(pool: Pool, pools: Iterable[Pool]) -> list[dict[str, Any]]:
    """Return the other pools that share addresses with a pool: {name, namespace, range, network_name}."""
    return [
        {
            "name": other.name,
            "namespace": other.namespace,
            "range": other.range,
            "network_name": other.network_name or "",
        }
        for other in pools
        if (other.namespace, other.name) != (pool.namespace, pool.name) and _overlap(pool, other)
    ]


def _overlap(one: Pool, other: Pool) -> bool:
    return one.cidr is not None and other.cidr is not None and share_addresses(one.cidr, other.cidr)


def duplicates(pools: Sequence[Pool], pods: Pods) -> list[dict[str, Any]]:
    """Return the addresses of pools that several pods have, or are taken for several: {ip, podrefs, pools}."""
    holders = _holders(pools)
    taken = {ip for ip, by_network in holders.items() if any(len(set(refs)) > 1 for refs in by_network.values())}
    shown = {ip for ip, refs in pods.by_ip.items() if len(refs) > 1 and _is_within(ip, pools)}
    found = []
    for ip in sorted(taken | shown, key=parse_address):
        for refs, names in _same_network(ip, holders.get(ip, {}), pods):
            if len(refs) > 1:
                found.append({"ip": ip, "podrefs": sorted(refs), "pools": sorted(names)})
    return found


def _holders(pools: Iterable[Pool]) -> dict[str, dict[str | None, dict[str, set[str]]]]:
    """Return by address and network_name for whom an address is taken, and in which pools."""
    found: dict[str, dict[str | None, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for pool in pools:
        network_name = pool.network_name
        for allocation in pool.allocations:
            if allocation.address is not None and allocation.podref:
                found[allocation.ip][network_name][allocation.podref].add(pool.name)
    return found


def _same_network(
    ip: str, by_network: dict[str | None, dict[str, set[str]]], pods: Pods
) -> Iterator[tuple[set[str], set[str]]]:
    """Yield the pods that have an address in one network, and the pools that hold it there.

    A pod that no pool knows may be in any of the networks.
    """
    showing = set(pods.by_ip.get(ip, ()))
    known = {ref for refs in by_network.values() for ref in refs}
    for refs in by_network.values():
        yield set(refs) | (showing - known), {name for names in refs.values() for name in names}
    if not by_network:
        yield showing, set()


def _is_within(ip: str, pools: Iterable[Pool]) -> bool:
    address = parse_address(ip)
    return any(pool.cidr and address in pool.cidr for pool in pools)


def usage_warnings(usage: dict[str, Any], percent: int | None) -> Iterator[str]:
    """Yield a warning if a pool is as full as that, or fuller."""
    if percent is not None and usage["used_percent"] >= percent:
        yield (
            f"pool {usage['namespace']}/{usage['name']}: {usage['used']} of {usage['capacity']} addresses are used "
            f"({usage['used_percent']} %, {len(usage['orphans'])} by nobody any more)"
        )
