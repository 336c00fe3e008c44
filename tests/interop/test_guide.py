# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's four commands, typed into gcloud, and then the site playbook. The tests are one story, in this order."""

from __future__ import annotations

import secrets

import pytest

from cloud import Cloud
from gcloud import GUIDE, PROGRAM, Gcloud, site
from harness import Lab
from installed import Modules

RULE = "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"


@pytest.fixture(scope="module")
def guided(shared_lab: Lab, modules: Modules, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    """A project in which the guide's commands were typed."""
    if PROGRAM is None:
        pytest.skip("gcloud is not on PATH")
    cloud = Cloud(shared_lab, modules, f"test-{secrets.token_hex(4)}")
    gcloud = Gcloud(cloud, tmp_path_factory.mktemp("gcloud"))
    for command in GUIDE:
        gcloud(command)
    return gcloud


def test_one_change_is_announced_the_ingress_rule(guided: Gcloud) -> None:
    announced = site(guided.cloud, "--check --diff")
    assert (announced.rc, announced.actions) == (0, [RULE]), announced.stdout


def test_one_change_is_made_the_ingress_rule(guided: Gcloud) -> None:
    with guided.cloud.asked() as asked:
        run = site(guided.cloud)
    assert (run.rc, run.changed, run.actions) == (0, 1, [RULE]), run.stdout
    assert asked.writes == [f"POST /compute/v1/projects/{guided.cloud.project}/global/firewalls"]


def test_with_the_same_rule_from_gcloud_there_is_none(guided: Gcloud) -> None:
    guided("compute firewall-rules delete my-subnet-allow-multinet")
    guided(
        "compute firewall-rules create my-subnet-allow-multinet --network=my-vpc --allow=all"
        " --source-ranges=10.0.1.0/24,172.16.1.0/24"
    )
    with guided.cloud.asked() as asked:
        run = site(guided.cloud)
    assert (run.rc, run.changed, run.actions) == (0, 0, []), run.stdout
    assert asked.writes == []
