# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it means if somebody does not answer: one finding for each cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.verify import causes
from ansible_collections.multinet.gke.plugins.module_utils.verify.fabric import Fabric
from ansible_collections.multinet.gke.plugins.module_utils.verify.matrix import End, Path, table
from ansible_collections.multinet.gke.plugins.module_utils.verify.packets import Answer, Probing
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Attachment

NAD = Attachment(Target("my-nad", "default"), master="eth1", ranges=(IPNetwork("172.16.1.0/24"),))
NODES = ("node-1", "node-2", "node-3")
PROBES = [End(f"default/probe-{node}", node, f"172.16.1.{number}", True) for number, node in enumerate(NODES, 1)]
PODS = [End(f"default/pod-{node}", node, f"172.16.1.{number}") for number, node in enumerate(NODES, 11)]
WELL, SILENT = Answer(0, 0.5), Answer(100)


def judge(
    attachment: Attachment, of: list[Path], probing: Probing | None = None, fabric: Fabric | None = None
) -> list[Result]:
    return causes.judge(attachment, of, probing or Probing(), fabric or Fabric())


def paths(answers: Callable[[End, End], bool], targets: list[End] | None = None) -> list[Path]:
    """Return the paths from all probes to all others."""
    return [
        Path("default/my-nad", source, target, WELL if answers(source, target) else SILENT)
        for source, target in product(PROBES, targets or PROBES + PODS)
        if source != target
    ]


def same(source: End, target: End) -> bool:
    return source.node == target.node


def findings(of: list[Path]) -> list[tuple[str, str]]:
    return [(result.status, result.subject) for result in judge(NAD, of)]


def test_all_well() -> None:
    (result,) = judge(NAD, paths(lambda source, target: True))
    assert (result.status, result.msg) == (
        "pass",
        "15 of 15 paths answer, 12 of them between nodes, the slowest in 0.5 ms",
    )
    assert judge(NAD, []) == []


def test_a_closed_firewall_is_one_finding_that_names_cause_and_remedy() -> None:
    (result,) = judge(NAD, paths(same))
    assert result.status == "fail"
    assert result.msg.startswith("none of 12 paths between nodes answers, while paths within a node do.")
    assert "ingress to the subnetwork's ranges (172.16.1.0/24 and the nodes') is denied" in result.msg
    assert "<subnetwork>-allow-multinet" in result.msg
    assert "allow_multinet of gke_multinet_vpc" in result.remedy


def test_the_rule_is_named_if_it_is_known() -> None:
    named = Attachment(Target("my-nad", "default", firewall_rule="my-subnet-allow-multinet"), ranges=NAD.ranges)
    (result,) = judge(named, paths(same, PROBES))
    assert "a rule such as my-subnet-allow-multinet allows it" in result.msg
    assert "while paths within a node do" not in result.msg


def test_a_pod_that_lost_its_interface_is_one_finding() -> None:
    (result,) = judge(NAD, paths(lambda source, target: target != PODS[1]))
    assert (result.status, result.subject) == ("fail", "default/pod-node-2")
    assert "172.16.1.12 on node-2 does not answer anybody" in result.msg
    assert "delete the pod" in result.remedy


def test_behind_a_closed_firewall_a_lost_interface_is_still_found() -> None:
    found = findings(paths(lambda source, target: same(source, target) and target != PODS[1]))
    assert found == [("fail", "default/pod-node-2"), ("fail", "default/my-nad")]


def test_one_node_that_is_cut_off_is_told_pair_by_pair() -> None:
    found = judge(NAD, paths(lambda a, b: same(a, b) or "node-3" not in (a.node, b.node)))
    assert [result.msg.split(":")[0] for result in found] == [
        "no answer from node-1 to node-3",
        "no answer from node-2 to node-3",
        "no answer from node-3 to node-1",
        "no answer from node-3 to node-2",
    ]


def test_nothing_works_at_all() -> None:
    (result,) = judge(NAD, paths(lambda source, target: False))
    assert result.msg == "none of 15 paths answers, not even within a node"


