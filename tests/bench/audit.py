# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to audit the pools of ten and of twenty thousand pods, beside kubectl and upstream's reconciler.

A module's cost is that of a playbook with it less that of a playbook whose one task starts no process, so it has in it
all that Ansible does for a module.
"""

from __future__ import annotations

import os
import pathlib
import subprocess

import yaml

from gkelab.supplies.programs import LOCAL, SOURCES, TARGET, required_version, toolchain
from gkelab.supplies.store import cache_folder

from . import guide
from .crowd import Api, Crowd, Etcd
from .goals import Figure, figure
from .measure import Command, Series, Spread, each_round, ratio
from .stage import Found, Stage, options_of_edge, ours, say, stage

LEAKED = 20
SIZE = 10_000
NOTHING, KUBECTL, UPSTREAM = "an action that does nothing", "kubectl get pods", "upstream's reconciler"
AUDITS = {
    "audit": ("whereabouts_pool_info", options_of_edge()),
    "orphan scan": (
        "whereabouts_pool",
        options_of_edge(range="172.16.0.0/16", state="reconciled", confirm_after=0),
    ),
}


def measure(rounds: int, size: int = SIZE) -> Found:
    """Measure it on a real API server.

    :param size: how many pods; afterwards twice as many.
    """
    with stage("control-plane", "--time-factor", "0") as at:
        guide.make(at)
        commands = _ours(at)
        beside = {KUBECTL: at.command("kubectl", "get", "pods", "-A", "-o", "json"), UPSTREAM: _upstream(at)}
        _fill(at, 0, size)
        once = at.turns({**commands, **beside}, rounds)
        _fill(at, 1, size)
        twice = at.turns(commands, rounds)
    figures = [each for name in AUDITS for each in _figures(name, once, twice)]
    costs = {f"{name}, {size:,} pods": cost for name, cost in once.costs.items()}
    costs |= {f"{name}, {2 * size:,} pods": cost for name, cost in twice.costs.items()}
    return Found(figures, costs)


def _ours(at: Stage) -> dict[str, Command]:
    commands = {NOTHING: at.tasks("nothing", [{"name": "Nothing", "ansible.builtin.assert": {"that": "true"}}])}
    return commands | {name: at.tasks(name, [ours(*task)], "--check") for name, task in AUDITS.items()}


def _upstream(at: Stage) -> Command:
    """Build upstream's detection, with the lab's Go and its settings: most of it then is in Go's cache."""
    say("building upstream's reconciler")
    program, sources = at.folder / "detect", SOURCES / "whereabouts"
    go, own = toolchain(cache_folder(), required_version(sources), say)
    subprocess.run(
        [
            str(go),
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-o",
            str(program),
            str(pathlib.Path(__file__).with_name("detect.go")),
        ],
        cwd=sources,
        env={**os.environ, **TARGET, **LOCAL, **own},
        check=True,
    )
    return at.command(str(program), at.environment["KUBECONFIG"])


def _fill(at: Stage, index: int, size: int) -> None:
    """Make so many pods more."""
    say(f"making {size:,} pods")
    api = Api(yaml.safe_load(pathlib.Path(at.environment["KUBECONFIG"]).read_text()))
    nodes = tuple(at.lab.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").split())
    crowd = Crowd(f"crowd-{index}", size, f"172.{16 + index}.0.0/16", nodes, min(LEAKED, size))
    crowd.make(api, Etcd.of(at.lab.folder, api))


def _figures(name: str, once: Series, twice: Series) -> list[Figure]:
    def beyond(series: Series) -> list[float]:
        return each_round(lambda all_of_it, start: all_of_it - start, series.cpu(name), series.cpu(NOTHING))

    figures = []
    for other, key in ((KUBECTL, "audit/kubectl"), (UPSTREAM, "audit/upstream")):
        figures.append(figure(key, ratio(beyond(once), once.cpu(other)), name))
        figures.append(figure(f"{key} memory", ratio(once.rss(name), once.rss(other)), name))
    figures.append(figure("audit growth", _growth(beyond(once), beyond(twice)), name))
    figures.append(figure("audit growth memory", _growth(once.rss(name), twice.rss(name)), name))
    return figures


def _growth(once: list[float], twice: list[float]) -> Spread:
    """Return how much more it became; the rounds did not take turns, so each is compared with the median before."""
    before = Spread.of(once).median
    return Spread.of([each / before for each in twice])
