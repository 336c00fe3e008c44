# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page: the fleet at a glance, what needs attention, and each cluster."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..verify.result import counted
from .maps import patterns
from .markup import Child, Markup, document, element, name, source_of
from .model import STATES, Cluster, Fleet
from .parts import STATE_WORDS, Ids, badge, limits_for, rect, scrolling
from .script import SCRIPT
from .sections import section, told
from .style import STYLE

FEW = 3  # clusters that are shown unfolded
NOTHING = "-"  # where there is no figure
MOST_NAMED = 12  # clusters that are named with a finding they share
FIGURES = ("Errors", "Warnings", "Changes due", "Nodes", "Pods")
HEADS = ("Cluster", "State", *FIGURES, "Fullest pool", "Paths", "Location", "Version")


def write(fleet: Fleet) -> str:
    """Return the page as HTML; the same fleet gives the same text."""
    clusters = fleet.worst_first()
    ids = {cluster.name: Ids(f"c{number}") for number, cluster in enumerate(clusters, 1)}
    limits = limits_for(len(clusters))
    body = element(
        "body",
        element("a", "Skip to the fleet", href="#fleet", class_="skip"),
        element("header", element("div", _nav(), _theme()), class_="bar"),
        element(
            "main",
            element("h1", name(fleet.title)),
            element("p", _made(fleet), class_="soft"),
            _strip(clusters),
            _tiles(fleet),
            element("h2", "Fleet", id="fleet", tabindex=-1),
            _tools(),
            _table(clusters, ids),
            element("h2", "What needs attention", id="attention"),
            _attention(fleet, ids),
            element("h2", "Clusters", id="details"),
            *(section(each, ids[each.name], limits, is_open=len(clusters) <= FEW) for each in clusters),
            element("footer", element("p", _footer(fleet))),
        ),
        patterns(),
        source_of("script", SCRIPT),
    )  # fmt: skip
    return document(element("html", _head(fleet), body, lang="en"))


def _nav() -> Markup:
    links = (("#fleet", "Fleet"), ("#attention", "Attention"), ("#details", "Clusters"))
    return element("nav", *(element("a", text, href=to) for to, text in links), aria_label="Page")


def _theme() -> Markup:
    """Return what changes between light and dark; the script shows it, and says which."""
    return element("button", "Dark colours", id="theme", type="button", hidden=True)


def _head(fleet: Fleet) -> Markup:
    """Return the head; the page may load nothing, and run nothing but its own script."""
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="referrer", content="no-referrer"),
        element("title", f"{fleet.title} {fleet.made_at}".strip()),
        element("link", rel="icon", href="data:,"),
        source_of("style", STYLE),
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _made(fleet: Fleet) -> list[Child]:
    said: list[Child] = [f"{counted(len(fleet.clusters), 'cluster')}, from the VPC to the addresses of pods"]
    if fleet.made_at:
        said += [", as seen on ", element("time", fleet.made_at, datetime=fleet.made_at)]
    return said


def _strip(clusters: Sequence[Cluster]) -> list[Markup]:
    """Return how many clusters are in which state, as one line of colours, and in words."""
    counts = Counter(cluster.state for cluster in clusters)
    there = [state for state in STATES if counts[state]]
    shapes, x = [], 0.0
    for state in there:
        width = 1000 * counts[state] / len(clusters)
        shapes.append(rect(x, 0, width, 10, state))
        x += width
    line = element(
        "svg", *shapes, viewBox="0 0 1000 10", preserveAspectRatio="none", class_="strip", aria_hidden="true"
    )
    words = (element("li", badge(state, STATE_WORDS[state]), str(counts[state])) for state in there)
    return [line, element("ul", *words, class_="key")] if there else []


def _tiles(fleet: Fleet) -> Markup:
    clusters = fleet.clusters
    used = sum(pool.used for each in clusters for pool in each.pools)
    capacity = sum(pool.capacity for each in clusters for pool in each.pools)
    orphans = sum(a.state == "orphan" for each in clusters for pool in each.pools for a in pool.allocations)
    paths = [path for each in clusters for path in each.paths]
    tiles = (
        ("Nodes", f"{sum(len(each.nodes) for each in clusters):,}", ""),
        ("Pods with more interfaces", f"{sum(len(each.pod_names) for each in clusters):,}", ""),
        ("Addresses in use", f"{used:,}", f"of {capacity:,}, {orphans:,} orphaned"),
        ("Paths that answered", f"{sum(path.ok for path in paths):,}" if paths else NOTHING,
         f"of {len(paths):,}" if paths else "no packets were sent"),
        ("Errors", f"{sum(each.count('fail') for each in clusters):,}", ""),
        ("Warnings", f"{sum(each.count('warn') for each in clusters):,}", ""),
        ("Changes due", f"{sum(len(each.changes) for each in clusters):,}", "what a site run would do"),
    )  # fmt: skip
    items = (
        element(
            "div", element("dt", title), element("dd", figure), element("dd", more, class_="small") if more else None
        )
        for title, figure, more in tiles
    )
    return element("dl", *items, class_="tiles")


