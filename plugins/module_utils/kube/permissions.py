# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which permission a refusal of the API server is about, and what grants it (docs/permissions.md has them all)."""

from __future__ import annotations

import re

from .kinds import CLUSTER_ROLE

# k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go, forbiddenMessage
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)" '
    r'(?:in the namespace "(?P<namespace>[^"]*)"|at the cluster scope)'
)
# k8s.io/kubernetes pkg/registry/rbac/validation/rule.go, ConfirmNoEscalation
_ESCALATION = re.compile(r'user "(?P<user>[^"]*)".* is attempting to grant RBAC permissions not currently held', re.S)
_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
ANONYMOUS = "system:anonymous"


def remedy_for(message: str) -> str:
    """Return what to do about a refusal, by the server's words; empty if it is not about permissions."""
    escalation = _ESCALATION.search(message)
    if escalation:
        roles = f"{CLUSTER_ROLE.plural}.{CLUSTER_ROLE.api_version.partition('/')[0]}"
        grant = _grant("multinet-gke-escalate", ("escalate", "bind"), roles, None, escalation["user"])
        return (
            "nobody may grant what they may not do themselves, unless they have the verbs escalate and bind on "
            f"{CLUSTER_ROLE.plural}; this grants them: {grant}"
        )
    found = _FORBIDDEN.search(message)
    if not found:
        return ""
    if found["user"] == ANONYMOUS:
        return "no credentials were sent: set api_key, gke_cluster, or a kubeconfig with a user"
    verb, namespace = found["verb"], found["namespace"]
    resource = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
    name = re.sub(r"[^a-z0-9]+", "-", f"multinet-gke-{verb}-{found['resource']}")
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    grant = _grant(name, (verb,), resource, namespace, found["user"])
    return (
        f"the permission to {verb} {resource} {where} is missing (docs/permissions.md lists all that a module needs); "
        f"this grants it: {grant}"
    )


def _grant(name: str, verbs: tuple[str, ...], resource: str, namespace: str | None, user: str) -> str:
    """Return the commands that make a role with one permission, and give it to a user."""
    scope, within = ("role", f" --namespace={namespace}") if namespace else ("clusterrole", "")
    account = _SERVICE_ACCOUNT.fullmatch(user)
    subject = f"--serviceaccount={account[1]}:{account[2]}" if account else f"--user={user}"
    return (
        f"kubectl create {scope} {name} --verb={','.join(verbs)} --resource={resource}{within} && "
        f"kubectl create {scope}binding {name} --{scope}={name} {subject}{within}"
    )
