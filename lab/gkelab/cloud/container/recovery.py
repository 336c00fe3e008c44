# SPDX-License-Identifier: Apache-2.0
"""Bringing back what should run and does not: after a restart of the cloud, or when the lab is asked to repair itself.

What cannot be brought back is marked and tried again the next time; it keeps nothing else from running.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container import planning, views
from gkelab.cloud.references import NetworkRef
from gkelab.cloud.state import Cluster, NodePool
from gkelab.engine import EngineError

LOG = logging.getLogger(__name__)
INTERNAL = 13  # google.rpc.Code
HOLDER = "lab-repair"  # in the place of an operation's name
AT_ONCE = 4  # control planes that start side by side


@dataclass
class Recovery:
    """What runs again, and what does not."""

    clusters: int = 0
    nodes: int = 0
    problems: list[str] = field(default_factory=list)


async def recover(cloud: Cloud) -> Recovery:
    """Start what should run and does not; what an operation is making or removing is the operation's affair.

    Until all of it is done no new operation begins on these clusters.
    """
    concerned = [
        (key, cluster)
        for key, cluster in cloud.clusters()
        if cluster.started and (cluster.body["status"] in ("RUNNING", "RECONCILING") or _is_lost(cluster))
    ]
    result = Recovery()
    turn = asyncio.Semaphore(AT_ONCE)

    async def start(key: str, cluster: Cluster) -> bool:
        async with turn:
            return await _cluster_runs(cloud, key, cluster, result)

    with contextlib.ExitStack() as stack:
        for key, _ in concerned:
            stack.enter_context(cloud.operations.held(f"cluster {key}", HOLDER))
        started = await asyncio.gather(*(start(key, cluster) for key, cluster in concerned))
        for (key, cluster), runs in zip(concerned, started, strict=True):
            for pool in cluster.pools.values() if runs else ():
                if pool.body["status"] == "RUNNING" or _is_lost(pool):
                    await _pool_runs(cloud, key, pool, result)
    if concerned:
        cloud.save()
    return result


async def _cluster_runs(cloud: Cloud, key: str, cluster: Cluster, result: Recovery) -> bool:
    try:
        await cloud.sync_network(NetworkRef.of_key(cluster.network))
        await asyncio.to_thread(cloud.engine.start_cluster, planning.cluster_spec(key, cluster))
    except EngineError as error:
        _lose(cluster, key, error, result)
        return False
    _find(cluster)
    result.clusters += 1
    return True


async def _pool_runs(cloud: Cloud, key: str, pool: NodePool, result: Recovery) -> None:
    try:
        for network in sorted({nic.network for node in pool.nodes for nic in node.nics}):
            await cloud.sync_network(NetworkRef.of_key(network))
        await asyncio.to_thread(cloud.engine.start_nodes, planning.node_specs(key, pool))
    except EngineError as error:
        _lose(pool, f"{key}, node pool {pool.body['name']}", error, result)
        return
    _find(pool)
    result.nodes += len(pool.nodes)


def _is_lost(holder: Cluster | NodePool) -> bool:
    return holder.lost and holder.body["status"] == "ERROR"


def _lose(holder: Cluster | NodePool, name: str, error: EngineError, result: Recovery) -> None:
    LOG.error("%s is lost: %s", name, error)
    result.problems.append(str(error))
    views.mark_failed(holder.body, str(error), INTERNAL)
    holder.lost = True


def _find(holder: Cluster | NodePool) -> None:
    if _is_lost(holder):
        views.mark_running(holder.body)
    holder.lost = False
