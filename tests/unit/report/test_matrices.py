# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom: what the cells say, and which paths are named."""

from __future__ import annotations

import re
from typing import Any

import pytest

import reported
from ansible_collections.multinet.gke.plugins.module_utils.report import reading
from ansible_collections.multinet.gke.plugins.module_utils.report.matrices import matrices
from ansible_collections.multinet.gke.plugins.module_utils.report.parts import ROOMY


def shown(cluster: reported.Description) -> str:
    return "".join(map(str, matrices(reading.fleet(reported.params([cluster])).clusters[0], ROOMY)))


def cells(source: str) -> list[tuple[str, str]]:
    return re.findall(r'<td class="(heat-\w+)">([^<]*)', source)


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ([{"rtt_ms": 0.6}], ("heat-1", "0.6 ms")),
        ([{"rtt_ms": 3.0}], ("heat-2", "3 ms")),
        ([{"rtt_ms": 40.5}], ("heat-3", "40.5 ms")),
        ([{"rtt_ms": None}], ("heat-1", "yes")),
        ([{"loss": 33}], ("heat-part", "33 % lost")),
        ([{"ok": False, "loss": 100, "rtt_ms": None}], ("heat-none", "none")),
        ([{"rtt_ms": 0.2}, {"rtt_ms": 7.0}], ("heat-3", "7 ms")),
        ([{"rtt_ms": 0.2}, {"ok": False, "loss": 100, "rtt_ms": None}], ("heat-part", "1 of 2")),
    ],
)
def test_a_cell_has_a_word_beside_its_colour(changes: list[dict[str, Any]], cell: tuple[str, str]) -> None:
    cluster = reported.cluster(nodes=1, pods=len(changes))
    for row, change in zip(cluster["verification"]["matrix"], changes, strict=True):
        row.update(change)
    assert cells(shown(cluster)) == [cell]


def test_what_was_not_tried_is_said() -> None:
    cluster = reported.cluster(nodes=2, pods=2)
    del cluster["verification"]["matrix"][1]
    found = shown(cluster)
    assert [kind for kind, _word in cells(found)].count("heat-off") == 1
    assert "not tried" in found


def test_each_attachment_has_a_table_of_its_own() -> None:
    cluster = reported.cluster(nodes=2, pods=2)
    cluster["verification"]["matrix"][0]["attachment"] = "default/other"
    found = shown(cluster)
    assert found.count('<table class="heat">') == 2
    assert len([kind for kind, _word in cells(found) if kind != "heat-off"]) == 4


def test_paths_that_failed_are_named() -> None:
    found = shown(reported.troubled())
    assert "35 paths that did not answer in full" in found
    assert "<bdi>default/multinet-probe-0003</bdi>" in found
    assert "no answer" in found
    assert "56 of 88 paths answered, between 4 nodes." in found
