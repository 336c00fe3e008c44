# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused before the first request; whole descriptions: test_plan.py."""

from __future__ import annotations

from typing import Any

from cloud import Cloud
from harness import play_of


def test_a_range_by_its_name_in_an_attachment_is_refused_without_a_request(cloud: Cloud) -> None:
    task: dict[str, Any] = {
        "name": "The guide's own example",
        "multinet.gke.nad": {
            "gke_cluster": {"project": cloud.project, "location": "us-central1-c", "name": "edge"},
            "name": "my-nad",
            "master": "eth1",
            "range": "SECONDARY_RANGE_NAME",
        },
    }
    with cloud.asked() as asked:
        run = cloud.lab.play(play_of(task))
    assert run.rc != 0
    assert 'range "SECONDARY_RANGE_NAME" is not a CIDR' in run.failure()
    assert asked.requests == []
