# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool is meant, and what is to become of it: from the options to values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...cni import netconf
from ...cni.ipam import ranges_of
from ...cni.ranges import IPAddress, IPNetwork, parse_address, parse_cidr, parse_masked
from ...cni.texts import is_object_name, some
from ...cni.whereabouts import RESERVED, SAFE, Rule, capacity, key_of, pool_name
from ...errors import Problems, Refused
from ..client import Kube
from ..kinds import IP_POOL, NAD, Ref

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """The pool that is meant."""

    name: str
    namespace: str  # in which Whereabouts keeps its pools
    cidr: IPNetwork | None = None  # None: not said, so the pool cannot be made
    network_name: str = ""
    node_name: str = ""  # whose slice it is
    warnings: tuple[str, ...] = ()

    @property
    def ref(self) -> Ref:
        """Return the reference of the pool."""
        return Ref(IP_POOL, self.name, self.namespace)


@dataclass(frozen=True)
class Release:
    """What is to be released by name: one address, or all of one pod."""

    ip: IPAddress | None = None
    podref: str = ""


@dataclass(frozen=True)
class DesiredPool:
    """What is to become of a pool."""

    state: str  # "present", "absent", "reconciled"
    reserve: tuple[tuple[IPAddress, str], ...] = ()  # addresses, with the ids of their allocations
    release: tuple[Release, ...] = ()
    force: bool = False
    rule: Rule = SAFE
    confirm_after: int = 60  # seconds between the two looks in which an allocation must be an orphan
    max_release: int | None = None
    max_release_percent: int | None = None  # of the pool's allocations
    reservations: bool = True  # remove those that guard nothing any more
    restore_reservations: bool = False

    @classmethod
    def of(cls, params: Params, problems: Problems) -> DesiredPool:
        """Return what the options say; note what is wrong with them."""
        _not_negative(params, problems, "confirm_after", "warn_used_percent", "fail_used_percent")
        if params["state"] == "absent":
            for option in ("reserve", "release"):
                if params[option]:
                    problems.add(option, params[option], "a pool that shall not exist keeps and releases nothing")
        most, percent = _most(params["max_release"], problems)
        return cls(
            state=params["state"],
            reserve=_reserve(params["reserve"] or (), problems),
            release=_release(params["release"] or (), problems),
            force=params["force"],
            rule=Rule(
                without_status=params["treat_missing_status_as"] == "orphan",
                ended=params["completed_pods"] == "orphan",
            ),
            confirm_after=params["confirm_after"],
            max_release=most,
            max_release_percent=percent,
            reservations=params["reservations"],
            restore_reservations=params["restore_reservations"],
        )

    @property
    def releases(self) -> bool:
        """Tell whether anything may be released."""
        return self.state != "present" or bool(self.release)


def check_target(params: Params, problems: Problems) -> Target | None:
    """Return the pool that the options name without asking anybody; None if it is that of an attachment, or none.

    Notes what is wrong with them.
    """
    attachment, network_name, node_name = params["nad"], params["network_name"] or "", params["node_name"] or ""
    if attachment:
        namespace, slash, name = attachment.partition("/")
        if not (slash and is_object_name(namespace) and is_object_name(name)):
            problems.add("nad", attachment, "must be namespace/name of a NetworkAttachmentDefinition")
    for option in () if params["range"] else ("network_name", "node_name"):
        if params[option]:
            problems.add(option, params[option], "needs range")
    if params["range"] is None:
        return None if attachment else Target(params["name"] or "", params["namespace"])
    cidr, warnings = _cidr(params["range"], problems)
    if cidr is None or attachment:
        return None
    expected = pool_name(cidr, network_name, node_name)
    if params["name"] and params["name"] != expected:
        problems.add("name", params["name"], f'name "{params["name"]}" does not match range (expected "{expected}")')
    if not is_object_name(expected):
        problems.add("network_name", params["network_name"], f'would make "{expected}", which is no name for an object')
    return Target(expected, params["namespace"], cidr, network_name, node_name, warnings)


def check_addresses(desired: DesiredPool, target: Target | None, problems: Problems) -> None:
    """Note addresses that are to be reserved or released and do not lie in the pool's range."""
    if target is None or target.cidr is None:
        return
    wanted = [*(("reserve", ip) for ip, _id in desired.reserve), *(("release", each.ip) for each in desired.release)]
    for option, ip in wanted:
        if ip is not None and ip not in target.cidr:
            problems.add(option, str(ip), f'IP "{ip}" is outside {target.cidr}')


