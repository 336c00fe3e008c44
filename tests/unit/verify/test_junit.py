# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as JUnit XML: what CI systems read, whatever is in them."""

from __future__ import annotations

import os
import pathlib
import stat
from xml.etree import ElementTree

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.verify import junit
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result

WELL = Result("ping", "pass", "default/my-nad", "2 of 2 paths answer")
BAD = Result("ping", "fail", "default/my-nad", "no answer", "look")
LEFT = Result("inside", "skip", "default/a", "no cat in the image")
DOUBT = Result("capacity", "warn", "kube-system/p", "92 % used", "add a range")

# What the readers of Jenkins (its xunit plugin's junit-10.xsd) and GitLab take, of what we write: attributes that must
# be there, others that may, and children.
SCHEMA = {
    "testsuites": (set(), {"name", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name"}, {"tests", "failures", "errors", "skipped"}, {"testcase"}),
    "testcase": ({"name"}, {"classname"}, {"failure", "skipped", "system-out"}),
    "failure": (set(), {"message", "type"}, set()),
    "skipped": (set(), {"message"}, set()),
    "system-out": (set(), set(), set()),
}


def parsed(results: list[Result], bad: list[Result]) -> ElementTree.Element:
    """Return what a reader makes of the document, which has to fit the schema."""
    root = ElementTree.fromstring(junit.write(results, bad).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed, children = SCHEMA[element.tag]
        assert needed <= set(element.attrib) <= needed | allowed, element.attrib
        assert {child.tag for child in element} <= children
    return root


def test_each_result_is_a_case() -> None:
    (suite,) = parsed([WELL, BAD, LEFT, DOUBT], [BAD])
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert [(case.get("classname"), case.get("name")) for case in suite][:2] == [
        ("multinet.gke.multinet_verify.ping", "default/my-nad")
    ] * 2
    well, bad, left, doubt = (case[0] for case in suite)
    assert (well.tag, well.text) == ("system-out", "pass: 2 of 2 paths answer")
    assert (bad.tag, bad.get("message"), bad.text) == ("failure", "no answer", "no answer\nWhat to do: look")
    assert (left.tag, left.get("message")) == ("skipped", "no cat in the image")
    assert (doubt.tag, doubt.text) == ("system-out", "warn: 92 % used\nWhat to do: add a range")


def test_a_warning_that_counts_is_a_failure() -> None:
    (suite,) = parsed([DOUBT], [DOUBT])
    assert [child.tag for child in suite[0]] == ["failure"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<a b='c'>&amp; ]]> \"quoted\"",
        "bell \x07, escape \x1b[31m, null \x00",
        "half of a pair \ud800, no character \uffff",
        "한국어, emoji \U0001f980",
        "lines\nand\ttabs",
    ],
)
def test_whatever_is_in_a_text_the_document_can_be_read(hostile: str) -> None:
    results = [Result("ping", "fail", hostile, hostile, hostile), Result("ping", "skip", hostile, hostile)]
    (suite,) = parsed(results, results[:1])
    named = str(suite[0].get("name"))
    for readable in ("<a b='c'>", "bell ", "half of a pair ", "한국어, emoji \U0001f980", "lines"):
        assert (readable in named) is (readable in hostile)
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in str(suite[0][0].text))


def test_no_results_are_a_document_too() -> None:
    assert parsed([], [])[0].get("tests") == "0"


def test_it_is_written_whole_and_for_all_to_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "results.xml"
    path.write_text("old")
    old = os.umask(0o077)
    try:
        junit.save("new", str(path))
    finally:
        os.umask(old)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["results.xml"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="folder"):
        junit.save("new", str(target))
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(("name", "says"), [(".", "is a folder"), ("missing/a.xml", "is no folder; make it first")])
def test_a_file_that_cannot_be_is_said_before_anything_is_asked(tmp_path: pathlib.Path, name: str, says: str) -> None:
    problems = Problems()
    junit.check_path(str(tmp_path / name), problems)
    assert [says in problem.message for problem in problems] == [True]
