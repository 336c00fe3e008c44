# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites other than the guide's, all in one inventory: what the plan derives is what Google is asked for, once."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from cloud import AskedOfGoogle, Cloud
from harness import Lab, Run
from installed import Asked, Modules

STAGES = "--tags vpc,cluster,nodepool"
POOL = {"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}


def network(**more: Any) -> dict[str, Any]:
    """Return the guide's network, and more of it."""
    pods = {"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}
    return {"vpc": "my-vpc", "subnetwork": "my-subnet", "node_range": "10.0.1.0/24", "pod_ranges": [pods], **more}


def regional() -> dict[str, Any]:
    """A cluster in two zones of a region; the number of nodes is that of each."""
    return {
        "location": "us-central1",
        "cluster": {"name": "edge", "node_locations": ["us-central1-a", "us-central1-b"]},
        "networks": [network()],
        "nodepools": [{**POOL, "node_count": 8}],
    }


def outspoken() -> dict[str, Any]:
    """One option of each kind: texts, numbers, truths, lists, mappings, lists of mappings."""
    return {
        "location": "us-central1-c",
        "cluster": {
            "name": "edge",
            "release_channel": "STABLE",
            "labels": {"team": "net"},
            "default_pool": {"node_count": 1},
            "authorized_networks": [{"cidr": "192.0.2.0/24", "name": "office"}],
        },
        "networks": [
            network(
                mtu=8896,
                routing_mode="GLOBAL",
                description="of pods",
                subnetwork_description="of pods, too",
                private_google_access=True,
            )
        ],
        "nodepools": [
            {
                "name": "multinet",
                "machine_type": "e2-standard-4",
                "autoscaling": {"min": 1, "max": 3},
                "spot": True,
                "tags": ["multinet"],
                "taints": [{"key": "net1", "value": "only", "effect": "NO_SCHEDULE"}],
                "metadata": {"owner": "net"},
                "upgrade_settings": {"max_surge": 2, "max_unavailable": 1},
                "management": {"auto_repair": True, "auto_upgrade": False},
            }
        ],
    }


def of_service_project(host_project: str) -> dict[str, Any]:
    """A cluster whose networks, its own among them, are those of a host project (Shared VPC)."""
    return {
        "location": "us-central1-c",
        "cluster": {
            "name": "edge",
            "network": f"projects/{host_project}/global/networks/main",
            "subnetwork": f"projects/{host_project}/regions/us-central1/subnetworks/main",
            "pods_range": "pods",
            "services_range": "services",
        },
        "networks": [network(vpc_project=host_project)],
        "nodepools": [POOL],
    }


def in_a_vpc_of_others() -> dict[str, Any]:
    """A cluster whose additional VPC is used as it is."""
    return {
        "location": "us-central1-c",
        "cluster": {"name": "edge"},
        "networks": [network(existing=True)],
        "nodepools": [POOL],
    }


def subnetwork(name: str, primary: str, **ranges: str) -> dict[str, Any]:
    """Return a subnetwork as gke_multinet_vpc takes it."""
    secondary = [{"name": key, "ip_cidr_range": cidr} for key, cidr in ranges.items()]
    return {"name": name, "region": "us-central1", "ip_cidr_range": primary, "secondary_ranges": secondary}


@dataclass
class Sites:
    """The runs, and the project of each site."""

    clouds: dict[str, Cloud]
    announced: Run
    first: Run
    second: Run
    asked: Asked  # by the second run

    def actions(self, run: Run, host: str) -> list[str]:
        """Return what a run did to one site, in order."""
        events = (
            event["event_data"] for event in run.events if event["event"] in ("runner_on_ok", "runner_item_on_ok")
        )
        return [title for data in events if data["host"] == host for title in data["res"].get("actions", [])]


@pytest.fixture(scope="module")
def sites(shared_lab: Lab, modules: Modules) -> Sites:
    """Announce all sites, make them, and look whether anything is left to do."""
    tag = secrets.token_hex(4)
    hosts = ("regional", "outspoken", "service", "adopter", "host")
    clouds = {name: Cloud(shared_lab, modules, f"{name}-{tag}") for name in hosts}
    of_others = [subnetwork("my-subnet", "10.0.1.0/24", pods="172.16.1.0/24")]
    of_the_host = [subnetwork("main", "10.1.0.0/20", pods="10.4.0.0/14", services="10.8.0.0/20")]
    clouds["adopter"].converge("gke_multinet_vpc", name="my-vpc", subnetworks=of_others)
    clouds["host"].converge("gke_multinet_vpc", name="main", subnetworks=of_the_host)
    described = {
        "regional": regional(),
        "outspoken": outspoken(),
        "service": of_service_project(clouds["host"].project),
        "adopter": in_a_vpc_of_others(),
    }
    inventory = {
        "all": {
            "hosts": {
                name: {
                    "multinet_project": clouds[name].project,
                    **{f"multinet_{key}": item for key, item in said.items()},
                }
                for name, said in described.items()
            }
        }
    }
    announced = shared_lab.play("multinet.gke.site", inventory=inventory, arguments=f"{STAGES} --check --diff")
    first = shared_lab.play("multinet.gke.site", inventory=inventory, arguments=STAGES)
    before = len(shared_lab.google_requests())
    second = shared_lab.play("multinet.gke.site", inventory=inventory, arguments=STAGES)
    asked = AskedOfGoogle([each for each in shared_lab.google_requests()[before:] if tag in each["path"]])
    return Sites(clouds, announced, first, second, asked)


@pytest.mark.parametrize("host", ["regional", "outspoken", "service", "adopter"])
def test_what_is_announced_is_done(sites: Sites, host: str) -> None:
    assert sites.announced.rc == 0, sites.announced.stdout
    assert sites.first.rc == 0, sites.first.stdout
    assert sites.actions(sites.first, host)
    assert sites.actions(sites.announced, host) == sites.actions(sites.first, host)


def test_the_second_run_changes_nothing(sites: Sites) -> None:
    assert (sites.second.rc, sites.second.changed, sites.second.actions) == (0, 0, []), sites.second.stdout
    assert sites.asked.writes == []


def test_the_second_run_reads_each_resource_once(sites: Sites) -> None:
    assert sites.asked.reads
    assert {path: count for path, count in Counter(sites.asked.reads).items() if count > 1} == {}


def test_a_regional_cluster_counts_its_nodes_in_each_zone(sites: Sites) -> None:
    pool = sites.clouds["regional"].container("GET", "locations/us-central1/clusters/edge/nodePools/multinet")
    assert (pool["initialNodeCount"], sorted(pool["locations"])) == (8, ["us-central1-a", "us-central1-b"])


def test_what_a_description_says_reaches_google(sites: Sites) -> None:
    cloud = sites.clouds["outspoken"]
    vpc = cloud.compute("GET", "global/networks/my-vpc")
    assert (vpc["mtu"], vpc["routingConfig"]["routingMode"], vpc["description"]) == (8896, "GLOBAL", "of pods")
    subnetwork = cloud.compute("GET", "regions/us-central1/subnetworks/my-subnet")
    assert (subnetwork["description"], subnetwork["privateIpGoogleAccess"]) == ("of pods, too", True)
    cluster = cloud.container("GET", "locations/us-central1-c/clusters/edge")
    assert (cluster["releaseChannel"], cluster["resourceLabels"]) == ({"channel": "STABLE"}, {"team": "net"})
    pool = cloud.container("GET", "locations/us-central1-c/clusters/edge/nodePools/multinet")
    assert pool["config"]["taints"] == [{"key": "net1", "value": "only", "effect": "NO_SCHEDULE"}]
    assert (pool["config"]["tags"], pool["config"]["spot"]) == (["multinet"], True)
    assert pool["autoscaling"]["maxNodeCount"] == 3
    assert pool["upgradeSettings"]["maxUnavailable"] == 1


def test_a_service_project_uses_the_networks_of_its_host_project(sites: Sites) -> None:
    service, host = sites.clouds["service"], sites.clouds["host"]
    assert service.compute("GET", "global/networks/my-vpc") is None
    assert host.compute("GET", "global/firewalls/my-subnet-allow-multinet")
    pool = service.container("GET", "locations/us-central1-c/clusters/edge/nodePools/multinet")
    assert pool["networkConfig"]["additionalNodeNetworkConfigs"] == [
        {
            "network": f"projects/{host.project}/global/networks/my-vpc",
            "subnetwork": f"projects/{host.project}/regions/us-central1/subnetworks/my-subnet",
        }
    ]


def test_a_vpc_of_others_is_used_as_it_is(sites: Sites) -> None:
    actions = sites.actions(sites.first, "adopter")
    assert not [action for action in actions if "network my-vpc" in action or "my-subnet" in action]
