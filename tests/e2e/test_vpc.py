# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_vpc changes in place, and what it refuses: each row of what Google lets one change."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud

VPC = "gke_multinet_vpc"
NETWORK, SUBNETWORK = "global/networks/my-vpc", "regions/us-central1/subnetworks/my-subnet"
RULE = "global/firewalls/my-subnet-allow-multinet"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
PODS2 = {"name": "pods2", "ip_cidr_range": "172.16.2.0/24"}

MOVED = {"name": "pods", "ip_cidr_range": "172.16.0.0/23"}


def subnet(**options: Any) -> dict[str, Any]:
    """Return the options of a subnetwork."""
    base = {"name": "my-subnet", "region": "us-central1", "ip_cidr_range": "10.0.1.0/24", "secondary_ranges": [PODS]}
    return {**base, **options}


def given(cloud: Cloud, **options: Any) -> dict[str, Any]:
    """Make a network with one subnetwork; return the options."""
    made = {"name": "my-vpc", "subnetworks": [subnet()], **options}
    result = cloud.module(VPC, **made)
    assert result.get("changed"), result
    return made


def ranges(cloud: Cloud) -> dict[str, str]:
    """Return the secondary ranges that Compute Engine has."""
    found = cloud.compute("GET", SUBNETWORK).get("secondaryIpRanges", [])
    return {each["rangeName"]: each["ipCidrRange"] for each in found}


def sources(cloud: Cloud) -> set[str]:
    """Return what the ingress rule lets in."""
    return set(cloud.compute("GET", RULE)["sourceRanges"])


def test_a_whole_network(cloud: Cloud) -> None:
    result = cloud.converge(
        VPC,
        name="my-vpc",
        description="for pods",
        routing_mode="GLOBAL",
        mtu=8896,
        subnetworks=[subnet(description="of the nodes", private_google_access=True)],
    )
    assert result["actions"] == [
        "create network my-vpc",
        "create subnetwork my-subnet (10.0.1.0/24)",
        "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)",
    ]
    network, subnetwork = cloud.compute("GET", NETWORK), cloud.compute("GET", SUBNETWORK)
    assert (network["description"], network["mtu"]) == ("for pods", 8896)
    assert network["routingConfig"]["routingMode"] == "GLOBAL"
    assert network["autoCreateSubnetworks"] is False
    assert (subnetwork["description"], subnetwork["privateIpGoogleAccess"]) == ("of the nodes", True)
    assert sources(cloud) == {"10.0.1.0/24", "172.16.1.0/24"}


def test_an_option_that_is_not_given_is_not_compared(cloud: Cloud) -> None:
    given(cloud, description="for pods", routing_mode="GLOBAL", mtu=8896)
    cloud.compute("POST", f"{SUBNETWORK}/setPrivateIpGoogleAccess", {"privateIpGoogleAccess": True})
    cloud.unchanged(VPC, name="my-vpc", subnetworks=[subnet()])
    cloud.unchanged(VPC, name="my-vpc", subnetworks=[subnet(secondary_ranges=[])])
    cloud.unchanged(VPC, name="my-vpc")


def test_a_list_takes_the_place_of_many_reads(cloud: Cloud) -> None:
    many = [
        {"name": f"s{number}", "region": "us-central1", "ip_cidr_range": f"10.0.{number}.0/24"} for number in range(4)
    ]
    cloud.converge(VPC, name="my-vpc", subnetworks=many)
    with cloud.asked() as asked:
        cloud.unchanged(VPC, name="my-vpc", subnetworks=many)
    paths = (NETWORK, "regions/us-central1/subnetworks", "global/firewalls")
    assert asked.reads == [f"/compute/v1/projects/{cloud.project}/{path}" for path in paths]


