# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mutants are: each differs from the program in one place, and nothing is changed that is not executed."""

from __future__ import annotations

import ast

import pytest

from mutations import mutations


def mutated(source: str) -> list[str]:
    """Return the mutants of a program."""
    found = []
    for number, _mutation in enumerate(mutations(ast.parse(source))):
        tree = ast.parse(source)
        list(mutations(tree))[number].apply()
        found.append(ast.unparse(ast.fix_missing_locations(tree)))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b <= c", ["a <= b <= c", "a < b < c"]),
        ("a in b and c", ["a in b or c", "a not in b and c"]),
        ("not a", ["not not a"]),
        ("a + 1", ["a - 1", "a + 2"]),
        ("a += b", ["a -= b"]),
        ("x = True", ["x = False"]),
        ("x = any(a)", ["x = all(a)"]),
        ("[a for a in b if c]", ["[a for a in b if not c]"]),
        ("if a:\n    raise b", ["if not a:\n    raise b", "if a:\n    pass"]),
        ("for a in b:\n    continue", ["for a in b:\n    pass"]),
        ("def f() -> int:\n    return a", ["def f() -> int:\n    return None"]),
        ("f(a)", ["None"]),
        ("@f(a=True)\nclass C:\n    b = 1", ["@f(a=True)\nclass C:\n    b = 2"]),
        ("x: Literal[1] | None = a", []),
        ("return None", []),
        ("'text'", []),
    ],
)
def test_each_mutant_differs_in_one_place(source: str, expected: list[str]) -> None:
    assert mutated(source) == expected
