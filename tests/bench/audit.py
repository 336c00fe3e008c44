#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to audit the pools of ten and of twenty thousand pods: `make bench-audit`.

All figures are CPU seconds (user and system) and the largest process of whole process trees, medians of runs that take
turns, so that a busy machine disturbs all of them alike; what counts are ratios. A module's cost is that of a playbook
with it less that of a playbook whose one task starts no process, so it has in it all that Ansible does for a module.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from crowd import Api, Crowd, Etcd
from harness import INSTALLED, ROOT, Lab, free_port, play_of

GKE = {"project": "test-project", "location": "us-central1-c", "name": "edge"}
LEAKED = 20
SIZE = 10_000


@dataclass(frozen=True)
class Cost:
    """What a process tree took."""

    cpu: float  # seconds
    rss: float  # MB, of its largest process


def measure(command: list[str], environment: Mapping[str, str]) -> Cost:
    """Run a command; return what it took."""
    with open(os.devnull, "w") as nowhere, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=dict(environment), stdout=nowhere, stderr=errors)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        assert process.returncode == 0, (command, errors.read().decode())
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Bench:
    """Commands that are measured in turns."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self._folder = folder
        self._environment = {
            **lab.whole_environment,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        self._commands = {
            "nothing": self._playbook("nothing", {"ansible.builtin.assert": {"that": "true"}}),
            "no-op module": self._playbook("noop", {"ansible.builtin.ping": {}}),
            "audit": self._playbook("audit", {"multinet.gke.whereabouts_pool_info": {"gke_cluster": GKE}}),
            "orphan scan": self._playbook("scan", {"multinet.gke.whereabouts_pool": self._scan()}),
            "kubectl get pods": ["kubectl", "get", "pods", "-A", "-o", "json"],
        }

    def add_upstream(self) -> bool:
        """Build upstream's detection; tell whether that was possible."""
        if not shutil.which("go"):
            return False
        program = self._folder / "detect"
        subprocess.run(
            ["go", "build", "-o", str(program), str(pathlib.Path(__file__).with_name("detect.go"))],
            cwd=ROOT / "lab" / "gkelab" / "go" / "whereabouts",
            check=True,
        )
        self._commands["upstream's reconciler"] = [str(program), self._environment["KUBECONFIG"]]
        return True

    def run(self, rounds: int, leave_out: tuple[str, ...] = ()) -> dict[str, Cost]:
        """Run all commands in turns; return the medians."""
        found: dict[str, list[Cost]] = defaultdict(list)
        for _round in range(rounds):
            for name, command in self._commands.items():
                if name not in leave_out:
                    found[name].append(measure(command, self._environment))
        return {
            name: Cost(statistics.median(each.cpu for each in costs), statistics.median(each.rss for each in costs))
            for name, costs in found.items()
        }

    @staticmethod
    def _scan() -> dict[str, Any]:
        return {"gke_cluster": GKE, "range": "172.16.0.0/16", "state": "reconciled", "confirm_after": 0}

    def _playbook(self, name: str, task: dict[str, Any]) -> list[str]:
        path = self._folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(play_of({"name": name, **task})))
        check = ["--check"] if name == "scan" else []
        return ["ansible-playbook", "-i", "localhost,", "-c", "local", str(path), *check]


def of_module(costs: dict[str, Cost], name: str) -> Cost:
    """Return what a module took, without what every playbook takes."""
    return Cost(costs[name].cpu - costs["nothing"].cpu, costs[name].rss)


def verdict(title: str, ratio: float, goal: float) -> str:
    """Return a line of the report."""
    return f"{title:62} {ratio:6.3f}  goal {goal:5.2f}  {'met' if ratio <= goal else 'not met'}"


def show(costs: dict[str, Cost], pods: int) -> None:
    """Print the figures themselves."""
    print(f"\n{pods} pods: medians")
    for name, cost in costs.items():
        print(f"  {name:24} {cost.cpu:7.2f} s CPU {cost.rss:8.0f} MB")


def judge(first: dict[str, Cost], second: dict[str, Cost]) -> None:
    """Print the ratios and whether they are what they should be."""
    print()
    for name in ("audit", "orphan scan"):
        cost = of_module(first, name)
        for other, cpu_goal, rss_goal in (("kubectl get pods", 0.12, 0.12), ("upstream's reconciler", 0.6, 0.5)):
            if other in first:
                print(verdict(f"{name} / {other}, CPU", cost.cpu / first[other].cpu, cpu_goal))
                print(verdict(f"{name} / {other}, memory", cost.rss / first[other].rss, rss_goal))
        twice = of_module(second, name)
        print(verdict(f"{name}, {2 * SIZE} / {SIZE} pods, CPU", twice.cpu / cost.cpu, 2.2))
        print(verdict(f"{name}, {2 * SIZE} / {SIZE} pods, memory", twice.rss / cost.rss, 1.3))


def start_lab(folder: pathlib.Path) -> Lab:
    """Start a lab with the demo's cluster and the objects that Whereabouts keeps."""
    lab = Lab(folder / "l", "control-plane", free_port())
    lab.up("--time-factor", "0")
    made = lab.play("multinet.gke.site", arguments="--tags vpc,cluster,nodepool")
    assert made.rc == 0, made.stdout
    install = play_of({"name": "Multus", "multinet.gke.multus_install": {"gke_cluster": GKE, "wait": False}})
    installed = lab.play(install)
    assert installed.rc == 0, installed.stdout
    return lab


def fill(lab: Lab, index: int) -> None:
    """Make ten thousand pods more."""
    api = Api(yaml.safe_load(pathlib.Path(lab.environment["KUBECONFIG"]).read_text()))
    nodes = tuple(lab.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").split())
    crowd = Crowd(f"crowd-{index}", SIZE, f"172.{16 + index}.0.0/16", nodes, LEAKED)
    crowd.make(api, Etcd.of(lab.folder, api))


def main() -> None:
    """Measure, print, and leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gl", dir="/tmp") as name:
        folder = pathlib.Path(name)
        lab = start_lab(folder)
        try:
            bench = Bench(lab, folder)
            if not bench.add_upstream():
                print("upstream's reconciler is not measured: there is no Go here")
            fill(lab, 0)
            first = bench.run(options.rounds)
            show(first, SIZE)
            fill(lab, 1)
            second = bench.run(options.rounds, leave_out=("kubectl get pods", "upstream's reconciler"))
            show(second, 2 * SIZE)
            judge(first, second)
        finally:
            lab.down()


if __name__ == "__main__":
    sys.exit(main())
