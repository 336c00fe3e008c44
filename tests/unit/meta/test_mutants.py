# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mutated is there, and a mutant counts as noticed only if a test has noticed it."""

from __future__ import annotations

import pathlib

import pytest

import mutants
from mutants import MUTATED, UTILS, Mutant, broken, survivors

RANGES, NAMES = UTILS / "cni" / "ranges.py", UTILS / "cni" / "names.py"


def test_all_that_is_mutated_is_there() -> None:
    assert [place for place in MUTATED if not (UTILS / place).exists()] == []


def test_a_mutant_whose_tests_cannot_be_run_does_not_count_as_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def live(mutant: Mutant) -> int:
        raise OSError("no memory")

    monkeypatch.setattr(mutants, "_live", live)
    with pytest.raises(RuntimeError, match=r"cni/ranges\.py:3: a"):
        list(survivors([Mutant(RANGES, 1, 3, "a")], 1))


@pytest.mark.parametrize("sick", [RANGES, NAMES])
def test_each_file_has_to_pass_its_tests_without_a_mutation(
    monkeypatch: pytest.MonkeyPatch, sick: pathlib.Path
) -> None:
    monkeypatch.setattr(mutants, "_live", lambda mutant: int(mutant.number is None and mutant.file == sick))
    chosen = [Mutant(file, number, 3, "a") for file in (RANGES, NAMES) for number in (1, 2)]
    assert broken(chosen, 1) == [sick]


def test_a_table_is_tested_by_those_who_test_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    by_file = {
        NAMES: {3: [""], 9: [""]},
        RANGES: {3: [""], 7: ["tests/unit/cni/test_ranges.py::test_a[b@c]@group|run"]},
    }
    monkeypatch.setattr(mutants, "_contexts", lambda file: by_file.get(file, {}))
    expected = {"tests/unit/cni/test_ranges.py::test_a[b@c]"}
    assert [mutants.tests_of(Mutant(file, 1, line, "a")) for file, line in [(RANGES, 7), (RANGES, 3), (NAMES, 9)]] == [
        expected
    ] * 3
