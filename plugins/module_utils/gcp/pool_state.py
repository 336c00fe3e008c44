# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node pool in the words of the module's options, and in those of container_v1."""

from __future__ import annotations

from typing import Any

from ..reconcile import State
from . import pod_ranges
from .nodes import MANAGEMENT, OAUTH_SCOPES, given
from .pool_options import NETWORKS, PODS, Desired
from .references import Place

Update = tuple[str, dict[str, Any]]  # method and request of a mutation


def managed(desired: Desired, cluster: Any | None, place: Place) -> State:
    """Return what is managed, as it is to be: the options that were given, in a form that can be compared."""
    options = {
        "autoscaling": desired.autoscaling,  # before node_count: to be switched off before a size is set
        "node_count": desired.node_count,
        "machine_type": desired.machine_type,
        "disk_size_gb": desired.disk_size_gb,
        "disk_type": desired.disk_type,
        "image_type": desired.image_type,
        "labels": desired.labels,
        "taints": desired.taints and sorted(desired.taints, key=_taint_order),
        "tags": desired.tags and sorted(desired.tags),
        "max_pods_per_node": desired.max_pods_per_node,
        NETWORKS: _node_networks(desired.additional_node_networks, place),
        PODS: _pod_networks(desired.additional_pod_networks, cluster, place),
        "management": desired.management,
    }
    return {**_identity(desired), **given(options)}


def as_is(desired: Desired, pool: Any, cluster: Any, place: Place) -> State:
    """Return the same options as :func:`managed` does, as they are.

    :param pool: container_v1.NodePool.
    """
    config = pool.config
    want = managed(desired, cluster, place)
    scaling = {"enabled": pool.autoscaling.enabled}
    if pool.autoscaling.enabled:
        scaling |= {"min": pool.autoscaling.min_node_count, "max": pool.autoscaling.max_node_count}
    management = {"auto_repair": pool.management.auto_repair, "auto_upgrade": pool.management.auto_upgrade}
    taints = [{"key": each.key, "value": each.value, "effect": each.effect.name} for each in config.taints]
    node_networks = [
        {"network": each.network, "subnetwork": each.subnetwork}
        for each in pool.network_config.additional_node_network_configs
    ]
    pod_networks = [
        {
            "subnetwork": each.subnetwork,
            "secondary_range": each.secondary_pod_range,
            "max_pods_per_node": each.max_pods_per_node.max_pods_per_node,
        }
        for each in pool.network_config.additional_pod_network_configs
    ]
    state = {
        "node_count": pool.initial_node_count,
        "autoscaling": _only(scaling, desired.autoscaling),
        "machine_type": config.machine_type,
        "disk_size_gb": config.disk_size_gb,
        "disk_type": config.disk_type,
        "image_type": config.image_type,
        "labels": _only(dict(config.labels), desired.labels),
        "taints": sorted(taints, key=_taint_order),
        "tags": sorted(config.tags),
        "max_pods_per_node": pool.max_pods_constraint.max_pods_per_node,
        NETWORKS: _node_networks(node_networks, place),
        PODS: _without_unasked(_pod_networks(pod_networks, cluster, place) or [], want.get(PODS, [])),
        "management": _only(management, desired.management),
    }
    return {**_identity(desired), **{key: value for key, value in state.items() if key in want}}


def new_pool(desired: Desired, place: Place) -> dict[str, Any]:
    """Return the fields of container_v1.NodePool, as gcloud sends them."""
    config = {
        "machine_type": desired.machine_type,
        "disk_size_gb": desired.disk_size_gb,
        "disk_type": desired.disk_type,
        "image_type": desired.image_type,
        "labels": desired.labels,
        "taints": desired.taints,
        "tags": desired.tags,
        "oauth_scopes": OAUTH_SCOPES,
    }
    networks = {
        "additional_node_network_configs": _node_networks(desired.additional_node_networks, place),
        "additional_pod_network_configs": desired.additional_pod_networks
        and [_new_pod_network(each, place) for each in desired.additional_pod_networks],
    }
    max_pods = desired.max_pods_per_node
    fields = {
        "name": desired.name,
        "initial_node_count": desired.initial_count,
        "autoscaling": desired.autoscaling and _scaling(desired.autoscaling),
        "config": given(config),
        "management": {**MANAGEMENT, **(desired.management or {})},
        "max_pods_constraint": {"max_pods_per_node": max_pods} if max_pods else None,
        "network_config": given(networks),
    }
    return given(fields)


