# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of clusters has no secret in it, nor in its cache, nor in what is said of a project that fails."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from canaries import Secrets
from harness import INSTALLED, Lab
from hostile import Hostile, listening

PROGRAM = pathlib.Path(sys.executable).with_name("ansible-inventory")


def listed(given: Secrets, folder: pathlib.Path, environment: dict[str, str], **options: object) -> str:
    """Return what ansible-inventory prints; nothing that it leaves has a secret in it."""
    source, variables, cache = folder / "gke_clusters.yml", given.folder / "inventory.yml", folder / "cache"
    secret = {name: value for name, value in options.items() if isinstance(value, str)}
    templates = {name: f"{{{{ {name}_ }}}}" for name in secret}
    variables.write_text(yaml.safe_dump({f"{name}_": value for name, value in secret.items()}))
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(cache)}
    fixed = {"plugin": "multinet.gke.gke_clusters", "projects": ["test-project"], "on_failure": "fail"}
    source.write_text(yaml.safe_dump({**fixed, **cached, **options, **templates}))
    result = subprocess.run(
        [str(PROGRAM), "-i", str(source), "--list", "-vvvv", "-e", f"@{variables}"],
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_LOG_PATH": str(folder / "log"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    for path in folder.rglob("*"):
        assert not path.is_file() or not given.canaries.found(path.read_bytes()), path
    assert not given.canaries.found(result.stdout + result.stderr)
    return result.stdout + result.stderr


@pytest.mark.sample(2, "inventories with canaries")
@pytest.mark.parametrize("mood", ["400", "long", "403", "html"])
@pytest.mark.parametrize("kind", ["accesstoken", "serviceaccount"])
def test_what_is_said_of_a_failure_has_no_secret(
    installed_artifact: pathlib.Path, secrets_given: Secrets, tmp_path: pathlib.Path, mood: str, kind: str
) -> None:
    with listening(mood, secrets_given.minted) as hostile:
        options = {
            "accesstoken": {"access_token": secrets_given.token},
            "serviceaccount": {"service_account_contents": secrets_given.key(hostile)},
        }[kind]
        endpoint = {"MULTINET_CONTAINER_ENDPOINT": hostile.address, "GCP_AUTH_KIND": kind}
        said = listed(secrets_given, tmp_path, endpoint, **options)
        assert hostile.asked
    assert "clusters cannot be found" in said


@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "lines"])
def test_a_key_in_place_of_its_path_is_refused_and_not_shown(
    installed_artifact: pathlib.Path, given: Secrets, tmp_path: pathlib.Path, indent: int | None
) -> None:
    key = json.dumps(json.loads(given.key(Hostile("403", "", "http://127.0.0.1:1"))), indent=indent)
    for environment, options in (({"GCP_SERVICE_ACCOUNT_FILE": key}, {}), ({}, {"service_account_file": key})):
        said = listed(given, tmp_path, {"GCP_AUTH_KIND": "serviceaccount", **environment}, **options)
        assert "is a document" in said


def test_the_cache_has_no_secret(shared_lab: Lab, given: Secrets, tmp_path: pathlib.Path) -> None:
    token = given.canaries.add("the lab's token", shared_lab.environment["GKELAB_TOKEN"])
    said = listed(given, tmp_path, shared_lab.environment, access_token=token)
    assert list((tmp_path / "cache").iterdir()), said
