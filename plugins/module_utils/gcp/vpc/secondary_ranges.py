# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secondary ranges of a subnetwork: what is added, what is removed, and what never is.

Compute Engine takes the list as a whole, with the fingerprint of the subnetwork that it was made from. It refuses to
add and remove in one request, and to change the range under a name. Kubernetes Engine adds ranges of its own and
removes them with their cluster; those are never touched here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ...errors import Immutable, Refused
from ...libraries import library
from ...reconcile import Change
from ..clients import Google
from ..operations import Operations
from . import range_list
from .range_users import RangeUser
from .subnet_options import SecondaryRange, Subnet

_OF_GKE = re.compile(r"gke-.+-(pods|services)-[0-9a-f]{8}")

Range = tuple[str, str]  # name and CIDR
Edit = Callable[[list[Any]], list[Any]]  # from the present compute_v1.SubnetworkSecondaryRange to those to be


@dataclass(frozen=True)
class RangePlan:
    """What is to happen to the secondary ranges of one subnetwork."""

    removals: tuple[Range, ...] = ()
    additions: tuple[Range, ...] = ()
    refusals: tuple[Refused, ...] = ()
    warnings: tuple[str, ...] = ()
    after: tuple[str, ...] = ()  # the CIDRs that the subnetwork will have


def present_ranges(found: Any) -> dict[str, str]:
    """Return the CIDR of each secondary range of a subnetwork (compute_v1.Subnetwork), by name."""
    return {each.range_name: each.ip_cidr_range for each in found.secondary_ip_ranges}


def is_of_gke(secondary: Any) -> bool:
    """Tell whether Kubernetes Engine added a range (compute_v1.SubnetworkSecondaryRange) for a cluster.

    Those that were recorded have a reservation (reservedInternalRange) and a name like gke-edge-pods-1a2b3c4d.
    """
    return bool(secondary.reserved_internal_range or _OF_GKE.fullmatch(secondary.range_name))


def may_remove(subnet: Subnet, found: Any) -> bool:
    """Tell whether a range may have to go, so that one must know who uses it."""
    return any(_is_to_go(subnet, each) and not is_of_gke(each) for each in found.secondary_ip_ranges)


def plan_ranges(subnet: Subnet, found: Any, users: Collection[RangeUser]) -> RangePlan:
    """Return what makes the ranges of a subnetwork as they were declared.

    :param found: compute_v1.Subnetwork.
    :param users: of this subnetwork.
    """
    declared = _by_name(subnet)
    removals: list[Range] = []
    refusals: list[Refused] = []
    warnings: list[str] = []
    for each in (each for each in found.secondary_ip_ranges if _is_to_go(subnet, each)):
        reason, words = _why_it_stays(each, users), _words([_pair(each)])
        if not reason:
            removals.append(_pair(each))
        elif each.range_name in declared:
            refusals.append(Refused(f"{subnet}: {words} cannot be removed: {reason}"))
        elif not is_of_gke(each):
            warnings.append(f"{subnet}: {words} is not declared, but stays: {reason}")
    fixed = {
        f"secondary range {name}": (cidr, declared[name].ip_cidr_range)
        for name, cidr in present_ranges(found).items()
        if name in declared and not subnet.purge_secondary_ranges and _differs(declared[name], cidr)
    }
    if fixed:
        remedy = "declare a new name, or set purge_secondary_ranges=true to remove the range and add it anew"
        refusals.append(Immutable(str(subnet), fixed, remedy))
    kept = {name: cidr for name, cidr in present_ranges(found).items() if (name, cidr) not in removals}
    additions = [(each.name, each.ip_cidr_range) for each in subnet.wanted_ranges if each.name not in kept]
    after = (*kept.values(), *(cidr for name, cidr in additions))
    return RangePlan(tuple(removals), tuple(additions), tuple(refusals), tuple(warnings), after)


def managed_ranges(subnet: Subnet, found: Any, removals: Iterable[Range]) -> list[dict[str, str]]:
    """Return the ranges that are there and were declared, or are to go, in the words of the options."""
    present, going = present_ranges(found), dict(removals)
    names = [*(name for name in _by_name(subnet) if name in present), *going]
    return [{"name": name, "ip_cidr_range": present[name]} for name in dict.fromkeys(names)]


def removal(subnet: Subnet, ranges: tuple[Range, ...], google: Google, operations: Operations) -> Change:
    """Return the change that removes ranges, and waits until they are gone: others may be made in their place."""
    title = f"remove {_words(ranges)} from {subnet}"

    def edit(present: list[Any]) -> list[Any]:
        return [each for each in present if _pair(each) not in ranges]

    def call() -> None:
        _rewrite(title, subnet, edit, google, operations)
        operations.finish()

    return Change(title, call)


def addition(subnet: Subnet, ranges: tuple[Range, ...], google: Google, operations: Operations) -> Change:
    """Return the change that adds ranges."""
    title = f"add {_words(ranges)} to {subnet}"

    def edit(present: list[Any]) -> list[Any]:
        there = dict(_pair(each) for each in present)
        others = [(name, there[name]) for name, cidr in ranges if there.get(name, cidr) != cidr]
        if others:
            raise Refused(f"{subnet}: somebody has just added {_words(others)}; run again to compare with it")
        kind = library("google.cloud.compute_v1.types.compute", "google-cloud-compute").SubnetworkSecondaryRange
        new = [kind(range_name=name, ip_cidr_range=cidr) for name, cidr in ranges if name not in there]
        return [*present, *new]

    return Change(title, lambda: _rewrite(title, subnet, edit, google, operations))


def _rewrite(title: str, subnet: Subnet, edit: Edit, google: Google, operations: Operations) -> None:
    """Send the list of ranges, made from what is there now; wait for what was started before, which may change it."""
    operations.finish()
    where = {"region": subnet.region, "subnetwork": subnet.name}

    def request() -> dict[str, Any] | None:
        client = google.compute("Subnetworks")
        found = google.read(f"read {subnet}", client.get, {"project": google.project, **where})
        present = list(found.secondary_ip_ranges)
        after = edit(present)
        return {**where, "fingerprint": found.fingerprint, "ranges": after} if after != present else None

    operations.rewrite_in_compute(title, "Subnetworks", "patch", request, call=range_list.sender(google))


def _is_to_go(subnet: Subnet, each: Any) -> bool:
    """Tell whether a present range is not to be there, be it that another one is to have its name."""
    wanted = _by_name(subnet).get(each.range_name)
    if wanted is None:
        return subnet.purge_secondary_ranges
    return wanted.absent or (subnet.purge_secondary_ranges and _differs(wanted, each.ip_cidr_range))


def _differs(wanted: SecondaryRange, cidr: str) -> bool:
    """Tell whether another range is to have the name of a present one."""
    return not wanted.absent and wanted.ip_cidr_range != cidr


def _why_it_stays(each: Any, users: Collection[RangeUser]) -> str:
    if is_of_gke(each):
        return "Kubernetes Engine added it for a cluster, and removes it with the cluster"
    using = sorted({str(user) for user in users if user.range == each.range_name})
    return f"it is used by {', '.join(using)}; delete these first" if using else ""


def _by_name(subnet: Subnet) -> dict[str, SecondaryRange]:
    return {each.name: each for each in subnet.secondary_ranges}


def _pair(secondary: Any) -> Range:
    return secondary.range_name, secondary.ip_cidr_range


def _words(ranges: Iterable[Range]) -> str:
    return f"secondary range {', '.join(f'{name} ({cidr})' for name, cidr in ranges)}"
