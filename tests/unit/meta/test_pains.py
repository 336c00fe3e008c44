# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pain of users and every trap of the guide's manifest has a test that shows it handled, or a reason why not."""

from __future__ import annotations

import pathlib
import re

import pytest

from pains import ROWS

TESTS = pathlib.Path(__file__).parents[2]
SHOWN = {
    row
    for path in TESTS.rglob("test_*.py")
    for marks in re.findall(r"mark\.shows\(([^)]*)\)", path.read_text())
    for row in re.findall(r'"([DE]\d+)"', marks)
}


@pytest.mark.parametrize("row", ROWS)
def test_it_is_shown_or_said_why_not(row: str) -> None:
    assert (row in SHOWN) != ("why_not" in ROWS[row]), ROWS[row]["what"]


def test_there_is_no_other_row() -> None:
    assert set(ROWS) >= SHOWN
