# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put right on demand, and what is left because it would be lost."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import snapshots
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod
from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import DAEMON_SET, IP_POOL, POD, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.rollout import Rollout
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import Installation
from ansible_collections.multinet.gke.plugins.module_utils.verify.repair import repair
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Request
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Snapshot
from ansible_collections.multinet.gke.plugins.modules.multinet_verify import SPEC
from talking import Context

Object = dict[str, Any]
DONE = Rollout(is_observed=True, desired=2, updated=2, ready=2, available=2)
OLD_TOKEN = [Result("token_age", "fail", "kube-system/gke-multinet", "it expired")]


def lacking(name: str, maker: str = "", node: str = "node-1", **more: Any) -> Object:
    """Return a running pod without network-status, and what makes it again."""
    owners = [{"kind": maker, "name": "web", "controller": True}] if maker else []
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-of-{name}",
            "annotations": {"k8s.v1.cni.cncf.io/networks": "my-nad"},
            "ownerReferences": owners,
            **more,
        },
        "spec": {"nodeName": node},
        "status": {"phase": "Running"},
    }


class Cluster:
    """An API server with pods, Multus and a pool."""

    def __init__(self, *pods: Object, allocations: dict[str, Object] | None = None) -> None:
        self.pods = {each["metadata"]["name"]: each for each in pods}
        self.pool = {
            "metadata": {"name": "172.16.1.0-24", "namespace": "kube-system", "resourceVersion": "1"},
            "spec": {"range": "172.16.1.0/24", "allocations": allocations or {}},
        }
        status = {"observedGeneration": 1, "desiredNumberScheduled": 0}
        selector = {"matchLabels": {"app": "gke-multinet"}}
        self.daemonset = {"metadata": {"generation": 1}, "spec": {"selector": selector}, "status": status}
        self.deleted: list[tuple[str, str | None]] = []
        self.patches: list[tuple[str, Any]] = []
        self.conflict = False

    def get(self, ref: Ref) -> Object | None:
        found = {POD: self.pods.get(ref.name), DAEMON_SET: self.daemonset, IP_POOL: self.pool}[ref.kind]
        return copy.deepcopy(found)

    def list(self, kind: Kind, namespace: str | None = None, *, fields: str = "", **how: Any) -> Iterator[Object]:
        """All pods run, so none is found by another phase."""
        pods = [{**pod, "cells": {"Node": "node-1"}} for pod in self.pods.values() if not fields]
        return iter(copy.deepcopy({POD: pods, IP_POOL: [self.pool]}.get(kind, [])))

    def delete(self, ref: Ref, *, uid: str) -> None:
        if self.conflict:
            raise ApiError("delete", 409, "Conflict", "the UID in the precondition does not match")
        self.deleted.append((ref.name, uid))
        del self.pods[ref.name]

    def patch(self, ref: Ref, patch: Any, content_type: str = "") -> Object:
        self.patches.append((str(ref), patch))
        return {}

    def seen(self, rollout: Rollout = DONE) -> Snapshot:
        """Return what a verification sees of it."""
        pods = [Pod.of(each) for each in self.pods.values()]
        pool = snapshots.pool({key: each["podref"] for key, each in self.pool["spec"]["allocations"].items()})  # type: ignore[attr-defined]
        taken = snapshots.snapshot(*pods, pools=(pool,))
        return replace(taken, installation=Installation(rollout=rollout))


def run(
    cluster: Cluster, *asked: str, seen: Snapshot | None = None, results: Any = (), check_mode: bool = False
) -> tuple[dict[str, Any], list[Result]]:
    options = {"repair": list(asked), "confirm_after": 0, "wait_timeout": 1}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    request = Request.of(checked.validated_parameters)
    context = Context(check_mode=check_mode)
    found = repair(cluster, request, seen or cluster.seen(), results, context)  # type: ignore[arg-type]
    assert context.warnings == []
    return found


PODS, BARE = "restart_pods_without_status", "delete_bare_pods_without_status"


def test_pods_that_are_made_again_are_deleted_and_bare_ones_left() -> None:
    cluster = Cluster(lacking("a", "ReplicaSet"), lacking("bare"), lacking("mirror", "Node"))
    done, left = run(cluster, PODS)
    assert cluster.deleted == [("a", "uid-of-a")]
    assert done["actions"] == ["delete pod default/a without default/my-nad (ReplicaSet web makes it again)"]
    assert done["diff"]["before"]["pods"] == {"without_interfaces": ["default/a", "default/bare", "default/mirror"]}
    assert done["diff"]["after"]["pods"] == {"without_interfaces": ["default/bare", "default/mirror"]}
    assert [(result.subject, result.status) for result in left] == [
        ("default/bare", "warn"),
        ("default/mirror", "warn"),
    ]
    assert "nobody would make it again" in left[0].msg


