# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests share a process, and skips: any that MULTINET_ALLOWED_SKIPS (.ci/run) does not list fails the run."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings

# A machine may be slow: no property fails for the time that it takes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

ROOT = pathlib.Path(__file__).parent
LONGEST_FIRST = ("tests/faults", "tests/interop", "tests/e2e", "lab/tests", "tests")

LIST = os.environ.get("MULTINET_ALLOWED_SKIPS")
skips: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let groups begin in the order of the tests; xdist's own order has those of many tests first, which are quick."""
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a file's tests share a process (-n), and all tests on real kernels one: two would only wait for each other.

    What takes long begins, so that at the end no process has nothing left to do: the kernels' tests; among them, those
    that share one site come last, as it is there from the first of them until the end. The rest as in LONGEST_FIRST.
    """
    for item in items:
        kernels = item.get_closest_marker("full") is not None
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("full" if kernels else str(item.path)))
    items.sort(key=lambda item: (_place(item), "site_lab" in _fixtures(item)))


def _place(item: pytest.Item) -> int:
    """Return when the turn of a test's group is, 0 being first."""
    marks = [item.get_closest_marker(mark) is not None for mark in ("full", "control_plane")]
    folders = [item.path.is_relative_to(ROOT / folder) for folder in LONGEST_FIRST]
    return [*marks, *folders, True].index(True)


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else ()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each skip with its reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        skips.append(f"{report.nodeid}: {report.longrepr[2]}")


def unexpected() -> list[str]:
    """Return the skips that no line of the list matches."""
    if not LIST:
        return []
    lines = pathlib.Path(LIST).read_text(encoding="utf-8").splitlines()
    patterns = [re.compile(line) for line in lines if line and not line.startswith("#")]
    return [skip for skip in skips if not any(pattern.fullmatch(skip) for pattern in patterns)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for skips that nobody allowed."""
    if unexpected() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name them."""
    for skip in unexpected():
        terminalreporter.write_line(f"this skip is not on the list {LIST}: {skip}", red=True)
