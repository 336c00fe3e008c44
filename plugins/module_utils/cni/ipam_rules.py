# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused in an ``ipam`` section of Whereabouts, because it would fail or be ignored when a pod starts.

Keys and their types: Whereabouts v0.7.0 pkg/types; node_slice_size came with v0.8.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .findings import Findings, Path, Rules
from .ipam import RANGE_KEYS, TOO_SMALL, AddressRange, parse_exclude, parse_range, without_null
from .nodeslices import check_node_slices
from .ranges import IPAddress, IPNetwork, parse_address, parse_masked, share_addresses
from .texts import is_object_name
from .whereabouts import pool_name

SEVERAL_ADDRESSES = (0, 3, 0)  # CNI version since which a pod may have several addresses of one family

KEYS: dict[str, type] = {
    **RANGE_KEYS,
    "type": str,
    "ipRanges": list,
    "gateway": str,
    "routes": list,
    "dns": dict,
    "addresses": list,
    "enable_overlapping_ranges": bool,
    "network_name": str,
    "node_slice_size": str,
    "leader_lease_duration": int,
    "leader_renew_deadline": int,
    "leader_retry_period": int,
    "sleep_for_race": int,
    "reconciler_cron_expression": str,
    "kubernetes": dict,
    "configuration_path": str,
    "log_file": str,
    "log_level": str,
    "datastore": str,
}
LISTS_OF_OBJECTS = ("ipRanges", "routes", "addresses")
LEASE = {"leader_lease_duration": 1500, "leader_renew_deadline": 1000, "leader_retry_period": 500}  # milliseconds
LEASE_JITTER = 1.2  # client-go tools/leaderelection JitterFactor


def check_ipam(findings: Findings, path: Path, ipam: Mapping[str, Any], cni_version: str, rules: Rules) -> None:
    """Note what is wrong with an ``ipam`` section whose type is whereabouts.

    :param cni_version: of the configuration around it.
    """
    ipam = without_null(ipam)
    if not _check_keys(findings, path, ipam, tuple(KEYS), rules) or not _check_items(findings, path, ipam):
        return
    if not ipam.get("range") and not ipam.get("ipRanges") and not rules.range_follows:
        findings.add(path("range"), ipam.get("range"), "ipam.type whereabouts needs range or ranges")
        return
    if rules.range_follows:
        _excluded(findings, path, ipam)
    checked = [_check_range(findings, where, entry, rules) for where, entry in _entries(path, ipam)]
    ranges = [found for found in checked if found]
    _check_pool_names(findings, path, ipam, ranges)
    _check_gateway(findings, path, ipam, ranges)
    check_addresses(findings, path, ipam)
    check_routes(findings, path, ipam)
    if ipam.get("node_slice_size"):
        written = [entry.get("range", "") for _where, entry in _entries(path, ipam)]
        check_node_slices(findings, path, ipam["node_slice_size"], written, rules)
    _check_families(findings, path, ipam, ranges, cni_version)
    _check_lease(findings, path, ipam)


def _check_keys(
    findings: Findings, path: Path, section: Mapping[str, Any], known: tuple[str, ...], rules: Rules
) -> bool:
    """Note unknown keys, which Whereabouts drops in silence, and values of the wrong type; tell whether all is well."""
    well = True
    for key, value in section.items():
        if key not in known and not key.startswith("etcd_"):
            findings.check_key(path, key, value, kind="ipam", known=known, rules=rules)
        elif key in KEYS:
            well = findings.check_type(path(key), value, KEYS[key]) and well
    return well


def _check_items(findings: Findings, path: Path, ipam: Mapping[str, Any]) -> bool:
    """Note items that should be objects and are not; tell whether all is well."""
    wrong = [
        (f"{path(key)}[{index}]", item)
        for key in LISTS_OF_OBJECTS
        for index, item in enumerate(ipam.get(key, ()))
        if not isinstance(item, dict)
    ]
    for place, item in wrong:
        findings.add(place, item, "must be an object")
    return not wrong


