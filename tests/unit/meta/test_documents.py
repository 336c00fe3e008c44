# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's Markdown holds together: links lead somewhere, and the roles' READMEs say what their roles take."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from documents import anchors, blocks, code, documents, headings, links, rows
from harness import ROOT

ROLES = sorted((ROOT / "roles").iterdir())


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: pathlib.Path) -> None:
    for link in links(document.read_text()):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), f"{link}: there is no {target}"
        assert ROOT in target.parents, f"{link} leads out of the project"
        assert not anchor or anchor in anchors(target.read_text()), f"{link}: no such heading"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_yaml_can_be_read(document: pathlib.Path) -> None:
    for block in blocks(document.read_text(), "yaml"):
        assert yaml.safe_load(block)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_the_table_of_variables_is_the_argument_specification(role: pathlib.Path) -> None:
    said = list(rows((role / "README.md").read_text(), "variable"))
    main, *others = (
        [[f"`{name}`", option["type"], default(option), meaning(option)] for name, option in entry["options"].items()]
        for entry in specifications(role).values()
    )
    assert said == main
    assert all(row in said for other in others for row in other)


def specifications(role: pathlib.Path) -> dict[str, Any]:
    """Return the specification of each entry point of a role, of main first."""
    entries = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {"main": entries.pop("main"), **entries}


def default(option: dict[str, Any]) -> str:
    """Return what a table says where nothing is given; as YAML."""
    if option.get("required"):
        return "required"
    return f"`{yaml.safe_dump(option['default']).splitlines()[0]}`" if "default" in option else ""


def meaning(option: dict[str, Any]) -> str:
    """Return a description as Markdown: its markup for Ansible is that for code."""
    said = option["description"]
    return re.sub(r"\b[A-Z]\(([^)]*)\)", r"`\1`", said if isinstance(said, str) else " ".join(said))


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_role_says_in_its_specification_what_its_defaults_are(role: pathlib.Path) -> None:
    options = specifications(role)["main"]["options"]
    file = role / "defaults" / "main.yml"
    for name, value in (yaml.safe_load(file.read_text()) if file.exists() else {}).items():
        assert options[name]["default"] == value


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_what_a_role_registers_is_what_its_readme_lists(role: pathlib.Path) -> None:
    tasks = [file.read_text() for file in sorted((role / "tasks").glob("*.yml"), key=lambda file: file.stem != "main")]
    registered = [f"`{name}`" for text in tasks for name in re.findall(r"^ +register: (\w+)$", text, re.MULTILINE)]
    text = (role / "README.md").read_text()
    assert ([name for name, _ in rows(text, "registered")] if "| registered |" in text else []) == registered


def test_the_korean_readme_has_what_the_english_one_has() -> None:
    english, korean = ((ROOT / name).read_text() for name in ("README.md", "README.ko.md"))
    assert [heading.split()[0] for heading in headings(korean)] == [heading.split()[0] for heading in headings(english)]
    assert code(korean) == code(english)
    assert len(re.findall(r"^\|", korean, re.MULTILINE)) == len(re.findall(r"^\|", english, re.MULTILINE))
    assert set(links(english)) - set(links(korean)) == {"README.ko.md"}


@pytest.mark.slow
def test_the_option_that_contributors_add_can_be_added(tmp_path: pathlib.Path) -> None:
    for name in ("plugins", "tests/unit", "tests/e2e", "tooling/gates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    tree = tmp_path / ".build" / "tree" / "ansible_collections" / "multinet"
    tree.mkdir(parents=True)
    (tree / "gke").symlink_to(tmp_path)
    recipe = (ROOT / "docs" / "architecture.md").read_text().split("## To add an option")[1].split("\n## ")[0]
    values, *tests = [step for step in re.split(r"^\d+\. ", recipe, flags=re.MULTILINE) if "```python" in step]
    test = tmp_path / values.split("`")[1]
    assert tests, "there is an end-to-end test, too"
    test.write_text(test.read_text() + "\n\n" + "\n".join(blocks(values, "python")))
    assert "disable_check" in _pytest(test).stdout, "the test fails as long as there is no such option"
    for step in re.split(r"^\d+\. ", recipe, flags=re.MULTILINE):
        for change in blocks(step, "diff"):
            file = tmp_path / step.split("`")[1]
            assert file.read_text().count(_side(change, "+")) == 1, f"{file}: {change}"
            file.write_text(file.read_text().replace(_side(change, "+"), _side(change, "-")))
    passed = _pytest(test)
    assert passed.returncode == 0, passed.stdout


def _side(change: str, other: str) -> str:
    """Return one side of a diff, without the lines of the other."""
    return "".join(line[1:] for line in change.splitlines(keepends=True) if not line.startswith(other))


def _pytest(test: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a file in a checkout of its own."""
    (root,) = (each for each in test.parents if (each / "pyproject.toml").is_file())
    command = [sys.executable, "-m", "pytest", "-q", str(test)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
