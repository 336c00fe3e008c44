# SPDX-License-Identifier: Apache-2.0
"""A VPC's ingress rules: stateful, and what no rule lets in is dropped.

https://cloud.google.com/firewall/docs/firewalls: the implied ingress rule denies all; answers to what was let in pass.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from gkelab.engine import FirewallRule
from gkelab.fabric.frames import Flow, flow_of, reverse

MAX_FLOWS = 65536
# The names that the Compute API accepts in a rule, other than "all" and numbers.
PROTOCOLS = {"icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "sctp": 132}


@dataclass(frozen=True)
class _Rule:
    """A rule in the form in which packets are compared with it."""

    allow: bool
    sources: tuple[ipaddress.IPv4Network, ...]
    protocols: tuple[tuple[int | None, tuple[range, ...]], ...]  # None: every protocol; no ranges: every port

    def fits(self, protocol: int, source: bytes, port: int | None) -> bool:
        """Tell whether a packet is one that this rule is about; the port is the destination's."""
        address = ipaddress.IPv4Address(source)
        return any(
            number in (None, protocol) and (not ports or (port is not None and any(port in span for span in ports)))
            for number, ports in self.protocols
        ) and any(address in cidr for cidr in self.sources)


def _compiled(rule: FirewallRule) -> _Rule:
    protocols = []
    for name, ports in rule.protocols:
        number = None if name == "all" else PROTOCOLS.get(name) or int(name)
        spans = []
        for text in ports:
            first, _, last = text.partition("-")
            spans.append(range(int(first), int(last or first) + 1))
        protocols.append((number, tuple(spans)))
    sources = tuple(ipaddress.IPv4Network(source) for source in rule.sources)
    return _Rule(rule.allow, sources, tuple(protocols))


class Firewall:
    """Decides packet by packet, and remembers what it let in."""

    def __init__(self, rules: Sequence[FirewallRule]) -> None:
        """Take the rules; raises ValueError when one of them cannot be understood."""
        self.rules = tuple(rules)
        self._rules = sorted(map(_compiled, rules), key=lambda rule: rule.allow)  # deny is tried first
        self._flows: set[Flow] = set()

    def admits(self, frame: bytes) -> bool:
        """Tell whether an IPv4 packet is let in by a rule or answers one that was."""
        flow = flow_of(frame)
        if flow in self._flows:
            return True
        admitted = self._judged(flow)
        if admitted:
            self.remember(flow)
        return admitted

    def remember(self, flow: Flow) -> None:
        """Let a flow and its answers pass from now on."""
        if len(self._flows) >= MAX_FLOWS:
            self._flows.clear()
        self._flows.add(flow)
        self._flows.add(reverse(flow))

    def _judged(self, flow: Flow) -> bool:
        protocol, source, _, ports = flow
        port = int.from_bytes(ports[2:4], "big") if ports else None
        return next((rule.allow for rule in self._rules if rule.fits(protocol, source, port)), False)
