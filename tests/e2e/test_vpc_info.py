# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_vpc_info says of a network that is used, and of one that is not there."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

CLUSTERS = "locations/us-central1-c/clusters"
INFO = "gke_multinet_vpc_info"
SUBNET: dict[str, Any] = {
    "name": "my-subnet",
    "region": "us-central1",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
}
SECOND = {"name": "second", "region": "us-east1", "ip_cidr_range": "10.0.2.0/24", "allow_multinet": False}


def make(cloud: Cloud) -> None:
    """Make a network, and a cluster with a pool that has an interface in it."""
    made = cloud.module("gke_multinet_vpc", name="my-vpc", mtu=8896, subnetworks=[SUBNET, SECOND])
    assert made.get("changed"), made
    multinet = {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True}
    cluster = {"name": "edge", "initialNodeCount": 1, "ipAllocationPolicy": {"useIpAliases": True}}
    cloud.container("POST", CLUSTERS, {"cluster": {**cluster, "networkConfig": multinet}})
    networks = {
        "additionalNodeNetworkConfigs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
        "additionalPodNetworkConfigs": [{"subnetwork": "my-subnet", "secondaryPodRange": "pods"}],
    }
    pool = {"name": "multinet", "initialNodeCount": 1, "networkConfig": networks}
    cloud.container("POST", f"{CLUSTERS}/edge/nodePools", {"nodePool": pool})


def test_a_network_its_ranges_and_who_uses_them(cloud: Cloud) -> None:
    make(cloud)
    result = cloud.unchanged(INFO, name="my-vpc", address_space=["10.0.0.0/22", "172.16.0.0/23"])
    assert result["vpc"] == {
        "name": "my-vpc",
        "project": cloud.project,
        "description": "",
        "routing_mode": "REGIONAL",
        "mtu": 8896,
        "auto_mode": False,
        "peerings": [],
    }
    multinet = {"project": cloud.project, "location": "us-central1-c", "cluster": "edge", "node_pool": "multinet"}
    assert result["subnetworks"] == [
        {
            "name": "my-subnet",
            "region": "us-central1",
            "description": "",
            "private_google_access": False,
            "purpose": "PRIVATE",
            "ip_cidr_range": "10.0.1.0/24",
            "size": 256,
            "users": [{**multinet, "use": "nodes"}],
            "secondary_ranges": [
                {
                    "name": "pods",
                    "ip_cidr_range": "172.16.1.0/24",
                    "size": 256,
                    "users": [{**multinet, "use": "additional pods"}],
                    "made_by_gke": False,
                }
            ],
            "ingress_from": ["10.0.1.0/24", "172.16.1.0/24"],
        },
        {
            "name": "second",
            "region": "us-east1",
            "description": "",
            "private_google_access": False,
            "purpose": "PRIVATE",
            "ip_cidr_range": "10.0.2.0/24",
            "size": 256,
            "users": [],
            "secondary_ranges": [],
            "ingress_from": [],
        },
    ]
    assert result["free"] == ["10.0.0.0/24", "10.0.3.0/24", "172.16.0.0/24"]


def test_four_requests_tell_all_of_a_project(cloud: Cloud) -> None:
    make(cloud)
    with cloud.asked() as asked:
        result = cloud.unchanged(INFO, name="default", subnetworks=["default"])
    assert len(asked.reads) == 4
    (used,) = (each for each in result["subnetworks"] if each["region"] == "us-central1")
    assert used["users"] == [
        {"project": cloud.project, "location": "us-central1-c", "cluster": "edge", "node_pool": None, "use": "nodes"}
    ]
    (pods,) = used["secondary_ranges"]
    assert (pods["made_by_gke"], [user["use"] for user in pods["users"]]) == (True, ["pods"])
    assert all(not each.startswith("10.1") for each in result["free"])


def test_with_shared_vpc_the_clusters_are_in_other_projects(cloud: Cloud) -> None:
    make(cloud)
    result = cloud.unchanged(INFO, name="my-vpc", cluster_projects=["no-clusters-here"])
    assert [user for each in result["subnetworks"] for user in each["users"]] == []


def test_a_network_that_is_not_there(cloud: Cloud) -> None:
    result = cloud.unchanged(INFO, name="my-vpc", address_space=["192.168.0.0/16"])
    assert (result["vpc"], result["subnetworks"], result["free"]) == (None, [], ["192.168.0.0/16"])


def test_a_space_that_is_none_is_refused(cloud: Cloud) -> None:
    message = cloud.refused(INFO, name="My", address_space=["10.0.0.1/8", "fd00::/8"])
    assert "address_space[0]: '10.0.0.1/8': has host bits set; write 10.0.0.0/8" in message
    assert "address_space[1]: 'fd00::/8': must be an IPv4 range" in message
    assert "name: 'My'" in message
