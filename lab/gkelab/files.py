# SPDX-License-Identifier: Apache-2.0
"""Writing files that others must not read."""

from __future__ import annotations

import os
from pathlib import Path


def write_secret(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read, in one step: a reader sees the old content or the new."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    new.replace(path)
