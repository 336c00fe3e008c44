# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, as the package ``ansible`` on PyPI has them: pinned, and kept in the cache."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

VERSION = "12.3.0"  # of the package ansible; the last one for ansible-core 2.19
HASHES = (  # of the wheel and of the source distribution
    "cd156f82fa87f7a899212b0efa9f7ca3a24d609212de9f78428a572eb01e5414",
    "02721f6fb432ddd47f1044ac49b04b5e9ae08890bd427def8df3db1607aeec51",
)
COLLECTIONS = {"google.cloud": "1.10.2", "awx.awx": "24.6.1"}  # those that are kept, and their versions in it


def collections() -> pathlib.Path:
    """Return a folder of collections with those of ``COLLECTIONS`` in it; skip the test if they cannot be fetched."""
    folder = _cache() / "collections"
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
            pytest.skip(f"{' and '.join(COLLECTIONS)} cannot be fetched (package ansible {VERSION}): {why}")
        for each in COLLECTIONS:
            place = pathlib.Path("ansible_collections", *each.split("."))
            (work / "new" / place).parent.mkdir(parents=True)
            (work / "all" / place).rename(work / "new" / place)
        (work / "new").rename(target)


def _cache() -> pathlib.Path:
    """Return the folder that outlives the checkout, as tooling/prepare.py has it."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("GKELAB_CACHE") or pathlib.Path(base) / "gkelab")
