# SPDX-License-Identifier: Apache-2.0
"""OCI image archives written from plain files, the same bytes every time, without a container engine."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

# The names by which busybox is called in the images.
APPLETS = (
    *("arping", "base64", "cat", "chmod", "cp", "date", "echo", "env", "grep", "head", "hostname", "httpd", "id"),
    *(
        "ip",
        "kill",
        "ls",
        "md5sum",
        "mkdir",
        "mv",
        "nc",
        "nslookup",
        "ping",
        "printf",
        "ps",
        "rm",
        "route",
        "sed",
        "seq",
        "sh",
    ),
    *("sleep", "tail", "test", "timeout", "touch", "tr", "traceroute", "true", "udhcpc", "uname", "wc", "wget"),
)


@dataclass(frozen=True)
class Image:
    """One image: files are path in the image -> file on disk, links are path -> target."""

    names: Sequence[str]
    entrypoint: Sequence[str]
    files: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()


def with_busybox(names: Sequence[str], entrypoint: Sequence[str], busybox: Path, files: Mapping[str, Path]) -> Image:
    """Return an image that has a shell and the usual small tools beside its files."""
    return Image(
        names, entrypoint, {**files, "bin/busybox": busybox}, {f"bin/{applet}": "busybox" for applet in APPLETS}
    )


def _entry(name: str, kind: bytes, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    info.mode = 0o644 if kind == tarfile.REGTYPE and name.endswith(".html") else 0o755
    return info  # owner 0:0 and time 0 are TarInfo's defaults


def layer(image: Image) -> bytes:
    """Return the only layer of an image as an uncompressed tar."""
    names = [*image.files, *image.links, "tmp/.keep", "etc/.keep"]
    folders = sorted({str(parent) for name in names for parent in PurePath(name).parents} - {"."})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in folders:
            tar.addfile(_entry(folder, tarfile.DIRTYPE))
        for name, source in sorted(image.files.items()):
            data = source.read_bytes()
            tar.addfile(_entry(name, tarfile.REGTYPE, len(data)), io.BytesIO(data))
        for name, target in sorted(image.links.items()):
            tar.addfile(_entry(name, tarfile.SYMTYPE, link=target))
    return out.getvalue()


def write_archive(images: Sequence[Image], path: Path) -> None:
    """Write one OCI layout archive that holds all images; `ctr images import` reads it.

    A name of the form repository@sha256:... is kept as it is: containerd does not compare it with the digest of the
    manifest that the record points at, which is how a stand-in answers to the digest of what it stands in for.
    """
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": f"sha256:{digest}", "size": len(data)}

    def document(value: dict[str, Any], media_type: str) -> dict[str, Any]:
        return blob(json.dumps(value, sort_keys=True).encode(), media_type)

    manifests = []
    for image in images:
        content = layer(image)
        config = document(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {
                    "Entrypoint": list(image.entrypoint),
                    "Cmd": list(image.command),
                    "Env": ["PATH=/bin:/"],
                },
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]},
            },
            "config.v1+json",
        )
        manifest = document(
            {"schemaVersion": 2, "config": config, "layers": [blob(content, "layer.v1.tar")]}, "manifest.v1+json"
        )
        manifests += [{**manifest, "annotations": {"io.containerd.image.name": name}} for name in image.names]
    top = {
        "index.json": json.dumps({"schemaVersion": 2, "manifests": manifests}, sort_keys=True).encode(),
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
    }
    with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted({**blobs, **top}.items()):
            tar.addfile(_entry(name, tarfile.REGTYPE, len(data)), io.BytesIO(data))
