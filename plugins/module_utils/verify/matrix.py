# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches whom over an attachment, and how that is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..cni.texts import aligned, some
from .packets import Answer

MOST_LINES = 60  # of a table with a line for each path; beyond, the paths between two nodes are one cell
MOST_COLUMNS = 24  # of a table with a column for each node; beyond, only what does not answer is shown
ALL, NONE = ".", "-"  # in a cell


@dataclass(frozen=True)
class End:
    """One end of a path: an address on an attachment."""

    pod: str  # "namespace/name"
    node: str
    ip: str
    is_probe: bool = False
    interface: str = ""  # of a probe, on which it has the address

    def __str__(self) -> str:
        return f"probe on {self.node}" if self.is_probe else f"{self.pod} on {self.node}"


@dataclass(frozen=True)
class Path:
    """What became of the packets from one pod to another."""

    attachment: str
    source: End
    target: End
    answer: Answer

    @property
    def ok(self) -> bool:
        """Tell whether any packet was answered."""
        return self.answer.loss < 100

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
            "loss": self.answer.loss,
            "rtt_ms": self.answer.rtt_ms,
            "payload": self.answer.payload,
        }

    def __str__(self) -> str:
        return f"{self.source} to {self.target} ({self.target.ip})"


def table(paths: Sequence[Path]) -> str:
    """Return the matrix for people: a line for each path, or a cell for each two nodes if there are many."""
    if len(paths) <= MOST_LINES:
        return _by_path(paths)
    nodes = sorted({end.node for path in paths for end in (path.source, path.target)})
    asked = Counter((path.source.node, path.target.node) for path in paths)
    answered = Counter((path.source.node, path.target.node) for path in paths if path.ok)
    if len(nodes) <= MOST_COLUMNS:
        return _by_node(nodes, asked, answered)
    failing = sorted(pair for pair in asked if answered[pair] < asked[pair])
    if not failing:
        return f"all {len(paths)} paths between {len(nodes)} nodes answer"
    rows = [["from", "to", "answer"]]
    rows += [[source, target, _cell(asked, answered, (source, target))] for source, target in failing[:MOST_LINES]]
    left = len(failing) - MOST_LINES
    return aligned(rows) + (f"\nand {left} more" if left > 0 else "")


def _by_path(paths: Sequence[Path]) -> str:
    rows = [["from", "to", "address", "path", "answer"]]
    rows += [
        [str(path.source), str(path.target), path.target.ip, path.kind.replace("_", " "), _answer(path.answer)]
        for path in paths
    ]
    return aligned(rows)


def _answer(answer: Answer) -> str:
    if answer.loss >= 100:
        return answer.error or "none"
    parts = [
        "yes" if answer.rtt_ms is None else f"{answer.rtt_ms} ms",
        f"{answer.loss} % lost" if answer.loss else "",
        f"up to {answer.payload} bytes" if answer.payload is not None else "",
        "refused" if answer.refused else "",
    ]
    return ", ".join(filter(None, parts))


def _by_node(nodes: Sequence[str], asked: Counter[tuple[str, str]], answered: Counter[tuple[str, str]]) -> str:
    """Return a table with a row for each node that sends, and a column for each that is to answer."""
    numbers = [str(number) for number, _node in enumerate(nodes, 1)]
    rows = [["", "from \\ to", *numbers]]
    for number, source in zip(numbers, nodes, strict=True):
        rows.append([number, source, *(_cell(asked, answered, (source, target)) for target in nodes)])
    return f"{aligned(rows)}\n{ALL} all paths answer, {NONE} none, a/b a of b"


def _cell(asked: Counter[tuple[str, str]], answered: Counter[tuple[str, str]], pair: tuple[str, str]) -> str:
    if not asked[pair]:
        return ""
    if answered[pair] == asked[pair]:
        return ALL
    return f"{answered[pair]}/{asked[pair]}" if answered[pair] else NONE


def pairs(paths: Sequence[Path]) -> str:
    """Return between which nodes paths lead, the first few of them."""
    return some(f"{source} to {target}" for source, target in sorted({(p.source.node, p.target.node) for p in paths}))
