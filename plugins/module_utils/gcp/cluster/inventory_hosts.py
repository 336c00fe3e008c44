# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovered clusters as inventory hosts: which ones, under which names, with which variables; no I/O."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from ...errors import Problems, Refused
from ...gke_rules import check_location
from .cluster_info import EVERYWHERE

Facts = Mapping[str, Any]  # of one cluster, as discovery.discover returns it

_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z0-9][-a-z0-9]*")  # "example.com:my-project" is an old spelling
_NEAR = 0.7  # how alike two names are, of 1: project is 0.93 of projects


@dataclass(frozen=True)
class Selection:
    """Which clusters become hosts; what is empty selects all. Names and labels' values are patterns (``edge-*``)."""

    names: Sequence[str] = ()
    statuses: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    multinet_only: bool = False

    def takes(self, facts: Facts) -> bool:
        """Tell whether a cluster is selected: all that is given has to be true of it."""
        return (
            (not self.names or any(fnmatchcase(facts["name"], pattern) for pattern in self.names))
            and (not self.statuses or facts["status"] in self.statuses)
            and all(
                key in facts["labels"] and fnmatchcase(facts["labels"][key], pattern)
                for key, pattern in self.labels.items()
            )
            and (not self.multinet_only or facts["multi_networking"])
        )


@dataclass(frozen=True)
class Names:
    """What the variables of a host are called."""

    prefix: str
    suffix: str

    def variables(self, facts: Facts) -> dict[str, Any]:
        """Return the variables of a host: its facts, and what a description does not have to repeat of them."""
        told = {f"{self.prefix}{key}{self.suffix}": value for key, value in facts.items()}
        return {**told, "multinet_project": facts["project"], "multinet_location": facts["location"]}


def host_name(facts: Facts) -> str:
    """Return the name of a host: "edge.us-central1-c.my-project".

    It is made of what Google tells clusters apart by, and of nothing else: no other cluster can have it, and it stays
    the same whatever else is found, or is not found because a project did not answer.
    """
    # A colon would separate patterns of hosts (--limit).
    return f"{facts['name']}.{facts['location']}.{facts['project'].replace(':', '.')}"


def refuse_shared(names: Iterable[tuple[str, Facts]]) -> None:
    """Refuse names that several clusters would have, each of them to be told apart by its variables no more.

    :raises Refused: with all of them.
    """
    clusters: dict[str, list[str]] = defaultdict(list)
    for name, facts in names:
        clusters[name].append(host_name(facts))
    shared = [
        f"{name or 'an empty name'} ({', '.join(of)})" for name, of in clusters.items() if len(of) > 1 or not name
    ]
    if shared:
        raise Refused(
            f"hostname does not tell clusters apart: {'; '.join(shared)}; use the location and the project in it, "
            "too, or leave it out"
        )


def check(options: Mapping[str, Any], given: Iterable[str]) -> None:
    """Refuse options that cannot be meant, all at once.

    :param options: of the plugin gke_clusters, by name.
    :param given: the keys of the inventory source.
    :raises InvalidOptions: with everything that is wrong.
    """
    problems = Problems()
    for key in given:
        if key not in options:
            meant = get_close_matches(key, options, n=1, cutoff=_NEAR)
            problems.add(
                key, None, f"is no option of this plugin{''.join(f'; did you mean {each}?' for each in meant)}"
            )
    if not options["projects"]:
        problems.add("projects", None, "is missing: set it, or GCP_PROJECT")
    for index, project in enumerate(options["projects"]):
        if not _PROJECT.fullmatch(str(project)):
            problems.add(f"projects[{index}]", project, "is not the ID of a project")
    for index, location in enumerate(options["locations"]):
        if location != EVERYWHERE:
            check_location(problems, f"locations[{index}]", str(location))
    for key, value in options["labels"].items():
        if not isinstance(value, str):
            problems.add(f"labels.{key}", value, "must be a text: put it in quotes")
    for option in ("hostvars_prefix", "hostvars_suffix"):
        if not re.fullmatch(r"\w*", options[option], re.ASCII):
            problems.add(option, options[option], "must consist of letters, digits and _")
    problems.raise_if_any()