def test_one_direction_within_a_node() -> None:
    """A pod answers others but not the probe on its own node."""
    (result,) = judge(NAD, paths(lambda a, b: not (same(a, b) and b == PODS[0])))
    assert result.msg == "no answer within node-1: probe on node-1 to default/pod-node-1 on node-1 (172.16.1.11)"


def test_lost_packets_are_a_warning() -> None:
    found = paths(lambda source, target: True, PROBES[:2])
    found[0] = Path("default/my-nad", found[0].source, found[0].target, Answer(33, 1.5))
    (result,) = judge(NAD, found)
    assert (result.status, "33 %" in result.msg) == ("warn", True)


def test_a_ping_that_cannot_send_says_nothing_of_the_network() -> None:
    found = [Path("default/my-nad", PROBES[0], PROBES[1], Answer(100, error="ping: permission denied (are you root?)"))]
    (result,) = judge(NAD, found)
    assert "ping could not send on node-1: ping: permission denied" in result.msg
    assert "probe_image" in result.remedy


def test_one_probe_that_cannot_send_does_not_hide_what_the_others_found() -> None:
    found = paths(lambda source, target: source.node == PROBES[0].node or same(source, target))
    mute = [
        Path(p.attachment, p.source, p.target, Answer(100, error="ping: denied"))
        for p in found
        if p.source == PROBES[0]
    ]
    others = [path for path in found if path.source != PROBES[0]]
    unsent, closed = judge(NAD, mute + others)
    assert unsent.msg == "ping could not send on node-1: ping: denied"
    assert closed.msg.startswith("none of 8 paths between nodes answers, while paths within a node do.")
    assert [result.msg for result in judge(NAD, mute)] == [unsent.msg]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer(0, 0.5), "0.5 ms"),
        (Answer(33, 0.5), "0.5 ms, 33 % lost"),
        (Answer(0, 0.5, payload=1372), "0.5 ms, up to 1372 bytes"),
        (Answer(0), "yes"),
        (Answer(0, refused=True), "yes, refused"),
        (Answer(100), "none"),
        (Answer(100, error="nc: not found"), "nc: not found"),
    ],
)
def test_table(answer: Answer, shown: str) -> None:
    assert table([Path("default/my-nad", PROBES[0], PODS[1], answer)]).splitlines() == [
        "from             to                            address      path        answer",
        f"probe on node-1  default/pod-node-2 on node-2  172.16.1.12  cross node  {shown}",
    ]


def test_row() -> None:
    assert Path("default/my-nad", PROBES[0], PODS[1], WELL).as_row() == {
        "attachment": "default/my-nad",
        "from": "default/probe-node-1",
        "from_node": "node-1",
        "to": "default/pod-node-2",
        "to_node": "node-2",
        "ip": "172.16.1.12",
        "path": "cross_node",
        "ok": True,
        "loss": 0,
        "rtt_ms": 0.5,
        "payload": None,
    }


def sized(size: int | None) -> list[Path]:
    """Return paths on which packets of a size arrive undivided; None: those of one node are small."""
    return [
        Path("default/my-nad", source, target, Answer(0, 0.5, payload=size or (1272 if source == PROBES[0] else 1432)))
        for source, target in product(PROBES[:2], repeat=2)
        if source != target
    ]


def test_a_size_that_does_not_arrive_is_told_with_the_largest_that_does() -> None:
    found = judge(NAD, sized(1272), Probing(payload=1432))
    assert [(result.check, result.status) for result in found] == [("ping", "pass"), ("mtu", "fail")]
    assert found[1].msg == (
        "packets of 1460 bytes (a payload of 1432) do not arrive undivided, the largest that do have 1300: "
        "node-1 to node-2, node-2 to node-1"
    )
    assert found[1].data == {"mtu": 1300, "wanted": 1460}
    assert "give the pods an MTU of 1300 (nad, mtu)" in found[1].remedy


