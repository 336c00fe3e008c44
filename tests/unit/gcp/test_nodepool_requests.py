# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to make a node pool, and to change one; each is a message that Google's library takes."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import container_v1
from node_pools import NODE_NETWORK, OWN, desired, pool

from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool import pool_requests
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_state import as_wanted, compare

SCOPES = "https://www.googleapis.com/auth/"
REQUESTS = {
    "set_node_pool_size": container_v1.SetNodePoolSizeRequest,
    "set_node_pool_autoscaling": container_v1.SetNodePoolAutoscalingRequest,
    "set_node_pool_management": container_v1.SetNodePoolManagementRequest,
    "update_node_pool": container_v1.UpdateNodePoolRequest,
}
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
TAINT = {"key": "k", "value": "v", "effect": "NO_EXECUTE"}


def new_pool(zones: int = 1, **options: Any) -> dict[str, Any]:
    fields = pool_requests.new_pool("multinet", as_wanted(desired(**options), OWN), zones)
    assert container_v1.NodePool(fields).name == "multinet"
    return fields


def test_a_new_pool_is_sent_as_gcloud_sends_it() -> None:
    fields = new_pool()
    assert fields["initial_node_count"] == 3
    assert fields["management"] == {"auto_repair": True, "auto_upgrade": True}
    assert list(fields["config"]) == ["oauth_scopes"]
    assert fields["network_config"] == {
        "additional_node_network_configs": [NODE_NETWORK],
        "additional_pod_network_configs": [
            {
                "subnetwork": "my-subnet",
                "secondary_pod_range": "pods",
                "max_pods_per_node": {"max_pods_per_node": 8},
            }
        ],
    }


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (
            {"service_account": "nodes@p.iam.gserviceaccount.com"},
            {
                "service_account": "nodes@p.iam.gserviceaccount.com",
                "oauth_scopes": [f"{SCOPES}cloud-platform", f"{SCOPES}userinfo.email"],
            },
        ),
        (
            {"service_account": "nodes@p.iam.gserviceaccount.com", "oauth_scopes": [f"{SCOPES}monitoring"]},
            {"service_account": "nodes@p.iam.gserviceaccount.com", "oauth_scopes": [f"{SCOPES}monitoring"]},
        ),
        (
            {"oauth_scopes": [f"{SCOPES}monitoring"], "spot": True, "metadata": {"a": "b"}, "taints": [TAINT]},
            {"oauth_scopes": [f"{SCOPES}monitoring"], "spot": True, "metadata": {"a": "b"}, "taints": [TAINT]},
        ),
    ],
)
def test_what_nodes_are_is_sent(options: dict[str, Any], sent: dict[str, Any]) -> None:
    assert new_pool(**options)["config"] == sent


