# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates on the built artifact and its documentation; each is one command of a public tool."""

from __future__ import annotations

import re
import shutil
import sys

from .running import BUILD, ROOT, GateFailed, Tree, run

IMPORTER = "[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\nRUN_ANSIBLE_LINT = False\nRUN_ANSIBLE_TEST = False\n"


def verify(tree: Tree) -> None:
    """The installed files are those of the artifact."""
    run(ROOT, "ansible-galaxy", "collection", "verify", "--offline", "multinet.gke")


def lint(tree: Tree) -> None:
    """ansible-lint, profile production."""
    shutil.copy(ROOT / ".ansible-lint", tree.collection)
    text = run(tree.collection, "ansible-lint", "--offline", "--profile", "production", "--nocolor")
    if not re.search(r"Passed: 0 failure\(s\), 0 warning\(s\)", text):
        raise GateFailed(text)


def docs(tree: Tree) -> None:
    """Every reference between plugins, options and roles leads somewhere."""
    run(tree.collection, "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck",
        "--validate-collection-refs", "self", ".", ANSIBLE_COLLECTIONS_PATH=str(tree.root))  # fmt: skip


def html(tree: Tree) -> None:
    """The documentation of modules, filters and roles makes pages without a warning; they are in .build/html."""
    source, pages = tree.root / "rst", tree.root / "html"
    source.mkdir(mode=0o700)  # antsibull-docs refuses one that others may write to
    run(tree.root, "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--no-add-antsibull-docs-version", "--dest-dir", source, "multinet.gke",
        ANSIBLE_COLLECTIONS_PATH=str(tree.root))  # fmt: skip
    shutil.copytree(ROOT / "tooling" / "html", source, dirs_exist_ok=True)
    run(source, sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", source, pages)
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    shutil.move(pages, BUILD / "html")


def importer(tree: Tree) -> None:
    """Galaxy would take the artifact without a warning."""
    config = tree.root / "importer.cfg"
    config.write_text(IMPORTER)
    artifact = next((BUILD / "dist").glob("*.tar.gz"))
    text = run(tree.root, sys.executable, "-m", "galaxy_importer.main", artifact,
               GALAXY_IMPORTER_CONFIG=str(config))  # fmt: skip
    if re.search(r"^(WARNING|ERROR)", text, re.MULTILINE):
        raise GateFailed(text)
