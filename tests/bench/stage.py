# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab to measure on, and the commands that are measured there."""

from __future__ import annotations

import pathlib
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

import gkelab.asked
import gkelab.state
from cluster import EDGE
from harness import INSTALLED, Lab, free_port, play_of

from .goals import Figure
from .measure import Command, Cost, Series, take_turns

ORDINARY = ("-e", "multinet_direct=false")
USERS = ("multinet.gke", "kubectl", "OpenAPI-Generator", "google-cloud-sdk", "gcloud")


class NotMeasured(Exception):
    """What is needed is not here; the text says what."""


@dataclass(frozen=True)
class Asked:
    """How many requests a command sent."""

    google: int
    kubernetes: int
    writes: int

    @property
    def all(self) -> int:
        """Return all of them."""
        return self.google + self.kubernetes


@dataclass
class Found:
    """What a part of the bench found."""

    figures: list[Figure] = field(default_factory=list)
    costs: Mapping[str, Sequence[Cost]] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    missing: str = ""  # why nothing of it was measured


@dataclass(frozen=True)
class Stage:
    """A lab, and a folder for what is played there."""

    lab: Lab
    folder: pathlib.Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what Ansible, gcloud and kubectl are run with."""
        return {
            **self.lab.whole_environment,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    def command(self, *words: str) -> Command:
        """Return a command whose environment points at the lab."""
        return Command(words, self.environment)

    def tasks(
        self, name: str, tasks: Sequence[dict[str, Any]], *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Command:
        """Return a playbook of tasks on this machine."""
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(play_of(*tasks)))
        words = ("ansible-playbook", "-i", "localhost,", "-c", "local", str(path), *arguments)
        return Command(words, environment or self.environment)

    def site(self, inventory: Mapping[str, Any], *arguments: str) -> Command:
        """Return the site playbook for an inventory."""
        path = self.folder / "inventory.yml"
        path.write_text(yaml.safe_dump(dict(inventory)))
        return self.command("ansible-playbook", "multinet.gke.site", "-i", str(path), *arguments)

    def turns(self, commands: Mapping[str, Command], rounds: int) -> Series:
        """Measure commands in turns, and show each."""
        return take_turns(commands, rounds, say)

    def asked(self, command: Command) -> Asked:
        """Run a command that has nothing to change; return how many requests it sent."""
        begin = datetime.now(UTC)
        _cost, printed = command.run()
        assert command.words[0] != "ansible-playbook" or "changed=0" in printed, printed
        lines = gkelab.asked.asked(gkelab.state.Lab(self.lab.folder), writes=False, since=begin)
        ours = [line for line in lines if not line.api.startswith("kubernetes/") or line.agent.startswith(USERS)]
        changes = gkelab.asked.asked(gkelab.state.Lab(self.lab.folder), writes=True, since=begin)
        kubernetes = [line for line in ours if line.api.startswith("kubernetes/")]
        return Asked(len(ours) - len(kubernetes), len(kubernetes), len([line for line in changes if line in ours]))


def say(text: str) -> None:
    """Show how far it is; the results go elsewhere."""
    print(f"  {text}", file=sys.stderr, flush=True)


def ours(module: str, options: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task with a module of ours."""
    return {"name": module, f"multinet.gke.{module}": dict(options), **keywords}


def noop(number: int) -> list[dict[str, Any]]:
    """Return tasks whose modules do nothing."""
    return [{"name": "No-op", "ansible.builtin.ping": {}}] * number


def options_of_edge(**options: Any) -> dict[str, Any]:
    """Return options of a module that works on the cluster of the stage."""
    return {"gke_cluster": EDGE, **options}


@contextmanager
def stage(engine: str, *options: str) -> Iterator[Stage]:
    """Start a lab while the context lasts.

    :raises NotMeasured: if this machine cannot run it.
    """
    if engine != "api" and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NotMeasured("only x86-64 Linux runs the lab's kernels and Kubernetes")
    with tempfile.TemporaryDirectory(prefix="gl", dir="/tmp") as name:
        folder = pathlib.Path(name)
        lab = Lab(folder / "l", engine, free_port())
        say(f"lab up, engine {engine}")
        try:
            lab.up(*options)
            yield Stage(lab, folder)
        finally:
            lab.down()
