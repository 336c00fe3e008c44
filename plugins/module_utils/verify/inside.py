# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking into pods: a command in each tells which interfaces and addresses it really has.

What the API says of a pod that survived the loss of its node may be untrue: its annotation, its allocation and its
phase claim an interface that its new sandbox was made without. The command needs nothing in the image but cat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..cni.ranges import IPAddress
from ..errors import MultinetError
from ..kube import exec as remote
from ..kube.client import Kube
from ..kube.kinds import POD, Ref

MOST_AT_ONCE = 8
SECONDS = 20.0  # for one pod

_LEAF = re.compile(r"\|-- (\S+)")
_HOST = "/32 host LOCAL"
_DEVICE = re.compile(r"^\s*([^\s:|]+):\s*\d")
_MAC = re.compile(r"([0-9a-f]{2}:)+[0-9a-f]{2}")


@dataclass(frozen=True)
class Look:
    """Into which pod to look, and for what."""

    pod: str  # "namespace/name"
    container: str
    interfaces: tuple[str, ...]


@dataclass(frozen=True)
class Inside:
    """What a pod really has."""

    problem: str = ""  # why nobody can tell; the rest is empty then
    interfaces: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    mtus: Mapping[str, int] = field(default_factory=dict)  # by interface that was asked for
    macs: Mapping[str, str] = field(default_factory=dict)


def look_into(kube: Kube, looks: Iterable[Look]) -> dict[str, Inside]:
    """Return what pods have, by "namespace/name"; one command for each, a few at a time."""

    def look(each: Look) -> tuple[str, Inside]:
        return each.pod, _look(kube, each)

    with ThreadPoolExecutor(MOST_AT_ONCE) as threads:
        return dict(threads.map(look, looks))


def _look(kube: Kube, each: Look) -> Inside:
    namespace, _slash, name = each.pod.partition("/")
    try:
        said = remote.run(
            kube.connection, Ref(POD, name, namespace), command(each), timeout=SECONDS, container=each.container
        )
    except MultinetError as error:
        return Inside(problem=str(error))
    if "lo:" not in said.stdout:
        return Inside(problem=said.stderr.strip()[:200] or "cat printed nothing")
    return parse(said.stdout, each.interfaces)


def command(each: Look) -> list[str]:
    """Return the command; what is not there makes cat complain, and go on."""
    files = [f"/sys/class/net/{name}/{what}" for name in each.interfaces for what in ("address", "mtu")]
    return ["cat", "/proc/net/dev", "/proc/net/fib_trie", "/proc/net/if_inet6", *files]


def parse(text: str, asked: Iterable[str]) -> Inside:
    """Return what the command printed.

    :param asked: the interfaces that were asked for, in this order.
    """
    interfaces, addresses, rest, leaf = set(), set(), [], ""
    for line in text.splitlines():
        device, found = _DEVICE.match(line), _LEAF.search(line)
        if device and not found and not _MAC.fullmatch(line.strip()):
            interfaces.add(device[1])
        elif found:
            leaf = found[1]
        elif _HOST in line:
            addresses.add(leaf)
        elif len(line.split()) == 6 and len(line.split()[0]) == 32:  # if_inet6: address, index, length, scope, ...
            addresses.add(str(IPAddress(int(line.split()[0], 16), 6)))
        elif _MAC.fullmatch(line.strip()) or line.strip().isdecimal():
            rest.append(line.strip())
    there = [name for name in asked if name in interfaces]
    return Inside(
        interfaces=frozenset(interfaces),
        addresses=frozenset(addresses),
        macs=dict(zip(there, rest[::2], strict=False)),
        mtus={name: int(number) for name, number in zip(there, rest[1::2], strict=False) if number.isdecimal()},
    )
