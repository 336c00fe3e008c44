# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for something to come true: one deadline over everything, polls that become rarer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import TimedOut

Value = TypeVar("Value")

FIRST_PAUSE = 0.2  # seconds; what ends at once is not waited for
SHARE = 0.1  # of the time waited so far: so much later than it came true is it noticed, at most


class Deadline:
    """A point in time that several waits share."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._start = clock()

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return self._clock() - self._start

    def left(self) -> float:
        """Return the seconds that are left, never negative."""
        return max(0.0, self.seconds - self.elapsed())


def poll(
    look: Callable[[], Value],
    is_done: Callable[[Value], bool],
    *,
    what: str,
    deadline: Deadline,
    longest_pause: float = 5.0,
    describe: Callable[[Value], str] = str,
    progress: Callable[[str], None] = lambda text: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Value:
    """Look until it is done; return what was seen then.

    :param look: reads the current state.
    :param what: what is waited for, for the error: "node pool multinet is RUNNING".
    :param longest_pause: seconds between two looks, at most.
    :param describe: says in a few words what was seen; shown as progress when it changes.
    :raises TimedOut: at the deadline, with the last description.
    """
    begin, shown = deadline.elapsed(), ""
    while True:
        seen = look()
        if is_done(seen):
            return seen
        text = describe(seen)
        if text != shown:
            progress(f"{what}: {text} ({deadline.elapsed():.0f} s)")
            shown = text
        if not deadline.left():
            raise TimedOut(what, deadline.seconds, text)
        pause = max(FIRST_PAUSE, SHARE * (deadline.elapsed() - begin))
        sleep(min(pause, longest_pause, deadline.left()))
