# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: what it says of each cluster, whatever the clusters' names are."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reported
from ansible_collections.multinet.gke.plugins.module_utils.report import page, parts, reading
from ansible_collections.multinet.gke.plugins.module_utils.report.markup import visible

VOID = {"meta", "link", "input"}
# What a page of ours is made of; nothing that was put into it may add to that.
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "header",
        "nav",
        "button",
        "main",
        "h1",
        "h2",
        "h3",
    ),
    *("h4", "h5", "p", "time", "svg", "rect", "ul", "li", "span", "dl", "div", "dt", "dd", "label", "input", "select"),
    *(
        "option",
        "output",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "bdi",
        "details",
        "summary",
        "section",
    ),
    *("strong", "code", "path", "circle", "text", "g", "desc", "defs", "pattern", "footer", "script"),
}


class Reader(HTMLParser):
    """A page as a tree is read: each element is closed by its own end."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def values(self, attribute: str) -> list[str]:
        return [value or "" for name, value in self.attributes if name == attribute]


def read(*clusters: reported.Description, **more: Any) -> Reader:
    return Reader(page.write(reading.fleet(reported.params(clusters, **more))))


@pytest.fixture(scope="module")
def mixed() -> Reader:
    return read(*reported.mixed())


def test_it_says_what_is_wrong_and_what_to_do(mixed: Reader) -> None:
    for result in reported.troubled()["verification"]["results"]:
        if result["status"] in ("fail", "warn"):
            assert mixed.text.count(result["msg"]) == 2  # with the cluster, and with what needs attention
            assert mixed.text.count(result["remedy"]) >= 2
    assert "create pod default/samplepod-2" in mixed.text
    assert "203.0.113.7 cannot be reached" in mixed.text


def test_names_of_elements_are_given_once_and_links_lead_somewhere(mixed: Reader) -> None:
    ids = mixed.values("id")
    assert len(ids) == len(set(ids))
    links = [value for value in mixed.values("href") if value != "data:,"]
    assert links
    assert {value.removeprefix("#") for value in links} <= set(ids)
    assert all(value.startswith("#") for value in links)
    for group in mixed.values("aria-labelledby"):
        assert set(group.split()) <= set(ids)


def test_it_loads_nothing(mixed: Reader) -> None:
    assert mixed.values("src") == []
    assert mixed.values("style") == []
    (policy,) = [value for value in mixed.values("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    source = page.write(reading.fleet(reported.params(reported.small())))
    assert not re.search(r"@import|url\((?!#)|https?://", source)


def test_every_drawing_says_what_it_shows(mixed: Reader) -> None:
    drawings = mixed.values("aria-labelledby")
    assert len(drawings) == mixed.values("role").count("img") == mixed.tags["desc"]
    assert mixed.tags["pattern"] == 3


def test_the_same_gives_the_same() -> None:
    fleet = reading.fleet(reported.params(reported.mixed()))
    assert page.write(fleet) == page.write(fleet)


@pytest.mark.parametrize("word", reported.HOSTILE, ids=range(len(reported.HOSTILE)))
def test_names_that_do_harm_elsewhere_are_shown(word: str) -> None:
    found = read(reported.spoilt(reported.troubled(), word), title=word)
    assert set(found.tags) <= TAGS
    assert found.tags["script"] == found.tags["style"] == 1
    assert visible(word) in found.text.replace("\n", "")
    assert not [name for name, _value in found.attributes if name.startswith("on")]


@settings(max_examples=15)
@given(st.text(st.characters()))
def test_no_name_becomes_markup(word: str) -> None:
    harmless = read(reported.spoilt(reported.troubled(), "x"))
    found = read(reported.spoilt(reported.troubled(), word))
    assert set(found.tags) <= TAGS
    assert {tag: found.tags[tag] for tag in ("details", "table", "svg")} == {
        tag: harmless.tags[tag] for tag in ("details", "table", "svg")
    }


def test_of_many_clusters_each_has_less_room() -> None:
    few, many = read(reported.crowded()), read(*reported.large(parts.MANY + 1))
    assert "report.json has all" not in few.text
    assert f"As there are {parts.MANY + 1} clusters" in many.text
    assert many.values("open") == []


def test_what_is_left_out_is_counted() -> None:
    text = read(reported.crowded()).text
    assert "18 more nodes in report.json." in text
    assert "With more than 24 nodes, only what does not answer is listed." in text


def test_no_clusters_are_a_page_too() -> None:
    assert "0 clusters" in read().text


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("short", 100, "short"),
        ("gke-edge-multinet-0cfc2b31-kp8a", 100, "gke-ed…b31-kp8a"),
        ("클러스터 서울 클러스터", 100, "클러…스터"),
        ("x", 1, "…"),
    ],
)
def test_a_name_that_is_too_long_keeps_its_ends(name: str, width: float, shown: str) -> None:
    fits = parts.fitting(name, width)
    assert parts.width_of(fits) <= max(width, parts.LETTER)
    assert (fits[0], fits[-1]) == (shown[0], shown[-1])
    assert ("…" in fits) is ("…" in shown)