@pytest.mark.parametrize(
    ("autoscaling", "zones", "count"),
    [
        ({"min": 1, "max": 4}, 3, 1),
        ({"max": 4}, 1, 0),
        ({"total_min": 4, "total_max": 9}, 3, 2),
        ({"enabled": False}, 1, 3),
    ],
)
def test_a_pool_that_is_sized_by_the_autoscaler_begins_with_the_least(
    autoscaling: dict[str, Any], zones: int, count: int
) -> None:
    assert new_pool(zones, autoscaling=autoscaling)["initial_node_count"] == count


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ({}, {"node_count": 2}, ("set_node_pool_size", {"node_count": 2})),
        (
            {},
            {"management": {"auto_upgrade": False}},
            ("set_node_pool_management", {"management": {"auto_repair": True, "auto_upgrade": False}}),
        ),
        (
            {"autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 3, "location_policy": "ANY"}},
            {"autoscaling": {"max": 5}},
            (
                "set_node_pool_autoscaling",
                {
                    "autoscaling": {
                        "enabled": True,
                        "min_node_count": 1,
                        "max_node_count": 5,
                        "location_policy": "ANY",
                    }
                },
            ),
        ),
        (
            {"autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 3, "location_policy": "ANY"}},
            {"autoscaling": {"total_max": 5}},
            (
                "set_node_pool_autoscaling",
                {"autoscaling": {"enabled": True, "total_max_node_count": 5, "location_policy": "ANY"}},
            ),
        ),
        (
            {"autoscaling": {"enabled": True, "max_node_count": 3}},
            {"autoscaling": {"enabled": False}},
            ("set_node_pool_autoscaling", {"autoscaling": {"enabled": False}}),
        ),
        ({}, {"labels": {"a": "b"}}, ("update_node_pool", {"labels": {"labels": {"by": "others", "a": "b"}}})),
        (
            {"config": {"taints": [GPU_TAINT, {**TAINT, "key": "old"}]}},
            {"taints": [TAINT]},
            ("update_node_pool", {"taints": {"taints": [TAINT, GPU_TAINT]}}),
        ),
        ({"config": {"tags": ["t"]}}, {"tags": []}, ("update_node_pool", {"tags": {"tags": []}})),
        (
            {},
            {"upgrade_settings": {"max_unavailable": 1}},
            (
                "update_node_pool",
                {"upgrade_settings": {"max_surge": 1, "max_unavailable": 1, "strategy": "SURGE"}},
            ),
        ),
        (
            {},
            {"enable_private_nodes": True},
            ("update_node_pool", {"node_network_config": {"enable_private_nodes": True}}),
        ),
        ({}, {"node_locations": ["us-central1-a"]}, ("update_node_pool", {"locations": ["us-central1-a"]})),
        (
            {"version": "1.33.5-gke.1000"},
            {"version": "1.34", "image_type": "UBUNTU_CONTAINERD"},
            ("update_node_pool", {"node_version": "1.34", "image_type": "UBUNTU_CONTAINERD"}),
        ),
        (
            {},
            {"machine_type": "e2-standard-4", "disk_size_gb": 50},
            ("update_node_pool", {"machine_type": "e2-standard-4", "disk_size_gb": 50}),
        ),
    ],
)
def test_a_change_is_sent_with_what_it_must_not_lose(
    found: dict[str, Any], options: dict[str, Any], expected: tuple[str, dict[str, Any]]
) -> None:
    there = pool(**found)
    compared = compare(desired(**options), there, OWN)
    method, request = pool_requests.update(compared.differing, compared.settings, there)
    assert (method, request) == expected
    message = REQUESTS[method](request)
    assert [key for key in request if key not in message] == []


def test_blue_green_settings_outlast_a_change_of_others() -> None:
    blue_green = {"node_pool_soak_duration": {"seconds": 60}}
    there = pool(upgrade_settings={"strategy": "BLUE_GREEN", "blue_green_settings": blue_green})
    settings = compare(desired(upgrade_settings={"max_surge": 2}), there, OWN).settings
    _method, request = pool_requests.update(["upgrade_settings"], settings, there)
    assert request["upgrade_settings"]["blue_green_settings"].node_pool_soak_duration.seconds == 60
    settings = compare(desired(upgrade_settings={"strategy": "SURGE"}), there, OWN).settings
    _method, request = pool_requests.update(["upgrade_settings"], settings, there)
    assert "blue_green_settings" not in request["upgrade_settings"]


def test_a_pool_that_is_made_again_keeps_what_it_was() -> None:
    there = pool(
        initial_node_count=5,
        locations=["us-central1-a", "us-central1-c"],
        config={"machine_type": "e2-standard-4", "tags": ["t"]},
        autoscaling={"enabled": True, "min_node_count": 2, "max_node_count": 4},
    )
    settings = compare(desired(spot=True, labels={"a": "b"}), there, OWN).settings
    fields = pool_requests.new_pool("multinet", settings, 2)
    assert fields["config"] == {
        "machine_type": "e2-standard-4",
        "disk_size_gb": 100,
        "disk_type": "pd-balanced",
        "image_type": "COS_CONTAINERD",
        "spot": True,
        "service_account": "default",
        "labels": {"by": "others", "a": "b"},
        "taints": [],
        "tags": ["t"],
        "metadata": {"disable-legacy-endpoints": "true"},
        "oauth_scopes": [f"{SCOPES}devstorage.read_only", f"{SCOPES}monitoring"],
    }
    assert fields["locations"] == ["us-central1-a", "us-central1-c"]
    assert fields["initial_node_count"] == 4  # the autoscaler's most
    assert fields["max_pods_constraint"] == {"max_pods_per_node": 110}
    assert fields["network_config"]["additional_pod_network_configs"][0]["max_pods_per_node"] == {
        "max_pods_per_node": 8
    }
    assert container_v1.NodePool(fields).name == "multinet"
