# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in the words of the module's options, and in those of container_v1.

Inside, the options of a group have names with a dot ("private.nodes"): each is compared, and set, by itself.
"""

from __future__ import annotations

from typing import Any

from ...gke_rules import version_is_older
from ...reconcile import State
from ..nodes import DEFAULT_POOL, MANAGEMENT, OAUTH_SCOPES, default_pool, given
from ..references import Place
from .cluster_endpoints import has_addresses, has_dns, has_public
from .cluster_options import Desired

POOL_STATE = "default_pool.state"
IMMUTABLE = (
    "description",
    "network",
    "subnetwork",
    "pods_range",
    "pods_cidr",
    "services_range",
    "services_cidr",
    "dataplane_v2",
    "default_max_pods_per_node",
    "private.master_cidr",
)


def managed(desired: Desired, place: Place) -> State:
    """Return the options that are compared, in the order in which they are set.

    The channel decides which versions there are, and the version what the cluster can do. A client is let in before
    another way in is closed, and the addresses that are let in are known before the public one is opened.
    """
    network, subnetwork = desired.network, desired.subnetwork
    return given(
        {
            "release_channel": desired.release_channel,
            "version": desired.version,
            "authorized_networks": _sorted_networks(desired.authorized_networks),
            "dns_endpoint": desired.dns_endpoint,
            "private.endpoint": desired.private.get("endpoint"),
            "private.nodes": desired.private.get("nodes"),
            "node_locations": desired.node_locations and sorted(set(desired.node_locations)),
            "workload_pool": desired.workload_pool,
            "multi_networking": desired.multi_networking,
            "labels": desired.labels,
            POOL_STATE: None if desired.keeps_default_pool else "absent",
            "description": desired.description,
            "network": network and place.spell(place.network(network)),
            "subnetwork": subnetwork and place.spell(place.subnetwork(subnetwork)),
            "pods_range": desired.pods_range,
            "pods_cidr": desired.pods_cidr,
            "services_range": desired.services_range,
            "services_cidr": desired.services_cidr,
            "dataplane_v2": desired.dataplane_v2,
            "default_max_pods_per_node": desired.default_max_pods_per_node,
            "private.master_cidr": desired.private.get("master_cidr"),
        }
    )


def as_is(cluster: Any, place: Place) -> State:
    """Return all options as they are.

    :param cluster: container_v1.Cluster.
    """
    network, policy = cluster.network_config, cluster.ip_allocation_policy
    return {
        "release_channel": cluster.release_channel.channel.name,
        "version": cluster.current_master_version,
        "authorized_networks": _authorized(cluster),
        "dns_endpoint": has_dns(cluster),
        "private.endpoint": not has_public(cluster),
        "private.nodes": _private_nodes(cluster),
        "node_locations": sorted(cluster.locations),
        "workload_pool": cluster.workload_identity_config.workload_pool,
        "multi_networking": network.enable_multi_networking,
        "labels": dict(cluster.resource_labels),
        POOL_STATE: "present" if default_pool(cluster) else "absent",
        "description": cluster.description,
        "network": place.spell(place.network_of(cluster)),
        "subnetwork": place.spell(place.subnetwork_of(cluster)),
        "pods_range": policy.cluster_secondary_range_name,
        "pods_cidr": policy.cluster_ipv4_cidr_block,
        "services_range": policy.services_secondary_range_name,
        "services_cidr": policy.services_ipv4_cidr_block,
        "dataplane_v2": network.datapath_provider.name == "ADVANCED_DATAPATH",
        "default_max_pods_per_node": cluster.default_max_pods_constraint.max_pods_per_node,
        "private.master_cidr": cluster.private_cluster_config.master_ipv4_cidr_block,
    }


def compared(desired: Desired, cluster: Any, place: Place) -> tuple[State, State]:
    """Return what is managed, as it is and as it is to be; what is satisfied is the same in both."""
    want, have = managed(desired, place), as_is(cluster, place)
    have = {key: have[key] for key in want}
    if "labels" in want:
        have["labels"] = {key: value for key, value in have["labels"].items() if key in want["labels"]}
    if "version" in want and not version_is_older(have["version"], want["version"]):
        want["version"] = have["version"]
    if have.get("authorized_networks"):
        want["authorized_networks"] = _named_as(have["authorized_networks"], want["authorized_networks"])
    return have, want


def nested(options: State) -> State:
    """Return options with those of a group under the group's name, as the module takes them."""
    state: State = {}
    for key, value in options.items():
        group, _dot, name = key.rpartition(".")
        if group:
            state.setdefault(group, {})[name] = value
        else:
            state[name] = value
    return state


def new_state(desired: Desired, place: Place) -> State:
    """Return the state of a cluster that is made; how its default pool is made is a part of it."""
    pool = {"default_pool": desired.default_pool} if desired.default_pool else {}
    return {**nested(managed(desired, place)), **pool}


