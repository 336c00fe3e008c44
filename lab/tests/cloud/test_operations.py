# SPDX-License-Identifier: Apache-2.0
"""An operation and what it does are one step: whenever the cloud is killed, its state has both or neither."""

from __future__ import annotations

import asyncio

from gkelab.cloud.operations import Effect, Operations
from gkelab.cloud.state import Operation, Project, State


async def run(effect: Effect) -> Operation:
    """Run an operation with this effect to its end."""
    operations = Operations(State(projects={"p": Project("1")}), lambda: None, 0.0)
    operations.register("effect", effect)
    operation = operations.start(
        "p",
        api="compute",
        scope="global",
        user="",
        kind="insert",
        target="",
        target_id="",
        effect="effect",
        latency="network.insert",
    )
    await operations.wait(operation, 10)
    return operation


def test_it_is_done_with_its_effect() -> None:
    seen = []

    def finish(operation: Operation) -> None:
        asyncio.get_running_loop().call_soon(lambda: seen.append(operation.status))  # as another request might save

    operation = asyncio.run(run(Effect(finish)))
    assert seen == ["DONE"]
    assert operation.ended is not None
    assert operation.error is None
