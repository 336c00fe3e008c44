# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rollout.md, the playbooks and the arguments of roles name the same variables with the same defaults."""

from __future__ import annotations

import re

import pytest
import yaml

from harness import ROOT

DOCUMENT = (ROOT / "docs" / "rollout.md").read_text()
ROWS = {row[1]: row[2].strip().strip("`") for row in re.finditer(r"^\| `(\w+)` \|([^|]*)\|", DOCUMENT, re.MULTILINE)}
POOLS = yaml.safe_load((ROOT / "roles" / "pools" / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]


@pytest.mark.parametrize("name", sorted(set(POOLS["options"]) - {"multinet_gke_cluster"}))
def test_the_arguments_of_pools_are_in_the_table_with_their_defaults(name: str) -> None:
    default = POOLS["options"][name].get("default", "")
    assert yaml.safe_load(ROWS[name] or "''") == default


@pytest.mark.parametrize("playbook", ["site", "teardown"])
def test_the_waves_are_what_the_table_says(playbook: str) -> None:
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text()
    (default,) = re.findall(r"multinet_waves \| default\((\[.*?\])\)", text)
    assert yaml.safe_load(default) == yaml.safe_load(ROWS["multinet_waves"])
    (percentage,) = re.findall(
        r"multinet_max_fail_percentage \| default\((\d+)\)", (ROOT / "playbooks/tasks/end_wave.yml").read_text()
    )
    assert percentage == ROWS["multinet_max_fail_percentage"]