def new_cluster(desired: Desired, place: Place) -> dict[str, Any]:
    """Return the fields of container_v1.Cluster, as gcloud sends them."""
    want = managed(desired, place)
    max_pods = desired.default_max_pods_per_node
    node_config = {"oauth_scopes": OAUTH_SCOPES, "machine_type": desired.default_pool.get("machine_type")}
    master_cidr = want.get("private.master_cidr")
    fields = {
        "name": desired.name,
        "description": desired.description,
        "initial_cluster_version": desired.version,
        "release_channel": {"channel": desired.release_channel} if desired.release_channel else None,
        "network": want.get("network"),
        "subnetwork": want.get("subnetwork"),
        "locations": want.get("node_locations"),
        "ip_allocation_policy": given(
            {
                "use_ip_aliases": True,
                "cluster_secondary_range_name": desired.pods_range,
                "cluster_ipv4_cidr_block": desired.pods_cidr,
                "services_secondary_range_name": desired.services_range,
                "services_ipv4_cidr_block": desired.services_cidr,
            }
        ),
        "network_config": given(
            {
                "datapath_provider": "ADVANCED_DATAPATH" if desired.dataplane_v2 else None,
                "enable_multi_networking": desired.multi_networking,
                "default_enable_private_nodes": want.get("private.nodes"),
            }
        ),
        "private_cluster_config": {"enable_private_nodes": True, "master_ipv4_cidr_block": master_cidr}
        if master_cidr
        else None,
        "control_plane_endpoints_config": _endpoints(want) or None,
        "default_max_pods_constraint": {"max_pods_per_node": max_pods} if max_pods else None,
        "resource_labels": desired.labels,
        "workload_identity_config": {"workload_pool": desired.workload_pool} if desired.workload_pool else None,
        "node_pools": [
            {
                "name": DEFAULT_POOL,
                "initial_node_count": desired.initial_count,
                "config": given(node_config),
                "management": MANAGEMENT,
            }
        ],
    }
    return given(fields)


def update(key: str, value: Any, cluster: Any) -> tuple[str, dict[str, Any]]:
    """Return the method that sets one option of a cluster, and its request without the cluster's path.

    :param cluster: as it is: labels that nobody asked for are sent as they are, since the API replaces them all.
    """
    if key == "labels":
        labels = {**cluster.resource_labels, **value}
        return "set_labels", {"resource_labels": labels, "label_fingerprint": cluster.label_fingerprint}
    fields = _cluster_update(key, value)
    if key == "private.endpoint" and not value and not has_addresses(cluster):
        # A public address is of no use as long as none at all lets clients in.
        fields["desired_control_plane_endpoints_config"]["ip_endpoints_config"]["enabled"] = True
    return "update_cluster", {"update": fields}


def _cluster_update(key: str, value: Any) -> dict[str, Any]:
    """Return the fields of container_v1.ClusterUpdate that set one option; there is one field per update."""
    if key in ("authorized_networks", "dns_endpoint", "private.endpoint"):
        return {"desired_control_plane_endpoints_config": _endpoints({key: value})}
    updates = {
        "release_channel": {"desired_release_channel": {"channel": value}},
        "version": {"desired_master_version": value},
        "private.nodes": {"desired_default_enable_private_nodes": value},
        "node_locations": {"desired_locations": value},
        "workload_pool": {"desired_workload_identity_config": {"workload_pool": value}},
        "multi_networking": {"desired_enable_multi_networking": value},
    }
    return updates[key]


def _endpoints(want: State) -> dict[str, Any]:
    """Return the fields of container_v1.ControlPlaneEndpointsConfig that options are about, and no others."""
    networks = want.get("authorized_networks")
    blocks = [given({"cidr_block": each["cidr"], "display_name": each.get("name")}) for each in networks or []]
    addresses = given(
        {
            "authorized_networks_config": None if networks is None else {"enabled": True, "cidr_blocks": blocks},
            "enable_public_endpoint": not want["private.endpoint"] if "private.endpoint" in want else None,
        }
    )
    name = given({"allow_external_traffic": want.get("dns_endpoint")})
    groups = {"dns_endpoint_config": name, "ip_endpoints_config": addresses}
    return {group: fields for group, fields in groups.items() if fields}


def _authorized(cluster: Any) -> list[dict[str, str]] | None:
    """Return the networks that are let in; None if all are."""
    addresses = cluster.control_plane_endpoints_config.ip_endpoints_config
    config = addresses.authorized_networks_config
    if "authorized_networks_config" not in addresses:
        config = cluster.master_authorized_networks_config
    if not config.enabled:
        return None
    blocks = [{"cidr": each.cidr_block, "name": each.display_name or None} for each in config.cidr_blocks]
    return _sorted_networks([given(each) for each in blocks])


def _sorted_networks(networks: list[dict[str, str]] | None) -> list[dict[str, str]] | None:
    return networks and sorted(networks, key=lambda network: network["cidr"])


def _named_as(have: list[dict[str, str]], want: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return networks with the names that they have where none is wanted: the API replaces the whole list."""
    present = {each["cidr"]: each for each in have}
    return [{**present.get(each["cidr"], {}), **each} for each in want]


def _private_nodes(cluster: Any) -> bool:
    """Tell whether new nodes have private addresses only; the older field is not kept up to date by updates."""
    network = cluster.network_config
    if "default_enable_private_nodes" in network:
        return bool(network.default_enable_private_nodes)
    return bool(cluster.private_cluster_config.enable_private_nodes)
