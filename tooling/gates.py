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


def run(cwd: pathlib.Path, *command: object, **environment: str) -> str:
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


def verify(tree: pathlib.Path, work: pathlib.Path) -> None:
    """The installed files are those of the artifact."""
    run(ROOT, "ansible-galaxy", "collection", "verify", "--offline", "multinet.gke")


def sanity(tree: pathlib.Path, work: pathlib.Path) -> None:
    """ansible-test sanity, without an ignore file."""
    cache = pathlib.Path(os.environ.get("GKELAB_CACHE") or pathlib.Path.home() / ".cache" / "gkelab")
    home = cache / "ansible-test"
    installers = home / ".ansible" / "test" / "cache"
    installers.mkdir(parents=True, exist_ok=True)
    (installers / "get_pip_24_2.py").write_text(GET_PIP)
    text = run(work, "ansible-test", "sanity", "--local", "--python", PYTHON, "--color", "no", HOME=str(home))
    if 'Running sanity test "validate-modules"' not in text:
        raise GateFailed(f"ansible-test found nothing to test:\n{text}")


def lint(tree: pathlib.Path, work: pathlib.Path) -> None:
    """ansible-lint, profile production."""
    shutil.copy(ROOT / ".ansible-lint", work)
    text = run(work, "ansible-lint", "--offline", "--profile", "production", "--nocolor")
    if not re.search(r"Passed: 0 failure\(s\), 0 warning\(s\)", text):
        raise GateFailed(text)


def docs(tree: pathlib.Path, work: pathlib.Path) -> None:
    """Every reference between plugins, options and roles leads somewhere."""
    run(work, "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck",
        "--validate-collection-refs", "self", ".", ANSIBLE_COLLECTIONS_PATH=str(tree))  # fmt: skip


def html(tree: pathlib.Path, work: pathlib.Path) -> None:
    """The documentation of modules, filters and roles makes pages without a warning; they are in .build/html."""
    source, pages = tree / "rst", tree / "html"
    source.mkdir(mode=0o700)  # antsibull-docs refuses one that others may write to
    run(tree, "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--no-add-antsibull-docs-version", "--dest-dir", source, "multinet.gke",
        ANSIBLE_COLLECTIONS_PATH=str(tree))  # fmt: skip
    shutil.copytree(ROOT / "tooling" / "html", source, dirs_exist_ok=True)
    run(source, sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", source, pages)
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    shutil.move(pages, BUILD / "html")


def importer(tree: pathlib.Path, work: pathlib.Path) -> None:
    """Galaxy would take the artifact without a warning."""
    config = tree / "importer.cfg"
    config.write_text(IMPORTER)
    artifact = next((BUILD / "dist").glob("*.tar.gz"))
    text = run(tree, sys.executable, "-m", "galaxy_importer.main", artifact,
               GALAXY_IMPORTER_CONFIG=str(config))  # fmt: skip
    if re.search(r"^(WARNING|ERROR)", text, re.MULTILINE):
        raise GateFailed(text)


GATES: dict[str, Callable[[pathlib.Path, pathlib.Path], None]] = {
    "verify": verify,
    "docs": docs,
    "html": html,
    "lint": lint,
    "importer": importer,
    "sanity": sanity,
}


def main() -> int:
    """Run the named gates, or all, on a copy of what is installed; the exit code tells whether all passed.

    The copy is outside of the checkout: ansible-test asks git for the files, and git ignores .build.
    """
    for compiled in [*INSTALLED.rglob("__pycache__")]:  # by Python, since; it is not of the artifact
        shutil.rmtree(compiled)
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        tree = pathlib.Path(folder)
        work = tree / "ansible_collections" / "multinet" / "gke"
        shutil.copytree(INSTALLED, work)
        for name in ("MANIFEST.json", "FILES.json"):  # they are of the artifact, and no concern of the linters
            (work / name).unlink()
        shutil.copy(ROOT / "galaxy.yml", work)
        return run_gates(tree, work)


def run_gates(tree: pathlib.Path, work: pathlib.Path) -> int:
    """Run the gates on a tree; return how many failed."""
    failed = []
    costs = []
    for name in sys.argv[1:] or GATES:
        begin = time.monotonic()
        try:
            GATES[name](tree, work)
        except GateFailed as failure:
            failed.append(name)
            print(f"{failure}\n{name}: FAILED", flush=True)
        costs.append(f"{name:10} {time.monotonic() - begin:6.1f} s  {'FAILED' if name in failed else 'passed'}")
    print("\n".join(costs))
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
