# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide's own commands made is adopted: gcloud's recorded requests first, then the site playbook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud import Cloud
from gcloud import site
from harness import shared

COMMANDS = ("01-networks-create", "02-subnets-create", "03-clusters-create", "04-node-pools-create")


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    """The requests of the guide's four gcloud commands that change something."""
    files = [shared("gcloud-requests", f"{name}.json") for name in COMMANDS]
    if not all(file.exists() for file in files):
        pytest.skip("gcloud's recorded requests are not here (MULTINET_DATA)")
    return [json.loads(file.read_text()) for file in files]


def _send(cloud: Cloud, command: dict[str, Any]) -> None:
    """Send what gcloud sent, in this test's project, and wait for each operation as it does."""
    here = json.loads(json.dumps(command["requests"]).replace("/test-proj/", f"/{cloud.project}/"))
    for request in here:
        if request["method"] == "POST" and not request["path"].split("?")[0].endswith("/wait"):
            assert cloud.ask("POST", request["path"], request["body"]), request


def test_only_the_ingress_rule_is_added_to_what_gcloud_made(cloud: Cloud, recorded: list[dict[str, Any]]) -> None:
    for command in recorded:
        _send(cloud, command)
    with cloud.asked() as asked:
        run = site(cloud)
    rule = "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"
    assert (run.rc, run.changed, run.actions) == (0, 1, [rule]), run.stdout
    assert asked.writes == [f"POST /compute/v1/projects/{cloud.project}/global/firewalls"]
    again = site(cloud, "--check --diff")
    assert (again.rc, again.changed, again.actions) == (0, 0, []), again.stdout
