# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the harness holds results to: the keys and the attributes in the documentation of the modules."""

from __future__ import annotations

import ast
import importlib
from typing import Any

import pytest
import yaml

import returned
from harness import ROOT

MODULES = returned.names()


@pytest.fixture(autouse=True)
def _unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is made up here not count as returned."""
    monkeypatch.setattr(returned, "_seen", set())


def test_a_result_may_have_what_is_documented() -> None:
    returned.check(
        "nad_info", {"changed": False, "nads": [{"name": "n", "users": []}], "overlaps": []}, check_mode=False
    )
    returned.check("nad_info", {"failed": True, "msg": "no", "errors": []}, check_mode=True)


@pytest.mark.parametrize(
    "result",
    [
        {"changed": False, "surprise": 1},
        {"changed": False, "nads": [{"name": "n", "surprise": 1}]},
        {"changed": False, "errors": []},  # which only a failure has
    ],
)
def test_what_is_not_documented_fails_the_test_that_sees_it(result: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="returned, but not documented"):
        returned.check("nad_info", result, check_mode=False)


def test_an_attribute_that_nothing_shows_is_named() -> None:
    everything = {f"{name} {attribute}" for name in MODULES for attribute in returned.SHOWN}
    assert returned.never_shown(everything) == []
    assert returned.never_shown(everything - {"nad idempotent"}) == ["nad idempotent"]
    assert "nad.nad.name" in returned.never_returned(everything)


def test_the_document_lists_the_fields_of_every_failure() -> None:
    tree = ast.parse((ROOT / "plugins" / "module_utils" / "errors.py").read_text())
    details = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "details"]
    fields = {
        key.value
        for method in details
        for node in ast.walk(method)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    }
    assert fields == returned.of_failures()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_holds_of_it(module: str) -> None:
    said = returned.attributes(module)
    assert set(said) == {*returned.SHOWN, "action_group"}
    assert all(entry["description"] and entry["support"] in ("full", "none", "N/A") for entry in said.values())
    loaded = importlib.import_module(f"ansible_collections.multinet.gke.plugins.modules.{module}")
    assert (said["check_mode"]["support"] == "full") == loaded.SPEC["supports_check_mode"]
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    assert said["action_group"]["membership"] == [f"multinet.gke.{name}" for name, of in groups.items() if module in of]
    assert (said["action_group"]["support"] == "full") == bool(said["action_group"]["membership"])
