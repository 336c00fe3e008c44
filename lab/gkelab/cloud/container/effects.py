# SPDX-License-Identifier: Apache-2.0
"""What the operations on clusters and node pools do: ask the engine, then change the state."""

from __future__ import annotations

import asyncio
import base64
import time

from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container import cluster_network, endpoints, planning, views
from gkelab.cloud.container.certificates import authority
from gkelab.cloud.container.cluster_updates import apply_update
from gkelab.cloud.container.pool_updates import apply_changes
from gkelab.cloud.container.store import Store, touch
from gkelab.cloud.operations import Effect, OperationError
from gkelab.cloud.references import NetworkRef
from gkelab.cloud.state import Cluster, NodePool, Operation

SETTLING_SECONDS = 60.0  # until GKE's counts are right; recorded only that they lag behind


class Effects:
    """The effects of Container's operations, registered under their names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cloud: Cloud = store.cloud
        for name, effect in {
            "cluster.create": Effect(self._cluster_up, self._create_cluster, self._fail_cluster),
            "cluster.update": Effect(self._update_cluster, None, self._fail_cluster),
            "cluster.relocate": Effect(self._relocated, self._relocate_cluster, self._fail_cluster),
            "cluster.delete": Effect(self._forget_cluster, self._stop_cluster, self._fail_cluster),
            "pool.create": Effect(self._pool_up, self._start_pool, self._fail_pool),
            "pool.resize": Effect(self._pool_resized, self._resize_pool, self._fail_pool),
            "pool.update": Effect(self._pool_up, self._update_pool, self._fail_pool),
            "pool.delete": Effect(self._forget_pool, self._stop_pool, self._fail_pool),
        }.items():
            self._cloud.operations.register(name, effect)

    async def _create_cluster(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        await self._cloud.sync_network(NetworkRef.of_key(cluster.network))
        cluster.started = True
        spec = planning.cluster_spec(ref.key, cluster)
        endpoint = await asyncio.to_thread(self._cloud.engine.start_cluster, spec)
        certificate = endpoint.ca_certificate or authority(cluster.body["id"])
        cluster.body["masterAuth"]["clusterCaCertificate"] = base64.b64encode(certificate.encode()).decode()
        private = cluster.body["privateClusterConfig"]["privateEndpoint"]
        endpoints.addressed(cluster.body, public=endpoint.address, private=private)
        self._cloud.save()
        for pool in cluster.pools.values():
            await self._start_nodes(ref.key, pool)
        self._check_exhausted(operation)

    def _cluster_up(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        self._unsettle(cluster)
        views.mark_running(cluster.body)
        for pool in cluster.pools.values():
            views.mark_running(pool.body)

    def _update_cluster(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        apply_update(cluster, operation.arguments.get("update", {}))
        cluster.body |= operation.arguments.get("fields", {})
        touch(cluster.body, operation.name)
        cluster.body["status"] = "RUNNING"

    async def _relocate_cluster(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        for name, surplus in operation.arguments["surplus"].items():
            await self._replace_nodes(ref.key, cluster.pools[name], surplus)
        self._check_exhausted(operation)

    def _relocated(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        touch(cluster.body, operation.name)
        self._cluster_up(operation)

    async def _stop_cluster(self, operation: Operation) -> None:
        ref, _ = self._store.of_operation(operation)
        await asyncio.to_thread(self._cloud.engine.stop_cluster, ref.key)

    async def _forget_cluster(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        networks = {cluster.network} | {network for pool in cluster.pools.values() for network in _networks(pool)}
        project = self._cloud.project(ref.project)
        cluster_network.release(self._cloud, cluster, leaving=project.leftovers)
        for pool in cluster.pools.values():
            pool.nodes.clear()
        for key in sorted(networks):
            await self._cloud.sync_network(NetworkRef.of_key(key))
        del project.clusters[f"{ref.location}/{ref.name}"]

    async def _start_pool(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        await self._start_nodes(ref.key, cluster.pools[operation.arguments["pool"]])
        self._check_exhausted(operation)

    def _pool_up(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        self._unsettle(cluster)
        views.mark_running(cluster.pools[operation.arguments["pool"]].body)
        cluster.body["status"] = "RUNNING"

    async def _resize_pool(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        await self._replace_nodes(ref.key, cluster.pools[operation.arguments["pool"]], operation.arguments["surplus"])
        self._check_exhausted(operation)

    def _pool_resized(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        body = cluster.pools[operation.arguments["pool"]].body
        body["initialNodeCount"] = operation.arguments["count"]
        touch(body, operation.name)
        self._pool_up(operation)

    async def _update_pool(self, operation: Operation) -> None:
        """Change a pool; GKE makes its nodes anew for some changes, and gives them labels and taints as they run."""
        ref, cluster = self._store.of_operation(operation)
        pool = cluster.pools[operation.arguments["pool"]]
        changes, engine = operation.arguments["changes"], self._cloud.engine
        config = pool.body["config"]
        # Kept with the operation: one that goes on after a restart finds the pool changed already.
        former = operation.arguments.setdefault(
            "former", {"labels": list(config.get("labels", ())), "taints": list(config.get("taints", ()))}
        )
        apply_changes(pool, changes)
        touch(pool.body, operation.name)
        names = [node.name for node in pool.nodes]
        if names and operation.arguments["recreate"]:
            await asyncio.to_thread(engine.stop_nodes, ref.key, names)
        await self._start_nodes(ref.key, pool)
        if names and {"labels", "taints"} & changes.keys() and not operation.arguments["recreate"]:
            specs, taints = planning.node_specs(ref.key, pool), planning.taints_of(former["taints"])
            await asyncio.to_thread(engine.relabel_nodes, specs, former["labels"], taints)

    async def _stop_pool(self, operation: Operation) -> None:
        ref, cluster = self._store.of_operation(operation)
        pool = cluster.pools[operation.arguments["pool"]]
        names = [node.name for node in pool.nodes]
        if names:
            cluster.former_node_count = sum(len(item.nodes) for item in cluster.pools.values())
            await asyncio.to_thread(self._cloud.engine.stop_nodes, ref.key, names)

    async def _forget_pool(self, operation: Operation) -> None:
        _, cluster = self._store.of_operation(operation)
        pool = cluster.pools[operation.arguments["pool"]]
        networks = _networks(pool)
        pool.nodes.clear()
        cluster_network.release_pool(self._cloud, pool)
        for key in networks:
            await self._cloud.sync_network(NetworkRef.of_key(key))
        del cluster.pools[operation.arguments["pool"]]
        self._unsettle(cluster)
        cluster.body["status"] = "RUNNING"

    async def _replace_nodes(self, key: str, pool: NodePool, surplus: list[str]) -> None:
        """Stop the nodes of a pool that are too many, and start those that it lacks."""
        if surplus:
            await asyncio.to_thread(self._cloud.engine.stop_nodes, key, surplus)
            pool.nodes = [node for node in pool.nodes if node.name not in surplus]
        await self._start_nodes(key, pool)

    async def _start_nodes(self, key: str, pool: NodePool) -> None:
        for network in _networks(pool):
            await self._cloud.sync_network(NetworkRef.of_key(network))
        specs = planning.node_specs(key, pool)
        if specs:
            await asyncio.to_thread(self._cloud.engine.start_nodes, specs)

    def _unsettle(self, cluster: Cluster) -> None:
        """What GKE counts (nodes, utilization) follows a change later."""
        cluster.settled = time.time() + SETTLING_SECONDS * self._cloud.time_factor

    def _check_exhausted(self, operation: Operation) -> None:
        """Fail for want of addresses, after the nodes that had some are up."""
        exhausted = operation.arguments.get("exhausted")
        if exhausted:
            raise OperationError("8", exhausted)

    def _fail_cluster(self, operation: Operation, error: OperationError) -> None:
        _, cluster = self._store.of_operation(operation)
        _mark(cluster, error)
        for pool in cluster.pools.values():
            if pool.body["status"] != "RUNNING":
                _mark(pool, error)

    def _fail_pool(self, operation: Operation, error: OperationError) -> None:
        _, cluster = self._store.of_operation(operation)
        _mark(cluster.pools[operation.arguments["pool"]], error)
        cluster.body["status"] = "RUNNING"


def _networks(pool: NodePool) -> list[str]:
    """Return the VPCs that a pool's nodes are in."""
    return sorted({nic.network for node in pool.nodes for nic in node.nics})


def _mark(holder: Cluster | NodePool, error: OperationError) -> None:
    views.mark_failed(holder.body, error.message, int(error.code), error.condition)
