# SPDX-License-Identifier: Apache-2.0
"""The networks, frame by frame: who gets what, and why not."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
import time
from pathlib import Path

import pytest

from gkelab.engine import EngineError, FirewallRule
from gkelab.fabric import frames
from gkelab.fabric.client import FabricClient, network_socket
from gkelab.fabric.firewall import Firewall
from gkelab.fabric.network import MAC, Network, PluggedNic
from gkelab.processes import Processes
from gkelab.waiting import wait_for

LAB_PACKAGE = Path(__file__).resolve().parent.parent
ALL = FirewallRule("all", ("0.0.0.0/0",), (("all", ()),))


def address(text: str) -> bytes:
    return ipaddress.IPv4Address(text).packed


def ip_packet(source: str, destination: str, protocol: int, payload: bytes, *, offset: int = 0) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, offset, 64, protocol, 0)
    return header + address(source) + address(destination) + payload


def frame(to: bytes, sender: str, packet: bytes) -> bytes:
    return to + frames.mac_of(sender) + frames.IPV4 + packet


def ping(source: str, destination: str, identifier: int = 7, *, reply: bool = False) -> bytes:
    return ip_packet(source, destination, 1, struct.pack("!BBHHH", 0 if reply else 8, 0, 0, identifier, 1))


def tcp(source: str, destination: str, ports: tuple[int, int], *, offset: int = 0) -> bytes:
    return ip_packet(source, destination, 6, struct.pack("!HH16x", *ports), offset=offset)


def arp(sender: str, asked: str) -> bytes:
    mac = frames.mac_of(sender)
    body = frames.ARP_HEADER + frames.ARP_REQUEST + mac + address(sender) + bytes(6) + address(asked)
    return frames.BROADCAST + mac + frames.ARP + body


class Cable:
    """The end of a NIC: it keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def send(self, data: bytes, /) -> int:
        self.got.append(data)
        return len(data)


class Vpc:
    """A network with two nodes, which have said hello."""

    def __init__(self, mode: str, *rules: FirewallRule) -> None:
        self.network = Network("test-project/my-vpc", rules=rules)
        self.cables: dict[str, Cable] = {}
        for number, block in (("2", "172.16.1.0/28"), ("3", "172.16.1.16/28")):
            self.add(PluggedNic(f"node-{number}", f"10.0.1.{number}", 24, (block,)))
        self.network.set_mode(mode)

    def add(self, nic: PluggedNic) -> None:
        self.network.plug(nic)
        cable = self.cables[nic.address] = Cable()
        self.network.ports.add(cable)
        self.send(nic.address, arp(nic.address, nic.address))
        self.clear()

    def send(self, sender: str, data: bytes) -> None:
        self.network.receive(self.cables[sender], data)

    def got(self, nic: str) -> list[bytes]:
        return self.cables[nic].got

    def clear(self) -> None:
        for cable in self.cables.values():
            cable.got.clear()

    def reasons(self) -> set[str]:
        return {reason for _, _, reason in self.network.drops}


A, B = "10.0.1.2", "10.0.1.3"


def test_mac_is_compute_engines() -> None:
    assert frames.mac_text(frames.mac_of("10.0.1.2")) == "42:01:0a:00:01:02"


@pytest.mark.parametrize("mode", ["flat", "strict"])
def test_nothing_gets_in_without_a_rule(mode: str) -> None:
    vpc = Vpc(mode)
    vpc.send(A, frame(frames.mac_of(B) if mode == "flat" else MAC, A, ping(A, B)))
    assert vpc.got(B) == []
    assert vpc.reasons() == {"no firewall rule lets it in"}


@pytest.mark.parametrize("mode", ["flat", "strict"])
def test_what_a_rule_lets_in_is_answered(mode: str) -> None:
    vpc = Vpc(mode, FirewallRule("from-a", (f"{A}/32",), (("icmp", ()),)))
    to_a, to_b = (frames.mac_of(A), frames.mac_of(B)) if mode == "flat" else (MAC, MAC)
    vpc.send(A, frame(to_b, A, ping(A, B)))
    vpc.send(B, frame(to_a, B, ping(B, A, reply=True)))
    assert len(vpc.got(B)) == len(vpc.got(A)) == 1
    vpc.send(B, frame(to_a, B, ping(B, A)))  # same id, but a request: no answer to anything
    assert len(vpc.got(A)) == 1


def test_flat_delivers_wherever_an_address_answers() -> None:
    vpc = Vpc("flat", ALL)
    vpc.send(A, arp(A, "172.16.1.2"))  # node-1's block, but flat does not care
    assert vpc.got(B) == [arp(A, "172.16.1.2")]
    vpc.send(A, frame(frames.mac_of(B), A, ping("172.16.1.1", "172.16.1.2")))
    assert len(vpc.got(B)) == 2