def test_only_the_paths_that_carry_less_are_named() -> None:
    (finding,) = (result for result in judge(NAD, sized(None), Probing(payload=1432)) if result.check == "mtu")
    assert finding.msg.endswith(": node-1 to node-2")


def test_sizes_of_ipv6_have_larger_headers() -> None:
    six = [replace(end, ip=f"2001:db8::{number}") for number, end in enumerate(PROBES[:2], 1)]
    found = judge(NAD, [Path("default/my-nad", *six, Answer(0, 0.5, payload=1252))], Probing(payload=1412))
    assert found[1].data == {"mtu": 1300, "wanted": 1460}


def test_a_size_that_arrives_is_well() -> None:
    found = judge(NAD, sized(1432), Probing(payload=1432))
    assert [(result.check, result.status) for result in found] == [("ping", "pass"), ("mtu", "pass")]
    assert found[1].msg == "pings with a payload of 1432 bytes arrive undivided on all 2 paths"


def test_a_pod_that_refuses_is_named_once() -> None:
    found = [Path("default/my-nad", source, PODS[2], Answer(0, refused=True)) for source in PROBES]
    ping, refusal = judge(NAD, found, Probing(protocol="tcp", port=8080))
    assert (ping.status, ping.msg) == ("pass", "3 of 3 paths answer, 2 of them between nodes")
    assert (refusal.check, refusal.status, refusal.subject) == ("tcp", "fail", "default/pod-node-3")
    assert "172.16.1.13 answers, but refuses connections to TCP port 8080" in refusal.msg


def crowd(nodes: int, answers: Callable[[int, int], bool]) -> list[Path]:
    ends = [End(f"default/p{number}", f"node-{number:03}", f"10.0.{number}.1", True) for number in range(nodes)]
    return [
        Path("default/my-nad", ends[a], ends[b], WELL if answers(a, b) else SILENT)
        for a, b in product(range(nodes), repeat=2)
        if a != b
    ]


def test_many_paths_are_shown_by_node() -> None:
    lines = table(crowd(9, lambda a, b: (a, b) != (0, 1))).splitlines()
    assert lines[0].split() == ["from", "\\", "to", *map(str, range(1, 10))]
    assert lines[1].split() == ["1", "node-000", "-", *["."] * 7]
    assert lines[2].split() == ["2", "node-001", *["."] * 8]
    assert lines[-1] == ". all paths answer, - none, a/b a of b"
    some_more = crowd(9, lambda a, b: True) + crowd(2, lambda a, b: a == 0)
    assert "1/2" in table(some_more)


def test_of_very_many_nodes_only_what_does_not_answer_is_shown() -> None:
    assert table(crowd(30, lambda a, b: True)) == "all 870 paths between 30 nodes answer"
    assert table(crowd(30, lambda a, b: (a, b) != (3, 4))).splitlines() == [
        "from      to        answer",
        "node-003  node-004  -",
    ]
    lines = table(crowd(30, lambda a, b: False)).splitlines()
    assert (len(lines), lines[-1]) == (62, "and 810 more")


@pytest.mark.parametrize(("silent", "last"), [(60, "node-002  node-001  -"), (61, "and 1 more")])
def test_of_what_does_not_answer_sixty_lines_are_shown(silent: int, last: str) -> None:
    paths_of_many = crowd(30, lambda a, b: True)
    mute = [replace(path, answer=SILENT) for path in paths_of_many[:silent]]
    lines = table(mute + paths_of_many[silent:]).splitlines()
    assert lines[60].split() == ["node-002", "node-001", "-"]
    assert lines[-1] == last


def test_a_table_has_sixty_lines_or_a_column_for_each_of_twenty_four_nodes() -> None:
    many = crowd(9, lambda a, b: True)
    assert table(many[:60]).startswith("from ")
    assert "from \\ to" in table(many[:61])
    assert "from \\ to" in table(crowd(24, lambda a, b: True))
    assert table(crowd(25, lambda a, b: True)) == "all 600 paths between 25 nodes answer"
