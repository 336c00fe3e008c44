# SPDX-License-Identifier: Apache-2.0
"""UpdateCluster: what is refused, and what an update changes beyond the field of its name."""

from __future__ import annotations

from gkelab.cloud import invented
from gkelab.cloud.container import endpoints, update_fields, versions
from gkelab.cloud.container.cluster_defaults import (
    CONTROL_PLANE_METRICS,
    DEFAULT_LOGGING,
    DEFAULT_MONITORING,
    autoscaling_of_cluster,
    components,
    enterprise_config,
)
from gkelab.cloud.container.pool_updates import apply_changes
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.geography import check_zones
from gkelab.cloud.state import Cluster

# Fields that change a node pool, the one that desiredNodePoolId names or the only one, and what they are of a pool.
OF_POOLS = {
    "desiredNodePoolAutoscaling": "autoscaling",
    "desiredNodeVersion": "nodeVersion",
    "desiredImageType": "imageType",
    "desiredImage": "image",
    "desiredImageProject": "imageProject",
}
# "At most one field can be provided" (proto documentation), but these go together: gcloud and Terraform send them so.
_TOGETHER = (
    {*OF_POOLS, "desiredNodePoolId"},
    {"desiredLoggingService", "desiredMonitoringService", "desiredLoggingConfig", "desiredMonitoringConfig"},
    {"additionalPodRangesConfig", "removedAdditionalPodRangesConfig"},
)


def check_update(cluster: Cluster, update: Json) -> None:
    """Refuse an update that GKE would refuse; resolve version aliases in place."""
    _check_family(update)
    _check_versions(cluster, update)
    _check_pool(cluster, update)
    if "desiredDatapathProvider" in update and not _keeps_datapath(cluster, update["desiredDatapathProvider"]):
        raise bad_request(invented.DATAPATH)
    if update.get("desiredEnableMultiNetworking"):
        check_multi_networking(cluster.body, cluster.body["currentMasterVersion"])
    elif "desiredEnableMultiNetworking" in update:
        _check_no_pod_networks(cluster)
    check_zones(update.get("desiredLocations", ()), cluster.body["location"])


def check_multi_networking(cluster: Json, version: str) -> None:
    """Refuse multi-networking where it cannot be: it needs Dataplane V2, IPv4 alone, and GKE 1.28 (documented)."""
    if cluster.get("ipAllocationPolicy", {}).get("stackType") == "IPV4_IPV6":
        raise bad_request(invented.MULTI_NETWORKING_DUAL_STACK)
    if cluster.get("ipAllocationPolicy", {}).get("useRoutes"):
        raise bad_request(invented.MULTI_NETWORKING_ROUTES)
    if cluster["networkConfig"].get("datapathProvider") != "ADVANCED_DATAPATH":
        raise bad_request(invented.MULTI_NETWORKING_DATAPATH)
    if not versions.carries_multi_networking(version):
        raise bad_request(invented.MULTI_NETWORKING_VERSION.format(version=version))


def apply_update(cluster: Cluster, update: Json) -> None:
    """Change a cluster's body, and its pools', as an update asks."""
    body = cluster.body
    _apply_to_pool(cluster, update)
    for desired, value in update.items():
        if desired in OF_POOLS or desired == "desiredNodePoolId":
            continue
        if desired in endpoints.UPDATES:
            endpoints.update(body, desired, value)
        elif desired == "desiredAdditionalIpRangesConfig":
            body["ipAllocationPolicy"]["additionalIpRangesConfigs"] = value.get("additionalIpRangesConfigs", [])
        elif desired in ("additionalPodRangesConfig", "removedAdditionalPodRangesConfig"):
            _apply_pod_ranges(body["ipAllocationPolicy"], desired, value)
        elif desired in ("desiredLoggingService", "desiredMonitoringService"):
            _apply_service(body, desired, value)
        else:
            update_fields.put(body, desired, value)
            _follow(body, desired)


