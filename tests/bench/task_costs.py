# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task more costs with each module, directly and as an ordinary one, and what is paid before the first.

One task's cost is told from a playbook with one and another with several of it: the start is in both.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from . import guide
from .every_module import COMPUTE, every_module
from .goals import Figure, figure, reading
from .measure import Command, Series, Spread, each_round, ratio
from .stage import ORDINARY, Found, Stage, noop, ours, stage

MORE_DIRECTLY, MORE = 8, 3  # tasks more; ordinary ones cost so much that fewer show it
NOTHING, LOADED, NOOP = "an action that does nothing", "start with all libraries", "no-op module"
OURS = ("ansible_collections.multinet", "google", "grpc", "kubernetes", "netaddr", "proto")


def measure(rounds: int) -> Found:
    """Measure it on a site that is as it should be."""
    with stage("control-plane", "--time-factor", "0") as at:
        guide.make(at)
        modules = every_module(at.folder)
        nothing = {"name": "Nothing", "ansible.builtin.assert": {"that": "true"}}
        commands = {
            NOTHING: at.tasks("nothing", [nothing]),
            LOADED: at.tasks("loaded", [nothing, *(ours(*each, when=False) for each in modules.items())]),
        }
        _add(commands, at, NOOP, noop(1), MORE)
        for module, options in modules.items():
            _add(commands, at, module, [ours(module, options)], MORE_DIRECTLY)
            _add(commands, at, _ordinary(module), [ours(module, options)], MORE, *ORDINARY)
        assert _loaded(commands[LOADED]), "what is loaded cannot be seen"
        loaded = _loaded(commands[NOTHING])
        series = at.turns(commands, rounds)
    return Found([*_start(series, loaded), *_tasks(series, modules)], series.costs)


def _add(
    commands: dict[str, Command], at: Stage, name: str, task: Sequence[dict[str, Any]], more: int, *arguments: str
) -> None:
    for number in (1, 1 + more):
        commands[_times(name, number)] = at.tasks(_times(name, number), list(task) * number, *arguments)


def _times(name: str, number: int) -> str:
    return f"{name} x {number}"


def _ordinary(module: str) -> str:
    return f"{module}, ordinary"


def _loaded(command: Command) -> list[str]:
    """Return what a playbook imports of ours, and of the libraries that only we need."""
    program, *arguments = command.words
    path = shutil.which(program, path=command.environment["PATH"])
    words = [sys.executable, "-X", "importtime", str(path), *arguments]
    said = subprocess.run(words, env=dict(command.environment), capture_output=True, text=True, check=True).stderr
    names = {line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")}
    return sorted(name for name in names if name.startswith(OURS))


def _start(series: Series, loaded: Sequence[str]) -> list[Figure]:
    return [
        figure("start", Spread.of(series.cpu(LOADED))),
        figure("start memory", Spread.of(series.rss(LOADED))),
        figure("strangers", Spread.of([len(loaded)])),
    ]


def _tasks(series: Series, modules: Mapping[str, object]) -> list[Figure]:
    def each(name: str, more: int) -> list[float]:
        costs = series.cpu(_times(name, 1 + more)), series.cpu(_times(name, 1))
        return each_round(lambda several, one: (several - one) / more, *costs)

    no_op = each(NOOP, MORE)
    figures = [reading("a task with a no-op module", Spread.of([1000 * cost for cost in no_op]), "ms")]
    figures += [
        figure("task", Spread.of([1000 * cost for cost in each(name, MORE_DIRECTLY)]), name) for name in modules
    ]
    for name in modules:
        key = "compute task/no-op" if name in COMPUTE else "task/no-op"
        figures.append(figure(key, ratio(each(_ordinary(name), MORE), no_op), name))
    return figures
