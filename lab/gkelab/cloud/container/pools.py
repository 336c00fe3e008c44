# SPDX-License-Identifier: Apache-2.0
"""nodePools: list, get, create, update, setSize, setManagement, setAutoscaling, delete."""

from __future__ import annotations

from gkelab.cloud import protojson
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container import planning, versions, views
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.container.pool_checks import NodeNetwork, check_pool, check_room, check_taints, max_pods_of, zones_for
from gkelab.cloud.container.pool_defaults import pool_body
from gkelab.cloud.container.pool_updates import ADDRESS, RECREATING
from gkelab.cloud.container.store import Store, check_etag, check_something
from gkelab.cloud.errors import ApiError, Json, bad_request
from gkelab.cloud.operations import OperationError
from gkelab.cloud.state import Cluster, NodePool

_MOST_NODES = 1000  # per zone and pool; GKE's documented limit


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
        version = versions.resolve(
            asked.get("version", ""), otherwise=cluster.body["currentMasterVersion"], noun="Node"
        )
        count = wanted_nodes(asked)
        check_room(self._store.cloud, networks, count * len(zones_for(asked, cluster.body)))
        self._store.check_idle(ref)
        pool = add_pool(cluster, asked, networks, version)
        exhausted = plan(self._store.cloud, cluster, pool, networks, count)
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
        check_taints(changes.get("taints", {}).get("taints", ()))
        if "nodeVersion" in changes:
            present = cluster.body["currentMasterVersion"]
            changes["nodeVersion"] = versions.resolve(changes["nodeVersion"], otherwise=present, noun="Node")
        if "locations" in changes:
            count = pool.body.get("initialNodeCount", 0)
            return self._resize(call, count, kind="UPDATE_CLUSTER", zones=zones_for(changes, cluster.body))
        self._store.check_idle(ref)
        cluster.body["status"] = pool.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            "UPGRADE_NODES",
            effect="pool.update",
            pool=pool.body["name"],
            arguments={"changes": changes, "recreate": bool(RECREATING & changes.keys())},
            nodes_total=len(pool.nodes),
        )

    def set_size(self, call: Call) -> Json:
        """Start to give a pool this many nodes in each of its zones."""
        self._found(call)
        asked = protojson.parse(call.body, views.message(call, "SetNodePoolSizeRequest"))
        count = asked.get("nodeCount", 0)
        if not 0 <= count <= _MOST_NODES:
            # Invented text: no public source gives it.
            raise bad_request(f"Node count must be between 0 and {_MOST_NODES}, got {count}.")
        return self._resize(call, count, kind="SET_NODE_POOL_SIZE")

    def set_management(self, call: Call) -> Json:
        """Start to change a pool's automatic repair and upgrade."""
        return self._set(call, "SetNodePoolManagementRequest", "management", "SET_NODE_POOL_MANAGEMENT")

    def set_autoscaling(self, call: Call) -> Json:
        """Start to change a pool's autoscaling; the lab scales nothing by itself."""
        return self._set(call, "SetNodePoolAutoscalingRequest", "autoscaling", "UPDATE_CLUSTER")

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
        places = zones or list(pool.body["locations"])
        networks = check_pool(self._store.cloud, ref.project, cluster, pool.body)
        check_room(self._store.cloud, networks, max(0, count * len(places) - len(pool.nodes)))
        self._store.check_idle(ref)
        pool.body["locations"] = places
        surplus = [node.name for node in planning.surplus_nodes(pool, count)]
        exhausted = plan(self._store.cloud, cluster, pool, networks, count)
        cluster.body["status"] = pool.body["status"] = "RECONCILING"
        return self._store.start(
            call,
            ref,
            kind,
            effect="pool.resize",
            pool=pool.body["name"],
            arguments={"count": count, "surplus": surplus, "exhausted": exhausted},
            nodes_total=count * len(places) if kind == "SET_NODE_POOL_SIZE" else None,
        )

    def _found(self, call: Call) -> tuple[ClusterRef, Cluster, NodePool]:
        ref = self._store.ref(call)
        cluster = self._store.cluster(ref)
        return ref, cluster, self._store.pool(cluster, call.params["pool"])


def wanted_nodes(asked: Json) -> int:
    """Return how many nodes per zone a request for a pool asks for."""
    count = int(asked.get("initialNodeCount", 0))
    if not 0 <= count <= _MOST_NODES:
        # Invented text: no public source gives it.
        raise bad_request(f"Node count must be between 0 and {_MOST_NODES}, got {count}.")
    return count


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


def plan(cloud: Cloud, cluster: Cluster, pool: NodePool, networks: list[NodeNetwork], per_zone: int) -> str:
    """Plan a pool's nodes; return what is exhausted, if anything is: the operation will fail with it."""
    try:
        planning.plan_nodes(cloud, cluster, pool, networks, per_zone)
    except OperationError as error:
        return error.message
    return ""
