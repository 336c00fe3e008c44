# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a network that others see differently: stale fingerprints, lost answers, failing operations."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud

VPC = "gke_multinet_vpc"
SUBNETWORK, RULE = "regions/us-central1/subnetworks/my-subnet", "global/firewalls/my-subnet-allow-multinet"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
MORE = {"name": "more", "ip_cidr_range": "172.16.2.0/24"}
SUBNET: dict[str, Any] = {"name": "my-subnet", "region": "us-central1", "ip_cidr_range": "10.0.1.0/24"}
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "html"},
    {"kind": "drop-before"},
    {"kind": "drop-after"},
    {"kind": "operation-lost"},
]


def wanted(*ranges: dict[str, str], **options: Any) -> dict[str, Any]:
    """Return the options of the module."""
    return {"name": "my-vpc", "subnetworks": [{**SUBNET, "secondary_ranges": list(ranges), **options}]}


def state(cloud: Cloud) -> tuple[dict[str, str], set[str]]:
    """Return the secondary ranges and what the rule lets in."""
    found = cloud.compute("GET", SUBNETWORK).get("secondaryIpRanges", [])
    return {each["rangeName"]: each["ipCidrRange"] for each in found}, set(cloud.compute("GET", RULE)["sourceRanges"])


def disturb(cloud: Cloud, fault: dict[str, Any], path: str) -> None:
    """Let the next PATCH of something of this project go wrong."""
    cloud.fault(method="PATCH", path=f"/projects/{cloud.project}/{path}$", **fault)


@pytest.mark.parametrize(
    "fault", [*FAULTS, {"kind": "stale-fingerprint"}], ids=lambda fault: "-".join(map(str, fault.values()))
)
def test_ranges_are_as_declared_whatever_happens_to_the_request(cloud: Cloud, fault: dict[str, Any]) -> None:
    assert cloud.module(VPC, **wanted(PODS))["changed"]
    disturb(cloud, fault, SUBNETWORK)
    result = cloud.module(VPC, **wanted(MORE, purge_secondary_ranges=True))
    assert not result.get("failed"), result["msg"]
    assert state(cloud) == ({"more": "172.16.2.0/24"}, {"10.0.1.0/24", "172.16.2.0/24"})
    disturb(cloud, fault, SUBNETWORK)
    result = cloud.module(VPC, **wanted(purge_secondary_ranges=True))
    assert not result.get("failed"), result["msg"]
    assert state(cloud) == ({}, {"10.0.1.0/24"})
    cloud.unchanged(VPC, **wanted(purge_secondary_ranges=True))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_the_rule_is_as_declared_whatever_happens_to_the_request(cloud: Cloud, fault: dict[str, Any]) -> None:
    assert cloud.module(VPC, **wanted(PODS))["changed"]
    disturb(cloud, fault, RULE)
    result = cloud.module(VPC, **wanted(PODS, MORE))
    assert not result.get("failed"), result["msg"]
    assert state(cloud)[1] == {"10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"}
    cloud.unchanged(VPC, **wanted(PODS, MORE))


@pytest.mark.parametrize("path", [SUBNETWORK, RULE])
def test_an_operation_that_fails_is_shown_and_the_next_run_converges(cloud: Cloud, path: str) -> None:
    assert cloud.module(VPC, **wanted(PODS))["changed"]
    disturb(cloud, {"kind": "operation-error", "code": "QUOTA_EXCEEDED", "message": "Quota exceeded."}, path)
    result = cloud.module(VPC, **wanted(PODS, MORE))
    assert result["failed"]
    assert "QUOTA_EXCEEDED: Quota exceeded." in result["msg"]
    cloud.converge(VPC, **wanted(PODS, MORE))
