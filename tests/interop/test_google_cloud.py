# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""google.cloud's network and subnetwork modules find nothing to change in what ours made.

Nothing is claimed for its cluster and node pool modules: they never compare.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from cloud import Cloud
from galaxy import collections
from google_front import google_front
from harness import INSTALLED, Run, play_of
from sites import make

NETWORK: dict[str, Any] = {"name": "my-vpc", "auto_create_subnetworks": False}
SUBNETWORK: dict[str, Any] = {
    "name": "my-subnet",
    "region": "us-central1",
    "network": "{{ network }}",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ip_ranges": [{"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
    "private_ip_google_access": False,
}


@pytest.mark.slow
def test_google_cloud_finds_no_difference(cloud: Cloud, tmp_path: pathlib.Path) -> None:
    found = collections()
    make(cloud, "gke_multinet_vpc")
    with google_front(tmp_path, cloud.lab.port) as front, cloud.asked() as asked:
        run = _play(cloud, {**front, "ANSIBLE_COLLECTIONS_PATH": f"{found}:{INSTALLED.parents[2]}"}, SUBNETWORK)
        assert (run.rc, run.changed) == (0, 0), run.stdout
    assert asked.writes == []
    assert {path.rpartition("/")[2] for path in asked.reads} == {"my-vpc", "my-subnet"}


@pytest.mark.slow
def test_google_cloud_would_find_one(cloud: Cloud, tmp_path: pathlib.Path) -> None:
    found = collections()
    make(cloud, "gke_multinet_vpc")
    other = {**SUBNETWORK, "private_ip_google_access": True}
    with google_front(tmp_path, cloud.lab.port) as front:
        run = _play(cloud, {**front, "ANSIBLE_COLLECTIONS_PATH": f"{found}:{INSTALLED.parents[2]}"}, other)
    assert run.changed == 1, run.stdout


def _play(cloud: Cloud, environment: dict[str, str], subnetwork: dict[str, Any]) -> Run:
    access = {
        "project": cloud.project,
        "auth_kind": "accesstoken",
        "access_token": cloud.lab.environment["GKELAB_TOKEN"],
    }
    tasks = play_of(
        {"name": "Network", "google.cloud.gcp_compute_network": {**NETWORK, **access}, "register": "network"},
        {"name": "Subnetwork", "google.cloud.gcp_compute_subnetwork": {**subnetwork, **access}},
    )
    return cloud.lab.play(tasks, environment=environment)
