# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: the nodes' kubelets for Multus, a service account for Whereabouts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Object = dict[str, Any]

API = "rbac.authorization.k8s.io/v1"
MULTUS_ROLE = "multus-role"
WHEREABOUTS_ROLE = "whereabouts"
MULTUS_BINDING = "multus-role-binding"
WHEREABOUTS_BINDING = "whereabouts-role-binding"
SERVICE_ACCOUNT = "whereabouts-sa"


_NADS = ["network-attachment-definitions"]
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch"]


def multus_rules(*, least: bool) -> list[Object]:
    """Return what Multus may do; it acts as the kubelet of its node.

    :param least: only read attachments. The guide lets every node rewrite all of them.
    """
    if least:
        return [{"apiGroups": ["k8s.cni.cncf.io"], "resources": _NADS, "verbs": _READ}]
    return [{"apiGroups": ["k8s.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]}]


def whereabouts_rules(*, least: bool, watches_pods: bool, upstream: bool) -> list[Object]:
    """Return what Whereabouts may do: keep pools, be leader, look at pods to find orphaned addresses.

    :param least: no more than v0.7.0 and v0.9.4 were seen to ask for.
    :param watches_pods: the control loop follows pods; GKE's does so only if told to.
    :param upstream: the control loop looks for its node and for attachments, and writes events; GKE's does not.
    """
    pools, reservations = "ippools", "overlappingrangeipreservations"
    everything = [*_READ, *_WRITE, "delete"]
    kept: list[Object] = [{"resources": [pools, reservations], "verbs": everything}]
    if least:  # no pool is ever deleted
        kept = [
            {"resources": [pools], "verbs": [*_READ, *_WRITE]},
            {"resources": [reservations], "verbs": everything},
        ]
    lease = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    rules: list[Object] = [
        *({"apiGroups": ["whereabouts.cni.cncf.io"], **rule} for rule in kept),
        # Creation cannot be limited to a name; everything else is.
        {**lease, "verbs": ["create"]},
        {**lease, "resourceNames": ["whereabouts"], "verbs": ["get", "update", "patch"] if least else ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "get", *(["watch"] if watches_pods else [])]},
    ]
    if upstream:
        rules += [
            {"apiGroups": [""], "resources": ["nodes"], "verbs": _READ},
            {"apiGroups": ["k8s.cni.cncf.io"], "resources": _NADS, "verbs": _READ},
            {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": _WRITE},
        ]
    return rules


def covers(granted: list[Object], needed: list[Object]) -> bool:
    """Tell whether rules grant at least what others do; one rule has to do for each triple of the needed ones."""
    return all(
        any(_grants(rule, group, resource, verb, need.get("resourceNames") or ()) for rule in granted)
        for need in needed
        for group in need["apiGroups"]
        for resource in need["resources"]
        for verb in need["verbs"]
    )


def _grants(rule: Object, group: str, resource: str, verb: str, names: Collection[str]) -> bool:
    asked = {"apiGroups": group, "resources": resource, "verbs": verb}
    limited = set(rule.get("resourceNames") or ())
    return all({value, "*"} & set(rule.get(field) or ()) for field, value in asked.items()) and (
        not limited or (bool(names) and set(names) <= limited)
    )


def multus_role(*, least: bool) -> Object:
    """Return the role of Multus."""
    return _role(MULTUS_ROLE, multus_rules(least=least))


def whereabouts_role(*, least: bool, watches_pods: bool, upstream: bool) -> Object:
    """Return the role of Whereabouts."""
    return _role(WHEREABOUTS_ROLE, whereabouts_rules(least=least, watches_pods=watches_pods, upstream=upstream))


def multus_binding() -> Object:
    """Return the binding of Multus's role to all nodes."""
    return _binding(MULTUS_BINDING, MULTUS_ROLE, {"kind": "Group", "name": "system:nodes"})


def whereabouts_binding(account: str, namespace: str) -> Object:
    """Return the binding of Whereabouts's role to its service account."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return _binding(WHEREABOUTS_BINDING, WHEREABOUTS_ROLE, subject)


def service_account(account: str, namespace: str) -> Object:
    """Return Whereabouts's service account; its token is what the CNI plugin uses on every node."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": account, "namespace": namespace},
    }


def _role(name: str, rules: list[Object]) -> Object:
    return {"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _binding(name: str, role: str, subject: Object) -> Object:
    return {
        "apiVersion": API,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "subjects": [subject],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
    }
