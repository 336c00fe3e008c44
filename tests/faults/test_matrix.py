# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each write of a site run under each fault: it converges or fails clearly, a rerun converges, nothing is lost."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest

from cloud import Cloud
from faults import FAULTS, KILLS, SITE_FAULTS, Fault
from harness import started_by
from planted import foreign, objects
from runs import Ending, fault_at, run, start
from stories import PLAYBOOKS, SITE, STORIES, Story, Write
from verdicts import CLEAR_FAILURE, CONVERGED, check_end, check_failure, repair

ANSWERED = 1  # seconds, after which a playbook has the answer to its write and waits for the operation
LATEST = 120  # seconds until the playbook has reached the write, on a busy machine


def cells(stories: Iterable[Story], faults: Iterable[Fault]) -> list[Any]:
    """Return every write of some stories with each fault that can happen to it; the stories may run side by side."""
    return [
        pytest.param(story, write, fault, id=f"{story}: {write}: {fault}", marks=pytest.mark.xdist_group(str(story)))
        for story, fault in product(stories, faults)
        for write in filter(fault.fits, story.writes)
    ]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_matrix_has_every_write_of_a_story(cloud: Cloud, story: Story) -> None:
    story.prepare(cloud)
    with cloud.asked() as asked:
        assert not run(cloud, story).failed
    seen = Counter(_known(story, *write.split()) for write in asked.writes)
    assert seen == Counter((write.method, write.path) for write in story.writes)


@pytest.mark.sample(12)
@pytest.mark.parametrize(("story", "write", "fault"), cells(STORIES, FAULTS))
def test_a_write_under_a_fault(
    cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]
) -> None:
    _check_cell(cloud, story, write, fault, note)


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize(("story", "write", "fault"), cells([SITE], SITE_FAULTS))
def test_the_site_playbook_under_a_fault(
    cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]
) -> None:
    _check_cell(cloud, story, write, fault, note)


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize(("story", "write", "fault"), cells(PLAYBOOKS, KILLS))
def test_a_playbook_is_killed(
    cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]
) -> None:
    story.prepare(cloud)
    before = {"foreign": foreign(cloud), "objects": objects(cloud)}
    with cloud.asked() as asked:
        with tempfile.TemporaryDirectory() as folder, fault_at(cloud, write, fault) as identity:
            playbook = start(cloud, story, pathlib.Path(folder))
            try:
                _await(cloud, identity, playbook)
                if fault.request["kind"] == "operation-stuck":
                    time.sleep(ANSWERED)
            finally:
                _kill(playbook)
        repair(cloud, story, Ending("killed", story.steps[-1]))
    check_end(cloud, story, before, asked)
    note(CONVERGED, "")


def _check_cell(cloud: Cloud, story: Story, write: Write, fault: Fault, note: Callable[[str, str], None]) -> None:
    story.prepare(cloud)
    before = {"foreign": foreign(cloud), "objects": objects(cloud)}
    with cloud.asked() as asked:
        with fault_at(cloud, write, fault):
            ending = run(cloud, story, fault.timeout)
        if ending.failed:
            assert not fault.heals, ending.message
            check_failure(ending, write, fault)
        removed = repair(cloud, story, ending)
    check_end(cloud, story, before, asked, removed)
    note(CLEAR_FAILURE if ending.failed else CONVERGED, ending.message)


def _await(cloud: Cloud, fault: str, playbook: subprocess.Popen[bytes]) -> None:
    """Wait until the write has had its effect; the request log tells it before anybody is answered."""
    end = time.monotonic() + LATEST
    while not any((each.get("fault") or {}).get("id") == fault for each in cloud.lab.google_requests()):
        assert playbook.poll() is None, "the playbook has ended before the write"
        assert time.monotonic() < end, f"the write was not reached within {LATEST} s"
        time.sleep(0.05)


def _kill(playbook: subprocess.Popen[bytes]) -> None:
    """Kill a playbook with its workers, which would go on without it."""
    playbook.send_signal(signal.SIGSTOP)  # it starts no more of them
    for process in (*started_by(playbook.pid), playbook.pid):
        os.kill(process, signal.SIGKILL)
    playbook.wait()


def _known(story: Story, method: str, path: str) -> tuple[str, str]:
    """Return a request as the story's writes name it; as it is if none does."""
    names = (write.path for write in story.writes if write.method == method and path.endswith(f"/{write.path}"))
    return method, next(names, path)
