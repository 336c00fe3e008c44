# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house that no linter knows (docs/architecture.md)."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import subprocess

import pytest
import yaml

from ansible_collections.multinet.gke.plugins.plugin_utils.direct import DirectAction

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
PREFIX = "ansible_collections.multinet.gke.plugins."


def test_the_action_group_has_the_modules_that_take_credentials() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    specs = {name: importlib.import_module(f"{PREFIX}modules.{name}").SPEC["argument_spec"] for name in MODULES}
    assert runtime["action_groups"] == {"all": [name for name, spec in specs.items() if "auth_kind" in spec]}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_run_directly(module: str) -> None:
    loaded = importlib.import_module(f"{PREFIX}action.{module}")
    assert issubclass(loaded.ActionModule, DirectAction)
    assert module == loaded.ActionModule.MODULE
    assert importlib.import_module(f"{PREFIX}modules.{module}").SPEC["supports_check_mode"]


def test_nothing_else_is_an_action() -> None:
    assert sorted(path.stem for path in (PLUGINS / "action").glob("*.py")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_spec_run_and_main(module: str) -> None:
    loaded = importlib.import_module(f"{PREFIX}modules.{module}")
    assert {"argument_spec", "supports_check_mode"} <= set(loaded.SPEC)
    assert callable(loaded.run)
    (main,) = (
        node
        for node in ast.parse((PLUGINS / "modules" / f"{module}.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    assert main.end_lineno is not None
    assert main.end_lineno - main.lineno <= 10


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_what_it_promises(module: str) -> None:
    loaded = importlib.import_module(f"{PREFIX}modules.{module}")
    documentation = yaml.safe_load(loaded.DOCUMENTATION)
    fragments = documentation["extends_documentation_fragment"]
    assert any(fragment.startswith("multinet.gke.attributes") for fragment in fragments)
    assert yaml.safe_load(loaded.RETURN)
    assert yaml.safe_load(loaded.EXAMPLES)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_short_and_documented(role: str) -> None:
    folder = ROOT / "roles" / role
    assert (folder / "README.md").is_file()
    assert len(yaml.safe_load((folder / "tasks" / "main.yml").read_text())) <= 3


def test_no_checker_is_silenced_and_no_file_is_too_long() -> None:
    for path in (*PLUGINS.rglob("*.py"), *(ROOT / "lab" / "gkelab").rglob("*.py")):
        text = path.read_text()
        assert not re.search(r"#\s*(noqa|type: ignore|pylint:)", text), path
        code = re.sub(r'^(DOCUMENTATION|EXAMPLES|RETURN) = r""".*?"""', "", text, flags=re.DOTALL | re.MULTILINE)
        lines = [line for line in code.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert len(lines) <= 330, f"{path} has {len(lines)} lines of code"


def test_nothing_of_a_machine_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=False, capture_output=True, text=True).stdout.split()
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".yml", ".yaml", ".toml", ".sh", ".go", "") and path.is_file():
            text = path.read_text(errors="replace")
            assert not re.search(r"(?<![\w.)])/(root|work|home/user)/", text), name
