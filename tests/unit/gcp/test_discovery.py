# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of many projects are found, and it is said where some may be missing."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    AccessError,
    ApiError,
    MissingLibrary,
    MultinetError,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.discovery import AT_ONCE, discover

LOCATION = "us-central1-c"


class World:
    """Projects with clusters, some of which cannot be asked."""

    def __init__(self, **projects: list[str] | MultinetError) -> None:
        self.projects = projects
        self.missing: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.meanwhile = lambda: None

    def google_of(self, project: str) -> Any:
        return SimpleNamespace(
            project=project, container=SimpleNamespace(list_clusters=None), read=self.read, deadline=None
        )

    def read(self, what: str, method: object, request: dict[str, str]) -> container_v1.ListClustersResponse:
        self.asked.append(request["parent"])
        self.meanwhile()
        _, project, _, location = request["parent"].split("/")
        found = self.projects[project]
        if isinstance(found, MultinetError):
            raise found
        clusters = [{"name": name, "location": LOCATION, "master_auth": SECRET} for name in found]
        return container_v1.ListClustersResponse(
            {
                "clusters": clusters if location in ("-", LOCATION) else [],
                "missing_zones": self.missing.get(project, []),
            }
        )


SECRET = {"client_key": "canary-key", "client_certificate": "canary-cert", "password": "canary-password"}
FORBIDDEN = ApiError("list the clusters of project b", 403, "forbidden", "no", remedy="ask for it")


def names(clusters: list[dict[str, Any]]) -> list[str]:
    return [f"{each['project']}/{each['name']}" for each in clusters]


def test_each_project_is_asked_once() -> None:
    world = World(a=["one", "two"], b=["one"])
    answer = discover(world.google_of, ["a", "b", "a"], ["-"])
    assert names(answer.clusters) == ["a/one", "a/two", "b/one"]
    assert (answer.failures, answer.answered) == ([], True)
    assert world.asked == ["projects/a/locations/-", "projects/b/locations/-"]


@pytest.mark.parametrize(
    ("locations", "asked", "found"),
    [
        (["us-central1", LOCATION, LOCATION], ["us-central1", LOCATION], ["a/one"]),
        ([LOCATION, "-"], ["-"], ["a/one"]),
        (["us-central1"], ["us-central1"], []),
    ],
)
def test_no_cluster_is_found_twice(locations: list[str], asked: list[str], found: list[str]) -> None:
    world = World(a=["one"])
    assert names(discover(world.google_of, ["a"], locations).clusters) == found
    assert world.asked == [f"projects/a/locations/{each}" for each in asked]


@pytest.mark.parametrize("error", [FORBIDDEN, AccessError("b: not enabled")])
@pytest.mark.parametrize("order", [["a", "b", "c"], ["b", "a", "c"]])
def test_one_project_that_cannot_be_asked_does_not_hide_the_others(error: MultinetError, order: list[str]) -> None:
    world = World(a=["one"], b=error, c=["two"])
    answer = discover(world.google_of, order, ["-"])
    assert names(answer.clusters) == ["a/one", "c/two"]
    assert (answer.failures, answer.answered) == ([str(error)], True)


def test_a_zone_that_could_not_be_looked_at_is_a_failure_of_its_project() -> None:
    world = World(a=["one"], b=[])
    world.missing["a"] = ["us-central1-b"]
    answer = discover(world.google_of, ["a", "b"], ["-"])
    assert names(answer.clusters) == ["a/one"]
    assert answer.failures == ["project a: Google could not look everywhere; clusters may be missing of us-central1-b"]


def test_if_nobody_answers_that_can_be_told_from_no_clusters() -> None:
    assert not discover(World(b=FORBIDDEN).google_of, ["b"], ["-"]).answered
    assert discover(World(a=[]).google_of, ["a"], ["-"]).answered


def test_a_missing_library_is_nothing_of_a_project() -> None:
    with pytest.raises(MissingLibrary):
        discover(World(a=MissingLibrary("x", "python", "no")).google_of, ["a"], ["-"])


def test_projects_are_asked_at_the_same_time_after_the_first() -> None:
    projects = [f"p{number}" for number in range(AT_ONCE + 1)]
    world = World(**{project: [project] for project in projects})
    together = threading.Barrier(AT_ONCE)

    def meanwhile() -> None:
        if len(world.asked) > 1:
            together.wait(timeout=60)  # broken, and so an error, unless all the others come

    world.meanwhile = meanwhile
    assert names(discover(world.google_of, projects, ["-"]).clusters) == [f"{each}/{each}" for each in projects]


def test_what_is_kept_is_plain_and_has_no_certificate() -> None:
    (facts,) = discover(World(a=["one"]).google_of, ["a"], ["-"]).clusters
    assert (facts["project"], facts["region"], facts["location"]) == ("a", "us-central1", LOCATION)
    assert "ca_data" not in facts
    assert "canary" not in str(facts)
