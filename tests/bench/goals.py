# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures should be; docs/performance.md has the same table, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .measure import Spread


@dataclass(frozen=True)
class Goal:
    """A limit that a figure should keep."""

    number: str
    what: str
    limit: float
    unit: str = "x"


GOALS = {
    "direct/resources": Goal("D1", "site, directly / no-op modules, one a resource", 0.55),
    "direct/floor": Goal("D1", "site, directly / no-op modules, one a task of ours", 0.55),
    "direct/peer": Goal("D1", "site, directly / google.cloud and kubernetes.core", 0.25),
    "direct/script": Goal("D1", "site, directly / gcloud and kubectl", 0.45),
    "ordinary/floor": Goal("G1", "site, ordinary modules / no-op modules, one a task of ours", 2.0),
    "ordinary/peer": Goal("G2", "site, ordinary modules / google.cloud and kubernetes.core", 0.9),
    "writes": Goal("G3", "writes of an unchanged site", 0, "requests"),
    "requests": Goal("G3", "requests of it beyond one for each resource", 2, "requests"),
    "task": Goal("D2", "a task, libraries loaded", 60, "ms"),
    "start": Goal("D3", "start with all libraries", 1.2, "s"),
    "start memory": Goal("D3", "memory of it", 180, "MB"),
    "strangers": Goal("D3", "files of ours and libraries loaded by a playbook without us", 0, "files"),
    "task/no-op": Goal("G4", "a task, ordinary module / no-op module", 1.9),
    "compute task/no-op": Goal("G4", "a task, ordinary module with Compute's library / no-op module", 3.2),
    "memory": Goal("G5", "memory of an ordinary module", 75, "MB"),
    "compute memory": Goal("G5", "memory of an ordinary module with Compute's library", 125, "MB"),
    "carried": Goal("G9", "lines of module_utils that a task carries", 2000, "lines"),
    "fleet memory": Goal("G6", "memory, many clusters / one", 1.2),
    "fleet growth": Goal("G6", "CPU for each cluster, ordinary modules, many / a few", 1.1),
    "fleet/ordinary": Goal("D4", "many clusters, directly / ordinary modules", 0.12),
    "direct growth": Goal("D4", "CPU for each cluster, directly, many / a few", 1.1),
    "audit/kubectl": Goal("G7", "audit / kubectl get pods", 0.12),
    "audit/kubectl memory": Goal("G7", "memory, audit / kubectl get pods", 0.12),
    "audit/upstream": Goal("G7", "audit / upstream's reconciler", 0.6),
    "audit/upstream memory": Goal("G7", "memory, audit / upstream's reconciler", 0.5),
    "audit growth": Goal("G8", "audit, twice as many pods", 2.2),
    "audit growth memory": Goal("G8", "memory, twice as many pods", 1.3),
}
# D5: what holds for ordinary modules goes on to hold.
ORDINARY = ("G1", "G2", "G3", "G4", "G5")


class Verdict(StrEnum):
    """What becomes of a goal."""

    MET = "met"
    NOT_MET = "not met"
    NOT_MEASURED = "not measured"
    NO_GOAL = ""  # the figure is there to be read


@dataclass(frozen=True)
class Figure:
    """What was found of one thing."""

    what: str
    spread: Spread | None
    unit: str
    goal: Goal | None = None
    missing: str = ""  # why it was not measured

    @property
    def verdict(self) -> Verdict:
        """Tell whether the goal is met; the median counts."""
        if self.spread is None:
            return Verdict.NOT_MEASURED
        if self.goal is None:
            return Verdict.NO_GOAL
        return Verdict.MET if self.spread.median <= self.goal.limit else Verdict.NOT_MET


def figure(key: str, found: Spread | str, of: str = "") -> Figure:
    """Return what was found of a goal.

    :param found: or why it was not measured.
    :param of: what it was found of, where there are several.
    """
    goal = GOALS[key]
    return _figure(f"{goal.what}: {of}" if of else goal.what, found, goal.unit, goal)


def reading(what: str, found: Spread | str, unit: str = "x") -> Figure:
    """Return what was found of something that has no goal."""
    return _figure(what, found, unit, None)


def _figure(what: str, found: Spread | str, unit: str, goal: Goal | None) -> Figure:
    spread, missing = (None, found) if isinstance(found, str) else (found, "")
    return Figure(what, spread, unit, goal, missing)


def of_numbers(figures: Iterable[Figure]) -> dict[str, Verdict]:
    """Return what becomes of D1, D2, and so on: a goal is met if all its figures keep their limits."""
    found: dict[str, list[Verdict]] = {goal.number: [] for goal in GOALS.values()}
    for each in figures:
        if each.goal:
            found[each.goal.number].append(each.verdict)
    verdicts = {number: _worst(of_figures) for number, of_figures in found.items()}
    verdicts["D5"] = _worst([verdicts[number] for number in ORDINARY])
    return dict(sorted(verdicts.items()))


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    order = (Verdict.NOT_MET, Verdict.NOT_MEASURED, Verdict.MET)
    return next((each for each in order if each in verdicts), Verdict.NOT_MEASURED)
