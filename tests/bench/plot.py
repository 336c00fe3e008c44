# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as bars beside their goals: a picture (SVG) that can be read on light and on dark ground."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from .goals import Figure, Verdict

MOST = 2.0  # times the goal, where the picture ends
ROW, TOP, TEXT, BARS = 18, 44, 520, 360  # pixels
WIDTH = TEXT + BARS + 80
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .met { fill: #1a7f37 } .not-met { fill: #bc4c00 } .goal { stroke: #1f2328; stroke-dasharray: 4 3 }
  .spread { stroke: #57606a; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .met { fill: #3fb950 } .not-met { fill: #f0883e } .goal { stroke: #e6edf3 }
    .spread { stroke: #9ea7b3 }
  }
"""


def plot(figures: Sequence[Figure]) -> str:
    """Return the picture: how much of its limit each figure takes, and its spread; the line is the limit."""
    bars = [figure for figure in figures if figure.goal and figure.goal.limit and figure.spread]
    height = TOP + ROW * len(bars) + 10
    goal = _x(1.0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        f"<title>multinet.gke beside its goals</title><style>{STYLE}</style>",
        '<text x="8" y="18">share of the limit that the median takes; thin: from the least to the most</text>',
        f'<text x="{goal}" y="36" text-anchor="middle">goal</text>',
        f'<line class="goal" x1="{goal}" y1="{TOP - 4}" x2="{goal}" y2="{height - 6}"/>',
        *(_bar(figure, TOP + ROW * number) for number, figure in enumerate(bars)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bar(figure: Figure, top: int) -> str:
    assert figure.goal is not None
    assert figure.spread is not None
    low, median, high = (
        value / figure.goal.limit for value in (figure.spread.low, figure.spread.median, figure.spread.high)
    )
    name = escape(f"{figure.goal.number} {figure.what}")
    kind = "met" if figure.verdict is Verdict.MET else "not-met"
    middle = top + ROW // 2
    return (
        f'<text x="8" y="{top + 13}">{name}</text>'
        f'<rect class="{kind}" x="{TEXT}" y="{top + 3}" width="{_x(median) - TEXT:.1f}" height="{ROW - 6}"/>'
        f'<line class="spread" x1="{_x(low):.1f}" y1="{middle}" x2="{_x(high):.1f}" y2="{middle}"/>'
        f'<text x="{TEXT + BARS + 8}" y="{top + 13}">{median:.2f}</text>'
    )


def _x(share: float) -> float:
    """Return where a share of the limit ends."""
    return TEXT + BARS * min(share, MOST) / MOST
