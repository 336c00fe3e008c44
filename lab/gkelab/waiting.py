# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float, pause: float = 0.1) -> bool:
    """Wait until the condition holds, at most so many seconds; tell whether it did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
