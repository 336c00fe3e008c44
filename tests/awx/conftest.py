# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
import yaml

from jobs import EXTENSION, SETTINGS

KINDS = (
    "execution_environments",
    "instance_groups",
    "projects",
    "inventories",
    "inventory_sources",
    "templates",
    "workflows",
    "schedules",
)
GIVEN = {**SETTINGS, "multinet_awx_scm_credential": "github", "multinet_awx_kubernetes": {}}


@pytest.fixture(scope="session")
def objects(installed_artifact: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The controller's objects by kind, with their variables resolved."""
    folder = tmp_path_factory.mktemp("objects")
    wanted = "{{ {" + ", ".join(f"'{kind}': controller_{kind}" for kind in KINDS) + "} | to_json }}"
    play = {
        "name": "Objects",
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [
            str(EXTENSION / "settings.yml"),
            *(str(each) for each in sorted(EXTENSION.glob("objects/*.yml"))),
        ],
        "tasks": [
            {
                "name": "Write them",
                "ansible.builtin.copy": {"content": wanted, "dest": str(folder / "objects.json"), "mode": "0600"},
            }
        ],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    command = ["ansible-playbook", str(folder / "play.yml"), "-e", json.dumps(GIVEN)]
    result = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads((folder / "objects.json").read_text())
    return found
