# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/permissions.md and the notes of the modules say the same of what is needed in a cluster."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace

import pytest
import yaml

from harness import ROOT
from permitted import RULES, noted

MODULES = sorted(
    path.stem
    for path in (ROOT / "plugins" / "modules").glob("*.py")
    if re.search(r"^  - multinet.gke.kubernetes$", path.read_text(), re.MULTILINE)
)


def test_every_module_that_asks_a_cluster_is_in_the_table() -> None:
    assert sorted({rule.module for rule in RULES}) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_the_notes_of_a_module_say_what_the_table_says(module: str) -> None:
    loaded = importlib.import_module(f"ansible_collections.multinet.gke.plugins.modules.{module}")
    notes = yaml.safe_load(loaded.DOCUMENTATION)["notes"]
    assert list(noted(module, notes)) == [replace(rule, when="") for rule in RULES if rule.module == module]
