# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first run of a site adds to the time that Google and Kubernetes take.

That time is the longest chain of what has to wait for each other: a subnetwork for its network, a node pool for
subnetwork and cluster, Multus for the nodes, pods for Multus. All of it is read from where it happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cluster import EDGE
from harness import Lab

from . import guide
from .goals import Figure, reading
from .measure import Cost, Spread, each_round
from .stage import Found, say, stage

TIME_FACTOR = "0.1"  # a cluster takes 24 s
WAITS_FOR: dict[str, tuple[str, ...]] = {
    "network": (),
    "subnetwork": ("network",),
    "firewall": ("network",),
    "cluster": (),
    "node pool": ("subnetwork", "cluster"),
    "Multus": ("node pool",),
    "pods": ("Multus", "firewall"),
}
KINDS = {
    "networks": "network",
    "subnetworks": "subnetwork",
    "firewalls": "firewall",
    "clusters": "cluster",
    "nodePools": "node pool",
}
COMPUTE, CONTAINER = f"/compute/v1/projects/{EDGE['project']}", f"/v1/projects/{EDGE['project']}/locations"
OPERATIONS = (
    f"{COMPUTE}/global/operations",
    f"{COMPUTE}/regions/us-central1/operations",
    f"{CONTAINER}/{EDGE['location']}/operations",
)


def measure(rounds: int) -> Found:
    """Measure a site that is not there yet, with real nodes; each round has a lab of its own."""
    costs, chains = [], []
    for number in range(rounds):
        with stage("full", "--time-factor", TIME_FACTOR) as at:
            cost, _printed = at.site(guide.INVENTORY, "--skip-tags", "verify").run()
            steps = _steps(at.lab)
        say(f"site, first run: {cost.wall:.1f} s ({number + 1} of {rounds}); {steps}")
        costs.append(cost)
        chains.append(longest(steps))
    return Found(_figures(costs, chains), {"site, first run": costs})


def longest(steps: Mapping[str, float]) -> float:
    """Return how long it takes at least, if nothing waits for what it does not need."""

    def end(step: str) -> float:
        return steps[step] + max((end(before) for before in WAITS_FOR[step]), default=0.0)

    return max(end(step) for step in steps)


def _steps(lab: Lab) -> dict[str, float]:
    """Return how long each step took, in seconds."""
    steps = dict.fromkeys(WAITS_FOR, 0.0)
    nodes_are_there = datetime.min.replace(tzinfo=UTC)
    for operation in _operations(lab):
        step = KINDS[operation["targetLink"].split("/")[-2]]
        end = datetime.fromisoformat(operation["endTime"])
        steps[step] += (end - datetime.fromisoformat(operation["startTime"])).total_seconds()
        if step == "node pool":
            nodes_are_there = end
    pods = json.loads(lab.kubectl("get", "pods", "-A", "-o", "json"))["items"]
    for pod in pods:
        step = "Multus" if pod["metadata"]["namespace"] == "kube-system" else "pods"
        began = max(datetime.fromisoformat(pod["status"]["startTime"]), nodes_are_there)
        steps[step] = max(steps[step], (_ready(pod) - began).total_seconds())
    return steps


def _operations(lab: Lab) -> list[dict[str, Any]]:
    answers = [lab.google("GET", path) for path in OPERATIONS]
    return [each for answer in answers for each in answer.get("items", answer.get("operations", []))]


def _ready(pod: dict[str, Any]) -> datetime:
    (condition,) = (each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    return datetime.fromisoformat(condition["lastTransitionTime"])


def _figures(costs: list[Cost], chains: list[float]) -> list[Figure]:
    walls = [cost.wall for cost in costs]
    added = each_round(lambda wall, chain: wall - chain, walls, chains)
    return [
        reading("first run, from VPC to pods", Spread.of(walls), "s"),
        reading("longest chain of what has to wait for each other", Spread.of(chains), "s"),
        reading("what the run adds to it", Spread.of(added), "s"),
        reading("CPU of the run", Spread.of([cost.cpu for cost in costs]), "s"),
    ]
