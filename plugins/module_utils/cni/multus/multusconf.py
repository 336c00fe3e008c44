# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of Multus itself: the file that the container runtime finds first and so makes Multus the CNI.

Keys and defaults: Multus v4.2.1 pkg/types/conf.go LoadNetConf.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

CONF_DIR = "/etc/cni/net.d"  # of the container runtime
CONF_FILE = "00-multus.conf"
DEFAULT_GLOBAL_NAMESPACES = ("default",)  # what Multus takes if the configuration names none

# Key of the file by option, in the guide's order; what the guide does not say comes last.
_KEYS = {
    "network_name": "name",
    "conf_dir": "confDir",
    "namespace_isolation": "namespaceIsolation",
    "log_level": "logLevel",
    "log_file": "logFile",
    "kubeconfig": "kubeconfig",
    "cluster_network": "clusterNetwork",
    "global_namespaces": "globalNamespaces",
    "capabilities": "capabilities",
    "default_networks": "defaultNetworks",
    "system_namespaces": "systemNamespaces",
    "log_options": "logOptions",
    "readiness_indicator_file": "readinessindicatorfile",
    "bin_dir": "binDir",
}
_LOG_OPTIONS = {"max_age": "maxAge", "max_size": "maxSize", "max_backups": "maxBackups", "compress": "compress"}
OPTIONS = tuple(_KEYS)


def allows(
    pod_namespace: str, attachment_namespace: str, global_namespaces: Collection[str] = DEFAULT_GLOBAL_NAMESPACES
) -> bool:
    """Tell whether Multus lets a pod use an attachment under namespaceIsolation, which the guide sets.

    Otherwise the pod never starts. Rule: pkg/k8sclient isValidNamespaceReference.

    :param global_namespaces: whose attachments pods of any namespace may use.
    """
    return attachment_namespace == pod_namespace or attachment_namespace in global_namespaces


@dataclass(frozen=True)
class MultusConfig:
    """What the file says, in the words of the options; None: the file does not say it."""

    network_name: str | None = None
    conf_dir: str | None = None  # where Multus looks for the networks that it is told the names of
    cluster_network: str | None = None
    namespace_isolation: bool | None = None
    global_namespaces: tuple[str, ...] | None = None
    log_level: str | None = None
    log_file: str | None = None
    kubeconfig: str | None = None
    capabilities: Mapping[str, bool] | None = None
    default_networks: tuple[str, ...] | None = None
    system_namespaces: tuple[str, ...] | None = None
    log_options: Mapping[str, Any] | None = None
    readiness_indicator_file: str | None = None
    bin_dir: str | None = None
    others: Mapping[str, Any] = field(default_factory=dict)  # keys that no option speaks of

    @classmethod
    def of(cls, said: Mapping[str, Any], others: Mapping[str, Any]) -> MultusConfig:
        """Return a configuration from options; lists may be lists."""
        values: dict[str, Any] = {
            option: tuple(value) if isinstance(value, list) else value
            for option, value in said.items()
            if option in OPTIONS
        }
        return cls(**values, others=others)

    @property
    def visible_everywhere(self) -> tuple[str, ...]:
        """Return the namespaces whose attachments any pod may use; naming some replaces Multus's default."""
        return self.global_namespaces or DEFAULT_GLOBAL_NAMESPACES

    def allows(self, pod_namespace: str, attachment_namespace: str) -> bool:
        """Tell whether a pod may use an attachment."""
        return not self.namespace_isolation or allows(pod_namespace, attachment_namespace, self.visible_everywhere)

    def value(self) -> dict[str, Any]:
        """Return the file's contents as a JSON value."""
        said = {key: _written(option, getattr(self, option)) for option, key in _KEYS.items()}
        given = {key: value for key, value in said.items() if value is not None}
        return {"name": given.pop("name", None), "type": "multus", **given, **self.others}

    def text(self) -> str:
        """Return the file."""
        return json.dumps(self.value(), indent=2) + "\n"


def _written(option: str, value: Any) -> Any:
    """Return the value of an option as the file has it."""
    if value is None:
        return None
    if option == "global_namespaces":
        return ",".join(value)
    if option == "log_options":
        return {_LOG_OPTIONS[name]: each for name, each in value.items() if each is not None}
    return list(value) if isinstance(value, tuple) else value


def describe(text: str) -> dict[str, Any]:
    """Return what a file says in the words of the options; nothing of what it does not say, or if it is no JSON."""
    value = read(text)
    described = {option: value[key] for option, key in _KEYS.items() if key in value}
    if isinstance(described.get("global_namespaces"), str):
        described["global_namespaces"] = split_namespaces(described["global_namespaces"])
    if isinstance(described.get("log_options"), dict):
        words = {key: name for name, key in _LOG_OPTIONS.items()}
        described["log_options"] = {words.get(key, key): each for key, each in described["log_options"].items()}
    return described


def split_namespaces(text: str) -> list[str]:
    """Return the names in a list like "default, netops"."""
    return [name.strip() for name in text.split(",") if name.strip()]


def unspoken(text: str) -> dict[str, Any]:
    """Return the keys of a file that no option speaks of: others have added them."""
    return {key: value for key, value in read(text).items() if key != "type" and key not in _KEYS.values()}


def read(text: str) -> dict[str, Any]:
    """Return a file's contents, empty if it is not a JSON object (Multus would not start with it either)."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
