# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses which range, read from clusters as Kubernetes Engine returns them."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Network
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.range_users import range_users, users_of_network

POOL = {
    "name": "multinet",
    "network_config": {
        "pod_range": "edge-pods",
        "additional_node_network_configs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
        "additional_pod_network_configs": [
            {"subnetwork": "my-subnet", "secondary_pod_range": "pods"},
            {"secondary_pod_range": "of-the-clusters-own-subnetwork"},
        ],
    },
}


def cluster(**fields: Any) -> container_v1.Cluster:
    return container_v1.Cluster(
        {
            "name": "edge",
            "location": "us-central1-c",
            "network": "default",
            "subnetwork": "default",
            "ip_allocation_policy": {
                "cluster_secondary_range_name": "edge-pods",
                "services_secondary_range_name": "edge-services",
            },
            "node_pools": [{"name": "default-pool", "network_config": {"pod_range": "edge-pods"}}, POOL],
            **fields,
        }
    )


def told(*clusters: container_v1.Cluster) -> set[tuple[str, str, str, str]]:
    """Return subnetwork, range, who and what for."""
    return {(user.subnetwork.path, user.range, str(user), user.use) for user in range_users(clusters, "p")}


OWN, ADDITIONAL = (
    "projects/p/regions/us-central1/subnetworks/default",
    "projects/p/regions/us-central1/subnetworks/my-subnet",
)
EDGE, MULTINET = "cluster edge (us-central1-c)", "node pool multinet of cluster edge (us-central1-c)"


def test_the_ranges_of_a_cluster_and_its_pools() -> None:
    assert told(cluster()) == {
        (OWN, "", EDGE, "nodes"),
        (OWN, "edge-pods", EDGE, "pods"),
        (OWN, "edge-services", EDGE, "services"),
        (ADDITIONAL, "", MULTINET, "nodes"),
        (ADDITIONAL, "pods", MULTINET, "additional pods"),
        (OWN, "of-the-clusters-own-subnetwork", MULTINET, "additional pods"),
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"ip_allocation_policy": {"additional_pod_ranges_config": {"pod_range_names": ["more"]}}, "node_pools": []},
            {(OWN, "more", EDGE, "pods")},
        ),
        (
            {
                "ip_allocation_policy": {
                    "additional_ip_ranges_configs": [{"subnetwork": "second", "pod_ipv4_range_names": ["more"]}]
                },
                "node_pools": [],
            },
            {
                (OWN.replace("default", "second"), "", EDGE, "nodes"),
                (OWN.replace("default", "second"), "more", EDGE, "pods"),
            },
        ),
        (
            {
                "node_pools": [{"name": "multinet", "network_config": {"pod_range": "of-the-pool"}}],
                "ip_allocation_policy": {},
            },
            {(OWN, "of-the-pool", MULTINET, "pods")},
        ),
        (
            {
                "node_pools": [
                    {
                        "name": "multinet",
                        "network_config": {
                            "subnetwork": OWN.replace("default", "second"),
                            "additional_pod_network_configs": [{"secondary_pod_range": "more"}],
                        },
                    }
                ],
                "ip_allocation_policy": {},
            },
            {(OWN.replace("default", "second"), "more", MULTINET, "additional pods")},
        ),
    ],
    ids=["several pod ranges", "several subnetworks", "a pool's own pod range", "a pool's own subnetwork"],
)
def test_ranges_beyond_the_usual(fields: dict[str, Any], expected: set[tuple[str, str, str, str]]) -> None:
    assert told(cluster(**fields)) == {(OWN, "", EDGE, "nodes")} | expected


def test_with_shared_vpc_all_subnetworks_are_the_host_projects() -> None:
    path = "projects/host/regions/us-central1/subnetworks/shared"
    shared = cluster(network_config={"network": "projects/host/global/networks/n", "subnetwork": path})
    assert {subnetwork for subnetwork, *rest in told(shared)} == {path, ADDITIONAL.replace("/p/", "/host/")}
    assert list(users_of_network([shared], "p", Network("host", "my-vpc"))) == [MULTINET]


@pytest.mark.parametrize(("network", "expected"), [("default", [EDGE]), ("my-vpc", [MULTINET]), ("other", [])])
def test_who_is_in_a_network(network: str, expected: list[str]) -> None:
    assert list(users_of_network([cluster()], "p", Network("p", network))) == expected
