# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit has to be like to be released, and that nothing but the commit decides over the bytes."""

from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest
import yaml

from harness import ROOT
from release import archive, assembly, products
from release.checkout import Checkout

pytestmark = pytest.mark.slow

FRAGMENT = "changelogs/fragments/1-a.yml"
READY = {
    "galaxy.yml": "version: 0.1.0\n",
    "lab/gkelab/__init__.py": '__version__ = "0.1.0"\n',
    "changelogs/changelog.yaml": yaml.safe_dump({"releases": {"0.1.0": {}}}),
    "b.sh": "#!/bin/sh\n",
}
Write = Callable[..., Checkout]


def git(folder: pathlib.Path, *words: str) -> None:
    who = {f"GIT_{one}_{what}": "a@example.com" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})


@pytest.fixture
def commit(tmp_path: pathlib.Path) -> Write:
    """Commit files that are ready for a release, but for those that are given."""
    git(tmp_path, "init", "--quiet")

    def write(**files: str) -> Checkout:
        for name, text in {**READY, **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "b.sh").chmod(0o755)
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "a")
        return Checkout(tmp_path)

    return write


def test_a_commit_that_is_ready_can_be_released(commit: Write) -> None:
    checkout = commit()
    git(checkout.root, "tag", "0.1.0")
    assert checkout.objections() == []
    assert checkout.version == "0.1.0"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"changelogs/changelog.yaml": "releases: {0.0.9: {}}"}, "make changelog"),
        ({FRAGMENT: "a"}, "make changelog"),
        ({"lab/gkelab/__init__.py": '__version__ = "0.2.0"\n'}, "0.2.0"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(commit: Write, files: dict[str, str], said: str) -> None:
    (objection,) = commit(**files).objections()
    assert said in objection


def test_a_file_that_is_not_committed_is_named(commit: Write) -> None:
    checkout = commit()
    (checkout.root / "stray").touch()
    (objection,) = checkout.objections()
    assert "stray" in objection


def test_a_version_is_released_once(commit: Write) -> None:
    git(commit().root, "tag", "--annotate", "--message", "a", "0.1.0")
    (objection,) = commit().objections()
    assert "another commit" in objection


def test_only_what_is_committed_is_exported(commit: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    checkout = commit()
    (checkout.root / "stray").touch()
    (checkout.root / "b.sh").write_text("changed")
    target = tmp_path_factory.mktemp("export")
    checkout.export(target)
    assert {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()} == READY
    assert os.access(target / "b.sh", os.X_OK)


def test_the_time_is_that_of_the_commit_unless_another_is_given(commit: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = commit()
    assert checkout.moment == int(checkout.git("show", "--no-patch", "--format=%ct"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert checkout.moment == 1


def test_two_checkouts_of_a_commit_make_the_same_release(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for name, umask, zone in (("a", 0o022, "UTC"), ("another/one", 0o077, "Asia/Seoul")):
        root = tmp_path / name / "checkout"
        subprocess.run(["git", "clone", "--quiet", ROOT, root], check=True)
        (root / "plugins" / "modules" / "stray.py").touch()
        (root / "lab" / "gkelab" / "stray.py").touch()
        target = tmp_path / name / "out"
        target.mkdir()
        monkeypatch.setenv("TZ", zone)
        before = os.umask(umask)
        try:
            checkout, sources = Checkout(root), tmp_path / name / "sources"
            checkout.export(sources)
            assembly.artifacts(checkout, sources, tmp_path / name / "tree", target)
        finally:
            os.umask(before)
        made.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in target.iterdir()})
    assert made[0] == made[1]
    assert len(made[0]) == 4
    _check_collection(next(target.glob("*.tar.gz")), tmp_path / "home", monkeypatch)


def _check_collection(artifact: pathlib.Path, home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install it as a stranger would; Ansible finds its files as they are listed, and nobody finds a stray one."""
    files = {entry.name for entry in archive.unpack(artifact.read_bytes()) if entry.content is not None}
    tracked = set(Checkout(ROOT).git("ls-tree", "-r", "--name-only", "HEAD").splitlines())
    assert {name for name in files if not name.endswith(".json")} <= tracked
    assert {"plugins/modules/nad.py", "README.md", "LICENSE", "meta/runtime.yml"} <= files
    strays = {name for name in files if name.startswith(("tests/", "lab/", "tooling/", "."))}
    assert strays == {"tests/config.yml"}, "ansible-test reads that one"
    for name, value in {"HOME": home, "ANSIBLE_HOME": home, "ANSIBLE_COLLECTIONS_PATH": home / "collections"}.items():
        monkeypatch.setenv(name, str(value))
    galaxy = [sys.executable, "-m", "ansible", "galaxy", "collection"]
    for words in (["install", "--offline", artifact], ["verify", "--offline", "multinet.gke"]):
        subprocess.run([*galaxy, *words], check=True, capture_output=True)
    assert (home / "collections" / products.PLACE / "MANIFEST.json").is_file()
