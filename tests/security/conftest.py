# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from canaries import Secrets

SCANNED = "scanned"  # the property of a report that says how many runs, and characters of what they said, it looked at
sums: Counter[str] = Counter()


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """What modules are given."""
    return Secrets(tmp_path_factory.mktemp("secrets"))


@pytest.fixture
def secrets_given(given: Secrets, request: pytest.FixtureRequest) -> Iterator[Secrets]:
    """The same, and what was looked at is counted."""
    before = given.canaries.scanned
    yield given
    request.node.user_properties.append((SCANNED, given.canaries.scanned - before))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what was looked at, whichever process did it."""
    for name, value in report.user_properties:
        if name == SCANNED and report.when == "teardown":
            sums.update({"tests": 1, "characters": value})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was looked at."""
    if sums:
        terminalreporter.write_line(
            f"Canaries: {sums['tests']} tests have looked for secrets in {sums['characters']} characters"
        )
