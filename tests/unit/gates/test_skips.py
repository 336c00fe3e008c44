# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A skip fails .ci/run unless its list has the reason, be it a test's or a gate's."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

import galaxy
from gates import cores
from gates.costs import measured
from gates.libraries import vulnerabilities
from gates.running import GateSkipped, Tree
from gates.skips import unexpected
from harness import ROOT

TREE = Tree(pathlib.Path(), pathlib.Path())


@pytest.fixture(autouse=True)
def ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold what is skipped to .ci/run's list."""
    monkeypatch.setenv("MULTINET_ALLOWED_SKIPS", str(ROOT / ".ci" / "allowed-skips.txt"))


def skips(tree: Tree) -> None:
    raise GateSkipped("it is too late today")


def test_a_gate_is_not_skipped_for_a_reason_that_nobody_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured("lint", skips, TREE).failed
    monkeypatch.delenv("MULTINET_ALLOWED_SKIPS")
    assert not measured("lint", skips, TREE).failed


@pytest.mark.parametrize("core", [*cores.OTHERS, cores.OLDEST], ids=lambda core: core.name)
@pytest.mark.parametrize("gate", ["quick", "sanity", "tests", "modules"])
def test_a_core_whose_python_is_missing_may_be_skipped(
    core: cores.Core, gate: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    cost = measured(f"{gate}-{core.name}", core.quick, TREE)
    assert (cost.outcome.words, cost.failed) == ("skipped", False)
    assert measured("docs", core.quick, TREE).failed


def test_vulnerabilities_may_be_unknown_where_their_database_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'error sending request for url (https://api.osv.dev/v1/querybatch)'\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    cost = measured("vulnerabilities", vulnerabilities, Tree(tmp_path, tmp_path))
    assert (cost.outcome.words, cost.failed) == ("skipped", False)


@pytest.mark.parametrize("test", ["interop/test_google_cloud.py::test_a", "awx/test_controller.py::test_a[b]"])
def test_collections_of_others_may_be_missing(
    test: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    def fails(command: list[str], **how: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no route\nto host")

    monkeypatch.setenv("GKELAB_CACHE", str(tmp_path))
    monkeypatch.setattr(galaxy.subprocess, "run", fails)
    with pytest.raises(pytest.skip.Exception) as skipped:
        galaxy.collections()
    reason = f"Skipped: {skipped.value}"
    assert unexpected([f"tests/{test}: {reason}"]) == []
    assert unexpected([f"tests/e2e/test_nad.py::test_a: {reason}"])
