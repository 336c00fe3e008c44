# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node pool in the words of the module's options: as it is, and as it is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...gke_rules import version_fits, version_is_older
from ...reconcile import State
from ..nodes import given
from ..references import Place, Subnetwork
from .pool_options import NETWORKS, PODS, SCOPE, Desired

# Taints that GKE itself gives to the nodes of pools with GPUs, Arm processors or GKE Sandbox.
GKES_TAINTS = ("nvidia.com/gpu", "kubernetes.io/arch", "sandbox.gke.io/runtime")
# Scopes that GKE adds where the cluster's logging and monitoring need them (NodeConfig.oauth_scopes).
GKES_SCOPES = tuple(SCOPE + name for name in ("logging.write", "monitoring", "monitoring.write"))

PER_ZONE, TOTAL = ("min", "max"), ("total_min", "total_max")  # limits of the autoscaler


@dataclass(frozen=True)
class Comparison:
    """How a pool is, and how it is to be."""

    have: State  # the settings that were given, as they are
    want: State  # the same, as they are to be
    everything: State  # all settings, as they are

    @property
    def differing(self) -> list[str]:
        """Return the settings that are not as they are to be."""
        return [key for key in self.want if self.have[key] != self.want[key]]

    @property
    def settings(self) -> State:
        """Return all settings as they are to be: what was not asked for stays, within a setting, too."""
        result = dict(self.everything)
        for key in self.differing:
            result[key] = _merged(key, self.everything[key], self.want[key])
        return result


def compare(desired: Desired, pool: Any, own: Subnetwork | None, control_plane: str = "") -> Comparison:
    """Compare a pool with what was asked for.

    :param pool: container_v1.NodePool.
    :param own: the subnetwork of the nodes' first interface, None if it is not known.
    :param control_plane: its version, empty if it is not known.
    """
    everything, want = as_is(pool, own, desired.place), as_wanted(desired, own, control_plane)
    places = [_identity_of(each) for each in want.get(PODS, [])]
    everything[PODS].sort(key=lambda each: _place_in(places, _identity_of(each)))
    have = {key: _asked(key, everything[key], value) for key, value in want.items()}
    if "node_count" in want and pool.autoscaling.enabled and want.get("autoscaling") == {"enabled": False}:
        have["node_count"] = None  # the autoscaler has sized it, and initial_node_count does not follow it
    if "version" in want and not version_is_older(have["version"], desired.settings["version"]):
        want["version"] = have["version"]  # it fits, or the nodes would have to be downgraded
    return Comparison(have, want, everything)


def identity(desired: Desired) -> State:
    """Return which pool it is."""
    return {"name": desired.name, "cluster": desired.cluster, "location": desired.location}


def as_wanted(desired: Desired, own: Subnetwork | None, control_plane: str = "") -> State:
    """Return the settings that were given, in a form that can be compared; see :func:`compare`.

    A version of which only the beginning was given is that of the control plane if that begins so: Google would take
    the newest one that does, and refuse it if the control plane is older.
    """
    settings, place = dict(desired.settings), desired.place
    if control_plane and version_fits(control_plane, settings.get("version", "")):
        settings = {key: control_plane if key == "version" else value for key, value in settings.items()}
    for key in ("tags", "oauth_scopes", "node_locations"):
        if key in settings:
            settings[key] = sorted(set(settings[key]))
    if "taints" in settings:
        taints = [{name: taint[name] for name in ("key", "value", "effect")} for taint in settings["taints"]]
        settings["taints"] = sorted(taints, key=_taint_order)
    if NETWORKS in settings:
        settings[NETWORKS] = _node_networks(settings[NETWORKS], place)
    if PODS in settings:
        settings[PODS] = _pod_networks(settings[PODS], own, place)
    return settings


def as_is(pool: Any, own: Subnetwork | None, place: Place) -> State:
    """Return all settings of a pool.

    :param pool: container_v1.NodePool.
    """
    config, network, read = pool.config, pool.network_config, place.beside(own)
    taints = [{"key": each.key, "value": each.value, "effect": each.effect.name} for each in config.taints]
    node_networks = [
        {"network": read.network(each.network).path, "subnetwork": read.subnetwork(each.subnetwork).path}
        for each in network.additional_node_network_configs
    ]
    pod_networks = [
        {
            "subnetwork": read.subnetwork(each.subnetwork).path if each.subnetwork else None,
            "secondary_range": each.secondary_pod_range,
            "max_pods_per_node": each.max_pods_per_node.max_pods_per_node or None,
        }
        for each in network.additional_pod_network_configs
    ]
    upgrades = pool.upgrade_settings
    return {
        "version": pool.version,
        "node_count": pool.initial_node_count,  # it follows setSize
        "autoscaling": _autoscaling(pool.autoscaling),
        "node_locations": sorted(pool.locations),
        "machine_type": config.machine_type,
        "disk_size_gb": config.disk_size_gb,
        "disk_type": config.disk_type,
        "image_type": config.image_type,
        "spot": config.spot,
        "labels": dict(config.labels),
        "taints": sorted(taints, key=_taint_order),
        "tags": sorted(config.tags),
        "metadata": dict(config.metadata),
        "service_account": config.service_account,
        "oauth_scopes": sorted(config.oauth_scopes),
        "max_pods_per_node": pool.max_pods_constraint.max_pods_per_node,
        "enable_private_nodes": network.enable_private_nodes,
        "pod_range": network.pod_range,
        NETWORKS: _node_networks(node_networks, place),
        PODS: _pod_networks(pod_networks, own, place),
        "management": {"auto_repair": pool.management.auto_repair, "auto_upgrade": pool.management.auto_upgrade},
        "upgrade_settings": {
            "max_surge": upgrades.max_surge,
            "max_unavailable": upgrades.max_unavailable,
            "strategy": upgrades.strategy.name,
        },
    }


