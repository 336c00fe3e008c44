# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that is already as it should be: ours beside others, and beside modules that do nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack

from galaxy import Unavailable, fetched
from google_front import google_front
from harness import INSTALLED

from . import guide
from .goals import Figure, figure, reading
from .measure import Command, Series, Spread, ratio
from .stage import ORDINARY, Asked, Found, Stage, noop, say, stage

DIRECTLY, MODULES = "ours, directly", "ours, ordinary modules"
PLAYBOOK, PLAYBOOK_MODULES = "multinet.gke.site, directly", "multinet.gke.site, ordinary modules"
PEER, SCRIPT, APPLY = "google.cloud and kubernetes.core", "gcloud and kubectl get", "gcloud and kubectl apply"
FLOOR, FLOOR_OF_RESOURCES = f"{len(guide.TASKS)} no-op modules", f"{guide.RESOURCES} no-op modules"
CHECKED = ", check mode"
# Where Google's own names lead to the lab: then ours takes the same way there as google.cloud, which knows no other.
OWN_NAMES = ("MULTINET_COMPUTE_ENDPOINT", "MULTINET_CONTAINER_ENDPOINT", "MULTINET_IAM_ENDPOINT")


def measure(rounds: int) -> Found:
    """Measure it on a real API server."""
    with stage("control-plane", "--time-factor", "0") as at, ExitStack() as stack:
        guide.make(at)
        files = guide.Files.write(at)
        front = stack.enter_context(google_front(at.folder, at.lab.port))
        commands = _ours(at, front)
        missing: dict[str, str] = {}
        try:
            commands[PEER] = _peer(at, front, files)
        except Unavailable as why:
            missing[PEER] = str(why)
        if absent := [name for name in ("gcloud", "kubectl") if not shutil.which(name, path=at.environment["PATH"])]:
            missing[SCRIPT] = f"{' and '.join(absent)} is not installed"
        else:
            commands[SCRIPT] = at.command("sh", "-c", guide.script(files, "get"))
            commands[APPLY] = at.command("sh", "-c", guide.script(files, "apply"))
        asked = _asked(at, commands)
        series = at.turns(commands, rounds)
    return Found(_figures(series, asked, missing), series.costs, asked)


def _ours(at: Stage, front: dict[str, str]) -> dict[str, Command]:
    through = {name: value for name, value in {**at.environment, **front}.items() if name not in OWN_NAMES}
    stages = ("--skip-tags", "verify")
    return {
        DIRECTLY: at.tasks("site", guide.TASKS, environment=through),
        MODULES: at.tasks("site", guide.TASKS, *ORDINARY, environment=through),
        PLAYBOOK: at.site(guide.INVENTORY, *stages),
        PLAYBOOK_MODULES: at.site(guide.INVENTORY, *stages, *ORDINARY),
        FLOOR: at.tasks("floor", noop(len(guide.TASKS))),
        FLOOR_OF_RESOURCES: at.tasks("floor-8", noop(guide.RESOURCES)),
    }


def _peer(at: Stage, front: dict[str, str], files: guide.Files) -> Command:
    paths = os.pathsep.join((str(fetched()), str(INSTALLED.parents[2])))
    tasks = guide.peer(files, at.environment["GCP_ACCESS_TOKEN"])
    return at.tasks("peer", tasks, environment={**at.environment, **front, "ANSIBLE_COLLECTIONS_PATH": paths})


def _asked(at: Stage, commands: dict[str, Command]) -> dict[str, Asked]:
    """Run each once, which warms up what is kept on disk, too; and ours in check mode."""
    asked = {}
    for name, command in commands.items():
        say(f"counting requests: {name}")
        asked[name] = at.asked(command)
        if name in (DIRECTLY, MODULES):
            asked[name + CHECKED] = at.asked(Command((*command.words, "--check", "--diff"), command.environment))
    return asked


def _figures(series: Series, asked: dict[str, Asked], missing: dict[str, str]) -> list[Figure]:
    def compared(one: str, other: str) -> Spread | str:
        return missing.get(other) or ratio(series.cpu(one), series.cpu(other))

    figures = [
        figure("direct/resources", compared(DIRECTLY, FLOOR_OF_RESOURCES)),
        figure("direct/floor", compared(DIRECTLY, FLOOR)),
        figure("direct/peer", compared(DIRECTLY, PEER)),
        figure("direct/script", compared(DIRECTLY, SCRIPT)),
        figure("ordinary/floor", compared(MODULES, FLOOR)),
        figure("ordinary/peer", compared(MODULES, PEER)),
        reading(f"{PLAYBOOK} / {PEER}", compared(PLAYBOOK, PEER)),
        reading(f"{PLAYBOOK_MODULES} / {PEER}", compared(PLAYBOOK_MODULES, PEER)),
    ]
    for name, counted in asked.items():
        if name.removesuffix(CHECKED) in (DIRECTLY, MODULES):
            figures.append(figure("writes", Spread.of([counted.writes]), name))
            figures.append(figure("requests", Spread.of([counted.all - guide.OBJECTS]), name))
    return figures
