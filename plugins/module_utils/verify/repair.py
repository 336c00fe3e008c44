# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification can put right itself, if it is asked to: each as a resource for :mod:`reconcile`.

Nothing that somebody may need is lost: pods are deleted only if a controller makes them again, and addresses are
released by the rules of whereabouts_pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..cni.pods import Pod
from ..errors import ApiError, TimedOut
from ..kube.client import Kube, Object
from ..kube.kinds import DAEMON_SET, POD, Ref
from ..kube.multus.rollout import Rollout, restart, wait_until_rolled_out
from ..kube.pools.pool_options import DesiredPool, Target
from ..kube.pools.pools import PoolResource
from ..reconcile import Change, Context, Plan, State, reconcile
from ..waiting import Deadline, poll
from .request import Request
from .result import Result
from .snapshot import Snapshot

PODS, BARE_PODS = "restart_pods_without_status", "delete_bare_pods_without_status"
TOKEN, POOLS = "restart_daemonset_on_token", "reconcile_pool"
AGE = "token_age"  # the check that tells
CHOICES = (PODS, BARE_PODS, TOKEN, POOLS)
CHANGED = 409


def repair(
    kube: Kube, request: Request, snapshot: Snapshot, results: Sequence[Result], context: Context
) -> tuple[dict[str, Any], list[Result]]:
    """Repair what is asked for and found; in check mode say what would be repaired.

    :param results: what the checks found.
    :returns: changed, actions and diff, and what was left as it is.
    """
    outcomes: dict[str, dict[str, Any]] = {}
    multus = Ref(DAEMON_SET, snapshot.installation.name, snapshot.installation.namespace)
    left: list[Result] = []
    if TOKEN in request.repair and any(each.check == AGE and each.status in ("fail", "warn") for each in results):
        outcomes["daemonset"] = reconcile(Restart(kube, multus, request, context), context)
    stale = stale_pods(snapshot) if {PODS, BARE_PODS} & set(request.repair) else []
    rollout = snapshot.installation.rollout
    if stale and not (rollout and rollout.is_complete):
        text = (
            "pods without their interfaces were left: Multus' rollout is not complete, so new ones would lack them, too"
        )
        left.append(Result("repair", "warn", "pods", text, "let the rollout end, and verify again"))
    elif stale:
        pods = StalePods(kube, request, stale, context)
        outcomes["pods"] = reconcile(pods, context)
        left += pods.left
    if POOLS in request.repair:
        desired = DesiredPool("reconciled", confirm_after=request.confirm_after)
        for pool in orphaned_pools(snapshot):
            outcomes[f"pool {pool.name}"] = reconcile(PoolResource(kube, pool, desired, context), context)
    return _merged(outcomes), left


def stale_pods(snapshot: Snapshot) -> list[tuple[Pod, str]]:
    """Return the pods that run on ready nodes without an interface that they ask for, each with the attachment."""
    return [
        (pod, attachment.ref)
        for attachment in snapshot.attachments
        for pod in snapshot.users(attachment)
        if pod.runs and _lacks(pod, attachment.ref)
        if pod.node in snapshot.nodes and snapshot.nodes[pod.node].ready
    ]


def orphaned_pools(snapshot: Snapshot) -> list[Target]:
    """Return the pools of the attachments with addresses that nobody has any more."""
    names = {name for attachment in snapshot.attachments for name in attachment.pool_names}
    return [
        Target(pool.name, pool.namespace)
        for pool, verdicts in snapshot.pools
        if pool.name in names and not pool.error and any(verdict.state == "orphan" for verdict in verdicts)
    ]


def _lacks(pod: Pod, attachment: str) -> bool:
    return pod.interfaces is None or attachment in pod.missing


@dataclass(frozen=True)
class Stale:
    """A pod without an interface that it asks for."""

    ref: Ref
    uid: str
    controller: str  # that makes it again: "ReplicaSet web-5d4f"; empty: nobody does
    attachment: str

    @classmethod
    def of(cls, obj: Object, attachment: str) -> Stale:
        """Return what a pod object says."""
        metadata = obj["metadata"]
        owners = [owner for owner in metadata.get("ownerReferences", ()) if owner.get("controller")]
        # A pod that belongs to a node is the image of a file there: deleting it does not restart it.
        makers = [f"{owner['kind']} {owner['name']}" for owner in owners if owner["kind"] != "Node"]
        return cls(Ref.of({**obj, "kind": POD.kind}), metadata["uid"], makers[0] if makers else "", attachment)

    @property
    def name(self) -> str:
        """Return "namespace/name"."""
        return f"{self.ref.namespace}/{self.ref.name}"


