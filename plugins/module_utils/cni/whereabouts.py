# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Whereabouts names and fills its objects, and which of its allocations are still somebody's.

Rules from Whereabouts v0.7.0: pkg/storage/kubernetes/ipam.go (names), pkg/iphelpers (offsets, usable addresses),
pkg/reconciler (orphans).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from .pods import Pod, Pods
from .ranges import IPAddress, IPNetwork, parse_cidr, parse_masked

# One object holds all allocations of a pool, and etcd takes 1.5 MiB: with names of usual length that are about 13,100.
MANY_ALLOCATIONS = 12_000
MANY_BYTES = 1_400_000  # of the allocations as JSON

RESERVED = "multinet-reserved"  # the id of allocations that whereabouts_pool reserves; a note may follow it


def pool_name(cidr: IPNetwork, network_name: str = "", node_name: str = "") -> str:
    """Return the name of the IPPool for a range: that of 172.16.1.0/24 is 172.16.1.0-24.

    That of ::/64 starts with a hyphen; Kubernetes takes it with a network_name before it only.

    :param network_name: of the attachment's ipam; it separates pools for the same range.
    :param node_name: of the node whose slice the range is (ipam's node_slice_size, since v0.8.0).
    """
    return _object_name(f"{_spelled(cidr.network)}/{cidr.prefixlen}", network_name, node_name)


def reservation_name(address: IPAddress, network_name: str = "") -> str:
    """Return the name of the OverlappingRangeIPReservation for an address."""
    return _object_name(_spelled(address), network_name)


def _spelled(address: IPAddress) -> str:
    """Return an address as Go's net.IP spells it: never with an IPv4 part as netaddr does (::0.1.0.0)."""
    found = ipaddress.ip_address(address.packed)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _object_name(text: str, *prefixes: str) -> str:
    # A name must not end with a hyphen: fd00:: becomes fd00--0.
    name = re.sub("[:/]", "-", f"{text}0" if text.endswith(":") else text)
    return "-".join(filter(None, (*prefixes, name)))


def key_of(address: IPAddress, cidr: IPNetwork) -> str:
    """Return the key of an address in the pool of a range: its distance from the network's address."""
    return str(int(address) - int(cidr.network))


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


def order(key: str) -> tuple[int, str]:
    """Return what keys are sorted by: numbers by their size, and everything else somewhere."""
    return len(key), key


@dataclass(frozen=True)
class Allocation:
    """One address that a pool holds for a pod."""

    key: str
    address: IPAddress | None  # None: the key is no offset in the pool's range
    podref: str  # "namespace/name"; empty for a static reservation
    container: str = ""
    ifname: str = ""  # since Whereabouts v0.8.0

    @property
    def is_ours(self) -> bool:
        """Tell whether whereabouts_pool has reserved it."""
        return not self.podref and self.container.startswith(RESERVED)

    @cached_property
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
    stops_collection: bool  # upstream cannot parse the range, and then frees nothing in any pool
    version: str  # metadata.resourceVersion
    allocations: tuple[Allocation, ...]
    raw_allocations: Mapping[str, dict[str, Any]]  # as the API has them, for the tests of a patch
    node_name: str = ""  # whose slice of a range it is, if that is known

    @classmethod
    def of(cls, obj: dict[str, Any], node_name: str = "") -> Pool:
        """Return what an IPPool object says.

        :param node_name: of the node whose slice it is; the object does not tell it apart from the network_name.
        """
        metadata, spec = obj["metadata"], obj.get("spec") or {}
        text, entries = spec.get("range", ""), spec.get("allocations") or {}
        cidr, error, stops = _cidr(text)
        return cls(
            name=metadata["name"],
            namespace=metadata["namespace"],
            range=text,
            cidr=cidr,
            error=error,
            stops_collection=stops,
            version=metadata.get("resourceVersion", ""),
            allocations=tuple(
                Allocation(
                    key=key,
                    address=_address(key, cidr),
                    podref=entry.get("podref", ""),
                    container=entry.get("id", ""),
                    ifname=entry.get("ifname", ""),
                )
                for key, entry in sorted(entries.items(), key=lambda item: order(item[0]))
            ),
            raw_allocations=entries,
            node_name=node_name,
        )

    @property
    def title(self) -> str:
        """Return how people name it."""
        return f"pool {self.namespace}/{self.name}"

    @property
    def network_name(self) -> str | None:
        """Return the network_name that the pool's name starts with, None if its name does not fit its range."""
        if self.cidr is None:
            return None
        own = pool_name(self.cidr, node_name=self.node_name)
        if self.name == own:
            return ""
        return self.name.removesuffix(f"-{own}") if self.name.endswith(f"-{own}") else None

    @property
    def is_near_the_limit(self) -> bool:
        """Tell whether etcd will soon take no more allocations."""
        count = len(self.raw_allocations)
        if count >= MANY_ALLOCATIONS:
            return True
        # Of a pod's namespace and name Kubernetes takes 63 and 253 characters; the id has 64.
        return count * 450 > MANY_BYTES and len(json.dumps(self.raw_allocations)) > MANY_BYTES

    def without(self, allocations: Iterable[Allocation]) -> Pool:
        """Return the pool as it is when some allocations have been released."""
        gone = {allocation.key for allocation in allocations}
        return replace(self, allocations=tuple(kept for kept in self.allocations if kept.key not in gone))

    def reserving(self, ids: Mapping[str, str]) -> Pool:
        """Return the pool as it is when some addresses have been reserved.

        :param ids: of the allocations, by key.
        """
        others = [kept for kept in self.allocations if kept.key not in ids]
        added = [Allocation(key, _address(key, self.cidr), podref="", container=text) for key, text in ids.items()]
        return replace(self, allocations=tuple(sorted((*others, *added), key=lambda each: order(each.key))))


