# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's first hour: the release installed where nothing else is, and what its README says, done on the lab."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prepare import cache

from . import archive
from .commands import Failed, run
from .products import PLACE, SUMS

ENGINES = ("api", "full")
GOOGLE = "--tags vpc,cluster,nodepool"  # the stages that need no node
KEPT = re.compile(r"(?i)LANG|LC_.*|TZ|.*_PROXY|PIP_.*|UV_.*|SSL_CERT_.*|REQUESTS_CA_BUNDLE")
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Room:
    """A home of its own and a Python without packages; of our environment only how to reach package registries."""

    home: pathlib.Path

    def prepare(self) -> None:
        """Make it."""
        uv = pathlib.Path(sys.executable).with_name("uv")
        run(uv, "venv", "--quiet", "--seed", "--python", sys.executable, self.home / "venv")

    def do(self, script: str, cwd: pathlib.Path) -> str:
        """Return what lines of a shell printed; Failed at the first that fails."""
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        own = {"HOME": str(self.home), "PATH": f"{self.home}/venv/bin:{SYSTEM}", "GKELAB_CACHE": str(cache())}
        return run("sh", "-e", "-c", script, cwd=cwd, environment={**kept, **own})


@dataclass(frozen=True)
class Readme:
    """The README of the artifact, as far as it can be done."""

    text: str

    @property
    def installation(self) -> str:
        """The lines that install the release."""
        return "\n".join(self._lines("## Installation"))

    @property
    def inventory(self) -> str:
        """The description of its example."""
        return self.text.split("```yaml\n")[1].split("```")[0]

    @property
    def playbooks(self) -> list[str]:
        """The lines that do something with it: its playbooks, from the plan to the removal."""
        lines = (line.partition("#")[0].rstrip() for line in self._lines("### One cluster, one description"))
        return [line for line in lines if line.startswith("ansible-playbook ")]

    def _lines(self, heading: str) -> list[str]:
        """Return the lines of code under a heading."""
        section = self.text.split(f"\n{heading}\n")[1].split("\n#")[0]
        return re.findall(r"^ {4}(.*)$", section, re.MULTILINE)


def rehearse(release: pathlib.Path, engine: str, say: Callable[[str], None]) -> None:
    """Install a folder's release and follow its README on a lab.

    :raises Failed: something does not work as the README says.
    """
    with tempfile.TemporaryDirectory(prefix="gl") as folder:
        room, lab = Room(pathlib.Path(folder, "a")), Room(pathlib.Path(folder, "b"))
        say("the checksums are right")
        room.do(f"sha256sum --check --strict {SUMS}", release)
        (artifact,) = release.glob("multinet-gke-*.tar.gz")
        readme = Readme(
            (next(e for e in archive.unpack(artifact.read_bytes()) if e.name == "README.md").content or b"").decode()
        )
        say("the README's installation works, and what is installed is what was released")
        room.prepare()
        room.do(readme.installation, release)
        room.do("ansible-galaxy collection verify --offline multinet.gke", release)
        _documented(room, artifact)
        say(f"the lab starts from its wheel (engine {engine})")
        lab.prepare()
        lab.do("pip install --quiet gkelab-*.whl", release)
        with started(lab, engine) as exports:
            (room.home / "lab.env").write_text(exports)
            (room.home / "inventory.yml").write_text(readme.inventory)
            for line in _lines(readme, engine):
                say(line)
                text = room.do(f". ./lab.env\n{line}", room.home)
                if "multinet.gke.site" in line and "--check" in line and re.search(r"changed=[1-9]", text):
                    raise Failed(f"{text}\nthere is something left to change after the site playbook")


def _lines(readme: Readme, engine: str) -> list[str]:
    if engine == "full":
        return readme.playbooks
    plan, site, check, *_ = readme.playbooks
    return [plan, f"{site} {GOOGLE}", f"{check} {GOOGLE}"]


def _documented(room: Room, artifact: pathlib.Path) -> None:
    """Fail unless Ansible finds every module that is in the artifact, with its documentation."""
    names = [pathlib.PurePosixPath(entry.name) for entry in archive.unpack(artifact.read_bytes())]
    modules = [f"multinet.gke.{name.stem}" for name in names if name.match("plugins/modules/*.py")]
    text = room.do(f"ansible-doc --type module {' '.join(modules)}", room.home)
    missing = [name for name in modules if name not in text]
    if missing or str(room.home / ".ansible" / "collections" / PLACE) not in text:
        raise Failed(f"{text}\nansible-doc does not document {missing or 'what was installed'}")


@contextmanager
def started(lab: Room, engine: str) -> Iterator[str]:
    """Yield the shell's lines that point at a lab while it runs."""
    place = f"--dir {lab.home}/lab"
    try:
        lab.do(f"gkelab up {place} --engine {engine} --port {_free_port()} --time-factor 0", lab.home)
        lab.do(f"gkelab status {place}", lab.home)
        yield lab.do(f"gkelab env {place}", lab.home)
    finally:
        lab.do(f"gkelab down {place}", lab.home)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
