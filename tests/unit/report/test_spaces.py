# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address spaces: whose each address is, and what a map shows of it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reported
from ansible_collections.multinet.gke.plugins.module_utils.report import reading
from ansible_collections.multinet.gke.plugins.module_utils.report.maps import Grid
from ansible_collections.multinet.gke.plugins.module_utils.report.spaces import Cell, Space, cells, spaces


def space_of(cluster: reported.Description) -> Space:
    return spaces(reading.fleet(reported.params([cluster])).clusters[0])[0]


def states(space: Space) -> Counter[str]:
    return Counter(cell.state for cell in cells(space, 512, 256)[0])


def test_each_address_of_a_small_range_has_a_square() -> None:
    space = space_of(reported.troubled())
    assert states(space) == {"live": 22, "orphan": 4, "reserved": 1, "unknown": 1, "free": 226, "unused": 2}
    assert space.free == 226
    found, step = cells(space, 512, 256)
    assert step == 1
    assert found[41].held
    assert found[41].held.allocation.ip == space.address(41) == "172.16.2.41"


def test_blocks_are_the_nodes() -> None:
    space = space_of(reported.troubled())
    assert [(block.start, block.size) for block in space.blocks] == [(0, 16), (16, 16), (32, 16), (48, 16)]
    assert [held.node for held in space.within(space.blocks[0])][:2] == [space.blocks[0].node, space.blocks[1].node]


def test_a_large_range_has_a_square_for_many() -> None:
    space = space_of(reported.crowded())
    found, step = cells(space, 512, 256)
    assert (len(found), step) == (256, 64)
    assert sum(cell.has_block for cell in found) == 30
    assert Counter(cell.state for cell in found)["share-3"] == 4


def test_one_orphan_shows_among_many() -> None:
    cluster = reported.crowded()
    cluster["pools"][0]["allocations"][100]["state"] = "orphan"
    assert states(space_of(cluster))["orphan"] == 1


@pytest.mark.parametrize("cidr", ["fd00::/64", "10.0.0.0/30", "10.0.0.1/32", "0.0.0.0/0"])
def test_ranges_of_any_size_have_a_map(cidr: str) -> None:
    cluster = reported.cluster(nodes=0, pods=0)
    cluster["pools"][0].update(range=cidr, first="", last="")
    found, step = cells(space_of(cluster), 512, 256)
    assert len(found) * step == space_of(cluster).size
    assert {cell.state for cell in found} == {"free"}


def test_an_address_outside_of_its_pool_is_left_out() -> None:
    cluster = reported.cluster()
    cluster["pools"][0]["allocations"][0]["ip"] = "10.9.9.9"
    assert states(space_of(cluster))["live"] == 3


@given(st.sets(st.integers(0, 255)), st.sampled_from([1, 4, 32]))
def test_runs_cover_the_squares_and_no_others(numbers: set[int], columns: int) -> None:
    grid = Grid(columns, 5.0)
    path = grid.runs(sorted(numbers), 0)
    covered = set()
    for part in path.split("M")[1:]:
        place, _h, length = part.partition("h")
        x, y = map(float, place.split())
        first = round((y - 5) / grid.row) * columns + round(x / 25)
        count = round((float(length) + 3) / 25)
        assert first % columns + count <= columns
        covered |= {first + step for step in range(count)}
    assert covered == numbers


def test_a_square_says_what_it_is() -> None:
    assert Cell("free") == Cell("free", has_block=False, held=None)
