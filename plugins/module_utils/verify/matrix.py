# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches whom over an attachment, and what it means if somebody does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .. import gke_rules
from ..cni.texts import aligned, some
from .result import Result
from .snapshot import Attachment


@dataclass(frozen=True)
class End:
    """One end of a path: an address on an attachment."""

    pod: str  # "namespace/name"
    node: str
    ip: str
    is_probe: bool = False

    def __str__(self) -> str:
        return f"probe on {self.node}" if self.is_probe else f"{self.pod} on {self.node}"


@dataclass(frozen=True)
class Path:
    """What became of the packets from one pod to another."""

    attachment: str
    source: End
    target: End
    loss: int  # percent
    rtt_ms: float | None = None  # average; None: no answer
    error: str = ""  # what ping said if it could not send

    @property
    def ok(self) -> bool:
        """Tell whether any packet was answered."""
        return self.loss < 100

    @property
    def kind(self) -> Literal["same_node", "cross_node"]:
        """Tell whether the packets had to leave the node."""
        return "same_node" if self.source.node == self.target.node else "cross_node"

    def as_row(self) -> dict[str, Any]:
        """Return it as the module does."""
        return {
            "attachment": self.attachment,
            "from": self.source.pod,
            "from_node": self.source.node,
            "to": self.target.pod,
            "to_node": self.target.node,
            "ip": self.target.ip,
            "path": self.kind,
            "ok": self.ok,
            "loss": self.loss,
            "rtt_ms": self.rtt_ms,
        }

    def __str__(self) -> str:
        return f"{self.source} to {self.target} ({self.target.ip})"


def judge(attachment: Attachment, paths: list[Path]) -> list[Result]:
    """Return what the paths of one attachment mean: one finding for each cause, not for each path."""
    if not paths:
        return []
    unsent, sent = [path for path in paths if path.error], [path for path in paths if not path.error]
    findings = [_cannot_ping(attachment, unsent)] if unsent else []
    findings += _findings(attachment, sent)
    lossy = [path for path in sent if path.ok and path.loss]
    if lossy:
        named = some(f"{path}: {path.loss} %" for path in lossy)
        findings.append(
            Result("ping", "warn", attachment.ref, f"packets were lost: {named}", "look for load, or for a wrong MTU")
        )
    return findings or [_all_well(attachment, sent)]


def _findings(attachment: Attachment, paths: list[Path]) -> Iterator[Result]:
    failed = [path for path in paths if not path.ok]
    if len(failed) == len(paths) and any(path.kind == "same_node" for path in paths):
        yield _nothing_works(attachment, paths)
        return
    crossing = [path for path in paths if path.kind == "cross_node"]
    is_closed = bool(crossing) and not any(path.ok for path in crossing)
    silent = {end for end in {path.target for path in failed} if _is_silent(end, paths)}
    for end in sorted(silent, key=lambda end: (end.node, end.pod)):
        yield _silent(attachment, end)
    left = [path for path in failed if path.target not in silent]
    if is_closed and any(path.kind == "cross_node" for path in left):
        yield _closed(attachment, crossing, paths)
        left = [path for path in left if path.kind == "same_node"]
    by_nodes: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in left:
        by_nodes[path.source.node, path.target.node].append(path)
    for (source, target), some_paths in sorted(by_nodes.items()):
        yield _partial(attachment, source, target, some_paths)


def _is_silent(end: End, paths: list[Path]) -> bool:
    """Tell whether it is the pod that does not answer, and not the way to it: others on its node do, or it is silent
    within its node, too.
    """
    to_it = [path for path in paths if path.target == end]
    if any(path.ok for path in to_it):
        return False
    others = (path for path in paths if path.target.node == end.node and path.kind == "cross_node")
    return any(path.kind == "same_node" for path in to_it) or any(path.ok for path in others)


def _cannot_ping(attachment: Attachment, paths: list[Path]) -> Result:
    text = f"ping could not send on {some(sorted({path.source.node for path in paths}))}: {paths[0].error}"
    remedy = "use a probe_image whose sh and ping work without privileges (busybox), on nodes that allow it"
    return Result("ping", "fail", attachment.ref, text, remedy)


def _nothing_works(attachment: Attachment, paths: list[Path]) -> Result:
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


def _closed(attachment: Attachment, crossing: list[Path], paths: list[Path]) -> Result:
    rule = attachment.target.firewall_rule or gke_rules.ingress_rule_name("<subnetwork>")
    within = ", while paths within a node do" if any(p.ok for p in paths if p.kind == "same_node") else ""
    ranges = some(str(cidr) for cidr in attachment.ranges)
    return Result(
        "ping",
        "fail",
        attachment.ref,
        f"none of {len(crossing)} paths between nodes answers{within}. The usual cause is the VPC's firewall: "
        f"ingress to the subnetwork's ranges ({ranges} and the nodes') is denied unless a rule such as {rule} "
        "allows it",
        f"let the ranges in: allow_multinet of gke_multinet_vpc makes the rule {rule}. If it is there, then its source "
        "ranges lack one of the two, another rule with a higher priority denies, the pools' "
        f"{attachment.master} are not on the same VPC, or Google does not forward addresses outside a node's own "
        "alias block (clusters made without multi-networking)",
    )


def _partial(attachment: Attachment, source: str, target: str, paths: list[Path]) -> Result:
    where = f"within {source}" if source == target else f"from {source} to {target}"
    causes = (
        f"look whether {attachment.master} is up on the node, and delete the pods that do not answer"
        if source == target
        else f"look whether both nodes are healthy, their {attachment.master} is on the same VPC, and no firewall rule "
        "applies to one of them only (target tags)"
    )
    text = f"no answer {where}: {some(str(path) for path in paths)}"
    return Result("ping", "fail", attachment.ref, text, causes)


def _all_well(attachment: Attachment, paths: list[Path]) -> Result:
    crossing = sum(path.kind == "cross_node" for path in paths)
    slowest = max(path.rtt_ms or 0.0 for path in paths)
    text = f"{len(paths)} of {len(paths)} paths answer, {crossing} of them between nodes, the slowest in {slowest:g} ms"
    return Result("ping", "pass", attachment.ref, text)


def table(paths: Iterable[Path]) -> str:
    """Return the matrix for people: one line for each path."""
    rows = [["from", "to", "address", "path", "answer"]]
    rows += [
        [str(path.source), str(path.target), path.target.ip, path.kind.replace("_", " "), _answer(path)]
        for path in paths
    ]
    return aligned(rows)


def _answer(path: Path) -> str:
    if not path.ok:
        return path.error or "none"
    return f"{path.rtt_ms} ms" + (f", {path.loss} % lost" if path.loss else "")
