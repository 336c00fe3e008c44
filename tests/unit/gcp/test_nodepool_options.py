# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_nodepool refuses before anything is asked of Google."""

from __future__ import annotations

from typing import Any

import pytest
from node_pools import NODE_NETWORK, POD_NETWORK, desired

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_options import SETTINGS
from ansible_collections.multinet.gke.plugins.module_utils.gke_options import NODEPOOL


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(
            name="Pool",
            location="nowhere",
            node_count=2,
            autoscaling={"min": 5, "max": 3},
            node_locations=["europe-west1-b", "us"],
            version="new",
            machine_type="e2-standard-2",
            disk_size_gb=5,
            max_pods_per_node=300,
            oauth_scopes=["cloud-platform"],
            upgrade_settings={"max_surge": 0, "max_unavailable": 0},
            additional_node_networks=[NODE_NETWORK, NODE_NETWORK],
            additional_pod_networks=[POD_NETWORK, {**POD_NETWORK, "max_pods_per_node": 4}],
        )
    assert [problem.path for problem in caught.value.problems] == [
        "name",
        "location",
        "node_count",
        "autoscaling",
        "node_locations[0]",
        "node_locations[1]",
        "version",
        "max_pods_per_node",
        "disk_size_gb",
        "oauth_scopes[0]",
        "upgrade_settings",
        "additional_node_networks[1].network",
        "additional_node_networks",
        "additional_pod_networks[1].max_pods_per_node",
        "additional_pod_networks[1].secondary_range",
    ]


def test_more_networks_than_a_node_can_have_are_refused() -> None:
    networks = [{"network": f"n{number}", "subnetwork": "s"} for number in range(8)]
    with pytest.raises(InvalidOptions, match="at most 7 additional networks"):
        desired(machine_type="n2-standard-32", additional_node_networks=networks)
    with pytest.raises(InvalidOptions, match="e2-standard-4 has 4 vCPUs: at most 3 additional networks, 5 given"):
        desired(machine_type="e2-standard-4", additional_node_networks=networks[:5])
    pods = [{"subnetwork": "s", "secondary_range": f"r{number}"} for number in range(36)]
    with pytest.raises(InvalidOptions, match="at most 35 additional pod networks"):
        desired(additional_pod_networks=pods)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {
                "additional_node_networks": [
                    NODE_NETWORK,
                    {"network": "projects/p/global/networks/my-vpc", "subnetwork": "other"},
                ]
            },
            "is the network of additional_node_networks[0], too",
        ),
        (
            {
                "additional_pod_networks": [
                    POD_NETWORK,
                    {**POD_NETWORK, "subnetwork": "projects/p/regions/us-central1/subnetworks/my-subnet"},
                ]
            },
            "is given twice",
        ),
        (
            {"additional_node_networks": [{"network": "n", "subnetwork": "projects/p/regions/us-east1/subnetworks/s"}]},
            "is in us-east1; the nodes are in us-central1",
        ),
        ({"node_locations": []}, "names no zone"),
        ({"node_locations": ["us-central1"]}, "is not a zone"),
        ({"node_locations": ["us-east1-b"]}, "is not a zone of us-central1"),
        ({"node_count": -1}, "must not be negative"),
        ({"upgrade_settings": {"max_surge": -1}}, "must not be negative"),
        ({"version": "1.27"}, "needs version 1.28 or later"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(**options)
    assert message in str(caught.value)


def test_every_option_is_a_setting_or_says_what_to_do_with_the_pool() -> None:
    others = {"name", "cluster", "location", "recreate", "validate_ranges"}
    assert set(SETTINGS) == set(NODEPOOL) - others


def test_what_was_not_given_is_nothing_that_was_asked_for() -> None:
    wanted = desired(autoscaling={"enabled": False, "max": 3}, management={"auto_repair": False}, labels={"a": 1})
    assert wanted.settings == {
        "autoscaling": {"enabled": False},
        "management": {"auto_repair": False},
        "labels": {"a": "1"},
        "additional_node_networks": [NODE_NETWORK],
        "additional_pod_networks": [POD_NETWORK],
    }
