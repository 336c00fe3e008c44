# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with secrets are their owner's alone, and nobody else may write any file: even for users whose umask is 000."""

from __future__ import annotations

import os
import pathlib
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from canaries import Canaries, Secrets
from harness import INSTALLED, Lab, free_port, play_of
from hostile import listening

PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
OTHERS_READ, OTHERS_WRITE = stat.S_IRGRP | stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH


def open_to_others(folder: pathlib.Path, may: int) -> Iterator[pathlib.Path]:
    """Yield what others may read or write below a folder, itself included, as far as they may go into it."""
    mode = folder.lstat().st_mode
    if not stat.S_ISLNK(mode) and not stat.S_ISSOCK(mode) and mode & may:
        yield folder
    if stat.S_ISDIR(mode) and mode & (stat.S_IXGRP | stat.S_IXOTH):
        for path in folder.iterdir():
            yield from open_to_others(path, may)


def shown(folder: pathlib.Path, canaries: Canaries) -> list[pathlib.Path]:
    """Return the files with secrets that others may read."""
    files = (path for path in open_to_others(folder, OTHERS_READ) if path.is_file())
    return [path for path in files if canaries.found(path.read_bytes())]


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Let this process, and those that it starts, make files that all may write unless they say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("way", ["direct", "module"])
def test_the_key_of_a_kubeconfig_is_on_disk_for_its_owner_alone(
    installed_artifact: pathlib.Path, secrets_given: Secrets, tmp_path: pathlib.Path, no_umask: None, way: str
) -> None:
    folder = tmp_path / "site"
    for each in (folder, *(folder / name for name in ("local", "remote", "tmp"))):
        each.mkdir()
    with listening("403", folder=secrets_given.folder) as hostile:
        given = next(each for each in secrets_given.to_kubernetes(hostile) if each.name == "token")
        report = {"multinet.gke.multinet_report": {"path": str(folder / "report"), "clusters": []}}
        play = play_of(
            {"name": "Look", "multinet.gke.nad_info": given.options, "ignore_errors": True},
            {"name": "Write", **report, "ignore_errors": True},
        )
        play[0]["connection"] = "local"
        (folder / "play.yml").write_text(yaml.safe_dump(play))
        seen: dict[str, list[pathlib.Path]] = {"with it": [], "shown": []}

        def look() -> None:
            files = [path for path in folder.rglob("*") if path.is_file()]
            seen["with it"] += [path for path in files if secrets_given.canaries.found(path.read_bytes())]
            seen["shown"] += shown(folder, secrets_given.canaries)

        hostile.while_asked = look
        subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", "play.yml", "-e", f"multinet_direct={way == 'direct'}"],
            cwd=folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
                "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
                "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
                "TMPDIR": str(folder / "tmp"),
            },
            check=True,
            capture_output=True,
        )
    assert seen["with it"], "the key was never there"
    assert seen["shown"] == []
    assert list(open_to_others(folder / "report", OTHERS_WRITE)) == []
    assert list((folder / "report").iterdir())
    assert not [
        path for path in folder.rglob("*") if path.is_file() and secrets_given.canaries.found(path.read_bytes())
    ]


def test_a_labs_folder_is_its_owners_alone(
    installed_artifact: pathlib.Path, tmp_path_factory: pytest.TempPathFactory, no_umask: None
) -> None:
    lab = Lab(tmp_path_factory.mktemp("l", numbered=True) / "l", "api", free_port())
    try:
        lab.up("--time-factor", "0")
        holding = [path for path in lab.folder.rglob("*") if path.is_file() and _has_secret(lab, path)]
        assert holding
        assert list(open_to_others(lab.folder, OTHERS_READ | OTHERS_WRITE)) == []
        assert not [path for path in holding if path.stat().st_mode & (OTHERS_READ | OTHERS_WRITE)]
    finally:
        lab.down()


def _has_secret(lab: Lab, path: pathlib.Path) -> bool:
    data = path.read_bytes()
    return lab.environment["GKELAB_TOKEN"].encode() in data or b"PRIVATE KEY" in data
