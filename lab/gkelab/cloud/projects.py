# SPDX-License-Identifier: Apache-2.0
"""Forgetting a project, so that tests with projects of their own leave nothing that every later write saves again."""

from __future__ import annotations

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.references import NetworkRef
from gkelab.engine import ApiEngine


async def forget(cloud: Cloud, call: Call) -> Json:
    """Forget a project with all that is in it; refuse while something is under way, or machines run."""
    project = cloud.project(call.project)
    busy = [operation.name for operation in project.operations.values() if operation.status != "DONE"]
    if busy:
        raise bad_request(f"The lab does not forget {call.project} while operations run: {', '.join(busy)}.")
    if project.clusters and not isinstance(cloud.engine, ApiEngine):
        raise bad_request(f"The lab does not forget {call.project} before its clusters are deleted.")
    for name in project.networks:
        await cloud.remove_network(NetworkRef(call.project, name))
    del cloud.state.projects[call.project]
    return {"forgotten": call.project}