def test_strict_delivers_to_the_owner_of_the_block_only() -> None:
    vpc = Vpc("strict", ALL)
    vpc.send(A, arp(A, "172.16.1.17"))
    assert vpc.got(B) == []
    assert vpc.got(A) == [frames.arp_answer(arp(A, "172.16.1.17"), MAC)]
    vpc.send(A, frame(MAC, A, ping("172.16.1.1", "172.16.1.17")))
    assert vpc.got(B) == [frame(frames.mac_of(B), A, ping("172.16.1.1", "172.16.1.17")).replace(frames.mac_of(A), MAC)]
    vpc.send(B, frame(MAC, B, ping("172.16.1.2", "172.16.1.18")))
    vpc.send(A, frame(MAC, A, ping("172.16.1.1", "172.16.1.99")))
    assert vpc.reasons() == {
        "the address belongs to node-3, which sent this",
        "no VM has this address",
    }


def test_the_gateway_routes_pods_in_flat_mode_too() -> None:
    vpc = Vpc("flat", ALL)
    vpc.send(A, arp(A, "10.0.1.1"))
    assert vpc.got(A)[0][22:28] == MAC
    assert vpc.got(B) == []
    vpc.send(A, frame(MAC, A, ping("172.16.1.1", "172.16.1.17")))
    assert len(vpc.got(B)) == 1


def test_nodes_that_join_later_are_routed_to() -> None:
    vpc = Vpc("flat", ALL)
    vpc.send(A, frame(MAC, A, ping("172.16.1.1", "172.16.1.33")))
    vpc.add(PluggedNic("node-4", "10.0.1.4", 24, ("172.16.1.32/28",)))
    vpc.send(A, frame(MAC, A, ping("172.16.1.1", "172.16.1.33")))
    assert len(vpc.got("10.0.1.4")) == 1


def test_a_node_that_left_gets_nothing() -> None:
    vpc = Vpc("strict", ALL)
    vpc.network.unplug(B)
    vpc.network.unplug(B)
    vpc.send(A, frame(MAC, A, ping(A, B)))
    assert vpc.got(B) == []
    assert vpc.reasons() == {"no VM has this address"}


def test_the_control_plane_needs_no_rule() -> None:
    vpc = Vpc("flat")
    vpc.add(PluggedNic("control plane", "10.0.1.9", 24, (), control_plane=True))
    vpc.send("10.0.1.9", frame(frames.mac_of(A), "10.0.1.9", tcp("10.0.1.9", A, (40000, 10250))))
    vpc.send(A, frame(frames.mac_of("10.0.1.9"), A, tcp(A, "10.0.1.9", (40000, 443))))
    assert len(vpc.got(A)) == len(vpc.got("10.0.1.9")) == 1


def test_back_to_flat_the_nodes_are_told_each_others_macs() -> None:
    vpc = Vpc("strict", ALL)
    vpc.network.set_mode("flat")
    assert frames.arp_announcement(frames.mac_of(A), address(A)) in vpc.got(B)


def test_new_rules_forget_what_the_old_let_in() -> None:
    vpc = Vpc("flat", ALL)
    vpc.send(A, frame(frames.mac_of(B), A, ping(A, B)))
    vpc.network.set_rules([])
    vpc.send(A, frame(frames.mac_of(B), A, ping(A, B)))
    assert len(vpc.got(B)) == 1


@pytest.mark.parametrize("mode", ["flat", "strict"])
def test_what_is_larger_than_the_mtu_is_dropped(mode: str) -> None:
    vpc = Vpc(mode, ALL)
    to_b = frames.mac_of(B) if mode == "flat" else MAC
    vpc.network.set_mtu(1400)
    for size in (1400, 1401):
        vpc.send(A, frame(to_b, A, ip_packet(A, B, 17, bytes(size - 20))))
    assert [len(each) - 14 for each in vpc.got(B)] == [1400]
    assert vpc.reasons() == {"it is larger than the network's MTU"}


@pytest.mark.parametrize("mtu", [0, 575, 1461])
def test_an_mtu_that_no_network_has_is_refused(mtu: int) -> None:
    with pytest.raises(ValueError, match="an MTU is between 576 and 1460"):
        Vpc("flat").network.set_mtu(mtu)


def test_who_is_not_plugged_in_is_not_heard() -> None:
    vpc = Vpc("flat", ALL)
    vpc.send(A, frame(frames.mac_of(B), "10.0.1.77", ping("10.0.1.77", B)))
    assert vpc.got(B) == []
    assert vpc.network.counts["not from a NIC of this network"] == 1


