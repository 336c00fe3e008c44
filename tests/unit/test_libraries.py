# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports leave the process as it was, unless it is ours alone."""

from __future__ import annotations

import atexit
import gc
import sys

import pytest

from ansible_collections.multinet.gke.plugins.module_utils import libraries, module
from ansible_collections.multinet.gke.plugins.module_utils.errors import MissingLibrary

RARE = "this"  # a module of the standard library that nobody has imported


@pytest.mark.parametrize("ours", [False, True])
def test_the_collector_is_told_to_leave_libraries_alone_only_in_a_process_of_ours(
    ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[bool] = []
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(libraries, "process_is_ours", ours)
    assert libraries.library(RARE, RARE) is sys.modules[RARE]
    assert frozen == [True] * ours
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    gc.disable()
    try:
        libraries.library(RARE, RARE)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingLibrary, match="-m pip install no-such-package"):
        libraries.library("no_such_module", "no-such-package")


def test_what_is_imported_ahead_is_there_afterwards_or_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    assert libraries.preloaded({RARE: "python"}) == ""
    assert RARE in sys.modules
    assert libraries.preloaded({RARE: "python", "no_such_module": "no-such-package"}) == "no-such-package"


def test_only_the_end_of_a_process_that_others_live_in_too_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(atexit, "register", lambda function: done.append("register"))
    monkeypatch.setattr(atexit, "unregister", lambda function: done.append("unregister"))
    libraries.preloaded({"json": "python"})
    assert (done, frozen) == (["unregister", "register"], [])


def test_an_ordinary_module_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Exception):
        pass

    def started(**spec: object) -> None:
        raise Stop

    monkeypatch.setattr(libraries, "process_is_ours", False)
    monkeypatch.setattr(module, "AnsibleModule", started)
    with pytest.raises(Stop):
        module.main({"argument_spec": {}}, lambda params, context: {})
    assert libraries.process_is_ours
