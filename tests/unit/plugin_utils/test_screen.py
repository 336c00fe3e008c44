# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress: a line for each change of the phase or each half a minute, or one line that is written again and again."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.waiting import Progress
from ansible_collections.multinet.gke.plugins.plugin_utils.screen import (
    LONGEST_SILENCE,
    InPlace,
    Lines,
    Screen,
)


class Terminal:
    """A terminal that knows what it was written, and what is to be seen in its last line."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.line, self.column = "", 0

    def display(self, msg: str, *, newline: bool = True, screen_only: bool = False) -> None:
        self.written.append(msg)
        for character in msg.replace("\x1b[K", "\0") + ("\n" if newline else ""):
            if character == "\r":
                self.column = 0
            elif character == "\0":
                self.line = self.line[: self.column]
            elif character == "\n":
                self.line, self.column = "", 0
            else:
                self.line = self.line[: self.column] + character + self.line[self.column + 1 :]
                self.column += 1


def plain(text: str) -> str:
    return text


def at(seconds: float, phase: str = "cluster configuring", percent: int | None = 40) -> Progress:
    return Progress("create cluster edge", phase, percent, seconds)


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (at(190), "create cluster edge: cluster configuring (40 %), 3 min 10 s"),
        (at(9.9, "RUNNING", None), "create cluster edge: RUNNING, 9 s"),
        (at(3600, "RUNNING", 0), "create cluster edge: RUNNING (0 %), 60 min 0 s"),
        (Progress("create cluster edge"), "create cluster edge"),
    ],
)
def test_what_progress_says(now: Progress, text: str) -> None:
    assert str(now) == text


def test_a_line_for_each_change_of_the_phase_or_each_half_a_minute() -> None:
    terminal, time = Terminal(), 0.0
    lines = Lines(terminal, "edge", clock=lambda: time)
    for second in range(100):
        time = float(second)
        lines.show(at(time, "configuring" if second < 12 else "deploying", second), plain)
    lines.clear()
    assert terminal.written == [
        "edge | create cluster edge: configuring (0 %), 0 s",
        "edge | create cluster edge: deploying (12 %), 12 s",
        "edge | create cluster edge: deploying (42 %), 42 s",
        "edge | create cluster edge: deploying (72 %), 1 min 12 s",
    ]
    assert LONGEST_SILENCE == 42 - 12


def test_in_place_the_last_state_is_seen_and_then_nothing() -> None:
    terminal = Terminal()
    screen = InPlace(terminal, "edge", 80)
    screen.show(at(9, "a much longer phase than the next one"), plain)
    screen.show(at(10), plain)
    assert terminal.line == "edge | create cluster edge: cluster configuring (40 %), 10 s"
    screen.clear()
    assert (terminal.line, terminal.column) == ("", 0)


def test_a_line_in_place_is_never_broken() -> None:
    terminal = Terminal()
    InPlace(terminal, "edge", 30).show(at(10), plain)
    assert terminal.line == "edge | create cluster edge: c"


def test_nothing_is_deleted_where_nothing_was_shown() -> None:
    terminal = Terminal()
    InPlace(terminal, "edge", 80).clear()
    assert terminal.written == []


def test_two_hosts_have_lines_of_their_own() -> None:
    terminal = Terminal()
    screens = [Lines(terminal, host, clock=lambda: 0.0) for host in ("edge", "shop")]
    for screen in (*screens, *screens):
        screen.show(at(1), plain)
    assert [text.split(" | ")[0] for text in terminal.written] == ["edge", "shop"]


def test_what_a_server_says_cannot_move_the_cursor_and_has_no_secret_in_it() -> None:
    terminal = Terminal()
    Lines(terminal, "edge").show(at(1, "bad\x1b[2J\r\nsesame"), lambda text: text.replace("sesame", "***"))
    (text,) = terminal.written
    assert text.isprintable()
    assert "***" in text


class Interrupted:
    """A display during which Ctrl-C is pressed; it has a lock meanwhile."""

    def __init__(self) -> None:
        self.is_locked = False

    def display(self, msg: str, *, newline: bool = True, screen_only: bool = False) -> None:
        self.is_locked = True
        signal.raise_signal(signal.SIGINT)  # to this thread: a worker of Ansible has no other
        self.is_locked = False


@pytest.mark.parametrize(
    "screen", [lambda display: Lines(display, "edge"), lambda display: InPlace(display, "edge", 80)]
)
def test_ctrl_c_waits_until_a_message_is_sent(screen: Callable[[Interrupted], Screen]) -> None:
    display = Interrupted()
    seen: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(display.is_locked))
    try:
        screen(display).show(Progress("create cluster edge"), plain)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [False]
