# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the process of an ordinary module costs, Ansible left aside, and what is sent to it.

Ansible is told to keep what it sends to the machine (ANSIBLE_KEEP_REMOTE_FILES): that is run again, as it is.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

from . import guide
from .every_module import COMPUTE, every_module
from .goals import Figure, figure, reading
from .measure import Command, Series, Spread, each_round
from .stage import ORDINARY, Found, Stage, noop, ours, say, stage

NOOP = "no-op module"
UTILS = pathlib.Path("ansible_collections", "multinet", "gke", "plugins", "module_utils")


def measure(rounds: int) -> Found:
    """Measure each module on a site that is as it should be."""
    with stage("control-plane", "--time-factor", "0") as at:
        guide.make(at)
        modules = every_module(at.folder)
        sent = {NOOP: _sent(at, NOOP, noop(1))}
        sent |= {name: _sent(at, name, [ours(name, options)], *ORDINARY) for name, options in modules.items()}
        commands = {name: at.command(sys.executable, str(path)) for name, path in sent.items()}
        carried = {name: _carried(commands[name], sent[name].parent) for name in modules}
        series = at.turns(commands, rounds)
    return Found([each for name in modules for each in _figures(series, name, carried[name])], series.costs)


def _sent(at: Stage, name: str, tasks: list[dict[str, object]], *arguments: str) -> pathlib.Path:
    """Run a task; return the program that Ansible has sent for it."""
    say(f"keeping what is sent for {name}")
    kept = at.folder / "sent" / name
    keep = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(kept)}
    at.tasks(name, tasks, *arguments, environment={**at.environment, **keep}).run()
    (program,) = kept.glob("*/AnsiballZ_*.py")
    return program


def _carried(command: Command, folder: pathlib.Path) -> int:
    """Return how many lines of module_utils of ours are in it."""
    subprocess.run([*command.words, "explode"], env=dict(command.environment), check=True, capture_output=True)
    files = (folder / "debug_dir" / UTILS).rglob("*.py")
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def _figures(series: Series, name: str, carried: int) -> list[Figure]:
    beyond = each_round(lambda ours, none: 1000 * (ours - none), series.cpu(name), series.cpu(NOOP))
    return [
        figure("compute memory" if name in COMPUTE else "memory", Spread.of(series.rss(name)), name),
        figure("carried", Spread.of([carried]), name),
        reading(f"process beyond that of a no-op module: {name}", Spread.of(beyond), "ms"),
    ]
