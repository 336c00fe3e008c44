# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each write of a site run under each fault: it converges or fails clearly, a rerun converges, nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from cloud import Cloud
from faults import FAULTS, Fault
from stories import STORIES, Story, Write, foreign, objects
from verdicts import CLEAR_FAILURE, CONVERGED, check_end, check_failure, repair, run

CELLS = [
    pytest.param(story, write, fault, id=f"{story}: {write}: {fault}", marks=pytest.mark.xdist_group(f"{story}"))
    for story in STORIES
    for write in story.writes
    for fault in FAULTS
    if fault.fits(write)
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_matrix_has_every_write_of_a_story(cloud: Cloud, story: Story) -> None:
    story.prepare(cloud)
    with cloud.asked() as asked:
        assert not run(cloud, story).failed
    seen = Counter(_known(story, *write.split()) for write in asked.writes)
    assert seen == Counter((write.method, write.path) for write in story.writes)


@pytest.mark.sample(12)
@pytest.mark.parametrize(("story", "write", "fault"), CELLS)
def test_a_write_under_a_fault(
    cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]
) -> None:
    story.prepare(cloud)
    before = {"foreign": foreign(cloud), "objects": objects(cloud)}
    place = {"method": write.method, "path": f"/projects/{cloud.project}/(.*/)?{write.path}$", "nth": write.nth}
    identity = cloud.fault(**place, **fault.request)
    with cloud.asked() as asked:
        ending = run(cloud, story, fault.timeout)
        gone = cloud.lab.google("DELETE", f"/lab/faults/{identity}")["faults"]
        assert gone[0]["fired"], "the fault did not happen"
        if ending.failed:
            assert not fault.heals, ending.message
            check_failure(ending, write, fault)
        removed = repair(cloud, story, ending)
    check_end(cloud, story, before, asked, removed)
    note(CLEAR_FAILURE if ending.failed else CONVERGED, ending.message)


def _known(story: Story, method: str, path: str) -> tuple[str, str]:
    """Return a request as the story's writes name it; as it is if none does."""
    names = (write.path for write in story.writes if write.method == method and path.endswith(f"/{write.path}"))
    return method, next(names, path)
