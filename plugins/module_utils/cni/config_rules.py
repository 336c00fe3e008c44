# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused in a whole CNI configuration, whoever wrote it: a user in full, or others in a cluster.

Keys of ipvlan: containernetworking/plugins v1.9.1 plugins/main/ipvlan, and those of every plugin in CNI pkg/types.
"""

from __future__ import annotations

import json
from typing import Any

from . import netconf
from .findings import Findings, Rules
from .ipam_rules import check_ipam
from .netconf import WHEREABOUTS, Config

PRIMARY_INTERFACE = "eth0"
DEFAULT_CNI_VERSION = "0.3.1"  # of the guide
IPVLAN, MACVLAN = "ipvlan", "macvlan"
MODES = ("l2", "l3", "l3s")  # of ipvlan; the first is the default
STATIC = "static"
OTHER_IPAM = (STATIC, "host-local")  # they keep no pools

_PLUGIN_KEYS = (
    *("type", "name", "cniVersion", "capabilities", "ipam", "dns", "args", "runtimeConfig", "prevResult"),
    *("master", "mode", "mtu", "linkInContainer"),
)


def read_config(findings: Findings, path: str, given: str | Config, rules: Rules) -> Config | None:
    """Return a configuration that was written whole; note what is wrong with it, None if it cannot be read.

    :param path: of the option that holds it.
    :param given: JSON, or what it stands for.
    """
    try:
        config = netconf.parse(given if isinstance(given, str) else json.dumps(given))
    except (TypeError, ValueError) as error:
        findings.add(path, given, str(error))
        return None
    if "type" in config and "plugins" in config:
        findings.add(path, given, 'config has both "type" and "plugins"')
    version = str(config.get("cniVersion", DEFAULT_CNI_VERSION))
    places = [path] if config.get("type") else [f"{path}.plugins[{index}]" for index in range(len(config["plugins"]))]
    for index, (place, plugin) in enumerate(zip(places, netconf.plugins_of(config), strict=True)):
        if plugin["type"] == IPVLAN:
            _check_ipvlan(findings, place, plugin, rules, first=index == 0)
        elif plugin["type"] == MACVLAN:
            findings.warn(f"{place}.type: macvlan does not work on GKE: Google delivers to its own MAC addresses only")
        _check_ipam_section(findings, place, plugin, version, rules)
    _warn_of_second_ipam(findings, path, config)
    return config


def _check_ipvlan(findings: Findings, place: str, plugin: Config, rules: Rules, *, first: bool) -> None:
    if plugin.get("mode") and plugin["mode"] not in MODES:
        findings.add(f"{place}.mode", plugin["mode"], f"value of mode must be one of: {', '.join(MODES)}")
    for key, value in plugin.items():
        if key not in (*_PLUGIN_KEYS, "plugins"):  # plugins beside a type are noted already
            findings.check_key((place + ".{}").format, key, value, kind=IPVLAN, known=_PLUGIN_KEYS, rules=rules)
    if first and not plugin.get("master"):
        findings.warn(f"{place}: has no master, so ipvlan takes the interface of the default route: on GKE, eth0")
    elif plugin.get("master") == PRIMARY_INTERFACE:
        findings.warn(f"{place}.master: {PRIMARY_INTERFACE} is the nodes' primary interface")
    if first and not (plugin.get("ipam") or {}).get("type"):
        findings.warn(f"{place}: has no ipam.type, and ipvlan does not start without addresses")


def _check_ipam_section(findings: Findings, place: str, plugin: Config, cni_version: str, rules: Rules) -> None:
    if "ipam" not in plugin:
        return
    ipam: dict[str, Any] = plugin["ipam"] or {}
    kind = ipam.get("type", "")
    if kind == WHEREABOUTS:
        check_ipam(findings, lambda key: f"{place}.ipam.{key}", ipam, cni_version, rules)
    elif kind not in OTHER_IPAM:
        findings.add(f"{place}.ipam.type", kind, f'ipam.type must be whereabouts, got "{kind}"')


def _warn_of_second_ipam(findings: Findings, path: str, config: Config) -> None:
    holders = [index for index, plugin in enumerate(netconf.plugins_of(config)) if plugin.get("ipam")]
    for index in holders[1:]:
        findings.warn(f"{path}.plugins[{index}].ipam: Whereabouts reads that of plugins[{holders[0]}] only")
