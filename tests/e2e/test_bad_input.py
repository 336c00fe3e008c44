# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused before the first request, all of it at once."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from cloud import Cloud
from harness import ROOT, play_of

INVENTORY = yaml.safe_load((ROOT / "lab" / "demo" / "inventory.yml").read_text())


def test_all_errors_of_a_description_at_once_and_no_request(cloud: Cloud) -> None:
    inventory = copy.deepcopy(INVENTORY)
    edge = inventory["all"]["hosts"]["edge"]
    edge["multinet_networks"][0]["node_range"] = "10.0.1.5/24"
    edge["multinet_networks"].append(
        {
            "vpc": "other-vpc",
            "subnetwork": "other-subnet",
            "node_range": "10.0.2.0/24",
            "pod_ranges": [{"name": "more", "range": "172.16.1.128/25", "attachment": "more"}],
        }
    )
    edge["multinet_nodepools"][0].update(machine_type="e2-medium", node_count=17)
    edge["multinet_project"] = cloud.project
    with cloud.asked() as asked:
        run = cloud.lab.play("multinet.gke.site", inventory=inventory)
    assert run.rc != 0
    (planned,) = run.results("multinet_plan")
    assert {(error["path"].removeprefix("edge: multinet_"), error["msg"]) for error in planned["errors"]} == {
        ("networks[0].node_range", "has host bits set; write 10.0.1.0/24"),
        (
            "nodepools[0].machine_type",
            "has 2 vCPUs: at most 1 additional network, 2 given; choose a larger machine type or fewer networks",
        ),
        (
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: 17 x 1 zone)",
        ),
        (
            "networks[1].pod_ranges[0].range",
            "holds 8 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: 17 x 1 zone)",
        ),
        (
            "networks[1].pod_ranges[0].range",
            "overlaps edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24); "
            "ranges of one cluster must not overlap",
        ),
    }
    assert asked.requests == []


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
