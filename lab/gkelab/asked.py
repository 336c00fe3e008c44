# SPDX-License-Identifier: Apache-2.0
"""What both APIs of a lab were asked, in one list: Google's from the request log, Kubernetes' from the audit logs."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from gkelab import audit
from gkelab.cloud import request_log
from gkelab.state import Lab


class Line(NamedTuple):
    """One request, as it is shown."""

    time: str
    api: str
    status: int  # 0: no answer
    verb: str
    what: str
    fault: str  # its kind, if the lab was asked for one
    agent: str  # the first word of the user agent, which names the program, and who used it


def asked(lab: Lab, *, writes: bool, since: datetime | None) -> list[Line]:
    """Return the requests, the oldest first; `writes` leaves out what asked for no change."""
    lines = [
        Line(
            _shown(datetime.fromisoformat(entry["time"])),
            entry["api"],
            entry["status"],
            entry["method"],
            entry["path"],
            (entry.get("fault") or {}).get("kind", ""),
            _program(entry["user_agent"]) + (f" ({entry['principal']})" if entry.get("principal") else ""),
        )
        for entry in request_log.read(lab.folder, writes=writes, since=since)
    ]
    lines += [
        Line(
            _shown(request.time),
            f"kubernetes/{request.cluster.rpartition('/')[2]}",
            request.code,
            request.verb,
            f"{request.resource} {request.name}".rstrip(),
            "",
            f"{_program(request.agent)} ({request.user})",
        )
        for request in audit.requests(lab)
        if (request.writes or not writes) and (since is None or request.time >= since)
    ]
    return sorted(lines, key=lambda line: line.time)


def _shown(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _program(agent: str) -> str:
    return agent.split(" ", maxsplit=1)[0] or "-"
