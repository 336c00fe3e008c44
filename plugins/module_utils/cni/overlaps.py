# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attachments whose addresses overlap although they do not share a pool, so that an address may be on two pods.

Whereabouts keeps one pool for each range and network_name, and beside them one reservation for each address and
network_name, unless enable_overlapping_ranges is false (pkg/storage/kubernetes IPManagementKubernetesUpdate).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from . import netconf
from .ipam import AddressRange, ranges_of
from .netconf import Config
from .ranges import share_addresses


@dataclass(frozen=True)
class Claim:
    """The addresses that an attachment hands out, and who else is asked before it does."""

    attachment: str  # "namespace/name"
    master: str
    network_name: str
    reserves: bool  # enable_overlapping_ranges
    ranges: tuple[AddressRange, ...]

    @classmethod
    def of(cls, attachment: str, config: Config) -> Claim:
        """Return what a configuration claims; nothing if Whereabouts would refuse it."""
        ipam = netconf.ipam_of(config)
        try:
            ranges = ranges_of(ipam)
        except ValueError:
            ranges = ()
        return cls(
            attachment=attachment,
            master=str(netconf.plugins_of(config)[0].get("master", "")),
            network_name=str(ipam.get("network_name") or ""),
            reserves=ipam.get("enable_overlapping_ranges") is not False,
            ranges=ranges,
        )


@dataclass(frozen=True)
class Overlap:
    """Two ranges that share addresses."""

    one: Claim
    other: Claim
    range: AddressRange  # of the one
    other_range: AddressRange
    reason: str

    def __str__(self) -> str:
        return (
            f"range {self.range.network} overlaps {self.other_range.network} of {self.other.attachment}: {self.reason}"
        )

    def row(self) -> dict[str, Any]:
        """Return it as modules return it."""
        return {
            "attachments": [self.one.attachment, self.other.attachment],
            "ranges": [str(self.range.network), str(self.other_range.network)],
            "reason": self.reason,
        }


def overlaps(one: Claim, others: Iterable[Claim]) -> Iterator[Overlap]:
    """Yield where the addresses of an attachment overlap with those of others, other than in one pool."""
    for other in others:
        for mine in one.ranges:
            for theirs in other.ranges:
                reason = _reason(one, mine, other, theirs)
                if reason:
                    yield Overlap(one, other, mine, theirs, reason)


def all_overlaps(claims: Iterable[Claim]) -> list[Overlap]:
    """Return the overlaps between any two of several attachments."""
    return [found for one, other in combinations(claims, 2) for found in overlaps(one, [other])]


def _reason(one: Claim, mine: AddressRange, other: Claim, theirs: AddressRange) -> str:
    """Return what is wrong with two ranges side by side, empty if nothing is."""
    if not _share(mine, theirs):
        return ""
    if one.master != other.master:
        return f"it is on {other.master or 'another interface'}, not on {one.master or 'the same interface'}"
    if one.network_name != other.network_name:
        name = f'network_name "{other.network_name}"' if other.network_name else "no network_name"
        return f"it has {name}, and pools of different names do not know each other: an address may be on two pods"
    if mine.network == theirs.network:
        return ""  # one pool
    if one.reserves and other.reserves:
        return "they are two pools, kept apart by reservations only"
    return "they are two pools, and without enable_overlapping_ranges an address may be on two pods"


def _share(one: AddressRange, other: AddressRange) -> bool:
    """Tell whether two ranges hand out the same addresses."""
    return share_addresses(one.network, other.network) and not one.usable.isdisjoint(other.usable)
