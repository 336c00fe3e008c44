# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of a VPC, a cluster, a node pool and Multus: options of their modules, and keys of a description.

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

MULTUS_CONFIG: Spec = {
    "network_name": {"type": "str"},
    "conf_dir": {"type": "str"},
    "conf_file": {"type": "str"},
    "cluster_network": {"type": "str"},
    "capabilities": {"type": "dict"},
    "default_networks": {"type": "list", "elements": "str"},
    "namespace_isolation": {"type": "bool"},
    "global_namespaces": {"type": "list", "elements": "str"},
    "system_namespaces": {"type": "list", "elements": "str"},
    "log_level": {"type": "str"},
    "log_file": {"type": "str"},
    "log_options": {
        "type": "dict",
        "options": {
            "max_age": {"type": "int"},
            "max_size": {"type": "int"},
            "max_backups": {"type": "int"},
            "compress": {"type": "bool"},
        },
    },
    "readiness_indicator_file": {"type": "str"},
    "kubeconfig": {"type": "str"},
    "bin_dir": {"type": "str"},
}
MULTUS: Spec = {
    "layout": {"type": "str", "choices": ["gke", "upstream_thin"]},
    "preset": {"type": "str", "choices": ["guide", "hardened"]},
    "name": {"type": "str", "default": "gke-multinet"},
    "namespace": {"type": "str", "default": "kube-system"},
    "service_account": {"type": "str", "default": "whereabouts-sa"},
    "multus_image": {"type": "str"},
    "whereabouts_image": {"type": "str"},
    "whereabouts_version": {"type": "str"},
    "config": {"type": "dict", "options": MULTUS_CONFIG},
    "cni_bin_dir": {"type": "str"},
    "gc": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool"},
            "placement": {"type": "str", "choices": ["daemonset", "deployment"]},
            "cron": {"type": "str"},
            "pod_watch": {"type": "bool"},
            "log_level": {"type": "str"},
        },
    },
    "resources": {"type": "dict"},
    "node_selector": {"type": "dict"},
    "node_pools": {"type": "list", "elements": "str"},
    "tolerations": {"type": "list", "elements": "dict"},
    "priority_class": {"type": "str"},
    "max_unavailable": {"type": "str"},
    "image_pull_secrets": {"type": "list", "elements": "str", "no_log": False},  # names of secrets
    "labels": {"type": "dict"},
    "init_order": {"type": "str", "choices": ["guide", "binaries_first"]},
    "rbac": {"type": "str", "choices": ["guide", "least"]},
    "crds": {
        "type": "dict",
        "options": {
            "manage": {"type": "bool", "default": True},
            "schema": {"type": "str", "choices": ["auto", "0.7", "0.8plus"], "default": "auto"},
            "keep_on_absent": {"type": "bool", "default": True},
        },
    },
    "token_max_age": {"type": "str", "no_log": False},  # an age, not a token
    "restart": {"type": "bool", "default": False},
    "cleanup_nodes": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
}
