# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python packages as they are locked: what a package needs, which licence it has, and which files it may come as."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINE = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)


@dataclass(frozen=True)
class Locked:
    """A package with the version that everything was tested with."""

    name: str
    version: str
    licence: str
    sums: tuple[str, ...]
    needs: frozenset[str]


def hashes(lock: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the SHA-256 sums that a lock file allows, by name and version."""
    return {
        (canonicalize_name(line["name"]), line["version"]): tuple(re.findall(r"--hash=sha256:(\w+)", line["rest"]))
        for line in LINE.finditer(lock)
    }


def closure(roots: Iterable[Requirement], lock: str) -> dict[str, Locked]:
    """Return what the roots need, themselves included, as this environment, which is made of the lock, has it."""
    allowed = hashes(lock)
    found: dict[str, Locked] = {}
    waiting = list(roots)
    extras: dict[str, set[str]] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and requirement.extras <= extras[name]:
            continue
        extras[name] = extras.get(name, set()) | requirement.extras
        needs = _needs(name, extras[name])
        distribution = importlib.metadata.distribution(name)
        found[name] = Locked(
            name=name,
            version=distribution.version,
            licence=licence(distribution.metadata),
            sums=allowed[name, distribution.version],
            needs=frozenset(canonicalize_name(need.name) for need in needs),
        )
        waiting += needs
    return found


def _needs(name: str, extras: set[str]) -> list[Requirement]:
    every = map(Requirement, importlib.metadata.requires(name) or [])
    asked = [{"extra": extra} for extra in ("", *sorted(extras))]
    return [need for need in every if not need.marker or any(need.marker.evaluate(extra) for extra in asked)]


def licence(metadata: importlib.metadata.PackageMetadata) -> str:
    """Return a package's licence: an SPDX expression if it says one, else its own words; "" if it says none."""
    said = next((metadata[key] for key in ("License-Expression", "License") if key in metadata), "")
    if said and "\n" not in said:
        return said
    classified = [text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier") or [] if "License" in text]
    return ", ".join(classified)
