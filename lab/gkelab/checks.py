# SPDX-License-Identifier: Apache-2.0
"""What can be known to go wrong before anything is started, each with what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from gkelab.hints import command
from gkelab.machines.memory import MORE_ROOM, room
from gkelab.machines.memory import folder as memory_folder
from gkelab.machines.nodes import MEMORY
from gkelab.state import LabError
from gkelab.supplies import programs, tree

TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg", "tar": "tar"}  # program -> Debian package
SUPPLY_SPACE = 2000  # MB: what stays in the lab's cache
GO_SPACE = 4000  # MB: Go's own caches
STATE_SPACE = 500  # MB: audit logs, etcd, the nodes' disks
ANYWHERE = command("up", "--engine", "api")
USUAL_NODES = 3  # the guide's: one in the default pool, two with the additional network


def check(engine: str, cache: Path, state: Path, *, fresh: bool) -> list[str]:
    """Raise LabError when the engine cannot run here; return warnings. A lab that is not fresh has its memory."""
    if engine == "api":
        return []
    _check_platform(engine)
    if not (cache / "tree" / tree.key()).is_dir():
        _check_tools()
    if not (cache / programs.place("kubernetes")).is_dir():
        _check_build_space(cache)
    _check_space(state, STATE_SPACE, "for the lab's state", "--dir names another folder")
    return _memory_warnings() if engine == "full" and fresh else []


def _check_platform(engine: str) -> None:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise LabError(
            f"the engine {engine} needs Linux on x86-64, and this is {platform.system()} on {platform.machine()}: its "
            f"machines are Debian's programs for that platform. `{ANYWHERE}` runs anywhere"
        )


def _check_tools() -> None:
    missing = [f"{program} (package {package})" for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        raise LabError(
            f"not found: {', '.join(missing)}. They fetch and unpack Debian packages, of which the nodes are made. On "
            f"Debian and Ubuntu they are always there; elsewhere `{ANYWHERE}` works without them"
        )


def _check_build_space(cache: Path) -> None:
    """Go's caches are the user's own if there is a Go, and may be on another disk than ours."""
    _check_space(cache, SUPPLY_SPACE, "for the lab's programs", "GKELAB_CACHE names another folder")
    own = cache
    if shutil.which("go"):
        own = Path(os.environ.get("GOCACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    together = os.stat(_existing(own)).st_dev == os.stat(_existing(cache)).st_dev
    needed = GO_SPACE + SUPPLY_SPACE * together
    _check_space(own, needed, "to build the lab's programs", "GKELAB_CACHE, or GOCACHE, names another folder")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _check_space(folder: Path, megabytes: int, purpose: str, remedy: str) -> None:
    existing = _existing(folder)
    status = os.statvfs(existing)
    free = status.f_bavail * status.f_frsize // 1_000_000
    if free < megabytes:
        raise LabError(f"{existing} has {free} MB free, and {megabytes} are needed {purpose}: make room; {remedy}")


def _memory_warnings() -> list[str]:
    if room() < MEMORY:
        raise LabError(f"{memory_folder()} has room for {room()} MiB more and a node needs {MEMORY}: {MORE_ROOM}")
    if room() < USUAL_NODES * MEMORY:
        return [f"{memory_folder()} has room for {room() // MEMORY} nodes only ({room()} MiB, {MEMORY} a node)"]
    return []
