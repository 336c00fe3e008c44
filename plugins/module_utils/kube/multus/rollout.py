# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the pods of a DaemonSet or Deployment are of its latest template and work.

The rule is that of kubectl rollout status.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from ...cni.pods import Pod
from ...cni.texts import some
from ...errors import TimedOut
from ...waiting import Deadline, Progress, poll
from ..client import Kube, Object
from ..kinds import POD, Ref

# On the pod template; kubectl rollout restart writes the same.
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


@dataclass(frozen=True)
class Rollout:
    """How far a DaemonSet or Deployment is."""

    is_observed: bool  # the controller has seen the latest template; the numbers speak of that
    desired: int
    updated: int
    ready: int
    available: int

    @classmethod
    def of(cls, workload: Object | None) -> Rollout:
        """Return how far it is; one that does not exist has seen nothing yet."""
        if workload is None:
            return cls(is_observed=False, desired=0, updated=0, ready=0, available=0)
        status = workload.get("status", {})
        is_observed = status.get("observedGeneration", 0) >= workload["metadata"]["generation"]
        if workload.get("kind") == "Deployment":
            return cls(
                is_observed=is_observed,
                desired=workload["spec"].get("replicas", 1),
                updated=status.get("updatedReplicas", 0),
                ready=status.get("readyReplicas", 0),
                available=status.get("availableReplicas", 0),
            )
        return cls(
            is_observed=is_observed,
            desired=status.get("desiredNumberScheduled", 0),
            updated=status.get("updatedNumberScheduled", 0),
            ready=status.get("numberReady", 0),
            available=status.get("numberAvailable", 0),
        )

    @property
    def is_complete(self) -> bool:
        """Tell whether every node that should have a pod has a new one that works."""
        return self.is_observed and self.updated >= self.desired and self.available >= self.desired

    def __str__(self) -> str:
        if not self.is_observed:
            return "its controller has not seen the change yet"
        return f"of {self.desired} pods, {self.updated} are up to date and {self.available} available"


def restart(kube: Kube, ref: Ref) -> None:
    """Have the pods of a DaemonSet or Deployment made anew, a few at a time; this does not wait for them."""
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now()}}}}}
    kube.patch(ref, patch)


def now() -> str:
    """Return the time in the form of the API, RFC 3339 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wait_until_rolled_out(
    kube: Kube, ref: Ref, labels: str, deadline: Deadline, progress: Callable[[Progress], None]
) -> None:
    """Wait until a DaemonSet or Deployment is rolled out.

    :param labels: selector of its pods.
    :raises TimedOut: with the pods that are not ready, and why.
    """
    try:
        poll(
            lambda: Rollout.of(kube.get(ref)),
            lambda rollout: rollout.is_complete,
            what=f"rollout of {ref}",
            deadline=deadline,
            progress=progress,
        )
    except TimedOut as late:
        unready = [describe(Pod.of(pod)) for pod in kube.list(POD, ref.namespace, labels=labels) if not is_ready(pod)]
        seen = f"{late.last_seen}; {some(unready, separator='; ')}" if unready else late.last_seen
        raise TimedOut(late.what, late.seconds, seen) from late


def describe(pod: Pod) -> str:
    """Return where a pod is, and why it is not ready."""
    place = f" on {pod.node}" if pod.node else ""
    return f"{pod.name}{place}: {pod.waiting or pod.phase}"


def is_ready(pod: Object) -> bool:
    """Tell whether all containers of a pod are ready."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
