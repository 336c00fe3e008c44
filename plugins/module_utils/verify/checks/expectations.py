# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what the caller expects of pods: interface, address, number, hardware address, MTU."""

from __future__ import annotations

from collections.abc import Iterator

from ...cni.annotations import Interface
from ...cni.pods import Pod
from ...cni.ranges import parse_address
from ...cni.texts import some
from ..request import Expectation
from ..result import Result, settled
from ..snapshot import Snapshot
from .addresses import nic_mac

AGAIN = "correct the attachment or the expectation; a pod gets what the attachment says when it starts"


def expectations(snapshot: Snapshot) -> Iterator[Result]:
    """Pods have what is expected of them: those that were declared, or all that are looked at."""
    for expected in snapshot.expectations:
        yield from _expectation(snapshot, expected)


def _expectation(snapshot: Snapshot, expected: Expectation) -> Iterator[Result]:
    pods = [
        pod
        for pod in snapshot.looked_at()
        if pod.asks_for(expected.nad) and not pod.has_ended and (not snapshot.declared or pod.ref in snapshot.declared)
    ]
    held = [(pod, interface) for pod in pods for interface in pod.interfaces_on(expected.nad)]
    named = [(pod, found) for pod, found in held if expected.interface in ("", found.name)]
    findings = list(_counts(expected, pods, named))
    for pod, interface in named:
        data = {"nad": expected.nad, "interface": interface.name, "node": pod.node}
        findings += [
            Result("expect", "fail", pod.ref, text, AGAIN, data)
            for text in _differences(snapshot, expected, pod, interface)
        ]
    unknown = [pod.ref for pod, _interface in named if expected.mtu and snapshot.mtu(pod, _interface) is None]
    if unknown:
        text = f"the MTU of {some(unknown)} is not known: nobody looked into the pods"
        findings.append(Result("expect", "skip", expected.nad, text, "name inside in checks; it needs pods/exec"))
    yield from settled("expect", expected.nad, f"{len(named)} interfaces are as expected", findings)


def _counts(expected: Expectation, pods: list[Pod], named: list[tuple[Pod, Interface]]) -> Iterator[Result]:
    what = f"{expected.interface or 'an interface'} of {expected.nad}"
    have = {pod.ref for pod, _interface in named}
    data = {"nad": expected.nad, "count": len(have)}
    if expected.count is not None and len(have) != expected.count:
        text = f"{expected.count} pods were expected to have {what}, {len(have)} have it"
        yield Result("expect", "fail", expected.nad, text, "look at the pods that lack it, and at count", data)
    elif expected.count is None and not pods:
        yield Result("expect", "fail", expected.nad, f"no pod asks for {expected.nad}", "make one: multinet_pod", data)
    lacking = [pod for pod in pods if pod.ref not in have and pod.runs]
    for pod in lacking:
        got = some(found.name for found in pod.interfaces_on(expected.nad)) or "none"
        yield Result("expect", "fail", pod.ref, f"has not {what} (it has: {got})", AGAIN, data)


def _differences(snapshot: Snapshot, expected: Expectation, pod: Pod, interface: Interface) -> Iterator[str]:
    """Yield what an interface is not."""
    if expected.ip_in is not None:
        outside = [ip for ip in interface.ips if parse_address(ip) not in expected.ip_in]
        if outside or not interface.ips:
            yield f"{interface.name} has {some(outside) or 'no address'}, not one of {expected.ip_in}"
    if expected.mac_is_nic:
        known = {nic_mac(snapshot, pod.node, master) for master in snapshot.masters(expected.nad)} - {""}
        if known and interface.mac not in known:
            yield f"{interface.name} MAC {interface.mac} differs from that of its node's interface ({some(known)})"
    mtu = snapshot.mtu(pod, interface)
    if expected.mtu and mtu is not None and mtu != expected.mtu:
        yield f"{interface.name} has MTU {mtu}, not {expected.mtu}"
