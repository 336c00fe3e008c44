# SPDX-License-Identifier: Apache-2.0
"""A running cloud brings back what has died, and leaves alone what its operations are at."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gkelab.engine import ApiEngine, ClusterSpec, Endpoint, EngineError, NodeSpec

from .conftest import Lab
from .test_container import CLUSTER, ZONE, cluster, pool, with_vpc


class Failing(ApiEngine):
    """Remembers the pools that it was asked to start, fails or is slow if it should."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.broken = ""
        self.powered_off = threading.Event()

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        if self.broken:
            raise EngineError(self.broken)
        return super().start_cluster(cluster)

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        self.started += [node.pool for node in nodes]

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        assert self.powered_off.wait(10)


def test_a_repair_leaves_alone_what_is_being_deleted(make_lab) -> None:
    engine = Failing()
    lab: Lab = with_vpc(make_lab(engine))
    assert lab.ask("POST", "/lab/repair", token=None)[0] == 401
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 0, "nodes": 0})
    lab.done("POST", f"{ZONE}/clusters", cluster())
    lab.done("POST", f"{CLUSTER}/nodePools", pool())
    engine.started.clear()
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 1, "nodes": 3})
    assert sorted(engine.started) == ["default-pool", "multinet", "multinet"]

    engine.started.clear()
    operation = lab.started("DELETE", f"{CLUSTER}/nodePools/multinet")
    assert lab.ask("POST", "/lab/repair")[0] == 200
    assert "multinet" not in engine.started
    engine.powered_off.set()
    lab.finished(operation)


def test_a_repair_that_fails_says_why_and_can_be_tried_again(make_lab) -> None:
    engine = Failing()
    lab: Lab = with_vpc(make_lab(engine))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    engine.broken = "the API server does not come up"
    status, answer = lab.ask("POST", "/lab/repair")
    assert (status, answer["error"]["message"]) == (500, "the API server does not come up")
    assert lab.get(CLUSTER)["status"] == "ERROR"
    engine.broken = ""
    assert lab.ask("POST", "/lab/repair") == (200, {"clusters": 1, "nodes": 1})
    assert lab.get(CLUSTER)["status"] == "RUNNING"
