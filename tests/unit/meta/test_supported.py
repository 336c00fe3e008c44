# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest versions that are promised are the same everywhere, and those that the gate on the oldest runs with."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring
from packaging.requirements import Requirement
from packaging.version import Version

from harness import ROOT

PROMISED = {
    (need := Requirement(line)).name: need.specifier for line in (ROOT / "requirements.txt").read_text().split()
}
LOCK = (ROOT / "tooling" / "cores" / "oldest.txt").read_text()
DOCUMENTED = [
    path for folder in ("modules", "inventory", "filter") for path in (ROOT / "plugins" / folder).glob("*.py")
]


def lowest(name: str) -> Version:
    """Return the version that the gate runs with."""
    (found,) = re.findall(rf"^{name}==(\S+)", LOCK, re.MULTILINE)
    return Version(found)


@pytest.mark.parametrize("name", PROMISED)
def test_the_gate_on_the_oldest_has_the_oldest_library(name: str) -> None:
    (promise,) = PROMISED[name]
    assert promise.operator == ">="
    assert lowest(name) == Version(promise.version)


def test_the_gate_on_the_oldest_has_the_oldest_ansible() -> None:
    promise = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert f">={lowest('ansible-core')}" == promise


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: str(path.stem))
def test_documentation_asks_for_what_is_installed(path: Any) -> None:
    needs = (read_docstring(str(path))["doc"] or {}).get("requirements", [])
    for need in needs:
        said = re.match(r"(\S+ >= [\d.]+)", need)
        if said:
            requirement = Requirement(said[1])
            assert requirement.specifier == PROMISED[requirement.name]
