# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches whom, as a table of nodes whose cells have a colour and a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..verify.result import counted
from .markup import Child, Markup, element, name
from .model import Between, Cluster, Path
from .parts import Limits, scrolling, table

MOST_NODES = 24  # beyond, only what does not answer is listed
STEPS = ((1.0, "heat-1"), (5.0, "heat-2"))  # milliseconds up to which an answer has a colour
SLOW = "heat-3"
WORDS = (
    ("heat-1", "answers (within 1 ms, if a time is shown)"),
    ("heat-2", "within 5 ms"),
    ("heat-3", "slower"),
    ("heat-part", "some packets or paths do not answer"),
    ("heat-none", "none answers"),
)


def matrices(cluster: Cluster, limits: Limits) -> list[Markup]:
    """Return a table for each attachment over which packets were sent, and the paths that failed."""
    found: dict[str, list[Between]] = {}
    for between in cluster.between:
        found.setdefault(between.attachment, []).append(between)
    return [
        _matrix(attachment, ways, [path for path in cluster.unanswered if path.attachment == attachment], limits)
        for attachment, ways in found.items()
    ]


def _matrix(attachment: str, ways: Sequence[Between], failing: Sequence[Path], limits: Limits) -> Markup:
    nodes = sorted({node for way in ways for node in (way.source_node, way.target_node)})
    paths, answered = sum(way.paths for way in ways), sum(way.answered for way in ways)
    said = f"{answered} of {counted(paths, 'path')} answered, between {counted(len(nodes), 'node')}."
    parts: list[Child] = [element("h5", name(attachment)), element("p", said, class_="small")]
    if len(nodes) <= MOST_NODES:
        caption = f"From node to node over {attachment}, the slowest answer of each"
        parts += [scrolling(caption, _heat(nodes, ways, caption)), _legend()]
    else:
        cut = f"With more than {MOST_NODES} nodes, only what does not answer is listed."
        parts.append(element("p", cut, class_="soft small"))
    if failing:
        parts.append(_failing(attachment, failing, limits))
    return element("div", *parts)


def _colour(way: Between) -> str:
    if not way.answered:
        return "heat-none"
    if way.answered < way.paths or way.loss:
        return "heat-part"
    return next((kind for limit, kind in STEPS if (way.rtt_ms or 0.0) <= limit), SLOW)


def _word(way: Between) -> str:
    """Return what a cell says."""
    if not way.answered:
        return "none"
    if way.answered < way.paths:
        return f"{way.answered} of {way.paths}"
    if way.loss:
        return f"{way.loss} % lost"
    return "yes" if way.rtt_ms is None else f"{way.rtt_ms:g} ms"


def _heat(nodes: Sequence[str], ways: Sequence[Between], caption: str) -> Markup:
    cells = {(way.source_node, way.target_node): way for way in ways}
    numbers = {node: number for number, node in enumerate(nodes, 1)}
    corner = element("th", "from ↓ to →", scope="col")
    heads = (
        element("th", str(numbers[node]), element("span", " ", node, class_="hidden"), scope="col") for node in nodes
    )
    rows = (
        element("tr", element("th", f"{numbers[source]} ", name(source), scope="row"), *_cells(source, nodes, cells))
        for source in nodes
    )
    return element(
        "table",
        element("caption", caption, class_="hidden"),
        element("thead", element("tr", corner, *heads)),
        element("tbody", *rows),
        class_="heat",
    )


def _cells(source: str, nodes: Sequence[str], cells: dict[tuple[str, str], Between]) -> Iterator[Markup]:
    for target in nodes:
        way = cells.get((source, target))
        if way is None:
            yield element("td", "-", element("span", " not tried", class_="hidden"), class_="heat-off")
        else:
            yield element("td", _word(way), class_=_colour(way))


def _legend() -> Markup:
    items = (element("li", element("span", class_=f"swatch {kind}"), word) for kind, word in WORDS)
    return element("ul", *items, class_="key")


def _failing(attachment: str, failing: Sequence[Path], limits: Limits) -> Markup:
    heads = ("From", "On", "To", "On", "Address", "What came")
    return element(
        "details",
        element("summary", f"{counted(len(failing), 'path')} that did not answer in full"),
        table(f"Paths over {attachment} that did not answer in full", heads, map(_row, failing), limits=limits),
        class_="data",
    )


def _row(path: Path) -> list[Child]:
    names = (name(each) for each in (path.source, path.source_node, path.target, path.target_node))
    return [*names, path.ip, f"{path.loss} % lost" if path.ok else "no answer"]
