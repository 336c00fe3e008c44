# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests share a process, and skips: any that MULTINET_ALLOWED_SKIPS (.ci/run) does not list fails the run.

How the tests ended is written into the file that MULTINET_OUTCOME names, for the table of what each gate cost.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from gates.skips import unexpected

# A machine may be slow: no property fails for the time that it takes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

ROOT = pathlib.Path(__file__).parent
STORY = str(ROOT / "tests" / "e2e" / "test_site.py")  # the longest
SHARED_LABS = ("site_lab", "plane_lab")  # fixtures of tests/conftest.py whose labs have machines
LONGEST_FIRST = ("tests/faults", "tests/interop", "tests/e2e", "lab/tests", "tests")

OUTCOME = os.environ.get("MULTINET_OUTCOME")
ENDS = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}
skips: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let groups begin in the order of the tests; xdist's own order has those of many tests first, which are quick."""
    config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)  # pytest-cov sets it when a session starts
def pytest_sessionstart() -> None:
    """Let programs that tests start go unmeasured: they run what is installed, and would only be slower."""
    os.environ.pop("COV_CORE_SOURCE", None)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that share a lab with machines share a process, too (-n), and otherwise those of a file.

    What takes long begins, so that at the end no process has nothing left to do.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_turn)


def _group(item: pytest.Item) -> str:
    """Return the lab that a test shares with others, or its file."""
    shared = [lab for lab in SHARED_LABS if lab in getattr(item, "fixturenames", ())]
    return shared[0] if shared else str(item.path)


def _turn(item: pytest.Item) -> int:
    """Return when the turn of a test's group is, 0 being first."""
    groups = [_group(item) == group for group in (STORY, *SHARED_LABS)]
    marks = [item.get_closest_marker(mark) is not None for mark in ("full", "control_plane")]
    return [*groups, *marks, *_folders(item.path), True].index(True)


@cache
def _folders(path: pathlib.Path) -> list[bool]:
    """Tell for each folder of LONGEST_FIRST whether a file is in it."""
    return [path.is_relative_to(ROOT / folder) for folder in LONGEST_FIRST]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop a shared lab as soon as no test of it is left: machines that idle take time from other tests."""
    group = _group(item)
    is_last = nextitem is None or _group(nextitem) != group
    if is_last and isinstance(item, pytest.Function) and group in item.funcargs:
        item.funcargs[group].down()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each skip with its reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        skips.append(f"{report.nodeid}: {report.longrepr[2]}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for skips that nobody allowed."""
    if unexpected(skips) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name them, and write down how the tests ended."""
    for skip in unexpected(skips):
        terminalreporter.write_line(f"this skip is not on the list: {skip}", red=True)
    if OUTCOME:
        stats, tests = terminalreporter.stats, Counter[str]()
        for end, word in ENDS.items():
            tests[word] += len(stats.get(end, []))
        reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in stats.get("skipped", []))
        pathlib.Path(OUTCOME).write_text(json.dumps({"tests": tests, "skips": reasons}), encoding="utf-8")
