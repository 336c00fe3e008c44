# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permission is missing, and what grants it, out of an API server's words."""

from __future__ import annotations

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.kube.permissions import remedy_for


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        (
            'network-attachment-definitions.k8s.cni.cncf.io "my-nad" is forbidden: User '
            '"system:serviceaccount:ops:ansible" cannot get resource "network-attachment-definitions" in API group '
            '"k8s.cni.cncf.io" in the namespace "default"',
            "the permission to get network-attachment-definitions.k8s.cni.cncf.io in namespace default is missing "
            "(docs/permissions.md lists all that a module needs); this grants it: kubectl create role "
            "multinet-gke-get-network-attachment-definitions --verb=get "
            "--resource=network-attachment-definitions.k8s.cni.cncf.io --namespace=default && kubectl create "
            "rolebinding multinet-gke-get-network-attachment-definitions "
            "--role=multinet-gke-get-network-attachment-definitions --serviceaccount=ops:ansible --namespace=default",
        ),
        (
            'pods is forbidden: User "me@example.com" cannot list resource "pods" in API group "" at the cluster '
            'scope: requires one of ["container.pods.list"] permission(s).',
            "the permission to list pods in the whole cluster is missing (docs/permissions.md lists all that a module "
            "needs); this grants it: kubectl create clusterrole multinet-gke-list-pods --verb=list --resource=pods && "
            "kubectl create clusterrolebinding multinet-gke-list-pods --clusterrole=multinet-gke-list-pods "
            "--user=me@example.com",
        ),
        (
            'clusterroles.rbac.authorization.k8s.io "multus-role" is forbidden: user "me" (groups=["system:'
            'authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
            '{APIGroups:["k8s.cni.cncf.io"], Resources:["*"], Verbs:["*"]}',
            "nobody may grant what they may not do themselves, unless they have the verbs escalate and bind on "
            "clusterroles; this grants them: kubectl create clusterrole multinet-gke-escalate --verb=escalate,bind "
            "--resource=clusterroles.rbac.authorization.k8s.io && kubectl create clusterrolebinding "
            "multinet-gke-escalate --clusterrole=multinet-gke-escalate --user=me",
        ),
        (
            'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster '
            "scope",
            "no credentials were sent: set api_key, gke_cluster, or a kubeconfig with a user",
        ),
        ('pods "p" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', ""),
        ('pods "p" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2', ""),
        ("", ""),
    ],
)
def test_a_missing_permission_and_what_grants_it(message: str, remedy: str) -> None:
    assert remedy_for(message) == remedy


def test_a_subresource_is_named_as_it_is() -> None:
    message = 'pods "p" is forbidden: User "me" cannot create resource "pods/exec" in API group "" in the namespace "d"'
    assert "kubectl create role multinet-gke-create-pods-exec --verb=create --resource=pods/exec --namespace=d" in (
        remedy_for(message)
    )