def _check_family(update: Json) -> None:
    for family in _TOGETHER:
        if update.keys() <= family:
            return
    if len(update) > 1:
        raise bad_request(invented.ONE_FIELD.format(fields=", ".join(sorted(update))))


def _check_versions(cluster: Cluster, update: Json) -> None:
    present = cluster.body["currentMasterVersion"]
    if "desiredMasterVersion" in update:
        update["desiredMasterVersion"] = versions.resolve(update["desiredMasterVersion"])
        versions.check_upgrade(present, update["desiredMasterVersion"])
    if "desiredNodeVersion" in update:
        update["desiredNodeVersion"] = versions.resolve_of_nodes(update["desiredNodeVersion"], present)


def _check_pool(cluster: Cluster, update: Json) -> None:
    if not OF_POOLS.keys() & update.keys():
        return
    if "desiredNodePoolId" not in update and len(cluster.pools) == 1:
        update["desiredNodePoolId"] = next(iter(cluster.pools))
    name = update.get("desiredNodePoolId", "")
    if name not in cluster.pools:
        raise bad_request(invented.POOL_NOT_FOUND.format(pool=name))


def _keeps_datapath(cluster: Cluster, wanted: str) -> bool:
    return bool(wanted == cluster.body["networkConfig"].get("datapathProvider", "LEGACY_DATAPATH"))


def _check_no_pod_networks(cluster: Cluster) -> None:
    for pool in cluster.pools.values():
        if pool.body["networkConfig"].get("additionalPodNetworkConfigs"):
            raise bad_request(invented.MULTI_NETWORKING_IN_USE.format(pool=pool.body["name"]))


def _apply_to_pool(cluster: Cluster, update: Json) -> None:
    pool = cluster.pools.get(update.get("desiredNodePoolId", ""))
    if pool is not None:
        apply_changes(pool, {field: update[desired] for desired, field in OF_POOLS.items() if desired in update})


def _apply_pod_ranges(policy: Json, desired: str, value: Json) -> None:
    """Add secondary ranges to those of the default Pod network, or take some away."""
    held = policy.get("additionalPodRangesConfig", {}).get("podRangeNames", [])
    named = value.get("podRangeNames", [])
    names = [name for name in held if name not in named]
    if desired == "additionalPodRangesConfig":
        names += named
    policy["additionalPodRangesConfig"] = {"podRangeNames": names}


def _apply_service(body: Json, desired: str, value: str) -> None:
    """Switch logging or monitoring off ("none") or on, and their components with it (recorded of both)."""
    if desired == "desiredLoggingService":
        body["loggingService"] = value
        body["loggingConfig"] = components(() if value == "none" else DEFAULT_LOGGING)
        body["clusterTelemetry"] = {"type": "DISABLED" if value == "none" else "ENABLED"}
        return
    body["monitoringService"] = value
    enabled = body["monitoringConfig"]["componentConfig"].get("enableComponents", ())
    # Recorded: with APISERVER enabled before, "none" leaves all metrics of the control plane. Without: not recorded.
    kept = CONTROL_PLANE_METRICS if set(CONTROL_PLANE_METRICS) & set(enabled) else ()
    body["monitoringConfig"] |= components(kept if value == "none" else DEFAULT_MONITORING)


def _follow(body: Json, desired: str) -> None:
    """Bring what depends on an updated field in line with it."""
    if desired == "desiredClusterAutoscaling":
        body["autoscaling"] = autoscaling_of_cluster(body["autoscaling"])
    elif desired == "desiredDatabaseEncryption":
        state = body["databaseEncryption"].setdefault("state", "DECRYPTED")
        body["databaseEncryption"]["currentState"] = f"CURRENT_STATE_{state}"
    elif desired == "desiredEnterpriseConfig":
        body["enterpriseConfig"] = enterprise_config(body["enterpriseConfig"])
    elif desired == "desiredDefaultEnablePrivateNodes":
        body["privateClusterConfig"]["enablePrivateNodes"] = body["networkConfig"]["defaultEnablePrivateNodes"]
