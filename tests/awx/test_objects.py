# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's objects as they are written down: what they name is there, and means what they take it for."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from controller import Refused, check_survey
from harness import INSTALLED, ROOT
from jobs import EXTENSION, PROJECT

pytestmark = pytest.mark.slow

LISTED = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)  # what AWX lists
NAMES = ("plan", "site", "verify", "pools", "report", "teardown")


def test_there_is_a_template_for_each_playbook(objects: dict[str, Any]) -> None:
    playbooks = {path.stem for path in (INSTALLED / "playbooks").glob("*.yml")}
    assert {each["name"] for each in objects["templates"]} == {f"multinet {name}" for name in playbooks}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_path_is_a_playbook_in_both_kinds_of_project(objects: dict[str, Any], name: str) -> None:
    """A repository of one's own imports the installed playbook; a checkout of the collection has it there itself."""
    path = _template(objects, name)["playbook"]
    (imported,) = yaml.safe_load((PROJECT / path).read_text())
    assert imported["ansible.builtin.import_playbook"] == f"multinet.gke.{name}"
    assert (INSTALLED / "playbooks" / f"{name}.yml").is_file()
    assert (ROOT / path).is_file()
    for project in (PROJECT, ROOT):
        assert LISTED.search((project / path).read_text()), "AWX does not list it as a playbook"


@pytest.mark.parametrize("name", NAMES)
def test_surveys_ask_for_what_the_playbook_reads(objects: dict[str, Any], name: str) -> None:
    template = _template(objects, name)
    read = _everything_read(f"playbooks/{name}.yml")
    asked = {question["variable"] for question in template["survey_spec"]["spec"]}
    assert "multinet_hosts" in asked
    for variable in asked | set(template.get("extra_vars", {})):
        assert re.search(rf"\b{variable}\b", read), f"nothing reads {variable}"


def test_surveys_are_such_as_the_controller_takes(objects: dict[str, Any]) -> None:
    for template in [*objects["templates"], *(each for each in objects["workflows"] if "survey_spec" in each)]:
        check_survey(template["survey_spec"])


@pytest.mark.parametrize(
    "broken", [{"default": "maybe"}, {"default": True}, {"required": "yes"}], ids=["no choice", "no text", "no truth"]
)
def test_the_controller_refuses_broken_surveys(objects: dict[str, Any], broken: dict[str, Any]) -> None:
    (_, question) = _template(objects, "pools")["survey_spec"]["spec"]
    with pytest.raises(Refused):
        check_survey({"name": "", "description": "", "spec": [{**question, **broken}]})


def test_no_answer_of_several_choices_has_a_default(objects: dict[str, Any]) -> None:
    """AWX leaves such a default out of jobs that a schedule or a workflow launches."""
    for template in objects["templates"]:
        assert not [each for each in template["survey_spec"]["spec"] if each["type"] == "multiselect"]


def test_nothing_handles_a_failure_in_a_workflow(objects: dict[str, Any]) -> None:
    """AWX calls a workflow successful if its failures are handled."""
    for workflow in objects["workflows"]:
        for node in workflow["simplified_workflow_nodes"]:
            assert not {"failure_nodes", "always_nodes"} & set(node), node


@pytest.mark.parametrize(
    ("workflow", "order"),
    [
        ("multinet rollout", ["project", "inventory", "plan", "site", "report", "verify"]),
        ("multinet teardown approved", ["project", "inventory", "dry run", "approval", "teardown"]),
    ],
)
def test_workflows_run_in_one_order(objects: dict[str, Any], workflow: str, order: list[str]) -> None:
    (found,) = [each for each in objects["workflows"] if each["name"] == workflow]
    nodes = {node["identifier"]: node.get("success_nodes", []) for node in found["simplified_workflow_nodes"]}
    reached = [order[0]]
    while nodes[reached[-1]]:
        (following,) = nodes[reached[-1]]
        reached.append(following)
    assert reached == order
    assert set(nodes) == set(order)


def test_a_removal_is_announced_and_approved_before(objects: dict[str, Any]) -> None:
    (found,) = [each for each in objects["workflows"] if each["name"] == "multinet teardown approved"]
    nodes = {node["identifier"]: node for node in found["simplified_workflow_nodes"]}
    assert nodes["dry run"]["job_type"] == "check"
    assert "approval_node" in nodes["approval"]
    assert [name for name, node in nodes.items() if "teardown" in node.get("success_nodes", [])] == ["approval"]


def test_sources_are_in_the_project(objects: dict[str, Any]) -> None:
    for source in objects["inventory_sources"]:
        assert (PROJECT / source["source_path"]).exists(), source
    found = yaml.safe_load((PROJECT / "found" / "fleet.gke_clusters.yml").read_text())
    assert (INSTALLED / "plugins" / "inventory" / f"{found['plugin'].removeprefix('multinet.gke.')}.py").is_file()


def test_no_file_holds_a_secret() -> None:
    """Every value of a credential is a template."""
    said = yaml.safe_load((EXTENSION / "objects" / "credentials.yml").read_text())
    for name in ("multinet_awx_google_credential", "multinet_awx_kubernetes_credential"):
        texts = [value for value in said[name]["inputs"].values() if isinstance(value, str)]
        assert texts
        assert all(value.startswith("{{") for value in texts), texts


def _template(objects: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in objects["templates"] if each["name"] == f"multinet {name}"]
    return dict(found)


def _everything_read(playbook: str) -> str:
    """Return the text of a playbook, and of the files of tasks and the roles that it names, directly or not."""
    texts, left, seen = [], [INSTALLED / playbook], set()
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        texts.append(path.read_text())
        names = re.findall(r"[\w/]+\.yml", texts[-1])
        left += [
            each for name in names for each in [path.parent / name, INSTALLED / "playbooks" / name] if each.is_file()
        ]
        for role in re.findall(r"multinet\.gke\.(\w+)$", texts[-1], re.MULTILINE):
            left += (INSTALLED / "roles" / role).glob("tasks/*.yml")
            left += (INSTALLED / "roles" / role).glob("defaults/*.yml")
    return "\n".join(texts)
