# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of addresses: in range, allocated, of one pod only, and with the hardware address that they must have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from ...cni.annotations import Interface
from ...cni.netconf import WHEREABOUTS
from ...cni.pods import Pod
from ...cni.ranges import IPAddress, IPNetwork, parse_address
from ...cni.texts import some
from ..result import Result, settled
from ..snapshot import Attachment, Node, Snapshot

GOOGLE_MAC = "42:01:"  # Compute Engine: 42:01, then the interface's IPv4 address
OTHER_IPAM = "its addresses are not of Whereabouts"


def ip_in_range(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Each address is out of the attachment's range."""
    if attachment.ipam != WHEREABOUTS:
        yield Result("ip_in_range", "skip", attachment.ref, OTHER_IPAM)
        return
    ranges = some(str(cidr) for cidr in attachment.ranges)
    remedy = "the attachment was changed after the pod started: delete the pod, so that a new one is made"
    findings = (
        Result("ip_in_range", "fail", pod.ref, f"IP {ip} not in NAD range {ranges}", remedy, _data(pod, ip, attachment))
        for pod, _interface, ip in _addresses(snapshot, attachment)
        if not any(ip in cidr for cidr in attachment.ranges)
    )
    yield from settled("ip_in_range", attachment.ref, f"all addresses are in {ranges}", findings)


def ip_in_pool(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Whereabouts holds each address for the pod that has it; otherwise another pod may get it, too."""
    remedy = "delete the pod, so that a new one gets an address of its own"
    findings = []
    for pod, _interface, ip in _addresses(snapshot, attachment):
        for cidr in attachment.ranges:
            name = attachment.pool_of(cidr)
            holders = snapshot.holders.get((name, str(ip)), frozenset())
            if ip in cidr and pod.ref not in holders:
                held = " and ".join(holder or "nobody (reserved)" for holder in sorted(holders)) or "nobody"
                text = f"IP {ip} is not allocated to {pod.ref} in pool {name} (key {_key(ip, cidr)} is held by {held})"
                data = {**_data(pod, ip, attachment), "pool": name, "holders": sorted(holders)}
                findings.append(Result("ip_in_pool", "fail", pod.ref, text, remedy, data))
    yield from settled("ip_in_pool", attachment.ref, "all addresses are allocated to their pods", findings)


def duplicates(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """No address is on several pods, nor held for several in the pools."""
    remedy = "delete all but one of them, then release what is left: whereabouts_pool, state reconciled"
    findings = []
    for ip, refs in sorted(snapshot.pods.by_ip.items()):
        if len(refs) > 1 and any(parse_address(ip) in cidr for cidr in attachment.ranges):
            text = f"IP {ip} is on {' and '.join(refs)}"
            findings.append(Result("duplicates", "fail", attachment.ref, text, remedy, {"ip": ip, "pods": list(refs)}))
    twice = snapshot.held_twice(attachment)
    for ip, places in sorted(twice.items()):
        text = f"IP {ip} is held in {' and '.join(places)}"
        advice = "give attachments whose ranges overlap one range, or let Whereabouts look: enable_overlapping_ranges"
        findings.append(Result("duplicates", "warn", attachment.ref, text, advice, {"ip": ip, "pools": places}))
    yield from settled("duplicates", attachment.ref, "no address is on two pods", findings)


def mac_equals_nic(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """All interfaces on a node have the hardware address of the node's own, as IPVLAN's have."""
    by_node: dict[str, list[tuple[Pod, Interface]]] = defaultdict(list)
    for pod in snapshot.users(attachment):
        for interface in pod.interfaces_on(attachment.ref):
            if interface.mac:
                by_node[pod.node].append((pod, interface))
    findings = [
        finding
        for node, found in by_node.items()
        for finding in _macs_of(nic_mac(snapshot, node, attachment.master), found, attachment)
    ]
    well = f"all interfaces have the hardware address of their node's {attachment.master}"
    yield from settled("mac_equals_nic", attachment.ref, well, findings)


def nic_mac(snapshot: Snapshot, node: str, interface: str) -> str:
    """Return the hardware address of a node's interface, as it was seen or by its address; empty if nobody knows."""
    seen = snapshot.inspections.get(node)
    if seen and interface in seen.interfaces:
        return seen.interfaces[interface].mac
    known = snapshot.nodes.get(node, Node(node)).nics.get(interface)
    return google_mac(known) if known else ""


def _macs_of(known: str, found: list[tuple[Pod, Interface]], attachment: Attachment) -> Iterator[Result]:
    """Yield what is wrong with the hardware addresses on one node."""
    master = attachment.master
    expected = known or Counter(interface.mac for pod, interface in found).most_common(1)[0][0]
    whose = f"that is {expected}" if known else f"other pods on its node have {expected}"
    remedy = f"it is not on {master}: delete the pod, so that a new one is made as the attachment says"
    for pod, interface in found:
        data = {"nad": attachment.ref, "node": pod.node, "mac": interface.mac, "expected": expected}
        if interface.mac != expected:
            text = f"{interface.name} MAC {interface.mac} differs from {master}'s (macvlan or wrong master?): {whose}"
            yield Result("mac_equals_nic", "fail", pod.ref, text, remedy, data)
        elif not interface.mac.startswith(GOOGLE_MAC):
            text = (
                f"{interface.name} has {interface.mac}, which is no hardware address of Compute Engine (42:01 and the "
                "address in hexadecimal)"
            )
            advice = f"look whether {master} is the additional network"
            yield Result("mac_equals_nic", "warn", pod.ref, text, advice, data)


def google_mac(ip: str) -> str:
    """Return the hardware address that Compute Engine gives to the interface with an IPv4 address."""
    return GOOGLE_MAC + ":".join(f"{word:02x}" for word in parse_address(ip).words)


def alias_block(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Say which addresses lie in the alias block of another node than their pod's.

    Whereabouts does not know the blocks, so that is usual, and no fault where the network delivers an address wherever
    it answers. It is what to look at first if packets between nodes are lost.
    """
    if not any(node.alias_blocks for node in snapshot.nodes.values()):
        text = "no node tells its alias blocks (annotation networking.gke.io/networks)"
        yield Result("alias_block", "skip", attachment.ref, text)
        return
    foreign = []
    for pod, _interface, ip in _addresses(snapshot, attachment):
        owner = snapshot.owner_of(ip)
        if owner and pod.node and owner != pod.node:
            foreign.append((f"IP {ip} lies in the alias block of node {owner}, pod runs on {pod.node}", pod, ip, owner))
    for text, pod, ip, owner in foreign:
        data = {**_data(pod, ip, attachment), "owner": owner}
        remedy = "nothing, if packets pass between nodes; otherwise one attachment for the block of each node"
        yield Result("alias_block", "pass", pod.ref, text, remedy, data)
    if not foreign:
        yield Result("alias_block", "pass", attachment.ref, "no address lies in the alias block of another node")


def _key(ip: IPAddress, cidr: IPNetwork) -> int:
    """Return the key of an address in the pool of its range."""
    return int(ip) - int(cidr.first)


def _data(pod: Pod, ip: IPAddress, attachment: Attachment) -> dict[str, str]:
    return {"ip": str(ip), "node": pod.node, "nad": attachment.ref}


def _addresses(snapshot: Snapshot, attachment: Attachment) -> Iterator[tuple[Pod, Interface, IPAddress]]:
    for pod in snapshot.users(attachment):
        for interface in pod.interfaces_on(attachment.ref):
            for ip in interface.ips:
                yield pod, interface, parse_address(ip)
