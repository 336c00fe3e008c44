# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API alone can prove or disprove; each check is a pure function from a snapshot to results.

What the API says may be untrue: a pod that survived its node's loss can be without its interface while its annotation,
its allocation and its phase all deny it. Only packets tell, and they are matrix.py's part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TypeAlias

from ..cni.annotations import Interface
from ..cni.daemonset import NAMESPACE
from ..cni.multusconf import allows
from ..cni.pods import Pod
from ..cni.ranges import IPAddress, parse_address
from ..cni.texts import some
from ..cni.whereabouts import describe, problems_of
from .result import Result, settled
from .snapshot import MULTUS, Attachment, Node, Snapshot

Finding: TypeAlias = "tuple[str, str]"  # what was found, and what to do

FULL_PERCENT = 90  # of a pool: worth a warning
AGAIN = "delete the pod, so that a new one is made (multinet_pod: replace)"
GOOGLE_MAC = "42:01:"  # Compute Engine: 42:01, then the interface's IPv4 address


def check(snapshot: Snapshot) -> list[Result]:
    """Return the results of all checks that need nothing but the snapshot."""
    results = [*rollout(snapshot), *selections(snapshot), *declared(snapshot), *pools(snapshot)]
    for attachment in snapshot.attachments:
        found = list(definition(attachment))
        results += found
        if attachment.problem or attachment.type != "ipvlan":
            continue
        for question in (network_status, ip_in_range, ip_in_pool, duplicates, mac):
            results += question(snapshot, attachment)
    return results


def rollout(snapshot: Snapshot) -> Iterator[Result]:
    """Multus is on every node, in its latest form."""
    name = f"{MULTUS.namespace}/{MULTUS.name}"
    if snapshot.rollout is None:
        yield Result("rollout", "fail", name, "there is no such DaemonSet", "install Multus: multus_install")
    elif not snapshot.rollout.is_complete:
        yield Result(
            "rollout",
            "fail",
            name,
            f"its rollout is not complete: {snapshot.rollout}",
            f"look at its pods: kubectl -n {MULTUS.namespace} get pods -l app={MULTUS.name} -o wide",
        )
    else:
        yield Result("rollout", "pass", name, f"its rollout is complete: {snapshot.rollout}")


def selections(snapshot: Snapshot) -> Iterator[Result]:
    """There is no pod whose annotation Multus refuses."""
    for pod in snapshot.pods.by_ref.values():
        is_asked_for = not snapshot.namespaces or pod.namespace in snapshot.namespaces or pod.ref in snapshot.declared
        if pod.selections_error and is_asked_for:
            yield Result(
                "annotation",
                "fail",
                pod.ref,
                f"its annotation k8s.v1.cni.cncf.io/networks cannot be used: {pod.selections_error}",
                "correct it in what makes the pod, and make the pod again",
            )


def declared(snapshot: Snapshot) -> Iterator[Result]:
    """Each pod that was declared is there, and runs with all its interfaces."""
    for ref in snapshot.declared:
        findings = (Result("pod", "fail", ref, *finding) for finding in _faults(snapshot, ref))
        yield from settled("pod", ref, "it is Running with all its interfaces", findings)


def _faults(snapshot: Snapshot, ref: str) -> Iterator[Finding]:
    pod = snapshot.pods.by_ref.get(ref)
    if pod is None:
        yield "there is no such pod", "make it: multinet_pod"
    elif pod.deleting:
        yield "it is being deleted", "make it again: multinet_pod"
    elif not pod.runs:
        yield _not_running(pod, snapshot.warnings.get(ref, ""))
    elif pod.node not in snapshot.nodes or not snapshot.nodes[pod.node].ready:
        text = f"it was Running on {pod.node}, which is not Ready, so nobody can tell whether it still does"
        yield text, f"look at the node: kubectl describe node {pod.node}; if it is lost, {AGAIN}"
    else:
        for attachment in dict.fromkeys(selection.attachment for selection in pod.selections):
            yield from _gaps(pod, attachment)


