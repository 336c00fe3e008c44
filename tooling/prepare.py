#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a Python environment of the project: prepare.py LINK [LOCK].

The environment is of the Python that runs this, and holds exactly what LOCK names (requirements.txt beside this file if
nothing is named), hashes checked. It lies in the cache (GKELAB_CACHE, else gkelab in the user's folder for caches),
where all checkouts with the same lock share it; LINK is made to point at it. Needs Python and nothing else: no root,
nothing is installed on the machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

LOCK_FILE = pathlib.Path(__file__).with_name("requirements.txt")
OLDEST_PYTHON = (3, 11)
COMPLETE = "multinet-complete"  # a file in an environment


def say(text: str) -> None:
    """Show what is going on."""
    print(f"prepare: {text}", file=sys.stderr, flush=True)


def cache() -> pathlib.Path:
    """Return the folder that outlives the checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("GKELAB_CACHE") or pathlib.Path(base) / "gkelab").expanduser().absolute()


def pinned(package: str) -> str:
    """Return the part of the lock file that names one package, with its hashes."""
    lines = LOCK_FILE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith("    --hash")), len(lines))
    return "\n".join(lines[start:end]).rstrip(" \\") + "\n"


def run(*command: object, **environment: str) -> None:
    """Run a command quietly; show what it said if it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if result.returncode:
        raise SystemExit(f"{result.stdout}\nprepare: this failed: {' '.join(str(part) for part in command)}")


def pip(work: pathlib.Path) -> list[str]:
    """Return a command that is pip: Python's own, or that of Debian's package, fetched and not installed."""
    for module in ("pip", "ensurepip"):
        if subprocess.run(
            [sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL, check=False
        ).returncode:
            continue
        if module == "pip":
            return [sys.executable, "-m", "pip"]
        run(sys.executable, "-m", "venv", work / "pip")
        return [str(work / "pip" / "bin" / "python"), "-m", "pip"]
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SystemExit(
            "prepare: this Python has neither pip nor ensurepip. Please install your system's package for virtual "
            "environments (python3-venv on Debian and Ubuntu), then try again."
        )
    say("fetching pip (Debian package python3-pip-whl, unpacked into a temporary folder)")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    options = [f"Dir::State={work}/state", f"Dir::Cache={work}/cache", "APT::Sandbox::User=", "Acquire::Languages=none"]
    apt = ["apt-get", "-q", *(part for option in options for part in ("-o", option))]
    run(*apt, "update")
    run("sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", work, *apt, "download", "python3-pip-whl")
    run("dpkg-deb", "-x", next(work.glob("python3-pip-whl*.deb")), work / "pip")
    wheel = next((work / "pip").glob("usr/share/python-wheels/pip-*.whl"))
    return [sys.executable, f"{wheel}/pip"]


def build(target: pathlib.Path, lock_file: pathlib.Path) -> None:
    """Make the environment, and leave word in it when it is complete.

    It is made where it will be: ansible-test of ansible-core 2.16 is a script that cannot be run from one that has been
    moved.
    """
    begin = time.monotonic()
    say(f"installing {lock_file.read_text(encoding='utf-8').count('==')} pinned Python packages into {target}")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        work = pathlib.Path(folder)
        (work / "uv.txt").write_text(pinned("uv"), encoding="utf-8")
        run(
            *pip(work),
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--target",
            work / "uv",
            "-r",
            work / "uv.txt",
        )
        uv = work / "uv" / "bin" / "uv"
        shutil.rmtree(target, ignore_errors=True)
        run(uv, "venv", "--quiet", "--python", sys.executable, target)
        run(uv, "pip", "install", "--quiet", "--python", target / "bin" / "python", "--require-hashes", "-r", lock_file,
            UV_LINK_MODE="copy", UV_COMPILE_BYTECODE="1")  # fmt: skip
    (target / COMPLETE).touch()
    say(f"done in {time.monotonic() - begin:.0f} s")


def main() -> None:
    """Make the environment if it is not there, and the link to it."""
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit(
            f"prepare: Python {platform.python_version()} is too old, 3.11 or later is needed. "
            "Name another one with: make PYTHON=python3.12 ..."
        )
    link, lock_file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]) if sys.argv[2:] else LOCK_FILE
    name = hashlib.sha256(
        lock_file.read_bytes() + platform.python_version().encode() + sys.base_prefix.encode()
    ).hexdigest()
    folder = cache() / "python"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name[:16]
    with target.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is preparing the same environment: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / COMPLETE).exists():
            build(target, lock_file)
    if not (link.is_symlink() and link.readlink() == target):
        link.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=link.parent) as work:  # replaced in one step: others may be using it
            (pathlib.Path(work) / "link").symlink_to(target)
            (pathlib.Path(work) / "link").replace(link)


if __name__ == "__main__":
    main()
