# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress on the screen: in place on a terminal, as lines everywhere else.

Everything goes through Ansible's Display, whose messages a worker sends to the process that owns the screen.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from ..module_utils.waiting import Progress

LONGEST_SILENCE = 30.0  # seconds after which a line is shown again, though the phase is the same
BEGIN, CLEAR = "\r", "\x1b[K"  # to the beginning of the line; delete the rest of it (ECMA-48, EL)

Mask = Callable[[str], str]


class Display(Protocol):
    """What is used of Ansible's Display."""

    def display(self, msg: str, *, newline: bool = True, screen_only: bool = False) -> None:
        """Show a text."""


class Screen(Protocol):
    """Where the progress of one task on one host is shown."""

    def show(self, now: Progress, mask: Mask) -> None:
        """Show it, or not; the mask takes secrets out of a text."""

    def clear(self) -> None:
        """Leave the screen as others expect it."""


class Nowhere:
    """A screen that shows nothing."""

    def show(self, now: Progress, mask: Mask) -> None:
        """Show nothing."""

    def clear(self) -> None:
        """Nothing was shown."""


class Lines:
    """A line for each change of the phase, or each half a minute."""

    def __init__(self, display: Display, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._display, self._host, self._clock = display, host, clock
        self._shown: tuple[str, str] | None = None
        self._at = 0.0

    def show(self, now: Progress, mask: Mask) -> None:
        """Show a line if it is time for one."""
        at = self._clock()
        if (now.what, now.phase) != self._shown or at - self._at >= LONGEST_SILENCE:
            with _undisturbed():
                self._display.display(_line(self._host, now, mask))
            self._shown, self._at = (now.what, now.phase), at

    def clear(self) -> None:
        """Lines stay."""


class InPlace:
    """One line of a terminal that is written again and again; nobody else may write on it meanwhile."""

    def __init__(self, display: Display, host: str, width: int) -> None:
        """Take a terminal.

        :param width: in characters; a longer line would be broken, and its beginning could not be found again.
        """
        self._display, self._host, self._width = display, host, width
        self._used = False

    def show(self, now: Progress, mask: Mask) -> None:
        """Write over what was shown before."""
        self._write(_line(self._host, now, mask)[: self._width - 1])
        self._used = True

    def clear(self) -> None:
        """Delete what was shown."""
        if self._used:
            self._write("")

    def _write(self, text: str) -> None:
        with _undisturbed():
            self._display.display(f"{BEGIN}{text}{CLEAR}", newline=False, screen_only=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for a moment.

    A worker that dies of it while it sends a message takes the lock of Ansible's queue with it, and the process that
    owns the screen waits for that lock for ever.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _line(host: str, now: Progress, mask: Mask) -> str:
    """Return the text in one line; what a server says may have control characters in it."""
    text = f"{host} | {mask(str(now))}"
    return "".join(character if character.isprintable() else " " for character in text)


def _width() -> int:
    """Return the width of the terminal that the standard output is; 0: it is none."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return 0
    return os.get_terminal_size(sys.stdout.fileno()).columns


TERMINAL_WIDTH = _width()  # asked when Ansible loads the action: later, in a worker, the standard output is nowhere