class StalePods:
    """Pods without their interfaces, deleted so that new ones are made."""

    key = "pods"

    def __init__(self, kube: Kube, request: Request, found: Sequence[tuple[Pod, str]], context: Context) -> None:
        self._kube, self._request, self._context = kube, request, context
        self._found = dict(found_by_ref(found))
        self._deadline = Deadline(request.wait_timeout)
        self.left: list[Result] = []  # what was not deleted, and why

    def observe(self) -> tuple[Stale, ...]:
        """Read the pods again: those that still lack their interface."""
        seen = []
        for ref, attachment in self._found.items():
            obj = self._kube.get(ref)
            if obj and Pod.of(obj).runs and not Pod.of(obj).deleting and _lacks(Pod.of(obj), attachment):
                seen.append(Stale.of(obj, attachment))
        return tuple(seen)

    def plan(self, observed: tuple[Stale, ...]) -> Plan:
        """Return which pods are deleted: those that a controller makes again, bare ones only if asked for."""
        wanted = {True: PODS in self._request.repair, False: BARE_PODS in self._request.repair}
        doomed = [pod for pod in observed if wanted[bool(pod.controller)]]
        self.left = [_left(pod) for pod in observed if pod not in doomed]
        changes = tuple(Change(_title(pod), partial(self._delete, pod)) for pod in doomed)
        before: State = {"without_interfaces": [pod.name for pod in observed]}
        after: State = {"without_interfaces": [pod.name for pod in observed if pod not in doomed]}
        return Plan(before, after, changes, settle=(lambda: self._settle(doomed)) if doomed else None)

    def facts(self, observed: tuple[Stale, ...], plan: Plan) -> dict[str, Any]:
        """Return nothing more."""
        return {}

    def _delete(self, pod: Stale) -> None:
        """Delete a pod, but no other one that took its name meanwhile."""
        try:
            self._kube.delete(pod.ref, uid=pod.uid)
        except ApiError as error:
            if error.status != CHANGED:
                raise

    def _settle(self, doomed: Sequence[Stale]) -> None:
        """Wait until they are gone, and all pods of the same controllers run; the verification tells what does not."""
        uids, makers = {pod.uid for pod in doomed}, {pod.controller for pod in doomed if pod.controller}
        namespaces = sorted({pod.ref.namespace or "" for pod in doomed})

        def waiting() -> list[str]:
            objects = [obj for namespace in namespaces for obj in self._kube.list(POD, namespace)]
            return [
                obj["metadata"]["name"]
                for obj in objects
                if obj["metadata"]["uid"] in uids
                or (Stale.of(obj, "").controller in makers and Pod.of(obj).phase == "Pending")
            ]

        try:
            poll(
                waiting,
                lambda names: not names,
                what="restarted pods run",
                deadline=self._deadline,
                describe=lambda names: f"{len(names)} to go",
                progress=self._context.progress,
            )
        except TimedOut as late:
            self._context.warn(str(late))


def found_by_ref(found: Sequence[tuple[Pod, str]]) -> Mapping[Ref, str]:
    """Return the attachment that a pod lacks, by the pod; one is enough to restart it."""
    return {Ref(POD, pod.name, pod.namespace): attachment for pod, attachment in found}


def _title(pod: Stale) -> str:
    if pod.controller:
        return f"delete pod {pod.name} without {pod.attachment} ({pod.controller} makes it again)"
    return f"delete bare pod {pod.name} without {pod.attachment} (nobody makes it again)"


def _left(pod: Stale) -> Result:
    if pod.controller:
        text = f"it was left without {pod.attachment}: {pod.controller} would make it again"
        return Result("repair", "warn", pod.name, text, f"repair: {PODS}")
    text = f"it was left without {pod.attachment}: nobody would make it again"
    return Result(
        "repair", "warn", pod.name, text, f"make it again yourself (multinet_pod: replace), or repair: {BARE_PODS}"
    )


class Restart:
    """Multus' DaemonSet, restarted so that each node gets a new token."""

    key = "daemonset"

    def __init__(self, kube: Kube, ref: Ref, request: Request, context: Context) -> None:
        self._kube, self._ref, self._request, self._context = kube, ref, request, context

    def observe(self) -> Object | None:
        """Read the DaemonSet."""
        return self._kube.get(self._ref)

    def plan(self, observed: Object | None) -> Plan:
        """Return the restart."""
        if observed is None:
            return Plan(None, None)
        labels = observed["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        title = f"restart {self._ref}, so that the nodes get a new token"
        return Plan(
            {"restart": False},
            {"restart": True},
            (Change(title, partial(restart, self._kube, self._ref)),),
            settle=lambda: wait_until_rolled_out(
                self._kube, self._ref, selector, Deadline(self._request.wait_timeout), self._context.progress
            ),
        )

    def facts(self, observed: Object | None, plan: Plan) -> dict[str, Any]:
        """Return how far the rollout is."""
        return {"rollout": str(Rollout.of(observed))}


def _merged(outcomes: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return one result for all repairs."""
    diffs = {name: outcome["diff"] for name, outcome in outcomes.items() if "diff" in outcome}
    result: dict[str, Any] = {
        "changed": any(outcome["changed"] for outcome in outcomes.values()),
        "actions": [action for outcome in outcomes.values() for action in outcome["actions"]],
    }
    if diffs:
        result["diff"] = {side: {name: diff[side] for name, diff in diffs.items()} for side in ("before", "after")}
    return result
