# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused in an ``ipam`` section of Whereabouts, because it would fail or be ignored when a pod starts.

Keys and their types: Whereabouts v0.7.0 pkg/types; node_slice_size came with v0.8.0.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import Problems
from .ipam import RANGE_KEYS, TOO_SMALL, AddressRange, parse_exclude, parse_range, ranges_of
from .ranges import IPAddress, overlapping, parse_address, parse_masked
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
_WORDS = {str: "a text", list: "a list", dict: "an object", bool: "true or false", int: "a number"}

Path = Callable[[str], str]  # from a key of the section to its path in the options


def check_ipam(problems: Problems, path: Path, ipam: Mapping[str, Any], cni_version: str) -> list[str]:
    """Note what is wrong with an ``ipam`` section whose type is whereabouts; return warnings.

    :param cni_version: of the configuration around it.
    """
    if not _check_keys(problems, path, ipam, tuple(KEYS)) or not _check_items(problems, path, ipam):
        return []
    if not ipam.get("range") and not ipam.get("ipRanges"):
        problems.add(path("range"), ipam.get("range"), "ipam.type whereabouts needs range or ranges")
        return []
    checked = [_check_range(problems, where, entry) for where, entry in _entries(path, ipam)]
    ranges = [found for found in checked if found]
    _check_pool_names(problems, path, ipam, ranges)
    _check_gateway(problems, path, ipam, ranges)
    _check_addresses(problems, path, ipam)
    _check_routes(problems, path, ipam)
    _check_node_slices(problems, path, ipam, ranges)
    _check_families(problems, path, ipam, ranges, cni_version)
    return [] if problems else list(_warnings(path, ipam))


