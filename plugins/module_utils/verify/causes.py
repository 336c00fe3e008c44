# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means if somebody does not answer: one finding for each cause, not for each path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .. import gke_rules
from ..cni.ranges import parse_address
from ..cni.texts import some
from .fabric import Fabric
from .matrix import End, Path, pairs
from .packets import HEADERS, Probing
from .result import Result, counted
from .snapshot import Attachment

GUIDE = "docs/verify.md of the collection"


@dataclass(frozen=True)
class Stray:
    """An address that is used on another node than the one whose block it lies in."""

    end: End
    owner: str  # the node whose block it is; empty: nobody's

    def __str__(self) -> str:
        block = f"the alias block of node {self.owner}" if self.owner else "no node's alias block"
        return f"IP {self.end.ip} lies in {block}, pod {self.end.pod} runs on {self.end.node}"

    def as_data(self) -> dict[str, str]:
        """Return it as a result's data."""
        return {"ip": self.end.ip, "pod": self.end.pod, "node": self.end.node, "owner": self.owner}


def judge(attachment: Attachment, paths: Sequence[Path], probing: Probing, fabric: Fabric) -> list[Result]:
    """Return what the paths of one attachment mean.

    :param fabric: what is known of its network.
    """
    if not paths:
        return []
    unsent, sent = [path for path in paths if path.answer.error], [path for path in paths if not path.answer.error]
    findings = [_cannot_send(attachment, unsent)] if unsent else []
    findings += _findings(attachment, sent, fabric)
    lossy = [path for path in sent if path.ok and path.answer.loss]
    if lossy:
        named = some(f"{path}: {path.answer.loss} %" for path in lossy)
        findings.append(
            Result("ping", "warn", attachment.ref, f"packets were lost: {named}", "look for load, or for a wrong MTU")
        )
    if not findings:
        findings.append(_all_well(attachment, sent))
    findings += _refusals(sent, probing)
    findings += _sizes(attachment, sent, probing)
    return findings


def fails_between_nodes(paths: Sequence[Path]) -> bool:
    """Tell whether it is worth to know whose blocks the addresses lie in."""
    return any(path.kind == "cross_node" and not path.ok and not path.answer.error for path in paths)


def _findings(attachment: Attachment, paths: Sequence[Path], fabric: Fabric) -> Iterator[Result]:
    if not any(path.ok for path in paths) and any(path.kind == "same_node" for path in paths):
        yield _nothing_works(attachment, paths)
        return
    astray, lost = _astray(paths, fabric)
    crossing, is_closed = _crossing(paths)
    if lost and not (is_closed and not fabric.rule):
        yield _misplaced(attachment, astray, lost, crossing)
        paths = [path for path in paths if path not in lost]
        crossing, is_closed = _crossing(paths)
    failed = [path for path in paths if not path.ok]
    silent = {end for end in {path.target for path in failed} if _is_silent(end, paths)}
    for end in sorted(silent, key=lambda end: (end.node, end.pod)):
        yield _silent(attachment, end)
    left = [path for path in failed if path.target not in silent]
    if is_closed and any(path.kind == "cross_node" for path in left):
        yield _closed(attachment, crossing, paths, fabric, astray)
        left = [path for path in left if path.kind == "same_node"]
    by_nodes: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in left:
        by_nodes[path.source.node, path.target.node].append(path)
    for (source, target), some_paths in sorted(by_nodes.items()):
        yield _partial(attachment, source, target, some_paths)


def _crossing(paths: Sequence[Path]) -> tuple[list[Path], bool]:
    """Return the paths between nodes, and whether none of them answers."""
    crossing = [path for path in paths if path.kind == "cross_node"]
    return crossing, bool(crossing) and not any(path.ok for path in crossing)


def _astray(paths: Sequence[Path], fabric: Fabric) -> tuple[list[Stray], set[Path]]:
    """Return the addresses that lie in another node's block, and the paths that fail at one; nothing if any path
    between nodes answers all the same, as then the network does not go by blocks.

    The way back counts, too: an answer to an address that is astray goes to the wrong node.
    """
    crossing, _is_closed = _crossing(paths)
    ends = {end for path in crossing for end in (path.source, path.target)}
    astray = {end: Stray(end, fabric.owner(end.ip)) for end in ends if fabric.is_astray(end.ip, end.node)}
    concerned = [path for path in crossing if path.source in astray or path.target in astray]
    if any(path.ok for path in concerned):
        return [], set()
    return sorted(astray.values(), key=lambda stray: (stray.end.node, stray.end.pod)), set(concerned)


def _is_silent(end: End, paths: Sequence[Path]) -> bool:
    """Tell whether it is the pod that does not answer, and not the way to it: others on its node do, or it is silent
    within its node, too.
    """
    to_it = [path for path in paths if path.target == end]
    if any(path.ok for path in to_it):
        return False
    others = (path for path in paths if path.target.node == end.node and path.kind == "cross_node")
    return any(path.kind == "same_node" for path in to_it) or any(path.ok for path in others)


def _cannot_send(attachment: Attachment, paths: Sequence[Path]) -> Result:
    text = f"ping could not send on {some(sorted({path.source.node for path in paths}))}: {paths[0].answer.error}"
    remedy = "use a probe_image whose sh, ping and nc are busybox's, on nodes that allow it"
    return Result("ping", "fail", attachment.ref, text, remedy)


def _nothing_works(attachment: Attachment, paths: Sequence[Path]) -> Result:
    return Result(
        "ping",
        "fail",
        attachment.ref,
        f"none of {len(paths)} paths answers, not even within a node",
        f"look whether {attachment.master} is up on the nodes and is the interface of the additional network",
    )


