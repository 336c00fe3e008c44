# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that a document shows is one that a test expects of the code, with other names and numbers."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Iterator

import pytest

from documents import code, documents, prose
from harness import ROOT

# What differs from case to case: numbers, addresses, references, names of options, and X, N or ... in place of them.
VALUE = re.compile(r"\S*[\d/\[\]'\"<>_=]\S*|\S+\.\S+|\.\.\.|\b[A-Z]\b")
REFUSAL = re.compile(r"cannot be|must not|did you mean|may have|is missing|are missing|lies in|ordinary module")


def shown() -> Iterator[tuple[pathlib.Path, str]]:
    """Yield the messages that documents show."""
    for document in documents():
        text = document.read_text()
        for says in re.findall(r"\bsays? (?:of it )?`([^`]+)`", prose(text)):
            yield document, says
        for block in code(text):
            lines = [re.sub(r"^ {4}", "", line) for line in block.splitlines()]
            if not block.startswith("```") and REFUSAL.search(block):
                yield from ((document, line) for line in (lines if len(lines[0]) > 120 else [" ".join(lines)]))
    for row in re.findall(r"^\|.*\|$", (ROOT / "docs" / "checks.md").read_text(), re.MULTILINE):
        cells = row.split(" | ")
        if len(cells) == 5 and re.match(r"\| `\w+`$", cells[0]):
            yield from ((ROOT / "docs" / "checks.md", says) for says in re.findall(r"`([^`]+)`", cells[2]))


SHOWN = sorted({(str(path.relative_to(ROOT)), message) for path, message in shown()})


def phrases(message: str) -> list[str]:
    """Return the words of a message, several together, that are the same with other names and numbers."""
    parts = re.split(r"[:;,()?]", VALUE.sub(";", message))
    return [" ".join(part.split()) for part in parts if len(part.split()) > 1]


@functools.cache
def expected() -> str:
    """Return all texts that tests have, those that are put together as one, a line each."""
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        if path.parent != pathlib.Path(__file__).parent:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value.replace("\n", " "))
                elif isinstance(node, ast.JoinedStr):
                    found.append(re.sub(r"\{[^{}]*\}", "0", ast.unparse(node)))
    return "\n".join(found)


@pytest.mark.parametrize(("document", "message"), SHOWN)
def test_a_message_in_the_documents_is_expected_by_a_test(document: str, message: str) -> None:
    unknown = [phrase for phrase in phrases(message) if phrase not in expected()]
    assert not unknown, f"{document} shows it, and no test expects it: {message}"


def test_a_message_that_nothing_says_is_found() -> None:
    assert phrases("c1: a.b: '10.0.0.0/24': IP X is not in range R (did you mean it?)") == [
        "is not in range",
        "did you mean it",
    ]
    assert "not in NAD range" in expected()
    assert "is not in NAD range" not in expected()