def _check_keys(problems: Problems, path: Path, section: Mapping[str, Any], known: tuple[str, ...]) -> bool:
    """Note unknown keys, which Whereabouts drops in silence, and values of the wrong type; tell whether all is well."""
    well = True
    for key, value in section.items():
        if key not in known and not key.startswith("etcd_"):
            snake = re.sub("([A-Z])", r"_\1", key).lower()
            near = difflib.get_close_matches(snake, known, n=1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            problems.add(path(key), value, f'unknown ipam key "{key}"{hint}')
        elif key in KEYS and not _has_type(value, KEYS[key]):
            problems.add(path(key), value, f"must be {_WORDS[KEYS[key]]}")
            well = False
    return well


def _has_type(value: object, wanted: type) -> bool:
    """Tell whether a JSON value has a type; true and false are no numbers."""
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def _check_items(problems: Problems, path: Path, ipam: Mapping[str, Any]) -> bool:
    """Note items that should be objects and are not; tell whether all is well."""
    wrong = [
        (f"{path(key)}[{index}]", item)
        for key in LISTS_OF_OBJECTS
        for index, item in enumerate(ipam.get(key, ()))
        if not isinstance(item, dict)
    ]
    for place, item in wrong:
        problems.add(place, item, "must be an object")
    return not wrong


def _entries(path: Path, ipam: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the ranges of a section as they are written, each with the paths of its keys."""
    if ipam.get("range"):
        yield path, {key: ipam[key] for key in RANGE_KEYS if key in ipam}
    for index, entry in enumerate(ipam.get("ipRanges", ())):
        yield _within(f"{path('ipRanges')}[{index}]"), entry


def _within(place: str) -> Path:
    return lambda key: f"{place}.{key}"


def _check_range(problems: Problems, path: Path, entry: Mapping[str, Any]) -> AddressRange | None:
    """Note what is wrong with one range; return it if its addresses are known."""
    if not _check_keys(problems, path, entry, tuple(RANGE_KEYS)):
        return None
    text = str(entry.get("range", ""))
    try:
        named = parse_range(text)
    except ValueError as error:
        problems.add(path("range"), text, str(error))
        return None
    if named.is_too_small:
        problems.add(path("range"), text, f'range "{text}" {TOO_SMALL}')
        return None
    if named.network.version == 6 and named.network.prefixlen < 64:
        problems.add(path("range"), text, f'range "{text}": prefixes wider than /64 corrupt whereabouts offsets')
        return None
    return _check_bounds(problems, path, entry, named)


def _check_bounds(problems: Problems, path: Path, entry: Mapping[str, Any], named: AddressRange) -> AddressRange | None:
    start = named.start or _check_bound(problems, path, entry, "range_start", named)
    end = named.end or _check_bound(problems, path, entry, "range_end", named)
    if start is not None and end is not None and start > end:
        place = "range_start" if "range_start" in entry else "range"
        problems.add(path(place), entry[place], f'range_start "{start}" is after range_end "{end}"')
        return None
    return _check_exclude(problems, path, entry, AddressRange(named.network, start, end))


def _check_bound(
    problems: Problems, path: Path, entry: Mapping[str, Any], key: str, named: AddressRange
) -> IPAddress | None:
    """Return the address of range_start or range_end; note it if Whereabouts would ignore it."""
    text = entry.get(key)
    if text is None:
        return None
    try:
        bound = parse_address(text)
    except ValueError:
        problems.add(path(key), text, f'{key} "{text}" is not an IP address')
        return None
    if bound not in named.network:
        problems.add(path(key), text, f'{key} "{text}" is outside {named.network}')
        return None
    return bound


def _check_exclude(
    problems: Problems, path: Path, entry: Mapping[str, Any], within: AddressRange
) -> AddressRange | None:
    excluded = []
    for index, text in enumerate(entry.get("exclude") or ()):
        place = f"{path('exclude')}[{index}]"
        try:
            network = parse_exclude(str(text))
        except ValueError as error:
            problems.add(place, text, str(error))
            continue
        if not any(overlapping([("exclude", network), ("range", within.network)])):
            problems.add(place, text, f'exclude "{text}" does not intersect {within.network}')
        excluded.append(network)
    found = AddressRange(within.network, within.start, within.end, tuple(excluded))
    if not found.usable:
        problems.add(path("exclude"), entry.get("exclude"), "exclude leaves no usable address")
        return None
    return found


def _check_pool_names(problems: Problems, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange]) -> None:
    network_name = ipam.get("network_name") or ""
    for each in ranges:
        name = pool_name(each.network, network_name)
        if is_object_name(name):
            continue
        if network_name:
            message = f'network_name "{network_name}" would make an invalid IPPool name "{name}"'
        else:
            message = f'IPPool name "{name}" is not a valid object name; set network_name'
        problems.add(path("network_name"), network_name, message)


def _check_gateway(problems: Problems, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange]) -> None:
    text = ipam.get("gateway")
    if not text:
        return
    try:
        gateway = parse_address(text)
    except ValueError:
        problems.add(path("gateway"), text, f'gateway "{text}" is not an IP address')
        return
    networks = [each.network for each in ranges]
    if networks and not any(gateway in network for network in networks):
        problems.add(path("gateway"), text, f'gateway "{text}" is outside every range')
    for network in networks:
        if gateway == network[0]:
            problems.add(path("gateway"), text, f'gateway "{text}" is the network address of {network}')
        if gateway == network[-1] and network.version == 4:
            problems.add(path("gateway"), text, f'gateway "{text}" is the broadcast address of {network}')


def _check_addresses(problems: Problems, path: Path, ipam: Mapping[str, Any]) -> None:
    for index, entry in enumerate(ipam.get("addresses", ())):
        _check_cidr(problems, f"{path('addresses')}[{index}].address", entry.get("address"))


def _check_routes(problems: Problems, path: Path, ipam: Mapping[str, Any]) -> None:
    for index, route in enumerate(ipam.get("routes", ())):
        place = f"{path('routes')}[{index}]"
        _check_cidr(problems, f"{place}.dst", route.get("dst"))
        if route.get("gw"):
            try:
                parse_address(route["gw"])
            except ValueError as error:
                problems.add(f"{place}.gw", route["gw"], str(error))


def _check_cidr(problems: Problems, place: str, text: object) -> None:
    try:
        parse_masked(str(text))
    except ValueError:
        problems.add(place, text, "is not a CIDR (a.b.c.d/n)")
        return
    if "/" not in str(text):
        problems.add(place, text, "has no prefix length")


def _check_node_slices(problems: Problems, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange]) -> None:
    text = ipam.get("node_slice_size")
    if not text:
        return
    prefix = text.removeprefix("/")
    if not prefix.isdecimal():
        problems.add(path("node_slice_size"), text, f'"{text}" is not a prefix length')
        return
    for each in ranges:
        if each.network.version == 6:
            problems.add(path("node_slice_size"), text, "node_slice_size is not supported for IPv6")
        elif int(prefix) < each.network.prefixlen:
            message = f"/{prefix} is wider than range /{each.network.prefixlen}"
            problems.add(path("node_slice_size"), text, message)


def _check_families(
    problems: Problems, path: Path, ipam: Mapping[str, Any], ranges: list[AddressRange], cni_version: str
) -> None:
    """Note several addresses of one family in a version of CNI that has one."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", cni_version) or _version(cni_version) >= SEVERAL_ADDRESSES:
        return
    families = [each.network.version for each in ranges]
    families += [6 if ":" in str(entry.get("address")) else 4 for entry in ipam.get("addresses", ())]
    if len(families) > len(set(families)):
        problems.add(path("range"), ipam.get("range"), f"cni_version {cni_version} allows one address per family")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))


def _warnings(path: Path, ipam: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is allowed, and perhaps not meant."""
    ranges = ranges_of(ipam)
    for (where, entry), each in zip(_entries(path, ipam), ranges, strict=True):
        written = entry["range"]
        if "-" not in written and parse_address(written.partition("/")[0]) != each.network.network:
            yield f'{where("range")} "{written}": host bits ignored, allocation starts at {each.first}'
    if ipam.get("gateway") and any(parse_address(ipam["gateway"]) in each.usable for each in ranges):
        yield (
            f'{path("gateway")} "{ipam["gateway"]}" is not excluded: Whereabouts hands it out to a pod '
            "like any other address"
        )
    if ipam.get("node_slice_size"):
        yield f"{path('node_slice_size')}: node_slice_size needs whereabouts >= 0.8.0"
