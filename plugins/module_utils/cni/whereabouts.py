# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Whereabouts names and fills its objects, and which of its allocations are still somebody's.

Rules from Whereabouts v0.7.0: pkg/storage/kubernetes/ipam.go (names), pkg/iphelpers (offsets, usable addresses),
pkg/reconciler (orphans).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .pods import Pods
from .ranges import IPAddress, IPNetwork, parse_address, parse_cidr, parse_masked


def pool_name(cidr: IPNetwork, network_name: str = "") -> str:
    """Return the name of the IPPool for a range: that of 172.16.1.0/24 is 172.16.1.0-24.

    That of ::/64 starts with a hyphen; Kubernetes takes it with a network_name before it only.

    :param network_name: of the attachment's ipam; it separates pools for the same range.
    """
    return _object_name(str(cidr.cidr), network_name)


def reservation_name(address: IPAddress, network_name: str = "") -> str:
    """Return the name of the OverlappingRangeIPReservation for an address."""
    return _object_name(str(address), network_name)


def _object_name(text: str, network_name: str) -> str:
    # A name must not end with a hyphen: fd00:: becomes fd00--0.
    name = re.sub("[:/]", "-", f"{text}0" if text.endswith(":") else text)
    return f"{network_name}-{name}" if network_name else name


def address_at(offset: int, base: IPAddress) -> IPAddress:
    """Return the address that a key of a pool stands for; ValueError if there is none so far from the base.

    Upstream's IPGetOffset, which makes the keys, loses the sign, and borrows wrongly across octets (192.168.3.5 is 251
    from 192.168.2.10, not 241); both show only if the base is no network address, and such pools are not judged here.
    """
    try:
        found: IPAddress = base + offset
    except IndexError as error:
        raise ValueError(f"there is no address {offset} after {base}") from error
    return found


@dataclass(frozen=True)
class Allocation:
    """One address that a pool holds for a pod."""

    key: str
    address: IPAddress | None  # None: the key is no offset in the pool's range
    podref: str  # "namespace/name"; empty for a static reservation
    container: str = ""
    ifname: str = ""  # since Whereabouts v0.8.0

    @property
    def ip(self) -> str:
        """Return the address as text, empty if the key stands for none."""
        return str(self.address or "")


@dataclass(frozen=True)
class Pool:
    """An IPPool as the API has it."""

    name: str
    namespace: str
    range: str  # as written in spec.range
    cidr: IPNetwork | None  # None: the range is no network, so the keys say nothing
    error: str  # why not
    version: str  # metadata.resourceVersion
    allocations: tuple[Allocation, ...]
    raw_allocations: Mapping[str, dict[str, Any]]  # as the API has them, for the tests of a patch

    @classmethod
    def of(cls, obj: dict[str, Any]) -> Pool:
        """Return what an IPPool object says."""
        metadata, spec = obj["metadata"], obj.get("spec") or {}
        text, entries = spec.get("range", ""), spec.get("allocations") or {}
        cidr, error = _cidr(text)
        return cls(
            name=metadata["name"],
            namespace=metadata["namespace"],
            range=text,
            cidr=cidr,
            error=error,
            version=metadata.get("resourceVersion", ""),
            allocations=tuple(
                Allocation(
                    key=key,
                    address=_address(key, cidr),
                    podref=entry.get("podref", ""),
                    container=entry.get("id", ""),
                    ifname=entry.get("ifname", ""),
                )
                for key, entry in sorted(entries.items(), key=lambda item: (len(item[0]), item[0]))
            ),
            raw_allocations=entries,
        )

    @property
    def network_name(self) -> str | None:
        """Return the network_name that the pool's name starts with, None if its name does not fit its range."""
        if self.cidr is None:
            return None
        own = pool_name(self.cidr)
        if self.name == own:
            return ""
        return self.name.removesuffix(f"-{own}") if self.name.endswith(f"-{own}") else None

    def without(self, allocations: Iterable[Allocation]) -> Pool:
        """Return the pool as it is when some allocations have been released."""
        gone = {allocation.key for allocation in allocations}
        return replace(self, allocations=tuple(kept for kept in self.allocations if kept.key not in gone))


@dataclass(frozen=True)
class Reservation:
    """An OverlappingRangeIPReservation: one address, taken across all pools with the same network_name."""

    name: str
    uid: str
    ip: str
    podref: str

    @classmethod
    def of(cls, obj: dict[str, Any], pool: Pool) -> Reservation | None:
        """Return what a reservation says, None if it does not belong to a pool's range and network_name.

        (Upstream's reconciler does not know of network_name here, and removes the reservations of live pods.)
        """
        name, network_name = obj["metadata"]["name"], pool.network_name
        if network_name is None or pool.cidr is None:
            return None
        text = name.removeprefix(f"{network_name}-") if network_name else name
        try:
            address = parse_address(text if pool.cidr.version == 4 else text.replace("-", ":"))
        except ValueError:
            return None
        if address not in pool.cidr or reservation_name(address, network_name) != name:
            return None
        return cls(name, obj["metadata"].get("uid", ""), str(address), (obj.get("spec") or {}).get("podref", ""))


