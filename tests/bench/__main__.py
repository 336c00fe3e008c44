# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures everything, or the parts that are named, and prints one table: `make bench`."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

from harness import ROOT

from . import audit, first_run, fleet, imports, site_run, task_costs, verification
from .plot import plot
from .results import Results, write
from .stage import Found, NotMeasured, say


@dataclass(frozen=True)
class Part:
    """A part of the bench, and how often its commands take turns if nobody says otherwise."""

    measure: Callable[[int], Found]
    rounds: int


PARTS = {
    "site": Part(site_run.measure, 5),
    "tasks": Part(task_costs.measure, 3),
    "imports": Part(imports.measure, 5),
    "first": Part(first_run.measure, 2),
    "fleet": Part(fleet.measure, 2),
    "audit": Part(audit.measure, 3),
    "verify": Part(verification.measure, 2),
}


def main() -> None:
    """Measure, print, and keep the results as JSON, Markdown and a picture."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts")
    parser.add_argument("--rounds", type=int, help="how often the commands take turns; by default as each part needs")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / ".build" / "bench", help="where results go")
    options = parser.parse_args()
    found: dict[str, Found] = {}
    load = os.getloadavg()[0]
    for name in options.only:
        say(f"{name}:")
        try:
            found[name] = PARTS[name].measure(options.rounds or PARTS[name].rounds)
        except NotMeasured as why:
            found[name] = Found(missing=str(why))
        results = Results.of(found, load)  # after each part: a later one may fail
        files = write(results, plot(results.figures), options.into)
    print(results.as_markdown())
    print("\n".join(f"written: {path}" for path in files))


if __name__ == "__main__":
    sys.exit(main())
