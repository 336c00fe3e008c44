# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once, as two slices of a job are: they end well, nothing is made twice, and nothing of either is lost."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import sampling
from cloud import Cloud
from harness import Run

STAGES = "--tags vpc,cluster,nodepool"


def description(project: str, cluster: str, pods: str) -> dict[str, Any]:
    """Return a cluster in a VPC and a subnetwork that others use, too, with a pod range of its own."""
    return {
        "multinet_project": project,
        "multinet_location": "us-central1-c",
        "multinet_cluster": {"name": cluster, "default_pool": {"node_count": 1}},
        "multinet_networks": [
            {
                "vpc": "my-vpc",
                "subnetwork": "my-subnet",
                "node_range": "10.0.1.0/24",
                "pod_ranges": [{"name": f"pods-{cluster}", "range": pods, "attachment": "my-nad"}],
            }
        ],
        "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 1}],
    }


def inventory(project: str) -> dict[str, Any]:
    """Return two clusters that share a VPC and a subnetwork."""
    east = description(project, "east", "172.16.1.0/24")
    west = description(project, "west", "172.16.2.0/24")
    return {"all": {"hosts": {"east": east, "west": west}}}


def play(cloud: Cloud, hosts: str) -> Run:
    """Run the site playbook for some of the hosts."""
    return cloud.lab.play(
        "multinet.gke.site", inventory=inventory(cloud.project), arguments=f"{STAGES} --limit {hosts}"
    )


def together(cloud: Cloud, hosts: tuple[str, str], delay: float) -> list[Run]:
    """Run the site playbook twice at once, each for one host, the second one a little later."""

    def start(host: str, wait: float) -> Run:
        time.sleep(wait)
        return play(cloud, host)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(start, hosts, (0.0, delay)))


def delay_of(case: int) -> float:
    """Return the seconds between two starts; another seed gives others."""
    return random.Random(f"{sampling.seed()} {case}").uniform(0, 3)


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", range(6))
def test_two_clusters_in_one_subnetwork_are_made_at_once(cloud: Cloud, case: int) -> None:
    converge(cloud, ("east", "west"), case)


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", range(6))
def test_one_cluster_is_made_by_two_runs_at_once(cloud: Cloud, case: int) -> None:
    converge(cloud, ("east", "east"), case)


def converge(cloud: Cloud, hosts: tuple[str, str], case: int) -> None:
    """Run the site for two hosts at once; look at what was made, and whether both runs would leave it so."""
    with cloud.asked() as asked:
        runs = together(cloud, hosts, delay_of(case))
    for run in runs:
        assert run.rc == 0, run.failure()

    creations = re.compile(r"/(networks|subnetworks|firewalls|clusters|nodePools)$")
    made = Counter(
        each["response"]["targetLink"]
        for each in asked.requests
        if each["method"] == "POST" and each["status"] == 200 and creations.search(each["path"])
    )
    names = sorted(set(hosts))
    assert set(made.values()) == {1}, made
    assert len(made) == len(("network", "subnetwork", "rule")) + 2 * len(names)

    ranges = {"east": "172.16.1.0/24", "west": "172.16.2.0/24"}
    subnetwork = cloud.compute("GET", "regions/us-central1/subnetworks/my-subnet")
    found = {each["rangeName"]: each["ipCidrRange"] for each in subnetwork["secondaryIpRanges"]}
    assert found == {f"pods-{name}": ranges[name] for name in names}
    rule = cloud.compute("GET", "global/firewalls/my-subnet-allow-multinet")
    assert set(rule["sourceRanges"]) == {"10.0.1.0/24", *(ranges[name] for name in names)}
    clusters = cloud.container("GET", "locations/-/clusters")["clusters"]
    assert sorted(cluster["name"] for cluster in clusters) == names
    for cluster in clusters:
        assert cluster["status"] == "RUNNING"
        assert sorted(pool["name"] for pool in cluster["nodePools"]) == ["default-pool", "multinet"]

    with cloud.asked() as asked:
        again = play(cloud, ",".join(names))
    assert (again.rc, again.changed) == (0, 0), again.actions
    assert asked.writes == []
    # One read of each resource; of what two clusters share, one by the run of each.
    most = {path: len(names) if path.startswith("/compute/") else 1 for path in asked.reads}
    assert {path: count for path, count in Counter(asked.reads).items() if count > most[path]} == {}
