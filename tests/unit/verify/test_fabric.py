# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose block an address lies in, and what that means for packets that do not arrive."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
import snapshots

from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError
from ansible_collections.multinet.gke.plugins.module_utils.verify import causes, fabric
from ansible_collections.multinet.gke.plugins.module_utils.verify.fabric import Blocks, Fabric
from ansible_collections.multinet.gke.plugins.module_utils.verify.matrix import End, Path
from ansible_collections.multinet.gke.plugins.module_utils.verify.packets import Answer, Probing
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Attachment, Node

NAD = Attachment(
    Target("my-nad", "default", firewall_rule="my-rule"), master="eth1", ranges=(IPNetwork("172.16.1.0/24"),)
)
BLOCKS: Blocks = {
    "node-1": (IPNetwork("10.8.0.0/24"), IPNetwork("172.16.1.0/28")),
    "node-2": (IPNetwork("172.16.1.16/28"),),
    "node-3": (IPNetwork("10.9.0.0/24"),),
}
ON_1, ON_2 = End("a/one", "node-1", "172.16.1.1"), End("a/two", "node-2", "172.16.1.17")
ASTRAY = End("a/astray", "node-2", "172.16.1.2")
NOBODYS = End("a/nobodys", "node-2", "172.16.1.200")


class Cloud:
    def __init__(self, blocks: Blocks | None = None, rule: bool = True) -> None:
        self._blocks, self._rule, self.asked = blocks, rule, 0

    @property
    def blocks(self) -> Blocks:
        self.asked += 1
        if self._blocks is None:
            raise AccessError("list the nodes: HTTP 403")
        return self._blocks

    def has_rule(self, name: str) -> bool:
        assert name == "my-rule"
        return self._rule


def paths(answers: Callable[[End, End], bool], *ends: End) -> list[Path]:
    return [
        Path("default/my-nad", source, target, Answer(0, 0.5) if answers(source, target) else Answer(100))
        for source, target in permutations(ends, 2)
    ]


def strict(source: End, target: End) -> bool:
    """Tell what arrives, and comes back, in a network that goes by blocks."""
    return source.node == target.node or not {ASTRAY, NOBODYS} & {source, target}


def flat(source: End, target: End) -> bool:
    return True


def judge(found: list[Path], known: Fabric) -> list[Result]:
    return causes.judge(NAD, found, Probing(), known)


def known(rule: bool | None = True) -> Fabric:
    return Fabric({node: cidrs for node, cidrs in BLOCKS.items() if node != "node-3"}, "", rule)


def test_owners() -> None:
    owners = [known().owner(ip) for ip in ("172.16.1.15", "172.16.1.16", "172.16.1.32", "2001:db8::1")]
    assert owners == ["node-1", "node-2", "", ""]
    assert not Fabric().is_astray("172.16.1.1", "node-9")


def test_an_address_in_another_nodes_block_is_named_with_its_owner() -> None:
    astray, well = judge(paths(strict, ON_1, ON_2, ASTRAY), known())[:1], paths(strict, ON_1, ON_2)
    assert [(each.check, each.status) for each in astray] == [("alias_block", "fail")]
    assert astray[0].msg == (
        "2 of 4 paths between nodes do not answer, and each leads to or from an address in the alias block of another "
        "node; of the 2 others, 2 do: IP 172.16.1.2 lies in the alias block of node node-1, pod a/astray runs on node-2"
    )
    assert astray[0].data == {
        "addresses": [{"ip": "172.16.1.2", "pod": "a/astray", "node": "node-2", "owner": "node-1"}]
    }
    assert "docs/verify.md" in astray[0].remedy
    assert [each.status for each in judge(well, known())] == ["pass"]


def test_an_address_in_no_block_is_named() -> None:
    (finding,) = judge(paths(strict, ON_1, ON_2, NOBODYS), known())
    assert "IP 172.16.1.200 lies in no node's alias block, pod a/nobodys runs on node-2" in finding.msg


def test_nothing_is_said_of_blocks_in_a_network_that_does_not_go_by_them() -> None:
    assert [each.check for each in judge(paths(flat, ON_1, ON_2, ASTRAY), known())] == ["ping"]
    silent = paths(lambda source, target: target != ON_2, ON_1, ON_2, ASTRAY)
    assert [(each.check, each.subject) for each in judge(silent, known())] == [("ping", "a/two")]


@pytest.mark.parametrize("rule", [None, False])
def test_without_a_firewall_rule_both_causes_are_named(rule: bool | None) -> None:
    (finding,) = judge(paths(strict, ON_1, ASTRAY), known(rule))
    assert finding.check == "ping"
    assert "The usual cause is the VPC's firewall" in finding.msg
    assert ("(there is no such rule)" in finding.msg) is (rule is False)
    assert "IP 172.16.1.2 lies in the alias block of node node-1" in finding.msg


def test_with_the_rule_the_blocks_are_the_cause() -> None:
    (finding,) = judge(paths(strict, ON_1, ASTRAY), known())
    assert (finding.check, finding.msg.split(",")[0]) == ("alias_block", "2 of 2 paths between nodes do not answer")


def test_with_all_addresses_in_place_the_firewall_is_left() -> None:
    (finding,) = judge(paths(lambda a, b: a.node == b.node, ON_1, ON_2), known())
    assert "(it is there)" in finding.msg
    assert "alias block" not in finding.msg + finding.remedy


def test_why_no_blocks_are_known_is_said() -> None:
    (finding,) = judge(paths(lambda a, b: False, ON_1, ON_2), Fabric(problem="list the nodes: HTTP 403"))
    assert "which blocks the nodes have is not known: list the nodes: HTTP 403" in finding.remedy


def test_google_is_asked_for_the_blocks_within_the_ranges() -> None:
    seen = snapshots.snapshot(nodes=())
    found = fabric.look_up(NAD, seen, Cloud(BLOCKS))
    assert (dict(found.blocks), found.rule) == (
        {"node-1": (IPNetwork("172.16.1.0/28"),), "node-2": (IPNetwork("172.16.1.16/28"),)},
        True,
    )


def test_what_the_nodes_tell_is_not_asked_of_google() -> None:
    seen = snapshots.snapshot(nodes=(Node("n", alias_blocks=(IPNetwork("172.16.1.32/28"),)),))
    cloud = Cloud(BLOCKS)
    assert dict(fabric.look_up(NAD, seen, cloud).blocks) == {"n": (IPNetwork("172.16.1.32/28"),)}
    assert cloud.asked == 0


@pytest.mark.parametrize(
    ("cloud", "problem"),
    [(None, "Google was not asked"), (Cloud(), "HTTP 403"), (Cloud({}), "no node has a block of its ranges")],
)
def test_without_blocks_there_is_a_reason(cloud: Cloud | None, problem: str) -> None:
    found = fabric.look_up(NAD, snapshots.snapshot(nodes=()), cloud)
    assert not found.blocks
    assert problem in found.problem