@pytest.mark.parametrize(
    ("options", "actions", "writes"),
    [
        ({"routing_mode": "GLOBAL"}, ["set routing_mode of network my-vpc to GLOBAL"], [f"PATCH {NETWORK}"]),
        ({"mtu": 8896}, ["set mtu of network my-vpc to 8896"], [f"PATCH {NETWORK}"]),
        (
            {"subnetworks": [subnet(ip_cidr_range="10.0.0.0/20")]},
            [
                "expand subnetwork my-subnet from 10.0.1.0/24 to 10.0.0.0/20",
                "update firewall rule my-subnet-allow-multinet (ingress from 10.0.0.0/20, 172.16.1.0/24)",
            ],
            [f"POST {SUBNETWORK}/expandIpCidrRange", f"PATCH {RULE}"],
        ),
        (
            {"subnetworks": [subnet(private_google_access=True)]},
            ["set private_google_access of subnetwork my-subnet to true"],
            [f"POST {SUBNETWORK}/setPrivateIpGoogleAccess"],
        ),
        (
            {"subnetworks": [subnet(secondary_ranges=[PODS, PODS2])]},
            [
                "add secondary range pods2 (172.16.2.0/24) to subnetwork my-subnet",
                "update firewall rule my-subnet-allow-multinet "
                "(ingress from 10.0.1.0/24, 172.16.1.0/24, 172.16.2.0/24)",
            ],
            [f"PATCH {SUBNETWORK}", f"PATCH {RULE}"],
        ),
        (
            {"subnetworks": [subnet(secondary_ranges=[{**PODS, "state": "absent"}])]},
            [
                "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
                "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24)",
            ],
            [f"PATCH {SUBNETWORK}", f"PATCH {RULE}"],
        ),
        (
            {"subnetworks": [subnet(secondary_ranges=[PODS2], purge_secondary_ranges=True)]},
            [
                "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
                "add secondary range pods2 (172.16.2.0/24) to subnetwork my-subnet",
                "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.2.0/24)",
            ],
            [f"PATCH {SUBNETWORK}", f"PATCH {SUBNETWORK}", f"PATCH {RULE}"],
        ),
        (
            {"subnetworks": [subnet(secondary_ranges=[MOVED], purge_secondary_ranges=True)]},
            [
                "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
                "add secondary range pods (172.16.0.0/23) to subnetwork my-subnet",
                "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.0.0/23)",
            ],
            [f"PATCH {SUBNETWORK}", f"PATCH {SUBNETWORK}", f"PATCH {RULE}"],
        ),
        (
            {"subnetworks": [subnet(state="absent")]},
            ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet"],
            [f"DELETE {SUBNETWORK}", f"DELETE {RULE}"],
        ),
        (
            {"subnetworks": [], "purge_subnetworks": True},
            ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet"],
            [f"DELETE {SUBNETWORK}", f"DELETE {RULE}"],
        ),
    ],
    ids=[
        "routing_mode",
        "mtu",
        "expanded",
        "private_google_access",
        "range added",
        "range removed",
        "ranges purged",
        "range moved",
        "subnetwork removed",
        "subnetworks purged",
    ],
)
def test_what_google_changes_in_place(
    cloud: Cloud, options: dict[str, Any], actions: list[str], writes: list[str]
) -> None:
    wanted = given(cloud) | options
    with cloud.asked() as asked:
        result = cloud.converge(VPC, **wanted)
    assert result["actions"] == actions
    assert asked.writes == [each.replace(" ", f" /compute/v1/projects/{cloud.project}/") for each in writes]
    declared = [each for each in wanted["subnetworks"] if each.get("state") != "absent"]
    for each in declared:
        kept = {one["name"]: one["ip_cidr_range"] for one in each["secondary_ranges"] if one.get("state") != "absent"}
        assert ranges(cloud) == kept
        assert sources(cloud) == {each["ip_cidr_range"], *kept.values()}
    assert bool(declared) == bool(cloud.compute("GET", SUBNETWORK)) == bool(cloud.compute("GET", RULE))


REMEDY_OF_RANGES = "declare a new name, or set purge_secondary_ranges=true to remove the range and add it anew"
MADE_ANEW = "leave it out, or delete the subnetwork and create it again"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"description": "b"},
            "network my-vpc: description cannot be changed (have 'a', want 'b'); "
            "leave it out, or delete the network and create it again",
        ),
        (
            {"subnetworks": [subnet(ip_cidr_range="10.0.2.0/24")]},
            "subnetwork my-subnet: ip_cidr_range cannot be changed (have '10.0.1.0/24', want '10.0.2.0/24'); "
            "it can only be expanded, and 10.0.2.0/24 is not a superset of 10.0.1.0/24",
        ),
        (
            {"subnetworks": [subnet(ip_cidr_range="10.0.1.0/25")]},
            "subnetwork my-subnet: ip_cidr_range cannot be changed (have '10.0.1.0/24', want '10.0.1.0/25'); "
            "it can only be expanded, and 10.0.1.0/25 is not a superset of 10.0.1.0/24",
        ),
        (
            {"subnetworks": [subnet(description="b")]},
            f"subnetwork my-subnet: description cannot be changed (have 'a', want 'b'); {MADE_ANEW}",
        ),
        (
            {"subnetworks": [subnet(region="us-east1")]},
            "subnetwork my-subnet: region cannot be changed (have 'us-central1', want 'us-east1'); "
            "delete that one first, declare it, too, or choose another name",
        ),
        (
            {"subnetworks": [subnet(secondary_ranges=[MOVED])]},
            "subnetwork my-subnet: secondary range pods cannot be changed "
            f"(have '172.16.1.0/24', want '172.16.0.0/23'); {REMEDY_OF_RANGES}",
        ),
        (
            {"name": "other-vpc", "description": None, "subnetworks": [subnet(allow_multinet=False)]},
            "subnetwork my-subnet exists in us-central1, but in network my-vpc; "
            "names are unique in a region, so choose another one",
        ),
        (
            {
                "description": "b",
                "subnetworks": [subnet(ip_cidr_range="10.0.2.0/24", description="b", secondary_ranges=[MOVED])],
            },
            "4 things are refused, nothing was changed:\n"
            "- network my-vpc: description cannot be changed (have 'a', want 'b'); "
            "leave it out, or delete the network and create it again\n"
            "- subnetwork my-subnet: ip_cidr_range cannot be changed (have '10.0.1.0/24', want '10.0.2.0/24'); "
            "it can only be expanded, and 10.0.2.0/24 is not a superset of 10.0.1.0/24\n"
            f"- subnetwork my-subnet: description cannot be changed (have 'a', want 'b'); {MADE_ANEW}\n"
            "- subnetwork my-subnet: secondary range pods cannot be changed "
            f"(have '172.16.1.0/24', want '172.16.0.0/23'); {REMEDY_OF_RANGES}",
        ),
    ],
    ids=[
        "description",
        "range moved",
        "range made smaller",
        "description of the subnetwork",
        "region",
        "secondary range",
        "network of the subnetwork",
        "all at once",
    ],
)
def test_what_google_does_not_change(cloud: Cloud, options: dict[str, Any], message: str) -> None:
    made = given(cloud, description="a", subnetworks=[subnet(description="a")])
    assert cloud.refused(VPC, **{**made, "subnetworks": [subnet()], **options}) == message
