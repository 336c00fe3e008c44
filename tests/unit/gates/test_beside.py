# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that read only run beside the tests, and all that they have to say is shown after what the tests print."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from gates import __main__ as gates
from gates.costs import Cost, row, table
from gates.running import GateFailed, Tree

BUSY = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_each_gate_is_told_with_its_own_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)

    def lint(tree: Tree) -> None:
        begun.write_text("lint")  # waits until somebody reads it
        subprocess.run([sys.executable, "-c", BUSY], check=True)
        raise GateFailed("a line is too long")

    def tests(tree: Tree) -> None:
        sys.stdout.write(f"tests beside {begun.read_text()}\n")

    monkeypatch.setattr(gates, "GATES", {"lint": lint, "tests": tests})
    costs = gates.run_all(["lint", "tests"], Tree(tmp_path, tmp_path))
    assert [(cost.name, cost.failed, cost.cpu >= 0.3) for cost in costs] == [
        ("lint", True, True),
        ("tests", False, False),
    ]
    lint_row, tests_row = map(row, costs)
    shown = ["tests beside lint", tests_row, "a line is too long", "lint: FAILED", lint_row]
    assert capfd.readouterr().out.splitlines() == shown


def test_what_all_took_is_not_the_sum() -> None:
    costs = [Cost(name, 9.0, 1.0, gates.suites.Outcome(), failed=False) for name in ("lint", "tests")]
    assert list(table(costs, 10.0))[-1].split() == ["all", "10.0", "2.0"]
