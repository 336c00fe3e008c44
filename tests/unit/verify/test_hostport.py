# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of hostPorts mean."""

from __future__ import annotations

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.verify.hostport import judge
from ansible_collections.multinet.gke.plugins.module_utils.verify.packets import Answer

WELL, REFUSED, SILENT = Answer(0), Answer(0, refused=True), Answer(100)


@pytest.mark.parametrize(
    ("answers", "status", "says"),
    [
        ({"b": [WELL, WELL], "a": [WELL]}, ["pass"], ["it leads to its pod on each of 2 nodes"]),
        ({"b": [REFUSED, REFUSED], "a": [REFUSED]}, ["fail"], ["on a, b the node itself refuses the connection"]),
        ({"b": [REFUSED, WELL], "a": [SILENT, WELL]}, ["pass"], ["2 nodes"]),
        ({"b": [SILENT], "a": [REFUSED], "c": [WELL]}, ["fail", "fail"], ["on a the node", "on b nobody answers"]),
        ({}, [], []),
    ],
)
def test_what_answers_mean(answers: dict[str, list[Answer]], status: list[str], says: list[str]) -> None:
    results = list(judge(30999, answers))
    assert [result.status for result in results] == status
    assert [text in result.msg for text, result in zip(says, results, strict=True)] == [True] * len(says)
    assert {result.subject for result in results} <= {"hostPort 30999"}


def test_the_capability_is_the_remedy() -> None:
    (result,) = judge(30999, {"a": [REFUSED]})
    assert "config.capabilities {portMappings: true}" in result.remedy
    assert result.data == {"port": 30999, "nodes": ["a"]}
