# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: clusters in one project that share a VPC and its subnetworks, each with a pod range of its own."""

from __future__ import annotations

from typing import Any

from cloud import Cloud
from harness import Run

SHARING = 25  # clusters in a subnetwork, which takes 30 secondary ranges
GOOGLE = "--tags vpc,cluster,nodepool"
ZONE = "us-central1-c"


def subnetwork_of(number: int) -> tuple[str, str]:
    """Return name and primary range of the subnetwork that a cluster shares with its neighbours."""
    block = number // SHARING
    return (f"my-subnet-{block}" if block else "my-subnet"), f"10.{block}.0.0/22"


def description(project: str, name: str, number: int, **more: Any) -> dict[str, Any]:
    """Return the variables of one cluster."""
    subnetwork, node_range = subnetwork_of(number)
    own_pods = f"10.{64 + number // 16}.{number % 16 * 16}.0/20"  # Google takes a /14, of which few fit in
    return {
        "multinet_project": project,
        "multinet_location": ZONE,
        "multinet_cluster": {"name": name, "pods_cidr": own_pods, "default_pool": {"node_count": 1}},
        "multinet_networks": [
            {
                "vpc": "my-vpc",
                "subnetwork": subnetwork,
                "node_range": node_range,
                "pod_ranges": [{"name": f"pods-{name}", "range": f"172.16.{number}.0/24", "attachment": "my-nad"}],
            }
        ],
        "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 1}],
        **more,
    }


def fleet(project: str, names: list[str], **more: Any) -> dict[str, Any]:
    """Return the inventory of clusters of these names."""
    hosts = {name: description(project, name, number, **more) for number, name in enumerate(names)}
    return {"all": {"hosts": hosts}}


def make(cloud: Cloud, inventory: dict[str, Any]) -> None:
    """Make what an inventory describes on Google's side as the roles do, without the time that a playbook takes."""
    described = [
        {"host": host, **{key.removeprefix("multinet_"): value for key, value in said.items()}}
        for host, said in inventory["all"]["hosts"].items()
    ]
    sites = cloud.modules.run("multinet_plan", {"clusters": described}, cloud.lab.environment, check=False)["sites"]
    for site in sites.values():
        steps = [("vpc", each) for each in site["vpcs"]] + [("cluster", site["cluster"])]
        for name, options in [*steps, *(("nodepool", each) for each in site["nodepools"])]:
            result = cloud.module(f"gke_multinet_{name}", **options)
            assert not result.get("failed"), result["msg"]


def names_of(count: int) -> list[str]:
    """Return c00, c01, and so on."""
    return [f"c{number:02}" for number in range(count)]


def summary(run: Run) -> list[str]:
    """Return the lines of the summary at the end of a run."""
    (lines,) = summaries(run)
    return lines


def summaries(run: Run) -> list[list[str]]:
    """Return them for each of several playbooks."""
    return [
        list(event["event_data"]["res"]["msg"])
        for event in run.events
        if event["event"] == "runner_on_ok" and event["event_data"]["task"] == "Show what became of each cluster"
    ]


def state(cloud: Cloud) -> dict[str, Any]:
    """Return what a fleet has made, without what is another one each time (ids, times, addresses)."""
    clusters = cloud.container("GET", "locations/-/clusters").get("clusters", [])
    subnetworks = cloud.compute("GET", "regions/us-central1/subnetworks").get("items", [])
    rules = cloud.compute("GET", "global/firewalls").get("items", [])
    return {
        "clusters": {
            each["name"]: {pool["name"]: pool["status"] for pool in each["nodePools"]} | {"status": each["status"]}
            for each in clusters
        },
        "networks": sorted(each["name"] for each in cloud.compute("GET", "global/networks")["items"]),
        "ranges": {
            each["name"]: {
                secondary["rangeName"]: secondary["ipCidrRange"]
                for secondary in each.get("secondaryIpRanges", [])
                if not secondary["rangeName"].startswith("gke-")
            }
            for each in subnetworks
            if each["name"] != "default"
        },
        "rules": {
            each["name"]: sorted(each["sourceRanges"]) for each in rules if each["name"].endswith("-allow-multinet")
        },
    }
