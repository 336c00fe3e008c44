#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection and install it into .build/collections, if its sources have changed since the last time.

What users get is what is tested: the artifact that ansible-galaxy builds, installed by ansible-galaxy. Several runs at
once wait for each other; the installed tree is replaced only when the new one is complete.
"""

from __future__ import annotations

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
COLLECTIONS = BUILD / "collections"
PLACE = pathlib.Path("ansible_collections", "multinet", "gke")
SOURCES = (
    *("galaxy.yml", "README.md", "LICENSE", "requirements.txt"),
    *("meta", "plugins", "roles", "playbooks", "docs", "changelogs", "extensions", "tests/config.yml"),
)


def fingerprint() -> str:
    """Return a hash over names and contents of everything that goes into the artifact."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def galaxy(*args: object) -> None:
    """Run ansible-galaxy; show what it said only if it fails."""
    command = [str(pathlib.Path(sys.executable).with_name("ansible-galaxy")), "collection", *map(str, args)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{result.stdout}\ninstall: this failed: {' '.join(command)}")


def install(dist: pathlib.Path) -> None:
    """Build into dist, install, and put the result in its place."""
    shutil.rmtree(dist, ignore_errors=True)
    galaxy("build", "--output-path", dist, ROOT)
    (artifact,) = dist.glob("*.tar.gz")
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        new = pathlib.Path(folder)
        galaxy("install", "--offline", "--force", artifact, "-p", new / "new")
        (COLLECTIONS / PLACE).parent.mkdir(parents=True, exist_ok=True)
        if (COLLECTIONS / PLACE).exists():
            (COLLECTIONS / PLACE).rename(new / "old")
        (new / "new" / PLACE).rename(COLLECTIONS / PLACE)


def main() -> None:
    """Install if needed."""
    BUILD.mkdir(exist_ok=True)
    stamp = BUILD / "installed"
    with (BUILD / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        now = fingerprint()
        if (COLLECTIONS / PLACE / "MANIFEST.json").exists() and stamp.exists() and stamp.read_text() == now:
            return
        install(BUILD / "dist")
        stamp.write_text(now)


if __name__ == "__main__":
    main()
