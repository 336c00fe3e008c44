# SPDX-License-Identifier: Apache-2.0
"""What a command prints: results on standard output, progress on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence


def show(text: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as columns of equal width, the first row being the heading."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


class Progress:
    """Prints what is being done, with the seconds since the command began."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._phase = self._begin

    def say(self, text: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{time.monotonic() - self._begin:7.1f} s  {text}\n")
        sys.stderr.flush()

    def done(self, phase: str) -> None:
        """Print that a phase has ended, and how long it took."""
        now = time.monotonic()
        self.say(f"{phase} ({now - self._phase:.1f} s)")
        self._phase = now
