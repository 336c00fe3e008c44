# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared subnetworks of a network, each with what is there of it and what is to become of it; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...cni.ranges import parse_cidr, share_addresses
from ...errors import Refused
from ...gke_rules import AUTO_MODE_BLOCK
from ...reconcile import State
from ..references import Network, Subnetwork
from . import subnetworks
from .ingress import IngressRule
from .networks import is_automatic
from .range_users import RangeUser
from .secondary_ranges import RangePlan, plan_ranges
from .subnet_options import Subnet
from .subnetworks import Key
from .vpc_options import Desired


@dataclass(frozen=True)
class Observed:
    """What Compute Engine has; the messages are those of compute_v1."""

    network: Any | None
    subnetworks: Mapping[Key, Any] = field(default_factory=dict)  # the declared ones that exist
    rules: Mapping[str, Any] = field(default_factory=dict)  # the ingress rules that exist, by name
    range_users: Collection[RangeUser] = ()  # only looked for if something may have to go
    in_the_way: Sequence[str] = ()  # only looked for if the network is to be deleted


@dataclass(frozen=True)
class Part:
    """A declared subnetwork, and what is there of it."""

    subnet: Subnet
    network: Network
    found: Any | None  # compute_v1.Subnetwork; it may be one of another network
    users: frozenset[RangeUser]
    ranges: RangePlan
    rule: IngressRule

    @property
    def is_here(self) -> bool:
        """Tell whether the subnetwork is there, and in this network."""
        return self.found is not None and Network.parse(self.found.network, self.network.project) == self.network

    @property
    def loses_rule(self) -> bool:
        """Tell whether the ingress rule is there, and to go with the subnetwork."""
        return self.subnet.allow_multinet and self.subnet.absent and self.rule.is_here

    def as_is(self) -> State:
        """Return what is managed, as it is; the subnetwork is here."""
        allows = self.loses_rule or (self.subnet.needs_rule and self.rule.is_as_wanted)
        return subnetworks.as_is(self.subnet, self.found, self.ranges.removals, allow_multinet=allows)


def parts(desired: Desired, observed: Observed, network: Network) -> list[Part]:
    """Return the declared subnetworks in their order."""
    return [_part(subnet, observed, network) for subnet in desired.subnetworks]


def _part(subnet: Subnet, observed: Observed, network: Network) -> Part:
    reference = Subnetwork(network.project, subnet.region, subnet.name)
    users = frozenset(user for user in observed.range_users if user.subnetwork == reference)
    found = observed.subnetworks.get(subnet.key)
    ranges = plan_ranges(subnet, found, users) if found is not None and not subnet.absent else RangePlan()
    rule = IngressRule(subnet, network, observed.rules.get(subnet.rule), ranges.after)
    return Part(subnet, network, found, users, ranges, rule)


def refusals(part: Part, network: Any | None, undeclared: Collection[Key]) -> Iterator[Refused]:
    """Yield why a declared subnetwork cannot become what was declared.

    :param network: compute_v1.Network.
    :param undeclared: the subnetworks of the network that were not declared.
    """
    subnet = part.subnet
    if subnet.absent:
        yield from _refusals_of_deletion(part, network)
        return
    if part.found is None:
        yield from subnetworks.elsewhere(subnet, [region for region, name in undeclared if name == subnet.name])
        yield from _overlaps_with_auto_mode(subnet, network)
    else:
        yield from subnetworks.refusals(subnet, part.found, part.network)
        yield from part.ranges.refusals if part.is_here else ()
    if subnet.needs_rule:
        yield from part.rule.refusals()


def _refusals_of_deletion(part: Part, network: Any | None) -> Iterator[Refused]:
    subnet = part.subnet
    if not part.is_here:
        return
    if is_automatic(network, subnet.key):
        yield Refused(
            f"{subnet} cannot be deleted: Google makes it in each region for network {part.network.name}, "
            "which is in auto mode; it goes with the network"
        )
    elif part.users:
        users = ", ".join(sorted({str(user) for user in part.users}))
        yield Refused(f"{subnet} cannot be deleted: it is used by {users}; delete these first")


def _overlaps_with_auto_mode(subnet: Subnet, network: Any | None) -> Iterator[Refused]:
    if network is None or not network.auto_create_subnetworks:
        return
    block = parse_cidr(AUTO_MODE_BLOCK)
    for cidr in subnet.ranges:
        if share_addresses(block, parse_cidr(cidr)):
            yield Refused(
                f"{subnet}: {cidr} overlaps with {AUTO_MODE_BLOCK}, out of which Google makes subnetworks for network "
                f"{network.name}, which is in auto mode; choose another range"
            )
