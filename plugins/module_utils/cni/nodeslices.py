# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node slices: Whereabouts divides a range into slices of one size, one for each node.

Rules from Whereabouts v0.9.4: pkg/iphelpers DivideRangeBySize, pkg/node-controller. It looks at the first range only,
does not look at exclude (issue 666), and fails on IPv6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .findings import Findings, Path, Rules
from .ipam import parse_range
from .ranges import IPNetwork, parse_cidr

SINCE = "0.8.0"
LONGEST_USABLE = 30  # a slice of /31 has no address that is handed out


def node_slices(range_text: str, size: str) -> Iterator[IPNetwork]:
    """Return the slices of a range, lowest first: those of 172.16.1.0/24 in /28 are 172.16.1.0/28, 172.16.1.16/28, ...

    :param size: prefix length of a slice, "/28" or "28".
    :raises ValueError: there are no such slices; Whereabouts would log that, and no pod would get an address.
    """
    try:
        network = parse_cidr(range_text)
    except ValueError as error:
        raise ValueError(f'range "{range_text}" {error}; node slices need a network address') from error
    if network.version == 6:
        raise ValueError("node_slice_size is not supported for IPv6")
    prefix = parse_size(size)
    if prefix < network.prefixlen:
        raise ValueError(f"/{prefix} is wider than range /{network.prefixlen}")
    slices: Iterator[IPNetwork] = network.subnet(prefix)
    return slices


def parse_size(text: str) -> int:
    """Return the prefix length that node_slice_size names; ValueError if it names none."""
    prefix = text.removeprefix("/")
    if not (prefix.isascii() and prefix.isdecimal() and int(prefix) <= 32):
        raise ValueError(f'"{text}" is not a prefix length')
    return int(prefix)


def check_node_slices(findings: Findings, path: Path, size: str, ranges: Sequence[str], rules: Rules) -> None:
    """Note what keeps slices from being made, or from being used as meant.

    :param ranges: of the section, as they are written.
    """
    place = path("node_slice_size")
    if _numbers(rules.whereabouts_version) < _numbers(SINCE):
        findings.add(place, size, f"node_slice_size needs whereabouts >= {SINCE}")
    if len(ranges) > 1:
        findings.add(place, size, "node_slice_size works with one range only")
    try:
        if parse_size(size) > LONGEST_USABLE:
            findings.add(place, size, f"slices of {size} have no usable addresses (need /{LONGEST_USABLE} or wider)")
    except ValueError as error:
        findings.add(place, size, str(error))
        return
    for text in ranges:
        try:
            parse_range(text)
        except ValueError:
            continue  # noted where ranges are checked
        try:
            node_slices(text, size)
        except ValueError as error:
            findings.add(place, size, str(error))


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to be compared: those of v0.9.4 are (0, 9, 4)."""
    return tuple(int(part) for part in version.removeprefix("v").split(".") if part.isdecimal())