def _tools() -> Markup:
    """Return what filters the table; the script shows it."""
    states = (element("option", STATE_WORDS[state], value=state) for state in STATES)
    return element(
        "div",
        element("label", "Filter", element("input", id="filter", type="search", autocomplete="off")),
        element("label", "State", element("select", element("option", "All", value=""), *states, id="state")),
        element("output", "", id="shown", for_="filter state"),
        id="tools",
        class_="tools",
        hidden=True,
    )


def _table(clusters: Sequence[Cluster], ids: dict[str, Ids]) -> Markup:
    rows = (
        element("tr", *_row(each, ids[each.name].prefix), data_state=each.state, data_details=ids[each.name].prefix)
        for each in clusters
    )
    whole = element(
        "table",
        element("caption", "The clusters, the worst first", class_="hidden"),
        element("thead", element("tr", *(_heading(text) for text in HEADS))),
        element("tbody", *rows),
        id="clusters",
    )
    return scrolling("Table of the fleet", whole)


def _heading(text: str) -> Markup:
    return element("th", text, scope="col", class_="number" if text in FIGURES else None)


def _row(cluster: Cluster, anchor: str) -> Iterator[Markup]:
    yield element("th", element("a", name(cluster.name), href=f"#{anchor}"), scope="row")
    yield element("td", badge(cluster.state, STATE_WORDS[cluster.state]), data_sort=STATES.index(cluster.state))
    for count in (
        cluster.count("fail"),
        cluster.count("warn"),
        len(cluster.changes),
        len(cluster.nodes),
        len(cluster.pod_names),
    ):
        yield element("td", count, class_="number")
    pool = cluster.fullest
    yield element("td", _gauge(pool.used_percent) if pool else NOTHING, data_sort=pool.used_percent if pool else -1)
    answered = sum(path.ok for path in cluster.paths)
    share = 100 * answered / len(cluster.paths) if cluster.paths else 101
    yield element("td", f"{answered} of {len(cluster.paths)}" if cluster.paths else NOTHING, data_sort=float(share))
    yield element("td", cluster.facts.location)
    yield element("td", cluster.facts.version)


def _gauge(percent: float) -> list[Child]:
    kind = "failing" if percent >= 95 else "doubtful" if percent >= 90 else "live"
    bars = (rect(0, 0, 60, 8, "track", round_=4), rect(0, 0, max(60 * min(percent, 100) / 100, 2), 8, kind, round_=4))
    return [element("svg", *bars, width=60, height=8, class_="gauge", aria_hidden="true"), f"{percent:g} %"]


def _attention(fleet: Fleet, ids: dict[str, Ids]) -> Markup:
    """Return each kind of finding once, with the clusters that have it."""
    incomplete = [each for each in fleet.worst_first() if each.state == "incomplete"]
    items = [_group(told(first), clusters, ids, first.status) for first, clusters in fleet.groups()]
    if incomplete:
        words = element("strong", "not read in full, or not verified")
        said = element("p", badge("incomplete", STATE_WORDS["incomplete"]), " ", words)
        items.insert(0, _group([said], [(each, 1) for each in incomplete], ids))
    if not items:
        return element("div", element("p", "Nothing: every check passed."), class_="card")
    return element("div", element("ul", *items, class_="plain columns"), class_="card")


def _group(
    said: Iterable[Child], clusters: Sequence[tuple[Cluster, int]], ids: dict[str, Ids], status: str = ""
) -> Markup:
    return element("li", *said, _where(clusters, ids), class_=f"finding {status}".strip())


def _where(clusters: Sequence[tuple[Cluster, int]], ids: dict[str, Ids]) -> Markup:
    named: list[Child] = []
    for cluster, count in clusters[:MOST_NAMED]:
        named.append(" · " if named else None)
        named.append(element("a", name(cluster.name), href=f"#{ids[cluster.name].prefix}"))
        named.append(f" ({count})" if count > 1 else None)
    left = len(clusters) - MOST_NAMED
    return element("p", "In ", *named, f" and {left} more; the table has all." if left > 0 else None, class_="small")


def _footer(fleet: Fleet) -> list[Child]:
    said = "Made by multinet.gke. This page loads nothing and sends nothing."
    cut = f" As there are {len(fleet.clusters)} clusters, pictures and tables of each are cut; report.json has all."
    return [said, cut if limits_for(len(fleet.clusters)).nodes < limits_for(1).nodes else None]
