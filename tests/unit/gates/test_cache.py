# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everybody looks for what is kept in the same folder, and two gates do not write the same file of it at once."""

from __future__ import annotations

import pathlib

import pytest

import prepare
from gates import cores
from gates.running import Tree
from gkelab.supplies.store import cache_folder
from release.rehearsal import Room

PLACES = {
    "a folder of its own": ({"GKELAB_CACHE": "/own", "XDG_CACHE_HOME": "/xdg"}, "/own"),
    "a relative one": ({"GKELAB_CACHE": "own"}, "HERE/own"),
    "the user's for caches": ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/gkelab"),
    "home": ({}, "HERE/.cache/gkelab"),
}


@pytest.mark.parametrize(("environment", "expected"), PLACES.values(), ids=PLACES)
def test_the_cache_is_the_labs(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    for name in ("GKELAB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    place = expected.replace("HERE", str(tmp_path))
    assert str(prepare.cache()) == str(cache_folder()) == place
    assert Room(tmp_path / "room").do('echo "$GKELAB_CACHE"', tmp_path).strip() == place


def test_what_ansible_test_keeps_is_written_by_who_has_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    home = tmp_path / "gkelab" / "ansible-test"
    installer = home / ".ansible" / "test" / "cache" / "get_pip_1_2.py"
    waited, homes = [], []

    def run(cwd: pathlib.Path, *command: object, **environment: str) -> str:
        if "ansible-test" in command:
            assert installer.read_text() == cores.GET_PIP
            homes.append(environment["HOME"])
        return 'Running sanity test "validate-modules"'

    monkeypatch.delenv("GKELAB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cores.fcntl, "flock", lambda *_lock: waited.append(not installer.exists()))
    monkeypatch.setattr(cores, "run", run)
    cores.Core("1.2", pip="1_2").sanity(Tree(tmp_path, tmp_path))
    assert (waited, homes) == ([True], [str(home)])
