# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module does: reads the results, renders, and writes what differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Problems, Refused, VerificationFailed
from ..reconcile import Context
from ..verify.junit import save
from . import page, programs, reading
from .model import Fleet

FILES = {"html": "report.html", "json": "report.json", "junit": "junit.xml"}


def report(params: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Write the files, and return the module's result.

    :raises InvalidOptions: something in the options cannot be read, or there cannot be such a folder.
    :raises Refused: the system does not let us write.
    :raises VerificationFailed: the files are written, and something in them is what fail_on counts.
    """
    fleet = reading.fleet(params, _problems(params["path"]))
    paths = {each: os.path.join(params["path"], FILES[each]) for each in params["formats"]}
    texts = {paths[each]: render(fleet, each, params["fail_on"]) for each in paths}
    different = [path for path, text in texts.items() if _read(path) != text]
    if not context.check_mode:
        _write({path: texts[path] for path in different}, params["path"])
    summary = programs.summary(fleet)
    result = {
        "changed": bool(different),
        "actions": [f"write {path}" for path in different],
        "paths": paths,
        "summary": summary,
        "totals": programs.totals(fleet),
    }
    bad = programs.bad(fleet, params["fail_on"])
    if bad and params["fail_on"] != "never":
        raise VerificationFailed(
            "\n".join([f"the report has findings: {summary}", *(f"- {line}" for line in bad)]), result
        )
    return result


def render(fleet: Fleet, kind: str, fail_on: str) -> str:
    """Return the text of one of FILES."""
    writers: dict[str, Callable[[], str]] = {
        "html": lambda: page.write(fleet),
        "json": lambda: programs.write_json(fleet),
        "junit": lambda: programs.write_junit(fleet, fail_on),
    }
    return writers[kind]()


def _problems(path: str) -> Problems:
    """Return what is wrong with a folder that there cannot be."""
    problems = Problems()
    there = os.path.abspath(path)
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        problems.add("path", path, f"{there} is no folder; name another one")
    elif not os.access(there, os.W_OK | os.X_OK):
        problems.add("path", path, f"nothing can be written in {there}; name another folder, or give the right to")
    return problems


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):  # it is written then, or said why not
        return None


def _write(texts: Mapping[str, str], folder: str) -> None:
    try:
        os.makedirs(folder, 0o755, exist_ok=True)
        for path, text in texts.items():
            save(text, path)
    except OSError as error:
        raise Refused(f"{folder}: cannot be written: {error.strerror}") from error
