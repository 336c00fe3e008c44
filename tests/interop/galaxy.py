# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, as the package ``ansible`` on PyPI has them: pinned, and kept in the cache."""

from __future__ import annotations

import fcntl
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from prepare import cache

VERSION = "12.3.0"  # of the package ansible; the last one for ansible-core 2.19
HASHES = (  # of the wheel and of the source distribution
    "cd156f82fa87f7a899212b0efa9f7ca3a24d609212de9f78428a572eb01e5414",
    "02721f6fb432ddd47f1044ac49b04b5e9ae08890bd427def8df3db1607aeec51",
)
# Those that are kept, and their versions in it.
COLLECTIONS = {"google.cloud": "1.10.2", "kubernetes.core": "6.2.0", "awx.awx": "24.6.1"}


class Unavailable(Exception):
    """The collections cannot be fetched; the text says why."""


def collections() -> pathlib.Path:
    """Return a folder of collections with those of ``COLLECTIONS`` in it; skip the test if they cannot be fetched."""
    try:
        return fetched()
    except Unavailable as why:
        pytest.skip(str(why))


def fetched() -> pathlib.Path:
    """Return a folder of collections with those of ``COLLECTIONS`` in it.

    :raises Unavailable: if they cannot be fetched.
    """
    folder = cache() / "collections"
    target = folder / f"ansible-{VERSION}-{'-'.join(COLLECTIONS)}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _fetch(target)
    return target


def _fetch(target: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        work = pathlib.Path(name)
        pinned = " ".join([f"ansible=={VERSION}", *(f"--hash=sha256:{each}" for each in HASHES)])
        (work / "pinned.txt").write_text(pinned + "\n")
        uv = shutil.which("uv") or str(pathlib.Path(sys.executable).with_name("uv"))
        options = [
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-cache",
            "--target",
            str(work / "all"),
        ]
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            sys.executable,
            *options,
            "-r",
            str(work / "pinned.txt"),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            why = " ".join(result.stderr.split())[-300:]
            raise Unavailable(f"{' and '.join(COLLECTIONS)} cannot be fetched (package ansible {VERSION}): {why}")
        for each in COLLECTIONS:
            place = pathlib.Path("ansible_collections", *each.split("."))
            (work / "new" / place).parent.mkdir(parents=True)
            (work / "all" / place).rename(work / "new" / place)
        (work / "new").rename(target)
