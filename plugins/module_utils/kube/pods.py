# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bare pod with additional interfaces: a sample or a canary, not a workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..cni.pods import Pod
from ..errors import Refused, TimedOut
from ..reconcile import Change, Plan, State
from ..waiting import Deadline, Progress, poll
from .client import JSON, Kube, Object
from .desired_pod import GRACE_SECONDS, DesiredPod
from .doubts import Doubts, look
from .events import last_warning


@dataclass(frozen=True)
class Observed:
    """A pod, and what a new one would meet."""

    pod: Object | None
    doubts: Doubts = field(default_factory=Doubts)


class PodResource:
    """A pod, made, changed where a pod can be changed, replaced where that was asked for, or deleted."""

    key = "pod"

    def __init__(
        self, kube: Kube, desired: DesiredPod, *, wait: bool, timeout: float, progress: Callable[[Progress], None]
    ) -> None:
        """Take what is wanted.

        :param wait: whether to wait for what was started; a pod that is in the way of a new one is always waited for.
        :param timeout: seconds, for all waits together.
        """
        self._kube, self._desired = kube, desired
        self._wait, self._deadline, self._progress = wait, Deadline(timeout), progress
        self._title = f"pod {desired.namespace}/{desired.name}"

    def observe(self) -> Observed:
        """Return the pod; if there is to be a new one, also what keeps Multus from attaching it."""
        desired, pod = self._desired, self._read()
        if not desired.present or not desired.attachments:
            return Observed(pod)
        if pod is not None and not Pod.of(pod).deleting and not any(desired.needs_new(pod)):
            return Observed(pod)
        return Observed(pod, look(self._kube, desired.attachments, desired.namespace))

    def _read(self) -> Object | None:
        return self._kube.get(self._desired.ref)

    def plan(self, observed: Observed) -> Plan:
        """Return what has to be done; Refused if the pod would have to be replaced and replace is not set."""
        pod, doubts = observed.pod, observed.doubts
        before = self._desired.state_of(pod) if pod else None
        if not self._desired.present:
            if pod is None:
                return Plan(None, None)
            delete = Change(f"delete {self._title}", self._delete)
            return Plan(before, None, (delete,), settle=self._await_gone if self._wait else None)
        changes = self._changes(observed, before)
        waits = self._wait and (changes or pod is None or not _is_up(Pod.of(pod)))
        warnings = (*doubts.obstacles, *doubts.warnings) if changes else ()
        return Plan(before, self._desired.state, changes, warnings, settle=self._settle if waits else None)

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the interfaces, the node and the phase."""
        pod = Pod.of(observed.pod) if observed.pod else None
        interfaces = (pod.interfaces if pod else None) or ()
        return {
            "interfaces": [
                {"name": found.network, "interface": found.name, "ips": list(found.ips), "mac": found.mac}
                for found in interfaces
            ],
            "node": pod.node if pod else "",
            "phase": pod.phase if pod else "",
        }

    def _changes(self, observed: Observed, before: State | None) -> tuple[Change, ...]:
        desired, pod, obstacles = self._desired, observed.pod, observed.doubts.obstacles
        networks = ", ".join(selection.attachment for selection in desired.attachments or ())
        title = f"create {self._title}" + (f" on {networks}" if networks else "")
        create = Change(title, lambda: self._create(obstacles))
        if pod is None or before is None or Pod.of(pod).deleting:
            return (create,)
        reasons = list(desired.needs_new(pod))
        if reasons and not desired.replace:
            raise Refused(
                f"{self._title}: {'; '.join(reasons)}. Only a new pod can change that: "
                "set replace to true to delete this one and create it again"
            )
        if reasons:
            delete = Change(f"delete {self._title}: {'; '.join(reasons)}", lambda: self._delete(obstacles))
            return (delete, create)
        return tuple(self._updates(before))

    def _updates(self, before: State) -> Iterator[Change]:
        """Yield the changes of what can be changed while the pod runs."""
        desired = self._desired
        wanted = {"labels": desired.labels, "annotations": desired.annotations}
        metadata = {option: value for option, value in wanted.items() if value and value != before[option]}
        if metadata:
            yield Change(
                f"update {' and '.join(metadata)} of {self._title}",
                lambda: self._kube.patch(desired.ref, {"metadata": metadata}),
            )
        if desired.image and desired.image != before["image"]:
            patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": desired.image}]
            yield Change(
                f"update image of {self._title} from {before['image']} to {desired.image}",
                lambda: self._kube.patch(desired.ref, patch, JSON),
            )

    def _create(self, obstacles: Sequence[str]) -> None:
        self._refuse(obstacles)
        self._await_gone()
        self._kube.create(self._desired.manifest())

    def _refuse(self, obstacles: Sequence[str]) -> None:
        """Refuse a new pod that would wait for its interfaces for ever; check mode warns, as more may be planned.

        :raises Refused: there are obstacles.
        """
        if obstacles:
            raise Refused(f"{self._title} would not start, and was not made: {'; '.join(obstacles)}")

    def _delete(self, obstacles: Sequence[str] = ()) -> None:
        self._refuse(obstacles)  # the pod stays, rather than go for one that does not start
        self._kube.delete(self._desired.ref, grace_seconds=GRACE_SECONDS)

    def _await_gone(self) -> None:
        poll(
            self._read,
            lambda pod: pod is None,
            what=f"{self._title} is gone",
            deadline=self._deadline,
            describe=lambda pod: "it is being deleted",
            progress=self._progress,
        )

    def _settle(self) -> None:
        """Wait until the pod runs and has all interfaces; a failure says why, in Multus' words if it was Multus."""
        try:
            poll(
                lambda: Pod.of(self._read() or self._desired.manifest()),
                _is_up,
                what=f"{self._title} is Running with its interfaces",
                deadline=self._deadline,
                longest_pause=1.0,
                describe=_describe,
                progress=self._progress,
            )
        except TimedOut as error:
            event = last_warning(self._kube, self._desired.ref)
            raise TimedOut(
                error.what, error.seconds, f"{error.last_seen}. {event}" if event else error.last_seen
            ) from error


def _is_up(pod: Pod) -> bool:
    return pod.runs and not pod.missing


def _describe(pod: Pod) -> str:
    text = pod.phase + (f" ({pod.waiting})" if pod.waiting else "")
    return f"{text} without {', '.join(pod.missing)}" if pod.runs else text
