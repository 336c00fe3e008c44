# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML and SVG, made of elements: whatever is put into one is escaped, so that no name can become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

# What is not seen, or changes how what follows is seen: control characters, what turns the direction of text or joins
# letters, halves of surrogate pairs, and what is no character. Lines and tabs are left as they are.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e007f]"
)
_VOID = {"input", "link", "meta"}


@dataclass(frozen=True)
class Markup:
    """A piece of a document; only this file makes any."""

    source: str

    def __str__(self) -> str:
        return self.source


Child: TypeAlias = "Markup | str | int | Iterable[Child] | None"
Attribute: TypeAlias = "str | float | bool | None"


def element(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """Return an element.

    :param children: texts are escaped; lists are taken apart, None is left out.
    :param attributes: class_ is class, aria_label is aria-label; None and False are left out, True has no value.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{said}>")
    return Markup(f"<{tag}{said}>{''.join(_sources(children))}</{tag}>")


def name(text: str, **attributes: Attribute) -> Markup:
    """Return somebody's name for something, kept apart from the text around it: it may be written from the right."""
    return element("bdi", text, **attributes)


def source_of(tag: str, text: str) -> Markup:
    """Return a style or script element; the text is ours.

    :raises ValueError: it would end the element.
    """
    if "</" in text or "<!--" in text:
        raise ValueError(f"{tag}: the text ends the element that it is in")
    return Markup(f"<{tag}>{text}</{tag}>")


def document(*children: Child) -> str:
    """Return a whole HTML document."""
    return "<!DOCTYPE html>\n" + "".join(_sources(children)) + "\n"


def visible(text: str) -> str:
    """Return a text in which nothing is unseen: what would be is written as Python writes it."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    spelled = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {spelled}"
    return f' {spelled}="{_escaped(f"{value:g}" if isinstance(value, float) else str(value))}"'


def _sources(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Markup):
            yield child.source
        elif isinstance(child, str | int):
            yield _escaped(str(child))
        elif child is not None:
            yield from _sources(child)


def _escaped(text: str) -> str:
    return html.escape(visible(text))
