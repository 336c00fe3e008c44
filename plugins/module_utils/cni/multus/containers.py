# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The containers that put Multus and Whereabouts on a node, and those that free addresses of pods that are gone.

Programs and flags are those of the images of each layout: GKE's (of its guide's manifest) and upstream's thin ones
(Multus v4.2.2 cmd/thin_entrypoint and cmd/install_multus; Whereabouts v0.9.4 doc/crds and script). Neither image has
the other's programs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .images import HAS_A_RECONCILER, UPSTREAM_THIN, WATCHES_ITS_TOKEN, Version
from .multusconf import CONF_DIR

Object = dict[str, Any]

# GKE's layout: init containers copy configuration and binaries, and the control loop stays.
GC = "whereabouts-gc"
INSTALL_CONFIG = "install-multus-config"
INSTALL_WHEREABOUTS = "install-whereabouts"
INSTALL_MULTUS = "install-binary"
IDLE = "installed"  # stays in place of the control loop, as a pod needs a container
# Upstream's thin layout: the configuration is written by a container that stays.
INSTALL_UPSTREAM_MULTUS = "install-multus-binary"
MULTUS = "kube-multus"
WHEREABOUTS = "whereabouts"  # keeps Whereabouts's token fresh, and runs the control loop
CLEANUP = "remove-multus"

IN_GKE = (GC, INSTALL_CONFIG, INSTALL_WHEREABOUTS, INSTALL_MULTUS, IDLE)
IN_UPSTREAM_THIN = (MULTUS, WHEREABOUTS, INSTALL_UPSTREAM_MULTUS, INSTALL_WHEREABOUTS, GC)
ALL = frozenset((*IN_GKE, *IN_UPSTREAM_THIN))

CRON_FLAG = "--cron-schedule="
POD_WATCH_FLAG = "--enable-pod-watch="
LOG_LEVEL_FLAG = "--log-level="
REFRESHER = "/token-watcher.sh"
UPSTREAM_LOG_LEVEL_FLAG = "-log-level"  # the level is the next word
# They do nothing where the configuration is given as a file; the guide passes them all the same.
IDLE_FLAGS = ("--multus-log-level=", "--multus-kubeconfig-file-host=")

SLEEP = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait; done"
_CONF_MOUNT = {"name": "cni", "mountPath": f"/host{CONF_DIR}"}
_BIN_MOUNT = {"name": "cnibin", "mountPath": "/host/opt/cni/bin"}
_CONFIG_MOUNT = {"name": "multus-cfg", "mountPath": "/tmp/multus-conf"}
_SCHEDULE_MOUNT = {"name": "cron-schedule", "mountPath": "/cron-schedule"}


def gke_control_loop(image: str, cron: str, log_level: str, *, pod_watch: bool) -> Object:
    """Return GKE's control loop: it frees the addresses of pods that are gone."""
    return {
        "name": GC,
        "image": image,
        "command": ["/ip-control-loop"],
        "args": [
            f"{LOG_LEVEL_FLAG}{log_level}",
            f"{POD_WATCH_FLAG}{str(pod_watch).lower()}",
            f"{CRON_FLAG}{cron}",
        ],
        "env": _node_and_namespace(),
    }


def idle(image: str) -> Object:
    """Return a container that does nothing; the image is there already."""
    return {"name": IDLE, "image": image, "command": ["/bin/sh"], "args": ["-c", SLEEP]}


def install_config(image: str, conf_file: str, log_level: str, kubeconfig: str) -> Object:
    """Return the container that writes Multus's configuration to the node."""
    level, host = IDLE_FLAGS
    return _installer(
        INSTALL_CONFIG,
        image,
        mounts=(_CONF_MOUNT, _CONFIG_MOUNT),
        args=[
            f"--cni-conf-dir={_CONF_MOUNT['mountPath']}",
            f"--multus-conf-file={_CONFIG_MOUNT['mountPath']}/{conf_file}",
            f"{level}{log_level}",
            f"{host}{kubeconfig}",
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
    """Return the container that copies GKE's Multus to the node."""
    return _installer(
        INSTALL_MULTUS,
        image,
        mounts=(_BIN_MOUNT,),
        command=["/gkecmd"],
        args=["-operation=copy", f"-cni-bin-dir={_BIN_MOUNT['mountPath']}"],
    )


def install_upstream_multus(image: str) -> Object:
    """Return the container that copies upstream's Multus to the node; the copy takes its place at once."""
    return _installer(
        INSTALL_UPSTREAM_MULTUS,
        image,
        mounts=(_BIN_MOUNT,),
        command=["/install_multus"],
        args=["--type=thin", f"--dest-dir={_BIN_MOUNT['mountPath']}"],
    )


def upstream_multus(image: str, conf_file: str) -> Object:
    """Return the container that writes Multus's configuration to the node, and then waits to be ended."""
    return _installer(
        MULTUS,
        image,
        mounts=(_CONF_MOUNT, _BIN_MOUNT, _CONFIG_MOUNT),
        command=["/thin_entrypoint"],
        args=[
            f"--cni-conf-dir={_CONF_MOUNT['mountPath']}",
            f"--cni-bin-dir={_BIN_MOUNT['mountPath']}",
            f"--multus-conf-file={_CONFIG_MOUNT['mountPath']}/{conf_file}",
            "--skip-multus-binary-copy=true",
        ],
    )


def upstream_whereabouts(image: str, version: Version, log_level: str, *, gc: bool, scheduled: bool) -> Object:
    """Return the container of every node that keeps Whereabouts's token fresh and runs its control loop.

    The binary was installed before; what the script copies here goes nowhere, because a plugin that is being
    overwritten cannot be run.

    :param gc: run the control loop. Until v0.9.3 it frees addresses on a schedule, from then on only when pods go.
    :param scheduled: the schedule is mounted.
    """
    loop = f"exec /ip-control-loop {UPSTREAM_LOG_LEVEL_FLAG} {log_level}"
    if version >= WATCHES_ITS_TOKEN:
        steps = [
            "SLEEP=false . /install-cni.sh",
            *([f"{REFRESHER} &", loop] if gc else [f"exec {REFRESHER}"]),
        ]
    else:
        steps = [loop if gc else SLEEP]
    return _installer(
        WHEREABOUTS,
        image,
        mounts=(_CONF_MOUNT, *((_SCHEDULE_MOUNT,) if scheduled else ())),
        command=["/bin/sh"],
        args=["-c", "\n".join([*steps, ""])],
        env=[*_node_and_namespace(), {"name": "CNI_BIN_DIR", "value": "/tmp"}],
    )


def upstream_reconciler(image: str, version: Version, log_level: str) -> Object:
    """Return the only container of its kind in the cluster that frees addresses on a schedule."""
    program = "/ip-reconciler" if version >= HAS_A_RECONCILER else "/ip-control-loop"
    return {
        "name": GC,
        "image": image,
        "command": [program],
        "args": [UPSTREAM_LOG_LEVEL_FLAG, log_level],
        "env": _node_and_namespace(),
        "volumeMounts": [_SCHEDULE_MOUNT],
    }


def is_upstream(names: Iterable[str]) -> bool:
    """Tell from the names of its containers whether a DaemonSet is of upstream's layout."""
    return MULTUS in names


def layout_containers(layout: str) -> tuple[str, ...]:
    """Return the names that containers of a layout have, in the DaemonSet or beside it."""
    return IN_UPSTREAM_THIN if layout == UPSTREAM_THIN else IN_GKE


def _installer(name: str, image: str, *, mounts: Iterable[Object], **more: Any) -> Object:
    """Return a container that may write to the node."""
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
