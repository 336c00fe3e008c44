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

CONF_DIR = "/etc/cni/net.d"
CONF_FILE = "00-multus.conf"
DEFAULT_GLOBAL_NAMESPACES = ("default",)  # what Multus takes if the configuration names none

_KEYS = {
    "network_name": "name",
    "namespace_isolation": "namespaceIsolation",
    "log_level": "logLevel",
    "log_file": "logFile",
    "kubeconfig": "kubeconfig",
    "cluster_network": "clusterNetwork",
    "global_namespaces": "globalNamespaces",
    "capabilities": "capabilities",
}


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
    """What the file says, in the words of the options; the defaults are the guide's."""

    network_name: str = "multus-cni-network"
    cluster_network: str = "gke-pod-network"
    namespace_isolation: bool = True
    global_namespaces: tuple[str, ...] | None = None
    log_level: str = "verbose"
    log_file: str = "/var/log/multus.log"
    kubeconfig: str = "/var/lib/kubelet/kubeconfig"
    capabilities: Mapping[str, bool] | None = None
    others: Mapping[str, Any] = field(default_factory=dict)  # keys that no option speaks of

    @property
    def visible_everywhere(self) -> tuple[str, ...]:
        """Return the namespaces whose attachments any pod may use; naming some replaces Multus's default."""
        return self.global_namespaces or DEFAULT_GLOBAL_NAMESPACES

    def allows(self, pod_namespace: str, attachment_namespace: str) -> bool:
        """Tell whether a pod may use an attachment."""
        return not self.namespace_isolation or allows(pod_namespace, attachment_namespace, self.visible_everywhere)

    def value(self) -> dict[str, Any]:
        """Return the file's contents as a JSON value, in the guide's order."""
        value: dict[str, Any] = {
            "name": self.network_name,
            "type": "multus",
            "confDir": CONF_DIR,
            "namespaceIsolation": self.namespace_isolation,
            "logLevel": self.log_level,
            "logFile": self.log_file,
            "kubeconfig": self.kubeconfig,
            "clusterNetwork": self.cluster_network,
        }
        if self.global_namespaces is not None:
            value["globalNamespaces"] = ",".join(self.global_namespaces)
        if self.capabilities is not None:
            value["capabilities"] = dict(self.capabilities)
        return {**value, **self.others}

    def text(self) -> str:
        """Return the file."""
        return json.dumps(self.value(), indent=2) + "\n"


def describe(text: str) -> dict[str, Any]:
    """Return what a file says in the words of the options; nothing of what it does not say, or if it is no JSON."""
    value = read(text)
    described = {option: value[key] for option, key in _KEYS.items() if key in value}
    if isinstance(described.get("global_namespaces"), str):
        described["global_namespaces"] = split_namespaces(described["global_namespaces"])
    return described


def split_namespaces(text: str) -> list[str]:
    """Return the names in a list like "default, netops"."""
    return [name.strip() for name in text.split(",") if name.strip()]


def unspoken(text: str, config: MultusConfig) -> dict[str, Any]:
    """Return what a file says beyond a configuration: keys that were added by others, or by an option left out now."""
    said = config.value()
    return {key: value for key, value in read(text).items() if key not in said}


def read(text: str) -> dict[str, Any]:
    """Return a file's contents, empty if it is not a JSON object (Multus would not start with it either)."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
