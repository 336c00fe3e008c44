# SPDX-License-Identifier: Apache-2.0
"""The images that the lab's nodes have on board, and what stands in for what (lab/README.md says the same in prose)."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from gkelab.supplies import archive
from gkelab.supplies.archive import Image, with_busybox, write_archive
from gkelab.supplies.cache import Say, entry, key_of

FILES = Path(__file__).resolve().parent.parent / "images"
PAUSE = "localhost/pause:1"
# The guide's images by digest: containerd looks up `repository@digest` and ignores the tag.
MULTUS = "gcr.io/gke-release/multus-cni@sha256:25b48b8dbbf6c78a10452836f52dee456514783565b70633a168a39e6d322310"
WHEREABOUTS = "gcr.io/gke-release/whereabouts@sha256:2bb8450a99d86c73b262f5ccd8c433d3e3abf17d36ee5c3bf1056a1fe479e8c2"
# Upstream's own, by tag.
UPSTREAM_MULTUS = "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.2"
UPSTREAM_WHEREABOUTS = "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9.4"
SAMPLE = ("docker.io/library/nginx:latest", "docker.io/library/nginx:alpine")
PROBE = ("docker.io/library/busybox:1.37", "docker.io/library/busybox:latest")


@dataclass(frozen=True)
class Programs:
    """The folders of what the images are made of: the nodes' tree, and the programs of three modules."""

    tree: Path
    multus: Path
    whereabouts: Path  # of the guide's version
    newer_whereabouts: Path

    @property
    def busybox(self) -> Path:
        """Return the program that is most of the small tools."""
        return self.tree / "usr/bin/busybox"


def on_board(programs: Programs) -> list[Image]:
    """Return the images that every node has."""
    busybox, multus, whereabouts = programs.busybox, programs.multus, programs.whereabouts
    return [
        with_busybox([PAUSE], ["/bin/sleep", "2147483647"], busybox, {}),
        with_busybox(
            [MULTUS],
            ["/install-multus-config"],
            busybox,
            {
                "multus": multus / "multus",
                "gkecmd": FILES / "gkecmd",
                "install-multus-config": FILES / "install-multus-config",
            },
        ),
        with_busybox(
            [WHEREABOUTS],
            ["/bin/sh"],
            busybox,
            {
                "whereabouts": whereabouts / "whereabouts",
                "ip-control-loop": whereabouts / "ip-control-loop",
                "install-cni.sh": FILES / "install-cni.sh",
            },
        ),
        with_busybox(SAMPLE, ["/app"], busybox, {"app": FILES / "app", "www/index.html": FILES / "index.html"}),
        with_busybox(PROBE, ["/bin/sh"], busybox, {}),
    ]


def to_pull(programs: Programs) -> list[Image]:
    """Return the images that a node pulls when it needs them: upstream's, which few labs ever run."""
    multus, whereabouts = programs.multus, programs.newer_whereabouts
    return [
        Image(  # without a shell, as upstream's
            [UPSTREAM_MULTUS],
            ["/thin_entrypoint"],
            {
                "usr/src/multus-cni/bin/multus": multus / "multus",
                "usr/src/multus-cni/bin/passthru": multus / "passthru-cni",
                "install_multus": multus / "install_multus",
                "thin_entrypoint": multus / "thin_entrypoint",
            },
        ),
        with_busybox(
            [UPSTREAM_WHEREABOUTS],
            ["/install-cni.sh"],
            programs.busybox,
            {
                "whereabouts": whereabouts / "whereabouts",
                "ip-control-loop": whereabouts / "ip-control-loop",
                "ip-reconciler": whereabouts / "ip-reconciler",
                "install-cni.sh": FILES / "install-cni.sh",
                "token-watcher.sh": FILES / "token-watcher.sh",
            },
        ),
    ]


@dataclass(frozen=True)
class Archives:
    """The archives with the images."""

    on_board: Path  # for the nodes' disk
    every: Path  # for the registry


def build(cache: Path, programs: Programs, say: Say) -> Archives:
    """Return the archives, after writing them if they are not there."""
    recipe: list[str | bytes] = [
        *(str(path.relative_to(cache)) for path in astuple(programs)),
        *(path.read_bytes() for path in (Path(__file__), Path(archive.__file__), *sorted(FILES.iterdir()))),
    ]

    def make(folder: Path) -> None:
        say("writing the nodes' images")
        write_archive(on_board(programs), folder / "on-board.tar")
        write_archive([*on_board(programs), *to_pull(programs)], folder / "images.tar")

    folder = entry(cache, f"images/{key_of(recipe)}", make, say)
    return Archives(folder / "on-board.tar", folder / "images.tar")
