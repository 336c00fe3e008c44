# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of pods: each with what passes and what does not."""

from __future__ import annotations

import pytest
from snapshots import ASKS, NAD, answers, pod, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Selection
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multusconf import MultusConfig
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks import catalogue
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.pods import declared, network_status
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import Installation
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Node

NO_STATUS = "pod default/a has annotation but no network-status (Multus was not the CNI when it started?)"


@pytest.mark.parametrize(
    ("user", "status", "subject", "msg"),
    [
        (pod("a", "172.16.1.1"), "pass", "default/my-nad", "pods that have it by their network-status: 1"),
        (pod("a", interfaces=None), "fail", "default/a", NO_STATUS),
        (
            pod("a", interfaces=None, status_error="its network-status is not JSON: Expecting value"),
            "fail",
            "default/a",
            "network-status is not JSON: Expecting value",
        ),
        (
            pod("a", "172.16.1.1", network="default/other"),
            "fail",
            "default/a",
            "no entry for default/my-nad in network-status",
        ),
        (pod("a"), "fail", "default/a", "net1 has no address (NAD has no whereabouts range)"),
        (
            pod("a", interfaces=None, phase="Pending", waiting="ContainerCreating"),
            "warn",
            "default/a",
            "is Pending (ContainerCreating)",
        ),
    ],
)
def test_network_status(user: Pod, status: str, subject: str, msg: str) -> None:
    assert answers(network_status(snapshot(user), NAD)) == [(status, subject, msg)]


def test_a_waiting_pod_is_told_in_the_words_of_multus() -> None:
    waits = pod("a", interfaces=None, phase="Pending", waiting="ContainerCreating")
    said = "FailedCreatePodSandBox: cannot find a network-attachment-definition"
    assert answers(network_status(snapshot(waits, warnings={"default/a": said}), NAD)) == [
        ("warn", "default/a", f"is Pending (ContainerCreating; {said})")
    ]


WELL = "it is Running with all its interfaces"


@pytest.mark.parametrize(
    ("there", "status", "msg", "remedy"),
    [
        (pod("a", "172.16.1.1"), "pass", WELL, ""),
        (Pod("default", "a", node="node-1"), "pass", WELL, ""),
        (
            pod("a", "172.16.1.1", node="node-3"),
            "fail",
            "it was Running on node-3, which is not Ready, so nobody can tell whether it still does",
            "kubectl describe node node-3",
        ),
        (pod("b", "172.16.1.1"), "fail", "there is no such pod", "make it: multinet_pod"),
        (pod("a", "172.16.1.1", deleting=True), "fail", "it is being deleted", "make it again"),
        (
            pod("a", interfaces=None, phase="Pending", waiting="ContainerCreating"),
            "fail",
            "is Pending (ContainerCreating; FailedCreatePodSandBox: no free address)",
            "kubectl -n default describe pod a",
        ),
        (
            pod("a", phase="Failed", waiting="Evicted"),
            "fail",
            "is Failed (Evicted; FailedCreatePodSandBox: no free address)",
            "multinet_pod: replace",
        ),
        (pod("a", interfaces=None), "fail", NO_STATUS, "delete the pod"),
        (
            pod("a", "172.16.1.1", selections=(*ASKS, Selection("other", "default"))),
            "fail",
            "no entry for default/other in network-status",
            "delete the pod",
        ),
        (
            pod("a", "172.16.1.1", selections=(*ASKS, *ASKS)),
            "fail",
            "no entry for default/my-nad in network-status",
            "delete the pod",
        ),
        (pod("a"), "fail", "net1 has no address (NAD has no whereabouts range)", "give default/my-nad a range"),
    ],
)
def test_a_declared_pod_must_run_with_all_its_interfaces(there: Pod, status: str, msg: str, remedy: str) -> None:
    warnings = {"default/a": "FailedCreatePodSandBox: no free address"}
    nodes = (Node("node-1"), Node("node-2"), Node("node-3", ready=False))
    seen = snapshot(there, nodes=nodes, declared=("default/a",), warnings=warnings, namespaces=("other",))
    (result,) = declared(seen)
    assert (result.status, result.subject, result.msg) == (status, "default/a", msg)
    assert remedy in result.remedy


def test_a_choice_that_no_pod_is_among_is_a_finding() -> None:
    assert answers(declared(snapshot(unmatched=("apps (app=db)",)))) == [
        ("fail", "apps (app=db)", "no pod is among these")
    ]


def test_what_is_wrong_with_a_declared_pod_is_said_once() -> None:
    dead = pod("a", interfaces=None, phase="Pending")
    seen = snapshot(dead, pod("b", "172.16.1.2"), declared=("default/a",))
    assert answers(network_status(seen, NAD)) == [
        ("pass", "default/my-nad", "pods that have it by their network-status: 1")
    ]
    failed = [result for result in catalogue.check(seen, ("pod", "network_status")) if result.status == "fail"]
    assert [(result.check, result.subject) for result in failed] == [("pod", "default/a")]


@pytest.mark.parametrize(
    ("namespace", "config", "told"),
    [
        ("team", MultusConfig(namespace_isolation=True), True),
        ("default", MultusConfig(namespace_isolation=True), False),
        ("team", MultusConfig(global_namespaces=("default", "team")), False),
        ("team", MultusConfig(namespace_isolation=False), False),
    ],
)
def test_a_pod_that_waits_for_an_attachment_out_of_its_reach_is_told_so(
    namespace: str, config: MultusConfig, told: bool
) -> None:
    waits = Pod("other", "a", phase="Pending", selections=(Selection("my-nad", namespace),))
    (result,) = declared(snapshot(waits, declared=("other/a",), installation=Installation(config=config)))
    assert (f"move the pod or {namespace}/my-nad, or name its namespace" in result.remedy) is told


@pytest.mark.parametrize(
    "nobody",
    [
        Pod("default", "plain"),
        pod("ended", "172.16.1.1", phase="Succeeded"),
        pod("deleting", "172.16.1.1", deleting=True),
        pod("probe", "172.16.1.1", labels={"multinet.gke/run": "x"}),
    ],
)
def test_who_does_not_count_as_a_user(nobody: Pod) -> None:
    assert snapshot(nobody).users(NAD) == []


def test_only_pods_of_the_named_namespaces_count() -> None:
    assert snapshot(pod("a"), namespaces=("other",)).users(NAD) == []
    assert len(snapshot(pod("a"), namespaces=("default",)).users(NAD)) == 1
