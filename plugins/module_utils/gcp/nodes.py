# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clusters and node pools have in common: how gcloud makes nodes if nobody says otherwise, and their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Refused

DEFAULT_POOL = "default-pool"
MANAGEMENT = {"auto_repair": True, "auto_upgrade": True}
# Without scopes the API gives nodes none for pulling images; gcloud sends these.
OAUTH_SCOPES = [
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
]
UNSETTLED = ("PROVISIONING", "RECONCILING", "STOPPING")  # states that an operation will end


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given: None is neither compared nor sent."""
    return {name: value for name, value in options.items() if value is not None}


def words(value: object) -> str:
    """Return the value of an option as a title says it."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={words(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(words(each) for each in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def default_pool(cluster: Any) -> Any | None:
    """Return the pool that a cluster (container_v1.Cluster) was made with, None if it is gone or going."""
    pool = next((pool for pool in cluster.node_pools if pool.name == DEFAULT_POOL), None)
    return None if status_of(pool) == "STOPPING" else pool


def carries_networks(pool: Any) -> bool:
    """Tell whether a node pool (container_v1.NodePool) has additional networks."""
    config = pool.network_config
    return bool(config.additional_node_network_configs or config.additional_pod_network_configs)


def status_of(resource: Any | None) -> str:
    """Return the status of a cluster or node pool, empty if there is none."""
    return str(resource.status.name) if resource is not None else ""


def conditions_of(resource: Any) -> list[dict[str, str]]:
    """Return what Google reports to be wrong with a cluster or node pool."""
    return [{"code": each.code.name, "message": each.message} for each in resource.conditions]


def refuse_broken(what: str, resource: Any | None) -> None:
    """Refuse to work with a cluster or node pool that Google gave up.

    :raises Refused: with the conditions that Google reports.
    """
    if status_of(resource) == "ERROR":
        raise Refused(
            f"{what} is in state ERROR: {_conditions(resource)}; delete it (state=absent) and create it again"
        )


def refuse_unusable(what: str, resource: Any | None) -> None:
    """Refuse to go on with a cluster or node pool that was waited for and is broken, or there no longer.

    :raises Refused: with what is known of it.
    """
    if resource is None:
        raise Refused(f"{what} is gone: somebody deleted it while it was waited for; run again to create it")
    refuse_broken(what, resource)


def warnings_of(what: str, resource: Any | None) -> list[str]:
    """Return a warning if a cluster or node pool works only partly."""
    status = status_of(resource)
    return [f"{what} is {status}: {_conditions(resource)}"] if status in ("DEGRADED", "RUNNING_WITH_ERROR") else []


def _conditions(resource: Any) -> str:
    words = "; ".join(condition.message for condition in resource.conditions if condition.message)
    return words or resource.status_message or "Google gives no reason"
