# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others made: adopted where it was declared, left alone where it was not, and never lost."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud

VPC = "gke_multinet_vpc"
NETWORKS, SUBNETWORKS, RULES = "global/networks", "regions/us-central1/subnetworks", "global/firewalls"
RULE = f"{RULES}/my-subnet-allow-multinet"
CLUSTERS = "locations/us-central1-c/clusters"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
FOREIGN = {"rangeName": "foreign", "ipCidrRange": "172.16.9.0/24"}
SUBNET = {"name": "my-subnet", "region": "us-central1", "ip_cidr_range": "10.0.1.0/24", "secondary_ranges": [PODS]}
WANTED: dict[str, Any] = {"name": "my-vpc", "subnetworks": [SUBNET]}
MULTINET = "node pool multinet of cluster edge (us-central1-c)"


def subnet(**options: Any) -> dict[str, Any]:
    """Return the options of the module, with others for its subnetwork."""
    return {**WANTED, "subnetworks": [{**SUBNET, **options}]}


def add_range(cloud: Cloud, *ranges: dict[str, str]) -> None:
    """Add secondary ranges, as somebody else would."""
    found = cloud.compute("GET", f"{SUBNETWORKS}/my-subnet")
    present = found.get("secondaryIpRanges", [])
    body = {"fingerprint": found["fingerprint"], "secondaryIpRanges": [*present, *ranges]}
    cloud.compute("PATCH", f"{SUBNETWORKS}/my-subnet", body)


def ranges(cloud: Cloud) -> set[str]:
    """Return the names of the secondary ranges."""
    return {each["rangeName"] for each in cloud.compute("GET", f"{SUBNETWORKS}/my-subnet").get("secondaryIpRanges", [])}


def warned(result: dict[str, Any]) -> list[str]:
    """Return the texts of a module's warnings."""
    return [str(each) for each in result["warnings"]]


@pytest.fixture
def by_gcloud(cloud: Cloud) -> Cloud:
    """A project with what the guide's first two commands make; gcloud sends these bodies."""
    network = {"autoCreateSubnetworks": False, "name": "my-vpc", "routingConfig": {"routingMode": "REGIONAL"}}
    cloud.compute("POST", NETWORKS, network)
    subnetwork = {
        "ipCidrRange": "10.0.1.0/24",
        "name": "my-subnet",
        "network": f"projects/{cloud.project}/global/networks/my-vpc",
        "privateIpGoogleAccess": False,
        "secondaryIpRanges": [{"ipCidrRange": "172.16.1.0/24", "rangeName": "pods"}],
    }
    cloud.compute("POST", SUBNETWORKS, subnetwork)
    return cloud


@pytest.fixture
def used(by_gcloud: Cloud) -> Cloud:
    """The same, and a node pool whose pods take their additional addresses out of "pods"."""
    cluster = {
        "name": "edge",
        "initialNodeCount": 1,
        "ipAllocationPolicy": {"useIpAliases": True},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True},
    }
    by_gcloud.container("POST", CLUSTERS, {"cluster": cluster})
    pool = {
        "name": "multinet",
        "initialNodeCount": 1,
        "networkConfig": {
            "additionalNodeNetworkConfigs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
            "additionalPodNetworkConfigs": [
                {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
            ],
        },
    }
    by_gcloud.container("POST", f"{CLUSTERS}/edge/nodePools", {"nodePool": pool})
    return by_gcloud


def test_what_the_guide_made_lacks_only_the_rule(by_gcloud: Cloud) -> None:
    result = by_gcloud.converge(VPC, **WANTED)
    assert result["actions"] == [
        "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"
    ]


def test_ranges_of_others_stay(by_gcloud: Cloud) -> None:
    add_range(by_gcloud, FOREIGN)
    wanted = subnet(secondary_ranges=[PODS, {"name": "more", "ip_cidr_range": "172.16.2.0/24"}])
    by_gcloud.converge(VPC, **wanted)
    assert ranges(by_gcloud) == {"pods", "more", "foreign"}
    by_gcloud.converge(VPC, **subnet(secondary_ranges=[PODS, {"name": "more", "state": "absent"}]))
    assert ranges(by_gcloud) == {"pods", "foreign"}


def test_only_a_purge_removes_ranges_of_others_and_says_so(by_gcloud: Cloud) -> None:
    add_range(by_gcloud, FOREIGN)
    result = by_gcloud.converge(VPC, **subnet(purge_secondary_ranges=True))
    assert result["actions"][0] == "remove secondary range foreign (172.16.9.0/24) from subnetwork my-subnet"
    assert result["diff"]["before"]["subnetworks"][0]["secondary_ranges"] == [
        PODS,
        {"name": "foreign", "ip_cidr_range": "172.16.9.0/24"},
    ]
    assert ranges(by_gcloud) == {"pods"}


def test_the_ranges_of_gke_survive_a_purge(by_gcloud: Cloud) -> None:
    cluster = {
        "name": "inside",
        "initialNodeCount": 1,
        "network": "my-vpc",
        "subnetwork": "my-subnet",
        "ipAllocationPolicy": {"useIpAliases": True},
    }
    by_gcloud.container("POST", CLUSTERS, {"cluster": cluster})
    (added,) = ranges(by_gcloud) - {"pods"}
    assert added.startswith("gke-inside-pods-")
    by_gcloud.converge(VPC, **subnet(purge_secondary_ranges=True))
    assert ranges(by_gcloud) == {"pods", added}
    assert by_gcloud.refused(VPC, **subnet(secondary_ranges=[{"name": added, "state": "absent"}])).endswith(
        "cannot be removed: Kubernetes Engine added it for a cluster, and removes it with the cluster"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"secondary_ranges": [{"name": "pods", "state": "absent"}]},
        {"secondary_ranges": [{**PODS, "ip_cidr_range": "172.16.0.0/23"}], "purge_secondary_ranges": True},
    ],
    ids=["absent", "moved"],
)
def test_a_range_that_is_used_is_not_removed(used: Cloud, options: dict[str, Any]) -> None:
    assert used.refused(VPC, **subnet(**options)) == (
        "subnetwork my-subnet: secondary range pods (172.16.1.0/24) cannot be removed: "
        f"it is used by {MULTINET}; delete these first"
    )


