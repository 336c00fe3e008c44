# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maps of address spaces: a square for each address (of large ranges, for several), framed by the nodes' blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..verify.result import counted
from .markup import Child, Markup, element, name
from .model import HELD, Cluster
from .parts import Ids, Limits, as_table, drawing, fitting, label, names, rect, scrolling, table, width_of
from .spaces import FREE, UNUSED, Cell, NodeBlock, Space, cells, spaces

COLUMNS = 32
MOST_ADDRESSES, SQUARES = 512, 256  # more addresses than that: so many squares, each for several
SIDE, GAP = 22.0, 3.0  # of a square
STRIP = 17.0  # above each row of squares, for the blocks' names, if there are any
WORDS = {
    "live": "in use",
    "orphan": "orphaned: held for a pod that is gone",
    "unknown": "held, and nobody can tell by whom",
    "reserved": "reserved by hand",
    FREE: "free",
    UNUSED: "not handed out",
}
SHARES = {"share-1": "less than a third in use", "share-2": "up to two thirds", "share-3": "more"}
PATTERNS = (  # what tells the squares apart without colour
    ("stripes", "on-bad", ("path", {"d": "M-2 2l4-4M0 8l8-8M6 10l4-4", "class_": "line-bad"})),
    ("dots", "on-warn", ("circle", {"cx": 4, "cy": 4, "r": 2, "class_": "dot-warn"})),
    ("bars", "on-net", ("path", {"d": "M2 0V8M6 0V8", "class_": "line-net"})),
)


def patterns() -> Markup:
    """Return the patterns that all maps of a page use."""
    made = (
        element("pattern", rect(0, 0, 8, 8, ground), element(tag, **drawn), id=given, width=8, height=8,
                patternUnits="userSpaceOnUse")
        for given, ground, (tag, drawn) in PATTERNS
    )  # fmt: skip
    return element("svg", element("defs", *made), class_="patterns", aria_hidden="true")


def maps(cluster: Cluster, ids: Ids, limits: Limits) -> list[Markup]:
    """Return a map for each range of the cluster's pools and attachments."""
    return [_map(space, ids, limits) for space in spaces(cluster)]


@dataclass(frozen=True)
class Grid:
    """Where the squares of a map are."""

    columns: int
    strip: float  # above each row

    @property
    def row(self) -> float:
        """Return how far rows are apart."""
        return SIDE + GAP + self.strip

    def place(self, number: int) -> tuple[float, float]:
        """Return the upper left corner of a square."""
        row, column = divmod(number, self.columns)
        return column * (SIDE + GAP), row * self.row + self.strip

    def runs(self, numbers: Sequence[int], down: float) -> str:
        """Return a line through each run of squares in a row, so far down; the line's dashes are the squares."""
        found, start = [], 0
        for end, number in enumerate(numbers, 1):
            if end == len(numbers) or numbers[end] != number + 1 or numbers[end] % self.columns == 0:
                x, y = self.place(numbers[start])
                found.append(f"M{x:g} {y + down:g}h{(end - start) * (SIDE + GAP) - GAP:g}")
                start = end
        return "".join(found)


def _map(space: Space, ids: Ids, limits: Limits) -> Markup:
    squares, step = cells(space, MOST_ADDRESSES, SQUARES)
    grid = Grid(min(COLUMNS, len(squares)), STRIP if space.blocks and step == 1 else 5.0)
    beginnings = range(0, len(squares), grid.columns)
    addresses = [(grid.place(number)[1], space.address(number * step)) for number in beginnings]
    margin = max(width_of(address) for _y, address in addresses) + 16
    content = [
        *(label(-margin, y + 15, address, "quiet") for y, address in addresses),
        *_shapes(squares, grid, tips=limits.names),
        *(_frames(space.blocks, grid, limits) if step == 1 else _marks(squares, grid)),
    ]
    says = f"{_summary(space)} {_scale(step)} The tables below have the same."
    span = (-margin, grid.columns * (SIDE + GAP) + 6)
    svg = drawing(ids, f"Addresses of {space.cidr}", says, span, len(addresses) * grid.row + 8, content)
    return element(
        "div",
        element("h5", name(space.cidr), " ", element("span", names(space.attachments), class_="soft")),
        element("p", _summary(space), f" {_scale(step)}" if step > 1 else None, class_="small"),
        scrolling(f"Map of {space.cidr}", svg),
        _legend(space, squares, step),
        as_table([_blocks_table(space, limits), _held_table(space, limits)], "As tables"),
    )


