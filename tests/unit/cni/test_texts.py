# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values as Kubernetes wants them, short lists and tables as people do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.cni.texts import (
    aligned,
    is_label,
    is_object_name,
    some,
    texts,
)


@pytest.mark.parametrize(
    ("name", "label", "object_name"),
    [
        ("my-nad", True, True),
        ("a.b", False, True),
        ("a" * 63, True, True),
        ("a" * 64, False, True),
        ("a" * 253, False, True),
        ("a" * 254, False, False),
        ("a..b", False, False),
        ("-a", False, False),
        ("a-", False, False),
        ("a\n", False, False),
        ("A", False, False),
        ("", False, False),
    ],
)
def test_names(name: str, label: bool, object_name: bool) -> None:
    assert (is_label(name), is_object_name(name)) == (label, object_name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({}, {}),
        ({"a": "b", "on": True, "off": False, "n": 1}, {"a": "b", "on": "true", "off": "false", "n": "1"}),
    ],
)
def test_values_are_texts(given: dict[str, Any] | None, expected: dict[str, str] | None) -> None:
    assert texts(given) == expected


def test_the_first_few() -> None:
    assert some([]) == ""
    assert some("abcde") == "a, b, c, d, e"
    assert some("abcdefg") == "a, b, c, d, e and 2 more"
    assert some("abc", 2, separator="; ") == "a; b and 1 more"


def test_a_table_has_aligned_columns() -> None:
    assert aligned([["a", "heading"], ["longer", ""], ["b", "c"]]) == "a       heading\nlonger\nb       c"