def _not_running(pod: Pod, warning: str = "") -> Finding:
    """Return what a pod waits for, and what to do.

    :param warning: the last one about it, in Multus' words if it was Multus.
    """
    reasons = "; ".join(reason for reason in (pod.waiting, warning) if reason)
    remedy = f"kubectl -n {pod.namespace} describe pod {pod.name}"
    hidden = [s.attachment for s in pod.selections if not allows(pod.namespace, s.namespace)]
    if pod.has_ended:
        remedy = AGAIN
    elif hidden:
        remedy = (
            f"with Multus' namespace isolation pods use attachments of their own namespace and of default only: move "
            f"the pod or {some(hidden)}, or name its namespace in config.global_namespaces of multus_install"
        )
    return f"is {pod.phase}" + (f" ({reasons})" if reasons else ""), remedy


def pools(snapshot: Snapshot) -> Iterator[Result]:
    """The pools are in order: readable, not full, without orphans."""
    for pool, verdicts in snapshot.pools:
        title, usage = f"{pool.namespace}/{pool.name}", describe(pool, verdicts)
        for problem in problems_of(pool, NAMESPACE):
            remedy = "correct the pool, or remove it: whereabouts_pool, state absent"
            yield Result("pool", "fail" if pool.error else "warn", title, problem, remedy)
        if usage["used_percent"] >= FULL_PERCENT:
            text = f"{usage['used']} of {usage['capacity']} addresses are used"
            yield Result("pool", "warn", title, text, "add a range before it is full")
        if usage["orphans"]:
            text = f"addresses that nobody has any more: {some(usage['orphans'])}"
            remedy = f"release them: whereabouts_pool, name {pool.name}, state reconciled"
            yield Result("pool", "warn", title, text, remedy)
        if not (pool.error or usage["orphans"]):
            yield Result("pool", "pass", title, f"{usage['used']} of {usage['capacity']} addresses are used")


def definition(attachment: Attachment) -> Iterator[Result]:
    """The attachment is there, usable, and as described."""
    target, findings = attachment.target, []
    if attachment.problem:
        findings.append((attachment.problem, "make it again: nad"))
    elif attachment.type != "ipvlan":
        findings.append((f"it is of type {attachment.type}; only ipvlan is verified", "leave it out of attachments"))
    else:
        if target.master and attachment.master != target.master:
            findings.append((f"its master is {attachment.master}, not {target.master}", "correct it: nad, master"))
        if target.range and target.range not in attachment.ranges:
            have = some(str(cidr) for cidr in attachment.ranges) or "none"
            findings.append((f"its range is {have}, not {target.range}", "correct it: nad, range"))
        if not attachment.ranges:
            findings.append(("it has no range of Whereabouts, so pods get no address", "give it a range: nad, range"))
    well = f"ipvlan on {attachment.master}, {some(str(cidr) for cidr in attachment.ranges)}"
    yield from settled(
        "definition", attachment.ref, well, (Result("definition", "fail", attachment.ref, *f) for f in findings)
    )