@pytest.mark.parametrize("mode", ["flat", "strict"])
@pytest.mark.parametrize("protocol", [1, 6, 17])
def test_what_is_cut_short_hurts_nobody(mode: str, protocol: int) -> None:
    vpc = Vpc(mode, FirewallRule("r", ("0.0.0.0/0",), (("icmp", ()), ("tcp", ("443",)), ("udp", ("53",)))))
    to = frames.mac_of(B) if mode == "flat" else MAC
    whole = frame(to, A, ip_packet(A, B, protocol, b"\x08"))
    for length in range(len(whole) + 1):
        for header in (0x40, 0x45, 0x4F):  # no header at all, the usual one, one that ends beyond the frame
            vpc.send(A, (whole[:14] + bytes([header]) + whole[15:])[:length])
    for length in range(len(arp(A, B)) + 1):
        vpc.send(A, arp(A, B)[:length])
    vpc.network.set_mode("strict")
    vpc.network.set_mode("flat")
    vpc.clear()
    vpc.send(A, frame(frames.mac_of(B), A, ping(A, B)))
    assert len(vpc.got(B)) == 1


RULES = {
    "tcp by port": (FirewallRule("r", ("10.0.0.0/8",), (("tcp", ("443", "8000-8010")),)), tcp(A, B, (5, 8005)), True),
    "tcp, other port": (FirewallRule("r", ("10.0.0.0/8",), (("tcp", ("443",)),)), tcp(A, B, (5, 444)), False),
    "other protocol": (FirewallRule("r", ("10.0.0.0/8",), (("udp", ()),)), tcp(A, B, (5, 443)), False),
    "protocol by number": (FirewallRule("r", ("10.0.0.0/8",), (("6", ()),)), tcp(A, B, (5, 443)), True),
    "other source": (FirewallRule("r", ("192.168.0.0/16",), (("all", ()),)), tcp(A, B, (5, 443)), False),
    "later fragment, no ports known": (
        FirewallRule("r", ("10.0.0.0/8",), (("tcp", ("443",)),)),
        tcp(A, B, (5, 443), offset=64),
        False,
    ),
    "later fragment, any port": (
        FirewallRule("r", ("10.0.0.0/8",), (("tcp", ()),)),
        tcp(A, B, (5, 4), offset=64),
        True,
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_rules(case: str) -> None:
    rule, packet, admitted = RULES[case]
    assert Firewall([rule]).admits(frame(frames.mac_of(B), A, packet)) is admitted


def test_deny_is_tried_before_allow() -> None:
    deny = FirewallRule("no", (f"{A}/32",), (("tcp", ("22",)),), allow=False)
    firewall = Firewall([ALL, deny])
    assert not firewall.admits(frame(frames.mac_of(B), A, tcp(A, B, (5, 22))))
    assert firewall.admits(frame(frames.mac_of(B), A, tcp(A, B, (5, 23))))


@pytest.fixture
def client(folder: Path) -> FabricClient:
    return FabricClient(folder)


def run_fabric(processes: Processes, client: FabricClient) -> None:
    command = [sys.executable, "-m", "gkelab.fabric.server", client.folder]
    processes.start("fabric", command, client.folder / "fabric.log", {"PYTHONPATH": str(LAB_PACKAGE)})
    assert wait_for(client.answers, 10)


def test_the_process_keeps_its_settings_over_a_restart(folder: Path, client: FabricClient) -> None:
    processes = Processes(folder)
    try:
        run_fabric(processes, client)
        client.set_network("p/net", [ALL])
        client.plug("p/net", PluggedNic("node", A, 24, ("172.16.1.0/28",)))
        client.set_mode("p/net", "strict")
        client.set_mtu("p/net", 1300)
        before = client.state()
        processes.stop("fabric")
        run_fabric(processes, client)
        assert client.state() == before
        with pytest.raises(EngineError, match="in use by node"):
            client.remove_network("p/net")
        with pytest.raises(EngineError, match="flat or strict"):
            client.set_mode("p/net", "bent")
        client.unplug("p/net", A)
        client.remove_network("p/net")
        client.remove_network("p/net")
        assert client.state() == {}
    finally:
        processes.stop("fabric")
    with pytest.raises(EngineError, match="gkelab up"):
        client.state()


def test_frames_pass_between_sockets(folder: Path, client: FabricClient) -> None:
    processes = Processes(folder)
    try:
        run_fabric(processes, client)
        client.set_network("p/net", [ALL])
        nics = {}
        for number in (A, B):
            client.plug("p/net", PluggedNic(f"node {number}", number, 24))
            nics[number] = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            nics[number].settimeout(5)
            nics[number].connect(str(network_socket(folder, "p/net")))
        nics[B].send(arp(B, A))
        assert nics[A].recv(2000) == arp(B, A)
        nics[A].send(frame(frames.mac_of(B), A, ping(A, B)))
        assert nics[B].recv(2000) == frame(frames.mac_of(B), A, ping(A, B))
        for nic in nics.values():
            nic.close()
        time.sleep(0.1)
        assert client.state()["p/net"]["ports"] == 0
    finally:
        processes.stop("fabric")
