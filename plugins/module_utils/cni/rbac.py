# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: the nodes' kubelets for Multus, a service account for Whereabouts."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

API = "rbac.authorization.k8s.io/v1"
MULTUS_ROLE = "multus-role"
WHEREABOUTS_ROLE = "whereabouts"
SERVICE_ACCOUNT = "whereabouts-sa"


def multus_role() -> Object:
    """Return what Multus may do; it acts as the kubelet of its node."""
    return _role(MULTUS_ROLE, [{"apiGroups": ["k8s.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]}])


def whereabouts_role() -> Object:
    """Return what Whereabouts may do: keep pools, be leader, look at pods to find orphaned addresses."""
    return _role(
        WHEREABOUTS_ROLE,
        [
            {
                "apiGroups": ["whereabouts.cni.cncf.io"],
                "resources": ["ippools", "overlappingrangeipreservations"],
                "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
            },
            # Creation cannot be limited to a name; everything else is.
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
            {
                "apiGroups": ["coordination.k8s.io"],
                "resources": ["leases"],
                "resourceNames": ["whereabouts"],
                "verbs": ["*"],
            },
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "get"]},
        ],
    )


def multus_binding() -> Object:
    """Return the binding of Multus's role to all nodes."""
    return _binding("multus-role-binding", MULTUS_ROLE, {"kind": "Group", "name": "system:nodes"})


def whereabouts_binding(namespace: str) -> Object:
    """Return the binding of Whereabouts's role to its service account."""
    subject = {"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": namespace}
    return _binding("whereabouts-role-binding", WHEREABOUTS_ROLE, subject)


def service_account(namespace: str) -> Object:
    """Return Whereabouts's service account; its token is what the CNI plugin uses on every node."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": SERVICE_ACCOUNT, "namespace": namespace},
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
