# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options that describe an attachment in parts to its CNI configuration, in the form of the guide's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .annotations import is_interface_name
from .config_rules import DEFAULT_CNI_VERSION, IPVLAN, MACVLAN, MODES, PRIMARY_INTERFACE, STATIC
from .findings import Findings, Path, Rules
from .ipam import ranges_of
from .ipam_rules import check_addresses, check_ipam, check_routes
from .netconf import WHEREABOUTS, Config
from .ranges import IPNetwork, parse_address

DEFAULT_MASTER = "eth1"
MTU = range(68, 65536)
NO_IPAM = "none"

Params = Mapping[str, Any]

# Options, and the keys of an ipam section that they become, where these are others.
_KEY_OF = {"ranges": "ipRanges"}
_OPTION_OF = {key: option for option, key in _KEY_OF.items()}
# Parts of the option ipam that stand beside range, too.
_SHORT = ("range", "exclude", "ranges", "gateway", "routes", "network_name", "enable_overlapping_ranges")
_STATIC = ("type", "addresses", "routes", "dns")
_CNI_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")  # CNI pkg/utils ValidateNetworkName


def describe_config(findings: Findings, params: Params, rules: Rules, secondary_cidr: str | None) -> Config:
    """Return the configuration that the options describe; note what is wrong with it.

    :param secondary_cidr: of the range that secondary_range names, None if it is not known yet.
    """
    if secondary_cidr is not None:
        params = {**params, "range": secondary_cidr}
    kind = params["type"] or IPVLAN
    plugin: Config = {"type": kind, "master": params["master"] or DEFAULT_MASTER}
    if kind == IPVLAN:
        plugin["mode"] = params["mode"] or MODES[0]
    given = {
        "mtu": params["mtu"],
        "linkInContainer": params["link_in_container"],
        "capabilities": params["capabilities"],
    }
    plugin |= {key: value for key, value in given.items() if value is not None}
    _check_plugin(findings, params, plugin)
    cni_version = params["cni_version"] or DEFAULT_CNI_VERSION
    ipam = _ipam(findings, params, plugin, cni_version, rules)
    if ipam:
        plugin["ipam"] = ipam
    name = params["cni_name"] or params["name"]
    if not _CNI_NAME.fullmatch(name) and params["cni_name"]:
        findings.add("cni_name", name, "is no name of a CNI configuration: letters, digits, _, . and -")
    return {"cniVersion": cni_version, "name": name, "plugins": [plugin, *_chain(findings, params)]}


def _check_plugin(findings: Findings, params: Params, plugin: Config) -> None:
    master = plugin["master"]
    if plugin["type"] == MACVLAN:
        if not params["allow_macvlan"]:
            text = "macvlan does not work on GKE: Google delivers to its own MAC addresses only; use ipvlan, or set "
            findings.add("type", MACVLAN, f"{text}allow_macvlan")
        if params["mode"]:
            findings.add("mode", params["mode"], "is a mode of ipvlan; macvlan has others, write them with config")
    if not is_interface_name(master):
        findings.add("master", master, "is not an interface name: 1 to 15 characters without / and spaces")
    if master == PRIMARY_INTERFACE and not params["allow_primary_master"]:
        text = (
            "is the nodes' primary interface; additional networks begin with eth1 (allow_primary_master lets it pass)"
        )
        findings.add("master", master, text)
    if params["mtu"] is not None and params["mtu"] not in MTU:
        findings.add("mtu", params["mtu"], f"must be between {MTU[0]} and {MTU[-1]}")
    for capability, value in (params["capabilities"] or {}).items():
        findings.check_type(f"capabilities.{capability}", value, bool)


def _chain(findings: Findings, params: Params) -> list[Config]:
    plugins = params["chain"] or []
    for index, plugin in enumerate(plugins):
        if not isinstance(plugin.get("type"), str) or not plugin["type"]:
            findings.add(f"chain[{index}]", plugin, f'chain[{index}] has no "type"')
        if "ipam" in plugin:
            findings.add(f"chain[{index}].ipam", plugin["ipam"], "Whereabouts reads the ipam of the first plugin only")
    return list(plugins)


def _ipam(findings: Findings, params: Params, plugin: Config, cni_version: str, rules: Rules) -> Config:
    """Return the ``ipam`` section, empty for none."""
    whole = _given(params["ipam"] or {})
    kind = whole.pop("type", WHEREABOUTS)
    short = _given({option: params[option] for option in _SHORT})
    if kind != WHEREABOUTS:
        _check_other_ipam(
            findings, kind, whole, [*short, *_given({"secondary_range": params["secondary_range"]})], plugin
        )
        return {} if kind == NO_IPAM else {"type": kind, **whole}
    path, follows = _path(params, whole), bool(params["secondary_range"]) and "range" not in short
    if ("range" in short or follows) and "ranges" in whole:
        findings.add(path("range"), short.get("range"), "stands beside ipam.ranges; write all ranges there")
    section = {"type": WHEREABOUTS, **{_KEY_OF.get(key, key): value for key, value in {**short, **whole}.items()}}
    if params["exclude_gateway"] is not False:
        section = _without_gateway(section)
    check_ipam(findings, path, section, cni_version, replace(rules, range_follows=follows))
    return section


def _path(params: Params, whole: Params) -> Path:
    """Return how a key of the section leads to the option that it was made of."""

    def path(key: str) -> str:
        option = _OPTION_OF.get(key, key)
        if option == "range" and params["secondary_range"]:
            return "secondary_range"
        return f"ipam.{option}" if option in whole else option

    return path


def _check_other_ipam(findings: Findings, kind: str, whole: Params, beside: list[str], plugin: Config) -> None:
    """Note what a section of another type cannot have."""
    needless = [*(option for option in beside), *(f"ipam.{option}" for option in whole if option not in _STATIC)]
    if kind == NO_IPAM:
        needless = [*beside, *(f"ipam.{option}" for option in whole)]
    for option in needless:
        findings.add(option, None, f"says nothing with ipam.type {kind}")
    if kind == NO_IPAM and plugin["type"] == IPVLAN:
        findings.add("ipam.type", kind, "ipvlan does not start without addresses: take whereabouts or static")
    if kind == STATIC:
        if not whole.get("addresses") and not (plugin.get("capabilities") or {}).get("ips"):
            findings.add("ipam.addresses", None, "ipam.type static needs addresses, or the capability ips")
        check_addresses(findings, "ipam.{}".format, whole)
        check_routes(findings, "ipam.{}".format, whole)


def _given(value: Any) -> Any:
    """Return a value of an option without the parts that were not given."""
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _without_gateway(ipam: Config) -> Config:
    """Return a section that excludes its gateway, because Whereabouts would hand it out like any other address."""
    try:
        gateway = parse_address(ipam["gateway"]) if ipam.get("gateway") else None
        usable = [each.usable for each in ranges_of(ipam)]
    except ValueError:
        return ipam  # check_ipam says why
    found = dict(ipam)
    if "ipRanges" in found:
        found["ipRanges"] = [dict(item) for item in found["ipRanges"]]
    entries = [*([found] if found.get("range") else []), *found.get("ipRanges", ())]
    for entry, addresses in zip(entries, usable, strict=True):
        if gateway is not None and gateway in addresses:
            entry["exclude"] = [*entry.get("exclude", ()), str(IPNetwork(gateway))]
    return found
