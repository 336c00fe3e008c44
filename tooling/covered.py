#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail if the tests that ran last cover less of a pure file, by statements and branches, than pyproject.toml demands.

What is pure is not listed, it follows from imports: a file that takes in nothing by which one can ask or wait. Measured
is what tests executed in their own process: those of tests/unit, and of the others the few that import sources. All
else is run as it is installed, in processes of its own, and is not measured.
"""

from __future__ import annotations

import ast
import json
import pathlib
import sys

from coverage import Coverage

ROOT = pathlib.Path(__file__).resolve().parent.parent
UTILS = ROOT / "plugins" / "module_utils"
# Who holds one of these can ask Google or a cluster, or wait for them; who imports one of those reaches the machine.
ASKING = {"Connection", "Deadline", "Google", "Kube", "Operations", "libraries", "library", "poll"}
REACHING = {"concurrent", "http", "importlib", "os", "ssl", "subprocess", "tempfile", "threading", "time", "urllib"}


def is_pure(path: pathlib.Path) -> bool:
    """Return whether a file neither asks nor waits, by what it imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and REACHING & {each.name.partition(".")[0] for each in node.names}:
            return False
        if isinstance(node, ast.ImportFrom) and node.level and ASKING & {each.name for each in node.names}:
            return False
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in REACHING and not node.level:
            return False
    return True


def pure_files() -> list[pathlib.Path]:
    """Return the pure files of the collection."""
    return [path for path in sorted(UTILS.rglob("*.py")) if is_pure(path)]


def main() -> int:
    """Show what is not covered; the exit code tells whether a file is below the mark."""
    measured = Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    pure = [str(path) for path in pure_files()]
    measured.report(include=pure)
    details = ROOT / ".build" / "coverage.json"
    measured.json_report(include=pure, outfile=str(details))
    report = json.loads(details.read_text(encoding="utf-8"))
    mark = measured.get_option("report:fail_under")
    low = {name for name, file in report["files"].items() if file["summary"]["percent_covered"] < mark}
    missing = {str(path.relative_to(ROOT)) for path in pure_files()} - set(report["files"])
    total = report["totals"]
    branches = 100 * total["covered_branches"] / total["num_branches"]
    print(f"{len(pure)} pure files: {total['percent_covered']:.2f} % covered, {branches:.2f} % of the branches")
    for name in sorted(low | missing):
        print(f"{name}: less than {mark} % is covered")
    return 1 if low | missing else 0


if __name__ == "__main__":
    sys.exit(main())
