#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own gates, on the built and installed artifact: gates.py [NAME ...].

Each gate is one command of a public tool. What it prints is shown only if it fails; at the end stands what each cost.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
INSTALLED = BUILD / "collections" / "ansible_collections" / "multinet" / "gke"
# A copy outside of the checkout: ansible-test asks git for the files, and git ignores .build.
TREE = pathlib.Path(tempfile.mkdtemp(prefix="gates-"))
WORK = TREE / "ansible_collections" / "multinet" / "gke"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# ansible-test makes environments without pip and fetches an installer for it; Python brings one itself.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
pins = [word for word in sys.argv[1:] if word.startswith("pip==")]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins])
"""
IMPORTER = "[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\nRUN_ANSIBLE_LINT = False\nRUN_ANSIBLE_TEST = False\n"


class GateFailed(Exception):
    """A gate has found something; the text is what it printed."""


def run(*command: object, cwd: pathlib.Path = WORK, **environment: str) -> str:
    """Return what a command printed; GateFailed if it failed."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise GateFailed(result.stdout)
    return result.stdout


def verify() -> None:
    """The installed files are those of the artifact."""
    run("ansible-galaxy", "collection", "verify", "--offline", "multinet.gke", cwd=ROOT)


def sanity() -> None:
    """ansible-test sanity, without an ignore file."""
    cache = pathlib.Path(os.environ.get("GKELAB_CACHE") or pathlib.Path.home() / ".cache" / "gkelab")
    home = cache / "ansible-test"
    installers = home / ".ansible" / "test" / "cache"
    installers.mkdir(parents=True, exist_ok=True)
    (installers / "get_pip_24_2.py").write_text(GET_PIP)
    text = run("ansible-test", "sanity", "--local", "--python", PYTHON, "--color", "no", HOME=str(home))
    if 'Running sanity test "validate-modules"' not in text:
        raise GateFailed(f"ansible-test found nothing to test:\n{text}")


def lint() -> None:
    """ansible-lint, profile production."""
    text = run("ansible-lint", "--offline", "--profile", "production", "--nocolor")
    if not re.search(r"Passed: 0 failure\(s\), 0 warning\(s\)", text):
        raise GateFailed(text)


def docs() -> None:
    """Every reference between plugins, options and roles leads somewhere."""
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck",
        "--validate-collection-refs", "self", ".", ANSIBLE_COLLECTIONS_PATH=str(TREE))  # fmt: skip


def importer() -> None:
    """Galaxy would take the artifact without a warning."""
    config = TREE / "importer.cfg"
    config.write_text(IMPORTER)
    artifact = next((BUILD / "dist").glob("*.tar.gz"))
    text = run(sys.executable, "-m", "galaxy_importer.main", artifact, cwd=TREE,
               GALAXY_IMPORTER_CONFIG=str(config))  # fmt: skip
    if re.search(r"^(WARNING|ERROR)", text, re.MULTILINE):
        raise GateFailed(text)


GATES: dict[str, Callable[[], None]] = {
    "verify": verify,
    "docs": docs,
    "lint": lint,
    "importer": importer,
    "sanity": sanity,
}


def main() -> int:
    """Run the named gates, or all; the exit code tells whether all passed."""
    shutil.copytree(INSTALLED, WORK)
    for name in ("MANIFEST.json", "FILES.json"):  # they are of the artifact, and no concern of the linters
        (WORK / name).unlink()
    shutil.copy(ROOT / "galaxy.yml", WORK)
    failed = []
    costs = []
    for name in sys.argv[1:] or GATES:
        begin = time.monotonic()
        try:
            GATES[name]()
        except GateFailed as failure:
            failed.append(name)
            print(f"{failure}\n{name}: FAILED", flush=True)
        costs.append(f"{name:10} {time.monotonic() - begin:6.1f} s  {'FAILED' if name in failed else 'passed'}")
    print("\n".join(costs))
    shutil.rmtree(TREE)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
