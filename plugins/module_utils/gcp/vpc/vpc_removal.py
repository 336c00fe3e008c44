# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes of a network of which others use a part, and what stays, and why; no I/O.

What others use is not only what clusters are in: a secondary range that was not declared is somebody's, and it would go
with its subnetwork.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .networks import is_automatic
from .range_users import RangeUser
from .secondary_ranges import present_ranges
from .subnet_options import SecondaryRange, Subnet
from .subnetworks import key_of_link
from .vpc_options import Desired
from .vpc_parts import Observed, Part


@dataclass(frozen=True)
class Removal:
    """What is left to ask for so that what others use stays.

    :ivar desired: absent as a whole, or present without the parts that go.
    :ivar kept: what stays, with the reason of each.
    """

    desired: Desired
    kept: tuple[str, ...]


def sparing(desired: Desired, observed: Observed, parts: Collection[Part]) -> Removal:
    """Return what goes of a network that is there."""
    here = [part for part in parts if part.is_here]
    reasons = {part.subnet.key: list(_why_subnetwork_stays(desired, observed.network, part)) for part in here}
    kept = [
        *(f"{part.subnet}: {reason}" for part in here for reason in reasons[part.subnet.key]),
        *(text for part in here if reasons[part.subnet.key] for text in _ranges_that_stay(part)),
    ]
    of_network = [
        *(f"its {part.subnet} stays" for part in here if reasons[part.subnet.key]),
        *(f"it is described for {each.by}, too" for each in desired.needed if not reasons.get(each.key)),
        *(f"there is {each}" for each in observed.in_the_way),
    ]
    if not of_network:
        return Removal(desired, tuple(kept))
    kept += [f"network {desired.name}: {reason}" for reason in dict.fromkeys(of_network)]
    subnets = [_emptied(part) if reasons[part.subnet.key] else part.subnet for part in here]
    subnets += _with_left_rules(observed, parts)
    left = replace(
        desired,
        absent=False,
        description=None,
        routing_mode=None,
        mtu=None,
        subnetworks=tuple(subnets),
        purge_subnetworks=False,  # what is not declared stays, as was just said
    )
    return Removal(left, tuple(kept))


def _with_left_rules(observed: Observed, parts: Collection[Part]) -> list[Subnet]:
    """Return subnetworks that are gone, and whose rules are there: a run was cut off in between.

    Subnetworks of one name in several regions share a rule.
    """
    there = {name for _region, name in map(key_of_link, observed.network.subnetworks)} if observed.network else set()
    gone = (part for part in parts if part.loses_rule and not part.is_here)
    return [part.subnet for part in gone if part.subnet.name not in there]


def _why_subnetwork_stays(desired: Desired, network: Any, part: Part) -> Iterator[str]:
    if is_automatic(network, part.subnet.key):
        yield "Google made it with the network, which is in auto mode"
    yield from (f"it is described for {each.by}, too" for each in desired.needed if each.key == part.subnet.key)
    if part.users:
        yield f"it is used by {_names(part.users)}"
    ours = {each.name for each in _declared_ranges(part)}
    for name, cidr in present_ranges(part.found).items():
        if name not in ours:
            yield f"secondary range {name} ({cidr}) in it is of others"


def _ranges_that_stay(part: Part) -> Iterator[str]:
    """Yield the declared ranges that are used; of a subnetwork that goes, no range is."""
    for each in _declared_ranges(part):
        users = _users_of(part, each)
        if users:
            yield f"secondary range {each.name} of {part.subnet}: it is used by {_names(users)}"


def _emptied(part: Part) -> Subnet:
    """Return a subnetwork that stays, without the declared ranges that nobody uses."""
    subnet, found = part.subnet, part.found
    going = tuple(replace(each, absent=True) for each in _declared_ranges(part) if not _users_of(part, each))
    return replace(
        subnet,
        absent=False,
        ip_cidr_range=found.ip_cidr_range if found is not None else "",
        description=None,
        private_google_access=None,
        secondary_ranges=going,
        purge_secondary_ranges=False,
        allow_multinet=subnet.allow_multinet and part.rule.is_here,
    )


def _declared_ranges(part: Part) -> list[SecondaryRange]:
    """Return the declared ranges that are there, and are what was declared."""
    present = present_ranges(part.found)
    return [
        each
        for each in part.subnet.secondary_ranges
        if each.name in present and each.ip_cidr_range in ("", present[each.name])
    ]


def _users_of(part: Part, secondary: SecondaryRange) -> list[RangeUser]:
    return [user for user in part.users if user.range == secondary.name]


def _names(users: Collection[RangeUser]) -> str:
    return ", ".join(sorted({str(user) for user in users}))
