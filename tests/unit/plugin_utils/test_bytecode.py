# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytecode of an installed collection is kept, and follows its source."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.plugin_utils import bytecode

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugins"
LOAD = """
import json, os, sys
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
action = action_loader.get("multinet.gke.multinet_plan", class_only=True)
prefix = "ansible_collections.multinet.gke.plugins."
ours = {name: module for name, module in sys.modules.items() if name.startswith(prefix)}
print(json.dumps({
    "module": ours[prefix + "modules.multinet_plan"].__doc__,
    "kept": [name for each in ours.values() if os.path.exists(name := getattr(each, "__cached__", None) or "")],
}))
"""


@pytest.fixture
def installed(tmp_path: pathlib.Path) -> pathlib.Path:
    """A collection that nobody has used yet."""
    plugins = tmp_path / "ansible_collections" / "multinet" / "gke" / "plugins"
    shutil.copytree(PLUGINS, plugins, ignore=shutil.ignore_patterns("__pycache__"))
    return plugins


def load(plugins: pathlib.Path, **environment: str) -> Any:
    """Return what a new process of Ansible has of us once it knows an action of ours."""
    variables = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(plugins.parents[3]), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], env=variables | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_bytecode_is_kept_and_follows_its_source(installed: pathlib.Path) -> None:
    source = installed / "modules" / "multinet_plan.py"
    found = {pathlib.Path(each) for each in load(installed)["kept"]}
    (kept,) = (each for each in found if each.parents[1] == source.parent)
    assert len(found) > 20
    assert {path.name.partition(".")[0] for path in (source.parent / "__pycache__").iterdir()} == {"multinet_plan"}
    assert kept.is_relative_to(installed)
    written = kept.stat().st_mtime_ns
    load(installed)
    assert kept.stat().st_mtime_ns == written
    source.write_text(f'"""Something else."""\n{source.read_text()}')
    assert load(installed)["module"] == "Something else."


def test_where_nothing_can_be_written_all_works_as_before(installed: pathlib.Path) -> None:
    assert load(installed, PYTHONDONTWRITEBYTECODE="1")["kept"] == []
    assert not list(installed.rglob("__pycache__"))


def test_others_import_as_before() -> None:
    before = list(sys.meta_path)
    with bytecode.kept():
        finder: Any = sys.meta_path[0]
        assert sys.meta_path[1:] == before
    assert sys.meta_path == before
    assert finder.find_spec("json.decoder", [str(PLUGINS)]) is None
    assert finder.find_spec(f"{bytecode.OURS}module_utils", [str(PLUGINS)]) is None
    assert finder.find_spec(f"{bytecode.OURS}no_such_thing", [str(PLUGINS)]) is None
    assert finder.find_spec(f"{bytecode.OURS}module_utils", None) is None
