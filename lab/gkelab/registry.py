# SPDX-License-Identifier: Apache-2.0
"""The lab's image registry: `python -m gkelab.registry ARCHIVE PORT`, read only, on 127.0.0.1.

It serves the images of one OCI archive by the part of the distribution API that a pull needs. Images with the tag
latest are pulled again for every container; containerd asks this server in place of every registry and names the real
one in the parameter ns. The blobs are read from the archive as they are asked for.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Blob:
    """Where a blob lies in the archive."""

    offset: int
    size: int


class Archive:
    """An OCI archive: digests by image name, blobs by digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with tarfile.open(path) as tar:
            members = {member.name: Blob(member.offset_data, member.size) for member in tar if member.isfile()}
        self.blobs = {
            f"sha256:{name.removeprefix('blobs/sha256/')}": blob
            for name, blob in members.items()
            if name.startswith("blobs/sha256/")
        }
        index = json.loads(b"".join(self.chunks(members["index.json"])))
        self.names = {
            str(entry["annotations"]["io.containerd.image.name"]): str(entry["digest"]) for entry in index["manifests"]
        }

    def chunks(self, blob: Blob) -> list[bytes]:
        """Return the content of a blob."""
        with self.path.open("rb") as file:
            file.seek(blob.offset)
            return [file.read(min(CHUNK, blob.size - start)) for start in range(0, blob.size, CHUNK)]

    def find(self, url: str) -> tuple[str, str]:
        """Return media type and digest of what a request asks for; the digest is "" if it is not here."""
        parts = urllib.parse.urlsplit(url)
        registry = urllib.parse.parse_qs(parts.query).get("ns", ["docker.io"])[0]
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.+)", parts.path)
        if not match:
            return "", ""
        repository, kind, reference = match.groups()
        if kind == "manifests":
            reference = self.names.get(f"{registry}/{repository}:{reference}", reference)
        media_type = MANIFEST if kind == "manifests" else "application/octet-stream"
        return media_type, reference if reference in self.blobs else ""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    archive: Archive

    def do_GET(self) -> None:
        """Answer with headers and content."""
        self.answer(with_content=True)

    def do_HEAD(self) -> None:
        """Answer with headers only."""
        self.answer(with_content=False)

    def answer(self, *, with_content: bool) -> None:
        """Answer one request."""
        media_type, digest = self.archive.find(self.path)
        chunks = self.archive.chunks(self.archive.blobs[digest]) if digest else [b"{}"]
        self.send_response(200 if digest or urllib.parse.urlsplit(self.path).path == "/v2/" else 404)
        self.send_header("Content-Type", media_type if digest else "application/json")
        self.send_header("Content-Length", str(sum(map(len, chunks))))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if with_content:
            for chunk in chunks:
                self.wfile.write(chunk)


def main() -> None:
    """Serve for ever."""
    Handler.archive = Archive(Path(sys.argv[1]))
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()


if __name__ == "__main__":
    main()
