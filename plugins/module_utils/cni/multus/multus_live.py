# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents of an installation, desired or live ones, say in the words of the options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import names
from . import containers, daemonset, multusconf, rbac
from .images import GKE, UPSTREAM_THIN

Object = dict[str, Any]


def described(documents: Iterable[Object]) -> dict[str, Any]:
    """Return what documents say in the words of the options.

    What no option can express is not in it. Options of a document that is not there are not in it either, so that what
    a cluster says can be laid over a preset; an option that a document could say and does not is empty.
    """
    by_place = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    config_map = by_place.get(("ConfigMap", names.CONFIG_MAP))
    schedule = by_place.get(("ConfigMap", names.SCHEDULE))
    daemon_set = next((each for (kind, _name), each in by_place.items() if kind == "DaemonSet"), None)
    deployment = next((each for (kind, _name), each in by_place.items() if kind == "Deployment"), None)
    said: dict[str, Any] = {}
    if config_map:
        said["config"] = multusconf.describe(config_text(config_map))
    if daemon_set:
        said = _with_pods(said, daemon_set, deployment, schedule)
    role = by_place.get(("ClusterRole", rbac.MULTUS_ROLE))
    if role:
        said["rbac"] = "least" if rbac.covers(rbac.multus_rules(least=True), role.get("rules") or []) else "guide"
    return said


def layout_of(daemon_set: Object | None) -> str | None:
    """Return the layout of a live DaemonSet; None if there is none."""
    if daemon_set is None:
        return None
    return UPSTREAM_THIN if containers.is_upstream(_containers(daemon_set)) else GKE


def config_text(config_map: Object | None) -> str:
    """Return Multus's configuration file."""
    return str(((config_map or {}).get("data") or {}).get(names.CONFIG_KEY, ""))


def pod_of(workload: Object | None) -> Object:
    """Return the pod of a DaemonSet or Deployment."""
    pod: Object = ((workload or {}).get("spec") or {}).get("template", {}).get("spec", {})
    return pod


def _with_pods(
    said: dict[str, Any], daemon_set: Object, deployment: Object | None, schedule: Object | None
) -> dict[str, Any]:
    pod, found = pod_of(daemon_set), _containers(daemon_set)
    upstream = containers.is_upstream(found)
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or ()}
    items = volumes.get("multus-cfg", {}).get("configMap", {}).get("items") or [{}]
    multus = found.get(containers.MULTUS if upstream else containers.INSTALL_CONFIG, {})
    strategy = daemon_set.get("spec", {}).get("updateStrategy", {})
    every = {**_containers(deployment), **found} if deployment else found
    order = [each["name"] for each in pod.get("initContainers") or ()]
    return {
        "multus_image": multus.get("image"),
        "whereabouts_image": found.get(containers.INSTALL_WHEREABOUTS, {}).get("image"),
        "config": {**said.get("config", {}), "conf_file": items[0].get("path")},
        "cni_bin_dir": volumes.get("cnibin", {}).get("hostPath", {}).get("path"),
        "gc": _collection(found, deployment, schedule),
        "resources": {name: every[name].get("resources") or {} for name in every if name in containers.ALL},
        "node_selector": pod.get("nodeSelector") or {},
        "node_pools": daemonset.pools_of(pod),
        "tolerations": _tolerations(pod),
        "priority_class": pod.get("priorityClassName") or "",
        "max_unavailable": _text(strategy.get("rollingUpdate", {}).get("maxUnavailable")),
        "image_pull_secrets": [secret["name"] for secret in pod.get("imagePullSecrets") or ()],
        "init_order": "guide" if order[:1] == [containers.INSTALL_CONFIG] else "binaries_first",
        **{key: value for key, value in said.items() if key != "config"},
    }


def _collection(found: Mapping[str, Object], deployment: Object | None, schedule: Object | None) -> dict[str, Any]:
    """Return how addresses are freed."""
    once = _containers(deployment).get(containers.GC) if deployment else None
    everywhere = found.get(containers.GC) or found.get(containers.WHEREABOUTS)
    loop = once or everywhere or {}
    words = [word for arg in loop.get("args") or () for word in str(arg).split()]
    if containers.is_upstream(found):
        runs = once is not None or "/ip-control-loop" in words
        return {
            "enabled": runs,
            # Where nothing runs, it is nowhere: from v0.9.4 on "daemonset" would be refused.
            "placement": "deployment" if once else "daemonset" if runs else None,
            "cron": ((schedule or {}).get("data") or {}).get(names.SCHEDULE_KEY),
            "log_level": _after(words, containers.UPSTREAM_LOG_LEVEL_FLAG),
        }
    args = loop.get("args") or []
    watch = _flag(args, containers.POD_WATCH_FLAG)
    return {
        "enabled": bool(loop),
        "placement": "deployment" if once else "daemonset",
        "cron": _flag(args, containers.CRON_FLAG),
        "pod_watch": None if watch is None else watch == "true",
        "log_level": _flag(args, containers.LOG_LEVEL_FLAG),
    }


def _tolerations(pod: Object) -> list[Object]:
    return [dict(toleration) for toleration in pod.get("tolerations") or ()]


def _containers(workload: Object) -> dict[str, Object]:
    pod = pod_of(workload)
    return {each["name"]: each for each in [*(pod.get("containers") or ()), *(pod.get("initContainers") or ())]}


def _flag(args: Iterable[str], flag: str) -> str | None:
    return next((arg.removeprefix(flag) for arg in args if arg.startswith(flag)), None)


def _after(words: list[str], flag: str) -> str | None:
    return words[words.index(flag) + 1] if flag in words[:-1] else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
