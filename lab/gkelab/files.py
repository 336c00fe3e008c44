# SPDX-License-Identifier: Apache-2.0
"""Writing files that others must not read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_secret(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read, in one step: a reader sees the old content or the new.

    Two at once do not hinder each other: the last one's content stays.
    """
    data = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with 0600
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)  # it is there only after a failure
