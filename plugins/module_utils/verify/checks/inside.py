# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of what pods really have inside, against what the API says that they have."""

from __future__ import annotations

from collections.abc import Iterator

from ...cni.pods import Pod
from ...cni.texts import some
from ..inside import Look
from ..result import Result, settled
from ..snapshot import Snapshot
from .words import span

MOST_LOOKS = 200  # pods into which is looked; those of which the API raises a doubt come first
# The sandbox is there a moment after Multus wrote the network-status; one that is much younger is another sandbox.
LATER = 20  # seconds
AGAIN = "delete the pod, so that a new one is made; nothing else repairs it"


def claims(snapshot: Snapshot) -> list[Pod]:
    """Return the running pods whose network-status claims an interface of an attachment that is verified."""
    names = {attachment.ref for attachment in snapshot.attachments if attachment.is_verified}
    return [
        pod
        for pod in snapshot.looked_at()
        if pod.runs and snapshot.is_ready(pod.node) and any(pod.interfaces_on(name) for name in names)
    ]


def lateness(snapshot: Snapshot, pod: Pod) -> float:
    """Return how many seconds after its network-status a pod's sandbox was made; 0 if that raises no doubt.

    So it is when a node was lost and came back before Multus did: the kubelet made new sandboxes without it.
    """
    detail = snapshot.detail(pod)
    if detail.sandbox_since is None or detail.status_since is None:
        return 0
    seconds = (detail.sandbox_since - detail.status_since).total_seconds()
    return seconds if seconds > LATER else 0


def looks(snapshot: Snapshot, *, everywhere: bool) -> list[Look]:
    """Return into which pods to look.

    :param everywhere: not only into those of which the API raises a doubt.
    """
    names = {attachment.ref for attachment in snapshot.attachments}
    pods = sorted(claims(snapshot), key=lambda pod: (not lateness(snapshot, pod), pod.ref))
    return [
        Look(
            pod.ref,
            snapshot.detail(pod).containers[0],
            tuple(each.name for each in pod.interfaces or () if each.network in names),
        )
        for pod in pods
        if snapshot.detail(pod).containers and (everywhere or lateness(snapshot, pod))
    ][:MOST_LOOKS]


def inside(snapshot: Snapshot) -> Iterator[Result]:
    """Pods really have what their network-status claims; where nobody could look, whether that is to be doubted."""
    pods = claims(snapshot)
    findings = [finding for pod in pods for finding in _findings(snapshot, pod)]
    seen = sum(not each.problem for each in snapshot.insides.values())
    well = (
        f"{seen} of {len(pods)} pods have inside what their network-status claims"
        if seen
        else f"of {len(pods)} pods the API raises no doubt; nobody looked into them"
    )
    yield from settled("inside", "all pods", well, findings)


def _findings(snapshot: Snapshot, pod: Pod) -> Iterator[Result]:
    seen, data = snapshot.insides.get(pod.ref), {"node": pod.node}
    if seen and not seen.problem:
        for interface in pod.interfaces or ():
            if interface.default:
                continue
            lacking = [ip for ip in interface.ips if ip not in seen.addresses]
            if interface.name not in seen.interfaces or lacking:
                what = "it" if interface.name not in seen.interfaces else "the address"
                text = (
                    f"its network-status claims {interface.name} with {some(interface.ips) or 'no address'}, but "
                    f"inside it has not {what} (it has: {some(sorted(seen.interfaces - {'lo'})) or 'nothing'})"
                )
                more = {**data, "interface": interface.name, "ips": list(interface.ips)}
                yield Result("inside", "fail", pod.ref, text, AGAIN, more)
    elif lateness(snapshot, pod):
        why = f"; nobody could look into it: {seen.problem}" if seen else ""
        later = span(lateness(snapshot, pod))
        text = (
            f"its sandbox was made {later} after its network-status was written, so it has probably lost its "
            f"additional interfaces with its node{why}"
        )
        yield Result("inside", "warn", pod.ref, text, AGAIN, data)
    elif seen:
        remedy = "allow pods/exec; an image without cat cannot be looked into"
        yield Result("inside", "skip", pod.ref, f"nobody could look into it: {seen.problem}", remedy, data)
