# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to know of clusters, in the words of gke_multinet_cluster's options; never client keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...gke_rules import region_of
from ..clients import Google
from ..nodepool import pool_state
from ..nodes import conditions_of, status_of
from ..references import Place
from ..vpc.range_users import RangeUser, range_users
from . import cluster_endpoints, cluster_state

EVERYWHERE = "-"  # in place of a location
POOL_SETTINGS = (
    "version",
    "node_count",
    "autoscaling",
    "node_locations",
    "machine_type",
    "max_pods_per_node",
    "additional_node_networks",
    "additional_pod_networks",
)


def report(google: Google, name: str | None, location: str | None, warn: Callable[[str], None]) -> dict[str, Any]:
    """Return one cluster, or all of a location or of the project; one request.

    :param name: None for all.
    :param location: zone or region; None for all.
    :param warn: called if Google could not look everywhere.
    """
    if name and location:
        cluster = google.find_cluster(location, name)
        found = [cluster] if cluster is not None else []
    else:
        found = [each for each in _list(google, location or EVERYWHERE, warn) if name in (None, each.name)]
    found.sort(key=lambda cluster: (cluster.location, cluster.name))
    return {"changed": False, "clusters": [summary(cluster, google.project) for cluster in found]}


def summary(cluster: Any, project: str) -> dict[str, Any]:
    """Return a cluster (container_v1.Cluster) as the module returns it."""
    place = Place(project, region_of(cluster.location))
    return {
        "name": cluster.name,
        "location": cluster.location,
        **cluster_state.nested(cluster_state.as_is(cluster, place)),
        "status": status_of(cluster),
        "conditions": conditions_of(cluster),
        "endpoint": cluster_endpoints.address(cluster, None),
        "endpoints": cluster_endpoints.open_endpoints(cluster),
        "ca_data": cluster_endpoints.authority(cluster, None),
        "node_pools": [_pool(pool, cluster, place) for pool in cluster.node_pools],
        "ranges": [_range(user) for user in sorted(range_users([cluster], project), key=_order)],
    }


def _list(google: Google, location: str, warn: Callable[[str], None]) -> list[Any]:
    parent = f"projects/{google.project}/locations/{location}"
    answer = google.read(
        f"list the clusters of project {google.project}", google.container.list_clusters, {"parent": parent}
    )
    if answer.missing_zones:
        warn(f"Google could not look everywhere; clusters may be missing of {', '.join(answer.missing_zones)}")
    return list(answer.clusters)


def _pool(pool: Any, cluster: Any, place: Place) -> dict[str, Any]:
    settings = pool_state.as_is(pool, pool_state.own_subnetwork(pool, cluster, place), place)
    return {
        "name": pool.name,
        "status": status_of(pool),
        "conditions": conditions_of(pool),
        **{key: settings[key] for key in POOL_SETTINGS},
    }


def _range(user: RangeUser) -> dict[str, Any]:
    return {
        "subnetwork": user.subnetwork.path,
        "range": user.range or None,
        "use": user.use,
        "node_pool": user.node_pool or None,
    }


def _order(user: RangeUser) -> tuple[str, str, str, str]:
    return user.subnetwork.path, user.range, user.use, user.node_pool
