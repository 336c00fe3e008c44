# SPDX-License-Identifier: Apache-2.0
"""nodePools: list, get, create, update, setSize, setManagement, setAutoscaling, rollback, delete."""

from __future__ import annotations

from gkelab.cloud import protojson
from gkelab.cloud.cloud import Call
from gkelab.cloud.container import sizing, versions, views
from gkelab.cloud.container.cluster_network import claim_for_pool
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.container.pool_checks import NodeNetwork, check_pool, max_pods_of, zones_for
from gkelab.cloud.container.pool_defaults import pool_body
from gkelab.cloud.container.pool_updates import ADDRESS, apply_changes, check_changes, recreates
from gkelab.cloud.container.store import Store, check_etag, check_something
from gkelab.cloud.errors import ApiError, Json
from gkelab.cloud.state import Cluster, NodePool


class Pools:
    """The node pools of all clusters."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list_all(self, call: Call) -> Json:
        """Answer the pools of a cluster."""
        ref = self._store.ref(call)
        cluster = self._store.cluster(ref)
        pools = [views.pool_json(ref, cluster, pool, call.version) for pool in cluster.pools.values()]
        return views.answer(call, "ListNodePoolsResponse", {"nodePools": pools})

    def get(self, call: Call) -> Json:
        """Answer one pool."""
        ref, cluster, pool = self._found(call)
        return views.answer(call, "NodePool", views.pool_json(ref, cluster, pool, call.version))

    def create(self, call: Call) -> Json:
        """Start to make a pool and its nodes."""
        ref = self._store.ref(call)
        asked = protojson.parse(call.body, views.message(call, "CreateNodePoolRequest")).get("nodePool", {})
        cluster = self._store.cluster(ref)
        if asked.get("name") in cluster.pools:
            text = f"Already exists: {ref.path}/nodePools/{asked['name']}."
            raise ApiError(409, "alreadyExists", text)
        networks = check_pool(self._store.cloud, ref.project, cluster, asked)
        version = versions.resolve_of_nodes(asked.get("version", ""), cluster.body["currentMasterVersion"])
        count = sizing.wanted_nodes(asked)
        self._store.check_idle(ref)
        pool = add_pool(cluster, asked, networks, version)
        claim_for_pool(self._store.cloud, ref, pool, networks[0])
        exhausted = sizing.plan(self._store.cloud, cluster, pool, networks, count)
        cluster.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            "CREATE_NODE_POOL",
            effect="pool.create",
            pool=asked["name"],
            arguments={"exhausted": exhausted},
            nodes_total=len(pool.nodes),
        )

    def update(self, call: Call) -> Json:
        """Start to change a pool."""
        ref, cluster, pool = self._found(call)
        asked = protojson.parse(call.body, views.message(call, "UpdateNodePoolRequest"))
        check_etag(asked, pool.body)
        changes = {key: value for key, value in asked.items() if key not in ADDRESS}
        check_something(changes)
        if "nodeVersion" in changes:
            present = cluster.body["currentMasterVersion"]
            changes["nodeVersion"] = versions.resolve_of_nodes(changes["nodeVersion"], present)
        check_changes(self._store.cloud, ref.project, cluster, pool, changes)
        zones = changes.pop("locations", None)
        if zones:
            answer = self._resize(call, pool.body.get("initialNodeCount", 0), kind="UPDATE_CLUSTER", zones=zones)
            # Other fields sent with zones are for the nodes to come only (proto documentation).
            apply_changes(pool, changes)
            return answer
        self._store.check_idle(ref)
        cluster.body["status"] = pool.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            "UPGRADE_NODES",
            effect="pool.update",
            pool=pool.body["name"],
            arguments={"changes": changes, "recreate": recreates(changes)},
            nodes_total=len(pool.nodes),
        )

    def set_size(self, call: Call) -> Json:
        """Start to give a pool this many nodes in each of its zones."""
        self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetNodePoolSizeRequest"))
        count = sizing.checked_count(asked.get("nodeCount", 0))
        return self._resize(call, count, kind="SET_NODE_POOL_SIZE")

    def set_management(self, call: Call) -> Json:
        """Start to change a pool's automatic repair and upgrade."""
        return self._set(call, "SetNodePoolManagementRequest", "management", "SET_NODE_POOL_MANAGEMENT")

    def set_autoscaling(self, call: Call) -> Json:
        """Start to change a pool's autoscaling; the lab scales nothing by itself."""
        return self._set(call, "SetNodePoolAutoscalingRequest", "autoscaling", "UPDATE_CLUSTER")

    def rollback(self, call: Call) -> Json:
        """Start to take an upgrade back; what has ended well stays as it is (proto documentation)."""
        ref, cluster, pool = self._found(call)
        protojson.parse(call.body, views.message(call, "RollbackNodePoolUpgradeRequest"))
        self._store.check_idle(ref)
        cluster.body["status"] = pool.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            "UPGRADE_NODES",
            effect="pool.update",
            pool=pool.body["name"],
            arguments={"changes": {}, "recreate": False},
            nodes_total=len(pool.nodes),
        )

    def delete(self, call: Call) -> Json:
        """Start to delete a pool."""
        ref, cluster, pool = self._found(call)
        self._store.check_idle(ref)
        pool.body["status"] = "STOPPING"
        cluster.body["status"] = "RECONCILING"
        return self._store.start(call, ref, "DELETE_NODE_POOL", effect="pool.delete", pool=pool.body["name"])

    def _set(self, call: Call, message: str, field: str, kind: str) -> Json:
        ref, cluster, pool = self._found(call)
        asked = protojson.parse(call.body, views.message(call, message))
        self._store.check_idle(ref)
        cluster.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            kind,
            effect="pool.update",
            pool=pool.body["name"],
            arguments={"changes": {field: asked.get(field, {})}, "recreate": False},
        )

    def _resize(self, call: Call, count: int, *, kind: str, zones: list[str] | None = None) -> Json:
        """Start to give a pool ``count`` nodes in each of ``zones``, its present ones unless given."""
        ref, cluster, pool = self._found(call)
        cloud = self._store.cloud
        size = sizing.Size(pool, zones or list(pool.body["locations"]), count)
        self._store.check_idle(ref)
        surplus, exhausted = sizing.resize(cloud, ref.project, cluster, size)
        cluster.body["status"] = pool.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            kind,
            effect="pool.resize",
            pool=pool.body["name"],
            arguments={"count": count, "surplus": surplus, "exhausted": exhausted},
            nodes_total=size.nodes if kind == "SET_NODE_POOL_SIZE" else None,
        )

    def _found(self, call: Call) -> tuple[ClusterRef, Cluster, NodePool]:
        ref = self._store.ref(call)
        cluster = self._store.cluster(ref)
        return ref, cluster, self._store.pool(cluster, call.params["pool"])


def add_pool(cluster: Cluster, asked: Json, networks: list[NodeNetwork], version: str) -> NodePool:
    """Add a pool without nodes to a cluster."""
    max_pods = max_pods_of(
        asked.get("maxPodsConstraint", {}), int(cluster.body["defaultMaxPodsConstraint"]["maxPodsPerNode"])
    )
    first = networks[0]
    if cluster.body["networkConfig"].get("defaultEnablePrivateNodes"):
        asked["networkConfig"] = {"enablePrivateNodes": True} | asked.get("networkConfig", {})
    body = pool_body(
        asked,
        version=version,
        zones=zones_for(asked, cluster.body),
        max_pods=max_pods,
        subnetwork=first.subnetwork.path,
        pod_range=first.pod_ranges[0].name,
        pod_cidr=first.pod_ranges[0].cidr,
    )
    pool = NodePool(body)
    cluster.pools[asked["name"]] = pool
    return pool
