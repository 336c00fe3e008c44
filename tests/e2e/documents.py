# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the project's Markdown: headings, blocks of code, tables, links."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Iterator

from harness import ROOT

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def documents() -> list[pathlib.Path]:
    """Return the Markdown files that git knows, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()]


def blocks(text: str, language: str | None = None) -> list[str]:
    """Return the fenced blocks of code, all or those of a language, without their indentation."""
    return [
        re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        for indent, of, code in FENCE.findall(text)
        if language in (None, of)
    ]


def code(text: str) -> list[str]:
    """Return all code, fenced or indented, in order."""
    return re.findall(r"^```[\s\S]*?^```$|(?:^    .*\n)+", text, re.MULTILINE)


def prose(text: str) -> str:
    """Return a text without its blocks of code, fenced or indented."""
    return re.sub(r"^(    |\t).*$", "", FENCE.sub("", text), flags=re.MULTILINE)


def headings(text: str) -> list[str]:
    """Return the headings with their signs, in order."""
    return re.findall(r"^#+ .+$", prose(text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return what a link into a document may name: its headings, as GitHub spells them there."""
    found: set[str] = set()
    for heading in headings(text):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.lstrip("#").strip()).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        same = sum(1 for anchor in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", anchor))
        found.add(f"{slug}-{same}" if same else slug)
    return found


def links(text: str) -> list[str]:
    """Return where the links of a text lead."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(text)))


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """Yield the cells of the table whose first column has this heading, line by line."""
    (table,) = re.findall(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split(" | ")]
