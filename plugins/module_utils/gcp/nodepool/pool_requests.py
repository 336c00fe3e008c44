# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to make a node pool, and to change one: container_v1's fields for the module's options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...gke_rules import DEFAULT_NODE_COUNT
from ...reconcile import State
from ..nodes import MANAGEMENT, OAUTH_SCOPES, given
from .pool_options import NETWORKS, PODS, SCOPE

Update = tuple[str, dict[str, Any]]  # method and request of a mutation, without the pool's path

IMMUTABLE = (
    "max_pods_per_node",
    "pod_range",
    NETWORKS,
    PODS,
    "service_account",
    "oauth_scopes",
    "metadata",  # no field of UpdateNodePoolRequest
    "spot",
)
# What one request changes; gcloud, too, sends no others together. In this order: how nodes are replaced before they
# are, and the autoscaler switched off before a size is set.
TOGETHER = (
    ("management",),
    ("upgrade_settings",),
    ("version", "image_type"),
    ("machine_type", "disk_type", "disk_size_gb"),
    ("enable_private_nodes",),
    ("labels",),
    ("taints",),
    ("tags",),
    ("autoscaling",),
    ("node_locations",),  # with others they would hold for new nodes only (UpdateNodePoolRequest.locations)
    ("node_count",),
)
# The first five initiate an upgrade (UpdateNodePoolRequest). That the last one does, too, is taken for granted: a
# machine gets or loses its external address with its template.
REPLACING = ("version", "image_type", "machine_type", "disk_type", "disk_size_gb", "enable_private_nodes")

_LIMITS = {
    "min": "min_node_count",
    "max": "max_node_count",
    "total_min": "total_min_node_count",
    "total_max": "total_max_node_count",
}
# Where a service account is named, its roles say what nodes may do (gcloud sends these scopes then).
_ALL_SCOPES = [SCOPE + "cloud-platform", SCOPE + "userinfo.email"]


def initial_count(settings: State, zones: int) -> int:
    """Return the number of nodes in each zone that a new pool begins with.

    :param settings: those that were given; for a pool that is made again also those that it had.
    """
    count, scaling = settings.get("node_count"), settings.get("autoscaling", {})
    if not scaling.get("enabled"):
        return DEFAULT_NODE_COUNT if count is None else int(count)
    if "total_max" in scaling:
        least, most = -(-scaling.get("total_min", 0) // zones), scaling["total_max"] // zones
    else:
        least, most = scaling.get("min", 0), scaling["max"]
    return int(least if count is None else min(max(count, least), most))


def new_pool(name: str, settings: State, zones: int) -> dict[str, Any]:
    """Return the fields of container_v1.NodePool, as gcloud sends them.

    :param settings: in one spelling (pool_state).
    """
    scopes = _ALL_SCOPES if settings.get("service_account", "default") != "default" else OAUTH_SCOPES
    node = ("machine_type", "disk_size_gb", "disk_type", "image_type", "spot", "service_account")
    config = {key: settings.get(key) for key in (*node, "labels", "taints", "tags", "metadata")}
    networks = {
        "additional_node_network_configs": settings.get(NETWORKS),
        "additional_pod_network_configs": [_pod_network(each) for each in settings.get(PODS, [])] or None,
        "enable_private_nodes": settings.get("enable_private_nodes"),
        "pod_range": settings.get("pod_range"),
    }
    max_pods = settings.get("max_pods_per_node")
    fields = {
        "name": name,
        "version": settings.get("version"),
        "initial_node_count": initial_count(settings, zones),
        "autoscaling": _autoscaling(settings["autoscaling"]) if "autoscaling" in settings else None,
        "locations": settings.get("node_locations"),
        "config": given({**config, "oauth_scopes": settings.get("oauth_scopes", scopes)}),
        "management": {**MANAGEMENT, **settings.get("management", {})},
        "upgrade_settings": settings.get("upgrade_settings"),
        "max_pods_constraint": {"max_pods_per_node": max_pods} if max_pods else None,
        "network_config": given(networks),
    }
    return given(fields)


def update(keys: Sequence[str], settings: State, pool: Any) -> Update:
    """Return the mutation that changes some settings of a pool that go together.

    :param keys: of one element of TOGETHER.
    :param settings: all, as they are to be: the API replaces the whole where only a part was asked for.
    :param pool: container_v1.NodePool.
    """
    values = {key: settings[key] for key in keys}
    if "node_count" in values:
        return "set_node_pool_size", values
    if "autoscaling" in values:
        return "set_node_pool_autoscaling", {"autoscaling": _autoscaling(values["autoscaling"])}
    if "management" in values:
        return "set_node_pool_management", values
    return "update_node_pool", dict(_field(key, value, pool) for key, value in values.items())


def _field(key: str, value: Any, pool: Any) -> tuple[str, Any]:
    """Return a field of container_v1.UpdateNodePoolRequest."""
    if key in ("labels", "taints", "tags"):
        return key, {key: value}
    if key == "enable_private_nodes":
        return "node_network_config", {key: value}
    if key == "upgrade_settings" and "blue_green_settings" in pool.upgrade_settings:
        stays = value["strategy"] == "BLUE_GREEN"
        return key, {**value, **({"blue_green_settings": pool.upgrade_settings.blue_green_settings} if stays else {})}
    return {"version": "node_version", "node_locations": "locations"}.get(key, key), value


def _autoscaling(scaling: State) -> dict[str, Any]:
    """Return container_v1.NodePoolAutoscaling."""
    return {_LIMITS.get(key, key): value for key, value in scaling.items()}


def _pod_network(network: dict[str, Any]) -> dict[str, Any]:
    """Return container_v1.AdditionalPodNetworkConfig; the number of pods is nested under its own name."""
    pods = network.get("max_pods_per_node")
    fields = {
        "subnetwork": network.get("subnetwork"),
        "secondary_pod_range": network["secondary_range"],
        "max_pods_per_node": {"max_pods_per_node": pods} if pods else None,
    }
    return given(fields)
