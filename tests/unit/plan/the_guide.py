# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's description, with edits, for the tests of the plan."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.plan.description import Description, read

GUIDE: dict[str, Any] = {
    "host": "edge",
    "project": "test-project",
    "location": "us-central1-c",
    "cluster": {"name": "edge", "version": "1.34"},
    "networks": [
        {
            "vpc": "my-vpc",
            "subnetwork": "my-subnet",
            "node_range": "10.0.1.0/24",
            "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
        }
    ],
    "nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
    "pods": [{"name": "samplepod", "image": "nginx", "attachments": ["my-nad"]}],
}
SECOND = {
    "vpc": "vpc-2",
    "subnetwork": "subnet-2",
    "node_range": "10.0.2.0/24",
    "pod_ranges": [{"name": "pods", "range": "172.16.2.0/24", "attachment": "nad-2"}],
}
Edit = Callable[[dict[str, Any]], object]


def options(*edits: Edit) -> dict[str, Any]:
    """Return the guide's description with some edits, as the module gets it."""
    description = copy.deepcopy(GUIDE)
    for edit in edits:
        edit(description)
    return description


def described(*edits: Edit) -> Description:
    """Return the guide's description with some edits."""
    return of(options(*edits))


def of(given: dict[str, Any]) -> Description:
    """Return a description that can be read."""
    found = Problems()
    description = read(found, given["host"], {key: value for key, value in given.items() if key != "host"})
    assert description, list(found)
    return description


def put(*path: Any, value: object) -> Edit:
    """Return an edit that sets one value."""

    def edit(description: dict[str, Any]) -> None:
        target: Any = description
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return edit
