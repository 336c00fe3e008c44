# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs installed modules as Ansible does, one process each, but what they import is imported only once.

Started as ``python forked.py COLLECTIONS``. Each line of its input is ``{"module", "args", "environment"}`` in JSON,
each line of its output what the module printed. Imports are what a module spends its time on, those of Google's
libraries above all: a fork of a process that has them takes a tenth of a second where a new one takes a second or two.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import sys
import traceback
from typing import Any, NoReturn

from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.multinet.gke.plugins.modules"
PRELOADED = ("google.cloud.compute_v1", "google.cloud.container_v1", "google.auth.transport.requests", "netaddr")


def _become_module(request: dict[str, Any], output: int) -> NoReturn:
    """Run a module's main() in this process, which ends with it."""
    os.dup2(output, 1)
    os.environ.update(request["environment"])
    code = 1
    try:
        module = importlib.import_module(f"{MODULES}.{request['module']}")
        with patch_module_args(request["args"]):
            module.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def _run(request: dict[str, Any]) -> str:
    """Return what a module printed."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(reading)
        _become_module(request, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def main() -> None:
    """Answer until the input ends."""
    sys.path.insert(0, sys.argv[1])
    modules = pathlib.Path(sys.argv[1], *MODULES.split(".")).glob("*.py")
    for name in (*PRELOADED, *(f"{MODULES}.{path.stem}" for path in modules)):
        importlib.import_module(name)
    for line in sys.stdin:
        answer = json.dumps(_run(json.loads(line)))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
