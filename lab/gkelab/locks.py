# SPDX-License-Identifier: Apache-2.0
"""Locks between processes and threads: one at a time, and the one that waits says so."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def _silent(_: str) -> None:
    """Say nothing about waiting."""


@contextlib.contextmanager
def locked(path: Path, what: str, say: Callable[[str], None] = _silent) -> Iterator[None]:
    """Hold the lock on a file, which is made if it is not there; `what` names its purpose to those who wait.

    Every call opens the file anew, so two threads of one process exclude each other as two processes do (flock(2)).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        _lock(file.fileno(), what, say)
        yield


@contextlib.contextmanager
def locked_folder(path: Path, what: str, say: Callable[[str], None] = _silent) -> Iterator[None]:
    """Hold the lock on an existing folder, which may be removed under it: no file remains beside the folder.

    Raises FileNotFoundError when the folder is not there, also when its last holder has removed it.
    """
    while True:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(descriptor, what, say)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, what: str, say: Callable[[str], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"{what}: another gkelab is at it, waiting for it to finish")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