def test_a_purge_spares_what_is_used_and_warns(used: Cloud) -> None:
    used.converge(VPC, **WANTED)
    result = used.unchanged(VPC, **subnet(secondary_ranges=[], purge_secondary_ranges=True))
    assert warned(result) == [
        "subnetwork my-subnet: secondary range pods (172.16.1.0/24) is not declared, but stays: "
        f"it is used by {MULTINET}; delete these first"
    ]
    result = used.unchanged(VPC, name="my-vpc", purge_subnetworks=True)
    assert warned(result) == [
        f"subnetwork my-subnet (us-central1) is not declared, but stays: it is used by {MULTINET}; delete these first"
    ]
    assert ranges(used) == {"pods"}


def test_a_subnetwork_that_is_used_is_not_deleted(used: Cloud) -> None:
    assert used.refused(VPC, **subnet(state="absent")) == (
        f"subnetwork my-subnet cannot be deleted: it is used by {MULTINET}; delete these first"
    )


def test_clusters_that_share_a_subnetwork_leave_each_others_source_in_the_rule(by_gcloud: Cloud) -> None:
    first, second = WANTED, subnet(secondary_ranges=[{"name": "second", "ip_cidr_range": "172.16.2.0/24"}])
    by_gcloud.converge(VPC, **first)
    by_gcloud.converge(VPC, **second)
    by_gcloud.unchanged(VPC, **first)
    by_gcloud.unchanged(VPC, **second)
    assert set(by_gcloud.compute("GET", RULE)["sourceRanges"]) == {"10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"}


@pytest.mark.parametrize(
    "drift", [{"disabled": True}, {"sourceRanges": ["10.0.1.0/24"]}, {"allowed": [{"IPProtocol": "tcp"}]}]
)
def test_a_rule_that_somebody_changed_is_put_right(by_gcloud: Cloud, drift: dict[str, Any]) -> None:
    by_gcloud.converge(VPC, **WANTED)
    by_gcloud.compute("PATCH", RULE, drift)
    result = by_gcloud.converge(VPC, **WANTED)
    assert result["actions"] == [
        "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"
    ]


def test_another_rule_of_that_name_is_not_touched(by_gcloud: Cloud) -> None:
    rule = {
        "name": "my-subnet-allow-multinet",
        "network": "global/networks/default",
        "allowed": [{"IPProtocol": "all"}],
    }
    by_gcloud.compute("POST", RULES, rule)
    assert by_gcloud.refused(VPC, **WANTED) == (
        "firewall rule my-subnet-allow-multinet exists, but for another network, direction or target; "
        "delete or rename it, or set allow_multinet=false"
    )
    by_gcloud.unchanged(VPC, **subnet(allow_multinet=False))


def test_an_auto_mode_network_is_used_as_it_is(cloud: Cloud) -> None:
    own = {"name": "default", "region": "us-central1", "ip_cidr_range": "10.128.0.0/20", "allow_multinet": False}
    result = cloud.unchanged(VPC, name="default", subnetworks=[own])
    assert "network default is in auto mode" in warned(result)[0]
    cloud.converge(VPC, name="default", subnetworks=[SUBNET])
    assert cloud.refused(
        VPC, name="default", subnetworks=[{**SUBNET, "name": "b", "ip_cidr_range": "10.200.0.0/20"}]
    ) == (
        "subnetwork b: 10.200.0.0/20 overlaps with 10.128.0.0/9, out of which Google makes subnetworks for network "
        "default, which is in auto mode; choose another range"
    )
    assert "they are not purged" in cloud.refused(VPC, name="default", purge_subnetworks=True)
    gone = {"name": "default", "region": "us-central1", "state": "absent"}
    assert "it goes with the network" in cloud.refused(VPC, name="default", subnetworks=[gone])


def test_an_existing_network_is_read_and_checked(used: Cloud) -> None:
    result = used.unchanged(VPC, existing=True, **WANTED)
    assert "there is no rule my-subnet-allow-multinet" in warned(result)[0]
    message = used.refused(
        VPC, existing=True, **subnet(ip_cidr_range="10.0.0.0/20", secondary_ranges=[]) | {"mtu": 8896}
    )
    assert message == (
        "network my-vpc is used as it is (existing=true), but: mtu is 1460, not 8896; "
        "ip_cidr_range of subnetwork my-subnet is '10.0.1.0/24', not '10.0.0.0/20'. "
        "Correct the description, or let this module manage the network (existing=false)"
    )
    absent = used.refused(VPC, existing=True, **subnet(state="absent"))
    assert "but: subnetwork my-subnet exists in us-central1" in absent
    used.unchanged(VPC, existing=True, state="absent", **WANTED)
    assert used.compute("GET", f"{NETWORKS}/my-vpc")
