# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for something to come true: one deadline over everything, polls that become rarer, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import TimedOut

Value = TypeVar("Value")

FIRST_PAUSE = 0.2  # seconds; what ends at once is not waited for
SHARE = 0.1  # of the time waited so far: so much later than it came true is it noticed, at most


@dataclass(frozen=True)
class Progress:
    """What is going on."""

    what: str  # "create cluster edge": the title of a change, where it is one
    phase: str = ""  # "cluster deploying"; empty: it has only begun
    percent: int | None = None  # None: nobody knows
    elapsed: float | None = None  # seconds since the run began; None: nothing is waited for

    @property
    def state(self) -> str:
        """Return how far it is: "cluster deploying (60 %)"."""
        return self.phase if self.percent is None else f"{self.phase} ({self.percent} %)"

    def __str__(self) -> str:
        text = f"{self.what}: {self.state}" if self.state else self.what
        return text if self.elapsed is None else f"{text}, {spent(self.elapsed)}"


def spent(seconds: float) -> str:
    """Return a time for people: "45 s", "3 min 10 s"."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


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
    percent_of: Callable[[Value], int | None] = lambda seen: None,
    progress: Callable[[Progress], None] = lambda now: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Value:
    """Look until it is done; return what was seen then.

    :param look: reads the current state.
    :param what: what is waited for, for the error: "node pool multinet is RUNNING".
    :param longest_pause: seconds between two looks, at most, unless what was seen asks for more.
    :param pause_after: seconds that what was seen asks to be left alone, at least (HTTP's Retry-After, a backoff).
    :param describe: says in a few words what was seen.
    :param percent_of: says how much of it is done, if that can be seen.
    :param progress: is told after each look; how much of that is shown, it decides.
    :raises TimedOut: at the deadline, with the last description.
    """
    begin = deadline.elapsed()
    while True:
        seen = look()
        if is_done(seen):
            return seen
        now = Progress(what, describe(seen), percent_of(seen), deadline.elapsed())
        progress(now)
        if not deadline.left():
            raise TimedOut(what, deadline.seconds, now.state)
        pause = min(max(FIRST_PAUSE, SHARE * (deadline.elapsed() - begin)), longest_pause)
        sleep(min(max(pause, pause_after(seen)), deadline.left()))
