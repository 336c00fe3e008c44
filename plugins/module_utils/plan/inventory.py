# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a run: all descriptions of an inventory are read and checked, those of the run are planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..cni.texts import some
from ..errors import Problem, Problems
from . import doubts, removal, rules, site, table
from .description import Description, read
from .schema import DESCRIPTION

MANY = 3  # problems of others that a warning names


@dataclass(frozen=True)
class Scope:
    """Hosts that were looked at."""

    planned: list[str]
    checked: list[str]  # others of the inventory, for what contradicts the planned ones
    unread: list[str]  # others of the inventory whose descriptions are none, or cannot be read

    def __str__(self) -> str:
        count = len(self.planned)
        parts = [f"{count} cluster{'s' * (count != 1)} planned"]
        if self.checked:
            parts.append(f"{len(self.checked)} more of the inventory looked at for what contradicts that")
        if self.unread:
            parts.append(f"{len(self.unread)} more not looked at, as they cannot be read: {some(self.unread)}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Planned:
    """What a run does to each of its clusters, and what is to be said of it."""

    sites: dict[str, dict[str, Any]]
    scope: Scope
    warnings: list[str]

    @property
    def result(self) -> dict[str, Any]:
        """Return what multinet_plan returns."""
        text = f"{self.scope}\n\n{table.of(self.sites)}"
        return {"sites": self.sites, "scope": asdict(self.scope), "table": text}


def plan(clusters: Sequence[Mapping[str, Any]], run: Sequence[str] | None) -> Planned:
    """Return the plan of the clusters of a run.

    :param clusters: the option clusters of multinet_plan.
    :param run: hosts of the run, None: all. What is wrong with others alone does not hinder it.
    :raises InvalidOptions: with everything that is wrong in the descriptions of the run, or between them and others.
    """
    hosts = {given["host"] for given in clusters} if run is None else set(run)
    problems, descriptions, unread = Problems(), [], []
    for given in clusters:
        found = Problems()
        description = _read(found, given)
        if given["host"] in hosts:
            problems.extend(found)
        elif description is None:
            unread.append(given["host"])
        if description is not None:
            descriptions.append(description)
    planned = [each for each in descriptions if each.host in hosts]
    others = [each for each in descriptions if each.host not in hosts]
    elsewhere = _wrong(others)
    problems.extend(problem for problem in _wrong(descriptions) if problem not in elsewhere)
    problems.raise_if_any()
    removals = removal.removals(planned, others)
    return Planned(
        sites={each.host: {**site.derive(each), "removal": removals[each.host]} for each in planned},
        scope=Scope([each.host for each in planned], [each.host for each in others], unread),
        warnings=[*_misspelt(clusters, hosts), *_doubts(planned), *_elsewhere(elsewhere)],
    )


def _read(problems: Problems, given: Mapping[str, Any]) -> Description | None:
    """Return the description of one host; None if it is incomplete, with the reasons noted."""
    if given["unreadable"]:
        problems.add(given["host"], None, f"its variables cannot be read: {given['unreadable']}")
        return None
    return read(problems, given["host"], {key: given.get(key) for key in DESCRIPTION})


def _wrong(descriptions: Sequence[Description]) -> list[Problem]:
    found = Problems()
    rules.check(found, descriptions)
    return list(found)


def _doubts(descriptions: Sequence[Description]) -> Iterable[str]:
    found = Problems()
    doubts.check(found, descriptions)
    return map(str, found)


def _misspelt(clusters: Sequence[Mapping[str, Any]], hosts: set[str]) -> Iterable[str]:
    for given in clusters:
        if given["host"] in hosts:
            for name, meant in given["misspelt"].items():
                yield f"{given['host']}: {name} is no variable of a description; did you mean {meant}?"


def _elsewhere(problems: Sequence[Problem]) -> Iterable[str]:
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        paths = some((problem.path for problem in problems), MANY)
        yield f"{count} in descriptions outside of this run: {paths}"
