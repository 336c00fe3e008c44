# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job of a controller, run as AWX runs it: ansible-runner on a folder that is laid out as AWX lays it out.

What is AWX's own way here: a survey's answers, and only they, are marked as unsafe text; the inventory is a script that
prints JSON, of a slice its own hosts; credentials become the environment variables and files of their types.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Any

import ansible_runner
import yaml

from harness import INSTALLED, Run, writing

EXTENSION = INSTALLED / "extensions" / "awx"
PROJECT = EXTENSION / "project"
SETTINGS = {"multinet_awx_scm_url": "https://git.example/fleet.git", "multinet_awx_image": "registry.example/ee:1"}
JOB = 42


@dataclass(frozen=True)
class Prompts:
    """What somebody answers who launches a job, or a node or a schedule for him."""

    extra_vars: dict[str, Any] = field(default_factory=dict)  # answers to the survey
    limit: str = ""
    job_tags: str = ""
    job_type: str = "run"
    diff_mode: bool = False
    part: tuple[int, int] = (1, 1)  # the number of the slice, and of how many


class Unsafe(yaml.SafeDumper):
    """Writes text as AWX writes what users have answered."""


Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


def google_credential(env: pathlib.Path, key: dict[str, str], project: str) -> dict[str, str]:
    """Return the environment of the type Google Compute Engine; its file is written into the job's folder ``env``."""
    file = env / "google"
    contents = {
        "type": "service_account",
        "private_key": key["private_key"],
        "client_email": key["client_email"],
        "project_id": project,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    file.write_text(json.dumps(contents))
    file.chmod(0o600)
    return {
        "GCE_EMAIL": key["client_email"],
        "GCE_PROJECT": project,
        "GCE_CREDENTIALS_FILE_PATH": str(file),
        "GCP_SERVICE_ACCOUNT_FILE": str(file),
        "GOOGLE_APPLICATION_CREDENTIALS": str(file),
        "GCP_AUTH_KIND": "serviceaccount",
        "GCP_PROJECT": project,
        "GCP_ENV_TYPE": "tower",
    }


def kubernetes_credential(env: pathlib.Path, host: str, token: str, authority: str | None) -> dict[str, str]:
    """Return the environment of the type OpenShift or Kubernetes API Bearer Token."""
    found = {"K8S_AUTH_HOST": host, "K8S_AUTH_API_KEY": token, "K8S_AUTH_VERIFY_SSL": "False"}
    if authority is not None:
        file = env / "authority"
        file.write_text(authority)
        file.chmod(0o600)
        found |= {"K8S_AUTH_VERIFY_SSL": "True", "K8S_AUTH_SSL_CA_CERT": str(file)}
    return found


def refused_answers(template: dict[str, Any], answers: dict[str, Any]) -> list[str]:
    """Return the variables that the template does not take, or of which AWX does not take the value."""
    questions = {question["variable"]: question for question in template["survey_spec"]["spec"]}
    return [
        variable
        for variable, value in answers.items()
        if variable not in questions
        or ("choices" in questions[variable] and value not in questions[variable]["choices"])
    ]


def refused_prompts(template: dict[str, Any], prompts: Prompts) -> list[str]:
    """Return the prompts that were answered although the template has none of them."""
    answered = {
        "ask_limit_on_launch": prompts.limit,
        "ask_tags_on_launch": prompts.job_tags,
        "ask_job_type_on_launch": prompts.job_type != template["job_type"],
        "ask_diff_mode_on_launch": prompts.diff_mode,
    }
    return [ask for ask, answer in answered.items() if answer and not template.get(ask)]


def variables(template: dict[str, Any], answers: dict[str, Any]) -> str:
    """Return the file of extra variables: the template's own, its survey's defaults, what was answered, AWX's own."""
    own = template.get("extra_vars", {})
    defaults = {
        question["variable"]: question["default"]
        for question in template["survey_spec"]["spec"]
        if "default" in question
    }
    meta = {
        f"{prefix}_{name}": value
        for prefix in ("awx", "tower")
        for name, value in {
            "job_id": JOB,
            "job_launch_type": "manual",
            "job_template_id": 7,
            "job_template_name": template["name"],
            "inventory_id": 1,
            "inventory_name": template["inventory"],
            "project_revision": "0" * 40,
            "project_scm_branch": "main",
            "user_id": 1,
            "user_name": "admin",
            "user_email": "",
        }.items()
    }
    given = {**own, **defaults, **answers, **meta}
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if own.get(name) == value else Unsafe)
        for name, value in given.items()
    )


