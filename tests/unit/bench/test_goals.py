# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether goals are met, and that the document has the same goals."""

from __future__ import annotations

import pytest

from bench.every_module import every_module
from bench.first_run import longest
from bench.fleet import recommended
from bench.goals import GOALS, ORDINARY, Figure, Verdict, figure, of_numbers, reading
from bench.measure import Spread
from bench.results import shown
from documents import rows
from harness import ROOT


def at(median: float) -> Spread:
    return Spread(median, median / 2, median * 2, 3)


@pytest.mark.parametrize(("median", "verdict"), [(0.12, Verdict.MET), (0.121, Verdict.NOT_MET), (0.0, Verdict.MET)])
def test_the_median_counts(median: float, verdict: Verdict) -> None:
    assert figure("fleet/ordinary", at(median)).verdict is verdict


def test_what_was_not_measured_says_why() -> None:
    found = figure("direct/script", "gcloud is not installed")
    assert (found.verdict, found.missing) == (Verdict.NOT_MEASURED, "gcloud is not installed")
    assert reading("a figure", at(1.0)).verdict is Verdict.NO_GOAL


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ([figure("direct/floor", at(0.5)), figure("direct/peer", at(0.2))], Verdict.MET),
        ([figure("direct/floor", at(0.5)), figure("direct/peer", at(0.3))], Verdict.NOT_MET),
        ([figure("direct/floor", at(0.5)), figure("direct/peer", "no")], Verdict.NOT_MEASURED),
        ([figure("direct/floor", at(0.6)), figure("direct/peer", "no")], Verdict.NOT_MET),
    ],
)
def test_a_goal_is_met_if_all_its_figures_are(figures: list[Figure], verdict: Verdict) -> None:
    found = of_numbers([*figures, reading("another", at(100.0))])
    assert found.pop("D1") is verdict
    assert set(found.values()) == {Verdict.NOT_MEASURED}


def test_the_goals_of_ordinary_modules_are_one_goal_more() -> None:
    met = {goal.number: figure(key, at(goal.limit)) for key, goal in GOALS.items() if goal.number in ORDINARY}
    assert of_numbers(met.values())["D5"] is Verdict.MET
    assert of_numbers([*met.values(), figure("memory", at(1000.0))])["D5"] is Verdict.NOT_MET
    assert of_numbers([each for number, each in met.items() if number != "G5"])["D5"] is Verdict.NOT_MEASURED


def test_the_document_has_these_goals() -> None:
    said = list(rows((ROOT / "docs" / "performance.md").read_text(), "goal"))
    assert [row[:3] for row in said] == [
        [goal.number, goal.what, f"{shown(goal.limit)} {goal.unit}"] for goal in GOALS.values()
    ]


def test_every_module_is_measured() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert set(every_module(ROOT)) == modules


def test_the_longest_chain_is_of_what_waits_for_each_other() -> None:
    steps = {"network": 1.0, "subnetwork": 2.0, "firewall": 50.0, "cluster": 10.0, "node pool": 20.0}
    assert longest({**steps, "Multus": 3.0, "pods": 4.0}) == 1 + 50 + 4
    assert longest({**steps, "firewall": 5.0, "Multus": 3.0, "pods": 4.0}) == 10 + 20 + 3 + 4


@pytest.mark.parametrize(
    ("walls", "forks"),
    [({5: [10.0], 10: [9.6], 20: [9.4]}, 20), ({5: [10.0], 10: [9.6], 20: [9.6]}, 5), ({20: [5.0], 5: [9.0]}, 20)],
)
def test_more_forks_have_to_be_worth_it(walls: dict[int, list[float]], forks: int) -> None:
    assert recommended(walls) == forks
