# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a description."""

from __future__ import annotations

from typing import Any

from the_guide import SECOND, described, put

from ansible_collections.multinet.gke.plugins.module_utils.plan import site


def test_what_follows_from_the_guide() -> None:
    derived = site.derive(described())
    assert derived["vpcs"][0]["subnetworks"][0]["secondary_ranges"] == [
        {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
    ]
    assert derived["nodepools"][0]["additional_node_networks"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    assert derived["nodepools"][0]["additional_pod_networks"] == [
        {"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}
    ]
    assert derived["attachments"][0]["master"] == "eth1"
    assert derived["pods"][0]["node_pools"] == ["multinet"]
    assert derived["capacity"][0]["nodes_max"] == 16


def test_a_shared_vpc_is_named_with_its_project() -> None:
    derived = site.derive(described(put("networks", 0, "vpc_project", value="host-project")))
    assert derived["vpcs"][0]["project"] == "host-project"
    assert derived["nodepools"][0]["additional_node_networks"] == [
        {
            "network": "projects/host-project/global/networks/my-vpc",
            "subnetwork": "projects/host-project/regions/us-central1/subnetworks/my-subnet",
        }
    ]


def test_a_pool_may_carry_only_some_networks() -> None:
    derived = site.derive(
        described(
            lambda d: d["networks"].append(SECOND),
            put("nodepools", 0, "networks", value=["vpc-2"]),
            put("pods", 0, "attachments", value=["nad-2"]),
        )
    )
    assert [a["master"] for a in derived["attachments"]] == ["eth1", "eth1"]
    assert [a["node_pools"] for a in derived["attachments"]] == [[], ["multinet"]]


def test_a_pod_may_run_on_every_pool_that_carries_its_networks() -> None:
    def more_pools(description: dict[str, Any]) -> None:
        description["networks"].append(SECOND)
        description["nodepools"] += [{"name": "one", "networks": ["vpc-2"]}, {"name": "both"}]
        description["pods"].append({"name": "bare", "image": "nginx", "attachments": []})

    sample, bare = site.derive(described(more_pools))["pods"]
    assert (sample["node_pools"], bare["node_pools"]) == (["multinet", "both"], [])


def test_the_cluster_is_reached_by_the_endpoint_that_the_description_names() -> None:
    where = {"project": "test-project", "location": "us-central1-c", "name": "edge"}
    assert site.derive(described())["gke_cluster"] == where
    dns = described(put("cluster", "endpoint_kind", value="dns"))
    assert site.derive(dns)["gke_cluster"] == {**where, "endpoint_kind": "dns"}


def test_what_is_not_said_is_not_passed_on() -> None:
    derived = site.derive(described())
    assert "labels" not in derived["cluster"]
    assert "taints" not in derived["nodepools"][0]
    assert "mtu" not in derived["vpcs"][0]


def test_the_firewall_rules_and_what_they_let_in() -> None:
    assert site.derive(described())["firewall_rules"] == [
        {
            "name": "my-subnet-allow-multinet",
            "project": "test-project",
            "vpc": "my-vpc",
            "sources": ["10.0.1.0/24", "172.16.1.0/24"],
        }
    ]
    assert site.derive(described(put("networks", 0, "allow_multinet", value=False)))["firewall_rules"] == []


def test_options_of_multus_are_passed_on() -> None:
    derived = site.derive(described(put("multus", value={"config": {"log_level": "error"}, "token_max_age": "30d"})))
    assert derived["multus"]["config"] == {"log_level": "error"}
    assert derived["multus"]["token_max_age"] == "30d"
    assert {"preset", "node_pools", "gc"} & set(derived["multus"]) == set()


def test_hardened_multus_keeps_to_the_pools_that_carry_a_network() -> None:
    bare = {"name": "bare", "networks": []}
    hardened = put("multus", value={"preset": "hardened"})
    derived = site.derive(described(lambda d: d["nodepools"].append(bare), hardened))
    assert derived["multus"]["node_pools"] == ["multinet"]
    chosen = site.derive(described(put("multus", value={"preset": "hardened", "node_pools": []})))
    assert chosen["multus"]["node_pools"] == []
