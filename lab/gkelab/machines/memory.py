# SPDX-License-Identifier: Apache-2.0
"""Room for the guests' memory, which is a file in shared memory: a full one shows as a bus error in the guest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gkelab.engine import EngineError

SHARED = Path("/dev") / "shm"  # the place that UML prefers
PROC = Path("/proc")
MORE_ROOM = (
    "make it larger (for /dev/shm: `mount -o remount,size=8G /dev/shm` as root, or `--shm-size 8g` of a container), or "
    "set TMPDIR to a folder with room before the lab is started"
)


def folder() -> Path:
    """Return where the kernels keep their memory: $TMPDIR if it is set (arch/um/os-Linux/mem.c), else /dev/shm."""
    own = next((os.environ[name] for name in ("TMPDIR", "TMP", "TEMP") if os.environ.get(name)), None)
    if own:
        return Path(own)
    return SHARED if SHARED.is_dir() else Path(tempfile.gettempdir())


def room() -> int:
    """Return how many MiB are free there and promised to nobody."""
    status = os.statvfs(folder())
    return max(0, status.f_bavail * status.f_frsize - promised()) >> 20


def promised() -> int:
    """Return how many bytes the kernels that run may still ask for: their memory is a deleted file with holes."""
    prefix = f"{folder().resolve()}/"
    untouched = {}
    for link in PROC.glob("[0-9]*/fd/*"):
        try:
            name = str(link.readlink())
            if name.startswith(prefix) and name.endswith(" (deleted)"):
                file = link.stat()
                untouched[file.st_ino] = max(0, file.st_size - file.st_blocks * 512)
        except OSError:  # closed meanwhile, or none of ours
            continue
    return sum(untouched.values())


def check_memory(nodes: int, size: int) -> None:
    """Raise EngineError when there is no room for so many nodes of so many MiB."""
    if nodes and room() < nodes * size:
        raise EngineError(
            f"{folder()} has room for {room()} MiB more and {nodes} nodes need {nodes * size}: {MORE_ROOM}"
        )