def inventory(hosts: dict[str, dict[str, Any]], part: tuple[int, int]) -> str:
    """Return the script that prints the inventory of a job: of its slice, every nth host by name."""
    number, count = part
    names = sorted(hosts)[number - 1 :: count]
    known = {name: {"remote_tower_enabled": "true", "remote_tower_id": names.index(name) + 1} for name in names}
    data = {"all": {"hosts": names}, "_meta": {"hostvars": {name: {**hosts[name], **known[name]} for name in names}}}
    return f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(data)!r})\n"


def arguments(template: dict[str, Any], prompts: Prompts) -> str:
    """Return ansible-playbook's arguments."""
    given = ["--check"] if prompts.job_type == "check" else []
    given += ["-u", "root"]
    given += ["--diff"] if prompts.diff_mode else []
    given += [f"--forks={template['forks']}"]
    given += ["-l", prompts.limit] if prompts.limit else []
    given += ["-t", prompts.job_tags] if prompts.job_tags else []
    return ansible_runner.utils.args2cmdline(*given)


def run(
    folder: pathlib.Path,
    template: dict[str, Any],
    hosts: dict[str, dict[str, Any]],
    prompts: Prompts,
    environment: dict[str, str],
    *,
    project: pathlib.Path = PROJECT,
) -> Run:
    """Run a job; ``folder`` is its private data, and holds ``env`` with the files of its credentials."""
    assert not refused_answers(template, prompts.extra_vars) + refused_prompts(template, prompts), prompts
    shutil.copytree(project / "playbooks", folder / "project" / "playbooks")
    (folder / "env" / "extravars").write_text(variables(template, prompts.extra_vars))
    (folder / "env" / "cmdline").write_text(arguments(template, prompts))
    (folder / "inventory").mkdir()
    script = folder / "inventory" / "hosts"
    script.write_text(inventory(hosts, prompts.part))
    script.chmod(0o700)
    awx = {
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_COLLECTIONS_PATH": f"{folder}/requirements_collections:{INSTALLED.parents[2]}",
        "AWX_PRIVATE_DATA_DIR": str(folder),
        "JOB_ID": str(JOB),
        "INVENTORY_ID": "1",
        "MAX_EVENT_RES": "700000",
    }
    with writing(allowed=prompts.job_type != "check"):
        result = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=template["playbook"],
            ident=str(JOB),
            envvars={**awx, **environment},
            quiet=True,
        )
    return Run(result.rc, result.stats or {}, list(result.events), result.stdout.read())


def inventory_update(folder: pathlib.Path, source: str, environment: dict[str, str]) -> dict[str, Any]:
    """Return what an update of an inventory source reads from the project: hosts with their variables, by name."""
    path, output = PROJECT / source, folder / "output.json"
    beside = path if path.is_dir() else path.parent
    command = ["ansible-inventory", "--list", "--export", "-i", path, "--output", output, "--playbook-dir", beside]
    awx = {
        "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        "ANSIBLE_INVENTORY_EXPORT": "True",
        "ANSIBLE_VERBOSE_TO_STDERR": "True",
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "INVENTORY_SOURCE_ID": "1",
        "INVENTORY_UPDATE_ID": str(JOB),
    }
    result = subprocess.run(
        command, env={**os.environ, **awx, **environment}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads(output.read_text())["_meta"]["hostvars"]
    return found
