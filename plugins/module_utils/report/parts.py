# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of the page that several sections have: tables, drawings with what they say in words, states as words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..verify.result import counted
from .markup import Child, Markup, element, name, visible

STATE_WORDS = {"incomplete": "Incomplete", "failing": "Failing", "doubtful": "Warnings", "well": "Well"}
STATUS_WORDS = {"fail": "Error", "warn": "Warning", "skip": "Not checked"}
LETTER = 7.3  # width of a narrow letter in drawings, in their units; a wide one (CJK, emoji) has two


@dataclass(frozen=True)
class Limits:
    """How much of each cluster is drawn and listed; report.json has all."""

    nodes: int  # in a picture
    chips: int  # pods on one interface in a picture
    rows: int  # of a table
    names: bool  # whether addresses on a map tell whose they are


ROOMY = Limits(nodes=12, chips=24, rows=400, names=True)
TIGHT = Limits(nodes=4, chips=8, rows=15, names=False)
MANY = 20  # clusters, from which on each has less room


def limits_for(clusters: int) -> Limits:
    """Return how much of each cluster a page shows, so that a browser can show that of many."""
    return ROOMY if clusters <= MANY else TIGHT


@dataclass
class Ids:
    """Names for elements, each given once: "edge" is c1, what belongs to it c1-picture."""

    prefix: str
    _given: list[str] = field(default_factory=list)

    def new(self, what: str) -> str:
        """Return a name that no other element has."""
        given = f"{self.prefix}-{what}"
        self._given.append(given)
        count = self._given.count(given)
        return given if count == 1 else f"{given}-{count}"


def badge(state: str, word: str) -> Markup:
    """Return a word whose colour says the same."""
    return element("span", word, class_=f"badge is-{state}")


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], *, limits: Limits, texts: int = 0
) -> Markup:
    """Return a table that scrolls by itself if it is wide.

    :param rows: the first cell of each is its head.
    :param texts: how many of the last columns are sentences, which may be broken.
    """
    found = list(rows)
    if not found:
        return element("p", f"{caption}: none.", class_="soft small")
    cut = found[: limits.rows]
    wraps = range(len(heads) - texts, len(heads))
    body = [
        element("tr", element("th", row[0], scope="row"), *(
            element("td", cell, class_="text" if number in wraps else None) for number, cell in enumerate(row[1:], 1)
        ))
        for row in cut
    ]  # fmt: skip
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))
    whole = element("table", element("caption", caption, class_="hidden"), head, element("tbody", *body))
    left = len(found) - len(cut)
    return element("div", scrolling(caption, whole), more(left, "row") if left else None)


def more(count: int, noun: str) -> Markup:
    """Return the line that says what is left out."""
    return element("p", f"{counted(count, 'more ' + noun)} in report.json.", class_="soft small")


def scrolling(label: str, content: Child) -> Markup:
    """Return something wide in a frame of its own, which the keyboard reaches."""
    return element("div", content, class_="wide", role="group", tabindex=0, aria_label=label)


def as_table(content: Child, summary: str = "As a table") -> Markup:
    """Return what says in words what a drawing shows."""
    return element("details", element("summary", summary), content, class_="data")


def drawing(ids: Ids, title: str, says: str, span: tuple[float, float], height: float, *content: Child) -> Markup:
    """Return an SVG of its real size; who does not see it is told what it says.

    :param span: where it begins on the left, and where it ends.
    """
    left, width = span[0], span[1] - span[0]
    given = ids.new("drawing")
    return element(
        "svg",
        element("title", title, id=f"{given}-title"),
        element("desc", says, id=f"{given}-desc"),
        *content,
        viewBox=f"{left:g} 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{given}-title {given}-desc",
    )


def label(x: float, y: float, text: str, class_: str | None = None, *, tip: str = "") -> Markup:
    """Return a text in a drawing."""
    return element("text", element("title", tip) if tip else None, text, x=x, y=y, class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str, *, round_: float = 0, tip: str = "") -> Markup:
    """Return a rectangle in a drawing."""
    inside = element("title", tip) if tip else None
    return element("rect", inside, x=x, y=y, width=width, height=height, rx=round_ or None, class_=class_)


def width_of(text: str) -> float:
    """Return how wide a text is in a drawing, at most."""
    return LETTER * sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fitting(text: str, width: float) -> str:
    """Return a text that fits a width: of one that does not, the beginning and the end, which names differ in."""
    shown = visible(text)
    if width_of(shown) <= width:
        return shown
    for kept in range(min(len(shown) - 1, int(width / LETTER)), 1, -1):
        cut = f"{shown[: (kept + 1) // 2]}…{shown[len(shown) - kept // 2 :]}"
        if width_of(cut) <= width:
            return cut
    return "…"


def names(texts: Iterable[str]) -> Iterator[Child]:
    """Yield names with commas between them."""
    for number, text in enumerate(texts):
        yield ", " if number else None
        yield name(text)
