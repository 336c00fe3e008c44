# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification of 32 pods on four nodes, beside a loop that lets each pod ping each other with kubectl exec.

Of the loop every eighth ping is measured, and counts eight times: each is a command of its own, all alike.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from harness import Lab

from . import guide
from .goals import Figure, reading
from .measure import Command, Series, Spread, each_round
from .stage import ORDINARY, Found, Stage, options_of_edge, ours, say, stage

NODES, PODS = 4, 32
EVERY = 8
POOL = {"cloud.google.com/gke-nodepool": "multinet"}
BUSYBOX = "docker.io/library/busybox:1.37"
DIRECTLY, MODULES, LOOP = "multinet_verify, directly", "multinet_verify, ordinary module", "loop of kubectl exec"
STATUS = "k8s.v1.cni.cncf.io/network-status"


def measure(rounds: int) -> Found:
    """Measure it with real nodes."""
    with stage("full", "--time-factor", "0") as at:
        at.site(_inventory(), "--tags", "vpc,cluster,nodepool,multus,networks").run()
        say(f"starting {PODS} pods")
        _start(at)
        addresses = _addresses(at.lab)
        task = ours("multinet_verify", options_of_edge(attachments=["my-nad"]))
        commands = {
            DIRECTLY: at.tasks("verify", [task]),
            MODULES: at.tasks("verify", [task], *ORDINARY),
            LOOP: _loop(at, addresses),
        }
        asked = {name: at.asked(commands[name]) for name in (DIRECTLY, MODULES)}
        series = at.turns(commands, rounds)
    return Found(_figures(series), series.costs, asked)


def _inventory() -> dict[str, Any]:
    pools = [{**pool, "node_count": NODES} for pool in guide.DESCRIPTION["multinet_nodepools"]]
    return {"all": {"hosts": {"edge": {**guide.DESCRIPTION, "multinet_nodepools": pools}}}}


def _start(at: Stage) -> None:
    labels = {"app": "crowd"}
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
    template = {
        "metadata": {"labels": labels, "annotations": {guide.NETWORKS: "default/my-nad"}},
        "spec": {
            "nodeSelector": POOL,
            "terminationGracePeriodSeconds": 1,
            "topologySpreadConstraints": [{**spread, "labelSelector": {"matchLabels": labels}}],
            "containers": [{"name": "main", "image": BUSYBOX, "command": ["sleep", "100000"]}],
        },
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "crowd"},
        "spec": {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template},
    }
    path = at.folder / "crowd.json"
    path.write_text(json.dumps(deployment))
    at.lab.kubectl("apply", "-f", str(path))
    at.lab.kubectl("rollout", "status", "deployment/crowd", "--timeout=600s")


def _addresses(lab: Lab) -> dict[str, str]:
    """Return the address on the attachment of each pod."""
    pods = json.loads(lab.kubectl("get", "pods", "-l", "app=crowd", "-o", "json"))["items"]
    assert len(pods) == PODS
    statuses = {pod["metadata"]["name"]: json.loads(pod["metadata"]["annotations"][STATUS]) for pod in pods}
    return {
        name: next(each["ips"][0] for each in status if each["interface"] == "net1")
        for name, status in statuses.items()
    }


def _loop(at: Stage, addresses: dict[str, str]) -> Command:
    pairs = list(itertools.permutations(addresses, 2))[::EVERY]
    lines = [f"kubectl exec {one} -- ping -c 1 -W 2 {addresses[other]}" for one, other in pairs]
    path = at.folder / "loop.sh"
    path.write_text("\n".join(["set -e", *lines]))
    return at.command("sh", str(path))


def _figures(series: Series) -> list[Figure]:
    def share(one: list[float], loop: list[float]) -> Spread:
        return Spread.of(each_round(lambda mine, theirs: mine / (EVERY * theirs), one, loop))

    return [
        figure
        for name in (DIRECTLY, MODULES)
        for figure in (
            reading(f"CPU, {name} / {LOOP}", share(series.cpu(name), series.cpu(LOOP))),
            reading(f"time, {name} / {LOOP}", share(series.wall(name), series.wall(LOOP))),
        )
    ]
