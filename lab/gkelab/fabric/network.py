# SPDX-License-Identifier: Apache-2.0
"""One VPC: where a frame goes, in one of two modes.

flat    a learning switch between the NICs: what the guide promises of an additional network
strict  Google's rules as far as they are public: the network answers every ARP request itself and sends IPv4 to the VM
        that owns the destination (its address or one of its alias blocks), whatever the VMs know of each other

In both modes a packet that is larger than the network's MTU is dropped, and nobody is told: what Google tells of it is
not recorded. The network answers for the gateway (first address of a subnetwork) and routes what is sent to it, which
is how Pods of different nodes reach each other over eth0; and its firewall judges what reaches a VM.
"""

from __future__ import annotations

import ipaddress
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from gkelab.engine import FirewallRule, gateway
from gkelab.fabric import frames
from gkelab.fabric.firewall import Firewall

MODES = ("flat", "strict")
MAC = b"\x42\x01\xff\xff\xff\xff"  # no NIC's: 255.255.255.255
MAX_KINDS_OF_DROPS = 4096
MTU = 1460  # Google's default


@dataclass(frozen=True)
class PluggedNic:
    """A VM's NIC as the network knows it."""

    owner: str  # the VM
    address: str
    prefix_length: int  # of its subnetwork
    alias_ranges: tuple[str, ...] = ()
    control_plane: bool = False  # GKE's own machine: no rule is asked about it, in either direction

    @property
    def mac(self) -> bytes:
        """The NIC's MAC."""
        return frames.mac_of(self.address)

    @property
    def gateway(self) -> bytes:
        """The address at which the network routes for this subnetwork."""
        return gateway(f"{self.address}/{self.prefix_length}").packed


class Port(Protocol):
    """Where a NIC's cable ends."""

    def send(self, data: bytes, /) -> int:
        """Send a frame, or raise BlockingIOError when the queue is full, OSError when the other end is gone."""


