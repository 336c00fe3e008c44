# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts as the guide installs them: ten documents out of a few options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import crds, daemonset, multusconf, rbac
from .multusconf import MultusConfig

Object = dict[str, Any]

MULTUS_IMAGE = (
    "gcr.io/gke-release/multus-cni:v4.2.1-gke.6@sha256:25b48b8dbbf6c78a10452836f52dee456514783565b70633a168a39e6d322310"
)
WHEREABOUTS_IMAGE = (
    "gcr.io/gke-release/whereabouts:v0.7.0-gke.3"
    "@sha256:2bb8450a99d86c73b262f5ccd8c433d3e3abf17d36ee5c3bf1056a1fe479e8c2"
)
CNI_BIN_DIR = "/home/kubernetes/bin"  # /opt/cni/bin is read-only on Container-Optimized OS

_SMALL = {"cpu": "100m", "memory": "50Mi"}
_COPY = {"cpu": "10m", "memory": "100Mi"}
RESOURCES: Mapping[str, Object] = {
    name: {"requests": amount, "limits": amount}
    for name, amount in (
        (daemonset.GC, _SMALL),
        (daemonset.INSTALL_CONFIG, _SMALL),
        (daemonset.INSTALL_WHEREABOUTS, _SMALL),
        (daemonset.INSTALL_MULTUS, _COPY),
    )
}


@dataclass(frozen=True)
class Installation:
    """What is to be installed; the defaults are the guide's."""

    multus_image: str = MULTUS_IMAGE
    whereabouts_image: str = WHEREABOUTS_IMAGE
    config: MultusConfig = field(default_factory=MultusConfig)
    conf_file: str = multusconf.CONF_FILE
    cni_bin_dir: str = CNI_BIN_DIR
    gc_cron: str = "* * * * *"
    gc_log_level: str = "debug"
    resources: Mapping[str, Object] = field(default_factory=dict)  # by container; RESOURCES for the others
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ({"operator": "Exists"},)
    max_unavailable: int | str = 2

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is allowed, and perhaps not meant."""
        if self.config.allows(pod_namespace="", attachment_namespace="default"):
            return ()
        return ('config.global_namespaces: global_namespaces replaces the default list; add "default"',)

    def adopting(self, documents: list[Object]) -> Installation:
        """Return the installation together with what stands in a cluster and no option speaks of.

        An object that is written takes these along: what others added is not lost by the way.

        :param documents: the live objects of the installation, as far as there are any.
        """
        live_config = _config_text(_of_kind(documents, "ConfigMap"))
        selector = _pod_spec(_of_kind(documents, "DaemonSet")).get("nodeSelector", {})
        return replace(
            self,
            config=replace(self.config, others=multusconf.unspoken(live_config, self.config)),
            node_selector={**selector, **self.node_selector},
        )


def manifest(wanted: Installation) -> list[Object]:
    """Return the documents, in the guide's order."""
    return [
        crds.ip_pool(),
        crds.reservation(),
        _config_map(wanted),
        crds.network_attachment_definition(),
        rbac.multus_role(),
        rbac.whereabouts_role(),
        rbac.multus_binding(),
        rbac.whereabouts_binding(daemonset.NAMESPACE),
        rbac.service_account(daemonset.NAMESPACE),
        _daemon_set(wanted),
    ]


def described(documents: list[Object]) -> dict[str, Any]:
    """Return what documents, desired or live ones, say in the words of the options.

    What no option can express is not in it; a value that a document lacks is None or missing.
    """
    daemon_set = _of_kind(documents, "DaemonSet")
    pod = _pod_spec(daemon_set)
    containers = {c["name"]: c for c in [*pod.get("containers", ()), *pod.get("initContainers", ())]}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
    items = volumes.get("multus-cfg", {}).get("configMap", {}).get("items") or [{}]
    flags = containers.get(daemonset.GC, {}).get("args", [])
    strategy = daemon_set.get("spec", {}).get("updateStrategy", {})
    return {
        "multus_image": containers.get(daemonset.INSTALL_CONFIG, {}).get("image"),
        "whereabouts_image": containers.get(daemonset.GC, {}).get("image"),
        "config": {
            "conf_file": items[0].get("path"),
            **multusconf.describe(_config_text(_of_kind(documents, "ConfigMap"))),
        },
        "cni_bin_dir": volumes.get("cnibin", {}).get("hostPath", {}).get("path"),
        "gc": {
            "cron": _flag(flags, daemonset.CRON_FLAG),
            "log_level": _flag(flags, daemonset.LOG_LEVEL_FLAG),
        },
        "resources": {name: containers.get(name, {}).get("resources", {}) for name in daemonset.CONTAINERS},
        "node_selector": pod.get("nodeSelector", {}),
        "tolerations": pod.get("tolerations", []),
        "max_unavailable": strategy.get("rollingUpdate", {}).get("maxUnavailable"),
    }


def _config_map(wanted: Installation) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": daemonset.CONFIG_MAP, "namespace": daemonset.NAMESPACE, "labels": daemonset.LABELS},
        "data": {daemonset.CONFIG_KEY: wanted.config.text()},
    }


def _daemon_set(wanted: Installation) -> Object:
    return daemonset.daemonset(
        containers=_sized(
            wanted, daemonset.control_loop(wanted.whereabouts_image, wanted.gc_cron, wanted.gc_log_level)
        ),
        # The guide's order: the configuration comes before the binaries that it names.
        init_containers=_sized(
            wanted,
            daemonset.install_config(wanted.multus_image, wanted.config, wanted.conf_file),
            daemonset.install_whereabouts(wanted.whereabouts_image),
            daemonset.install_multus(wanted.multus_image),
        ),
        volumes=daemonset.volumes(wanted.config.kubeconfig, wanted.cni_bin_dir, wanted.conf_file),
        tolerations=wanted.tolerations,
        node_selector=wanted.node_selector,
        max_unavailable=wanted.max_unavailable,
    )


def _sized(wanted: Installation, *containers: Object) -> list[Object]:
    """Return containers with their resources."""
    sizes = {**RESOURCES, **wanted.resources}
    return [{**container, "resources": sizes[container["name"]]} for container in containers]


def _of_kind(documents: list[Object], kind: str) -> Object:
    return next((document for document in documents if document["kind"] == kind), {})


def _pod_spec(daemon_set: Object) -> Object:
    spec: Object = daemon_set.get("spec", {}).get("template", {}).get("spec", {})
    return spec


def _config_text(config_map: Object) -> str:
    return str(config_map.get("data", {}).get(daemonset.CONFIG_KEY, ""))


def _flag(args: list[str], flag: str) -> str | None:
    return next((arg.removeprefix(flag) for arg in args if arg.startswith(flag)), None)