def update(key: str, value: Any, pool: Any) -> Update:
    """Return the mutation that sets one option of a pool, without the pool's path.

    :param pool: as it is: what was not asked for is sent as it is where the API replaces the whole.
    """
    if key == "node_count":
        return "set_node_pool_size", {"node_count": value}
    if key == "autoscaling":
        kept = {"location_policy": pool.autoscaling.location_policy} if value["enabled"] else {}
        return "set_node_pool_autoscaling", {"autoscaling": {**kept, **_scaling(value)}}
    if key == "management":
        present = {"auto_repair": pool.management.auto_repair, "auto_upgrade": pool.management.auto_upgrade}
        return "set_node_pool_management", {"management": {**present, **value}}
    if key == "labels":
        value = {**pool.config.labels, **value}
    return "update_node_pool", {key: value if key == "image_type" else {key: value}}


def _identity(desired: Desired) -> State:
    return {"name": desired.name, "cluster": desired.cluster, "location": desired.location}


def _only(have: dict[str, Any], want: dict[str, Any] | None) -> dict[str, Any]:
    """Return what was asked for of a group of which the rest is left alone."""
    return {key: value for key, value in have.items() if key in (want or {})}


def _taint_order(taint: dict[str, str]) -> tuple[str, str, str]:
    return taint["key"], taint["value"], taint["effect"]


def _scaling(autoscaling: dict[str, Any]) -> dict[str, Any]:
    names = {"enabled": "enabled", "min": "min_node_count", "max": "max_node_count"}
    return {names[key]: value for key, value in autoscaling.items()}


def _node_networks(networks: list[dict[str, Any]] | None, place: Place) -> list[dict[str, str]] | None:
    """Return node networks in one spelling; their order is that of the interfaces."""
    return networks and [
        {
            "network": place.spell(place.network(each["network"])),
            "subnetwork": place.spell(place.subnetwork(each["subnetwork"])),
        }
        for each in networks
    ]


def _pod_networks(
    networks: list[dict[str, Any]] | None, cluster: Any | None, place: Place
) -> list[dict[str, Any]] | None:
    """Return pod networks in one spelling and order; the cluster's subnetwork where none is named."""
    if networks is None:
        return None
    spelled = []
    for each in networks:
        subnetwork = pod_ranges.resolve(each, cluster, place)
        spelled.append(
            given(
                {
                    "subnetwork": subnetwork and place.spell(subnetwork),
                    "secondary_range": each["secondary_range"],
                    "max_pods_per_node": each["max_pods_per_node"],
                }
            )
        )
    return sorted(spelled, key=_pod_network_order)


def _pod_network_order(network: dict[str, Any]) -> tuple[str, str]:
    return network.get("subnetwork", ""), network["secondary_range"]


def _without_unasked(have: list[dict[str, Any]], want: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return pod networks without the number of pods where it was not asked for: Google fills it in."""
    asked = {_pod_network_order(each) for each in want if "max_pods_per_node" in each}
    return [
        {key: value for key, value in each.items() if key != "max_pods_per_node" or _pod_network_order(each) in asked}
        for each in have
    ]


def _new_pod_network(network: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return container_v1.AdditionalPodNetworkConfig; the number of pods is nested under its own name."""
    subnetwork, pods = network["subnetwork"], network["max_pods_per_node"]
    fields = {
        "subnetwork": subnetwork and place.spell(place.subnetwork(subnetwork)),
        "secondary_pod_range": network["secondary_range"],
        "max_pods_per_node": {"max_pods_per_node": pods} if pods else None,
    }
    return given(fields)
