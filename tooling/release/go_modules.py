# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go modules as go.mod and go.sum pin them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REQUIRED = re.compile(r"^(?:require)?\s+(?P<path>\S+\.\S+) (?P<version>v\S+)(?: // indirect)?$", re.MULTILINE)
REPLACED = re.compile(r"^(?:replace)?\s+(?P<path>\S+) => (?P<by>\S+) (?P<version>v\S+)$", re.MULTILINE)


@dataclass(frozen=True, order=True)
class GoModule:
    """A module, the sum that Go holds it to, and the programs that are built with it."""

    path: str
    version: str
    sum: str
    programs: tuple[str, ...]


def pinned(go_mod: str, go_sum: str) -> dict[tuple[str, str], str]:
    """Return the sum of each module that is required, by path and version, replacements considered."""
    sums = {(path, version): value for path, version, value in (line.split() for line in go_sum.splitlines())}
    replaced = {match["path"]: (match["by"], match["version"]) for match in REPLACED.finditer(go_mod)}
    required = {match["path"]: (match["path"], match["version"]) for match in REQUIRED.finditer(go_mod)}
    used = [replaced.get(path, module) for path, module in required.items()]
    return {module: sums.get(module, "") for module in used}


def modules(sources: Mapping[str, tuple[str, str]]) -> Iterable[GoModule]:
    """Return the modules of several programs, each with its go.mod and go.sum, in order."""
    programs: dict[tuple[str, str, str], list[str]] = {}
    for program, (go_mod, go_sum) in sorted(sources.items()):
        for (path, version), value in pinned(go_mod, go_sum).items():
            programs.setdefault((path, version, value), []).append(program)
    return sorted(GoModule(*module, programs=tuple(names)) for module, names in programs.items())
