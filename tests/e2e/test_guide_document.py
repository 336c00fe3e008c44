# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/guide.md is followed: first by hand, then with its tasks, then with its description, on one lab without kernels.

The three ways have to mean the same, so the second and the third find nothing to do but the ingress rule. Three steps
need nodes to end well; these tasks run in check mode. Then what docs/operating.md and the roles' READMEs have is tried
on what came to be, without writing.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from documents import blocks
from harness import ROOT, Lab, Run, play_of, shared

pytestmark = [pytest.mark.control_plane, pytest.mark.sample(2, "stories of fleets", by_file=True)]

OPERATING = (ROOT / "docs" / "operating.md").read_text()
GUIDE = (ROOT / "docs" / "guide.md").read_text()
MANIFEST = shared().parent / "reference" / "multus-manifest.yaml"
RULE = "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"


def tasks_of(text: str) -> list[dict[str, Any]]:
    """Return the tasks of a document, in order."""
    return [task for block in parsed(text) if isinstance(block, list) for task in block]


def descriptions_of(text: str) -> list[dict[str, Any]]:
    """Return the parts of descriptions of a document, in order."""
    return [block for block in parsed(text) if isinstance(block, dict)]


def parsed(text: str) -> list[Any]:
    """Return the blocks of YAML of a document."""
    return [yaml.safe_load(code) for code in blocks(text, "yaml")]


TASKS = tasks_of(GUIDE)
DESCRIPTION: dict[str, Any] = {key: value for part in descriptions_of(GUIDE) for key, value in part.items()}
NEED_NODES = ("multinet.gke.multus_install", "multinet.gke.multinet_pod", "multinet.gke.multinet_verify")


def module_of(task: dict[str, Any]) -> str:
    """Return the module that a task runs."""
    (name,) = (key for key in task if key.startswith("multinet.gke."))
    return name


@pytest.fixture(scope="module")
def by_hand(control_plane_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab on which the guide's commands were typed."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on PATH")
    if not MANIFEST.is_file():
        pytest.skip("the guide's manifest is not here (MULTINET_DATA)")
    folder: pathlib.Path = tmp_path_factory.mktemp("guide")
    shutil.copy(MANIFEST, folder)
    for command in blocks(GUIDE, "sh"):
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env={**os.environ, **control_plane_lab.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}{result.stdout}{result.stderr}"
    return control_plane_lab


@pytest.fixture(scope="module")
def by_task(by_hand: Lab) -> Run:
    """The tasks of the steps that need no nodes, after that."""
    return by_hand.play(play_of(*(task for task in TASKS if module_of(task) not in NEED_NODES)))


@pytest.fixture(scope="module")
def by_description(by_hand: Lab, by_task: Run) -> Run:
    """The site playbook with the description, after that; the guide's pod is gone."""
    by_hand.kubectl("delete", "pod", "samplepod", "--now")
    inventory = {"all": {"hosts": {"edge": DESCRIPTION}}}
    return by_hand.play("multinet.gke.site", inventory=inventory, arguments="--check --diff")


def test_there_is_a_task_for_each_step() -> None:
    assert [module_of(task).rpartition(".")[2] for task in TASKS] == [
        *("gke_multinet_vpc", "gke_multinet_cluster", "gke_multinet_nodepool"),
        *("multus_install", "nad", "multinet_pod", "multinet_verify"),
    ]


def test_the_tasks_add_the_ingress_rule_to_what_was_made_by_hand(by_task: Run) -> None:
    assert (by_task.rc, by_task.actions) == (0, [RULE]), by_task.stdout


def test_the_description_means_what_the_tasks_say(by_description: Run) -> None:
    (planned,) = by_description.results("multinet_plan")
    site = planned["sites"]["edge"]
    vpc, cluster, nodepool, multus, nad, _, verify = (task[module_of(task)] for task in TASKS)
    assert_said(vpc, *site["vpcs"])
    assert_said(cluster, site["cluster"])
    assert_said(nodepool, *site["nodepools"])
    assert_said(multus, {**site["multus"], "gke_cluster": site["gke_cluster"]})
    (attachment,) = site["attachments"]
    assert_said(nad, {**attachment, "gke_cluster": site["gke_cluster"]})
    assert_said(verify["attachments"], [attachment])


def assert_said(by_task: Any, by_plan: Any) -> None:
    """Assert that the plan says all that a task does; besides, it names what the module would take by default."""
    if isinstance(by_task, dict):
        assert set(by_task) <= set(by_plan)
        for option, value in by_task.items():
            assert_said(value, by_plan[option])
    elif isinstance(by_task, list):
        for one, other in zip(by_task, by_plan, strict=True):
            assert_said(one, other)
    else:
        assert by_task == by_plan


def test_the_description_leaves_nothing_to_do_but_the_pod(by_description: Run) -> None:
    assert by_description.rc == 0, by_description.stdout
    assert by_description.actions == ["create pod default/samplepod on default/my-nad"], by_description.stdout


def test_the_steps_that_need_nodes_adopt_what_is_there_and_say_what_is_missing(
    by_hand: Lab, by_description: Run
) -> None:
    tasks = [task for task in TASKS if module_of(task) in NEED_NODES]
    multus, pod, verify = by_hand.play(play_of(*tasks), arguments="--check").results()
    assert (multus["actions"], pod["actions"]) == ([], by_description.actions)
    missing = {(result["check"], result["subject"]) for result in verify["results"] if result["status"] == "fail"}
    assert {("daemonset_ready", "kube-system/gke-multinet"), ("pod", "default/samplepod")} <= missing


def test_the_changes_of_the_second_day_can_be_planned(by_hand: Lab) -> None:
    parts = descriptions_of(OPERATING)
    hosts = {
        f"c{number}": {**DESCRIPTION, **part, "multinet_project": f"p{number}"} for number, part in enumerate(parts)
    }
    planned = by_hand.play("multinet.gke.plan", inventory={"all": {"hosts": hosts}})
    assert planned.rc == 0, planned.stdout
    (result,) = planned.results("multinet_plan")
    assert set(result["sites"]) == set(hosts)


def test_the_tasks_of_the_second_day_say_what_they_would_do(by_hand: Lab, by_description: Run) -> None:
    tasks = [
        {**task, "ignore_errors": module_of(task) == "multinet.gke.multinet_verify"} for task in tasks_of(OPERATING)
    ]
    run = by_hand.play(play_of(*tasks), arguments="--check")
    assert run.rc == 0, run.stdout
    assert run.actions == ["delete node pool multinet", "restart DaemonSet kube-system/gke-multinet (asked for)"]
    (verified,) = run.results("multinet_verify")
    assert verified["results"]


def test_the_plays_of_the_roles_run(by_hand: Lab, by_description: Run) -> None:
    readmes = sorted((ROOT / "roles").glob("*/README.md"))
    plays = [play for readme in readmes for block in parsed(readme.read_text()) for play in block]
    run = by_hand.play(plays, inventory={"all": {"hosts": {"edge": DESCRIPTION}}}, arguments="--check")
    assert (run.rc, run.actions) == (0, by_description.actions), run.stdout
    assert len(plays) == len(readmes) == len(list((ROOT / "roles").iterdir()))
