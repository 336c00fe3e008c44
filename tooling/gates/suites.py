# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own tests and linters as gates; how many tests there were, and why some were skipped."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
from collections import Counter
from collections.abc import Callable

from .costs import in_words
from .running import ROOT, GateFailed, Outcome, Tree, run, show

MAKE = ("make", "--no-print-directory")


def style(tree: Tree) -> None:
    """Format, lint, types and changelog."""
    run(ROOT, *MAKE, "lint")


def everyday(tree: Tree) -> Outcome:
    """All tests, of large matrices a sample (all of them if MULTINET_TEST_ALL is set)."""
    return counted(lambda outcome: show(ROOT, *MAKE, "test", MULTINET_OUTCOME=outcome))


def mutants(tree: Tree) -> None:
    """Of a sample of mistakes in pure files, unit tests notice nine in ten; who runs what was measured before."""
    run(ROOT, sys.executable, "tests/mutation/mutants.py", "--sample", "200", "--least", "90")


def as_modules(tree: Tree) -> Outcome:
    """Tests of modules, which are run as ordinary ones; of large matrices a sample, as they do the same either way."""
    command = (*MAKE, "tests", "TESTS=tests/e2e tests/faults")
    ordinary = {"MULTINET_TEST_WAY": "module", "MULTINET_TEST_ALL": ""}
    return counted(lambda outcome: show(ROOT, *command, MULTINET_OUTCOME=outcome, **ordinary))


def counted(pytest: Callable[[str], object]) -> Outcome:
    """Run pytest, which writes how its tests ended into the file with that name (MULTINET_OUTCOME); return it.

    :raises GateFailed: what it printed, and how the tests ended all the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "outcome.json"
        try:
            pytest(str(file))
        except GateFailed as failure:
            raise GateFailed(str(failure), _read(file)) from failure
        return _read(file)


def _read(file: pathlib.Path) -> Outcome:
    """Return what pytest has written; if there is nothing, it has not got that far."""
    if not file.exists():
        return Outcome("")
    told = json.loads(file.read_text(encoding="utf-8"))
    tests = Counter[str](told["tests"])
    return Outcome(in_words(tests), tests, Counter(told["skips"]))
