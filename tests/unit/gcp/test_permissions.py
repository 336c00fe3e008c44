# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.gcp import permissions

ROLES = {
    "compute.networks.get": "compute.networkViewer",
    "compute.globalOperations.get": "compute.networkViewer",
    "compute.firewalls.list": "compute.networkViewer",
    "compute.firewalls.create": "compute.securityAdmin",
    "compute.networks.updatePolicy": "compute.securityAdmin",
    "compute.subnetworks.use": "compute.networkUser",
    "compute.networks.create": "compute.networkAdmin",
    "compute.subnetworks.expandIpCidrRange": "compute.networkAdmin",
    "compute.instances.list": "compute.viewer",
    "container.clusters.list": "container.clusterViewer",
    "container.clusters.create": "container.clusterAdmin",
    "container.pods.list": "container.developer",
    "iam.serviceAccounts.actAs": "iam.serviceAccountUser",
    "iam.serviceAccounts.getAccessToken": "iam.serviceAccountTokenCreator",
    "serviceusage.services.use": "serviceusage.serviceUsageConsumer",
}


@pytest.mark.parametrize(("permission", "role"), ROLES.items())
def test_the_narrowest_role_is_named(permission: str, role: str) -> None:
    assert permissions.role_of(permission) == f"roles/{role}"


def test_the_remedy_grants_the_role_to_who_lacks_it() -> None:
    remedy = permissions.remedy_for("container.clusters.list", "net-a", "user:a@example.com")
    assert remedy.endswith(
        "gcloud projects add-iam-policy-binding net-a --member=user:a@example.com --role=roles/container.clusterViewer"
    )
    assert "--member=MEMBER " in permissions.remedy_for("container.clusters.list", "net-a")


def test_a_role_on_an_account_is_not_given_on_the_project() -> None:
    assert "gcloud" not in permissions.remedy_for("iam.serviceAccounts.actAs", "net-a")


def test_a_permission_that_no_role_is_known_for_is_named_all_the_same() -> None:
    assert permissions.role_of("storage.buckets.get") == ""
    assert permissions.remedy_for("storage.buckets.get", "net-a") == "the permission storage.buckets.get is missing"


@pytest.mark.parametrize(
    ("message", "permission"),
    [
        ("Required 'compute.networks.get' permission for 'projects/p'", "compute.networks.get"),
        ('Required "container.clusters.get" permission(s) for "p".', "container.clusters.get"),
        ("Permission 'iam.serviceAccounts.actAs' denied on resource", "iam.serviceAccounts.actAs"),
        ("does not have permission: no such thing", ""),
    ],
)
def test_google_names_the_permission_in_several_ways(message: str, permission: str) -> None:
    assert permissions.missing_permission(message) == permission
