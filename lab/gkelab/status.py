# SPDX-License-Identifier: Apache-2.0
"""What of a lab runs, and where."""

from __future__ import annotations

from gkelab.admin import answers
from gkelab.machines.cluster import clusters
from gkelab.machines.control_plane import PROCESSES
from gkelab.machines.ports import GRPC_OFFSET
from gkelab.output import table
from gkelab.processes import Processes
from gkelab.state import Lab


def report(lab: Lab) -> tuple[str, bool]:
    """Return the lab's state as text, and whether anything of it runs."""
    settings = lab.settings()
    processes = Processes(lab.folder)
    records = processes.records()
    running = {record.name for record in records if record.runs}
    api = "answers" if answers(lab) else "does not answer"
    grpc = settings.port + GRPC_OFFSET
    parts = [f"{lab.folder}: engine {settings.engine}, Google APIs on {settings.url} ({api}), gRPC on port {grpc}"]

    def state(name: str) -> str:
        return "runs" if name in running else "LOST"

    rows: list[tuple[object, ...]] = [("CLUSTER", "ENDPOINT", "CONTROL PLANE", "NODES")]
    nodes: list[tuple[object, ...]] = [("NODE", "POOL", "CLUSTER", "STATE", "ADDRESSES")]
    for place in clusters(lab):
        expected = ["gateway", *PROCESSES] if settings.engine == "full" else PROCESSES
        lost = [name for name in expected if place.process(name) not in running]
        rows.append((place.key, place.address, f"LOST: {', '.join(lost)}" if lost else "runs", len(place.nodes())))
        for node in place.nodes():
            what = state(place.process(f"nodes/{node.name}")) if settings.engine == "full" else "an object only"
            nodes.append((node.name, node.pool, place.key, what, " ".join(nic.address for nic in node.nics)))
    listing: list[tuple[object, ...]] = [
        ("PROCESS", "PID", "STATE"),
        *((r.name, r.pid, state(r.name)) for r in records),
    ]
    parts += [table(part) for part in (rows, nodes, listing) if len(part) > 1]
    return "\n\n".join(parts), bool(running)
