# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module are run, in the order in which a site is made."""

from __future__ import annotations

import pathlib
import re
from collections import Counter
from typing import Any

import pytest
import yaml

from harness import INSTALLED, Lab, Run, play_of

pytestmark = pytest.mark.full

ORDER = (
    "multinet_plan",
    "gke_multinet_vpc",
    "gke_multinet_cluster",
    "gke_multinet_nodepool",
    "gke_multinet_nodepool_info",
    "gke_multinet_cluster_info",
    "gke_multinet_vpc_info",
    "multus_install",
    "nad",
    "nad_info",
    "multinet_pod",
    "whereabouts_pool_info",
    "whereabouts_pool",
    "multinet_verify",
    "multinet_report",
)


def examples(module: str) -> list[dict[str, Any]]:
    """Return the tasks of a module's EXAMPLES."""
    source = (INSTALLED / "plugins" / "modules" / f"{module}.py").read_text()
    (text,) = re.findall(r'^EXAMPLES = r"""(.*?)"""', source, re.DOTALL | re.MULTILINE)
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks


@pytest.fixture(scope="module")
def first(full_lab: Lab) -> Run:
    tasks = [task for module in ORDER for task in examples(module)]
    return full_lab.play(play_of(*tasks))


def test_every_module_has_examples(installed_artifact: pathlib.Path) -> None:
    modules = {path.stem for path in (installed_artifact / "plugins" / "modules").glob("*.py")}
    assert modules == set(ORDER)


def test_the_examples_run(first: Run) -> None:
    assert first.rc == 0, first.stdout


def test_no_example_was_left_out(first: Run) -> None:
    done = Counter(event["event_data"]["task"] for event in first.events if event["event"] == "runner_on_ok")
    assert not Counter(task["name"] for module in ORDER for task in examples(module)) - done
