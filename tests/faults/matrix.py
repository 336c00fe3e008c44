# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix, written down: a row for each write, a column for each fault, and how each cell of this run ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from faults import COLUMNS
from stories import SITE, STORIES
from verdicts import CLEAR_FAILURE, CONVERGED, WRONG

SIGNS = {CONVERGED: "ok", CLEAR_FAILURE: "clear", WRONG: "WRONG"}
LEGEND = "ok: converged; clear: failed clearly, and a rerun converged; WRONG: neither; -: not in this run"


class Matrix:
    """What became of the cells, collected from the tests' reports, whichever process they ran in."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, str, str], str] = {}
        self._messages: dict[tuple[str, str, str], str] = {}

    def __bool__(self) -> bool:
        return bool(self._verdicts)

    def collect(self, report: pytest.TestReport) -> None:
        """Take in a report; a cell whose test failed is wrong, whatever its test was about to say."""
        noted = dict(report.user_properties)
        if "cell" in noted and (report.when == "call" or report.failed):
            story, write, fault = noted["cell"]
            self._verdicts[story, write, fault] = WRONG if report.failed else noted["verdict"]
            self._messages[story, write, fault] = noted.get("message", "")

    def lines(self) -> Iterator[str]:
        """Yield the table and its totals."""
        rows = [(story.name, str(write)) for story in (*STORIES, SITE) for write in story.writes]
        rows = [row for row in rows if any(cell[:2] == row for cell in self._verdicts)]
        width = max(len(" ".join(row)) for row in rows)
        yield " ".join([" " * width, *(f"{column:>7}" for column in COLUMNS)])
        for row in rows:
            signs = [SIGNS.get(self._verdicts.get((*row, column), ""), "-") for column in COLUMNS]
            yield " ".join([f"{' '.join(row):{width}}", *(f"{sign:>7}" for sign in signs)])
        totals = Counter(self._verdicts.values())
        yield f"{len(self._verdicts)} cells: " + ", ".join(f"{totals[verdict]} {verdict}" for verdict in SIGNS)
        yield LEGEND

    def messages(self) -> Iterator[str]:
        """Yield what the failures said, for people to read."""
        for cell, message in sorted(self._messages.items()):
            if message:
                yield f"{': '.join(cell)}\n    {message}"
