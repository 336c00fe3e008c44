# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests show that a pain of users, or a trap of the guide's manifest, is handled: ``@pytest.mark.shows("E5")``.

The rows are in pains.yml. A run with such tests leaves the table in TABLE; one of all tests prints it, too.
"""

from __future__ import annotations

import pathlib
from collections import defaultdict

import pytest
import yaml

ROWS: dict[str, dict[str, str]] = yaml.safe_load(pathlib.Path(__file__).with_suffix(".yml").read_text())
TABLE = pathlib.Path(__file__).parents[2] / ".build" / "pains.txt"
SHOWS = "shows"

_outcomes: dict[str, dict[str, str]] = defaultdict(dict)  # by row and test


def note(item: pytest.Item) -> None:
    """Write down in an item which rows it shows, so that reports of other processes tell."""
    for mark in item.iter_markers(SHOWS):
        for row in mark.args:
            assert row in ROWS, f"{item.nodeid} shows {row}, which pains.yml does not know"
            item.user_properties.append((SHOWS, row))


def collect(report: pytest.TestReport) -> None:
    """Take in how a test ended."""
    for name, row in report.user_properties:
        if name == SHOWS and (report.when == "call" or report.outcome != "passed"):
            test = report.nodeid.partition("@")[0].partition("[")[0]
            if _outcomes[row].get(test) != "failed":
                _outcomes[row][test] = report.outcome


def lines() -> list[str]:
    """Return the table: the rows that tests of this run have shown, and those that none can show, with the reason."""
    found = []
    for row, entry in ROWS.items():
        shown = [f"{test} {outcome}" for test, outcome in sorted(_outcomes[row].items())] if row in _outcomes else []
        if shown or "why_not" in entry:
            found.append(f"{row:4} {entry['what']}")
            found += [f"     {line}" for line in shown or [entry["why_not"]]]
    return found if _outcomes else []
