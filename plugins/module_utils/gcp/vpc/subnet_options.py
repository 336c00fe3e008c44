# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a subnetwork and of its secondary ranges, and what is wrong with them; no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...cni.ranges import IPNetwork, overlapping
from ...errors import Problems
from ...gke_rules import (
    MAX_SECONDARY_RANGES,
    check_location,
    check_name,
    check_range,
    check_subnetwork_name,
    ingress_rule_name,
    region_of,
)
from ...reconcile import State

NEEDED = "is needed, unless state=absent"


@dataclass(frozen=True)
class SecondaryRange:
    """A secondary range as it was declared."""

    name: str
    ip_cidr_range: str  # may be empty if it is to be absent
    absent: bool

    def as_state(self) -> State:
        """Return it in the words of the options."""
        return {"name": self.name, "ip_cidr_range": self.ip_cidr_range}


@dataclass(frozen=True)
class Subnet:
    """A subnetwork as it was declared."""

    name: str
    region: str
    ip_cidr_range: str  # may be empty if it is to be absent
    description: str | None
    private_google_access: bool | None
    secondary_ranges: tuple[SecondaryRange, ...]
    purge_secondary_ranges: bool
    allow_multinet: bool
    absent: bool

    @classmethod
    def from_params(cls, params: dict[str, Any], *, absent: bool) -> Subnet:
        """Take the options of one subnetwork; check() judges them.

        :param absent: whether the whole network is not to be there.
        """
        return cls(
            name=params["name"],
            region=params["region"],
            ip_cidr_range=params["ip_cidr_range"] or "",
            description=params["description"],
            private_google_access=params["private_google_access"],
            secondary_ranges=tuple(
                SecondaryRange(each["name"], each["ip_cidr_range"] or "", each["state"] == "absent")
                for each in params["secondary_ranges"]
            ),
            purge_secondary_ranges=params["purge_secondary_ranges"],
            allow_multinet=params["allow_multinet"],
            absent=absent or params["state"] == "absent",
        )

    def __str__(self) -> str:
        """Return how messages name it."""
        return f"subnetwork {self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """Return region and name: they are one subnetwork's in a project."""
        return self.region, self.name

    @property
    def rule(self) -> str:
        """Return the name of the ingress rule between the ranges of this subnetwork."""
        return ingress_rule_name(self.name)

    @property
    def needs_rule(self) -> bool:
        """Tell whether that rule is to be there."""
        return self.allow_multinet and not self.absent

    @property
    def wanted_ranges(self) -> tuple[SecondaryRange, ...]:
        """Return the secondary ranges that are to be there."""
        return tuple(each for each in self.secondary_ranges if not each.absent)

    @property
    def ranges(self) -> list[str]:
        """Return the primary and the secondary ranges that are to be there."""
        return [self.ip_cidr_range, *(each.ip_cidr_range for each in self.wanted_ranges)]

    def as_state(self) -> State:
        """Return it in the words of the options, without what was left out."""
        optional = {"description": self.description, "private_google_access": self.private_google_access}
        return {
            "name": self.name,
            "region": self.region,
            "ip_cidr_range": self.ip_cidr_range,
            **{name: value for name, value in optional.items() if value is not None},
            "secondary_ranges": [each.as_state() for each in self.wanted_ranges],
            "allow_multinet": self.allow_multinet,
        }


def check(problems: Problems, subnets: tuple[Subnet, ...]) -> None:
    """Note what is wrong with the declared subnetworks of one network."""
    ranges: list[tuple[str, IPNetwork]] = []
    seen: set[tuple[str, str]] = set()
    rules: set[str] = set()
    for index, subnet in enumerate(subnets):
        path = f"subnetworks[{index}]"
        _check_identity(problems, path, subnet)
        if subnet.key in seen:
            problems.add(f"{path}.name", subnet.name, f"is declared twice in {subnet.region}")
        elif subnet.needs_rule and subnet.rule in rules:
            problems.add(
                f"{path}.name",
                subnet.name,
                f"needs the rule {subnet.rule}, as another subnetwork does; rename one, or set allow_multinet=false",
            )
        seen.add(subnet.key)
        if subnet.needs_rule:
            rules.add(subnet.rule)
        if not subnet.absent:
            ranges.extend(_check_ranges(problems, path, subnet))
    for where, other, network, second in overlapping(ranges):
        problems.add(other, str(second), f"overlaps with {where} ({network})")


def _check_identity(problems: Problems, path: str, subnet: Subnet) -> None:
    check_subnetwork_name(problems, f"{path}.name", subnet.name, with_rule=subnet.allow_multinet)
    check_location(problems, f"{path}.region", subnet.region)
    if region_of(subnet.region) != subnet.region:
        problems.add(f"{path}.region", subnet.region, f"is a zone; write {region_of(subnet.region)}")


def _check_ranges(problems: Problems, path: str, subnet: Subnet) -> Iterator[tuple[str, IPNetwork]]:
    """Note what is wrong with the ranges; yield those that are to be there and are ranges, with their path."""
    yield from _check_given(problems, f"{path}.ip_cidr_range", subnet.ip_cidr_range)
    if len(subnet.wanted_ranges) > MAX_SECONDARY_RANGES:
        problems.add(
            f"{path}.secondary_ranges",
            len(subnet.wanted_ranges),
            f"a subnetwork has at most {MAX_SECONDARY_RANGES} secondary ranges",
        )
    names: set[str] = set()
    for index, each in enumerate(subnet.secondary_ranges):
        where = f"{path}.secondary_ranges[{index}]"
        check_name(problems, f"{where}.name", each.name)
        if each.name in names:
            problems.add(f"{where}.name", each.name, "is declared twice in this subnetwork")
        names.add(each.name)
        if not each.absent:
            yield from _check_given(problems, f"{where}.ip_cidr_range", each.ip_cidr_range)


def _check_given(problems: Problems, path: str, cidr: str) -> Iterator[tuple[str, IPNetwork]]:
    if not cidr:
        problems.add(path, None, NEEDED)
        return
    found = check_range(problems, path, cidr)
    if found is not None:
        yield path, found
