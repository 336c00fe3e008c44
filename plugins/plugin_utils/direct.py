# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Direct execution: a module's ``run`` in Ansible's own worker, where that gives what the ordinary module would give.

An ordinary module costs a new Python process and its imports for each task (0.2 to 1 s of CPU). Here the libraries are
imported once: Ansible loads the class of an action in its main process, and its workers are forks of that. Everything
that needs more than this worker is (another machine, user, environment or Python) is handed to the ordinary module.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from multiprocessing.util import Finalize
from types import ModuleType
from typing import Any, ClassVar

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as OrdinaryAction
from ansible.utils.vars import load_extra_vars

from ..module_utils.libraries import preloaded
from ..module_utils.module import failure
from ..module_utils.secrecy import forms
from ..module_utils.waiting import Progress
from . import bytecode
from .arguments import Arguments
from .screen import TERMINAL_WIDTH, InPlace, Lines, Nowhere, Screen

Variables = Mapping[str, Any]

SETTINGS: dict[str, Any] = vars(constants)  # they are made at run time, so type checkers do not know them
FOR_PEOPLE = ("default", "awx_display")  # stdout callbacks whose output nobody parses


@dataclass
class DirectContext:
    """The context of a module in the worker."""

    check_mode: bool
    diff: bool
    tmpdir: str
    show: Callable[[Progress], None]
    secrets: set[str]
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Show a warning with the result."""
        self.warnings.append(text)

    def progress(self, now: Progress) -> None:
        """Show what is going on."""
        self.show(now)

    def hide(self, *secrets: object) -> None:
        """Let them be treated as options that are not logged."""
        self.secrets.update(forms(secrets))


class DirectAction(OrdinaryAction):
    """Runs a module in this process, or as Ansible does it with all modules."""

    MODULE: ClassVar[str]  # its name
    LIBRARIES: ClassVar[Mapping[str, str]]  # that the module may use, and the packages that they are in
    _module: ClassVar[ModuleType]  # with SPEC and run
    _missing: ClassVar[str]  # the package of a library that is not there

    def __init_subclass__(cls) -> None:
        """Import all of it now, in the process that all workers are forks of, unless no task will be run there."""
        if not _is_switched_off():
            with bytecode.kept():
                cls._module = import_module(f"{bytecode.OURS}modules.{cls.MODULE}")
            cls._missing = preloaded(cls.LIBRARIES)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module for one host (one item of a loop); return its result."""
        variables = task_vars or {}
        obstacle = next(self._obstacles(variables), "")
        way = f"as an ordinary module: {obstacle}" if obstacle else "in this process"
        self._display.vvv(f"{self._task.action} runs {way}", host=variables.get("inventory_hostname"))
        if obstacle:
            result: dict[str, Any] = OrdinaryAction.run(self, tmp, task_vars)
            return result
        arguments = Arguments.of(self._task.action, self._module.SPEC, self._task.args)
        finished = partial(arguments.finished, invocation=_names_arguments(variables))
        if arguments.errors:
            return finished({"failed": True, "msg": "\n".join(arguments.errors)}, [])
        screen = self._screen(variables)
        context = DirectContext(
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            tmpdir=_folder_of(os.getpid()),
            show=lambda now: screen.show(now, arguments.masked),
            secrets=arguments.secrets,
        )
        try:
            with _surroundings(context.tmpdir, self._loader.get_basedir()):
                found = self._module.run(arguments.params, context)
        except Exception as error:  # of ours, or a fault of ours; Ansible itself would show it with secrets
            found = {"failed": True, **failure(error)}
        finally:
            screen.clear()
        return finished(found, context.warnings)

    def _obstacles(self, variables: Variables) -> Iterator[str]:
        """Yield why this task is not for this process."""
        if not self._is_on("multinet_direct", variables):
            yield "multinet_direct is false"
        if self._connection.transport != "local":
            yield f"the connection is {self._connection.transport}"
        if self._connection.become:
            yield "become is set"
        if self._task.async_val:
            yield "async is set"
        if any(self._task.environment or ()):
            yield "environment is set"
        if self._missing:
            yield f"the Python package {self._missing} is missing for {sys.executable}"
        # Links are not resolved: that of a virtual environment leads to a Python without its packages.
        if (python := self._interpreter(variables)) != sys.executable:
            yield f"the interpreter is {python}"

    def _is_on(self, switch: str, variables: Variables) -> bool:
        try:
            return bool(boolean(self._templar.template(variables.get(switch, True))))
        except TypeError as error:
            raise AnsibleActionFail(f"{switch}: {error}") from error

    def _interpreter(self, variables: Variables) -> str:
        """Return the Python that the ordinary module would have; this one if Ansible may choose."""
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        told = self._templar.template(constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables))
        return sys.executable if not told or told.startswith("auto") else str(told)

    def _screen(self, variables: Variables) -> Screen:
        """Return where progress is shown."""
        callback = SETTINGS["DEFAULT_STDOUT_CALLBACK"].rpartition(".")[2]
        silent = self._task.check_mode or self._task.no_log or callback not in FOR_PEOPLE
        if silent or not self._is_on("multinet_progress", variables):
            return Nowhere()
        host = str(variables.get("inventory_hostname"))
        is_alone = len(variables.get("ansible_play_batch", ())) == 1
        if TERMINAL_WIDTH and is_alone and callback == "default":  # AWX has a terminal, too, but keeps what it shows
            return InPlace(self._display, host, TERMINAL_WIDTH)
        return Lines(self._display, host)


def _is_switched_off() -> bool:
    """Tell whether the command line says that no task is run directly; nothing has precedence over that."""
    try:
        return not boolean(load_extra_vars(DataLoader()).get("multinet_direct", True))
    except TypeError:  # a template, which only a task can read
        return False


def _names_arguments(variables: Variables) -> bool:
    """Tell whether results name the arguments: always, and since ansible-core 2.21 if that is asked for."""
    setting = "INJECT_INVOCATION"
    return setting not in SETTINGS or bool(constants.config.get_config_value(setting, variables=variables))


@contextlib.contextmanager
def _surroundings(folder: str, directory: str) -> Iterator[None]:
    """Be where an ordinary module is, in the playbook's directory; leave no file elsewhere, and print nothing.

    Libraries print warnings. Those of an ordinary module go nowhere; Ansible would show a worker's as an error of ours.
    """
    nowhere = io.StringIO()
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        with (
            contextlib.chdir(directory),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            yield
    finally:
        tempfile.tempdir = before


@cache
def _folder_of(worker: int) -> str:
    """Return a worker's own folder (0700), which is removed when the worker ends.

    The kubernetes library keeps the names of files that it has written for as long as the process lives, so the items
    of a loop share it. A worker does not run what is registered with atexit, but multiprocessing's finalizers. If it is
    killed, Ansible's main process removes the folder with its own, in which it is.

    :param worker: the id of this process.
    """
    folder = tempfile.mkdtemp(prefix="multinet-", dir=SETTINGS["DEFAULT_LOCAL_TMP"])
    Finalize(None, shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=0)
    return folder
