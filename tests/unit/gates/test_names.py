# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate that does not exist is told of before anything is done, and beside those that do."""

from __future__ import annotations

import re
import sys

import pytest

from gates import __main__ as gates


def test_who_mistypes_a_gate_is_told_which_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gates", "lint", "doc"])
    monkeypatch.setattr(gates.shutil, "copytree", lambda *_places: pytest.fail("the gates have begun"))
    with pytest.raises(SystemExit) as ended:
        gates.main()
    told = re.findall(r"[\w.-]+", str(ended.value.code))
    assert "doc" in told
    assert {*gates.GATES, *gates.GROUPS} <= set(told)


@pytest.mark.parametrize("group", gates.GROUPS)
def test_groups_have_gates_only(group: str) -> None:
    assert set(gates.GROUPS[group]) <= gates.GATES.keys()
