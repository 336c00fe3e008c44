# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for programs: JSON and JUnit XML."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reported
from ansible_collections.multinet.gke.plugins.module_utils.report import model, programs, reading

DOCUMENT = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "report.md").read_text().partition("## The JSON")[2]


def fleet_of(*clusters: reported.Description) -> model.Fleet:
    return reading.fleet(reported.params(clusters))


def suites(fail_on: str, *clusters: reported.Description) -> ElementTree.Element:
    return ElementTree.fromstring(programs.write_junit(fleet_of(*clusters), fail_on).encode())


def test_each_cluster_is_a_suite() -> None:
    root = suites("error", reported.cluster(), reported.troubled(), reported.unread())
    figures = ("name", "tests", "failures", "errors", "skipped")
    assert [tuple(suite.get(key) for key in figures) for suite in root] == [
        ("edge", "3", "0", "0", "0"),
        ("west", "8", "2", "0", "1"),
        ("north", "1", "0", "1", "0"),
    ]
    assert [root.get(key) for key in ("tests", "failures", "errors")] == ["12", "2", "1"]


@pytest.mark.parametrize(("fail_on", "failures"), [("never", 2), ("error", 2), ("warning", 4)])
def test_what_counts_is_a_failure(fail_on: str, failures: int) -> None:
    root = suites(fail_on, reported.troubled())
    assert len(root.findall(".//failure")) == failures
    assert "What to do: release them" in str(root.findall(".//failure")[1].text)


def test_what_could_not_be_read_is_an_error() -> None:
    (error,) = suites("error", reported.unread()).findall(".//error")
    assert "cannot be reached" in str(error.get("message"))


@pytest.mark.parametrize(("fail_on", "count"), [("error", 3), ("warning", 5), ("never", 3)])
def test_what_makes_a_report_fail_is_named_with_its_cluster(fail_on: str, count: int) -> None:
    found = programs.bad(fleet_of(reported.cluster(), reported.troubled(), reported.unread()), fail_on)
    assert len(found) == count
    assert all(line.startswith(("north: ", "west: ")) for line in found)


def test_the_totals_are_those_of_all_clusters() -> None:
    found = programs.totals(fleet_of(*reported.mixed()))
    assert found["clusters"] == {"incomplete": 1, "failing": 1, "doubtful": 1, "well": 2}
    assert (found["nodes"], found["errors"], found["warnings"], found["changes"]) == (39, 2, 3, 4)
    assert found["paths"] - found["answered"] == 32
    assert programs.summary(fleet_of(*reported.mixed())) == (
        "5 clusters (1 incomplete, 1 failing, 1 doubtful, 2 well): 2 errors, 3 warnings, 4 changes due"
    )


def _keys(value: Any, path: str = "") -> set[str]:
    """Return the paths of all keys: "clusters[].pools[].cidr"."""
    if isinstance(value, dict):
        below = [_keys(item, f"{path}.{key}".removeprefix(".")) for key, item in value.items()]
        return {f"{path}.{key}".removeprefix(".") for key in value}.union(*below)
    if isinstance(value, list):
        return set().union(*(_keys(item, f"{path}[]") for item in value))
    return set()


def test_the_document_names_every_key_of_the_json_and_no_other() -> None:
    found = json.loads(programs.write_json(fleet_of(*reported.mixed())))
    assert found["schema"] == programs.SCHEMA
    rows = re.findall(r"^\| (?:`([a-z_.\[\]]+)`)? ?\| ((?:`\w+` ?)+)\|", DOCUMENT, re.MULTILINE)
    told = [f"{where}.{key}".removeprefix(".") for where, keys in rows for key in re.findall(r"\w+", keys)]
    assert sorted(told) == sorted(_keys(found))


@settings(max_examples=30)
@given(st.text(st.characters()))
def test_whatever_is_in_a_text_programs_can_read_it(word: str) -> None:
    fleet = fleet_of(reported.spoilt(reported.troubled(), word), reported.spoilt(reported.unread(), word))
    text = programs.write_json(fleet)
    text.encode("ascii")
    assert json.loads(text)["clusters"][0]["name"] == f"west {word}"
    root = ElementTree.fromstring(programs.write_junit(fleet, "warning").encode())
    assert [len(suite) for suite in root] == [8, 1]
