# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DaemonSet that puts Multus and Whereabouts on every node.

Its init containers copy configuration and binaries to the node; what stays is Whereabouts's control loop, which frees
addresses of pods that are gone. Programs and flags are those of GKE's images; upstream's images do not have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .multusconf import CONF_DIR, MultusConfig
from .rbac import SERVICE_ACCOUNT

Object = dict[str, Any]

NAME = "gke-multinet"
NAMESPACE = "kube-system"  # of all that it needs; Whereabouts keeps its pools there, too
LABELS = {"app": NAME}
CONFIG_MAP = "multus-cni-config"
CONFIG_KEY = "cni-conf.json"

GC = "whereabouts-gc"
INSTALL_CONFIG = "install-multus-config"
INSTALL_WHEREABOUTS = "install-whereabouts"
INSTALL_MULTUS = "install-binary"
CONTAINERS = (GC, INSTALL_CONFIG, INSTALL_WHEREABOUTS, INSTALL_MULTUS)

CRON_FLAG = "--cron-schedule="
LOG_LEVEL_FLAG = "--log-level="

_CONF_MOUNT = {"name": "cni", "mountPath": f"/host{CONF_DIR}"}
_BIN_MOUNT = {"name": "cnibin", "mountPath": "/host/opt/cni/bin"}
_CONFIG_MOUNT = {"name": "multus-cfg", "mountPath": "/tmp/multus-conf"}


def control_loop(image: str, cron: str, log_level: str) -> Object:
    """Return the container that frees the addresses of pods that are gone."""
    return {
        "name": GC,
        "image": image,
        "command": ["/ip-control-loop"],
        "args": [f"{LOG_LEVEL_FLAG}{log_level}", "--enable-pod-watch=false", f"{CRON_FLAG}{cron}"],
        "env": _node_and_namespace(),
    }


def install_config(image: str, config: MultusConfig, conf_file: str) -> Object:
    """Return the container that writes Multus's configuration to the node.

    With a configuration file given, the entry point reads neither the log level nor the kubeconfig; the guide passes
    them all the same.
    """
    return _installer(
        INSTALL_CONFIG,
        image,
        mounts=(_CONF_MOUNT, _CONFIG_MOUNT),
        args=[
            f"--cni-conf-dir={_CONF_MOUNT['mountPath']}",
            f"--multus-conf-file={_CONFIG_MOUNT['mountPath']}/{conf_file}",
            f"--multus-log-level={config.log_level}",
            f"--multus-kubeconfig-file-host={config.kubeconfig}",
            "--skip-multus-binary-copy=true",
            "--skip-config-watch=true",
        ],
    )


def install_whereabouts(image: str) -> Object:
    """Return the container that writes Whereabouts's binary, configuration and kubeconfig to the node."""
    return _installer(
        INSTALL_WHEREABOUTS,
        image,
        mounts=(_CONF_MOUNT, _BIN_MOUNT),
        command=["/bin/sh"],
        args=["-c", "SLEEP=false /install-cni.sh\n"],
        env=_node_and_namespace(),
    )


def install_multus(image: str) -> Object:
    """Return the container that copies Multus's binary to the node."""
    return _installer(
        INSTALL_MULTUS,
        image,
        mounts=(_BIN_MOUNT,),
        command=["/gkecmd"],
        args=["-operation=copy", f"-cni-bin-dir={_BIN_MOUNT['mountPath']}"],
    )


def volumes(kubeconfig: str, cni_bin_dir: str, conf_file: str) -> list[Object]:
    """Return what the containers see of the node, and Multus's configuration."""
    return [
        # Mounted nowhere: the pod does not start on a node that lacks the file which Multus needs.
        {"name": "kubelet-credentials", "hostPath": {"path": kubeconfig, "type": "File"}},
        {"name": "cni", "hostPath": {"path": CONF_DIR, "type": "DirectoryOrCreate"}},
        {"name": "cnibin", "hostPath": {"path": cni_bin_dir, "type": "DirectoryOrCreate"}},
        {"name": "multus-cfg", "configMap": {"name": CONFIG_MAP, "items": [{"key": CONFIG_KEY, "path": conf_file}]}},
    ]


def daemonset(
    *,
    containers: list[Object],
    init_containers: list[Object],
    volumes: list[Object],
    tolerations: Iterable[Mapping[str, Any]],
    node_selector: Mapping[str, str],
    max_unavailable: int | str,
) -> Object:
    """Return the DaemonSet around its containers."""
    pod: Object = {
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "tolerations": [dict(toleration) for toleration in tolerations],
        "serviceAccountName": SERVICE_ACCOUNT,
        "containers": containers,
        "initContainers": init_containers,
        "volumes": volumes,
    }
    if node_selector:
        pod["nodeSelector"] = dict(node_selector)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": pod},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max_unavailable}},
        },
    }


def _installer(name: str, image: str, *, mounts: Iterable[Object], **more: Any) -> Object:
    """Return an init container that may write to the node."""
    return {
        "name": name,
        "image": image,
        **more,
        "securityContext": {"privileged": True},
        "volumeMounts": list(mounts),
    }


def _node_and_namespace() -> list[Object]:
    """Return what Whereabouts wants to know: the node's name, and the namespace of pools and leases."""
    return [
        {"name": "NODENAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
        {"name": "WHEREABOUTS_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
