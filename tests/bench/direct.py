#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What direct execution saves: a site that is already as it should be, and fifty clusters of which the same is true.

All figures are CPU seconds (user and system) and the largest process of whole process trees, medians of runs that take
turns, so that a busy machine disturbs all of them alike; what counts are ratios.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import tempfile
from collections import defaultdict
from typing import Any

import yaml

from audit import Cost, measure, verdict
from harness import INSTALLED, Lab, free_port, play_of

PLACE = {"project": "test-project", "location": "us-central1-c"}
GKE = {**PLACE, "name": "edge"}
POD_RANGE = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
SUBNETWORK = {
    "name": "my-subnet",
    "region": "us-central1",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [POD_RANGE],
}
POOL: dict[str, Any] = {
    "name": "multinet",
    "cluster": "edge",
    "machine_type": "e2-standard-4",
    "node_count": 2,
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}
POD = {"name": "samplepod", "image": "nginx", "attachments": ["my-nad"], "wait": False, "gke_cluster": GKE}
SITE: list[tuple[str, dict[str, Any]]] = [
    ("gke_multinet_cluster", GKE),
    ("gke_multinet_vpc", {"project": "test-project", "name": "my-vpc", "subnetworks": [SUBNETWORK]}),
    ("gke_multinet_nodepool", {**PLACE, **POOL}),
    ("multus_install", {"gke_cluster": GKE, "wait": False}),
    ("nad", {"gke_cluster": GKE, "name": "my-nad", "range": "172.16.1.0/24"}),
    ("multinet_pod", POD),
    ("nad_info", {"gke_cluster": GKE}),
    ("whereabouts_pool_info", {"gke_cluster": GKE}),
]
STAGES = "vpc,cluster,nodepool"
MORE = 10  # tasks, from which the cost of one is told


class Bench:
    """Playbooks that are measured in turns."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self._folder = lab, folder
        self._environment = {
            **lab.whole_environment,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        self._commands: dict[str, list[str]] = {}

    def tasks(self, name: str, tasks: list[dict[str, Any]], *arguments: str) -> None:
        """Add a playbook of tasks."""
        path = self._folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(play_of(*tasks)))
        self._commands[name] = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(path), *arguments]

    def site(self, name: str, inventory: pathlib.Path, *arguments: str) -> None:
        """Add the site playbook for an inventory."""
        stages = ["--tags", STAGES, "--forks", "10", "-e", "multinet_waves=100%"]
        self._commands[name] = ["ansible-playbook", "-i", str(inventory), "multinet.gke.site", *stages, *arguments]

    def run(self, rounds: int) -> dict[str, Cost]:
        """Run all in turns; return the medians, and print them."""
        found: dict[str, list[Cost]] = defaultdict(list)
        for _round in range(rounds):
            for name, command in self._commands.items():
                found[name].append(measure(command, self._environment))
        medians = {
            name: Cost(statistics.median(each.cpu for each in costs), statistics.median(each.rss for each in costs))
            for name, costs in found.items()
        }
        for name, cost in medians.items():
            print(f"  {name:32} {cost.cpu:7.2f} s CPU {cost.rss:6.0f} MB", flush=True)
        return medians


def task(module: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task."""
    return {"name": module, f"multinet.gke.{module}": options, **keywords}


def one_cluster(bench: Bench, rounds: int) -> None:
    """Measure a site, the tasks of it, and the start."""
    site = [task(*each) for each in SITE]
    made = bench.lab.play(play_of(*site))
    assert made.rc == 0, made.stdout
    nothing = {"name": "Nothing", "ansible.builtin.assert": {"that": "true"}}
    bench.tasks("nothing", [nothing])
    bench.tasks("loaded", [nothing, *(task(*each, when=False) for each in SITE)])
    bench.tasks("no-op modules", [{"name": "No-op", "ansible.builtin.ping": {}}] * len(SITE))
    bench.tasks("site, directly", site)
    bench.tasks("site, ordinary modules", site, "-e", "multinet_direct=false")
    for module, options in SITE:
        one = task(module, options)
        bench.tasks(f"{module} x 1", [one])
        bench.tasks(f"{module} x {1 + MORE}", [one] * (1 + MORE))
    costs = bench.run(rounds)
    direct, ordinary, floor = (
        costs[name].cpu for name in ("site, directly", "site, ordinary modules", "no-op modules")
    )
    print()
    print(verdict("D1 site of 8 tasks, directly / 8 no-op modules", direct / floor, 0.55))
    print(verdict("D5 the same, ordinary modules / 8 no-op modules", ordinary / floor, 2.0))
    for module, _options in SITE:
        each = (costs[f"{module} x {1 + MORE}"].cpu - costs[f"{module} x 1"].cpu) / MORE
        print(verdict(f"D2 {module}, s of CPU per task", each, 0.06))
    print(verdict("D3 start with all libraries, s of CPU", costs["loaded"].cpu, 1.2))
    print(verdict("D3 memory of the controller, MB", costs["loaded"].rss, 180))
    print(f"   the start alone: {costs['nothing'].cpu:.2f} s of CPU, {costs['nothing'].rss:.0f} MB")


def many_clusters(bench: Bench, rounds: int, sizes: tuple[int, ...] = (10, 50)) -> None:
    """Measure the Google stages of many clusters."""
    for size in sizes:
        inventory = bench.lab.folder.parent / f"hosts-{size}.yml"
        inventory.write_text(
            yaml.safe_dump({"all": {"hosts": {f"edge-{each}": _described(each) for each in range(size)}}})
        )
        made = bench.lab.play("multinet.gke.site", inventory=inventory, arguments=f"--tags {STAGES} --forks 10")
        assert made.rc == 0, made.stdout
        bench.site(f"{size} clusters, directly", inventory)
        bench.site(f"{size} clusters, ordinary modules", inventory, "-e", "multinet_direct=false")
    costs = bench.run(rounds)
    print()
    few, many = (costs[f"{size} clusters, directly"].cpu for size in sizes)
    ordinary = costs[f"{sizes[1]} clusters, ordinary modules"].cpu
    print(verdict(f"D4 {sizes[1]} clusters, directly / ordinary modules", many / ordinary, 0.12))
    print(verdict(f"D4 per cluster, {sizes[1]} / {sizes[0]}", many / sizes[1] / (few / sizes[0]), 1.1))


def _described(number: int) -> dict[str, Any]:
    attachment = {"name": "pods", "range": "172.16.1.0/24", "max_pods_per_node": 8, "attachment": "my-nad"}
    network = {"vpc": "my-vpc", "subnetwork": "my-subnet", "node_range": "10.0.1.0/24", "pod_ranges": [attachment]}
    return {
        "multinet_project": f"project-{number}",
        "multinet_location": PLACE["location"],
        "multinet_cluster": {"name": "edge"},
        "multinet_networks": [network],
        "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 1}],
    }


def main() -> None:
    """Measure, print, and leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["one", "many"])
    options = parser.parse_args()
    parts = {"one": ("control-plane", one_cluster), "many": ("api", many_clusters)}
    for part, (engine, bench) in parts.items():
        if options.only in (None, part):
            with tempfile.TemporaryDirectory(prefix="gl", dir="/tmp") as name:
                lab = Lab(pathlib.Path(name, "l"), engine, free_port())
                lab.up("--time-factor", "0")
                try:
                    bench(Bench(lab, pathlib.Path(name)), options.rounds)
                finally:
                    lab.down()


if __name__ == "__main__":
    sys.exit(main())
