# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release consists of, built of a commit's files by the tools that are everybody's."""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys

from . import archive
from .commands import run

PLACE = pathlib.Path("ansible_collections", "multinet", "gke")
SUMS = "SHA256SUMS"
GALAXY = pathlib.Path(sys.executable).with_name("ansible-galaxy")


def collection(sources: pathlib.Path, target: pathlib.Path, moment: int) -> pathlib.Path:
    """Build the collection into a folder; return the artifact."""
    run(GALAXY, "collection", "build", "--output-path", target, sources)
    (artifact,) = target.glob("*.tar.gz")
    artifact.write_bytes(archive.normal(artifact.read_bytes(), moment))
    return artifact


def wheel(sources: pathlib.Path, target: pathlib.Path, moment: int) -> pathlib.Path:
    """Build the lab into a folder, with the locked environment's setuptools; return the wheel."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, sources / "lab",
        environment={**os.environ, "SOURCE_DATE_EPOCH": str(moment)})  # fmt: skip
    (built,) = target.glob("*.whl")
    return built


def pages(html: pathlib.Path, target: pathlib.Path, name: str, moment: int) -> pathlib.Path:
    """Pack the pages of the documentation into a folder."""
    packed = target / f"{name}.tar.gz"
    packed.write_bytes(archive.pack(archive.folder(html, name), moment))
    return packed


def sums(folder: pathlib.Path) -> None:
    """Write the checksums of all that is in a folder, as sha256sum reads them."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines))
