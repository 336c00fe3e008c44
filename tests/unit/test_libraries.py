# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports are late and fast, and say what is missing."""

from __future__ import annotations

import gc
import importlib
import pathlib
import sys
import threading

import pytest

from ansible_collections.multinet.gke.plugins.module_utils import libraries
from ansible_collections.multinet.gke.plugins.module_utils.errors import MissingLibrary

RARE = "this"  # a module of the standard library that nobody has imported


def test_the_collector_is_told_to_leave_a_library_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    assert libraries.library(RARE, RARE) is sys.modules[RARE]
    assert frozen == [True]
    assert gc.isenabled()
    libraries.library(RARE, RARE)
    assert frozen == [True]


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


@pytest.mark.parametrize("kubeconfig", ["", "~/.kube/config"])
def test_what_reads_kubeconfigs_is_imported_ahead_for_those_who_name_one(
    monkeypatch: pytest.MonkeyPatch, kubeconfig: str
) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", kubeconfig)
    try:
        importlib.reload(libraries)
        assert ("kubernetes.config.kube_config" in libraries.KUBERNETES_EXEC) == bool(kubeconfig)
        assert "kubernetes.client.rest" in libraries.KUBERNETES_EXEC
    finally:
        monkeypatch.undo()
        importlib.reload(libraries)


def test_a_library_that_another_thread_is_importing_is_waited_for(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_library.py").write_text("import time\ntime.sleep(0.3)\nready = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    other = threading.Thread(target=libraries.library, args=("slow_library", "slow"))
    other.start()
    while "slow_library" not in sys.modules:
        assert other.is_alive()
    assert libraries.library("slow_library", "slow").ready
    other.join()
    monkeypatch.delitem(sys.modules, "slow_library")
