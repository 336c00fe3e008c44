# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: what an image gets is what the installed collection asks for; and ansible-navigator."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
import yaml

from harness import INSTALLED, ROOT
from jobs import EXTENSION

pytestmark = pytest.mark.slow


def command(folder: pathlib.Path, *words: str) -> str:
    """Run a command in a folder that is its home, too; return what it printed."""
    environment = {**os.environ, "HOME": str(folder), "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2])}
    result = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(words)}: {result.stdout}{result.stderr}"
    return result.stdout


def test_the_builder_finds_what_the_collection_needs(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    needed = (ROOT / "requirements.txt").read_text().split()
    assert needed
    found = yaml.safe_load(command(tmp_path, "ansible-builder", "introspect", str(INSTALLED.parents[2])))
    said = [line.partition(";")[0].partition("  #")[0].strip() for line in found["python"]]
    assert sorted(said) == sorted(needed)
    assert not found["system"]


def test_the_builder_takes_the_definition(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    definition = EXTENSION / "execution-environment.yml"
    target = ("--context", str(tmp_path / "context"), "--output-filename", "Containerfile")
    command(tmp_path, "ansible-builder", "create", "-f", str(definition), *target)
    written = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())
    assert written == yaml.safe_load(definition.read_text())["dependencies"]["galaxy"]
    recipe = (tmp_path / "context" / "Containerfile").read_text()
    assert 0 < recipe.index("install -y git-core") < recipe.index("ansible-galaxy collection install")
    assert "introspect.py introspect" in recipe


def test_navigator_runs_a_plan_and_shows_it_again(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    artifact = tmp_path / "plan.json"
    stdout = ("--mode", "stdout", "--execution-environment", "false", "--log-file", str(tmp_path / "log"))
    inventory = ROOT / "lab" / "demo" / "inventory.yml"
    saved = ("-i", str(inventory), "--playbook-artifact-save-as", str(artifact))
    ran = command(tmp_path, "ansible-navigator", "run", "multinet.gke.plan", *saved, *stdout)
    assert "172.16.1.0/24" in ran
    kept = json.loads(artifact.read_text())
    assert kept["status"] == "successful"
    shown = command(tmp_path, "ansible-navigator", "replay", str(artifact), *stdout)
    assert "172.16.1.0/24" in shown
