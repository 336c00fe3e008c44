# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module needs exactly the IAM permissions that docs/permissions.md lists for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloud import Cloud
from harness import ROOT

SUBNET: dict[str, Any] = {"name": "my-subnet", "region": "us-central1", "ip_cidr_range": "10.0.1.0/24"}
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
# Several in a region are listed, a single one is read.
OTHERS = [
    {"name": name, "region": region, "ip_cidr_range": cidr, "allow_multinet": False}
    for name, region, cidr in (
        ("second", "us-central1", "10.0.8.0/24"),
        ("third", "us-central1", "10.0.9.0/24"),
        ("elsewhere", "europe-west1", "10.0.10.0/24"),
    )
]
VPC: dict[str, Any] = {"name": "my-vpc", "subnetworks": [{**SUBNET, "secondary_ranges": [PODS]}, *OTHERS]}
GROWN: dict[str, Any] = {
    "name": "my-vpc",
    "routing_mode": "GLOBAL",
    "subnetworks": [
        {
            **SUBNET,
            "ip_cidr_range": "10.0.0.0/23",
            "private_google_access": True,
            "secondary_ranges": [PODS, {"name": "more", "ip_cidr_range": "172.16.2.0/24"}],
        },
        *OTHERS,
    ],
}
PLACE = {"location": "us-central1-c"}
EDGE: dict[str, Any] = {**PLACE, "name": "edge", "default_pool": {"node_count": 1}}
POOL: dict[str, Any] = {
    **PLACE,
    "name": "multinet",
    "cluster": "edge",
    "node_count": 1,
    "machine_type": "e2-standard-4",
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}
Step = tuple[str, dict[str, Any]]
# What has to be there before (with all permissions), and what the module is asked for.
LIVES: dict[str, tuple[list[Step], list[dict[str, Any]]]] = {
    "gke_multinet_vpc": ([], [VPC, GROWN, {**GROWN, "state": "absent"}]),
    "gke_multinet_vpc_info": ([("gke_multinet_vpc", VPC)], [{"name": "my-vpc"}]),
    "gke_multinet_cluster": ([], [EDGE, {**EDGE, "labels": {"team": "net"}}, {**EDGE, "state": "absent"}]),
    "gke_multinet_cluster_info": ([("gke_multinet_cluster", EDGE)], [{**PLACE, "name": "edge"}, PLACE]),
    "gke_multinet_nodepool": (
        [("gke_multinet_vpc", VPC), ("gke_multinet_cluster", EDGE)],
        [POOL, {**POOL, "labels": {"team": "net"}}, {**POOL, "state": "absent"}],
    ),
    "gke_multinet_nodepool_info": (
        [("gke_multinet_vpc", VPC), ("gke_multinet_cluster", EDGE), ("gke_multinet_nodepool", POOL)],
        [{**PLACE, "cluster": "edge", "alias_blocks": True}],
    ),
}


DOCUMENT = (ROOT / "docs" / "permissions.md").read_text()


def documented() -> Iterator[tuple[str, str]]:
    """Yield module and permission of each row of the document's first table."""
    module = ""
    for row in re.finditer(r"^\| (?:`(\w+)` )?\| `((?:compute|container)\.\w+\.\w+)` \|", DOCUMENT, re.MULTILINE):
        module = row[1] or module
        yield module, row[2]


ROWS = list(documented())
ALL = {permission for _, permission in ROWS}


def deny(cloud: Cloud, permission: str) -> None:
    """Take a permission away from everybody, in this test's project."""
    for resource in (f"projects/{cloud.project}", f"projects/{cloud.project}/*"):
        cloud.lab.google("POST", "/lab/denials", {"permission": permission, "resource": resource})


def live(cloud: Cloud, module: str) -> dict[str, Any]:
    """Run a module through all that it can do, until it fails; return the last result."""
    result: dict[str, Any] = {}
    for options in LIVES[module][1]:
        result = cloud.module(module, **options)
        if result.get("failed"):
            break
    return result


def prepare(cloud: Cloud, module: str) -> None:
    """Make what has to be there before."""
    for name, options in LIVES[module][0]:
        result = cloud.module(name, **options)
        assert not result.get("failed"), result["msg"]


def test_every_module_that_asks_google_is_in_the_table() -> None:
    asking = {
        path.stem
        for path in (ROOT / "plugins" / "modules").glob("gke_*.py")
        if "multinet.gke.google" in path.read_text()
    }
    assert {module for module, _ in ROWS} == set(LIVES) == asking


def test_the_role_of_ones_own_has_all_permissions_of_the_table() -> None:
    (command,) = re.findall(r"--permissions=((?:\\\n|[\w.,])+)", DOCUMENT)
    assert set(command.replace("\\\n", "").split(",")) == ALL


@pytest.mark.parametrize("module", LIVES)
def test_a_module_needs_nothing_else(cloud: Cloud, module: str) -> None:
    prepare(cloud, module)
    for permission in ALL - {permission for name, permission in ROWS if name == module}:
        deny(cloud, permission)
    result = live(cloud, module)
    assert not result.get("failed"), result["msg"]


@pytest.mark.sample(10)
@pytest.mark.parametrize(("module", "permission"), ROWS)
def test_a_module_needs_each_of_them_and_names_the_missing_one(cloud: Cloud, module: str, permission: str) -> None:
    prepare(cloud, module)
    deny(cloud, permission)
    result = live(cloud, module)
    assert result.get("failed"), f"{module} does not need {permission}"
    assert f"the permission {permission} is missing; roles/" in result["msg"]
