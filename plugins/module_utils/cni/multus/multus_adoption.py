# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents take over from live objects that no option speaks of, so that none is written without need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import containers, daemonset, rbac
from .multus import Installation
from .multus_live import pod_of

Object = dict[str, Any]


def adopted(
    document: Object, live: Object | None, wanted: Installation, *, exact_roles: bool, kubeconfig: bool
) -> Object:
    """Return a document with what it takes over from its live object.

    :param exact_roles: roles were spoken of; otherwise one that grants all that is needed stays as it is.
    :param kubeconfig: the nodes' kubeconfig was spoken of.
    """
    if live is None:
        return document
    if (
        document["kind"] == "ClusterRole"
        and not exact_roles
        and rbac.covers(live.get("rules") or [], _needed(document, wanted))
    ):
        return {**document, "rules": live["rules"]}
    if document["kind"] == "ClusterRoleBinding":
        return {**document, "subjects": _with_those_of_others(document["subjects"], live.get("subjects") or [])}
    if document["kind"] == "DaemonSet":
        return _with_pod(document, _adopted_pod(pod_of(document), pod_of(live), kubeconfig=kubeconfig))
    return document


def _with_those_of_others(subjects: list[Object], live: list[Object]) -> list[Object]:
    """Return the subjects of a binding with those that others gave the role: an apply replaces the whole list."""
    ours = {each["name"] for each in subjects}
    return [*subjects, *(each for each in live if each["name"] not in ours)]


def _needed(role: Object, wanted: Installation) -> list[Object]:
    if role["metadata"]["name"] == rbac.MULTUS_ROLE:
        return rbac.multus_rules(least=True)
    return rbac.whereabouts_rules(least=True, **wanted.whereabouts_rules)


def _adopted_pod(pod: Object, live: Object, *, kubeconfig: bool) -> Object:
    """Return the pod of the DaemonSet, with what has no effect as it is."""
    pod = {**pod, "initContainers": [_adopted_container(each, live) for each in pod["initContainers"]]}
    if not kubeconfig:
        pod["volumes"] = _adopted_volumes(pod["volumes"], live)
    if "affinity" not in pod and daemonset.pools_of(live):
        pod["affinity"] = None  # it named pools of nodes, and shall name none
    return pod


def _adopted_container(container: Object, live: Object) -> Object:
    """Return a container with the live one's arguments, if only those differ that do nothing."""
    found: Mapping[str, Object] = {each["name"]: each for each in live.get("initContainers") or ()}
    args = found.get(container["name"], {}).get("args") or []
    if container["name"] == containers.INSTALL_CONFIG and _effective(args) == _effective(container["args"]):
        return {**container, "args": args}
    return container


def _effective(args: list[str]) -> list[str]:
    return [arg for arg in args if not arg.startswith(containers.IDLE_FLAGS)]


def _adopted_volumes(volumes: list[Object], live: Object) -> list[Object]:
    """Return volumes with the live one of the kubeconfig, or without it; it is mounted nowhere."""
    name = daemonset.KUBECONFIG_VOLUME
    if not any(volume["name"] == name for volume in volumes):
        return volumes
    found = [volume for volume in live.get("volumes") or () if volume["name"] == name]
    return [*found, *(volume for volume in volumes if volume["name"] != name)]


def _with_pod(document: Object, pod: Object) -> Object:
    spec = document["spec"]
    return {**document, "spec": {**spec, "template": {**spec["template"], "spec": pod}}}