def test_check_mode_announces_the_same_and_deletes_nothing() -> None:
    cluster = Cluster(lacking("a", "DaemonSet"), lacking("bare"))
    announced, _left = run(cluster, PODS, BARE, check_mode=True)
    assert (cluster.deleted, announced["changed"]) == ([], True)
    done, _left = run(cluster, PODS, BARE)
    assert (done["actions"], done["diff"]) == (announced["actions"], announced["diff"])
    assert sorted(name for name, _uid in cluster.deleted) == ["a", "bare"]


def test_bare_pods_are_deleted_only_if_that_is_asked_for() -> None:
    cluster = Cluster(lacking("a", "ReplicaSet"), lacking("bare"))
    done, left = run(cluster, BARE)
    assert cluster.deleted == [("bare", "uid-of-bare")]
    assert done["actions"] == ["delete bare pod default/bare without default/my-nad (nobody makes it again)"]
    assert [result.remedy for result in left] == [f"repair: {PODS}"]


def test_nothing_is_deleted_while_new_pods_would_lack_their_interfaces_too() -> None:
    cluster = Cluster(lacking("a", "ReplicaSet"))
    done, left = run(cluster, PODS, seen=cluster.seen(replace(DONE, available=1)))
    assert (cluster.deleted, done["changed"]) == ([], False)
    assert ["Multus' rollout is not complete" in result.msg for result in left] == [True]


@pytest.mark.parametrize(
    "fine",
    [
        lacking("lost", "ReplicaSet", node="node-9"),
        lacking("going", "ReplicaSet", deletionTimestamp="2026-01-01T00:00:00Z"),
        {**lacking("new", "ReplicaSet"), "status": {"phase": "Pending"}},
        {**lacking("other", "ReplicaSet"), "metadata": {"name": "other", "namespace": "default", "uid": "u"}},
    ],
    ids=lambda obj: obj["metadata"]["name"],
)
def test_pods_that_are_not_to_blame_are_left(fine: Object) -> None:
    cluster = Cluster(fine)
    done, left = run(cluster, PODS, BARE)
    assert (cluster.deleted, done["changed"], left) == ([], False, [])


def test_a_pod_that_has_got_its_interface_meanwhile_is_left() -> None:
    cluster = Cluster(lacking("a", "ReplicaSet"))
    seen = cluster.seen()
    status = '[{"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.5"]}]'
    cluster.pods["a"]["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = status
    done, left = run(cluster, PODS, seen=seen)
    assert (cluster.deleted, done["changed"], left) == ([], False, [])


def test_a_new_pod_of_the_same_name_is_not_deleted() -> None:
    cluster = Cluster(lacking("a", "StatefulSet"))
    cluster.conflict = True
    with pytest.raises(AssertionError, match="restarted pods run"):  # it is waited for, and that is said
        run(cluster, PODS)
    assert "a" in cluster.pods


def test_an_old_token_restarts_multus() -> None:
    cluster = Cluster()
    done, _left = run(cluster, "restart_daemonset_on_token", results=OLD_TOKEN)
    assert done["actions"] == ["restart DaemonSet kube-system/gke-multinet, so that the nodes get a new token"]
    ((ref, patch),) = cluster.patches
    assert ref == "DaemonSet kube-system/gke-multinet"
    assert list(patch["spec"]["template"]["metadata"]["annotations"]) == ["kubectl.kubernetes.io/restartedAt"]
    fresh = [replace(OLD_TOKEN[0], status="pass")]
    assert run(cluster, "restart_daemonset_on_token", results=fresh)[0] == {"changed": False, "actions": []}


def test_leaked_addresses_are_released_and_live_ones_kept() -> None:
    pod = lacking("a", "ReplicaSet")
    status = '[{"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.5"]}]'
    pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = status
    held = {"5": {"id": "c", "podref": "default/a"}, "6": {"id": "d", "podref": "default/gone"}}
    cluster = Cluster(pod, allocations=held)
    done, _left = run(cluster, "reconcile_pool")
    assert done["changed"]
    ((ref, patch),) = cluster.patches
    assert ref == "IPPool kube-system/172.16.1.0-24"
    assert [each["path"] for each in patch if each["op"] == "remove"] == ["/spec/allocations/6"]


def test_nothing_is_repaired_unasked() -> None:
    cluster = Cluster(lacking("a", "ReplicaSet"), allocations={"6": {"id": "d", "podref": "default/gone"}})
    assert run(cluster, results=OLD_TOKEN) == ({"changed": False, "actions": []}, [])
    assert (cluster.deleted, cluster.patches) == ([], [])
