# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of pods by what the API says of them: they run, and with the interfaces that they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ...cni.pods import Pod
from ...cni.texts import some
from ..result import Result, settled
from ..snapshot import Attachment, Snapshot

Finding: TypeAlias = "tuple[str, str]"  # what was found, and what to do

AGAIN = "delete the pod, so that a new one is made (multinet_pod: replace)"


def declared(snapshot: Snapshot) -> Iterator[Result]:
    """Each pod that was declared is there, and runs with all its interfaces."""
    for ref in snapshot.declared:
        findings = (Result("pod", "fail", ref, *finding) for finding in _faults(snapshot, ref))
        yield from settled("pod", ref, "it is Running with all its interfaces", findings)
    for choice in snapshot.unmatched:
        yield Result("pod", "fail", choice, "no pod is among these", "make them, or correct pods")


def _faults(snapshot: Snapshot, ref: str) -> Iterator[Finding]:
    pod = snapshot.pods.by_ref.get(ref)
    if pod is None:
        yield "there is no such pod", "make it: multinet_pod"
    elif pod.deleting:
        yield "it is being deleted", "make it again: multinet_pod"
    elif not pod.runs:
        yield _not_running(pod, snapshot)
    elif not snapshot.is_ready(pod.node):
        text = f"it was Running on {pod.node}, which is not Ready, so nobody can tell whether it still does"
        yield text, f"look at the node: kubectl describe node {pod.node}; if it is lost, {AGAIN}"
    else:
        for attachment in dict.fromkeys(selection.attachment for selection in pod.selections):
            yield from _gaps(pod, attachment)


def _not_running(pod: Pod, snapshot: Snapshot) -> Finding:
    """Return what a pod waits for, in Multus' words if it was Multus, and what to do."""
    reasons = "; ".join(reason for reason in (pod.waiting, snapshot.warnings.get(pod.ref, "")) if reason)
    remedy = f"kubectl -n {pod.namespace} describe pod {pod.name}"
    config = snapshot.installation.config
    hidden = [s.attachment for s in pod.selections if config and not config.allows(pod.namespace, s.namespace)]
    if pod.has_ended:
        remedy = AGAIN
    elif hidden:
        remedy = (
            f"with Multus' namespace isolation pods use attachments of their own namespace and of default only: move "
            f"the pod or {some(hidden)}, or name its namespace in config.global_namespaces of multus_install"
        )
    return f"is {pod.phase}" + (f" ({reasons})" if reasons else ""), remedy


def network_status(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Each pod that asks for the attachment has it, by its network-status."""
    users = snapshot.users(attachment)
    well = f"pods that have it by their network-status: {sum(bool(pod.interfaces_on(attachment.ref)) for pod in users)}"
    others = [pod for pod in users if pod.ref not in snapshot.declared]  # declared pods have a check of their own
    findings = (finding for pod in others for finding in _status_of(pod, attachment, snapshot))
    yield from settled("network_status", attachment.ref, well, findings)


def _status_of(pod: Pod, attachment: Attachment, snapshot: Snapshot) -> Iterator[Result]:
    data = {"nad": attachment.ref, "node": pod.node}
    if not pod.runs:
        yield Result("network_status", "warn", pod.ref, *_not_running(pod, snapshot), data)
        return
    for finding in _gaps(pod, attachment.ref):
        yield Result("network_status", "fail", pod.ref, *finding, data)


def _gaps(pod: Pod, attachment: str) -> Iterator[Finding]:
    """Yield what a running pod lacks of an attachment."""
    if pod.interfaces is None and pod.status_error.startswith("has no"):
        text = f"pod {pod.ref} has annotation but no network-status (Multus was not the CNI when it started?)"
        yield text, AGAIN
    elif pod.interfaces is None:
        yield pod.status_error.removeprefix("its "), AGAIN
    elif attachment in pod.missing:
        yield f"no entry for {attachment} in network-status", AGAIN
    for interface in pod.interfaces_on(attachment):
        if not interface.ips:
            text = f"{interface.name} has no address (NAD has no whereabouts range)"
            yield text, f"give {attachment} a range (nad), then {AGAIN}"
