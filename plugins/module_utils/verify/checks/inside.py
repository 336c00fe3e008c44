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
# The sandbox is there a moment after Multus wrote the network-status; one that is much younger is another sandbox, or
# the kubelet was busy with a large image in between.
LATER = 60  # seconds
AGAIN = "delete the pod, so that a new one is made; nothing else repairs it"


def claims(snapshot: Snapshot) -> list[Pod]:
    """Return the running pods whose network-status claims an interface of an attachment that is verified."""
    names = {attachment.ref for attachment in snapshot.attachments if attachment.is_verified}
    return [
        pod
        for pod in snapshot.looked_at()
        if pod.runs and snapshot.is_ready(pod.node) and any(pod.interfaces_on(name) for name in names)
    ]


def doubt(snapshot: Snapshot, pod: Pod) -> str:
    """Return why a pod's sandbox is probably not the one that its network-status speaks of; empty if nothing says so.

    When a node was lost and came back before Multus did, the kubelet made new sandboxes without it.
    """
    detail = snapshot.detail(pod)
    own = [ip for interface in pod.interfaces or () if interface.default for ip in interface.ips]
    if own and detail.pod_ips and not set(own) & set(detail.pod_ips):
        return f"its first address is {some(detail.pod_ips)}, not {some(own)} as its network-status says"
    if detail.sandbox_since and detail.status_since:
        later = (detail.sandbox_since - detail.status_since).total_seconds()
        if later > LATER:
            return f"its sandbox was made {span(later)} after its network-status was written"
    return ""


def looks(snapshot: Snapshot, *, everywhere: bool) -> list[Look]:
    """Return into which pods to look.

    :param everywhere: not only into those of which the API raises a doubt.
    """
    names = {attachment.ref for attachment in snapshot.attachments}
    pods = sorted(claims(snapshot), key=lambda pod: (not doubt(snapshot, pod), pod.ref))
    return [
        Look(
            pod.ref,
            snapshot.detail(pod).containers[0],
            tuple(each.name for each in pod.interfaces or () if each.network in names),
        )
        for pod in pods
        if snapshot.detail(pod).containers and (everywhere or doubt(snapshot, pod))
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
                what = f"no {interface.name}" if interface.name not in seen.interfaces else "not that address"
                text = (
                    f"its network-status claims {interface.name} with {some(interface.ips) or 'no address'}, but "
                    f"inside the pod has {what} (it has: {some(sorted(seen.interfaces - {'lo'})) or 'nothing'})"
                )
                claimed = {"interface": interface.name, "ips": list(interface.ips)}
                yield Result("inside", "fail", pod.ref, text, AGAIN, {**data, **claimed})
    elif why := doubt(snapshot, pod):
        more = f"; nobody could look into it: {seen.problem}" if seen else ""
        text = f"{why}, so it has probably lost its additional interfaces with its node{more}"
        yield Result("inside", "warn", pod.ref, text, AGAIN, data)
    elif seen:
        remedy = "allow pods/exec; an image without cat cannot be looked into"
        yield Result("inside", "skip", pod.ref, f"nobody could look into it: {seen.problem}", remedy, data)
