# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ordinary way to run a module: a process of its own, started by Ansible.

A module is ``SPEC`` (what AnsibleModule is made of) and ``run(params, context) -> result``; another caller than this
one may use the same two.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .errors import MultinetError
from .reconcile import Context
from .secrecy import forms
from .waiting import Progress

Run = Callable[[dict[str, Any], Context], dict[str, Any]]


class ModuleContext:
    """The context of an ordinary module; it has no way to show progress while it runs."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be written."""
        return bool(self._module.check_mode)

    @property
    def diff(self) -> bool:
        """Tell whether the difference is wanted."""
        return bool(self._module._diff)

    @property
    def tmpdir(self) -> str:
        """Return Ansible's folder for this run (0700, removed by Ansible)."""
        return str(self._module.tmpdir)

    def warn(self, text: str) -> None:
        """Show a warning with the result."""
        self._module.warn(text)

    def progress(self, now: Progress) -> None:
        """Write it to the system's log if Ansible debugs (ANSIBLE_DEBUG)."""
        self._module.debug(str(now))

    def hide(self, *secrets: object) -> None:
        """Let Ansible treat them as options that are not logged."""
        self._module.no_log_values.update(forms(secrets))


def main(spec: dict[str, Any], run: Run) -> NoReturn:
    """Parse the arguments, run, and exit with the result or with the failure's text and fields."""
    module = AnsibleModule(**spec)
    try:
        result = run(module.params, ModuleContext(module))
    except Exception as error:  # of ours, or a fault of ours; Ansible itself would show it with secrets
        module.fail_json(**failure(error))
    module.exit_json(**result)


def failure(error: Exception) -> dict[str, Any]:
    """Return the result of a run that failed: text, fields, and what it has done or started beside what failed."""
    if not isinstance(error, MultinetError):
        text = f"this is a fault of multinet.gke, please report it: {type(error).__name__}: {error}"
        return {"msg": text, "exception": "".join(traceback.format_exception(error))}
    if not error.done:
        return {"msg": str(error), **error.details()}
    text = f"{error}\nThis run has also done or started: {'; '.join(error.done)}"
    return {"msg": text, "changed": True, "actions": list(error.done), **error.details()}
