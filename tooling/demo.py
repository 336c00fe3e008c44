#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide, end to end, on the lab: what `make demo` runs.

Starts the lab (or takes the one that runs), runs the installed site playbook twice, shows what came to be and where the
time went, and leaves everything up.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from typing import Any

import ansible_runner

ROOT = pathlib.Path(__file__).resolve().parent.parent
INVENTORY = ROOT / "lab" / "demo" / "inventory.yml"
GKELAB = [sys.executable, "-m", "gkelab"]


def headline(text: str) -> None:
    """Print the title of a part."""
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def lab_environment() -> dict[str, str]:
    """Return what `gkelab env` exports."""
    exports = subprocess.run([*GKELAB, "env"], check=True, text=True, stdout=subprocess.PIPE).stdout
    script = ["sh", "-c", 'eval "$1" && env -0', "sh", exports]
    text = subprocess.run(script, check=True, text=True, stdout=subprocess.PIPE).stdout
    return dict(word.split("=", 1) for word in text.split("\0") if word)


def start_lab() -> int:
    """Run `gkelab up`; on Ctrl-C, which it hears too, let it stop what it has started before we end."""
    with subprocess.Popen([*GKELAB, "up"]) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return process.wait()


class SiteRun:
    """One run of the site playbook, and what is worth keeping of it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.stages: dict[str, float] = defaultdict(float)
        self.verified: dict[str, Any] = {}
        self.changed = 0
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            result = ansible_runner.run(
                private_data_dir=folder,
                playbook="multinet.gke.site",
                inventory=str(INVENTORY),
                envvars=environment if sys.stdout.isatty() else {**environment, "ANSIBLE_NOCOLOR": "1"},
                event_handler=self._handle,
            )
        self.seconds = time.monotonic() - begin
        self.ok = result.rc == 0

    def _handle(self, event: dict[str, Any]) -> bool:
        data = event.get("event_data", {})
        if event["event"] in ("runner_on_ok", "runner_on_failed"):
            role = data.get("role", "").rpartition(".")[2]
            self.stages[role or "plan"] += data.get("duration", 0.0)
            if role == "verify" and "matrix" in data.get("res", {}):
                self.verified = data["res"]
        if event["event"] == "playbook_on_stats":
            self.changed = sum(data["changed"].values())
        return False


def show(environment: dict[str, str], run: SiteRun) -> None:
    """Print what is there now: nodes, pods with their addresses, matrix, pools."""
    cluster = ["kubectl", "get", "nodes", "-L", "cloud.google.com/gke-nodepool"]
    subprocess.run(cluster, check=True, env={**os.environ, **environment})
    print()
    for pod in run.verified["pods"]:
        addresses = ", ".join(f"{i['interface']} {' '.join(i['ips'])}" for i in pod["interfaces"])
        print(f"{pod['namespace']}/{pod['name']:24} {pod['node']:44} {addresses}")
    print(f"\n{run.verified['table']}\n")
    for pool in run.verified["pools"]:
        print(f"pool {pool['name']}: {pool['used']} of {pool['capacity']} addresses used")


def main() -> int:
    """Run everything; the exit code tells whether all of it worked."""
    seconds: dict[str, float] = {}
    begin = time.monotonic()
    headline("The lab: GKE on this machine")
    os.environ["PYTHONPATH"] = str(ROOT / "lab")
    if code := start_lab():
        return code
    environment = lab_environment()
    seconds["lab up"] = time.monotonic() - begin

    headline("multinet.gke.site: from the VPC to verified pods on net1")
    first = SiteRun(environment)
    if not first.ok:
        return 1
    headline("The same again: nothing is left to change")
    second = SiteRun(environment)
    if not second.ok or second.changed:
        print(f"the second run changed {second.changed} things", file=sys.stderr)
        return 1

    headline("What came to be")
    show(environment, second)
    headline("Where the time went (seconds)")
    seconds["site, first run"] = first.seconds
    seconds.update({f"  {stage}": spent for stage, spent in first.stages.items() if spent >= 0.1})
    seconds["site, second run"] = second.seconds
    seconds["all"] = time.monotonic() - begin
    for name, spent in seconds.items():
        print(f"{name:24} {spent:7.1f}")
    headline("Look around")
    print('eval "$(make -s env)"             # point kubectl, gcloud and the collection at the lab')
    print("kubectl get pods -o wide; kubectl exec samplepod -- ip addr show net1")
    print("make site ARGS='--check --diff'   # nothing to do; change lab/demo/inventory.yml and try again")
    print("make down                         # stop the lab and forget it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
