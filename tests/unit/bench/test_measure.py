# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that take turns, and what is made of their costs."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from bench.measure import Command, Spread, each_round, ratio, take_turns


def python(code: str, *arguments: str) -> Command:
    return Command((sys.executable, "-c", code, *arguments), dict(os.environ))


def appending(letter: str, path: pathlib.Path) -> Command:
    return python("import sys; open(sys.argv[1], 'a').write(sys.argv[2])", str(path), letter)


def test_every_other_round_goes_backwards(tmp_path: pathlib.Path) -> None:
    order = tmp_path / "order"
    series = take_turns({letter: appending(letter, order) for letter in "abc"}, 3)
    assert order.read_text() == "abccbaabc"
    assert {name: len(costs) for name, costs in series.costs.items()} == dict.fromkeys("abc", 3)


def test_a_cost_is_of_all_processes_that_were_started() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(200_000_000)'], check=True)"
    alone, _printed = python("pass").run()
    with_child, _printed = python(child).run()
    assert with_child.rss > 190 > alone.rss
    assert with_child.cpu > alone.cpu


def test_what_a_command_prints_is_kept() -> None:
    assert python("print('changed=0')").run()[1] == "changed=0\n"


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(AssertionError, match="so it is"):
        python("raise SystemExit('so it is')").run()


def test_ratios_are_of_the_same_round() -> None:
    assert ratio([1.0, 20.0, 3.0], [2.0, 10.0, 3.0]) == Spread(1.0, 0.5, 2.0, 3)


def test_rounds_that_are_not_alike_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        each_round(max, [1.0, 2.0], [1.0])
