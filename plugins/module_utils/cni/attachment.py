# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A NetworkAttachmentDefinition as it should be: from the options to the CNI configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Problems
from . import netconf
from .annotations import NETWORKS, is_interface_name
from .ipam import ranges_of
from .ipam_rules import check_ipam
from .netconf import WHEREABOUTS, Config
from .ranges import IPNetwork, parse_address
from .texts import LONGEST_LABEL, is_label, texts

PRIMARY_INTERFACE = "eth0"
DEFAULT_MASTER = "eth1"
DEFAULT_CNI_VERSION = "0.3.1"
MODES = ("l2", "l3", "l3s")  # the first is the default
OTHER_IPAM = ("static", "host-local")  # they keep no pools

# Options of the ipam section, and the keys that they become.
_IPAM = {
    "range": "range",
    "exclude": "exclude",
    "ranges": "ipRanges",
    "gateway": "gateway",
    "routes": "routes",
    "network_name": "network_name",
    "enable_overlapping_ranges": "enable_overlapping_ranges",
}
_OPTION_OF = {key: option for option, key in _IPAM.items()}


@dataclass(frozen=True)
class Attachment:
    """An attachment as it should be; None: not said, so neither compared nor sent."""

    name: str
    namespace: str
    config: Config | None  # None: it should not exist
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    force: bool = False  # delete it although pods use it
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Attachment:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        name = params["name"]
        _check_name(problems, name)
        config: Config | None = None
        warnings: list[str] = []
        if params["state"] != "absent":
            read = _structured if params["config"] is None else _raw
            config, warnings = read(problems, params)
        problems.raise_if_any()
        return cls(
            name=name,
            namespace=params["namespace"],
            config=netconf.named(config, name) if config else None,
            labels=texts(params["labels"]),
            annotations=texts(params["annotations"]),
            force=params["delete_policy"] == "force",
            warnings=tuple(warnings),
        )

    @property
    def annotation(self) -> str:
        """Return how pods name it, "namespace/name"."""
        return f"{self.namespace}/{self.name}"

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """Return the labels and annotations that were given."""
        given = {"labels": self.labels, "annotations": self.annotations}
        return {key: value for key, value in given.items() if value is not None}

    def document(self) -> dict[str, Any]:
        """Return the object to create."""
        return {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": self.name, "namespace": self.namespace, **self.metadata},
            "spec": {"config": netconf.canonical(self.config or {})},
        }

    def state(self) -> dict[str, Any]:
        """Return it in the words of the options, without those that were not given."""
        return {"namespace": self.namespace, "name": self.name, "config": self.config, **self.metadata}


def _check_name(problems: Problems, name: str) -> None:
    if is_label(name):
        return
    if "." in name:
        problems.add("name", name, f'name "{name}" cannot be used in the comma form of {NETWORKS}')
    else:
        problems.add("name", name, f"is no name for an attachment: a-z, 0-9 and -, at most {LONGEST_LABEL} characters")


def _structured(problems: Problems, params: Mapping[str, Any]) -> tuple[Config, list[str]]:
    """Return the configuration that the structured options describe, in the form that the guide gives it."""
    master, mtu = params["master"] or DEFAULT_MASTER, params["mtu"]
    if not is_interface_name(master):
        problems.add("master", master, "is not an interface name: 1 to 15 characters without / and spaces")
    if master == PRIMARY_INTERFACE:
        problems.add("master", master, "is the nodes' primary interface; additional networks begin with eth1")
    if mtu is not None and not 68 <= mtu <= 65535:
        problems.add("mtu", mtu, "must be between 68 and 65535")
    cni_version = params["cni_version"] or DEFAULT_CNI_VERSION
    ipam = _ipam(params)
    if params["exclude_gateway"] is not False:
        ipam = _without_gateway(ipam)
    warnings = check_ipam(problems, lambda key: _OPTION_OF.get(key, key), ipam, cni_version)
    plugin: Config = {"type": "ipvlan", "master": master, "mode": params["mode"] or MODES[0], "ipam": ipam}
    if mtu is not None:
        plugin["mtu"] = mtu
    return {"cniVersion": cni_version, "name": params["name"], "plugins": [plugin]}, warnings


def _ipam(params: Mapping[str, Any]) -> Config:
    given = {key: params[option] for option, key in _IPAM.items() if params[option] is not None}
    for key in ("ipRanges", "routes"):
        if key in given:
            given[key] = [{name: value for name, value in item.items() if value is not None} for item in given[key]]
    return {"type": WHEREABOUTS, **given}


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


def _raw(problems: Problems, params: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """Return a configuration that was given whole, as a dictionary or as JSON."""
    given = params["config"]
    try:
        config = netconf.parse(given if isinstance(given, str) else json.dumps(given))
    except (TypeError, ValueError) as error:
        problems.add("config", given, str(error))
        return None, []
    if "type" in config and "plugins" in config:
        problems.add("config", given, 'config has both "type" and "plugins"')
    if not config.get("type"):
        paths = [f"config.plugins[{index}]" for index in range(len(config["plugins"]))]
    else:
        paths = ["config"]
    version = str(config.get("cniVersion", DEFAULT_CNI_VERSION))
    warnings: list[str] = []
    for path, plugin in zip(paths, netconf.plugins_of(config), strict=True):
        warnings += _check_plugin(problems, path, plugin, version)
    return config, warnings


def _check_plugin(problems: Problems, path: str, plugin: Config, cni_version: str) -> list[str]:
    if plugin["type"] == "ipvlan" and plugin.get("mode", MODES[0]) not in MODES:
        problems.add(f"{path}.mode", plugin["mode"], f"value of mode must be one of: {', '.join(MODES)}")
    if "ipam" not in plugin:
        return []
    ipam = plugin["ipam"]
    kind = ipam.get("type", "") if isinstance(ipam, dict) else ""
    if kind == WHEREABOUTS:
        return check_ipam(problems, lambda key: f"{path}.ipam.{key}", ipam, cni_version)
    if kind not in OTHER_IPAM:
        problems.add(f"{path}.ipam.type", kind, f'ipam.type must be whereabouts, got "{kind}"')
    return []
