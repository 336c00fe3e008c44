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
LONGEST_SILENCE = 30.0  # seconds after which progress is shown again, though nothing has changed


class Deadline:
    """A point in time that several waits share."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self._start = clock()

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return self.clock() - self._start

    def left(self) -> float:
        """Return the seconds that are left, never negative."""
        return max(0.0, self.seconds - self.elapsed())


def backoff(failures: int, longest: float) -> float:
    """Return the seconds to wait after so many failures in a row: 0.5, 1, 2, 4, ... up to the longest."""
    return float(min(longest, 2.0 ** (failures - 2)))


def poll(
    look: Callable[[], Value],
    is_done: Callable[[Value], bool],
    *,
    what: str,
    deadline: Deadline,
    longest_pause: float = 5.0,
    pause_after: Callable[[Value], float] = lambda seen: 0.0,
    describe: Callable[[Value], str] = str,
    progress: Callable[[str], None] = lambda text: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Value:
    """Look until it is done; return what was seen then.

    :param look: reads the current state.
    :param what: what is waited for, for the error: "node pool multinet is RUNNING".
    :param longest_pause: seconds between two looks, at most, unless what was seen asks for more.
    :param pause_after: seconds that what was seen asks to be left alone, at least (HTTP's Retry-After, a backoff).
    :param describe: says in a few words what was seen; shown as progress when it changes, and every half a minute.
    :raises TimedOut: at the deadline, with the last description.
    """
    begin, shown, said = deadline.elapsed(), "", 0.0
    while True:
        seen = look()
        if is_done(seen):
            return seen
        text = describe(seen)
        if text != shown or deadline.elapsed() - said >= LONGEST_SILENCE:
            progress(f"{what}: {text} ({deadline.elapsed():.0f} s)")
            shown, said = text, deadline.elapsed()
        if not deadline.left():
            raise TimedOut(what, deadline.seconds, text)
        pause = min(max(FIRST_PAUSE, SHARE * (deadline.elapsed() - begin)), longest_pause)
        sleep(min(max(pause, pause_after(seen)), deadline.left()))
