# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as our modules are asked for it."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

VPC: dict[str, Any] = {
    "name": "my-vpc",
    "routing_mode": "REGIONAL",
    "subnetworks": [
        {
            "name": "my-subnet",
            "region": "us-central1",
            "ip_cidr_range": "10.0.1.0/24",
            "private_google_access": False,
            "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
        }
    ],
}
CLUSTER: dict[str, Any] = {
    "name": "edge",
    "location": "us-central1-c",
    "version": "1.34",
    "release_channel": "REGULAR",
    "labels": {"team": "net"},
    "authorized_networks": [{"cidr": "203.0.113.0/24"}],
    "default_pool": {"node_count": 1},
}
POOL: dict[str, Any] = {
    "name": "multinet",
    "cluster": "edge",
    "location": "us-central1-c",
    "node_count": 2,
    "machine_type": "e2-standard-4",
    "labels": {"role": "net"},
    "taints": [],
    "management": {"auto_repair": True, "auto_upgrade": True},
    "upgrade_settings": {"max_surge": 1, "max_unavailable": 0},
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}
OPTIONS = {"gke_multinet_vpc": VPC, "gke_multinet_cluster": CLUSTER, "gke_multinet_nodepool": POOL}


def make(cloud: Cloud, *modules: str) -> None:
    """Make a site, or parts of it."""
    for module in modules or OPTIONS:
        result = cloud.module(module, **OPTIONS[module])
        assert not result.get("failed"), result
