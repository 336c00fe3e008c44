# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs the containers: a DaemonSet on every node, a Deployment beside it, and a DaemonSet that removes all."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..names import CONFIG_KEY, CONFIG_MAP, LABEL, POOL_LABEL, SCHEDULE, SCHEDULE_KEY
from . import containers
from .multusconf import CONF_DIR

Object = dict[str, Any]

KUBECONFIG_VOLUME = "kubelet-credentials"
VOLUMES = frozenset((KUBECONFIG_VOLUME, "cni", "cnibin", "multus-cfg", "cron-schedule"))
PRIORITY_CLASS = "system-node-critical"

SETTLE = 5  # seconds in which the container runtime notices that a configuration is gone


@dataclass(frozen=True)
class Placement:
    """Where pods run, and what they are to the scheduler."""

    tolerations: tuple[Mapping[str, Any], ...]
    priority_class: str
    node_selector: Mapping[str, str] = field(default_factory=dict)
    node_pools: tuple[str, ...] = ()  # of GKE; empty: all
    image_pull_secrets: tuple[str, ...] = ()


def volumes(kubeconfig: str, cni_bin_dir: str, conf_file: str) -> list[Object]:
    """Return what the containers see of the node, and Multus's configuration."""
    return [
        # Mounted nowhere: the pod does not start on a node that lacks the file which Multus needs.
        {"name": KUBECONFIG_VOLUME, "hostPath": {"path": kubeconfig, "type": "File"}},
        _folder("cni", CONF_DIR),
        _folder("cnibin", cni_bin_dir),
        {"name": "multus-cfg", "configMap": {"name": CONFIG_MAP, "items": [{"key": CONFIG_KEY, "path": conf_file}]}},
    ]


def schedule_volume() -> Object:
    """Return the schedule as upstream's programs look for it; one that changes is noticed by them."""
    return {
        "name": "cron-schedule",
        "configMap": {"name": SCHEDULE, "items": [{"key": SCHEDULE_KEY, "path": "config"}]},
    }


def daemonset(
    name: str,
    namespace: str,
    *,
    pod: Object,
    placement: Placement,
    max_unavailable: int | str,
) -> Object:
    """Return a DaemonSet.

    :param pod: containers, init containers, volumes and service account of its pods.
    """
    labels = {LABEL: name}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _placed(pod, placement)},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max_unavailable}},
        },
    }


def deployment(name: str, namespace: str, *, pod: Object, placement: Placement) -> Object:
    """Return a Deployment of one pod; at no time are there two of them, because they are in each other's way."""
    labels = {LABEL: name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _placed(pod, placement)},
        },
    }


def gc_name(name: str) -> str:
    """Return the name of an installation's Deployment."""
    return f"{name}-gc"


def cleanup_name(name: str) -> str:
    """Return the name of the DaemonSet that removes an installation from the nodes."""
    return f"{name}-cleanup"


def cleanup(
    name: str,
    namespace: str,
    *,
    image: str,
    pull_secrets: Iterable[str],
    bin_dir: str,
    programs: Iterable[str],
    conf_file: str,
) -> Object:
    """Return the DaemonSet that removes from every node what was installed there.

    The configuration goes first: the node then uses its own again, and starts pods while the rest is removed. It needs
    no network of pods itself. Nodes that never had Multus lose nothing.

    :param programs: the CNI plugins that were installed.
    :param image: one with a shell that the nodes have, which is Whereabouts's.
    """
    conf, binaries = f"/host{CONF_DIR}", "/host/opt/cni/bin"
    ours = [f"{binaries}/{program}" for program in programs]
    kept = [f"{conf}/{folder}" for folder in ("multus.d", "whereabouts.d")]
    steps = (
        f"rm -f {shlex.quote(f'{conf}/{conf_file}')}",
        f"sleep {SETTLE}",
        f"rm -rf {' '.join(kept)}",
        f"rm -f {' '.join(ours)}",
    )
    remove = {
        "name": containers.CLEANUP,
        "image": image,
        "command": ["/bin/sh"],
        "args": ["-ec", "\n".join(steps)],
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": "cni", "mountPath": conf}, {"name": "cnibin", "mountPath": binaries}],
    }
    pod = {
        "automountServiceAccountToken": False,
        "containers": [containers.idle(image)],
        "initContainers": [remove],
        "terminationGracePeriodSeconds": 1,
        "volumes": [_folder("cni", CONF_DIR), _folder("cnibin", bin_dir)],
    }
    placement = Placement(
        tolerations=({"operator": "Exists"},),
        priority_class=PRIORITY_CLASS,
        node_selector={"kubernetes.io/os": "linux"},
        image_pull_secrets=tuple(pull_secrets),
    )
    return daemonset(cleanup_name(name), namespace, pod=pod, placement=placement, max_unavailable="100%")


def _placed(pod: Object, placement: Placement) -> Object:
    """Return the specification of a pod that needs no network of pods, at its place."""
    placed: Object = {
        "priorityClassName": placement.priority_class,
        "hostNetwork": True,
        "tolerations": [dict(toleration) for toleration in placement.tolerations],
        **pod,
    }
    if placement.node_selector:
        placed["nodeSelector"] = dict(placement.node_selector)
    if placement.node_pools:
        placed["affinity"] = in_pools(placement.node_pools)
    if placement.image_pull_secrets:
        placed["imagePullSecrets"] = [{"name": secret} for secret in placement.image_pull_secrets]
    return {key: value for key, value in placed.items() if value != ""}


def in_pools(names: Iterable[str]) -> Object:
    """Return the affinity to nodes of any of several pools; a selector could name one only."""
    expression = {"key": POOL_LABEL, "operator": "In", "values": list(names)}
    terms = [{"matchExpressions": [expression]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def pools_of(pod: Object) -> list[str]:
    """Return the pools that a pod's affinity names, as :func:`in_pools` writes it; empty if it is another one."""
    place: Any = pod.get("affinity") or {}
    for key in ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        place = place.get(key) or {}
    for term in place.get("nodeSelectorTerms") or ():
        for expression in term.get("matchExpressions") or ():
            if expression.get("key") == POOL_LABEL and expression.get("operator") == "In":
                return list(expression.get("values") or ())
    return []


def _folder(name: str, path: str) -> Object:
    return {"name": name, "hostPath": {"path": path, "type": "DirectoryOrCreate"}}