def find_target(kube: Kube, params: Params, known: Target | None) -> Target:
    """Return the pool that is meant; if it is that of an attachment, read that.

    :param known: what :func:`check_target` has returned.
    :raises Refused: there is no such attachment, it has no pool, or several, or slices of nodes.
    """
    if known is not None:
        return known
    namespace, _slash, name = params["nad"].partition("/")
    title = f'nad "{params["nad"]}"'
    found = kube.get(Ref(NAD, name, namespace))
    if found is None:
        raise Refused(f"{title}: there is no such NetworkAttachmentDefinition")
    try:
        ipam = netconf.ipam_of(netconf.parse((found.get("spec") or {}).get("config", "")))
        networks = [each.network for each in ranges_of(ipam)]
    except ValueError as error:
        raise Refused(f"{title}: its configuration cannot be used: {error}") from error
    if not networks:
        raise Refused(f"{title}: it has no range of Whereabouts, so it has no pool")
    if ipam.get("node_slice_size"):
        raise Refused(f"{title}: it has a pool for the slice of each node; name one by range and node_name")
    if params["range"]:
        wanted = parse_masked(params["range"])
        if wanted not in networks:
            raise Refused(f"{title}: {wanted} is not one of its ranges ({some(map(str, networks))})")
        networks = [wanted]
    if len(networks) > 1:
        raise Refused(f"{title}: it has several pools ({some(map(str, networks))}); say which one with range")
    network_name = ipam.get("network_name") or ""
    return Target(pool_name(networks[0], network_name), params["namespace"], networks[0], network_name)


def key_in(address: IPAddress, target: Target, cidr: IPNetwork | None) -> str:
    """Return the key of an address in a pool.

    :raises Refused: the pool's range is unusable, or does not have the address.
    """
    if cidr is None or address not in cidr:
        raise Refused(f'IP "{address}" is outside {cidr or "the range"} of pool {target.name}')
    return key_of(address, cidr)


def _cidr(text: str, problems: Problems) -> tuple[IPNetwork | None, tuple[str, ...]]:
    """Return a range without host bits, with a warning if it had some."""
    warnings: tuple[str, ...] = ()
    try:
        cidr = parse_masked(text) if "/" in text else parse_cidr(text)
    except ValueError:
        cidr = None
    if cidr is None:
        problems.add("range", text, "is not a CIDR (a.b.c.d/n)" if "/" in text else "has no prefix length")
        return None, ()
    if str(cidr) != text:
        warnings = (f'range "{text}": host bits are ignored, as Whereabouts does; the pool is that of {cidr}',)
    if not capacity(cidr):
        problems.add("range", text, "has no address to hand out; it takes a /30 (IPv6: /126) or wider")
    if cidr.version == 6 and cidr.prefixlen < 64:
        problems.add("range", text, "is wider than /64: Whereabouts counts with 64 bits")
    return cidr, warnings


def _reserve(entries: Any, problems: Problems) -> tuple[tuple[IPAddress, str], ...]:
    found: dict[IPAddress, str] = {}
    for index, entry in enumerate(entries):
        place, value = f"reserve[{index}]", {"ip": entry} if isinstance(entry, str) else entry
        if not isinstance(value, dict) or not value.get("ip") or set(value) - {"ip", "note"}:
            problems.add(place, entry, "must be an IP address, or have ip and perhaps note")
            continue
        address = _address(f"{place}.ip" if value is entry else place, value["ip"], problems)
        if address is not None and address in found:
            problems.add(place, str(address), "is there twice")
        elif address is not None:
            found[address] = f"{RESERVED}: {value['note']}" if value.get("note") else RESERVED
    return tuple(found.items())


def _release(entries: Any, problems: Problems) -> tuple[Release, ...]:
    found = []
    for index, entry in enumerate(entries):
        place = f"release[{index}]"
        if bool(entry["ip"]) == bool(entry["podref"]):
            problems.add(place, entry, "must have either ip or podref")
        elif entry["ip"]:
            found.append(Release(ip=_address(f"{place}.ip", entry["ip"], problems)))
        elif not re.fullmatch(r"[^/]+/[^/]+", entry["podref"]):
            problems.add(f"{place}.podref", entry["podref"], "must be namespace/name of a pod")
        else:
            found.append(Release(podref=entry["podref"]))
    return tuple(found)


def _address(place: str, text: Any, problems: Problems) -> IPAddress | None:
    try:
        return parse_address(str(text))
    except ValueError as error:
        problems.add(place, text, str(error))
        return None


def _most(text: str | None, problems: Problems) -> tuple[int | None, int | None]:
    """Return max_release as a number, or as a percentage."""
    if text is None:
        return None, None
    number = text.removesuffix("%").strip()
    if not number.isdecimal() or (text.endswith("%") and int(number) > 100):
        problems.add("max_release", text, "must be a number, or a percentage from 0% to 100%")
        return None, None
    return (None, int(number)) if text.endswith("%") else (int(number), None)


def _not_negative(params: Params, problems: Problems, *options: str) -> None:
    for option in options:
        if params[option] is not None and params[option] < 0:
            problems.add(option, params[option], "must not be negative")
