# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which IAM permission a refusal is about, and which predefined role has it (docs/permissions.md has them all)."""

from __future__ import annotations

import re

# The first that matches is the narrowest predefined role that has the permission.
_ROLES = (
    (r"compute\.(networks|subnetworks|firewalls|\w*[oO]perations|projects)\.(get|list)", "roles/compute.networkViewer"),
    (r"compute\.firewalls\..*|compute\.networks\.updatePolicy", "roles/compute.securityAdmin"),
    (r"compute\.(subnetworks|networks)\.use(ExternalIp)?", "roles/compute.networkUser"),
    (r"compute\.(networks|subnetworks)\..*", "roles/compute.networkAdmin"),
    (r"compute\.\w+\.(get|list)", "roles/compute.viewer"),
    (r"container\.(clusters|operations)\.(get|list)", "roles/container.clusterViewer"),
    (r"container\.(clusters|operations)\..*", "roles/container.clusterAdmin"),
    (r"container\..*", "roles/container.developer"),
    (r"iam\.serviceAccounts\.actAs", "roles/iam.serviceAccountUser"),
    (r"iam\.serviceAccounts\..*", "roles/iam.serviceAccountTokenCreator"),
    (r"serviceusage\.services\.use", "roles/serviceusage.serviceUsageConsumer"),
)
_NAME = r"([a-z]+\.[a-zA-Z]+\.[a-zA-Z]+)"
# "Required 'compute.networks.get' permission for ...", 'Required "container.clusters.get" permission(s) for ...',
# "Permission 'iam.serviceAccounts.getAccessToken' denied on resource ...", "... with the x.y.z permission".
_IN_WORDS = (rf"\b{_NAME}['\"]? permission", rf"[Pp]ermission ['\"]?{_NAME}\b")


def missing_permission(message: str) -> str:
    """Return the permission that the server's words name, empty if they name none."""
    found = next(filter(None, (re.search(pattern, message) for pattern in _IN_WORDS)), None)
    return found[1] if found else ""


def role_of(permission: str) -> str:
    """Return a predefined role that has a permission, empty if we know none."""
    return next((role for pattern, role in _ROLES if re.fullmatch(pattern, permission)), "")


def remedy_for(permission: str, project: str, member: str = "") -> str:
    """Return what to do about a missing permission.

    :param member: who lacks it, as an IAM policy names it; empty if we do not know.
    """
    role = role_of(permission)
    if not role:
        return f"the permission {permission} is missing"
    if role.startswith("roles/iam."):  # given on the service account that is used, not on the project
        return f"the permission {permission} is missing; on the service account, {role} gives it"
    return (
        f"the permission {permission} is missing; {role} gives it: gcloud projects add-iam-policy-binding {project} "
        f"--member={member or 'MEMBER'} --role={role}"
    )
