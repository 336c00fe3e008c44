# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods come and go on real nodes, in good order and by force, and one node is lost, while orphans are released all the
time: by whereabouts_pool, and by the guide's own garbage collection beside it.

MULTINET_SEED repeats what happens to the pods, MULTINET_TEST_ALL makes it longer.
"""

from __future__ import annotations

import ipaddress
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sampling
from cluster import Cluster
from harness import until
from pool_world import KUBE_SYSTEM, random_range

pytestmark = pytest.mark.full

POOL = "whereabouts_pool"
STATUS = "k8s.v1.cni.cncf.io/network-status"
STEPS = 120 if sampling.WHOLE else 16
CROWD = 6  # pods at once
PATIENCE = 600  # seconds for what takes some on a busy machine


class Churn:
    """Pods of one attachment, and a pool that is reconciled all the while."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.cidr = random_range()
        self.random = random.Random(sampling.seed())
        self.counts: Counter[str] = Counter()
        self.results: list[dict[str, Any]] = []
        self.made = 0
        cluster.apply(
            {
                "apiVersion": "k8s.cni.cncf.io/v1",
                "kind": "NetworkAttachmentDefinition",
                "metadata": {"name": "churn", "namespace": cluster.namespace},
                "spec": {"config": json.dumps(self._config())},
            }
        )

    def _config(self) -> dict[str, Any]:
        ipam = {"type": "whereabouts", "range": self.cidr}
        return {"cniVersion": "0.3.1", "name": "churn", "type": "ipvlan", "master": "eth1", "ipam": ipam}

    @property
    def name(self) -> str:
        """Return the pool's name."""
        return self.cidr.replace("/", "-")

    def reconcile(self, **options: Any) -> dict[str, Any]:
        """Run the module once."""
        nad = f"{self.cluster.namespace}/churn"
        return self.cluster.module(POOL, nad=nad, state="reconciled", confirm_after=1, **options)

    def create(self, node: str | None = None) -> str:
        """Make a pod."""
        self.made += 1
        name = f"pod-{self.made}"
        selector = {"kubernetes.io/hostname": node} if node else {"cloud.google.com/gke-nodepool": "multinet"}
        annotations = {"k8s.v1.cni.cncf.io/networks": "churn"}
        spec = {
            "terminationGracePeriodSeconds": 0,
            "nodeSelector": selector,
            "containers": [{"name": "main", "image": "nginx"}],
        }
        metadata = {"name": name, "namespace": self.cluster.namespace, "annotations": annotations}
        self.cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        self.counts["created"] += 1
        return name

    def delete(self, name: str, *, force: bool) -> None:
        """Delete a pod, in good order or by force."""
        how = ("--grace-period=0", "--force") if force else ()
        self.cluster.kubectl("-n", self.cluster.namespace, "delete", "pod", name, "--wait=false", *how)
        self.counts["deleted by force" if force else "deleted"] += 1

    def pods(self) -> list[dict[str, Any]]:
        """Return the pods that are there."""
        found: list[dict[str, Any]] = self.cluster.get("-n", self.cluster.namespace, "pods")["items"]
        return found

    def wait(self, *names: str) -> None:
        """Wait until pods run."""
        for name in names:
            condition = ("--for=condition=Ready", f"--timeout={PATIENCE}s")
            self.cluster.kubectl("-n", self.cluster.namespace, "wait", f"pod/{name}", *condition)

    def held(self) -> dict[str, str]:
        """Return for whom each address is held."""
        base = ipaddress.ip_network(self.cidr).network_address
        spec = self.cluster.get("-n", KUBE_SYSTEM, "ippools", self.name)["spec"]
        return {str(base + int(key)): entry["podref"] for key, entry in spec["allocations"].items()}

    def shown(self) -> dict[str, list[str]]:
        """Return which pods have each address, by what their insides tell: nobody believes the API alone."""
        found: dict[str, list[str]] = {}
        for pod in self.pods():
            name = pod["metadata"]["name"]
            words = self.cluster.kubectl(
                "-n", self.cluster.namespace, "exec", name, "--", "ip", "-4", "-o", "addr", "show"
            ).split()
            for word in words:
                address = word.partition("/")[0]
                if "/" in word and address.count(".") == 3 and ipaddress.ip_address(address) in self.network:
                    found.setdefault(address, []).append(f"{self.cluster.namespace}/{name}")
        return found

    @property
    def network(self) -> ipaddress.IPv4Network:
        """Return the range."""
        return ipaddress.IPv4Network(self.cidr)

    def run(self) -> None:
        """Let pods come and go, while the pool is reconciled again and again."""
        stop = threading.Event()

        def loop() -> None:
            while not stop.is_set():
                self.results.append(self.reconcile())

        reconciler = threading.Thread(target=loop)
        reconciler.start()
        try:
            for _step in range(STEPS):
                names = [pod["metadata"]["name"] for pod in self.pods() if "deletionTimestamp" not in pod["metadata"]]
                if len(names) < CROWD:
                    self.create()
                else:
                    self.delete(self.random.choice(names), force=self.random.random() < 0.5)
                time.sleep(self.random.random())
        finally:
            stop.set()
            reconciler.join()
        self.counts["runs beside it"] = len(self.results)


@pytest.fixture
def churn(site: Cluster) -> Iterator[Churn]:
    churn = Churn(site)
    yield churn
    site.kubectl("-n", site.namespace, "delete", "pods", "--all", "--wait=true", f"--timeout={PATIENCE}s")
    site.kubectl("-n", KUBE_SYSTEM, "delete", "ippools", churn.name, "--ignore-not-found")


