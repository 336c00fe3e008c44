# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses Whereabouts hands out for an ``ipam`` section.

Rules from Whereabouts v0.7.0: pkg/config LoadIPAMConfig (how ranges are written), pkg/iphelpers GetIPRange (first and
last), pkg/allocate (what is left out). What upstream ignores in silence is ignored here too: :mod:`ipam_rules` is where
it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .ranges import IPAddress, IPNetwork, IPRange, IPSet, parse_address, parse_masked
from .whereabouts import pool_name

# Where a range is written: in the section itself, and in each item of ipRanges.
RANGE_KEYS: dict[str, type] = {"range": str, "range_start": str, "range_end": str, "exclude": list}

NO_CIDR = "is not a CIDR (a.b.c.d/n) or start-end/prefix; to use a named secondary range set secondary_range"
NO_PREFIX = "has no prefix length"
TOO_SMALL = "has no usable addresses (needs /30 or /126 or wider)"

_LEADING_ZEROS = re.compile(r"\b0+(?=\d+\.|\d+\b(?!:))")


@dataclass(frozen=True)
class AddressRange:
    """One range of addresses, out of which a pod gets one."""

    network: IPNetwork  # without host bits
    start: IPAddress | None = None  # as written; outside the network it counts for nothing
    end: IPAddress | None = None
    exclude: tuple[IPNetwork, ...] = ()

    @property
    def is_too_small(self) -> bool:
        """Tell whether Whereabouts finds no usable address in it: /31, /32, /127, /128."""
        return bool(self.network.size < 4)

    @property
    def first(self) -> IPAddress:
        """Return the lowest address that is handed out, if it is not excluded."""
        lowest, highest = self.network[1], self.network[-2]
        return self.start if self.start is not None and lowest <= self.start <= highest else lowest

    @property
    def last(self) -> IPAddress:
        """Return the highest address that is handed out, if it is not excluded."""
        highest = self.network[-2]
        return self.end if self.end is not None and self.first <= self.end <= highest else highest

    @cached_property
    def usable(self) -> IPSet:
        """Return the addresses that are handed out, lowest first."""
        usable: IPSet = IPSet(IPRange(self.first, self.last)) - IPSet(self.exclude)
        return usable

    def pool(self, namespace: str, network_name: str) -> dict[str, Any]:
        """Return the pool that Whereabouts keeps for it, as modules return it.

        :param namespace: in which Whereabouts keeps its pools.
        """
        return {
            "name": pool_name(self.network, network_name),
            "namespace": namespace,
            "range": str(self.network),
            "first": str(self.first),
            "last": str(self.last),
            "size": int(self.usable.size),
        }


def parse_range(text: str) -> AddressRange:
    """Return the range that a text like 172.16.1.0/24 or 172.16.1.10-172.16.1.20/24 names; host bits are dropped.

    :raises ValueError: Whereabouts would refuse it.
    """
    start, dash, rest = text.partition("-")
    end, slash, _prefix = (rest if dash else text).partition("/")
    try:
        network = parse_masked(_plain(rest if dash else text))
        bounds = (parse_address(_plain(start)), parse_address(_plain(end))) if dash else (None, None)
    except ValueError as error:
        raise ValueError(f'range "{text}" {NO_CIDR}') from error
    if not slash:
        raise ValueError(f'range "{text}" {NO_PREFIX}')
    if dash and bounds[0] not in network:
        raise ValueError(f'range start "{start.strip()}" is outside {network}')
    return AddressRange(network, *bounds)


def parse_exclude(text: str) -> IPNetwork:
    """Return what an item of exclude names, an address or a CIDR; host bits are dropped.

    :raises ValueError: it is neither.
    """
    try:
        return parse_masked(_plain(text))
    except ValueError as error:
        raise ValueError(f'exclude "{text}" is not an IP address or CIDR') from error


def ranges_of(ipam: Mapping[str, Any]) -> tuple[AddressRange, ...]:
    """Return the ranges of a whereabouts ``ipam`` section: that of the section itself, then those of ipRanges.

    :raises ValueError: Whereabouts would refuse it, at the latest when it is to hand out an address.
    """
    items = ipam.get("ipRanges") or ()
    if not isinstance(items, list | tuple) or not all(isinstance(item, dict) for item in items):
        raise ValueError("ipRanges must be a list of objects")
    return tuple(_range(without_null(entry)) for entry in (*([ipam] if ipam.get("range") else ()), *items))


def without_null(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section without the keys whose value is null: Go reads them as if they were not there."""
    return {key: value for key, value in section.items() if value is not None}


def _range(entry: Mapping[str, Any]) -> AddressRange:
    for key, wanted in RANGE_KEYS.items():
        if not isinstance(entry.get(key, wanted()), wanted):
            raise ValueError(f"{key} has the wrong type: {entry[key]!r}")
    named = parse_range(entry.get("range", ""))
    if named.is_too_small:
        raise ValueError(f'range "{entry["range"]}" {TOO_SMALL}')
    return AddressRange(
        network=named.network,
        start=named.start or _address(entry.get("range_start")),
        end=named.end or _address(entry.get("range_end")),
        exclude=tuple(parse_exclude(str(text)) for text in entry.get("exclude", ())),
    )


def _address(text: str | None) -> IPAddress | None:
    """Return an address; what is none is ignored, as Whereabouts does."""
    try:
        return parse_address(_plain(text)) if text else None
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Return an address without spaces around it and, in IPv4, zeros before its numbers."""
    return _LEADING_ZEROS.sub("", text.strip()) if ":" not in text else text.strip()
