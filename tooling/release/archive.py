# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives whose bytes depend on names, contents and one time, and on nothing of who packs them, where and when."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pathlib
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

MANIFEST, FILES = "MANIFEST.json", "FILES.json"


@dataclass(frozen=True)
class Entry:
    """A file of an archive, or a folder, which has no content."""

    name: str
    content: bytes | None
    executable: bool = False


def pack(entries: Iterable[Entry], moment: int) -> bytes:
    """Return a .tar.gz of the entries, in their order."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.mtime = moment
            member.type = tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE
            member.mode = 0o755 if entry.content is None or entry.executable else 0o644
            member.size = len(entry.content or b"")
            archive.addfile(member, io.BytesIO(entry.content or b""))
    return packed.getvalue()


def folder(root: pathlib.Path, name: str) -> list[Entry]:
    """Return all that is in a folder, but what is hidden, as entries below a name."""
    inside = {path.relative_to(root): path for path in root.rglob("*")}
    seen = sorted(place for place in inside if not any(part.startswith(".") for part in place.parts))
    return [Entry(name, None)] + [
        Entry(f"{name}/{place.as_posix()}", None if inside[place].is_dir() else inside[place].read_bytes())
        for place in seen
    ]


def normal(artifact: bytes, moment: int) -> bytes:
    """Return a collection's artifact as ansible-galaxy might have built it, whatever the order and the time it took.

    ansible-galaxy lists the files as the file system does, and stamps the time of day.
    """
    found = {entry.name: entry for entry in unpack(artifact)}
    listed = json.loads(found[FILES].content or b"")
    listed["files"].sort(key=lambda file: file["name"])
    files = _json(listed)
    manifest = json.loads(found[MANIFEST].content or b"")
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files).hexdigest()
    rest = [found[file["name"]] for file in listed["files"] if file["name"] != "."]
    return pack([Entry(MANIFEST, _json(manifest)), Entry(FILES, files), *rest], moment)


def unpack(archive: bytes) -> Iterable[Entry]:
    """Yield what is in a .tar.gz of files and folders."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        for member in opened:
            file = opened.extractfile(member)
            yield Entry(member.name, file.read() if file else None, bool(member.mode & 0o100) and member.isfile())


def lay_out(entries: Iterable[Entry], root: pathlib.Path) -> None:
    """Write entries below a folder, with modes that are the same whatever the umask is."""
    root.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        path = root / entry.name
        if entry.content is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(entry.content)
        path.chmod(0o755 if entry.content is None or entry.executable else 0o644)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=True).encode()  # as ansible-galaxy writes it
