# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node pools, clusters and subnetworks as Google returns them, and what a user asks for, for tests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import compute_v1, container_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.nodepool import NodePool, Observed
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Subnetwork
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_nodepool import SPEC

NODE_NETWORK = {"network": "my-vpc", "subnetwork": "my-subnet"}
POD_NETWORK = {"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}
OPTIONS: dict[str, Any] = {
    "project": "p",
    "name": "multinet",
    "cluster": "edge",
    "location": "us-central1-c",
    "additional_node_networks": [NODE_NETWORK],
    "additional_pod_networks": [POD_NETWORK],
}
SUBNET, OWN = Subnetwork("p", "us-central1", "my-subnet"), Subnetwork("p", "us-central1", "default")
RANGES = compute_v1.Subnetwork(
    {
        "name": "my-subnet",
        "ip_cidr_range": "10.0.1.0/24",
        "secondary_ip_ranges": [
            {"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"},
            {"range_name": "inside", "ip_cidr_range": "172.16.1.128/25"},
        ],
    }
)
OWN_RANGES = compute_v1.Subnetwork(
    {
        "name": "default",
        "ip_cidr_range": "10.128.0.0/20",
        "secondary_ip_ranges": [{"range_name": "edge-pods", "ip_cidr_range": "10.8.0.0/20"}],
    }
)
READ = {SUBNET: RANGES, OWN: OWN_RANGES}


def desired(**options: Any) -> Desired:
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate({**OPTIONS, **options})
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def cluster(**fields: Any) -> container_v1.Cluster:
    return container_v1.Cluster(
        {
            "name": "edge",
            "status": "RUNNING",
            "current_master_version": "1.34.4-gke.1047000",
            "locations": ["us-central1-c"],
            "network_config": {
                "network": "projects/p/global/networks/default",
                "subnetwork": "projects/p/regions/us-central1/subnetworks/default",
                "enable_multi_networking": True,
            },
            "default_max_pods_constraint": {"max_pods_per_node": 110},
            **fields,
        }
    )


def pool(**fields: Any) -> container_v1.NodePool:
    """Return a node pool as the guide's command makes it, with what Google fills in (recorded)."""
    config = fields.pop("config", {})
    network_config = fields.pop("network_config", {})
    pod_network = {"subnetwork": "my-subnet", "secondary_pod_range": "pods"}
    return container_v1.NodePool(
        {
            "name": "multinet",
            "status": "RUNNING",
            "version": "1.34.4-gke.1047000",
            "initial_node_count": 3,
            "locations": ["us-central1-c"],
            "config": {
                "machine_type": "e2-medium",
                "disk_size_gb": 100,
                "disk_type": "pd-balanced",
                "image_type": "COS_CONTAINERD",
                "labels": {"by": "others"},
                "metadata": {"disable-legacy-endpoints": "true"},
                "oauth_scopes": [
                    "https://www.googleapis.com/auth/devstorage.read_only",
                    "https://www.googleapis.com/auth/monitoring",
                ],
                "service_account": "default",
                **config,
            },
            "management": {"auto_repair": True, "auto_upgrade": True},
            "max_pods_constraint": {"max_pods_per_node": 110},
            "upgrade_settings": {"max_surge": 1, "strategy": "SURGE"},
            "network_config": {
                "pod_range": "edge-pods",
                "subnetwork": "projects/p/regions/us-central1/subnetworks/default",
                "additional_node_network_configs": [NODE_NETWORK],
                "additional_pod_network_configs": [{**pod_network, "max_pods_per_node": {"max_pods_per_node": 8}}],
                **network_config,
            },
            **fields,
        }
    )


def resource(wanted: Desired, check_mode: bool = False) -> NodePool:
    google: Any = SimpleNamespace(project="p", progress=lambda text: None)
    return NodePool(wanted, google, Operations(google, Deadline(1)), check_mode=check_mode)


def seen(found: container_v1.NodePool | None, **fields: Any) -> Observed:
    """Return an observation with everything that can be read; fields are those of the cluster."""
    return Observed(found, cluster(**fields), READ)


def plan(wanted: Desired, found: Observed, check_mode: bool = False) -> Plan:
    return resource(wanted, check_mode).plan(found)


def titles(planned: Plan) -> list[str]:
    return [change.title for change in planned.changes]