def _summary(space: Space) -> str:
    parts = [f"{space.counts[state]} {WORDS[state].partition(':')[0]}" for state in HELD if space.counts[state]]
    return f"{', '.join([*parts, f'{space.free} free'])}; {counted(len(space.blocks), 'node')} with a block."


def _scale(step: int) -> str:
    return "Each square is one address." if step == 1 else f"Each square stands for {step:,} addresses."


def _shapes(squares: Sequence[Cell], grid: Grid, *, tips: bool) -> Iterator[Markup]:
    """Yield the squares: those of a kind as one shape, and those that are held alone, if they tell whose they are."""
    kinds: dict[str, list[int]] = {}
    for number, cell in enumerate(squares):
        if cell.held and tips:
            x, y = grid.place(number)
            held = cell.held.allocation
            yield rect(x, y, SIDE, SIDE, held.state, round_=3, tip=f"{held.ip} {held.pod} {held.reason}")
        else:
            kinds.setdefault(cell.state, []).append(number)
    for kind, numbers in kinds.items():
        yield element("path", d=grid.runs(numbers, SIDE / 2), class_=f"run {kind}")


def _frames(blocks: Sequence[NodeBlock], grid: Grid, limits: Limits) -> Iterator[Child]:
    """Yield a frame around each node's block, which is a rectangle, as its size is a power of two, with its name."""
    for block in blocks:
        x, y = grid.place(block.start)
        width = min(block.size, grid.columns) * (SIDE + GAP) - GAP + 2
        height = max(block.size // grid.columns, 1) * grid.row - GAP - grid.strip + 2
        tip = f"{block.cidr} is {block.node}'s"
        yield rect(x - 1, y - 1, width, height, "block", round_=4, tip=tip if limits.names else "")
        text = fitting(block.node, width - 4)
        if width_of(text) <= width and len(text) > 1:
            yield label(x + 1, y - 5, text, "quiet", tip=tip if limits.names and text != block.node else "")


def _marks(squares: Sequence[Cell], grid: Grid) -> Iterator[Markup]:
    """Yield a line under each square in which nodes have blocks."""
    marked = [number for number, cell in enumerate(squares) if cell.has_block]
    if marked:
        yield element("path", d=grid.runs(marked, SIDE + 3), class_="run given")


def _legend(space: Space, squares: Sequence[Cell], step: int) -> Markup:
    """Return what the squares of this map mean."""
    there = {cell.state for cell in squares}
    words = {**WORDS, **SHARES}
    items = [
        (element("path", d="M0 9h18", class_=f"run {state}"), word) for state, word in words.items() if state in there
    ]
    if space.blocks and step > 1:
        items.append((element("path", d="M0 14h18", class_="run given"), "nodes have blocks here"))
    elif space.blocks:
        items.append((rect(1, 1, 16, 16, "block", round_=3), "a node's block"))
    return element(
        "ul",
        *(element("li", element("svg", drawn, width=18, height=18, aria_hidden="true"), word) for drawn, word in items),
        class_="key",
    )


def _blocks_table(space: Space, limits: Limits) -> Markup:
    heads = ("Node", "Block", "Size", "Held by its own pods", "By pods of other nodes", "Otherwise held")
    return table(f"Blocks of {space.cidr}", heads, (_block_row(space, each) for each in space.blocks), limits=limits)


def _block_row(space: Space, block: NodeBlock) -> list[Child]:
    held = list(space.within(block))
    own = sum(each.node == block.node for each in held)
    others = sum(each.node not in ("", block.node) for each in held)
    return [name(block.node), block.cidr, f"{block.size:,}", own, others, len(held) - own - others]


def _held_table(space: Space, limits: Limits) -> Markup:
    """Return who holds which address, what is wrong first."""
    order = {state: number for number, state in enumerate(("orphan", "unknown", "reserved", "live"))}
    found = sorted(space.held, key=lambda each: (order[each.allocation.state], each.number))
    rows = (
        [a.ip, name(a.pod) if a.pod else "nobody", name(each.node), WORDS[a.state].partition(":")[0], a.reason]
        for each, a in ((each, each.allocation) for each in found)
    )
    heads = ("Address", "Pod", "Node", "State", "Why")
    return table(f"Addresses of {space.cidr} that are held", heads, rows, limits=limits, texts=1)
