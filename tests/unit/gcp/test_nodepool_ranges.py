# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ranges a node pool takes blocks of, and for how many nodes they suffice."""

from __future__ import annotations

from typing import Any

import pytest
from node_pools import POD_NETWORK, READ, SUBNET, cluster, desired, plan, pool, seen, titles

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.nodepool import Observed

THREE = ["us-central1-a", "us-central1-b", "us-central1-c"]


@pytest.mark.parametrize(
    ("options", "found", "message"),
    [
        (
            {"node_count": 20},
            {},
            "range 172.16.1.0/24 holds 16 nodes at 8 pods (/28 each); node_count 20 x 1 zone needs 20",
        ),
        ({"autoscaling": {"max": 20}}, {}, "autoscaling max 20 x 1 zone needs 20"),
        ({"autoscaling": {"total_max": 17}}, {"locations": THREE}, "autoscaling total_max 17 needs 17"),
        ({"node_count": 6}, {"locations": THREE}, "node_count 6 x 3 zones needs 18"),
        ({"node_count": 6, "node_locations": THREE}, {}, "node_count 6 x 3 zones needs 18"),
        ({"node_count": 9, "node_locations": THREE[:2]}, {}, "node_count 9 x 2 zones needs 18"),
        (
            {"additional_pod_networks": [{**POD_NETWORK, "secondary_range": "nope"}]},
            {},
            "subnetwork my-subnet has no such range; it has inside, pods",
        ),
        (
            {"additional_pod_networks": [POD_NETWORK, {**POD_NETWORK, "secondary_range": "inside"}]},
            {},
            "172.16.1.128/25 overlaps additional_pod_networks[0].secondary_range (172.16.1.0/24)",
        ),
        ({"pod_range": "nope"}, {}, "subnetwork default has no such range; it has edge-pods"),
        (
            {"pod_range": "edge-pods", "node_count": 16, "max_pods_per_node": 129},
            {},
            "range 10.8.0.0/20 holds 8 nodes at 129 pods (/23 each); node_count 16 x 1 zone needs 16",
        ),
    ],
)
def test_a_new_pool_has_to_fit(options: dict[str, Any], found: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        plan(desired(**options), seen(None, **found))
    assert message in str(caught.value)
    assert titles(plan(desired(**options, validate_ranges=False), seen(None, **found)))


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        ({}, {"node_count": 17}, "node_count 17 x 1 zone needs 17"),
        ({"initial_node_count": 6}, {"node_locations": THREE}, "node_count 6 x 3 zones needs 18"),
        ({}, {"autoscaling": {"max": 17}}, "autoscaling max 17 x 1 zone needs 17"),
        (
            {"autoscaling": {"enabled": True, "max_node_count": 6}},
            {"node_locations": THREE},
            "autoscaling max 6 x 3 zones needs 18",
        ),
        ({}, {"node_count": 17, "additional_pod_networks": None}, "node_count 17 x 1 zone needs 17"),
    ],
)
def test_a_pool_that_grows_has_to_fit(found: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        plan(desired(**options), seen(pool(**found)))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "options", [{}, {"autoscaling": {"enabled": False}}, {"node_count": 30}, {"labels": {"a": "b"}}]
)
def test_a_pool_that_does_not_grow_is_not_measured_again(options: dict[str, Any]) -> None:
    assert plan(desired(**options), seen(pool(initial_node_count=40))).after


def test_a_region_has_three_zones_before_there_is_a_cluster() -> None:
    found = Observed(None, None, READ)
    with pytest.raises(InvalidOptions, match="node_count 6 x 3 zones needs 18"):
        plan(desired(location="us-central1", node_count=6), found, check_mode=True)
    assert plan(desired(node_count=6), found, check_mode=True).changes


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        ({"initial_node_count": 13}, True),
        ({"initial_node_count": 14}, False),
        ({"initial_node_count": 7, "locations": ["a", "b"]}, False),
        ({"autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 14}}, False),
        ({"autoscaling": {"enabled": True, "total_max_node_count": 13}, "locations": ["a", "b"]}, True),
        ({"initial_node_count": 14, "status": "STOPPING"}, True),
        ({"initial_node_count": 40, "network_config": {"additional_pod_network_configs": []}}, True),
    ],
)
def test_other_pools_take_blocks_of_the_same_range(other: dict[str, Any], fits: bool) -> None:
    found = seen(None, node_pools=[pool(name="other", **other)])
    if fits:
        assert plan(desired(node_count=3), found).changes
    else:
        with pytest.raises(InvalidOptions, match="of which node pools other may take 14; node_count 3 x 1 zone"):
            plan(desired(node_count=3), found)


def test_a_pool_is_not_its_own_rival() -> None:
    mine = pool(initial_node_count=15)
    found = Observed(mine, cluster(node_pools=[mine]), READ)
    assert titles(plan(desired(node_count=16), found)) == ["set node_count of node pool multinet to 16"]


@pytest.mark.parametrize("where", ["cluster", "pool"])
def test_blocks_are_half_as_large_where_google_was_asked_not_to_double_them(where: str) -> None:
    single = {"pod_cidr_overprovision_config": {"disable": True}}
    policy = {"ip_allocation_policy": single} if where == "cluster" else {}
    mine = pool(network_config=single if where == "pool" else {})
    found = seen(mine, **policy)
    assert titles(plan(desired(node_count=32), found)) == ["set node_count of node pool multinet to 32"]
    with pytest.raises(InvalidOptions, match=r"holds 32 nodes at 8 pods \(/29 each\)"):
        plan(desired(node_count=33), found)


def test_a_range_of_the_nodes_own_subnetwork_needs_no_name_for_it() -> None:
    wanted = desired(additional_node_networks=[], additional_pod_networks=[{"secondary_range": "edge-pods"}])
    assert titles(plan(wanted, seen(None)))
    assert plan(wanted, Observed(None, None, {SUBNET: None}), check_mode=True).changes
