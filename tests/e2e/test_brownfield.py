# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide's own commands made is adopted: gcloud's recorded requests first, then the site playbook."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from harness import Lab, google_writes, shared

# The same as one description.
INVENTORY = {
    "all": {
        "hosts": {
            "edge": {
                "multinet_project": "test-proj",
                "multinet_location": "us-central1-c",
                "multinet_cluster": {"name": "my-cluster"},
                "multinet_networks": [
                    {
                        "vpc": "my-vpc",
                        "subnetwork": "my-subnet",
                        "node_range": "10.0.1.0/24",
                        "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
                    }
                ],
                "multinet_nodepools": [{"name": "my-pool", "node_count": 3}],
            }
        }
    }
}
COMMANDS = ("01-networks-create", "02-subnets-create", "03-clusters-create", "04-node-pools-create")


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    """The requests of the guide's four gcloud commands that change something."""
    files = [shared("gcloud-requests", f"{name}.json") for name in COMMANDS]
    if not all(file.exists() for file in files):
        pytest.skip("gcloud's recorded requests are not here (MULTINET_DATA)")
    return [json.loads(file.read_text()) for file in files]


def _send(lab: Lab, command: dict[str, Any]) -> None:
    """Send what gcloud sent, and wait for the operation as it does."""
    for request in command["requests"]:
        if request["method"] != "POST" or request["path"].split("?")[0].endswith("/wait"):
            continue
        operation = lab.google("POST", request["path"], request["body"])
        path = operation["selfLink"].split("googleapis.com", 1)[1]
        for _ in range(600):
            if operation["status"] == "DONE":
                break
            time.sleep(0.1)
            operation = lab.google("GET", path)
        assert "error" not in operation, operation


def test_only_the_ingress_rule_is_added_to_what_gcloud_made(api_lab: Lab, recorded: list[dict[str, Any]]) -> None:
    for command in recorded:
        _send(api_lab, command)
    tags = "--tags vpc,cluster,nodepool"
    announced = api_lab.play("multinet.gke.site", inventory=INVENTORY, arguments=f"{tags} --check --diff")
    assert announced.rc == 0, announced.stdout
    assert announced.actions == [
        "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"
    ]

    asked = len(api_lab.google_requests())
    run = api_lab.play("multinet.gke.site", inventory=INVENTORY, arguments=tags)
    assert (run.rc, run.changed, run.actions) == (0, 1, announced.actions), run.stdout
    assert google_writes(api_lab.google_requests()[asked:]) == ["POST /compute/v1/projects/test-proj/global/firewalls"]

    again = api_lab.play("multinet.gke.site", inventory=INVENTORY, arguments=tags)
    assert (again.rc, again.changed) == (0, 0), again.stdout
