# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench, end to end: a fleet of two clusters, once."""

from __future__ import annotations

import json
import pathlib

import pytest

from bench import fleet
from bench.plot import plot
from bench.results import Results, write


@pytest.mark.slow
@pytest.mark.sample(2, "long stories")
def test_a_fleet_is_measured(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    results = Results.of({"fleet": fleet.measure(1, (1, 2))}, load=0.0)
    data, table, picture = write(results, plot(results.figures), tmp_path)
    found = json.loads(data.read_text())
    measured = {goal for goal, verdict in found["goals"].items() if verdict != "not measured"}
    assert measured == {"D4", "G6"}
    assert all(cost["cpu"] > 0 for costs in found["parts"]["fleet"]["costs"].values() for cost in costs)
    one, two = found["parts"]["fleet"]["requests"].values()
    assert (two["google"], two["writes"]) == (2 * one["google"], 0)
    assert "fleet:" in table.read_text()
    assert picture.read_text().startswith("<svg")
