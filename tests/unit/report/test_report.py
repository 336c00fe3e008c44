# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files: written if they differ, as wholes, and not in check mode."""

from __future__ import annotations

import os
import pathlib
import stat
from dataclasses import dataclass
from typing import Any

import pytest

import reported
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions, Refused, VerificationFailed
from ansible_collections.multinet.gke.plugins.module_utils.report.report import report


@dataclass
class Run:
    """How the module runs."""

    check_mode: bool = False
    diff: bool = False
    tmpdir: str = ""

    def warn(self, text: str) -> None:
        raise AssertionError(text)

    def progress(self, now: object) -> None:
        raise AssertionError(now)

    def hide(self, *secrets: object) -> None:
        raise AssertionError("a report has no secrets")


def write(path: pathlib.Path, run: Run | None = None, **more: Any) -> dict[str, Any]:
    return report(reported.params([reported.troubled()], path=str(path), **more), run or Run())


def test_the_same_is_written_once(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "a" / "report"
    first = write(folder)
    files = {name: str(folder / file) for name, file in
             {"html": "report.html", "json": "report.json", "junit": "junit.xml"}.items()}  # fmt: skip
    assert first["paths"] == files
    assert first["actions"] == [f"write {path}" for path in files.values()]
    assert first["changed"]
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = write(folder)
    assert (again["changed"], again["actions"]) == (False, [])
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_what_differs_is_written_again(tmp_path: pathlib.Path) -> None:
    write(tmp_path)
    (tmp_path / "junit.xml").write_bytes(b"\xff old")
    assert write(tmp_path)["actions"] == [f"write {tmp_path / 'junit.xml'}"]
    assert len(write(tmp_path, made_at="2026-11-27T00:00:00Z")["actions"]) == 2  # JUnit does not tell the time


def test_only_what_is_asked_for_is_written_and_all_may_read_it(tmp_path: pathlib.Path) -> None:
    old = os.umask(0o077)
    try:
        write(tmp_path, formats=["html"])
    finally:
        os.umask(old)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o644


def test_check_mode_tells_and_writes_nothing(tmp_path: pathlib.Path) -> None:
    told = write(tmp_path / "new", Run(check_mode=True))
    assert told["changed"]
    assert len(told["actions"]) == 3
    assert list(tmp_path.iterdir()) == []


def test_findings_fail_it_only_if_that_is_asked_and_the_files_are_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(VerificationFailed, match=r"west: default/my-nad: no answer from or to .* \[ping\]") as failed:
        write(tmp_path, fail_on="error")
    assert failed.value.details()["changed"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(("name", "says"), [("file", "is no folder"), ("file/below", "is no folder")])
def test_a_folder_that_there_cannot_be_is_refused(tmp_path: pathlib.Path, name: str, says: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidOptions, match=says):
        write(tmp_path / name)


def test_all_that_is_wrong_is_said_at_once(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidOptions) as failed:
        write(tmp_path / "file", made_at="today")
    assert {problem.path for problem in failed.value.problems} == {"path", "made_at"}


def test_a_file_that_cannot_be_replaced_is_said(tmp_path: pathlib.Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(Refused, match="cannot be written"):
        write(tmp_path)
