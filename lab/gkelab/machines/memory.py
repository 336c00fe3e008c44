# SPDX-License-Identifier: Apache-2.0
"""Room for the guests' memory, which is a file in shared memory: a full one shows as a bus error in the guest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gkelab.engine import EngineError

SHARED = Path("/dev") / "shm"  # the place that UML prefers


def folder() -> Path:
    """Return where the kernels keep their memory: $TMPDIR if it is set (arch/um/os-Linux/mem.c), else /dev/shm."""
    own = next((os.environ[name] for name in ("TMPDIR", "TMP", "TEMP") if os.environ.get(name)), None)
    if own:
        return Path(own)
    return SHARED if SHARED.is_dir() else Path(tempfile.gettempdir())


def room() -> int:
    """Return how many MiB are free there."""
    status = os.statvfs(folder())
    return status.f_bavail * status.f_frsize >> 20


def check_memory(nodes: int, size: int) -> None:
    """Raise EngineError when there is no room for so many nodes of so many MiB."""
    if nodes and room() < nodes * size:
        raise EngineError(
            f"{folder()} has {room()} MiB free and {nodes} nodes need {nodes * size}: make it larger (for /dev/shm: "
            "`mount -o remount,size=8G /dev/shm` as root, or `--shm-size 8g` of a container), or set TMPDIR to a "
            "folder with room before `gkelab up`"
        )
