# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apply.yml brings the objects into a controller with awx.awx, and finds nothing to do when it comes again."""

from __future__ import annotations

import ast
import json
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import ansible_runner
import pytest
import yaml

from controller import ENCRYPTED, TOKEN, Controller, serving
from galaxy import COLLECTIONS, collections
from harness import INSTALLED, Run
from jobs import EXTENSION, SETTINGS

pytestmark = [pytest.mark.slow, pytest.mark.sample(2, "stories of fleets", by_file=True)]

KEY = {"client_email": "fleet@my-project.iam.gserviceaccount.com", "project_id": "my-project", "private_key": "a-key"}
ROTATED = {**KEY, "private_key": "another-key"}
KUBERNETES = {"host": "https://203.0.113.9", "bearer_token": "a-token", "ssl_ca_cert": "an-authority"}
SECRETS = ("a-key", "a-token", "an-authority")
PLAYBOOKS = frozenset(f"playbooks/{name}.yml" for name in ("plan", "site", "verify", "pools", "report", "teardown"))
# Which module takes the objects of a list; nodes are in workflows.
MODULES = {
    "execution_environments": "execution_environment",
    "instance_groups": "instance_group",
    "projects": "project",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "templates": "job_template",
    "workflows": "workflow_job_template",
    "schedules": "schedule",
}


def apply(controller: Controller, *arguments: str, extension: pathlib.Path = EXTENSION, **settings: Any) -> Run:
    """Run apply.yml on a controller."""
    with tempfile.TemporaryDirectory() as folder:
        result = ansible_runner.run(
            private_data_dir=folder,
            playbook=str(extension / "apply.yml"),
            extravars={**SETTINGS, "multinet_awx_google_key": KEY, "multinet_awx_kubernetes": KUBERNETES, **settings},
            cmdline=" ".join(arguments) or None,
            envvars={
                "ANSIBLE_COLLECTIONS_PATH": f"{collections()}:{INSTALLED.parents[2]}",
                "ANSIBLE_PIPELINING": "True",
                "CONTROLLER_HOST": controller.url,
                "CONTROLLER_OAUTH_TOKEN": TOKEN,
            },
            quiet=True,
        )
        return Run(result.rc, result.stats or {}, list(result.events), result.stdout.read())


def changed(run: Run) -> list[str]:
    """Return the names of the objects that were changed."""
    return [
        str(event["event_data"]["res"].get("_ansible_item_label"))
        for event in run.events
        if event["event"] == "runner_item_on_ok" and event["event_data"]["res"].get("changed")
    ]


@pytest.fixture(scope="module")
def controller(installed_artifact: pathlib.Path) -> Iterator[Controller]:
    with serving(Controller(PLAYBOOKS)) as found:
        yield found


@pytest.fixture(scope="module")
def applied(controller: Controller) -> Run:
    run = apply(controller, "-vvv")
    assert run.rc == 0, run.stdout
    return run


def test_no_secret_is_shown(applied: Run) -> None:
    said = applied.stdout + json.dumps(applied.events)
    assert "multinet rollout" in said
    assert not [secret for secret in SECRETS if secret in said]


def test_secrets_are_in_the_credentials_and_nowhere_else(applied: Run, controller: Controller) -> None:
    assert sorted(value for kept in controller.secrets.values() for value in kept.values()) == sorted(SECRETS)
    assert not [secret for secret in SECRETS if secret in json.dumps(controller.tables)]
    google = controller.named("credentials", "multinet Google")
    assert google["inputs"] == {
        "username": KEY["client_email"],
        "project": KEY["project_id"],
        "ssh_key_data": ENCRYPTED,
    }


def test_the_second_time_nothing_changes(applied: Run, controller: Controller) -> None:
    """Not even a secret is sent again: the controller does not tell whether it is another one."""
    controller.writes.clear()
    run = apply(controller, multinet_awx_google_key=ROTATED)
    assert (run.rc, run.changed, changed(run)) == (0, 0, []), run.stdout
    assert controller.writes == []


