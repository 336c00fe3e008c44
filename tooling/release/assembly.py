# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All files of a release, built of a commit into one folder."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from gates.artifact import html
from gates.running import BUILD, Tree

from . import archive, materials, products
from .checkout import Checkout

LOCK = pathlib.Path("tooling", "requirements.txt")
CHANGELOG = "CHANGELOG.rst"


def build(checkout: Checkout, target: pathlib.Path) -> None:
    """Build artifacts, bills, pages, changelog and checksums."""
    target.mkdir()
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        sources, tree = pathlib.Path(folder, "sources"), pathlib.Path(folder, "tree")
        checkout.export(sources)
        artifact = artifacts(checkout, sources, tree, target)
        html(Tree(tree, tree / products.PLACE))
        name = f"docs-{artifact.name.removesuffix('.tar.gz')}"
        products.pages(BUILD / "html", target, name, checkout.moment)
        if (sources / CHANGELOG).exists():
            shutil.copy(sources / CHANGELOG, target)
    products.sums(target)


def artifacts(checkout: Checkout, sources: pathlib.Path, tree: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """Build the collection, which is then unpacked in a tree, the lab and their bills; return the collection."""
    moment, lock = checkout.moment, (sources / LOCK).read_text()
    artifact, wheel = products.collection(sources, target, moment), products.wheel(sources, target, moment)
    archive.lay_out(archive.unpack(artifact.read_bytes()), tree / products.PLACE)
    bills = {
        artifact.name.removesuffix(".tar.gz"): materials.of_collection(artifact, tree, lock, moment),
        "-".join(wheel.name.split("-")[:2]): materials.of_lab(wheel, lock, moment),
    }
    for name, bill in bills.items():
        (target / f"{name}.cdx.json").write_text(bill)
    return artifact
