# SPDX-License-Identifier: Apache-2.0
"""The log of what the cloud was asked: one JSON object a line in requests.jsonl."""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from gkelab.cloud.errors import Json

FILE = "requests.jsonl"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
GOOGLE_APIS = {"compute", "container", "serviceusage"}
_WAIT = re.compile(r"/operations/[^/]+/wait$")


class RequestLog:
    """Appends exchanges; the file is the owner's alone (0600). Tokens never get here."""

    def __init__(self, folder: pathlib.Path) -> None:
        descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)

    def add(
        self,
        *,
        api: str,
        method: str,
        path: str,
        query: str,
        status: int,
        agent: str,
        principal: str,
        quota_project: str,
        request: object,
        response: object,
        milliseconds: float,
        fault: Json | None,
    ) -> None:
        """Append one exchange.

        ``principal`` is whose token it had (nobody's if none was needed, or none was good), ``quota_project`` whose
        account it goes to if the client says so, ``fault`` the id and the kind of the fault that hit it.
        """
        line = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "api": api,
            "method": method,
            "path": path,
            "query": query,
            "status": status,
            "user_agent": agent,
            "principal": principal,
            "quota_project": quota_project,
            "request": request,
            "response": response,
            "milliseconds": round(milliseconds, 1),
            "fault": fault,
        }
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(folder: pathlib.Path, *, writes: bool = False, since: datetime | None = None) -> Iterator[Json]:
    """Yield the logged exchanges, the oldest first.

    ``writes`` leaves out what changes nothing; ``since`` (with a time zone) leaves out what came before.
    """
    path = folder / FILE
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                return  # half written when the process was killed
            entry: Json = json.loads(line)
            if since is not None and datetime.fromisoformat(entry["time"]) < since:
                continue
            if not writes or is_write(entry):
                yield entry


def is_write(entry: Json) -> bool:
    """Tell whether an exchange asked one of Google's APIs for a change; waiting for an operation is reading."""
    return entry["api"] in GOOGLE_APIS and entry["method"] in WRITES and not _WAIT.search(entry["path"])
