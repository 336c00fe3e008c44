# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of a VPC, a cluster and a node pool: options of their modules, and keys of a cluster's description.

Each is named here once. The module adds what is of a task (state, wait, credentials); the description leaves out what
follows from its other parts. So an option that is added here can be given in both.
"""

from __future__ import annotations

from .options import Spec

STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
SECONDARY_RANGE: Spec = {
    "name": {"type": "str", "required": True},
    "ip_cidr_range": {"type": "str"},
    **STATE,
}
SUBNETWORK: Spec = {
    "name": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "ip_cidr_range": {"type": "str"},
    "description": {"type": "str"},
    "private_google_access": {"type": "bool"},
    "secondary_ranges": {"type": "list", "elements": "dict", "default": [], "options": SECONDARY_RANGE},
    "purge_secondary_ranges": {"type": "bool", "default": False},
    "allow_multinet": {"type": "bool", "default": True},
    **STATE,
}
NETWORK: Spec = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "existing": {"type": "bool", "default": False},
    "routing_mode": {"type": "str", "choices": ["REGIONAL", "GLOBAL"]},
    "mtu": {"type": "int"},
    "subnetworks": {"type": "list", "elements": "dict", "default": [], "options": SUBNETWORK},
    "purge_subnetworks": {"type": "bool", "default": False},
}

DEFAULT_POOL: Spec = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "node_count": {"type": "int"},
    "machine_type": {"type": "str"},
}
PRIVATE: Spec = {
    "nodes": {"type": "bool"},
    "endpoint": {"type": "bool"},
    "master_cidr": {"type": "str"},
}
AUTHORIZED_NETWORK: Spec = {
    "cidr": {"type": "str", "required": True},
    "name": {"type": "str"},
}
CLUSTER: Spec = {
    "name": {"type": "str", "required": True},
    "location": {"type": "str", "required": True},
    "description": {"type": "str"},
    "version": {"type": "str"},
    "release_channel": {"type": "str", "choices": ["RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"]},
    "network": {"type": "str"},
    "subnetwork": {"type": "str"},
    "pods_range": {"type": "str"},
    "pods_cidr": {"type": "str"},
    "services_range": {"type": "str"},
    "services_cidr": {"type": "str"},
    "dataplane_v2": {"type": "bool", "default": True},
    "multi_networking": {"type": "bool", "default": True},
    "default_max_pods_per_node": {"type": "int"},
    "node_locations": {"type": "list", "elements": "str"},
    "private": {"type": "dict", "options": PRIVATE},
    "authorized_networks": {"type": "list", "elements": "dict", "options": AUTHORIZED_NETWORK},
    "dns_endpoint": {"type": "bool"},
    "labels": {"type": "dict"},
    "workload_pool": {"type": "str"},
    "default_pool": {"type": "dict", "options": DEFAULT_POOL},
    "deletion_protection": {"type": "bool", "default": False},
}

AUTOSCALING: Spec = {
    "enabled": {"type": "bool", "default": True},
    "min": {"type": "int"},
    "max": {"type": "int"},
    "total_min": {"type": "int"},
    "total_max": {"type": "int"},
    "location_policy": {"type": "str", "choices": ["BALANCED", "ANY"]},
}
TAINT: Spec = {
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "str", "default": ""},
    "effect": {"type": "str", "required": True, "choices": ["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]},
}
MANAGEMENT: Spec = {"auto_repair": {"type": "bool"}, "auto_upgrade": {"type": "bool"}}
UPGRADE_SETTINGS: Spec = {
    "max_surge": {"type": "int"},
    "max_unavailable": {"type": "int"},
    "strategy": {"type": "str", "choices": ["SURGE", "BLUE_GREEN"]},
}
NODE_NETWORK: Spec = {
    "network": {"type": "str", "required": True},
    "subnetwork": {"type": "str", "required": True},
}
POD_NETWORK: Spec = {
    "subnetwork": {"type": "str"},
    "secondary_range": {"type": "str", "required": True},
    "max_pods_per_node": {"type": "int"},
}
NODEPOOL: Spec = {
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "location": {"type": "str", "required": True},
    "node_count": {"type": "int"},
    "autoscaling": {"type": "dict", "options": AUTOSCALING},
    "node_locations": {"type": "list", "elements": "str"},
    "version": {"type": "str"},
    "machine_type": {"type": "str"},
    "disk_size_gb": {"type": "int"},
    "disk_type": {"type": "str"},
    "image_type": {"type": "str"},
    "spot": {"type": "bool"},
    "labels": {"type": "dict"},
    "taints": {"type": "list", "elements": "dict", "options": TAINT},
    "tags": {"type": "list", "elements": "str"},
    "metadata": {"type": "dict"},
    "service_account": {"type": "str"},
    "oauth_scopes": {"type": "list", "elements": "str"},
    "max_pods_per_node": {"type": "int"},
    "enable_private_nodes": {"type": "bool"},
    "pod_range": {"type": "str"},
    "additional_node_networks": {"type": "list", "elements": "dict", "options": NODE_NETWORK},
    "additional_pod_networks": {"type": "list", "elements": "dict", "options": POD_NETWORK},
    "management": {"type": "dict", "options": MANAGEMENT},
    "upgrade_settings": {"type": "dict", "options": UPGRADE_SETTINGS},
    "recreate": {"type": "str", "choices": ["never", "if_needed"], "default": "never"},
    "validate_ranges": {"type": "bool", "default": True},
}
