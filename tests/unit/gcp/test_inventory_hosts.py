# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which discovered clusters are hosts, how they are called, and which options of an inventory are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions, Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.inventory_hosts import (
    Names,
    Selection,
    check,
    host_name,
    refuse_shared,
)

EDGE: dict[str, Any] = {
    "project": "my-project",
    "location": "us-central1-c",
    "name": "edge-1",
    "status": "RUNNING",
    "labels": {"team": "network", "empty": "", "wave": "1"},
    "multi_networking": True,
}
OPTIONS: dict[str, Any] = {
    "projects": ["my-project"],
    "locations": ["-"],
    "labels": {},
    "hostvars_prefix": "gke_",
    "hostvars_suffix": "",
}


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        ({}, True),
        ({"names": ["core-*", "edge-?"]}, True),
        ({"names": ["edge"]}, False),
        ({"names": ["EDGE-*"]}, False),
        ({"statuses": ["ERROR", "RUNNING"]}, True),
        ({"statuses": ["ERROR"]}, False),
        ({"labels": {"team": "network", "wave": "*"}}, True),
        ({"labels": {"team": "net*", "wave": "2"}}, False),
        ({"labels": {"empty": "*"}}, True),
        ({"labels": {"nothing": "*"}}, False),
        ({"multinet_only": True}, True),
        ({"names": ["edge-*"], "statuses": ["ERROR"]}, False),
    ],
)
def test_what_is_asked_for_has_to_be_true_all_of_it(selection: dict[str, Any], taken: bool) -> None:
    assert Selection(**selection).takes(EDGE) is taken


def test_a_cluster_without_multi_networking_can_be_left_out() -> None:
    plain = {**EDGE, "multi_networking": False}
    assert Selection().takes(plain)
    assert not Selection(multinet_only=True).takes(plain)


NAME = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
PROJECT = st.from_regex(r"([a-z]{1,3}\.[a-z]{2}:)?[a-z][-a-z0-9]{0,6}[a-z0-9]", fullmatch=True)
PLACE = st.sampled_from(["us-central1", "us-central1-c", "europe-west1-b"])


@given(st.tuples(NAME, PLACE, PROJECT), st.tuples(NAME, PLACE, PROJECT))
def test_two_clusters_never_have_the_same_name(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    first, second = (host_name(dict(zip(("name", "location", "project"), each, strict=True))) for each in (one, other))
    assert (first == second) is (one == other)
    assert not set(first) & set(":,!&[] ")  # each means something in a pattern of hosts


def test_the_name_says_where_the_cluster_is() -> None:
    assert host_name(EDGE) == "edge-1.us-central1-c.my-project"
    assert host_name({**EDGE, "project": "example.com:my-project"}) == "edge-1.us-central1-c.example.com.my-project"


def test_names_that_do_not_tell_clusters_apart_are_refused_all_at_once() -> None:
    other = {**EDGE, "location": "europe-west1"}
    refuse_shared([("a", EDGE), ("b", other)])
    with pytest.raises(Refused) as refused:
        refuse_shared([("edge", EDGE), ("edge", other), ("", EDGE), ("alone", other)])
    assert str(refused.value) == (
        "hostname does not tell clusters apart: "
        "edge (edge-1.us-central1-c.my-project, edge-1.europe-west1.my-project); "
        "an empty name (edge-1.us-central1-c.my-project); use the location and the project in it, too, or leave it out"
    )


def test_variables_have_prefix_and_suffix_but_those_of_the_description() -> None:
    variables = Names("x_", "_y").variables(EDGE)
    assert variables["x_name_y"] == "edge-1"
    assert variables["multinet_project"] == "my-project"
    assert variables["multinet_location"] == "us-central1-c"
    assert len(variables) == len(EDGE) + 2


def test_what_can_be_meant_is_not_refused() -> None:
    check({**OPTIONS, "projects": ["a", "123456", "example.com:a-1"], "locations": ["us-central1", "-"]}, ["projects"])


def test_everything_that_cannot_be_meant_is_refused_at_once() -> None:
    options = {
        **OPTIONS,
        "projects": ["my-project", "a/b", ""],
        "locations": ["-", "mars"],
        "labels": {"wave": 1, "team": "a"},
        "hostvars_prefix": "gke-",
    }
    with pytest.raises(InvalidOptions) as refused:
        check(options, ["projects", "location", "xyz"])
    assert [str(each) for each in refused.value.problems] == [
        "location: is no option of this plugin; did you mean locations?",
        "xyz: is no option of this plugin",
        "projects[1]: 'a/b': is not the ID of a project",
        "projects[2]: '': is not the ID of a project",
        "locations[1]: 'mars': is neither a region (us-central1) nor a zone (us-central1-c)",
        "labels.wave: 1: must be a text: put it in quotes",
        "hostvars_prefix: 'gke-': must consist of letters, digits and _",
    ]


def test_without_a_project_nothing_is_asked() -> None:
    with pytest.raises(InvalidOptions, match="projects: is missing: set it, or GCP_PROJECT"):
        check({**OPTIONS, "projects": []}, [])
