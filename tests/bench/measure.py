# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands cost, in turns: whatever else the machine does then disturbs all of them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# A new process begins with the memory of who started it, and that counts as the most that it ever had. So commands are
# started by a process that is small.
LAUNCHER = """\
import os, sys
writing, *words = sys.argv[1:]
_pid, status, usage = os.wait4(os.posix_spawnp(words[0], words, os.environ), 0)
os.write(int(writing), f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}".encode())
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


@dataclass(frozen=True)
class Cost:
    """What a process and all that it started took."""

    cpu: float  # seconds, user and system
    rss: float  # MB, of its largest process
    wall: float  # seconds


@dataclass(frozen=True)
class Spread:
    """What several rounds found."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return that of one value a round."""
        return cls(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Command:
    """A program, its arguments and its environment."""

    words: Sequence[str]
    environment: Mapping[str, str]

    def run(self) -> tuple[Cost, str]:
        """Run it, which has to succeed; return what that took, and what it printed."""
        begin = time.monotonic()
        reading, writing = os.pipe()
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writing), *self.words],
                env=dict(self.environment),
                pass_fds=[writing],
                capture_output=True,
                check=False,
            )
            wall = time.monotonic() - begin
            printed, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
            assert done.returncode == 0, (self.words, printed[-4000:], errors)
            cpu, kilobytes = map(float, os.read(reading, 100).split())
        finally:
            os.close(reading)
            os.close(writing)
        return Cost(cpu, kilobytes / 1024, wall), printed


class Series:
    """The costs of commands that took turns, by their names; the n-th of each were found in one round."""

    def __init__(self, costs: Mapping[str, Sequence[Cost]]) -> None:
        self.costs = costs

    def cpu(self, name: str) -> list[float]:
        """Return the CPU seconds of a command, round by round."""
        return [cost.cpu for cost in self.costs[name]]

    def rss(self, name: str) -> list[float]:
        """Return the MB of a command's largest process, round by round."""
        return [cost.rss for cost in self.costs[name]]

    def wall(self, name: str) -> list[float]:
        """Return how long a command took, round by round."""
        return [cost.wall for cost in self.costs[name]]


def take_turns(commands: Mapping[str, Command], rounds: int, say: Callable[[str], None] = lambda _text: None) -> Series:
    """Run all commands, round by round, every other round backwards; so a machine that warms up favours nobody."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        for name in list(commands)[:: -1 if number % 2 else 1]:
            cost, _printed = commands[name].run()
            costs[name].append(cost)
            say(f"{name}: {cost.cpu:.2f} s of CPU, {cost.rss:.0f} MB ({number + 1} of {rounds})")
    return Series(costs)


def each_round(function: Callable[..., float], *values: Sequence[float]) -> list[float]:
    """Return what a function makes of the values of each round."""
    return [function(*together) for together in zip(*values, strict=True)]


def ratio(one: Sequence[float], other: Sequence[float]) -> Spread:
    """Return how much of the other the one is, compared round by round."""
    return Spread.of(each_round(lambda mine, theirs: mine / theirs, one, other))