State = Literal["live", "orphan", "reserved", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """Whose an allocation is."""

    allocation: Allocation
    state: State  # only an orphan may be released
    reason: str


def judge(pool: Pool, pods: Pods) -> tuple[Verdict, ...]:
    """Return whose each allocation of a pool is, in the order of addresses.

    The rule is that of upstream's reconciler (an allocation is its pod's if the pod exists and its network-status
    lists the address on an additional network), made safe where upstream frees addresses in use: without a readable
    network-status, before the pod runs, or when another pod shows the address, nobody can tell.

    :param pods: read after the pool, so that the pod of every allocation was there to be seen.
    """
    return tuple(Verdict(allocation, *_judge(allocation, pool, pods)) for allocation in pool.allocations)


def _judge(allocation: Allocation, pool: Pool, pods: Pods) -> tuple[State, str]:
    if not allocation.podref:
        return "reserved", "it has no podref: a static reservation"
    if allocation.address is None:
        return "unknown", pool.error or f'its key "{allocation.key}" is no offset in {pool.range}'
    return judge_address(allocation.ip, allocation.podref, pods)


def judge_address(ip: str, podref: str, pods: Pods) -> tuple[State, str]:
    """Return whether an address is still that of the pod for which it was taken, and why."""
    pod = pods.by_ref.get(podref)
    if pod and ip in pod.additional_ips:
        return "live", f"{podref} has it ({pod.phase})"
    others = pods.by_ip.get(ip)
    if others:
        return "unknown", f"it was taken for {podref}, but {' and '.join(others)} has it"
    if pod is None:
        return "orphan", f"{podref} is gone"
    if pod.interfaces is None:
        return "unknown", f"{podref} {pod.status_error}"
    if pod.phase not in ("Running", "Succeeded", "Failed"):
        return "unknown", f"{podref} is {pod.phase}"
    return "orphan", f"{podref} has {' and '.join(sorted(pod.additional_ips)) or 'no additional address'}"


def duplicates(pools: Iterable[Pool], pods: Pods) -> list[dict[str, Any]]:
    """Return the addresses of pools that several pods have: {ip, podrefs}."""
    ranges = [pool.cidr for pool in pools if pool.cidr]
    return [
        {"ip": ip, "podrefs": list(refs)}
        for ip, refs in sorted(pods.by_ip.items())
        if len(refs) > 1 and any(parse_address(ip) in cidr for cidr in ranges)
    ]


def problems_of(pool: Pool, namespace: str) -> Iterator[str]:
    """Yield what is wrong with a pool, for people.

    :param namespace: in which Whereabouts keeps its pools.
    """
    title = f"pool {pool.namespace}/{pool.name}"
    if pool.error:
        yield f"{title}: {pool.error}"
    if pool.namespace != namespace:
        yield f"{title}: Whereabouts keeps its pools in {namespace}, so it does not use this one"
    for allocation in pool.allocations:
        if pool.cidr and allocation.address is None:
            yield f'{title}: allocation key "{allocation.key}" is no offset in {pool.range}'


def capacity(cidr: IPNetwork) -> int:
    """Return how many addresses Whereabouts hands out of a range: all but the first and the last, for IPv6 too."""
    return max(0, int(cidr.size) - 2)


def describe(pool: Pool, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Return a pool with its usage, as modules return it; verdicts of allocations that the pool lacks do not count."""
    held = {allocation.key for allocation in pool.allocations}
    rows = [
        {
            "ip": verdict.allocation.ip,
            "offset": verdict.allocation.key,
            "podref": verdict.allocation.podref,
            "ifname": verdict.allocation.ifname,
            "id": verdict.allocation.container,
            "state": verdict.state,
            "reason": verdict.reason,
        }
        for verdict in verdicts
        if verdict.allocation.key in held
    ]
    size = capacity(pool.cidr) if pool.cidr else 0
    return {
        "name": pool.name,
        "namespace": pool.namespace,
        "range": pool.range,
        "first": str(address_at(1, pool.cidr.ip)) if size and pool.cidr else "",
        "last": str(address_at(size, pool.cidr.ip)) if size and pool.cidr else "",
        "capacity": size,
        "used": len(rows),
        "free": max(0, size - len(rows)),
        "used_percent": round(100 * len(rows) / size, 1) if size else 0.0,
        "allocations": rows,
        "orphans": [row["ip"] for row in rows if row["state"] == "orphan"],
    }


def _cidr(text: str) -> tuple[IPNetwork | None, str]:
    """Return a pool's range, or why its keys say nothing."""
    try:
        cidr = parse_cidr(text)
    except ValueError as error:
        # Upstream's ListIPPools fails as a whole on what Go cannot parse; it can parse host bits.
        stops = "" if _has_host_bits(text) else "; while it is so, Whereabouts frees nothing in any pool"
        return None, f'range "{text}" {error}{stops}'
    if cidr.version == 6 and cidr.prefixlen < 64:
        return None, f'range "{text}" is wider than /64: Whereabouts counts with 64 bits'
    return cidr, ""


def _has_host_bits(text: str) -> bool:
    try:
        return "/" in text and str(parse_masked(text)) != text
    except ValueError:
        return False


def _address(key: str, cidr: IPNetwork | None) -> IPAddress | None:
    if cidr is None or not key.isdecimal():
        return None
    try:
        address = address_at(int(key), cidr.ip)
    except ValueError:
        return None
    return address if address in cidr else None
