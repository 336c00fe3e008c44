# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All clusters of many projects, and what is not known because a project did not tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ...errors import AccessError, ApiError
from ...gke_rules import region_of
from ...waiting import Deadline
from ..clients import Google
from . import cluster_info

PATIENCE = 30.0  # seconds, for one project or one of its locations
AT_ONCE = 16  # requests: a project takes Google about half a second, and there may be hundreds


@dataclass
class Answer:
    """What projects told, as far as they told it."""

    clusters: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # where clusters may be missing, why, and what to do
    answered: bool = False  # whether there was any project, or location of one, that told something

    def add(self, other: Answer) -> None:
        """Take over what others told."""
        self.clusters += other.clusters
        self.failures += other.failures
        self.answered = self.answered or other.answered


def discover(google_of: Callable[[str], Google], projects: Sequence[str], locations: Sequence[str]) -> Answer:
    """Return the clusters of projects; one request for each project and location.

    The first is asked alone: what it takes to get an access token is then done once, and not by all at the same time.

    :param google_of: makes the clients of a project.
    :param locations: zones and regions, or EVERYWHERE. A region has its regional clusters only.
    """
    places = [cluster_info.EVERYWHERE] if cluster_info.EVERYWHERE in locations else dict.fromkeys(locations)
    first, *others = [(project, location) for project in dict.fromkeys(projects) for location in places]
    whole = _ask(google_of, first)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for answer in pool.map(lambda place: _ask(google_of, place), others):
            whole.add(answer)
    return whole


def _ask(google_of: Callable[[str], Google], place: tuple[str, str]) -> Answer:
    project, location = place
    google, missing = google_of(project), list[str]()
    google.deadline = Deadline(PATIENCE)
    try:
        found = cluster_info.report(google, None, location, missing.append)["clusters"]
    except (AccessError, ApiError) as error:
        return Answer(failures=[str(error)])
    return Answer([_facts(project, each) for each in found], [f"project {project}: {text}" for text in missing], True)


def _facts(project: str, summary: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a cluster: plain data, without its certificates."""
    kept = {key: value for key, value in summary.items() if key != "ca_data"}
    return {"project": project, "region": region_of(summary["location"]), **kept}
