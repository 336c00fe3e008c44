# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a module is run directly, and where its progress is shown."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as OrdinaryAction
from ansible.template import Templar

from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Progress
from ansible_collections.multinet.gke.plugins.plugin_utils import bytecode, direct
from ansible_collections.multinet.gke.plugins.plugin_utils.direct import DirectAction

OTHER_PYTHON = "/opt/python/bin/python3"
HERE = {"json": "python"}
NOT_HERE = {"json": "python", "no_such_library": "no-such-package"}


def thing(params: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do what a module may do, and what it must not leave behind."""
    context.warn("careful")
    for stream in (sys.stdout, sys.stderr):
        stream.write("from a library")
    context.progress(Progress(f"open with {params['token']}"))
    pathlib.Path(context.tmpdir, "key").write_text("sesame")
    with tempfile.NamedTemporaryFile(delete=False) as stray:
        pass
    if params["name"] == "boom":
        raise MultinetError(f"it broke with {params['token']}")
    if params["name"] == "bug":
        context.hide("made of sesame")
        raise KeyError(f"made of sesame and {params['token']}")
    return {"changed": True, "stray": stray.name, "folder": context.tmpdir, "directory": os.getcwd()}


MODULE: Any = sys.modules.setdefault(f"{bytecode.OURS}modules.thing", ModuleType("thing"))
MODULE.SPEC = {
    "argument_spec": {"name": {"type": "str"}, "token": {"type": "str", "no_log": True, "default": "sesame"}},
    "supports_check_mode": True,
}
MODULE.run = thing


class Action(DirectAction):
    MODULE = "thing"
    LIBRARIES = HERE


class Lacking(DirectAction):
    MODULE = "thing"
    LIBRARIES = NOT_HERE


class Display:
    """A display that remembers."""

    def __init__(self) -> None:
        self.verbose: list[str] = []
        self.shown: list[str] = []

    def vvv(self, msg: str, host: str | None = None) -> None:
        self.verbose.append(msg)

    def display(self, msg: str, *, newline: bool = True, screen_only: bool = False) -> None:
        self.shown.append(msg)


def action(
    kind: type[DirectAction] = Action,
    *,
    transport: str = "local",
    become: object = None,
    directory: pathlib.Path | None = None,
    **task: Any,
) -> Any:
    """Return an action for a task on a connection."""
    fields = {"async_val": 0, "environment": None, "delegate_to": None, "check_mode": False, "diff": False}
    loader = DataLoader()
    loader.set_basedir(str(directory or pathlib.Path.cwd()))
    made: Any = kind(
        SimpleNamespace(**{**fields, "no_log": False, "args": {}, "action": "multinet.gke.thing", **task}),
        SimpleNamespace(transport=transport, become=become),
        SimpleNamespace(),
        loader,
        Templar(loader),
        None,
    )
    made._display = Display()
    return made


@pytest.fixture(autouse=True)
def ordinary(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(OrdinaryAction, "run", lambda self, tmp, task_vars: {"ordinary": True})
    monkeypatch.setitem(direct.SETTINGS, "DEFAULT_LOCAL_TMP", str(tmp_path))
    direct._folder_of.cache_clear()


def delegated(python: str) -> dict[str, Any]:
    return {"ansible_delegated_vars": {"there": {"ansible_python_interpreter": python}}}


@pytest.mark.parametrize(
    ("made", "variables", "why"),
    [
        (action(), {"multinet_direct": False}, "multinet_direct is false"),
        (action(), {"multinet_direct": "no"}, "multinet_direct is false"),
        (action(transport="ssh"), {}, "the connection is ssh"),
        (action(become=object()), {}, "become is set"),
        (action(async_val=10), {}, "async is set"),
        (action(environment=[{"A": "b"}]), {}, "environment is set"),
        (action(environment=["{{ settings }}"]), {}, "environment is set"),
        (action(Lacking), {}, "the Python package no-such-package is missing"),
        (action(), {"ansible_python_interpreter": OTHER_PYTHON}, f"the interpreter is {OTHER_PYTHON}"),
        (action(delegate_to="there"), delegated(OTHER_PYTHON), f"the interpreter is {OTHER_PYTHON}"),
    ],
)
def test_what_this_process_cannot_do_is_done_by_the_ordinary_module(
    made: Any, variables: dict[str, Any], why: str
) -> None:
    assert made.run(task_vars=variables) == {"ordinary": True}
    (text,) = made._display.verbose
    assert f"runs as an ordinary module: {why}" in text


@pytest.mark.parametrize("asked", [True, False])
def test_a_result_names_the_arguments_where_ansible_wants_that(asked: bool) -> None:
    result = action(args={"name": "a"}).run(task_vars={"ansible_inject_invocation": asked})
    assert ("invocation" in result) is (asked or "INJECT_INVOCATION" not in direct.SETTINGS)


@pytest.mark.parametrize(
    ("said", "loaded"),
    [
        ({"multinet_direct": False}, False),
        ({"multinet_direct": "no"}, False),
        ({"multinet_direct": "{{ not testing }}"}, True),
        ({"multinet_direct": True}, True),
        ({}, True),
    ],
)
def test_nothing_is_loaded_ahead_if_the_command_line_has_switched_it_off(
    said: dict[str, Any], loaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(direct, "load_extra_vars", lambda loader: said)
    monkeypatch.setattr(direct, "preloaded", lambda names: asked.append(names) or "")

    class Later(DirectAction):
        MODULE = "thing"
        LIBRARIES = HERE

    assert asked == [HERE] * loaded
    assert hasattr(Later, "_module") is loaded


@pytest.mark.parametrize(
    ("made", "variables"),
    [
        (action(), {}),
        (action(environment=[None, {}]), {"multinet_direct": "yes"}),
        (action(), {"ansible_python_interpreter": sys.executable}),
        (action(), {"ansible_python_interpreter": "auto_silent"}),
        (action(), {"ansible_python_interpreter": ""}),
        (action(delegate_to="there"), {"ansible_python_interpreter": OTHER_PYTHON, **delegated(sys.executable)}),
    ],
)
def test_all_else_is_run_here(made: Any, variables: dict[str, Any]) -> None:
    assert made.run(task_vars=variables)["changed"]
    assert made._display.verbose == ["multinet.gke.thing runs in this process"]


def test_a_link_to_this_python_is_another_one(tmp_path: pathlib.Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert action().run(task_vars={"ansible_python_interpreter": str(link)}) == {"ordinary": True}


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match=r"multinet_direct: .*flase"):
        action().run(task_vars={"multinet_direct": "flase"})


def test_it_runs_where_an_ordinary_module_does_and_leaves_the_process_as_it_was(tmp_path: pathlib.Path) -> None:
    before = (os.getcwd(), tempfile.gettempdir())
    result = action(directory=tmp_path).run()
    assert pathlib.Path(result["directory"]).samefile(tmp_path)
    folder = pathlib.Path(result["folder"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert pathlib.Path(result["stray"]).parent == folder
    assert (os.getcwd(), tempfile.gettempdir()) == before


def test_what_libraries_print_is_not_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert action().run()["warnings"] == ["careful"]
    assert capsys.readouterr() == ("", "")


def test_a_failure_is_a_result_without_secrets_and_with_warnings() -> None:
    made = action(args={"name": "boom"})
    before = os.getcwd()
    result = made.run()
    assert (result["failed"], result["warnings"], os.getcwd()) == (True, ["careful"], before)
    assert "sesame" not in str(result) + str(made._display.shown)
    assert result["msg"].startswith("it broke with ")


def test_a_fault_of_ours_is_a_result_without_secrets_too() -> None:
    result = action(args={"name": "bug"}).run()
    assert result["failed"]
    assert "KeyError" in result["msg"]
    assert "in thing" in result["exception"]
    assert "sesame" not in str(result)


@pytest.mark.parametrize(
    ("made", "variables", "callback", "shown"),
    [
        (action(), {}, "default", True),
        (action(), {}, "ansible.builtin.default", True),
        (action(), {}, "awx_display", True),
        (action(), {}, "ansible.posix.json", False),
        (action(), {"multinet_progress": False}, "default", False),
        (action(check_mode=True), {}, "default", False),
        (action(no_log=True), {}, "default", False),
    ],
)
def test_progress_is_in_nobodys_way(
    made: Any, variables: dict[str, Any], callback: str, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(direct.SETTINGS, "DEFAULT_STDOUT_CALLBACK", callback)
    made.run(task_vars={"inventory_hostname": "edge", **variables})
    assert [text.startswith("edge | open with ") for text in made._display.shown] == [True] * shown


@pytest.mark.parametrize(
    ("width", "batch", "callback", "in_place"),
    [
        (80, ["edge"], "default", True),
        (80, ["edge", "shop"], "default", False),
        (80, ["edge"], "awx_display", False),
        (0, ["edge"], "default", False),
    ],
)
def test_in_place_only_where_nobody_else_writes(
    width: int, batch: list[str], callback: str, in_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(direct.SETTINGS, "DEFAULT_STDOUT_CALLBACK", callback)
    monkeypatch.setattr(direct, "TERMINAL_WIDTH", width)
    made = action()
    made.run(task_vars={"inventory_hostname": "edge", "ansible_play_batch": batch})
    assert made._display.shown[0].startswith("\r") == in_place
