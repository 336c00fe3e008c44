# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CNI configuration in a NetworkAttachmentDefinition, as a value.

Rules from Multus v4.2.1: pkg/netutils GetCNIConfigFromSpec (the name), pkg/types LoadDelegateNetConf (one plugin or a
list of them).
"""

from __future__ import annotations

import json
from typing import Any

from .ipam import AddressRange, ranges_of

Config = dict[str, Any]

WHEREABOUTS = "whereabouts"

# Of a configuration and of each plugin (CNI pkg/types PluginConf): with another type of value neither is read at all.
_TYPES: dict[str, type] = {"name": str, "type": str, "cniVersion": str, "capabilities": dict, "ipam": dict, "dns": dict}
_WORDS: dict[type, str] = {str: "a text", dict: "an object"}
_IPVLAN_DEFAULTS = {"mode": "l2", "linkInContainer": False}


def parse(text: str) -> Config:
    """Return the configuration that a text holds.

    :raises ValueError: it is not JSON, no object, has a key twice, or no plugin; Multus would refuse it, or take of
        two values the last.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_number, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"config is not a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"config is not a JSON object: it is {json.dumps(value)[:40]}")
    check_shape(value)
    return value


def check_shape(config: Config) -> None:
    """Raise ValueError unless a configuration is one that Multus can delegate to."""
    _check_types("config", config)
    if config.get("type"):
        return
    plugins = config.get("plugins")
    if plugins is None:
        raise ValueError('config needs "type" or "plugins"')
    if not plugins or not isinstance(plugins, list):
        raise ValueError("plugins must not be empty")
    for index, plugin in enumerate(plugins):
        if not isinstance(plugin, dict) or not plugin.get("type"):
            raise ValueError(f'plugins[{index}] has no "type"')
        _check_types(f"plugins[{index}]", plugin)


def _check_types(place: str, section: Config) -> None:
    for key, wanted in _TYPES.items():
        value = section.get(key)
        if value is not None and not isinstance(value, wanted):
            raise ValueError(f"{place}.{key} must be {_WORDS[wanted]}, not {json.dumps(value)}")


def canonical(config: Config) -> str:
    """Return a configuration as it is written to the API: sorted keys, no spaces."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"))


def named(config: Config, name: str) -> Config:
    """Return a configuration with its name: that of the attachment, if it has none of its own."""
    return config if config.get("name") else {**config, "name": name}


def plugins_of(config: Config) -> list[Config]:
    """Return the plugins that run, in their order; beside a type, plugins count for nothing."""
    return [config] if config.get("type") else list(config["plugins"])


def ipam_of(config: Config) -> Config:
    """Return the ``ipam`` section that Whereabouts reads, that of the first plugin which has one; empty if none."""
    sections = (plugin["ipam"] for plugin in plugins_of(config) if isinstance(plugin.get("ipam"), dict))
    first: Config = next(sections, {})
    return first if first.get("type") == WHEREABOUTS else {}


def pools_of(config: Config, namespace: str) -> list[dict[str, Any]]:
    """Return the pools that Whereabouts keeps for a configuration, none if it keeps one for each node (node slices).

    :param namespace: in which it keeps them.
    """
    ipam = ipam_of(config)
    if ipam.get("node_slice_size"):
        return []  # each node has one of its own, named after it
    return [each.pool(namespace, ipam.get("network_name") or "") for each in ranges_of(ipam)]


def same(one: Config, other: Config, name: str) -> bool:
    """Tell whether two configurations of an attachment mean the same."""
    return canonical(normal(one, name)) == canonical(normal(other, name))


def normal(config: Config, name: str) -> Config:
    """Return a configuration in the one form that all of its spellings have.

    :param name: of the attachment.
    """
    whole = named(config, name)
    if whole.get("type"):
        return _normal_plugin({key: value for key, value in whole.items() if key != "plugins"})
    return {**whole, "plugins": [_normal_plugin(plugin) for plugin in whole["plugins"]]}


def _normal_plugin(plugin: Config) -> Config:
    normalised = dict(plugin)
    if plugin["type"] == "ipvlan":
        normalised = {key: value for key, value in plugin.items() if value != _IPVLAN_DEFAULTS.get(key)}
    ipam = plugin.get("ipam")
    if isinstance(ipam, dict) and ipam.get("type") == WHEREABOUTS:
        normalised["ipam"] = _normal_ipam(ipam)
    return normalised


def _normal_ipam(ipam: Config) -> Config:
    """Return an ``ipam`` section with its ranges in one list, and without what says nothing."""
    dropped = ("range", "range_start", "range_end", "exclude", "ipRanges")
    normalised = {key: value for key, value in ipam.items() if key not in dropped}
    try:
        normalised["ipRanges"] = [_normal_range(each) for each in ranges_of(ipam)]
    except ValueError:
        return dict(ipam)  # Whereabouts refuses it, so it is like no other
    if normalised.get("enable_overlapping_ranges") is True:
        del normalised["enable_overlapping_ranges"]
    if isinstance(normalised.get("routes"), list):
        normalised["routes"] = sorted(normalised["routes"], key=canonical)
    return {key: value for key, value in normalised.items() if value not in (None, "", [], {})}


def _normal_range(each: AddressRange) -> Config:
    return {
        "range": str(each.network),
        "range_start": str(each.first),
        "range_end": str(each.last),
        "exclude": sorted({str(network) for network in each.exclude}),
    }


def _unique(pairs: list[tuple[str, Any]]) -> Config:
    found: Config = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'config has duplicate key "{key}"')
        found[key] = value
    return found


def _no_number(text: str) -> None:
    """Refuse NaN and Infinity, which Python takes for JSON and Go does not."""
    raise ValueError(f"config is not a JSON object: {text} is no number")


def _number(number: str) -> float | int:
    """Return 1500.0 as 1500."""
    value = float(number)
    return int(value) if value.is_integer() else value
