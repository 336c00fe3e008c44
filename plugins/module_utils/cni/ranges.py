# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address ranges: netaddr's IPNetwork and IPSet, and the few questions that we ask of them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Iterator
from itertools import combinations

from ..errors import MissingLibrary, Problems

try:
    from netaddr import INET_PTON, AddrFormatError, IPAddress, IPNetwork, IPRange, IPSet
except ImportError as error:  # Ansible imports this file where netaddr need not be
    NETADDR_ERROR = str(error)
    for _name in ("AddrFormatError", "IPAddress", "IPNetwork", "IPRange", "IPSet"):
        globals()[_name] = ValueError  # so that others can import the names; nobody gets to use them
else:
    NETADDR_ERROR = ""

__all__ = [
    "IPAddress",
    "IPNetwork",
    "IPRange",
    "IPSet",
    "check_cidr",
    "overlapping",
    "parse_address",
    "parse_cidr",
    "parse_masked",
    "share_addresses",
    "spelled",
]


def _require_netaddr() -> None:
    if NETADDR_ERROR:
        raise MissingLibrary("netaddr", sys.executable, NETADDR_ERROR)


def parse_cidr(text: str) -> IPNetwork:
    """Return the network that a text like 10.0.1.0/24 names.

    :raises ValueError: it is no CIDR, has no prefix length, or has host bits set; the text says what would be right.
    """
    _require_netaddr()
    address, slash, prefix = text.partition("/")
    try:
        first = IPAddress(address, flags=INET_PTON)  # netaddr before 1.0 takes 10.0.1 for 10.0.0.1 otherwise
        network = IPNetwork(text)
    except (AddrFormatError, ValueError) as error:
        raise ValueError("is not a CIDR (a.b.c.d/n)") from error
    if not slash:
        raise ValueError(f'has no prefix length; write for example "{text}/24"')
    if not prefix.isdigit():
        raise ValueError(f"needs a prefix length, not a mask; write {network.cidr}")
    if first != network.network:
        raise ValueError(f"has host bits set; write {network.cidr}")
    return network


def parse_masked(text: str) -> IPNetwork:
    """Return the network that an address or a CIDR lies in, without host bits: 10.0.1.7/24 is 10.0.1.0/24.

    :raises ValueError: it is neither.
    """
    _require_netaddr()
    address, slash, prefix = text.partition("/")
    if slash and not prefix.isdecimal():
        raise ValueError("is not an IP address or CIDR")
    try:
        IPAddress(address, flags=INET_PTON)
        network: IPNetwork = IPNetwork(text).cidr
    except (AddrFormatError, ValueError) as error:
        raise ValueError("is not an IP address or CIDR") from error
    return network


def parse_address(text: str) -> IPAddress:
    """Return the address that a text like 10.0.1.7 names; ValueError if it is none."""
    _require_netaddr()
    try:
        return IPAddress(text, flags=INET_PTON)
    except (AddrFormatError, ValueError) as error:
        raise ValueError("is not an IP address") from error


def spelled(text: str) -> str:
    """Return an address as netaddr spells it, so that texts can be compared; ValueError if it is none."""
    try:  # most are in that form already, and netaddr takes ten times as long to find out
        if socket.inet_ntoa(socket.inet_pton(socket.AF_INET, text)) == text:
            return text
    except OSError:
        pass
    return str(parse_address(text))


def check_cidr(problems: Problems, path: str, text: str) -> IPNetwork | None:
    """Return the network of an option, or note what is wrong with it and return None."""
    try:
        return parse_cidr(text)
    except ValueError as error:
        problems.add(path, text, str(error))
        return None


def share_addresses(one: IPNetwork, other: IPNetwork) -> bool:
    """Tell whether two ranges overlap; those of different families never do."""
    return bool(one.version == other.version and one.first <= other.last and other.first <= one.last)


def overlapping(ranges: Iterable[tuple[str, IPNetwork]]) -> Iterator[tuple[str, str, IPNetwork, IPNetwork]]:
    """Yield each pair of named ranges that share addresses, in the order given.

    :param ranges: (path of the range in the options, range).
    """
    for (name, network), (other_name, other) in combinations(ranges, 2):
        if share_addresses(network, other):
            yield name, other_name, network, other
