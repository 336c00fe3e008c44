# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return and do is what their documentation says, whatever a test runs.

A key of a result that is not documented fails the test that sees it. Which documented keys were returned, and which
attributes were shown to hold, is collected over a run: it says at its end what was never seen (``tests/conftest.py``).
"""

from __future__ import annotations

import functools
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / "plugins" / "modules"
PROPERTY = "returned"  # of a report: something that was seen
SHOWN = ("check_mode", "diff_mode", "idempotent")
OF_ANSIBLE = {
    *("attempts", "censored", "changed", "deprecations", "diff", "exception", "failed", "invocation", "item", "msg"),
    "warnings",
}

_seen: set[str] = set()
_noted: set[str] = set()


@functools.cache
def of_failures() -> set[str]:
    """Return the fields that any module may return beside its message if it fails, as docs/operating.md lists them."""
    (table,) = re.findall(
        r"^\| field \|.*\n.*\n((?:\|.*\n)+)", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE
    )
    return set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


@functools.cache
def documented(module: str) -> dict[str, Any]:
    """Return a module's RETURN, parsed."""
    parsed: dict[str, Any] = yaml.safe_load(_text("RETURN", MODULES / f"{module}.py"))
    return parsed


def keys(documentation: dict[str, Any], path: str) -> Iterator[str]:
    """Yield all documented keys, "pools.allocations"."""
    for key, entry in documentation.items():
        yield f"{path}.{key}"
        yield from keys(entry.get("contains", {}), f"{path}.{key}")


def returned(documentation: dict[str, Any], result: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the keys of a result, those below a documented one if its documentation says what it contains."""
    for key, value in result.items():
        yield f"{path}.{key}"
        inner = documentation.get(key, {}).get("contains")
        for each in value if isinstance(value, list) else [value]:
            if inner and isinstance(each, dict):
                for part in [each] if set(each) & set(inner) else each.values():  # by name, as sites are by host
                    yield from returned(inner, part, f"{path}.{key}")


def check(module: str, result: dict[str, Any], *, check_mode: bool) -> None:
    """Fail if a result has what is not documented; note what it has, and what it shows."""
    also = OF_ANSIBLE | {str(result.get("ansible_loop_var"))} | (of_failures() if result.get("failed") else set())
    own = {key: value for key, value in result.items() if key not in also and not key.startswith(("ansible_", "_"))}
    found = set(returned(documented(module), own, module))
    unknown = found - set(keys(documented(module), module))
    assert not unknown, f"returned, but not documented: {sorted(unknown)}"
    _seen.update(found, (f"{module} {attribute}" for attribute in _shown(result, check_mode)))


def _shown(result: dict[str, Any], check_mode: bool) -> Iterator[str]:
    """Yield the attributes that a result is an instance of; that check mode writes nothing, the harness sees to."""
    if result.get("diff"):
        yield "diff_mode"
    if not result.get("failed"):
        yield "check_mode" if check_mode else "idempotent" if not result.get("changed") else ""


def note(item: pytest.Item) -> None:
    """Let the reports of a test say what was seen since the last one."""
    item.user_properties += [(PROPERTY, key) for key in sorted(_seen - _noted)]
    _noted.update(_seen)


def never_returned(seen: set[str]) -> list[str]:
    """Return the documented keys that are not among what was seen."""
    return [key for name in names() for key in keys(documented(name), name) if key not in seen]


def never_shown(seen: set[str]) -> list[str]:
    """Return the documented attributes that are not among what was seen, as "nad idempotent"."""
    return [
        f"{name} {attribute}"
        for name in names()
        for attribute, entry in attributes(name).items()
        if attribute in SHOWN and entry["support"] == "full" and f"{name} {attribute}" not in seen
    ]


def names() -> list[str]:
    """Return the names of the modules."""
    return sorted(path.stem for path in MODULES.glob("*.py"))


def attributes(module: str) -> dict[str, Any]:
    """Return the attributes in a module's documentation: those of the fragment, and what it says otherwise."""
    own = yaml.safe_load(_text("DOCUMENTATION", MODULES / f"{module}.py"))
    (fragment,) = (name for name in own["extends_documentation_fragment"] if ".attributes" in name)
    constant = "INFO" if fragment.endswith(".info") else "DOCUMENTATION"
    shared = yaml.safe_load(_text(constant, MODULES.parent / "doc_fragments" / "attributes.py"))
    return {**shared["attributes"], **own.get("attributes", {})}


def _text(constant: str, path: pathlib.Path) -> str:
    (text,) = re.findall(rf'^ *{constant} = r"""(.*?)"""', path.read_text(), re.DOTALL | re.MULTILINE)
    return str(text)
