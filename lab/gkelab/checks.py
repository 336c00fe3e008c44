# SPDX-License-Identifier: Apache-2.0
"""What can be known to go wrong before anything is started, each with what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from gkelab.machines.memory import folder as memory_folder
from gkelab.machines.memory import room
from gkelab.machines.nodes import MEMORY
from gkelab.state import LabError
from gkelab.supplies import tree

TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg", "tar": "tar"}  # program -> Debian package
BUILD_SPACE = 6000  # MB: Go's caches take 4,000 of it, the rest stays in the lab's cache
STATE_SPACE = 500  # MB: audit logs, etcd, the nodes' disks
USUAL_NODES = 3  # the guide's: one in the default pool, two with the additional network


def check(engine: str, cache: Path, state: Path) -> list[str]:
    """Raise LabError when the engine cannot run here; return warnings."""
    if engine == "api":
        return []
    _check_platform(engine)
    supplied = all(any(cache.glob(f"{kind}/*")) for kind in ("programs", "tree"))
    if not (cache / "tree" / tree.key()).is_dir():
        _check_tools()
    if not supplied:
        _check_space(cache, BUILD_SPACE, "to build the lab's programs", "GKELAB_CACHE names another folder")
    _check_space(state, STATE_SPACE, "for the lab's state", "--dir names another folder")
    return _memory_warnings() if engine == "full" else []


def _check_platform(engine: str) -> None:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise LabError(
            f"the engine {engine} needs Linux on x86-64, and this is {platform.system()} on {platform.machine()}: its "
            "machines are Debian's programs for that platform. `gkelab up --engine api` runs anywhere"
        )


def _check_tools() -> None:
    missing = [f"{program} (package {package})" for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        raise LabError(
            f"not found: {', '.join(missing)}. They fetch and unpack Debian packages, of which the nodes are made. On "
            "Debian and Ubuntu they are always there; elsewhere `gkelab up --engine api` works without them"
        )


def _check_space(folder: Path, megabytes: int, purpose: str, remedy: str) -> None:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    status = os.statvfs(existing)
    free = status.f_bavail * status.f_frsize // 1_000_000
    if free < megabytes:
        raise LabError(f"{existing} has {free} MB free, and {megabytes} are needed {purpose}: make room; {remedy}")


def _memory_warnings() -> list[str]:
    if room() < MEMORY:
        raise LabError(
            f"{memory_folder()} has {room()} MiB free and a node needs {MEMORY}: make it larger (for /dev/shm: "
            "`mount -o remount,size=8G /dev/shm` as root, or `--shm-size 8g` of a container), or set TMPDIR to a "
            "folder with room"
        )
    if room() < USUAL_NODES * MEMORY:
        return [f"{memory_folder()} has room for {room() // MEMORY} nodes only ({room()} MiB, {MEMORY} a node)"]
    return []
