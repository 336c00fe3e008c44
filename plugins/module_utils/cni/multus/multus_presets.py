# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The presets of an installation, in the words of the options, and how they and what was given lie over each other.

What counts for an option is the first of these that says something: what was given; the preset, if one was given; what
stands in the cluster; the guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import containers, images
from .daemonset import PRIORITY_CLASS
from .images import GKE, UPSTREAM_THIN
from .multusconf import CONF_DIR, CONF_FILE

Settings = dict[str, Any]

GUIDE, HARDENED = "guide", "hardened"
CLUSTER_NETWORK = "gke-pod-network"  # of netd, in 10-gke-ptp.conflist
CNI_BIN_DIR = "/home/kubernetes/bin"  # /opt/cni/bin is read-only on Container-Optimized OS

DEPTH = {"config": 1, "gc": 1, "resources": 1, "node_selector": 1}  # options that are taken apart, key by key


def _size(cpu: str, memory: str) -> Settings:
    amount = {"cpu": cpu, "memory": memory}
    return {"requests": amount, "limits": amount}


_SMALL, _LARGE = _size("100m", "50Mi"), _size("100m", "200Mi")
_RESOURCES: Mapping[str, Settings] = {
    GKE: {
        containers.GC: _SMALL,
        containers.INSTALL_CONFIG: _SMALL,
        containers.INSTALL_WHEREABOUTS: _SMALL,
        containers.INSTALL_MULTUS: _size("10m", "100Mi"),
        containers.IDLE: _size("10m", "50Mi"),
    },
    UPSTREAM_THIN: {
        containers.MULTUS: _SMALL,
        containers.WHEREABOUTS: {
            "requests": {"cpu": "100m", "memory": "100Mi"},
            "limits": {"cpu": "100m", "memory": "200Mi"},
        },
        containers.INSTALL_UPSTREAM_MULTUS: _SMALL,
        containers.INSTALL_WHEREABOUTS: _SMALL,
        containers.GC: _LARGE,
    },
}
# At 50Mi containers were killed; the control loop holds all pods and pools of the cluster in memory.
_HARDENED_RESOURCES: Mapping[str, Settings] = {
    GKE: {
        containers.GC: _LARGE,
        containers.INSTALL_CONFIG: _size("100m", "100Mi"),
        containers.INSTALL_WHEREABOUTS: _size("100m", "100Mi"),
        containers.INSTALL_MULTUS: _size("10m", "100Mi"),
        containers.IDLE: _size("10m", "50Mi"),
    },
    UPSTREAM_THIN: {
        containers.MULTUS: _size("100m", "100Mi"),
        containers.WHEREABOUTS: _LARGE,
        containers.INSTALL_UPSTREAM_MULTUS: _size("100m", "100Mi"),
        containers.INSTALL_WHEREABOUTS: _size("100m", "100Mi"),
        containers.GC: _LARGE,
    },
}


def guide(layout: str, *, has_reconciler: bool) -> Settings:
    """Return all that the guide says, in the words of a layout.

    :param has_reconciler: Whereabouts frees addresses on a schedule in a program of its own, of which there is one.
    """
    return {
        "multus_image": images.MULTUS[layout],
        "whereabouts_image": images.WHEREABOUTS[layout],
        "config": {
            "network_name": "multus-cni-network",
            "conf_dir": CONF_DIR,
            "conf_file": CONF_FILE,
            "cluster_network": CLUSTER_NETWORK,
            "namespace_isolation": True,
            "log_level": "verbose",
            "log_file": "/var/log/multus.log",
            "kubeconfig": "/var/lib/kubelet/kubeconfig",
        },
        "cni_bin_dir": CNI_BIN_DIR,
        "gc": {
            "enabled": True,
            "placement": "deployment" if has_reconciler else "daemonset",
            "cron": "* * * * *",
            "pod_watch": False,
            "log_level": "debug",
        },
        "resources": dict(_RESOURCES[layout]),
        "node_selector": {},
        "node_pools": [],
        "tolerations": [{"operator": "Exists"}],
        "priority_class": PRIORITY_CLASS,
        "max_unavailable": "2",
        "image_pull_secrets": [],
        "init_order": "binaries_first" if layout == UPSTREAM_THIN else "guide",
        "rbac": "guide",
    }


def choices(name: str, layout: str, *, has_reconciler: bool) -> Settings:
    """Return what a preset says where presets differ; of the rest none speaks, and what is there is kept."""
    if name == GUIDE:
        said = guide(layout, has_reconciler=has_reconciler)
        placement = {"placement": said["gc"]["placement"]}
        return {"gc": placement, **{option: said[option] for option in ("resources", "init_order", "rbac")}}
    return {
        "config": {
            # The container runtime passes ports of the host only to a configuration that declares them.
            "capabilities": {"portMappings": True},
            "log_options": {"max_age": 5, "max_size": 100, "max_backups": 5, "compress": True},
        },
        "gc": {"placement": "deployment"},
        "resources": dict(_HARDENED_RESOURCES[layout]),
        "init_order": "binaries_first",
        "rbac": "least",
    }


def overlaid(*layers: Mapping[str, Any]) -> Settings:
    """Return layers over each other, the last on top; None says nothing."""
    result: Settings = {}
    for layer in layers:
        for option, value in layer.items():
            if value is None:
                continue
            if DEPTH.get(option) and isinstance(value, Mapping):
                inner = {key: each for key, each in value.items() if each is not None}
                result[option] = {**result.get(option, {}), **inner}
            else:
                result[option] = value
    return result
