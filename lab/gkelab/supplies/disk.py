# SPDX-License-Identifier: Apache-2.0
"""The disk that all nodes start from: containerd's store with the images in it, written by one boot of a kernel.

A node gets a copy-on-write file over it, so it has no image to import (20 s to Ready became 9).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gkelab import uml
from gkelab.supplies.cache import Say, SupplyError, entry, key_of
from gkelab.supplies.running import run

SIZE = 4 << 30  # bytes, sparse
MEMORY = 1024  # MiB


def build(cache: Path, tree: Path, images: Path, say: Say) -> Path:
    """Return the disk, after a kernel has written it if it is not there."""
    recipe: list[str | bytes] = [
        *(str(path.relative_to(cache)) for path in (tree, images)),
        *(path.read_bytes() for path in (Path(__file__), *uml.COMMON, uml.ROLES["prepare-disk"])),
    ]

    def make(folder: Path) -> None:
        say("writing the nodes' disk (one boot, about 15 s)")
        disk, guest = folder / "disk.img", folder / "guest"
        with disk.open("wb") as file:
            file.truncate(SIZE)
        uml.write_folder(guest, tree, "prepare-disk", {})
        (guest / "images.tar").hardlink_to(images)
        with tempfile.TemporaryDirectory(prefix="gkelab-") as sockets:  # a short path
            console = run(
                uml.command(tree, guest, Path(sockets), "prepare", memory=MEMORY, devices=[f"ubd0={disk}"]), say=say
            )
        if not (guest / "log" / "prepared").exists():
            logs = "\n".join(log.read_text(errors="replace")[-500:] for log in sorted((guest / "log").iterdir()))
            raise SupplyError(f"the nodes' disk could not be written\n{console[-1500:]}\n{logs}")
        shutil.rmtree(guest)

    return entry(cache, f"disk/{key_of(recipe)}", make, say) / "disk.img"
