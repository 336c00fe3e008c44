# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of attachments, and of the annotations by which pods ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from ...cni import netconf
from ...cni.annotations import GKE_INTERFACES
from ...cni.config_rules import read_config
from ...cni.findings import Findings, Rules
from ...cni.multus.images import spell
from ...cni.texts import some
from ..result import Result, Status, settled
from ..snapshot import Attachment, Snapshot


def nad_valid(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """The attachment is there, usable, and as described."""
    findings = [Result("nad_valid", "fail", attachment.ref, *finding) for finding in _faults(attachment)]
    if not findings and attachment.is_verified:
        findings = list(_doubts(snapshot, attachment))
    ranges = some(str(cidr) for cidr in attachment.ranges) or f"addresses by {attachment.ipam}"
    yield from settled("nad_valid", attachment.ref, f"ipvlan on {attachment.master}, {ranges}", findings)


def _faults(attachment: Attachment) -> Iterator[tuple[str, str]]:
    target = attachment.target
    if attachment.problem:
        yield attachment.problem, "make it again: nad"
    elif attachment.type != "ipvlan":
        yield f"it is of type {attachment.type}; only ipvlan is verified", "leave it out of attachments"
    else:
        if target.master and attachment.master != target.master:
            yield f"its master is {attachment.master}, not {target.master}", "correct it: nad, master"
        if target.range and target.range not in attachment.ranges:
            have = some(str(cidr) for cidr in attachment.ranges) or "none"
            yield f"its range is {have}, not {target.range}", "correct it: nad, range"
        if not attachment.ipam or (attachment.ipam == netconf.WHEREABOUTS and not attachment.ranges):
            yield "it has no range of Whereabouts, so pods get no address", "give it a range: nad, range"


def _doubts(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Yield what Multus accepts, and Whereabouts refuses or ignores when a pod starts."""
    findings, version = Findings(), snapshot.installation.whereabouts_version
    rules = Rules(whereabouts_version=spell(version)) if version else Rules()
    if attachment.config:
        read_config(findings, "config", dict(attachment.config), rules)
    for problem in findings:
        data = {"path": problem.path, "value": problem.value}
        yield Result("nad_valid", "fail", attachment.ref, str(problem), "correct it: nad", data)
    for warning in findings.warnings:
        yield Result("nad_valid", "warn", attachment.ref, warning, "correct it if that is not meant: nad")


def annotation_valid(snapshot: Snapshot) -> Iterator[Result]:
    """What pods ask for can be read, and there is such an attachment."""
    remedy = "correct it in what makes the pod, and make the pod again"
    findings = []
    for pod in snapshot.looked_at():
        if pod.selections_error:
            text = f"its annotation k8s.v1.cni.cncf.io/networks cannot be used: {pod.selections_error}"
            findings.append(Result("annotation_valid", "fail", pod.ref, text, remedy))
        if pod.has_ended or "network-attachment-definitions" in snapshot.unreadable:
            continue
        for name in dict.fromkeys(selection.attachment for selection in pod.selections):
            if name not in snapshot.known_attachments:
                text = f"asks for {name}, and there is no such NetworkAttachmentDefinition"
                status: Status = "warn" if pod.runs else "fail"
                findings.append(
                    Result("annotation_valid", status, pod.ref, text, f"make {name} (nad), or {remedy}", {"nad": name})
                )
    yield from settled("annotation_valid", "all pods", "all annotations can be used", findings)


def isolation(snapshot: Snapshot) -> Iterator[Result]:
    """With Multus' namespace isolation, pods ask only for attachments that are within their reach."""
    config = snapshot.installation.config
    if config is None:
        yield Result("isolation", "skip", snapshot.installation.ref, "Multus' configuration cannot be read")
        return
    findings = []
    for pod in snapshot.looked_at():
        for name in dict.fromkeys(s.namespace for s in pod.selections if not config.allows(pod.namespace, s.namespace)):
            allowed = sorted({pod.namespace, *config.visible_everywhere})
            text = f"annotation refers to namespace {name}, isolation allows [{', '.join(allowed)}]"
            remedy = (
                f"move the pod or the attachment, or name {name} in config.global_namespaces of multus_install (with "
                "default, which it replaces)"
            )
            status: Status = "warn" if pod.runs else "fail"  # it runs: the configuration has changed since it started
            findings.append(Result("isolation", status, pod.ref, text, remedy, {"namespace": name, "allowed": allowed}))
    reach = f"all may use those of {some(config.visible_everywhere)}" if config.namespace_isolation else "it is off"
    yield from settled(
        "isolation", "all pods", f"all attachments are within the reach of their pods ({reach})", findings
    )


def gke_native_conflict(snapshot: Snapshot) -> Iterator[Result]:
    """No pod uses GKE's own multi-networking and Multus at once, which exclude each other."""
    remedy = f"take one of the two annotations out: {GKE_INTERFACES} or k8s.v1.cni.cncf.io/networks"
    findings = [
        Result("gke_native_conflict", "fail", pod.ref, f"has {GKE_INTERFACES} together with Multus' annotation", remedy)
        for pod in snapshot.looked_at()
        if snapshot.detail(pod).asks_gke and (pod.selections or pod.selections_error)
    ]
    yield from settled("gke_native_conflict", "all pods", "no pod uses both ways to additional networks", findings)
