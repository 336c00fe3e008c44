# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of the pods that a verification starts itself: made, awaited, and removed whatever happens.

A run that is killed cannot remove them. So each carries its run's id and a deadline of its own, at which Kubernetes
ends it; the next run removes what has passed its deadline.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ..cni.pods import Pod
from ..errors import ApiError, MultinetError, TimedOut
from ..kube.client import Kube, Object
from ..kube.kinds import POD, Ref
from ..waiting import Deadline, Progress, poll

RUN_LABEL = "multinet.gke/run"  # which run they belong to
GRACE_SECONDS = 1
READ_WITHIN = timedelta(minutes=1)  # what a pod that has ended left behind is read by then, by the run that made it
FORBIDDEN = 403


def new_run() -> str:
    """Return the id of a run; it is a part of its pods' names."""
    return secrets.token_hex(4)


def start(kube: Kube, documents: Iterable[Object]) -> dict[Ref, MultinetError]:
    """Create pods; return which could not be, and why."""
    failures: dict[Ref, MultinetError] = {}
    for document in documents:
        try:
            kube.create(document)
        except MultinetError as error:
            failures[Ref.of(document)] = error
    return failures


def await_all(
    kube: Kube,
    run: str,
    refs: Iterable[Ref],
    *,
    is_settled: Callable[[Pod], bool],
    timeout: float,
    what: str,
    progress: Callable[[Progress], None],
) -> Mapping[str, Object]:
    """Return the pods of a run by name when all are settled, or as they are at the deadline.

    :param refs: those that were asked for; one that could not be made is not waited for.
    :param what: what they are called in progress, "probe pods".
    """
    wanted = tuple(refs)
    namespaces = sorted({ref.namespace or "" for ref in wanted})

    def look() -> dict[str, Object]:
        labels = f"{RUN_LABEL}={run}"
        return {obj["metadata"]["name"]: obj for place in namespaces for obj in kube.list(POD, place, labels=labels)}

    def settled(pods: dict[str, Object]) -> int:
        return sum(is_settled(Pod.of(obj)) for obj in pods.values())

    try:
        return poll(
            look,
            lambda pods: settled(pods) == len(pods),
            what=what,
            deadline=Deadline(timeout),
            longest_pause=1.0,
            describe=lambda pods: f"{settled(pods)} of {len(wanted)} are up",
            progress=progress,
        )
    except TimedOut:
        return look()


def sweep(kube: Kube, now: datetime) -> None:
    """Remove what is left of earlier runs: pods that ended a while ago, or should have; none if we may not look."""
    try:
        for obj in kube.list(POD, labels=RUN_LABEL):
            made = datetime.fromisoformat(obj["metadata"]["creationTimestamp"])
            ends = made + timedelta(seconds=obj["spec"].get("activeDeadlineSeconds", 0))
            if ends < now or (Pod.of(obj).has_ended and made + READ_WITHIN <= now):
                kube.delete(Ref.of(obj), grace_seconds=GRACE_SECONDS)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise


def remove(kube: Kube, refs: Iterable[Ref], warn: Callable[[str], None]) -> None:
    """Remove the pods of this run."""
    for ref in refs:
        try:
            kube.delete(ref, grace_seconds=GRACE_SECONDS)
        except MultinetError as error:
            warn(f"{ref} could not be removed; it ends at its deadline, and the next run removes it: {error}")