State = Literal["live", "orphan", "reserved", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """Whose an allocation is."""

    allocation: Allocation
    state: State  # only an orphan may be released
    reason: str
    node: str = ""  # of its pod


@dataclass(frozen=True)
class Rule:
    """What counts as an orphan beside what surely is one."""

    without_status: bool = False  # also if a running pod has no readable network-status (as upstream has it)
    ended: bool = False  # also if the pod has ended and is still there (a completed Job)


SAFE = Rule()


def judge(pool: Pool, pods: Pods, rule: Rule = SAFE) -> tuple[Verdict, ...]:
    """Return whose each allocation of a pool is, in the order of addresses.

    The rule is that of upstream's reconciler (an allocation is its pod's if the pod exists and its network-status
    lists the address on an additional network), made safe where upstream frees addresses in use: without a readable
    network-status, before the pod runs, or when another pod shows the address, nobody can tell.

    :param pods: read after the pool, so that the pod of every allocation was there to be seen.
    """
    return tuple(_judge(allocation, pool, pods, rule) for allocation in pool.allocations)


def _judge(allocation: Allocation, pool: Pool, pods: Pods, rule: Rule) -> Verdict:
    if not allocation.podref:
        note = allocation.container.removeprefix(RESERVED).removeprefix(": ") if allocation.is_ours else ""
        return Verdict(allocation, "reserved", note or "it has no podref: a static reservation")
    pod = pods.by_ref.get(allocation.podref)
    node = pod.node if pod else ""
    if allocation.address is None:
        reason = pool.error or f'its key "{allocation.key}" is no offset in {pool.range}'
        return Verdict(allocation, "unknown", reason, node)
    return Verdict(allocation, *judge_address(allocation.ip, allocation.podref, pods, rule), node)


def judge_address(ip: str, podref: str, pods: Pods, rule: Rule = SAFE) -> tuple[State, str]:
    """Return whether an address is still that of the pod for which it was taken, and why."""
    pod = pods.by_ref.get(podref)
    if pod and ip in pod.additional_ips and not (pod.has_ended and rule.ended):
        return "live", f"{podref} has it ({pod.phase})"
    others = pods.by_ip.get(ip)
    if others:
        return "unknown", f"it was taken for {podref}, but {' and '.join(others)} has it"
    return _judge_pod(pod, rule) if pod else _judge_without_pod(podref, pods, rule)


def _judge_pod(pod: Pod, rule: Rule) -> tuple[State, str]:
    """Return the same for a pod that does not show the address, nor does any other."""
    if pod.has_ended and rule.ended:
        return "orphan", f"{pod.ref} has ended ({pod.phase})"
    if not (pod.runs or pod.has_ended):
        return "unknown", f"{pod.ref} is {pod.phase}"
    if pod.interfaces is None:
        return "orphan" if rule.without_status else "unknown", f"{pod.ref} {pod.status_error}"
    return "orphan", f"{pod.ref} has {' and '.join(sorted(pod.additional_ips)) or 'no additional address'}"


def _judge_without_pod(podref: str, pods: Pods, rule: Rule) -> tuple[State, str]:
    """Return the same of a pod that is not there, or known by name only."""
    if podref not in pods.others:
        return "orphan", f"{podref} is gone"
    if pods.others[podref]:
        return "orphan", f"{podref} has no additional address"
    return "orphan" if rule.without_status else "unknown", f"{podref} has no network-status"


def problems_of(pool: Pool, namespace: str) -> Iterator[str]:
    """Yield what is wrong with a pool, for people.

    :param namespace: in which Whereabouts keeps its pools.
    """
    title = pool.title
    if pool.stops_collection:
        yield f'{title} has range "{pool.range}": whereabouts GC is stopped for all pools'
    elif pool.error:
        yield f"{title}: {pool.error}"
    elif pool.cidr and pool.network_name is None:
        yield f'{title}: name "{pool.name}" does not match range (expected "{pool_name(pool.cidr)}")'
    if pool.namespace != namespace:
        yield f'{title}: whereabouts uses namespace "{namespace}", so it hands nothing out of this one'
    for allocation in pool.allocations:
        if not pool.error and allocation.address is None:
            where = "" if not allocation.key.isdecimal() else f" in {pool.range}"
            yield f'{title}: allocation key "{allocation.key}" is not an offset{where}'
    if pool.is_near_the_limit:
        yield (
            f"{title} has {len(pool.allocations)} allocations: etcd takes about 13,100 (1.5 MiB) in one pool, then no "
            "pod starts on it any more; give new pods another range"
        )


def capacity(cidr: IPNetwork) -> int:
    """Return how many addresses Whereabouts hands out of a range: all but the first and the last, for IPv6 too."""
    return max(0, int(cidr.size) - 2)


def describe(pool: Pool, verdicts: Iterable[Verdict], *, with_live: bool = True) -> dict[str, Any]:
    """Return a pool with its usage, as modules return it; verdicts of allocations that the pool lacks do not count.

    :param with_live: list the allocations that are live, too; they are counted anyway.
    """
    held = {allocation.key for allocation in pool.allocations}
    counted = [verdict for verdict in verdicts if verdict.allocation.key in held]
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
        for verdict in counted
        if with_live or verdict.state != "live"
    ]
    size = capacity(pool.cidr) if pool.cidr else 0
    return {
        "name": pool.name,
        "namespace": pool.namespace,
        "range": pool.range,
        "first": str(address_at(1, pool.cidr.ip)) if size and pool.cidr else "",
        "last": str(address_at(size, pool.cidr.ip)) if size and pool.cidr else "",
        "capacity": size,
        "used": len(counted),
        "free": max(0, size - len(counted)),
        "used_percent": round(100 * len(counted) / size, 1) if size else 0.0,
        "allocations": rows,
        "orphans": [row["ip"] for row in rows if row["state"] == "orphan"],
        "per_node": dict(sorted(Counter(verdict.node for verdict in counted if verdict.node).items())),
    }


def _cidr(text: str) -> tuple[IPNetwork | None, str, bool]:
    """Return a pool's range, or why its keys say nothing, and whether upstream cannot parse it at all."""
    try:
        cidr = parse_cidr(text)
    except ValueError as error:
        # Go's net.ParseCIDR takes host bits; what it does not take makes upstream's ListIPPools fail as a whole.
        return None, f'range "{text}" {error}', not _has_host_bits(text)
    if cidr.version == 6 and cidr.prefixlen < 64:
        return None, f'range "{text}" is wider than /64: Whereabouts counts with 64 bits', False
    return cidr, "", False


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
