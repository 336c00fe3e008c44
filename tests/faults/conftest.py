# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import ROOT

pytest.register_assert_rewrite("runs", "verdicts")

from matrix import Matrix

TABLE = ROOT / ".build" / "fault-matrix.txt"
matrix = Matrix()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Write down how the cell of this test ended, and what a failure said; a cell that is not noted is wrong."""
    cell = [str(request.getfixturevalue(name)) for name in ("story", "write", "fault")]
    request.node.user_properties.append(("cell", cell))

    def write_down(verdict: str, message: str) -> None:
        request.node.user_properties.extend([("verdict", verdict), ("message", message)])

    return write_down


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take in what became of a cell."""
    matrix.collect(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and leave it in a file."""
    if matrix:
        text = "\n".join(matrix.lines())
        TABLE.write_text("\n".join([text, "", *matrix.messages(), ""]), encoding="utf-8")
        terminalreporter.write_line(f"\nFaults ({TABLE.relative_to(ROOT)}):\n{text}")