def own_subnetwork(pool: Any | None, cluster: Any | None, place: Place) -> Subnetwork | None:
    """Return the subnetwork of the nodes' first interface: the pool's own or the cluster's; None if nothing tells."""
    if pool is not None and pool.network_config.subnetwork:
        return place.subnetwork(pool.network_config.subnetwork)
    return None if cluster is None else place.subnetwork_of(cluster)


def _autoscaling(scaling: Any) -> State:
    """Return container_v1.NodePoolAutoscaling; limits count in each zone or in the whole pool, never both."""
    if not scaling.enabled:
        return {"enabled": False}
    if scaling.total_max_node_count:
        limits = {"total_min": scaling.total_min_node_count, "total_max": scaling.total_max_node_count}
    else:
        limits = {"min": scaling.min_node_count, "max": scaling.max_node_count}
    return {"enabled": True, **limits, "location_policy": scaling.location_policy.name}


def _asked(key: str, have: Any, want: Any) -> Any:
    """Return the part of a setting that was asked for: not what others set, nor what Google fills in."""
    if isinstance(want, dict):
        return {name: value for name, value in have.items() if name in want}
    if key == "taints":
        declared = {taint["key"] for taint in want}
        return [taint for taint in have if taint["key"] in declared or taint["key"] not in GKES_TAINTS]
    if key == "oauth_scopes":
        return [scope for scope in have if scope in want or scope not in GKES_SCOPES]
    if key == PODS:
        asked = [_identity_of(each) for each in want if "max_pods_per_node" in each]
        return [each if _identity_of(each) in asked else _without_pods(each) for each in have]
    return have


def _merged(key: str, have: Any, want: Any) -> Any:
    """Return a setting as it is to be: with what of it was not asked for."""
    if key == "taints":
        declared = {taint["key"] for taint in want}
        kept = [each for each in have if each["key"] in GKES_TAINTS and each["key"] not in declared]
        return sorted([*kept, *want], key=_taint_order)
    if key == "autoscaling":
        return _limited(have, want)
    return {**have, **want} if isinstance(want, dict) else want


def _limited(have: State, want: State) -> State:
    """Return autoscaling as it is to be: limits in each zone or in the whole pool, never both."""
    if not want["enabled"]:
        return want
    other = PER_ZONE if any(key in TOTAL for key in want) else TOTAL
    return {**{key: value for key, value in have.items() if key not in other}, **want}


def _taint_order(taint: dict[str, str]) -> tuple[str, str, str]:
    return taint["key"], taint["value"], taint["effect"]


def _node_networks(networks: list[dict[str, Any]], place: Place) -> list[dict[str, str]]:
    """Return node networks in one spelling; their order is that of the interfaces."""
    return [
        {
            "network": place.spell(place.network(each["network"])),
            "subnetwork": place.spell(place.subnetwork(each["subnetwork"])),
        }
        for each in networks
    ]


def _pod_networks(networks: list[dict[str, Any]], own: Subnetwork | None, place: Place) -> list[dict[str, Any]]:
    """Return pod networks in one spelling; the nodes' own subnetwork where none is named."""
    spelled = []
    for each in networks:
        subnetwork = place.subnetwork(each["subnetwork"]) if each["subnetwork"] else own
        spelled.append(given({**each, "subnetwork": subnetwork and place.spell(subnetwork)}))
    return spelled


def _identity_of(pod_network: dict[str, Any]) -> tuple[str, str]:
    return pod_network.get("subnetwork", ""), pod_network["secondary_range"]


def _place_in(places: list[tuple[str, str]], identity: tuple[str, str]) -> int:
    """Return where a pod network stands among the declared ones; their order means nothing to Google."""
    return places.index(identity) if identity in places else len(places)


def _without_pods(network: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in network.items() if key != "max_pods_per_node"}