def _silent(attachment: Attachment, end: End) -> Result:
    return Result(
        "ping",
        "fail",
        end.pod,
        f"{end.ip} on {end.node} does not answer anybody, though {end.pod} has it by its network-status and "
        f"others on {attachment.ref} answer: it has probably lost its interface when its node was lost",
        "delete the pod, so that a new one is made; nothing else repairs it",
    )


def _misplaced(attachment: Attachment, astray: Sequence[Stray], lost: set[Path], crossing: Sequence[Path]) -> Result:
    well = [path for path in crossing if path not in lost]
    answers = f"; of the {len(well)} others, {sum(path.ok for path in well)} do" if well else ""
    return Result(
        "alias_block",
        "fail",
        attachment.ref,
        f"{len(lost)} of {counted(len(crossing), 'path')} between nodes do not answer, and each leads to or from an "
        f"address in the alias block of another node{answers}: {some(map(str, astray), separator='; ')}",
        "this network seems to deliver an address only to the node whose alias block holds it. Give the pods of each "
        f"node an attachment of their own, whose range is that node's block; {GUIDE} shows how. (The node slices of "
        "Whereabouts 0.8 and later do not help: they do not follow the nodes' blocks)",
        {"addresses": [stray.as_data() for stray in astray]},
    )


def _closed(
    attachment: Attachment, crossing: Sequence[Path], paths: Sequence[Path], fabric: Fabric, astray: Sequence[Stray]
) -> Result:
    rule = attachment.target.firewall_rule or gke_rules.ingress_rule_name("<subnetwork>")
    within = ", while paths within a node do" if any(p.ok for p in paths if p.kind == "same_node") else ""
    ranges = some(str(cidr) for cidr in attachment.ranges)
    known = {True: " (it is there)", False: " (there is no such rule)", None: ""}[fabric.rule]
    text = (
        f"none of {len(crossing)} paths between nodes answers{within}. The usual cause is the VPC's firewall: "
        f"ingress to the subnetwork's ranges ({ranges} and the nodes') is denied unless a rule such as {rule} "
        f"allows it{known}"
    )
    others = [f"the pools' {attachment.master} are not on the same VPC"]
    if astray:
        text += (
            ". Another would be a network that delivers an address only to the node whose alias block holds it: "
            f"{some(map(str, astray), separator='; ')}"
        )
        others.append(f"it goes by alias blocks ({GUIDE} shows what helps)")
    elif not fabric.blocks:
        others.append(
            "the network does not deliver an address outside of a node's own alias block (which blocks the nodes have "
            f"is not known: {fabric.problem})"
        )
    return Result(
        "ping",
        "fail",
        attachment.ref,
        text,
        f"let the ranges in: allow_multinet of gke_multinet_vpc makes the rule {rule}. If it is there, then its source "
        "ranges lack one of the two, another rule with a higher priority denies, or " + ", or ".join(others),
        {"rule": rule, "rule_exists": fabric.rule, "addresses": [stray.as_data() for stray in astray]},
    )


def _partial(attachment: Attachment, source: str, target: str, paths: Sequence[Path]) -> Result:
    where = f"within {source}" if source == target else f"from {source} to {target}"
    causes = (
        f"look whether {attachment.master} is up on the node, and delete the pods that do not answer"
        if source == target
        else f"look whether both nodes are healthy, their {attachment.master} is on the same VPC, and no firewall rule "
        "applies to one of them only (target tags)"
    )
    text = f"no answer {where}: {some(str(path) for path in paths)}"
    return Result("ping", "fail", attachment.ref, text, causes)


def _all_well(attachment: Attachment, paths: Sequence[Path]) -> Result:
    crossing = sum(path.kind == "cross_node" for path in paths)
    times = [path.answer.rtt_ms for path in paths if path.answer.rtt_ms is not None]
    slowest = f", the slowest in {max(times):g} ms" if times else ""
    text = f"{len(paths)} of {len(paths)} paths answer, {crossing} of them between nodes{slowest}"
    return Result("ping", "pass", attachment.ref, text)


def _refusals(paths: Sequence[Path], probing: Probing) -> Iterator[Result]:
    """Yield which pods answer, but take no connection."""
    for end in sorted({path.target for path in paths if path.answer.refused}, key=lambda end: (end.pod, end.ip)):
        text = f"{end.ip} answers, but refuses connections to TCP port {probing.port}: nothing listens there"
        remedy = "start what should listen on all addresses; without port, a refusal is taken for an answer"
        yield Result("tcp", "fail", end.pod, text, remedy, {"ip": end.ip, "port": probing.port})


def _sizes(attachment: Attachment, paths: Sequence[Path], probing: Probing) -> Iterator[Result]:
    """Yield which size arrives undivided: one finding for each size that is too small."""
    measured = [path for path in paths if path.answer.payload is not None]
    by_size: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for path in measured:
        if path.answer.payload is not None and path.answer.payload < probing.payload:
            headers = HEADERS[parse_address(path.target.ip).version]
            by_size[path.answer.payload + headers, probing.payload + headers].append(path)
    for (size, wanted), small in sorted(by_size.items()):
        text = (
            f"packets of {wanted} bytes (a payload of {probing.payload}) do not arrive undivided, the largest that do "
            f"have {size}: {pairs(small)}"
        )
        remedy = (
            f"give the pods an MTU of {size} (nad, mtu), or let VPC and nodes carry more: mtu of gke_multinet_vpc, "
            "then new nodes, as a node takes its interfaces' MTU when it starts"
        )
        yield Result("mtu", "fail", attachment.ref, text, remedy, {"mtu": size, "wanted": wanted})
    if measured and not by_size:
        text = f"pings with a payload of {probing.payload} bytes arrive undivided on all {len(measured)} paths"
        yield Result("mtu", "pass", attachment.ref, text)
