#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unchanged run of Google's stages costs for 1, 10 and 50 clusters, and how many forks help.

CPU seconds are user and system of the whole process tree, memory is that of its largest process. The lab answers at
once; against Google, where an answer takes its time, more forks help more than is shown here.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from fleets import GOOGLE, fleet, names_of
from harness import INSTALLED, Lab, free_port

PROJECT = "bench"
GAIN = 0.95  # more forks are worth it if they bring the time below this share


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    clusters: int
    forks: int
    wall: float  # seconds
    cpu: float  # seconds
    rss: float  # MB, of its largest process
    load: float  # of the machine when it began

    @property
    def line(self) -> str:
        """Return it for people."""
        return (
            f"{self.clusters:8} {self.forks:6} {self.wall:8.1f} {self.cpu:8.1f} {self.cpu / self.clusters:12.2f} "
            f"{self.rss:8.0f} {self.load:6.1f}"
        )


class Bench:
    """Site runs for a part of one inventory, in one wave."""

    def __init__(self, lab: Lab, folder: pathlib.Path, clusters: int) -> None:
        self._names = names_of(clusters)
        self._hosts = folder / "hosts.yml"
        self._hosts.write_text(yaml.safe_dump(fleet(PROJECT, self._names)))
        self._environment = {**lab.whole_environment, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2])}

    def run(self, clusters: int, forks: int) -> Cost:
        """Run the site playbook for the first few clusters; return what that took."""
        command = ["ansible-playbook", "multinet.gke.site", "-i", str(self._hosts), *GOOGLE.split()]
        command += ["--forks", str(forks), "--limit", ",".join(self._names[:clusters])]
        command += ["-e", json.dumps({"multinet_waves": ["100%"]})]
        begin, load = time.monotonic(), os.getloadavg()[0]
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(command, env=self._environment, stdout=output, stderr=output)
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            assert process.returncode == 0, output.read().decode()
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(clusters, forks, time.monotonic() - begin, cpu, usage.ru_maxrss / 1024, load)


def show(title: str, costs: list[Cost]) -> None:
    """Print a table."""
    print(f"\n{title}\nclusters  forks   wall s    CPU s  CPU s/cluster      MB   load")
    print("\n".join(cost.line for cost in costs))


def recommended(costs: list[Cost]) -> int:
    """Return the number of forks after which more bring nothing; costs are in their order."""
    best = costs[0]
    for cost in costs[1:]:
        if cost.wall < GAIN * best.wall:
            best = cost
    return best.forks


def measure(bench: Bench, clusters: list[int], forks: list[int]) -> dict[str, Any]:
    """Make the fleet, and measure runs that find nothing to do."""
    bench.run(clusters[-1], forks[0])
    growing = [bench.run(count, forks[0]) for count in clusters]
    show(f"unchanged, {forks[0]} forks", growing)
    spread = [growing[-1], *(bench.run(clusters[-1], count) for count in forks[1:])]
    show(f"unchanged, {clusters[-1]} clusters", spread)
    linear = (growing[-1].cpu / clusters[-1]) / (growing[-2].cpu / clusters[-2])
    print(f"\nCPU per cluster, {clusters[-1]} / {clusters[-2]} clusters: {linear:.2f}")
    print(f"memory, {clusters[-1]} / {clusters[0]} clusters: {growing[-1].rss / growing[0].rss:.2f}")
    print(f"forks recommended on {os.cpu_count()} cores: {recommended(spread)}")
    costs = [asdict(cost) for cost in dict.fromkeys([*growing, *spread])]
    return {"costs": costs, "cpu_growth": linear, "forks": recommended(spread)}


def main() -> None:
    """Measure, print, and leave nothing behind but the JSON file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--forks", type=int, nargs="+", default=[5, 10, 20, 50])
    parser.add_argument("--json", type=pathlib.Path, help="where to write the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gl", dir="/tmp") as name:
        folder = pathlib.Path(name)
        lab = Lab(folder / "l", "api", free_port())
        lab.up("--time-factor", "0")
        try:
            found = measure(Bench(lab, folder, options.clusters[-1]), options.clusters, options.forks)
        finally:
            lab.down()
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
