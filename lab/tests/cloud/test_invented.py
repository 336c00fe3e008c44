# SPDX-License-Identifier: Apache-2.0
"""The texts that no source gives: all of them are used, and the README lists all of them and no other."""

from __future__ import annotations

import re

from gkelab.cloud import invented

from .conftest import REPOSITORY

LAB = REPOSITORY / "lab"
TEXTS = {name: text for name, text in vars(invented).items() if name.isupper()}


def test_the_readme_lists_them() -> None:
    readme = (LAB / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Texts that no source gives\n")[2].partition("\n## ")[0]
    assert re.findall(r"^- `(.*)`$", section, re.MULTILINE) == list(TEXTS.values())


def test_each_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (LAB / "gkelab" / "cloud").rglob("*.py"))
    assert [name for name in TEXTS if f"invented.{name}" not in code] == []