def test_a_changed_survey_is_exactly_one_change(applied: Run, controller: Controller, tmp_path: pathlib.Path) -> None:
    extension = shutil.copytree(EXTENSION, tmp_path / "awx")
    file = extension / "objects" / "job_templates.yml"
    before = file.read_text()
    file.write_text(before.replace("Otherwise they are only shown", "Otherwise they stay"))
    controller.writes.clear()
    run = apply(controller, "--tags", "job_templates", extension=extension)
    assert (run.rc, changed(run)) == (0, ["multinet pools"]), run.stdout
    pools = controller.named("job_templates", "multinet pools")
    assert controller.writes == [f"POST job_templates/{pools['id']}/survey_spec/"]
    (_, question) = controller.surveys[pools["id"]]["spec"]
    assert question["question_description"] == "Otherwise they stay"


def test_a_new_key_is_sent_if_that_is_asked_for(applied: Run, controller: Controller) -> None:
    run = apply(controller, "--tags", "credentials", multinet_awx_google_key=ROTATED, multinet_awx_update_secrets=True)
    assert run.rc == 0, run.stdout
    google = controller.named("credentials", "multinet Google")
    assert controller.secrets[google["id"]]["ssh_key_data"] == ROTATED["private_key"]


def test_job_templates_are_what_the_data_says(applied: Run, controller: Controller, objects: dict[str, Any]) -> None:
    for template in objects["templates"]:
        row = controller.named("job_templates", template["name"])
        plain = ("description", "playbook", "job_type", *(key for key in template if key.startswith("ask_")))
        assert {key: row[key] for key in plain} == {key: template[key] for key in plain}
        assert json.loads(row["extra_vars"] or "{}") == template.get("extra_vars", {})
        names = [controller.tables["credentials"][each]["name"] for each in _associated(controller, row, "credentials")]
        assert names == template["credentials"]


def test_the_nodes_of_workflows_are_linked(applied: Run, controller: Controller, objects: dict[str, Any]) -> None:
    nodes = controller.tables["workflow_job_template_nodes"]
    for workflow in objects["workflows"]:
        made = controller.named("workflow_job_templates", workflow["name"])["id"]
        links = {
            node["identifier"]: [nodes[each]["identifier"] for each in _associated(controller, node, "success_nodes")]
            for node in nodes.values()
            if node["workflow_job_template"] == made
        }
        assert links == {
            node["identifier"]: node.get("success_nodes", []) for node in workflow["simplified_workflow_nodes"]
        }
    (approval,) = controller.tables["workflow_approval_templates"].values()
    assert approval["name"] == "Remove these clusters?"


def test_without_what_must_be_given_nothing_is_asked(controller: Controller) -> None:
    controller.writes.clear()
    with tempfile.TemporaryDirectory() as folder:
        result = ansible_runner.run(private_data_dir=folder, playbook=str(EXTENSION / "apply.yml"), quiet=True,
                                    envvars={"ANSIBLE_COLLECTIONS_PATH": str(collections()),
                                             "CONTROLLER_HOST": controller.url})  # fmt: skip
        said = result.stdout.read()
    assert result.rc != 0
    assert "multinet_awx_scm_url and multinet_awx_image must both be given" in said


def test_every_key_is_an_option_of_its_module(objects: dict[str, Any]) -> None:
    for kind, module in MODULES.items():
        options = _options(module)
        for each in objects[kind]:
            unknown = set(each) - options - ({"simplified_workflow_nodes"} if kind == "workflows" else set())
            assert not unknown, f"{each['name']}: {module} has no {unknown}"
    options = _options("workflow_job_template_node")
    for workflow in objects["workflows"]:
        for node in workflow["simplified_workflow_nodes"]:
            assert set(node) <= options, node


def test_the_versions_are_those_that_are_required() -> None:
    (required,) = yaml.safe_load((EXTENSION / "requirements.yml").read_text())["collections"]
    assert COLLECTIONS[required["name"]] == required["version"]
    manifest = json.loads((collections() / "ansible_collections" / "awx" / "awx" / "MANIFEST.json").read_text())
    assert manifest["collection_info"]["version"] == required["version"]


def _associated(controller: Controller, row: dict[str, Any], part: str) -> list[int]:
    return controller.associated.get((row["id"], part), [])


def _options(module: str) -> set[str]:
    """Return the options that a module of awx.awx documents."""
    source = collections() / "ansible_collections" / "awx" / "awx" / "plugins" / "modules" / f"{module}.py"
    (text,) = [
        node.value.value
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "DOCUMENTATION"
        and isinstance(node.value, ast.Constant)
    ]
    return set(yaml.safe_load(str(text))["options"])
