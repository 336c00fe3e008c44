# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements: whatever is put into one comes out as text, and nothing in it is unseen."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import reported
from ansible_collections.multinet.gke.plugins.module_utils.report.markup import element, name, source_of, visible

ANY_TEXT = st.text(st.characters())  # halves of surrogate pairs and control characters among them


class Reader(HTMLParser):
    """What a browser makes of markup."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@given(ANY_TEXT, ANY_TEXT)
@example(reported.HOSTILE[0], reported.HOSTILE[2])
@example("&lt;", 'a\' b="c" onload=x>')
def test_a_text_stays_a_text(text: str, value: str) -> None:
    source = str(element("p", text, name(text), title=value, data_x=1))
    source.encode()  # it can be written down
    read = Reader(source)
    assert read.tags == [("p", {"title": visible(value), "data-x": "1"}), ("bdi", {})]
    assert read.text == visible(text) * 2


@given(ANY_TEXT)
def test_nothing_is_unseen(text: str) -> None:
    shown = visible(text)
    assert all(letter in "\n\t" or letter.isprintable() or ord(letter) > 0x7F for letter in shown)
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200b\ufeff\x00\x1b\x85")
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\x07b\ud800", r"a\x07b\ud800"),
        ("مرحبا 한국어 🦀\n\t", "مرحبا 한국어 🦀\n\t"),
    ],
)
def test_what_would_be_unseen_is_spelled(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_attributes_that_are_not_there_are_left_out() -> None:
    assert str(element("a", None, ["x", [1]], class_=None, hidden=True, open=False, x=0.5, href="#c1")) == (
        '<a hidden x="0.5" href="#c1">x1</a>'
    )


def test_some_elements_have_no_end() -> None:
    assert str(element("meta", charset="utf-8")) == '<meta charset="utf-8">'


@pytest.mark.parametrize("text", ["a{}</style>", "x<!--"])
def test_our_own_text_cannot_end_its_element(text: str) -> None:
    with pytest.raises(ValueError, match="ends the element"):
        source_of("style", text)
