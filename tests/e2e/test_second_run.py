# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second site run only reads, and reads each resource once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cloud import Cloud

TAGS = "--tags vpc,cluster,nodepool"


def site(name: str, pods: str, *, location: str = "us-central1-c", subnetwork: str = "my-subnet") -> dict[str, Any]:
    """Return the description of a cluster with a pod range of its own in the VPC."""
    return {
        "multinet_location": location,
        "multinet_cluster": {"name": name, "default_pool": {"node_count": 1}},
        "multinet_networks": [
            {
                "vpc": "my-vpc",
                "subnetwork": subnetwork,
                "node_range": "10.0.1.0/24",
                "pod_ranges": [{"name": f"{name}-pods", "range": pods, "attachment": "my-nad"}],
            }
        ],
        "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 1}],
    }


SITES = {
    "one cluster": [site("edge", "172.16.1.0/24")],
    "two clusters in one subnetwork": [site("edge", "172.16.1.0/24"), site("core", "172.16.2.0/24")],
    "a regional cluster": [site("edge", "172.16.1.0/24", location="us-central1")],
}


@pytest.mark.parametrize("sites", SITES.values(), ids=list(SITES))
def test_a_second_site_run_reads_each_resource_once(cloud: Cloud, sites: list[dict[str, Any]]) -> None:
    hosts = {each["multinet_cluster"]["name"]: {**each, "multinet_project": cloud.project} for each in sites}
    inventory = {"all": {"hosts": hosts}}
    first = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=TAGS)
    assert first.rc == 0, first.stdout
    with cloud.asked() as asked:
        second = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=TAGS)
    assert (second.rc, second.changed, second.actions) == (0, 0, []), second.stdout
    assert asked.writes == []
    often = {path: count for path, count in Counter(asked.reads).items() if count > _most(path, len(sites))}
    assert often == {}


def _most(path: str, clusters: int) -> int:
    """Return how often a resource may be read: once by the run of each cluster that it is of."""
    return clusters if path.startswith("/compute/") else 1
