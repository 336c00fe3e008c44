# SPDX-License-Identifier: Apache-2.0
"""clusters: update, and the methods that set one thing (setResourceLabels, setMaintenancePolicy and the like)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gkelab.cloud import invented, protojson
from gkelab.cloud.cloud import Call
from gkelab.cloud.container import sizing, views
from gkelab.cloud.container.cluster_defaults import label_fingerprint, maintenance_policy
from gkelab.cloud.container.cluster_updates import OF_POOLS, check_update
from gkelab.cloud.container.label_checks import check_labels
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.container.pool_updates import check_changes
from gkelab.cloud.container.sizing import Size
from gkelab.cloud.container.store import Store, check_etag, check_something
from gkelab.cloud.errors import ApiError, Json
from gkelab.cloud.identity import is_current
from gkelab.cloud.state import Cluster


@dataclass(frozen=True)
class Setter:
    """A method that does what a field of ClusterUpdate does: its request, the request's field, the update's."""

    request: str
    field: str
    desired: str


# method -> what it does; the second name is the one in the older URLs (proto HTTP annotations)
SETTERS = {
    ("setAddons", "addons"): Setter("SetAddonsConfigRequest", "addonsConfig", "desiredAddonsConfig"),
    ("setLocations", "locations"): Setter("SetLocationsRequest", "locations", "desiredLocations"),
    ("setLogging", "logging"): Setter("SetLoggingServiceRequest", "loggingService", "desiredLoggingService"),
    ("setMonitoring", "monitoring"): Setter(
        "SetMonitoringServiceRequest", "monitoringService", "desiredMonitoringService"
    ),
    ("updateMaster", "master"): Setter("UpdateMasterRequest", "masterVersion", "desiredMasterVersion"),
}


class ClusterChanges:
    """Changes of clusters that exist. Every one of them is an UPDATE_CLUSTER but for upgrades (recorded)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def update(self, call: Call) -> Json:
        """Start to change a cluster."""
        ref, cluster = self._found(call)
        update = protojson.parse(call.body, views.message(call, "UpdateClusterRequest")).get("update", {})
        check_etag(update, cluster.body)
        update.pop("etag", None)
        check_something(update)
        return self._update(call, ref, cluster, update)

    def setter(self, method: Setter) -> Callable[[Call], Json]:
        """Return the handler of a method that sets one thing."""

        def handle(call: Call) -> Json:
            ref, cluster = self._found(call)
            asked = protojson.parse(call.body, views.message(call, method.request))
            check_something(asked.get(method.field))
            return self._update(call, ref, cluster, {method.desired: asked[method.field]})

        return handle

    def set_labels(self, call: Call) -> Json:
        """Start to replace a cluster's labels; the fingerprint, if sent, must be current."""
        ref, cluster = self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetLabelsRequest"))
        sent = asked.get("labelFingerprint", "")
        if sent and not is_current(sent, cluster.body["labelFingerprint"]):
            raise ApiError(412, "conditionNotMet", invented.LABEL_FINGERPRINT)
        labels = asked.get("resourceLabels", {})
        check_labels(labels)
        return self._set(call, ref, cluster, {"resourceLabels": labels, "labelFingerprint": label_fingerprint(labels)})

    def set_maintenance_policy(self, call: Call) -> Json:
        """Start to replace a cluster's maintenance policy; an empty one removes it."""
        ref, cluster = self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetMaintenancePolicyRequest"))
        policy = maintenance_policy(asked.get("maintenancePolicy", {}))
        return self._set(call, ref, cluster, {"maintenancePolicy": policy})

    def set_legacy_abac(self, call: Call) -> Json:
        """Start to switch legacy ABAC."""
        ref, cluster = self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetLegacyAbacRequest"))
        enabled = {"enabled": True} if asked.get("enabled") else {}
        return self._set(call, ref, cluster, {"legacyAbac": enabled})

    def set_network_policy(self, call: Call) -> Json:
        """Start to switch the enforcement of network policies."""
        ref, cluster = self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetNetworkPolicyRequest"))
        return self._set(call, ref, cluster, {"networkPolicy": asked.get("networkPolicy", {})})

    def _update(self, call: Call, ref: ClusterRef, cluster: Cluster, update: Json) -> Json:
        check_update(cluster, update)
        if "desiredLocations" in update:
            return self._relocate(call, ref, cluster, update["desiredLocations"])
        self._store.check_idle(ref)
        changes = {field: update[desired] for desired, field in OF_POOLS.items() if desired in update}
        pool = update["desiredNodePoolId"] if changes else ""
        if pool:
            check_changes(self._store.cloud, ref.project, cluster, cluster.pools[pool], changes)
        kind = "UPGRADE_MASTER" if "desiredMasterVersion" in update else "UPDATE_CLUSTER"
        if {"desiredNodeVersion", "desiredImageType"} & update.keys():
            kind = "UPGRADE_NODES"
        cluster.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            kind,
            effect="cluster.update",
            pool=pool,
            arguments={"update": update},
            status="PENDING" if pool else "RUNNING",
            nodes_total=0 if pool else None,
        )

    def _set(self, call: Call, ref: ClusterRef, cluster: Cluster, fields: Json) -> Json:
        self._store.check_idle(ref)
        cluster.body["status"] = "RECONCILING"
        return self._store.start(
            call, ref, "UPDATE_CLUSTER", effect="cluster.update", arguments={"fields": fields}, status="RUNNING"
        )

    def _relocate(self, call: Call, ref: ClusterRef, cluster: Cluster, zones: list[str]) -> Json:
        """Start to give all pools of a cluster, and those to come, these zones (proto: desired_locations)."""
        cloud = self._store.cloud
        sizes = [Size(pool, zones, pool.body.get("initialNodeCount", 0)) for pool in cluster.pools.values()]
        self._store.check_idle(ref)
        cluster.body["status"] = "RECONCILING"
        cluster.body["locations"] = zones
        surplus, exhausted = {}, ""
        for size in sizes:
            names, missing = sizing.resize(cloud, ref.project, cluster, size)
            surplus[size.pool.body["name"]] = names
            exhausted = missing or exhausted
        arguments = {"surplus": surplus, "exhausted": exhausted}
        return self._store.start(
            call, ref, "UPDATE_CLUSTER", effect="cluster.relocate", arguments=arguments, status="RUNNING"
        )

    def _found(self, call: Call) -> tuple[ClusterRef, Cluster]:
        ref = self._store.ref(call)
        return ref, self._store.cluster(ref)
