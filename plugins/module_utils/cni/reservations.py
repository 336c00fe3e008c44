# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OverlappingRangeIPReservations: what keeps an address from being handed out by another pool of the same network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from .pods import Pods
from .ranges import IPAddress, parse_address
from .whereabouts import Pool, Rule, Verdict, judge_address, reservation_name


@dataclass(frozen=True)
class Reservation:
    """One address, taken across all pools with the same network_name."""

    name: str
    uid: str
    address: IPAddress
    podref: str

    @property
    def ip(self) -> str:
        """Return the address as text."""
        return str(self.address)


Index: TypeAlias = "dict[tuple[str, str], list[Reservation]]"  # by namespace and network_name


def index_reservations(objects: Iterable[dict[str, Any]]) -> Index:
    """Return reservations by the network that they belong to.

    A name says two things, network_name and address, and with IPv6 there may be several ways to read it; then the
    reservation stands under each of them, and the pool's range tells. (Upstream's reconciler reads every name as an
    address alone, and so removes the reservations of live pods in networks with a name.)
    """
    found: dict[tuple[str, str], list[Reservation]] = defaultdict(list)
    for obj in objects:
        metadata, podref = obj["metadata"], (obj.get("spec") or {}).get("podref", "")
        for network_name, address in _readings(metadata["name"]):
            reservation = Reservation(metadata["name"], metadata.get("uid", ""), address, podref)
            found[metadata["namespace"], network_name].append(reservation)
    return found


def _readings(name: str) -> Iterator[tuple[str, IPAddress]]:
    parts = name.split("-")
    starts = range(len(parts)) if "." not in parts[-1] else [len(parts) - 1]
    for start in starts:
        network_name, text = "-".join(parts[:start]), ":".join(parts[start:])
        try:
            address = parse_address(text) if "." in text or ":" in text else None
        except ValueError:
            continue
        if address is not None and reservation_name(address, network_name) == name:
            yield network_name, address


def reservations_of(pool: Pool, index: Index) -> list[Reservation]:
    """Return the reservations of a pool's addresses."""
    if pool.cidr is None or pool.network_name is None:
        return []
    first, last, version = pool.cidr.first, pool.cidr.last, pool.cidr.version
    found = index.get((pool.namespace, pool.network_name), ())
    return [each for each in found if each.address.version == version and first <= int(each.address) <= last]


@dataclass(frozen=True)
class Sorted:
    """The reservations of one pool's addresses, by what is to become of them."""

    kept: tuple[Reservation, ...]
    orphans: tuple[Reservation, ...]  # neither the pool nor a pod has the address any more
    missing: tuple[Verdict, ...]  # live allocations whose address no reservation guards

    def state(self) -> dict[str, list[str]]:
        """Return them as modules return them: addresses."""
        return {
            "kept": [reservation.ip for reservation in self.kept],
            "orphan": [reservation.ip for reservation in self.orphans],
            "missing": [verdict.allocation.ip for verdict in self.missing],
        }


def sort_reservations(
    found: Iterable[Reservation], held: set[str], verdicts: Iterable[Verdict], pods: Pods, rule: Rule
) -> Sorted:
    """Return the reservations of a pool, sorted.

    :param held: the addresses that the pool goes on to hold.
    """
    kept: list[Reservation] = []
    orphans: list[Reservation] = []
    for each in found:
        is_orphan = (
            each.ip not in held and each.podref and judge_address(each.ip, each.podref, pods, rule)[0] == "orphan"
        )
        (orphans if is_orphan else kept).append(each)
    guarded = {each.ip for each in kept}
    missing = tuple(v for v in verdicts if v.state == "live" and v.allocation.ip not in guarded)
    return Sorted(tuple(kept), tuple(orphans), missing)
