# SPDX-License-Identifier: Apache-2.0
"""Running other programs while something is made: their output is kept for when they fail, and they end with us."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from gkelab.processes import kill_session
from gkelab.supplies.cache import Say, SupplyError

LAST_LINES = 15
STILL = 30  # seconds between signs of life


def run(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    say: Say | None = None,
) -> str:
    """Return what a program prints; raise SupplyError with its last words when it fails.

    It runs in a session of its own, which is ended when we are interrupted. `say` is told every half minute that it is
    still at it.
    """
    words = [str(part) for part in command]
    started = time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output = _output(process, lambda: say and say(f"... still at it after {time.monotonic() - started:.0f} s"))
    finally:
        if process.poll() is None:
            kill_session(process.pid)
            process.wait()
    if process.returncode:
        last = "\n".join(output.strip().splitlines()[-LAST_LINES:])
        raise SupplyError(f"this failed: {' '.join(words)}\n{last}")
    return output


def _output(process: subprocess.Popen[str], sign: Callable[[], object]) -> str:
    while True:
        try:
            return process.communicate(timeout=STILL)[0]
        except subprocess.TimeoutExpired:
            sign()
