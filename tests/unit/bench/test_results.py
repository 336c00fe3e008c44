# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as JSON, as a table and as a picture."""

from __future__ import annotations

import json
import pathlib
from xml.etree import ElementTree

import pytest

from bench.goals import figure, reading
from bench.measure import Cost, Spread
from bench.plot import BARS, MOST, plot
from bench.results import Results, shown, table, write
from bench.stage import Asked, Found

SVG = "{http://www.w3.org/2000/svg}"
FOUND = Found(
    [
        figure("fleet/ordinary", Spread(0.06, 0.03, 0.12, 3), "50 <clusters>"),
        figure("direct growth", Spread(1.65, 1.1, 9.0, 3)),
        figure("direct/script", "gcloud is not installed"),
        reading("CPU of the run", Spread(1.0, 1.0, 1.0, 1), "s"),
    ],
    {"ours": [Cost(1.0, 50.0, 3.0), Cost(2.0, 60.0, 4.0), Cost(9.0, 70.0, 5.0)]},
    {"ours": Asked(4, 13, 0)},
)
RESULTS = Results("2026-01-01T00:00:00+00:00", {"cores": 2, "load_before": 0.5}, {"python": "3.11"}, {"fleet": FOUND})


def cells(markdown: str, first: str) -> list[str]:
    """Return the cells of the row that has this text."""
    (line,) = (line for line in markdown.splitlines() if first in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_verdict_and_spread() -> None:
    text = RESULTS.as_markdown()
    assert cells(text, "50 <clusters>")[2:] == ["<= 0.12 x", "0.06 x", "0.03..0.12", "3", "met"]
    assert cells(text, "directly, many / a few")[3:] == ["1.65 x", "1.1..9", "3", "not met"]
    assert cells(text, "gcloud and kubectl")[-1] == "not measured: gcloud is not installed"
    assert cells(text, "CPU of the run")[-1] == ""
    assert cells(text, "| ours")[1:] == ["2.00 (1.00..9.00)", "60", "4.00 (3.00..5.00)", "3", "4", "13", "0"]


def test_a_part_that_was_not_measured_says_why() -> None:
    results = Results(RESULTS.date, RESULTS.machine, {}, {"verify": Found(missing="there is no lab")})
    assert "verify: not measured: there is no lab" in results.as_markdown()


def test_the_json_has_all_that_the_table_is_made_of(tmp_path: pathlib.Path) -> None:
    written = write(RESULTS, plot(RESULTS.figures), tmp_path / "new")
    found = json.loads(written[0].read_text())
    assert (found["goals"]["D1"], found["goals"]["D4"]) == ("not measured", "not met")
    part = found["parts"]["fleet"]
    assert [each["verdict"] for each in part["figures"]] == ["met", "not met", "not measured", ""]
    assert part["costs"]["ours"][2] == {"cpu": 9.0, "rss": 70.0, "wall": 5.0}
    assert part["requests"]["ours"] == {"google": 4, "kubernetes": 13, "writes": 0}
    assert (found["machine"]["cores"], found["versions"]) == (2, {"python": "3.11"})


def test_a_bar_is_as_long_as_its_share_of_the_limit() -> None:
    picture = ElementTree.fromstring(plot(RESULTS.figures))
    bars = [(bar.get("class"), float(bar.get("width", ""))) for bar in picture.iter(f"{SVG}rect")]
    assert bars == [("met", 0.5 / MOST * BARS), ("not-met", 1.5 / MOST * BARS)]
    ends = [float(line.get("x2", "")) for line in picture.iter(f"{SVG}line") if line.get("class") == "spread"]
    (goal,) = (float(line.get("x2", "")) for line in picture.iter(f"{SVG}line") if line.get("class") == "goal")
    assert ends[0] == goal < ends[1] <= float(picture.get("width", ""))


def test_columns_are_aligned() -> None:
    assert table(("a", "long head"), [("long cell", "b")]).splitlines() == [
        "| a         | long head |",
        "| --------- | --------- |",
        "| long cell | b         |",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12, "0.12"), (0.123456, "0.123"), (12345.6, "12,346"), (2.0, "2"), (99.96, "100"), (0.0, "0")],
)
def test_three_digits_count(value: float, text: str) -> None:
    assert shown(value) == text
