# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_nodepool_info tells of node pools that are there, and how little it asks for that."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from pool_site import MODULE, POOL, REGION, ZONE, make_cluster, make_pool, make_site

from cloud import Cloud

INFO = "gke_multinet_nodepool_info"
WHERE = {"location": ZONE, "cluster": "edge"}


@pytest.fixture
def site(cloud: Cloud) -> Cloud:
    """A project with an additional network, and a cluster in the default one."""
    return make_site(cloud)


def test_a_pool_is_told_with_its_ranges_and_blocks(site: Cloud) -> None:
    make_pool(site)
    small = {"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 16}
    limits = {"node_count": None, "autoscaling": {"min": 1, "max": 3}}
    make_pool(site, name="second", additional_pod_networks=[small], **limits)
    with site.asked() as asked:
        (found,) = site.unchanged(INFO, **WHERE, name="multinet", alias_blocks=True)["node_pools"]
    assert asked.reads == [
        f"/v1/projects/{site.project}/locations/-/clusters",
        *sorted(path for path in asked.reads if "/subnetworks/" in path),
        f"/compute/v1/projects/{site.project}/zones/{ZONE}/instances",
    ]
    assert len(asked.reads) == 4
    given = {key: value for key, value in found.items() if key in POOL}
    assert given == POOL
    assert site.module(MODULE, **given)["changed"] is False

    additional, first = found["capacity"]
    assert first["use"] == "pods"
    used_by = {each["node_pool"]: each["addresses_max"] for each in additional["used_by"]}
    assert used_by == {"multinet": 32, "second": 96}
    assert (additional["cidr"], additional["nodes_max"], additional["nodes_more"]) == ("172.16.1.0/24", 16, 8)

    assert len(found["nodes"]) == 2
    for node in found["nodes"]:
        own, other = node["interfaces"]
        assert (own["name"], own["network"], other["name"], other["network"]) == ("eth0", "default", "eth1", "my-vpc")
        (block,) = other["alias_blocks"]
        cidr = ipaddress.ip_network(block["cidr"])
        assert (block["secondary_range"], cidr.prefixlen) == ("pods", additional["block_prefix"])
        assert cidr.subnet_of(ipaddress.ip_network(additional["cidr"]))
        assert ipaddress.ip_address(other["address"]) in ipaddress.ip_network("10.0.1.0/24")
    assert found["nodes"][0]["interfaces"][1]["alias_blocks"] != found["nodes"][1]["interfaces"][1]["alias_blocks"]


def test_all_pools_of_a_cluster_are_told(cloud: Cloud) -> None:
    make_cluster(cloud, REGION)
    where = {"location": REGION, "cluster": "edge"}
    (found,) = cloud.unchanged(INFO, **where, alias_blocks=True)["node_pools"]
    assert found["name"] == "default-pool"
    assert sorted({node["zone"] for node in found["nodes"]}) == sorted(found["node_locations"])
    assert "nodes" not in cloud.unchanged(INFO, **where)["node_pools"][0]


def test_what_is_not_there_is_an_empty_list(site: Cloud) -> None:
    nothing: list[Any] = []
    assert site.unchanged(INFO, **WHERE, name="nope")["node_pools"] == nothing
    assert site.unchanged(INFO, location=ZONE, cluster="nope")["node_pools"] == nothing
