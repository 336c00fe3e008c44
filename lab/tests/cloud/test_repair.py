# SPDX-License-Identifier: Apache-2.0
"""A running cloud brings back what has died, and leaves alone what its operations are at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gkelab.engine import ApiEngine, ClusterSpec, EngineError, FirewallRule, NodeSpec

from .conftest import Lab
from .test_container import CLUSTER, POOL, ZONE, cluster, pool, with_vpc


class Recovering(ApiEngine):
    """Remembers what it was asked to bring back."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[str]]] = []
        self.broken = ""

    def recover(
        self, clusters: Sequence[ClusterSpec], nodes: Sequence[NodeSpec], networks: Mapping[str, Sequence[FirewallRule]]
    ) -> None:
        if self.broken:
            raise EngineError(self.broken)
        assert {nic.network for node in nodes for nic in node.nics} <= networks.keys()
        self.asked.append(([spec.key for spec in clusters], [node.pool for node in nodes]))


def test_a_repair_leaves_alone_what_is_being_deleted(make_lab) -> None:
    engine = Recovering()
    lab: Lab = with_vpc(make_lab(engine))
    assert lab.ask("POST", "/lab/repair", token=None)[0] == 401
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 0, "nodes": 0})
    lab.done("POST", f"{ZONE}/clusters", cluster())
    lab.done("POST", f"{CLUSTER}/nodePools", pool())
    nodes = sorted(["default-pool", *[POOL.rpartition("/")[2]] * lab.get(POOL)["initialNodeCount"]])
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 1, "nodes": len(nodes)})
    assert sorted(engine.asked[-1][1]) == nodes

    lab.app.cloud.operations.time_factor = lab.app.cloud.time_factor = 1.0
    lab.started("DELETE", POOL)
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 1, "nodes": 1})
    assert engine.asked[-1][1] == ["default-pool"]


def test_a_repair_that_fails_says_why(make_lab) -> None:
    engine = Recovering()
    lab: Lab = with_vpc(make_lab(engine))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    engine.broken = "the API server does not come up"
    status, answer = lab.ask("POST", "/lab/repair")
    assert (status, answer["error"]["message"]) == (500, "the API server does not come up")