def network_status(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Each pod that asks for the attachment has it, by its network-status."""
    users = snapshot.users(attachment)
    well = f"pods that have it by their network-status: {sum(bool(pod.interfaces_on(attachment.ref)) for pod in users)}"
    others = [pod for pod in users if pod.ref not in snapshot.declared]  # declared pods have a check of their own
    findings = (finding for pod in others for finding in _status_of(pod, attachment))
    yield from settled("network_status", attachment.ref, well, findings)


def _status_of(pod: Pod, attachment: Attachment) -> Iterator[Result]:
    if not pod.runs:
        yield Result("network_status", "warn", pod.ref, *_not_running(pod))
        return
    for finding in _gaps(pod, attachment.ref):
        yield Result("network_status", "fail", pod.ref, *finding)


def _gaps(pod: Pod, attachment: str) -> Iterator[Finding]:
    """Yield what a running pod lacks of an attachment."""
    if pod.interfaces is None:
        yield f"asks for {attachment} but {pod.status_error}: Multus was not there when it started", AGAIN
    elif attachment in pod.missing:
        yield f"its network-status has no entry for {attachment}", AGAIN
    for interface in pod.interfaces_on(attachment):
        if not interface.ips:
            yield f"{interface.name} has no address", f"give {attachment} a range (nad), then {AGAIN}"


def ip_in_range(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Each address is out of the attachment's range."""
    ranges = some(str(cidr) for cidr in attachment.ranges)
    remedy = "the attachment was changed after the pod started: delete the pod, so that a new one is made"
    yield from settled(
        "ip_in_range",
        attachment.ref,
        f"all addresses are in {ranges}",
        (
            Result("ip_in_range", "fail", pod.ref, f"{ip} is not in {ranges}, the range of {attachment.ref}", remedy)
            for pod, _interface, ip in _addresses(snapshot, attachment)
            if not any(ip in cidr for cidr in attachment.ranges)
        ),
    )


def ip_in_pool(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Whereabouts holds each address for the pod that has it; otherwise another pod may get it, too."""
    remedy = "delete the pod, so that a new one gets an address of its own"
    findings = []
    for pod, _interface, ip in _addresses(snapshot, attachment):
        for cidr in attachment.ranges:
            name = attachment.pool_of(cidr)
            holders = snapshot.holders.get((name, str(ip)), frozenset())
            if ip in cidr and pod.ref not in holders:
                held = (
                    f"held by {' and '.join(holder or 'nobody (reserved)' for holder in sorted(holders))}"
                    if holders
                    else "free"
                )
                text = f"{ip} is not allocated to {pod.ref} in pool {name}: there it is {held}"
                findings.append(Result("ip_in_pool", "fail", pod.ref, text, remedy))
    yield from settled("ip_in_pool", attachment.ref, "all addresses are allocated to their pods", findings)


def duplicates(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """No address is on several pods."""
    remedy = "delete all but one of them, then release what is left: whereabouts_pool, state reconciled"
    yield from settled(
        "duplicates",
        attachment.ref,
        "no address is on two pods",
        (
            Result("duplicates", "fail", attachment.ref, f"{ip} is on {' and '.join(refs)}", remedy)
            for ip, refs in sorted(snapshot.pods.by_ip.items())
            if len(refs) > 1 and any(parse_address(ip) in cidr for cidr in attachment.ranges)
        ),
    )


def mac(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """All interfaces on a node have the hardware address of the node's own, as IPVLAN's have."""
    by_node: dict[str, list[tuple[Pod, Interface]]] = defaultdict(list)
    for pod in snapshot.users(attachment):
        for interface in pod.interfaces_on(attachment.ref):
            if interface.mac:
                by_node[pod.node].append((pod, interface))
    findings = [f for node, found in by_node.items() for f in _macs_of(snapshot.nodes.get(node), found, attachment)]
    yield from settled("mac", attachment.ref, f"all interfaces have their node's {attachment.master}'s", findings)


def _macs_of(node: Node | None, found: list[tuple[Pod, Interface]], attachment: Attachment) -> Iterator[Result]:
    """Yield what is wrong with the hardware addresses on one node."""
    known = node.nics.get(attachment.master) if node else None
    expected = google_mac(known) if known else Counter(interface.mac for pod, interface in found).most_common(1)[0][0]
    whose = f"{attachment.master} of its node" if known else "other pods on its node"
    remedy = f"it is not on {attachment.master}: delete the pod, so that a new one is made as the attachment says"
    for pod, interface in found:
        text = f"{interface.name} has {interface.mac}"
        if interface.mac != expected:
            yield Result("mac", "fail", pod.ref, f"{text}, unlike {whose} ({expected})", remedy)
        elif not interface.mac.startswith(GOOGLE_MAC):
            text += ", which is no hardware address of Compute Engine (42:01 and the address in hexadecimal)"
            yield Result("mac", "warn", pod.ref, text, f"look whether {attachment.master} is the additional network")


def google_mac(ip: str) -> str:
    """Return the hardware address that Compute Engine gives to the interface with an IPv4 address."""
    return GOOGLE_MAC + ":".join(f"{word:02x}" for word in parse_address(ip).words)


def _addresses(snapshot: Snapshot, attachment: Attachment) -> Iterator[tuple[Pod, Interface, IPAddress]]:
    for pod in snapshot.users(attachment):
        for interface in pod.interfaces_on(attachment.ref):
            for ip in interface.ips:
                yield pod, interface, parse_address(ip)