class Network:
    """One VPC: its NICs, its rules and what it has counted."""

    def __init__(self, name: str, mode: str = "flat", rules: Sequence[FirewallRule] = ()) -> None:
        self.name = name
        self.mode = mode
        self.mtu = MTU
        self.firewall = Firewall(rules)
        self.nics: dict[bytes, PluggedNic] = {}
        self.ports: set[Port] = set()
        self.counts: Counter[str] = Counter()
        self.drops: Counter[tuple[str, str, str]] = Counter()
        self._port_of: dict[bytes, Port] = {}  # MAC -> port that has used it
        self._mac_of: dict[bytes, bytes] = {}  # IPv4 address -> MAC, as ARP has told
        self._ranges: list[tuple[ipaddress.IPv4Network, PluggedNic]] = []
        self._owner_of: dict[bytes, PluggedNic | None] = {}  # destination -> its NIC, as far as looked up
        self._gateways: set[bytes] = set()

    def plug(self, nic: PluggedNic) -> None:
        """Take a NIC, or new ranges of a known one."""
        self.nics[nic.mac] = nic
        self._renew()

    def unplug(self, address: str) -> None:
        """Forget the NIC with this address, if there is one."""
        mac = frames.mac_of(address)
        self.nics.pop(mac, None)
        self._port_of.pop(mac, None)
        self._renew()

    def _renew(self) -> None:
        self._ranges = [
            (ipaddress.IPv4Network(cidr), nic)
            for nic in self.nics.values()
            for cidr in (f"{nic.address}/32", *nic.alias_ranges)
        ]
        self._ranges.sort(key=lambda entry: -entry[0].prefixlen)
        self._owner_of.clear()
        self._gateways = {nic.gateway for nic in self.nics.values()}

    def set_mode(self, mode: str) -> None:
        """Switch between flat and strict while the network runs."""
        if mode not in MODES:
            raise ValueError(f"a network is {' or '.join(MODES)}, not {mode!r}")
        strict_before, self.mode = self.mode == "strict", mode
        if strict_before and mode == "flat":
            # The VMs still have the network's MAC for each other and would talk to nobody for up to a minute.
            for address, mac in self._mac_of.items():
                self._deliver(frames.BROADCAST, self._port_of.get(mac), frames.arp_announcement(mac, address))

    def set_mtu(self, mtu: int) -> None:
        """Carry packets up to this size, whatever the NICs have: as after a change that running VMs do not know."""
        if not frames.SHORTEST_MTU <= mtu <= MTU:
            raise ValueError(f"an MTU is between {frames.SHORTEST_MTU} and {MTU} (the NICs' own), not {mtu}")
        self.mtu = mtu

    def set_rules(self, rules: Sequence[FirewallRule]) -> None:
        """Replace the rules, and forget what the old ones let in, if they differ."""
        if tuple(rules) != self.firewall.rules:
            self.firewall = Firewall(rules)

    def disconnect(self, port: Port) -> None:
        """Forget a port whose other end is gone."""
        self.ports.discard(port)
        self._port_of = {mac: known for mac, known in self._port_of.items() if known is not port}

    def receive(self, port: Port, frame: bytes) -> None:
        """Handle one frame that came in at a port."""
        source = self.nics.get(frame[6:12])
        if len(frame) < frames.SHORTEST or not source:
            self.counts["not from a NIC of this network"] += 1
            return
        self._port_of[source.mac] = port
        kind = frame[12:14]
        if kind == frames.ARP and len(frame) < frames.SHORTEST_ARP:
            self.counts["cut short"] += 1
        elif kind == frames.ARP:
            self._receive_arp(port, frame)
        elif kind == frames.IPV4 and frames.size_of(frame) > self.mtu:
            self._drop(source, frame, "it is larger than the network's MTU")
        elif self.mode == "flat" and frame[:6] != MAC:
            self._switch(source, port, frame)
        elif kind == frames.IPV4:
            self._route(source, port, frame)
        else:
            self.counts["neither IPv4 nor ARP"] += 1

    def _receive_arp(self, port: Port, frame: bytes) -> None:
        self._mac_of[frame[28:32]] = frame[22:28]
        asked = frame[38:42]
        if self.mode == "strict" or asked in self._gateways:
            if frames.is_arp_request(frame):
                self.counts["arp answered"] += 1
                self._send(port, frames.arp_answer(frame, MAC))
        else:
            self._deliver(frame[:6], port, frame)

    def _switch(self, source: PluggedNic, port: Port, frame: bytes) -> None:
        """Send a frame to the NIC that it is addressed to, wherever its IPv4 destination belongs."""
        if frame[12:14] != frames.IPV4 or self._admits(source, self.nics.get(frame[:6]), frame):
            self._deliver(frame[:6], port, frame)
        else:
            self._drop(source, frame, "no firewall rule lets it in")

    def _route(self, source: PluggedNic, port: Port, frame: bytes) -> None:
        """Send an IPv4 packet to the NIC that owns its destination."""
        destination = frame[30:34]
        if destination not in self._owner_of:
            self._owner_of[destination] = self._owner(destination)
        target = self._owner_of[destination]
        if not target:
            self._drop(source, frame, "no VM has this address")
        elif target is source:
            self._drop(source, frame, f"the address belongs to {target.owner}, which sent this")
        elif not self._admits(source, target, frame):
            self._drop(source, frame, "no firewall rule lets it in")
        else:
            self._deliver(target.mac, port, target.mac + MAC + frame[12:])

    def _owner(self, address: bytes) -> PluggedNic | None:
        wanted = ipaddress.IPv4Address(address)
        return next((nic for cidr, nic in self._ranges if wanted in cidr), None)

    def _admits(self, source: PluggedNic, target: PluggedNic | None, frame: bytes) -> bool:
        if source.control_plane or (target and target.control_plane):
            return True
        return self.firewall.admits(frame)

    def _drop(self, source: PluggedNic, frame: bytes, reason: str) -> None:
        """Count a packet that goes nowhere; log the first of its kind."""
        what = frames.dotted(frame[26:30]), frames.dotted(frame[30:34]), reason
        if what not in self.drops:
            if len(self.drops) >= MAX_KINDS_OF_DROPS:
                what = "other", "other", reason
            else:
                log(f"{self.name}: dropped {what[0]} -> {what[1]} from {source.owner}: {reason}")
        self.drops[what] += 1

    def _deliver(self, mac: bytes, sender: Port | None, frame: bytes) -> None:
        """Send a frame to the port of a MAC, or to all others if none has used it yet."""
        known = self._port_of.get(mac)
        for port in (known,) if known else tuple(self.ports):
            if port is not sender:
                self._send(port, frame)

    def _send(self, port: Port, frame: bytes) -> None:
        """Put a frame into a port's queue; a full queue loses it, as anywhere."""
        try:
            port.send(frame)
            self.counts["frames"] += 1
        except BlockingIOError:
            self.counts["queue full"] += 1
        except OSError:
            self.counts["other end gone"] += 1  # its own event will say so

    def state(self) -> dict[str, Any]:
        """Return the settings and the counters, ready for JSON."""
        return {
            **self.settings(),
            "ports": len(self.ports),
            "counts": dict(sorted(self.counts.items())),
            "drops": [
                {"source": source, "destination": destination, "reason": reason, "count": count}
                for (source, destination, reason), count in sorted(self.drops.items())
            ],
        }

    def settings(self) -> dict[str, Any]:
        """Return all from which :meth:`restored` makes the same network again."""
        return {
            "mode": self.mode,
            "mtu": self.mtu,
            "rules": [asdict(rule) for rule in self.firewall.rules],
            "nics": [asdict(nic) for nic in self.nics.values()],
        }

    @classmethod
    def restored(cls, name: str, settings: dict[str, Any]) -> Network:
        """Make the network again that :meth:`settings` described."""
        network = cls(name, settings["mode"], rules_from(settings["rules"]))
        network.set_mtu(settings["mtu"])
        for nic in settings["nics"]:
            network.plug(nic_from(nic))
        return network


def rules_from(values: list[dict[str, Any]]) -> tuple[FirewallRule, ...]:
    """Return rules that have passed through JSON, which knows no tuples."""
    return tuple(
        FirewallRule(
            value["name"],
            tuple(value["sources"]),
            tuple((name, tuple(ports)) for name, ports in value["protocols"]),
            value["allow"],
        )
        for value in values
    )


def nic_from(value: dict[str, Any]) -> PluggedNic:
    """Return a NIC that has passed through JSON."""
    nic = PluggedNic(**value)
    return replace(nic, alias_ranges=tuple(nic.alias_ranges))


def log(text: str) -> None:
    """Add a line to the fabric's log, which is its standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