@pytest.mark.shows("E2", "E8", "D10")
@pytest.mark.sample(2, "long stories")
def test_under_churn_no_live_address_is_released_and_none_is_left_over(
    churn: Churn, record_property: Callable[[str, object], None]
) -> None:
    before = len(audited(churn.cluster))
    churn.run()
    failed = [each["msg"] for each in churn.results if each.get("failed") and "run again" not in each["msg"]]
    assert not failed
    running = [pod["metadata"]["name"] for pod in churn.pods() if "deletionTimestamp" not in pod["metadata"]]
    churn.wait(*running)
    last = churn.reconcile()
    assert not last.get("failed"), last
    shown, held = churn.shown(), churn.held()
    twice = {ip: refs for ip, refs in shown.items() if len(refs) > 1}
    lost = {ip: refs for ip, refs in shown.items() if held.get(ip) not in refs}
    leaked = {ip: ref for ip, ref in held.items() if ip not in shown}
    by_ours, by_theirs = released(audited(churn.cluster)[before:], churn.name)
    churn.counts.update(
        {
            "live addresses released": len(lost),
            "duplicates": len(twice),
            "leaks": len(leaked),
            "pool written by ours": by_ours,
            "pool written by Whereabouts": by_theirs,
        }
    )
    record_property(sampling.SAMPLE, f"churn (MULTINET_SEED={sampling.seed()} repeats it): {dict(churn.counts)}")
    assert len(shown) == len(running), "every pod has an address"
    assert (lost, twice, leaked) == ({}, {}, {})
    assert churn.reconcile()["changed"] is False


def audited(cluster: Cluster) -> list[dict[str, Any]]:
    """Return the writes of pools so far, whoever made them."""
    lines = [line for log in cluster.lab.folder.glob("**/audit.log") for line in log.read_text().splitlines() if line]
    events = [json.loads(line) for line in lines if '"ippools"' in line]
    return [event for event in events if event["verb"] in ("patch", "update")]


def released(events: list[dict[str, Any]], pool: str) -> tuple[int, int]:
    """Return how often a pool was written by ours, and by others; one that failed for good is an error."""
    own = [event for event in events if event["objectRef"].get("name") == pool]
    ours = [event for event in own if event["userAgent"].startswith("multinet.gke")]
    return len(ours), len(own) - len(ours)


@pytest.mark.shows("E10")
def test_whereabouts_hands_out_the_next_address_beside_a_reserved_one(churn: Churn) -> None:
    """The real plugin: what is reserved before there is a pod is passed over, and not collected by anybody."""
    network = churn.network
    reserved = [str(network[1]), {"ip": str(network[3]), "note": "appliance"}]
    made = churn.cluster.module(POOL, nad=f"{churn.cluster.namespace}/churn", reserve=reserved)
    assert made["changed"], made
    names = [churn.create() for _each in range(2)]
    churn.wait(*names)
    assert set(churn.shown()) == {str(network[2]), str(network[4])}
    assert churn.held()[str(network[1])] == ""
    assert churn.reconcile()["changed"] is False


@pytest.mark.shows("E2", "E5")
@pytest.mark.sample(2, "long stories")
def test_after_its_node_was_lost_what_is_gone_is_released_and_what_claims_an_address_is_kept(churn: Churn) -> None:
    """A pod that survives may be without its interface while the API denies it: its address is kept, until it goes."""
    cluster = churn.cluster
    selector = "-lcloud.google.com/gke-nodepool=multinet"
    node = cluster.get("nodes", selector)["items"][0]["metadata"]["name"]
    survivor, victim = churn.create(node), churn.create(node)
    churn.wait(survivor, victim)
    where = {
        pod["metadata"]["name"]: address(pod) for pod in churn.pods() if pod["metadata"]["name"] in (survivor, victim)
    }
    boot = cluster.get("node", node)["status"]["nodeInfo"]["bootID"]
    gkelab(cluster, "kill-node", node)
    try:
        churn.delete(victim, force=True)
        done = churn.reconcile()
        assert where[victim] in done["released"] or where[victim] not in churn.held(), done
    finally:
        gkelab(cluster, "start-node", node)
    until(lambda: cluster.get("node", node)["status"]["nodeInfo"]["bootID"] != boot)
    until(lambda: all(each["ready"] for each in statuses(cluster, survivor)))
    kept = churn.reconcile()
    assert churn.held() == {where[survivor]: f"{cluster.namespace}/{survivor}"}
    (row,) = kept["pool"]["allocations"]
    assert (row["state"], row["ip"]) == ("live", where[survivor])
    churn.delete(survivor, force=True)
    until(lambda: not churn.pods())
    churn.reconcile()
    assert churn.held() == {}


def address(pod: dict[str, Any]) -> str:
    """Return the address on the additional network, by network-status."""
    entries = json.loads(pod["metadata"]["annotations"][STATUS])
    return str(next(entry["ips"][0] for entry in entries if entry["name"].endswith("/churn")))


def statuses(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """Return what the kubelet says of a pod's containers."""
    found: list[dict[str, Any]] = cluster.get("-n", cluster.namespace, "pod", name)["status"]["containerStatuses"]
    return found


def gkelab(cluster: Cluster, *args: str) -> None:
    """Run a command of the lab."""
    cluster.lab.gkelab(*args)
