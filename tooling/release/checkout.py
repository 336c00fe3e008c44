# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout that a release is made of: its commit, whatever else lies in the folder."""

from __future__ import annotations

import os
import pathlib
import re
import tempfile
from dataclasses import dataclass

import yaml

from . import archive
from .commands import run

CHANGELOG = pathlib.Path("changelogs", "changelog.yaml")


@dataclass(frozen=True)
class Checkout:
    """A checkout with git."""

    root: pathlib.Path

    def git(self, *words: object) -> str:
        """Return what git printed."""
        return run("git", *words, cwd=self.root).strip()

    @property
    def commit(self) -> str:
        """The commit's name."""
        return self.git("rev-parse", "HEAD")

    @property
    def moment(self) -> int:
        """The time that everything of the release bears: SOURCE_DATE_EPOCH, else that of the commit."""
        return int(os.environ.get("SOURCE_DATE_EPOCH") or self.git("log", "-1", "--format=%ct"))

    @property
    def version(self) -> str:
        """The version that the commit says the collection has."""
        return str(yaml.safe_load(self.git("show", "HEAD:galaxy.yml"))["version"])

    def export(self, folder: pathlib.Path) -> None:
        """Write the commit's files, and no other, into a folder."""
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            self.git("archive", "--format=tar.gz", "-o", file.name, "HEAD")
            archive.lay_out(archive.unpack(pathlib.Path(file.name).read_bytes()), folder)

    def objections(self) -> list[str]:
        """Return why its commit cannot be released, each with the remedy."""
        return [*self._uncommitted(), *self._changelog(), *self._numbers(), *self._released()]

    def _uncommitted(self) -> list[str]:
        changed = self.git("status", "--porcelain").splitlines()
        return (
            [f"{len(changed)} files are not as committed ({changed[0].strip()}): commit or remove them"]
            if changed
            else []
        )

    def _changelog(self) -> list[str]:
        releases = yaml.safe_load(self.git("show", f"HEAD:{CHANGELOG}"))["releases"]
        fragments = self.git("ls-tree", "--name-only", "HEAD", "changelogs/fragments/").splitlines()
        missing = [] if self.version in releases else [f"the changelog has no entry for {self.version}"]
        left = [f"{len(fragments)} fragments are in no release yet"] if fragments else []
        return [f"{fault}: make changelog, read it, commit it" for fault in missing + left]

    def _numbers(self) -> list[str]:
        found = re.search(r'^__version__ = "(.*)"$', self.git("show", "HEAD:lab/gkelab/__init__.py"), re.MULTILINE)
        lab = found[1] if found else "none"
        return [] if lab == self.version else [f"gkelab is {lab}, the collection {self.version}: give both one version"]

    def _released(self) -> list[str]:
        tagged = self.git("tag", "--list", self.version, "--format=%(objectname) %(*objectname)").split()
        if not tagged or self.commit in tagged:
            return []
        return [
            f"{self.version} is the tag of another commit: raise the version in galaxy.yml and lab/gkelab/__init__.py"
        ]
