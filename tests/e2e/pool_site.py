# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project in which there can be node pools with additional networks."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

ZONE, REGION = "us-central1-c", "us-central1"
MODULE = "gke_multinet_nodepool"
POOL: dict[str, Any] = {
    "location": ZONE,
    "cluster": "edge",
    "name": "multinet",
    "machine_type": "e2-standard-4",
    "node_count": 2,
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}


def make_site(cloud: Cloud) -> Cloud:
    """Make an additional network, and a cluster in the default one."""
    ranges = [
        {"rangeName": "pods", "ipCidrRange": "172.16.1.0/24"},
        {"rangeName": "more", "ipCidrRange": "172.16.2.0/24"},
    ]
    subnetwork = {"name": "my-subnet", "network": "global/networks/my-vpc", "ipCidrRange": "10.0.1.0/24"}
    cloud.compute("POST", "global/networks", {"name": "my-vpc", "autoCreateSubnetworks": False})
    cloud.compute("POST", f"regions/{REGION}/subnetworks", {**subnetwork, "secondaryIpRanges": ranges})
    make_cluster(cloud, ZONE)
    return cloud


def make_cluster(cloud: Cloud, location: str) -> None:
    """Make a cluster with multi-networking."""
    network = {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True}
    default = {"name": "default-pool", "initialNodeCount": 1}
    wanted = {"name": "edge", "networkConfig": network, "ipAllocationPolicy": {"useIpAliases": True}}
    cloud.container("POST", f"locations/{location}/clusters", {"cluster": {**wanted, "nodePools": [default]}})


def make_pool(cloud: Cloud, **options: Any) -> None:
    """Make the node pool."""
    result = cloud.module(MODULE, **{**POOL, **options})
    assert not result.get("failed"), result["msg"]
