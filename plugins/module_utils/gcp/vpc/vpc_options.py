# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of gke_multinet_vpc, and what is wrong with them; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import Problems
from ...gke_rules import check_name
from ...reconcile import State
from . import subnet_options
from .subnet_options import Subnet

MTU = range(1300, 8897)
NOT_OURS = "an existing network is never changed: leave it out, or set existing=false"


@dataclass(frozen=True)
class Needed:
    """A subnetwork that others need, as the caller knows; nothing in the network may tell so yet."""

    region: str
    subnetwork: str
    by: str

    @property
    def key(self) -> tuple[str, str]:
        """Return region and name: they are one subnetwork's in a project."""
        return self.region, self.subnetwork


@dataclass(frozen=True)
class Desired:
    """What gke_multinet_vpc was asked for."""

    name: str
    description: str | None
    routing_mode: str | None
    mtu: int | None
    existing: bool
    subnetworks: tuple[Subnet, ...]
    purge_subnetworks: bool
    absent: bool
    keeps_used: bool  # what others use stays, if it is to be absent
    needed: tuple[Needed, ...]
    deleted_before: frozenset[tuple[str, str]]  # location and name of clusters

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        absent = params["state"] == "absent"
        desired = cls(
            name=params["name"],
            description=params["description"],
            routing_mode=params["routing_mode"],
            mtu=params["mtu"],
            existing=params["existing"],
            subnetworks=tuple(Subnet.from_params(each, absent=absent) for each in params["subnetworks"]),
            purge_subnetworks=params["purge_subnetworks"],
            absent=absent,
            keeps_used=params["delete_policy"] == "keep_if_used",
            needed=tuple(Needed(each["region"], each["subnetwork"], each["by"]) for each in params["needed"]),
            deleted_before=frozenset((each["location"], each["name"]) for each in params["deleted_before"]),
        )
        problems = Problems()
        check_name(problems, "name", desired.name)
        if desired.mtu is not None and desired.mtu not in MTU:
            problems.add("mtu", desired.mtu, f"must be between {MTU.start} and {MTU.stop - 1}")
        subnet_options.check(problems, desired.subnetworks)
        if desired.existing:
            _check_existing(problems, desired)
        problems.raise_if_any()
        return desired

    @property
    def present_subnetworks(self) -> tuple[Subnet, ...]:
        """Return the subnetworks that are to be there."""
        return tuple(subnet for subnet in self.subnetworks if not subnet.absent)

    def as_state(self) -> State:
        """Return it in the words of the options, without what was left out."""
        managed = {"description": self.description, "routing_mode": self.routing_mode, "mtu": self.mtu}
        return {
            "name": self.name,
            **{key: value for key, value in managed.items() if value is not None},
            "subnetworks": [subnet.as_state() for subnet in self.present_subnetworks],
        }


def _check_existing(problems: Problems, desired: Desired) -> None:
    if desired.purge_subnetworks:
        problems.add("purge_subnetworks", True, NOT_OURS)
    for index, subnet in enumerate(desired.subnetworks):
        if subnet.purge_secondary_ranges:
            problems.add(f"subnetworks[{index}].purge_secondary_ranges", True, NOT_OURS)
