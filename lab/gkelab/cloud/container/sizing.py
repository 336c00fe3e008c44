# SPDX-License-Identifier: Apache-2.0
"""How many nodes a pool has, and in which zones."""

from __future__ import annotations

from dataclasses import dataclass

from gkelab.cloud import invented
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container import planning
from gkelab.cloud.container.pool_checks import NodeNetwork, check_pool
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.operations import OperationError
from gkelab.cloud.state import Cluster, NodePool

MOST_NODES = 1000  # per zone and pool; GKE's documented limit


@dataclass(frozen=True)
class Size:
    """What a pool is to become: so many nodes in each of these zones."""

    pool: NodePool
    zones: list[str]
    per_zone: int

    @property
    def nodes(self) -> int:
        """How many nodes that is."""
        return self.per_zone * len(self.zones)


def wanted_nodes(asked: Json) -> int:
    """Return how many nodes per zone a request for a pool asks for."""
    return checked_count(int(asked.get("initialNodeCount", 0)))


def checked_count(count: int) -> int:
    """Return a number of nodes that a zone of a pool can have."""
    if not 0 <= count <= MOST_NODES:
        raise bad_request(invented.NODE_COUNT.format(most=MOST_NODES, count=count))
    return count


def resize(cloud: Cloud, project: str, cluster: Cluster, size: Size) -> tuple[list[str], str]:
    """Plan a pool's new nodes; return the names of those to remove, and what is exhausted, if anything is."""
    networks = check_pool(cloud, project, cluster, size.pool.body)
    size.pool.body["locations"] = size.zones
    surplus = [node.name for node in planning.surplus_nodes(size.pool, size.per_zone)]
    return surplus, plan(cloud, cluster, size.pool, networks, size.per_zone)


def plan(cloud: Cloud, cluster: Cluster, pool: NodePool, networks: list[NodeNetwork], per_zone: int) -> str:
    """Plan a pool's nodes; return what is exhausted, if anything is: the operation will fail with it."""
    try:
        planning.plan_nodes(cloud, cluster, pool, networks, per_zone)
    except OperationError as error:
        return error.message
    return ""
