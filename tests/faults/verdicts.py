# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a story ended, and whether that is good enough."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from cloud import Cloud
from faults import Fault
from installed import Asked
from planted import foreign, objects
from runs import Ending, run
from stories import Story, Write

CONVERGED, CLEAR_FAILURE, WRONG = "converged", "clear failure", "wrong"
RERUNS = 2
CRASH = re.compile(r"Traceback|MODULE FAILURE|Unexpected|unhandled", re.IGNORECASE)
GONE = "state=absent"
CREATIONS = re.compile(r"/(networks|subnetworks|firewalls|clusters|nodePools)$")


def check_failure(ending: Ending, write: Write, fault: Fault) -> None:
    """Check that a failure is clear: it names the resource and the cause, and says what to do."""
    assert not CRASH.search(ending.message + ending.output), ending.message + ending.output
    assert write.resource in ending.message, f"{write.resource} is not named: {ending.message}"
    assert re.search(fault.cause, ending.message), f"the cause ({fault.cause}) is not named: {ending.message}"
    assert re.search(fault.remedy, ending.message), f"what to do ({fault.remedy}) is not said: {ending.message}"


def repair(cloud: Cloud, story: Story, ending: Ending) -> int:
    """Run a story again until it ends well; return how many objects had to be removed, as a message said.

    What is left in ERROR is not ours to delete unasked: the message says so, and here somebody does.
    """
    removed = 0
    for _ in range(RERUNS):
        if not ending.failed:
            break
        if GONE in ending.message and ending.step is not None:
            gone = cloud.module(ending.step.module, **{**ending.step.options, "state": "absent", "wait": True})
            assert not gone.get("failed"), gone
            removed += 1
        ending = run(cloud, story)
    assert not ending.failed, f"after {RERUNS} reruns: {ending.message}"
    return removed


def check_end(cloud: Cloud, story: Story, before: dict[str, Any], asked: Asked, removed: int = 0) -> None:
    """Check what is there in the end: all of the story, nothing twice, all that belongs to others; a rerun only reads.

    :param before: what foreign() and objects() returned at the start, as "foreign" and "objects".
    :param asked: everything that was asked since then.
    :param removed: objects that were removed on the way.
    """
    with cloud.asked() as third:
        again = run(cloud, story)
    assert (again.message, again.changed, third.writes) == ("", False, [])
    assert foreign(cloud) == before["foreign"]
    assert set(objects(cloud)) == set(before["objects"]) - story.removes | story.makes
    twice = {name: count for name, count in _created(cloud, asked).items() if count > 1}
    assert sum(count - 1 for count in twice.values()) <= removed, f"created more than once: {twice}"


def _created(cloud: Cloud, asked: Asked) -> Counter[str]:
    """Return how often each object was created: accepted requests, but one sent again as the same (request_id) once."""
    operations: dict[str, str] = {}
    for request in asked.requests:
        kind = CREATIONS.search(request["path"])
        if request["method"] == "POST" and kind and request["status"] in (0, 200) and request["response"]:
            body = request["request"].get("cluster") or request["request"].get("nodePool") or request["request"]
            operations[request["response"]["selfLink"]] = f"{kind[1]}/{body['name']}"
    ended = {link: cloud.ask("GET", link.split("googleapis.com", 1)[1]) for link in operations}
    return Counter(name for link, name in operations.items() if not (ended[link] or {}).get("error"))
