# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of addresses: each with what passes and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from snapshots import MAC, NAD, answers, found, pod, pool, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.addresses import (
    alias_block,
    duplicates,
    google_mac,
    ip_in_pool,
    ip_in_range,
    mac_equals_nic,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.inspection import Inspection, Nic
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Node


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("172.16.1.1", ("pass", "default/my-nad", "all addresses are in 172.16.1.0/24")),
        ("10.0.0.9", ("fail", "default/a", "IP 10.0.0.9 not in NAD range 172.16.1.0/24")),
    ],
)
def test_ip_in_range(ip: str, expected: tuple[str, str, str]) -> None:
    assert answers(ip_in_range(snapshot(pod("a", ip)), NAD)) == [expected]


def test_addresses_that_are_not_of_whereabouts_are_not_looked_for_in_a_range() -> None:
    static = replace(NAD, ipam="static", ranges=())
    assert answers(ip_in_range(snapshot(pod("a", "10.0.0.9")), static)) == [
        ("skip", "default/my-nad", "its addresses are not of Whereabouts")
    ]
    assert found(ip_in_pool(snapshot(pod("a", "10.0.0.9")), static)) == []


NOT_HELD = "IP 172.16.1.1 is not allocated to default/a in pool 172.16.1.0-24 (key 1 is held by {})"


@pytest.mark.parametrize(
    ("entries", "status", "msg"),
    [
        ({"1": "default/a"}, "pass", "all addresses are allocated to their pods"),
        ({}, "fail", NOT_HELD.format("nobody")),
        ({"1": "default/b"}, "fail", NOT_HELD.format("default/b")),
        ({"1": ""}, "fail", NOT_HELD.format("nobody (reserved)")),
    ],
)
def test_ip_in_pool(entries: dict[str, str], status: str, msg: str) -> None:
    seen = snapshot(pod("a", "172.16.1.1"), pools=(pool(entries),))
    (result,) = ip_in_pool(seen, NAD)
    assert (result.status, result.msg) == (status, msg)
    if status == "fail":
        assert (result.data["ip"], result.data["pool"], result.data["nad"]) == (
            "172.16.1.1",
            "172.16.1.0-24",
            "default/my-nad",
        )


def test_an_ipv6_address_is_counted_from_its_range() -> None:
    cidr = IPNetwork("2001:db8:480:603d::/64")
    six = replace(NAD, ranges=(cidr,))
    (result,) = ip_in_pool(snapshot(pod("a", "2001:db8:480:603d:304:403::")), six)
    assert "(key 217303092952039424 is held by nobody)" in result.msg


def test_duplicates() -> None:
    well = snapshot(pod("a", "172.16.1.1"), pod("b", "172.16.1.2"), pod("c", "10.9.9.9"), pod("d", "10.9.9.9"))
    assert answers(duplicates(well, NAD)) == [("pass", "default/my-nad", "no address is on two pods")]
    twice = snapshot(pod("a", "172.16.1.1"), pod("b", "172.16.1.1", node="node-2"))
    assert answers(duplicates(twice, NAD)) == [
        ("fail", "default/my-nad", "IP 172.16.1.1 is on default/a and default/b")
    ]


def test_an_address_that_two_pools_hold_is_a_warning() -> None:
    other = pool({"1": "default/b"}, cidr="172.16.1.0/25", name="172.16.1.0-25")
    seen = snapshot(pools=(pool({"1": "default/a"}), other))
    assert found(duplicates(seen, NAD)) == [
        (
            "warn",
            "default/my-nad",
            "IP 172.16.1.1 is held in pool 172.16.1.0-24 for default/a and pool 172.16.1.0-25 for default/b",
        )
    ]


TOLD = Node("node-1", nics={"eth1": "10.0.1.2"})
UNLIKE = "net1 MAC {} differs from eth1's (macvlan or wrong master?): {}"


@pytest.mark.parametrize(
    ("node", "macs", "findings"),
    [
        (Node("node-1"), [MAC, MAC], []),
        (TOLD, [MAC], []),
        (TOLD, ["42:01:0a:00:01:03"], [UNLIKE.format("42:01:0a:00:01:03", f"that is {MAC}")]),
        (
            Node("node-1"),
            [MAC, MAC, "02:00:00:00:00:01"],
            [UNLIKE.format("02:00:00:00:00:01", f"other pods on its node have {MAC}")],
        ),
        (
            Node("node-1"),
            ["02:00:00:00:00:01"],
            [
                "net1 has 02:00:00:00:00:01, which is no hardware address of Compute Engine "
                "(42:01 and the address in hexadecimal)"
            ],
        ),
    ],
)
def test_mac_equals_nic(node: Node, macs: list[str], findings: list[str]) -> None:
    users = [pod(f"p{number}", f"172.16.1.{number}", mac=mac) for number, mac in enumerate(macs, 1)]
    assert [msg for _status, _subject, msg in found(mac_equals_nic(snapshot(*users, nodes=(node,)), NAD))] == findings


def test_a_hardware_address_that_was_seen_on_the_node_counts() -> None:
    seen = {"node-1": Inspection(interfaces={"eth1": Nic("42:01:0a:00:01:09", 1460)})}
    (result,) = mac_equals_nic(snapshot(pod("a", "172.16.1.1"), nodes=(TOLD,), inspections=seen), NAD)
    assert result.msg == UNLIKE.format(MAC, "that is 42:01:0a:00:01:09")


def test_the_guides_sample_has_googles_mac() -> None:
    assert google_mac("100.200.200.7") == "42:01:64:c8:c8:07"


def test_an_address_in_the_block_of_another_node_is_information() -> None:
    nodes = (
        Node("node-1", alias_blocks=(IPNetwork("172.16.1.0/28"),)),
        Node("node-2", alias_blocks=(IPNetwork("172.16.1.16/28"),)),
    )
    users = (pod("a", "172.16.1.1"), pod("b", "172.16.1.2", node="node-2"), pod("c", "172.16.1.200", node="node-2"))
    (result,) = alias_block(snapshot(*users, nodes=nodes), NAD)
    assert (result.status, result.subject) == ("pass", "default/b")
    assert result.msg == "IP 172.16.1.2 lies in the alias block of node node-1, pod runs on node-2"
    assert result.data["owner"] == "node-1"
    one_tells = (nodes[0], Node("node-2"))
    assert [result.subject for result in alias_block(snapshot(*users, nodes=one_tells), NAD)] == ["default/b"]
    (result,) = alias_block(snapshot(users[0], nodes=nodes), NAD)
    assert result.msg == "no address lies in the alias block of another node"


def test_without_blocks_nobody_can_tell() -> None:
    (result,) = alias_block(snapshot(pod("a", "172.16.1.1")), NAD)
    assert result.status == "skip"
