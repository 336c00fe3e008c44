# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of objects that the collection touches, and where the API has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of object."""

    api_version: str  # "apps/v1"; "v1" for the core group
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None) -> str:
        """Return the path of all objects of this kind, in one namespace or everywhere."""
        root = "/api" if "/" not in self.api_version else "/apis"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}/{self.api_version}{within}/{self.plural}"


CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False)
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
EVENT = Kind("v1", "Event", "events")
IP_POOL = Kind("whereabouts.cni.cncf.io/v1alpha1", "IPPool", "ippools")
NAD = Kind("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "network-attachment-definitions")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
NODE = Kind("v1", "Node", "nodes", namespaced=False)
POD = Kind("v1", "Pod", "pods")
RESERVATION = Kind(
    "whereabouts.cni.cncf.io/v1alpha1", "OverlappingRangeIPReservation", "overlappingrangeipreservations"
)
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")

KINDS = {
    kind.kind: kind
    for kind in (
        CLUSTER_ROLE,
        CLUSTER_ROLE_BINDING,
        CONFIG_MAP,
        CRD,
        DAEMON_SET,
        DEPLOYMENT,
        EVENT,
        IP_POOL,
        NAD,
        NAMESPACE,
        NODE,
        POD,
        RESERVATION,
        SERVICE_ACCOUNT,
    )
}


@dataclass(frozen=True)
class Ref:
    """One object by name."""

    kind: Kind
    name: str
    namespace: str | None = None

    @classmethod
    def of(cls, obj: dict[str, Any]) -> Ref:
        """Return the reference of an object that is one of KINDS."""
        metadata = obj["metadata"]
        return cls(KINDS[obj["kind"]], metadata["name"], metadata.get("namespace"))

    @property
    def path(self) -> str:
        """Return the path of the object."""
        return f"{self.kind.path(self.namespace)}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.kind} {self.name}"
