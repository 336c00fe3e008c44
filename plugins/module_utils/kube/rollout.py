# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a DaemonSet's pods are everywhere and of its latest template; the rule is that of kubectl rollout status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..cni.pods import Pod
from ..cni.texts import some
from ..errors import TimedOut
from ..waiting import Deadline, poll
from .client import Kube, Object
from .kinds import POD, Ref


@dataclass(frozen=True)
class Rollout:
    """How far a DaemonSet is."""

    is_observed: bool  # the controller has seen the latest template; the numbers speak of that
    desired: int
    updated: int
    ready: int
    available: int

    @classmethod
    def of(cls, daemonset: Object | None) -> Rollout:
        """Return how far a DaemonSet is; one that does not exist has seen nothing yet."""
        if daemonset is None:
            return cls(is_observed=False, desired=0, updated=0, ready=0, available=0)
        status = daemonset.get("status", {})
        return cls(
            is_observed=status.get("observedGeneration", 0) >= daemonset["metadata"]["generation"],
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
            return "the DaemonSet controller has not seen the change yet"
        return f"of {self.desired} pods, {self.updated} are up to date and {self.available} available"


def wait_until_rolled_out(
    kube: Kube, ref: Ref, labels: str, deadline: Deadline, progress: Callable[[str], None]
) -> None:
    """Wait until a DaemonSet is rolled out.

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
        unready = [_describe(Pod.of(pod)) for pod in kube.list(POD, ref.namespace, labels=labels) if not _is_ready(pod)]
        seen = f"{late.last_seen}; {some(unready, separator='; ')}" if unready else late.last_seen
        raise TimedOut(late.what, late.seconds, seen) from late


def _describe(pod: Pod) -> str:
    """Return where a pod is, and why it is not ready."""
    place = f" on {pod.node}" if pod.node else ""
    return f"{pod.name}{place}: {pod.waiting or pod.phase}"


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
