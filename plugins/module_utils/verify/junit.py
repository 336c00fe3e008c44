# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification as JUnit XML, which every CI system and AWX' artifacts can show.

The form is the one that Jenkins and GitLab read (testsuites, testsuite, testcase with failure or skipped, system-out);
JUnit itself has no schema of its own. Each result is a test case, and its check is the class.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from xml.etree import ElementTree

from ..errors import Problems
from .result import Result

SUITE = "multinet.gke.multinet_verify"
MODE = 0o644  # of the file; there are no secrets in it
# What XML 1.0 cannot hold, escaped or not (https://www.w3.org/TR/xml/#charsets): control characters of a pod's output,
# halves of surrogate pairs.
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(results: Sequence[Result], bad: Sequence[Result]) -> str:
    """Return the document.

    :param bad: those of the results that count as failures.
    """
    skipped = sum(result.status == "skip" for result in results)
    counts = {"name": SUITE, "tests": str(len(results)), "failures": str(len(bad)), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {**counts, "skipped": str(skipped)})
    for result in results:
        add_case(suite, SUITE, result, is_bad=result in bad)
    return as_document(root)


def add_case(suite: ElementTree.Element, whose: str, result: Result, *, is_bad: bool) -> None:
    """Add a result to a suite.

    :param whose: what its class begins with; its check follows.
    :param is_bad: whether it counts as a failure.
    """
    attributes = {"classname": speakable(f"{whose}.{result.check}"), "name": speakable(result.subject)}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    whole = speakable(f"{result.msg}\nWhat to do: {result.remedy}" if result.remedy else result.msg)
    if is_bad:
        failure = {"message": speakable(result.msg), "type": speakable(result.check)}
        ElementTree.SubElement(case, "failure", failure).text = whole
    elif result.status == "skip":
        ElementTree.SubElement(case, "skipped", {"message": speakable(result.msg)})
    else:
        ElementTree.SubElement(case, "system-out").text = f"{result.status}: {whole}"


def as_document(root: ElementTree.Element) -> str:
    """Return an element with all that is in it as a document."""
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def speakable(text: str) -> str:
    """Return a text that XML can hold; what it cannot is shown as Python writes it."""
    return _UNSPEAKABLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def check_path(path: str | None, problems: Problems) -> None:
    """Note what is wrong with the name of a file that is to be written."""
    if path is None:
        return
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        problems.add("junit_path", path, "is a folder; name a file")
    elif not os.path.isdir(folder):
        problems.add("junit_path", path, f"{folder} is no folder; make it first")
    elif not os.access(folder, os.W_OK):
        problems.add("junit_path", path, f"nothing can be written in {folder}")


def save(document: str, path: str) -> None:
    """Write a document into a file that all may read, as the CI system may run as somebody else; whole or not at all.

    :raises OSError: it cannot be written.
    """
    folder, name = os.path.split(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(document)
        os.chmod(temporary, MODE)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
