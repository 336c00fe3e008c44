# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs installed modules as Ansible does, one process each, but what they import is imported only once.

Started as ``python forked.py COLLECTIONS``. Each line of its input is ``{"way", "module", "args", "check", "tmp",
"environment"}`` in JSON, each line of its output the result. The way is "module", which is the module's main() with the
arguments that Ansible gives it, or "direct", which is its action plugin with a task on a local connection. Imports are
what a module spends its time on, those of Google's libraries above all: a fork of a process that has them takes a tenth
of a second where a new one takes a second or two.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pathlib
import sys
import traceback
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader, init_plugin_loader
from ansible.template import Templar
from ansible.utils.multiprocessing import context as processes

from module_arguments import patch_module_args

NAMESPACE = "multinet.gke"
MODULES = f"ansible_collections.{NAMESPACE}.plugins.modules"
IMPORTED_ANEW = ("kubernetes.config.kube_config",)  # it reads KUBECONFIG only then
PRELOADED = (
    "google.cloud.compute_v1",
    "google.cloud.container_v1",
    "google.auth.transport.requests",
    "netaddr",
    *IMPORTED_ANEW,
)

Request = dict[str, Any]


def _as_module(request: Request) -> None:
    """Run a module's main(), which prints the result and ends; it is to give its warnings away, not to show them."""
    module = importlib.import_module(f"{MODULES}.{request['module']}")
    internal = {
        "_ansible_module_name": f"{NAMESPACE}.{request['module']}",
        "_ansible_check_mode": request["check"],
        "_ansible_diff": True,
        "_ansible_remote_tmp": request["tmp"],
    }
    if core := sys.modules.get("ansible.module_utils._internal"):  # since 2.19: this process is a controller, too,
        core.is_controller = False  # where a module's warnings would be shown, and not returned
    with patch_module_args({**request["args"], **internal}):
        module.main()


def _directly(request: Request) -> None:
    """Run a module's action plugin and print the result."""
    name, loader, play = f"{NAMESPACE}.{request['module']}", DataLoader(), PlayContext()
    task = Task.load({"name": name, name: request["args"]}, loader=loader)
    task.check_mode, task.diff = request["check"], True
    action = action_loader.get(
        name,
        task=task,
        connection=connection_loader.get("local", play, os.devnull),
        play_context=play,
        loader=loader,
        templar=Templar(loader),
        shared_loader_obj=None,
    )
    result = action.run(task_vars={"multinet_progress": False})  # it would be shown between the results
    sys.stdout.write(json.dumps(result))


def _worker(request: Request, output: int) -> None:
    """Run a module in this process, which is made for it as Ansible makes its workers."""
    os.dup2(output, 1)
    os.environ.update(request["environment"])
    for name in IMPORTED_ANEW:
        importlib.reload(sys.modules[name])
    try:
        {"module": _as_module, "direct": _directly}[request["way"]](request)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()


def _run(request: Request) -> str:
    """Return what a module printed."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    worker = processes.Process(target=_worker, args=(request, writing))
    worker.start()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    worker.join()
    return text


def _preload(modules: list[str]) -> None:
    """Have in this process what each module needs, for all that are forked from it.

    A task makes Ansible read what its own collection has ever renamed, 10,000 lines of YAML.
    """
    for name in (*PRELOADED, *(f"{MODULES}.{module}" for module in modules)):
        importlib.import_module(name)
    for module in modules:
        action_loader.get(f"{NAMESPACE}.{module}", class_only=True)
    connection_loader.get("local", class_only=True)
    name = f"{NAMESPACE}.{modules[0]}"
    Task.load({"name": name, name: {}}, loader=DataLoader())
    gc.freeze()  # a collection in a fork would write to every page that it shares


def main() -> None:
    """Answer until the input ends."""
    init_plugin_loader([sys.argv[1]])
    _preload([path.stem for path in pathlib.Path(sys.argv[1], *MODULES.split(".")).glob("*.py")])
    for line in sys.stdin:
        answer = json.dumps(_run(json.loads(line)))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
