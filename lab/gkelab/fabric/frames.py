# SPDX-License-Identifier: Apache-2.0
"""Ethernet frames as bytes: where things lie in them, and how addresses are written.

Ethernet: destination 0-5, source 6-11, type 12-13. IPv4 from 14: length 16-17, flags and offset 20-21, protocol 23,
source 26-29, destination 30-33. ARP from 14: operation 20-21, sender MAC 22-27, sender address 28-31, asked address
38-41.
"""

from __future__ import annotations

import ipaddress

IPV4, ARP = b"\x08\x00", b"\x08\x06"
BROADCAST = b"\xff" * 6
ARP_HEADER = b"\x00\x01\x08\x00\x06\x04"  # Ethernet and IPv4
ARP_REQUEST, ARP_REPLY = b"\x00\x01", b"\x00\x02"
SHORTEST = 34  # Ethernet and IPv4 headers: what is shorter is nothing that we know
SHORTEST_ARP = 42
LONGEST = 9216
SHORTEST_MTU = 576  # that every IPv4 host takes (RFC 791)
ICMP, TCP, UDP = 1, 6, 17
ECHO = 8  # the type of an ICMP request

Flow = tuple[int, bytes, bytes, bytes]


def mac_of(address: str) -> bytes:
    """Return the MAC that Compute Engine gives to a NIC with this IPv4 address: 42:01 and the address."""
    return b"\x42\x01" + ipaddress.IPv4Address(address).packed


def mac_text(mac: bytes) -> str:
    """Return a MAC as text, "42:01:0a:00:01:02"."""
    return ":".join(f"{byte:02x}" for byte in mac)


def size_of(frame: bytes) -> int:
    """Return the size of a frame's IPv4 packet."""
    return int.from_bytes(frame[16:18], "big")


def dotted(address: bytes) -> str:
    """Return an IPv4 address as text."""
    return ".".join(map(str, address))


def arp_announcement(mac: bytes, address: bytes) -> bytes:
    """Return the frame with which a VM tells all others its MAC."""
    return BROADCAST + mac + ARP + ARP_HEADER + ARP_REPLY + mac + address + BROADCAST + address


def arp_answer(request: bytes, mac: bytes) -> bytes:
    """Return the answer to an ARP request: the address asked for is at this MAC."""
    return request[6:12] + mac + ARP + request[14:20] + ARP_REPLY + mac + request[38:42] + request[22:32]


def is_arp_request(frame: bytes) -> bool:
    """Tell whether an ARP frame asks for the MAC of another address than the sender's own."""
    return frame[20:22] == ARP_REQUEST and frame[38:42] != frame[28:32] and any(frame[28:32])


def flow_of(frame: bytes) -> Flow:
    """Return what connection tracking knows an IPv4 packet by: protocol, source, destination, ports.

    The ports are both ports of TCP and UDP. An ICMP echo has its id as source port when it is a request and as
    destination port when it is a reply, so that a request is never taken for the answer to one with the same id (two
    pods' pings easily have the same: small process ids). Later fragments have none, nor has what is cut short.
    """
    protocol, ports = frame[23], b""
    start = 14 + 4 * (frame[14] & 15)
    transport = frame[start : start + 8]
    if not (frame[20] & 0x1F or frame[21]) and len(transport) == 8:
        if protocol in (TCP, UDP):
            ports = transport[:4]
        elif protocol == ICMP:
            ports = transport[4:6] + b"\0\0" if transport[0] == ECHO else b"\0\0" + transport[4:6]
    return protocol, frame[26:30], frame[30:34], ports


def reverse(flow: Flow) -> Flow:
    """Return the flow of the answers."""
    protocol, source, destination, ports = flow
    return protocol, destination, source, ports[2:] + ports[:2]
