# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every filter are run by Ansible; they hold what they say as assertions."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml

from harness import INSTALLED, ROOT, Lab, play_of

pytestmark = pytest.mark.slow

FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py"))
OF_ITS_PLAYBOOK = {"descriptions"}  # what it does with hosts is shown where plans are made


def examples(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a filter's EXAMPLES."""
    source = (INSTALLED / "plugins" / "filter" / f"{name}.py").read_text()
    (text,) = re.findall(r'^EXAMPLES = r"""(.*?)"""', source, re.DOTALL | re.MULTILINE)
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks


def test_the_examples_run(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    tasks = [task for name in FILTERS if name not in OF_ITS_PLAYBOOK for task in examples(name)]
    run = Lab(tmp_path, "api", 0).play(play_of(*tasks))
    assert run.rc == 0, run.stdout
    assert sum(run.stats["ok"].values()) == len(tasks)
    assert '"k8s.v1.cni.cncf.io/networks": "[{' in run.stdout


def test_a_failure_is_one_of_the_filter(installed_artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    task = {"ansible.builtin.debug": {"msg": "{{ ['my_nad'] | multinet.gke.networks_annotation }}"}}
    run = Lab(tmp_path, "api", 0).play(play_of({"name": "Ask for what cannot be", **task}))
    assert run.rc != 0
    assert '"my_nad" is not a name for Multus' in run.failure()
