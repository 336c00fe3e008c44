# SPDX-License-Identifier: Apache-2.0
"""A folder of things that are made once: an entry is there in full or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from gkelab.locks import locked

Say = Callable[[str], None]


class SupplyError(Exception):
    """Something could not be fetched or built; the text says what is missing and what to do."""


def key_of(parts: Iterable[str | bytes]) -> str:
    """Return a short name for exactly these contents, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()[:16]


def entry(cache: Path, name: str, make: Callable[[Path], None], say: Say) -> Path:
    """Return the folder of an entry ("tree/0123456789abcdef"), after `make` has filled it if it was not there.

    `make` gets a folder beside it, which takes the entry's name when it is complete. Two at once wait for each other.
    """
    path = cache / name
    if path.is_dir():
        return path
    with locked(cache / "locks" / name.replace("/", "-"), name, say):
        if path.is_dir():  # the one that we waited for has made it
            return path
        work = path.with_name(f"{path.name}.new")
        remove(work)
        work.mkdir(parents=True)
        try:
            make(work)
            work.rename(path)
        except OSError as error:
            raise SupplyError(f"{name} could not be written: {error}") from error
        finally:
            remove(work)
    return path


def remove(folder: Path) -> None:
    """Delete a folder, also one with folders in it that may not be written to, as Go's modules are."""
    if not folder.exists():
        return
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
    shutil.rmtree(folder)
