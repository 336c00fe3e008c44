# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results: for programs (JSON), for people (Markdown that is a table in a terminal, too), and what they are of."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from galaxy import COLLECTIONS
from harness import ROOT

from .goals import Figure, of_numbers
from .measure import Spread
from .stage import Found

PACKAGES = ("ansible-core", "google-cloud-compute", "google-cloud-container", "google-auth", "kubernetes")
PROGRAMS = {"gcloud": ("gcloud", "version"), "kubectl": ("kubectl", "version", "--client"), "go": ("go", "version")}


@dataclass(frozen=True)
class Results:
    """What was found, of what, where and when."""

    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    parts: Mapping[str, Found]

    @classmethod
    def of(cls, parts: Mapping[str, Found], load: float) -> Results:
        """Return the results of now.

        :param load: of the machine before it began.
        """
        machine = {"cores": os.cpu_count(), "system": platform.platform(), "load_before": load}
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), machine, versions(), parts)

    @property
    def figures(self) -> list[Figure]:
        """Return the figures of all parts."""
        return [figure for found in self.parts.values() for figure in found.figures]

    def as_json(self) -> str:
        """Return them for programs."""
        return json.dumps(
            {
                "date": self.date,
                "machine": self.machine,
                "versions": self.versions,
                "goals": of_numbers(self.figures),
                "parts": {name: _part(found) for name, found in self.parts.items()},
            },
            indent=2,
        )

    def as_markdown(self) -> str:
        """Return them for people."""
        where = f"{self.date}, {self.machine['cores']} cores, load {self.machine['load_before']:.1f} before it began"
        sections = [where + ": " + ", ".join(f"{name} {version}" for name, version in self.versions.items()) + "."]
        for name, found in self.parts.items():
            sections.append(f"{name}: not measured: {found.missing}" if found.missing else f"{name}:")
            if found.costs:
                sections.append(table(COSTS, _costs(found)))
            if found.figures:
                sections.append(table(FIGURES, [_row(figure) for figure in found.figures]))
        sections.append(table(("goal", "verdict"), list(of_numbers(self.figures).items())))
        return "\n\n".join(sections) + "\n"


COSTS = ("what", "CPU s", "MB", "wall s", "rounds", "requests to Google", "to Kubernetes", "writes")
FIGURES = ("goal", "what", "limit", "median", "min..max", "rounds", "verdict")


def versions() -> dict[str, str]:
    """Return the versions of what is measured and of those beside it, as far as they are installed."""
    found = {"multinet.gke": str(yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"])}
    if commit := _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"):
        found["commit"] = commit
    found["python"] = platform.python_version()
    found |= {name: importlib.metadata.version(name) for name in PACKAGES}
    found |= {name: COLLECTIONS[name] for name in ("google.cloud", "kubernetes.core")}
    return found | {name: line for name, words in PROGRAMS.items() if (line := _first_line(*words))}


def _first_line(*words: str) -> str:
    """Return how a program introduces itself; nothing if it is not there."""
    if not shutil.which(words[0]):
        return ""
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return said.partition("\n")[0].split(":")[-1].split("version ")[-1].strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown whose columns are aligned."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *(line(row) for row in rows)])


def shown(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _row(figure: Figure) -> tuple[str, ...]:
    goal, limit = (figure.goal.number, f"<= {shown(figure.goal.limit)} {figure.unit}") if figure.goal else ("", "")
    if figure.spread is None:
        return (goal, figure.what, limit, "", "", "", f"{figure.verdict}: {figure.missing}")
    spread = figure.spread
    between = f"{shown(spread.low)}..{shown(spread.high)}"
    return (
        goal,
        figure.what,
        limit,
        f"{shown(spread.median)} {figure.unit}",
        between,
        str(spread.rounds),
        figure.verdict,
    )


def _costs(found: Found) -> list[tuple[str, ...]]:
    rows = []
    for name in dict.fromkeys((*found.costs, *found.asked)):
        costs, asked = found.costs.get(name, ()), found.asked.get(name)
        measured = [
            f"{middle:.2f} ({low:.2f}..{high:.2f})" if each != "rss" else f"{middle:.0f}"
            for each, middle, low, high in _spreads(costs)
        ]
        counted = [str(number) for number in (asked.google, asked.kubernetes, asked.writes)] if asked else [""] * 3
        rows.append((name, *(measured or [""] * 3), str(len(costs) or ""), *counted))
    return rows


def _spreads(costs: Sequence[Any]) -> list[tuple[str, float, float, float]]:
    spreads = {each: Spread.of([getattr(cost, each) for cost in costs]) for each in ("cpu", "rss", "wall") if costs}
    return [(each, spread.median, spread.low, spread.high) for each, spread in spreads.items()]


def _part(found: Found) -> dict[str, Any]:
    return {
        "missing": found.missing,
        "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in found.figures],
        "costs": {name: [asdict(cost) for cost in costs] for name, costs in found.costs.items()},
        "requests": {name: asdict(asked) for name, asked in found.asked.items()},
    }


def write(results: Results, plot: str, folder: pathlib.Path) -> list[pathlib.Path]:
    """Write JSON, Markdown and plot; return where."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"results.json": results.as_json() + "\n", "results.md": results.as_markdown(), "results.svg": plot}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]
