# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gates have in common: where things are, commands, and how a gate ends."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
INSTALLED = BUILD / "collections" / "ansible_collections" / "multinet" / "gke"


@dataclass(frozen=True)
class Tree:
    """A copy of what is installed, for gates to work in."""

    root: pathlib.Path  # the parent of ansible_collections
    collection: pathlib.Path


@dataclass(frozen=True)
class Outcome:
    """How a gate that was run has ended."""

    words: str = "passed"
    tests: Counter[str] = field(default_factory=Counter)  # by how they ended, if they are tests
    skips: Counter[str] = field(default_factory=Counter)  # by their reason


class GateFailed(Exception):
    """A gate has found something; the text is what it printed."""

    def __init__(self, text: str, outcome: Outcome | None = None) -> None:
        super().__init__(text)
        self.outcome = outcome or Outcome("")


class GateSkipped(Exception):
    """A gate cannot be run here; the text says why."""


Gate = Callable[[Tree], Outcome | None]


def run(cwd: pathlib.Path, *command: object, **environment: str) -> str:
    """Return what a command printed; GateFailed if it failed."""
    result = _result(cwd, command, environment, subprocess.PIPE)
    if result.returncode:
        raise GateFailed(result.stdout)
    return result.stdout


def show(cwd: pathlib.Path, *command: object, **environment: str) -> None:
    """Run a command whose output is shown at once; GateFailed if it failed."""
    if _result(cwd, command, environment, None).returncode:
        raise GateFailed("")


def _result(
    cwd: pathlib.Path, command: Iterable[object], environment: dict[str, str], output: int | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        text=True,
        check=False,
    )