def _entries(path: Path, ipam: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the ranges of a section as they are written, each with the paths of its keys."""
    if ipam.get("range"):
        yield path, {key: ipam[key] for key in RANGE_KEYS if key in ipam}
    for index, entry in enumerate(ipam.get("ipRanges", ())):
        yield _within(f"{path('ipRanges')}[{index}]"), without_null(entry)


def _within(place: str) -> Path:
    return lambda key: f"{place}.{key}"


def _check_range(findings: Findings, path: Path, entry: Mapping[str, Any], rules: Rules) -> AddressRange | None:
    """Note what is wrong with one range; return it if its addresses are known."""
    if not _check_keys(findings, path, entry, tuple(RANGE_KEYS), rules):
        return None
    text = str(entry.get("range", ""))
    try:
        named = parse_range(text)
    except ValueError as error:
        findings.add(path("range"), text, str(error))
        return None
    if named.is_too_small:
        findings.add(path("range"), text, f'range "{text}" {TOO_SMALL}')
        return None
    if named.network.version == 6 and named.network.prefixlen < 64:
        findings.add(path("range"), text, f'range "{text}": prefixes wider than /64 corrupt whereabouts offsets')
        return None
    found = _check_bounds(findings, path, entry, named)
    if found and "-" not in text and parse_address(text.partition("/")[0]) != named.network.network:
        findings.warn(f'{path("range")} "{text}": host bits ignored, allocation starts at {found.first}')
    return found


def _check_bounds(findings: Findings, path: Path, entry: Mapping[str, Any], named: AddressRange) -> AddressRange | None:
    start = named.start or _check_bound(findings, path, entry, "range_start", named)
    end = named.end or _check_bound(findings, path, entry, "range_end", named)
    if start is not None and end is not None and start > end:
        place = "range_start" if "range_start" in entry else "range"
        findings.add(path(place), entry[place], f'range_start "{start}" is after range_end "{end}"')
        return None
    return _check_exclude(findings, path, entry, AddressRange(named.network, start, end))


def _check_bound(
    findings: Findings, path: Path, entry: Mapping[str, Any], key: str, named: AddressRange
) -> IPAddress | None:
    """Return the address of range_start or range_end; note it if Whereabouts would ignore it."""
    text = entry.get(key)
    if text is None:
        return None
    try:
        bound = parse_address(text)
    except ValueError:
        findings.add(path(key), text, f'{key} "{text}" is not an IP address')
        return None
    if bound not in named.network:
        findings.add(path(key), text, f'{key} "{text}" is outside {named.network}')
        return None
    return bound


def _check_exclude(
    findings: Findings, path: Path, entry: Mapping[str, Any], within: AddressRange
) -> AddressRange | None:
    excluded = _excluded(findings, path, entry)
    for index, network in excluded.items():
        if not share_addresses(network, within.network):
            text = entry["exclude"][index]
            findings.add(f"{path('exclude')}[{index}]", text, f'exclude "{text}" does not intersect {within.network}')
    found = AddressRange(within.network, within.start, within.end, tuple(excluded.values()))
    if not found.usable:
        findings.add(path("exclude"), entry.get("exclude"), "exclude leaves no usable address")
        return None
    return found


def _excluded(findings: Findings, path: Path, entry: Mapping[str, Any]) -> dict[int, IPNetwork]:
    """Return what the items of exclude name, by their place in the list; note those that name nothing."""
    excluded = {}
    for index, text in enumerate(entry.get("exclude") or ()):
        try:
            excluded[index] = parse_exclude(str(text))
        except ValueError as error:
            findings.add(f"{path('exclude')}[{index}]", text, str(error))
    return excluded


def _check_pool_names(findings: Findings, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange]) -> None:
    network_name = ipam.get("network_name") or ""
    for each in ranges:
        name = pool_name(each.network, network_name)
        if is_object_name(name):
            continue
        if network_name:
            message = f'network_name "{network_name}" would make an invalid IPPool name "{name}"'
        else:
            message = f'IPPool name "{name}" is not a valid object name; set network_name'
        findings.add(path("network_name"), network_name, message)


def _check_gateway(findings: Findings, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange]) -> None:
    text = ipam.get("gateway")
    if not text:
        return
    try:
        gateway = parse_address(text)
    except ValueError:
        findings.add(path("gateway"), text, f'gateway "{text}" is not an IP address')
        return
    networks = [each.network for each in ranges]
    if networks and not any(gateway in network for network in networks):
        findings.add(path("gateway"), text, f'gateway "{text}" is outside every range')
    for network in networks:
        if gateway == network[0]:
            findings.add(path("gateway"), text, f'gateway "{text}" is the network address of {network}')
        if gateway == network[-1] and network.version == 4:
            findings.add(path("gateway"), text, f'gateway "{text}" is the broadcast address of {network}')
    if any(gateway in each.usable for each in ranges):
        findings.warn(
            f'{path("gateway")} "{text}" is not excluded: Whereabouts hands it out to a pod like any other address'
        )


def check_addresses(findings: Findings, path: Path, ipam: Mapping[str, Any]) -> None:
    """Note static addresses without a prefix length, or that are none."""
    for index, entry in enumerate(ipam.get("addresses", ())):
        place = f"{path('addresses')}[{index}]"
        _check_cidr(findings, f"{place}.address", entry.get("address"))
        _check_through(findings, f"{place}.gateway", entry.get("gateway"))


def check_routes(findings: Findings, path: Path, ipam: Mapping[str, Any]) -> None:
    """Note routes to what is no network, or through what is no address."""
    for index, route in enumerate(ipam.get("routes", ())):
        place = f"{path('routes')}[{index}]"
        _check_cidr(findings, f"{place}.dst", route.get("dst"))
        _check_through(findings, f"{place}.gw", route.get("gw"))


def _check_through(findings: Findings, place: str, text: object) -> None:
    """Note a gateway that is no address."""
    if text:
        try:
            parse_address(str(text))
        except ValueError as error:
            findings.add(place, text, str(error))


def _check_cidr(findings: Findings, place: str, text: object) -> None:
    try:
        parse_masked(str(text))
    except ValueError:
        findings.add(place, text, "is not a CIDR (a.b.c.d/n)")
        return
    if "/" not in str(text):
        findings.add(place, text, "has no prefix length")


def _check_families(
    findings: Findings, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange], cni_version: str
) -> None:
    """Note several addresses of one family in a version of CNI that has one."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", cni_version) or _version(cni_version) >= SEVERAL_ADDRESSES:
        return
    families = [each.network.version for each in ranges]
    families += [6 if ":" in str(entry.get("address")) else 4 for entry in ipam.get("addresses", ())]
    if len(families) > len(set(families)):
        findings.add(path("range"), ipam.get("range"), f"cni_version {cni_version} allows one address per family")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))


def _check_lease(findings: Findings, path: Path, ipam: Mapping[str, Any]) -> None:
    """Note times with which client-go makes no leader elector, so that no pod gets an address (milliseconds)."""
    given = [key for key in LEASE if key in ipam]
    if not given:
        return
    duration, deadline, period = (ipam.get(key, default) for key, default in LEASE.items())
    if not duration > deadline > LEASE_JITTER * period > 0:
        findings.warn(
            f"{path(given[0])}: leader election needs leader_lease_duration ({duration}) > "
            f"leader_renew_deadline ({deadline}) > {LEASE_JITTER} * leader_retry_period ({period}) > 0"
        )
