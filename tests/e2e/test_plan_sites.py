# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites other than the guide's: what the plan derives is what Google is asked for."""

from __future__ import annotations

from typing import Any

from cloud import Cloud
from harness import Run

STAGES = "--tags vpc,cluster,nodepool"


def site(cloud: Cloud, description: dict[str, Any]) -> Run:
    """Announce a site, make it, and see that a second run finds nothing to do."""
    variables = {f"multinet_{key}": value for key, value in description.items()}
    inventory = {"all": {"hosts": {"edge": variables}}}
    announced = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=f"{STAGES} --check --diff")
    assert announced.rc == 0, announced.stdout
    run = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=STAGES)
    assert run.rc == 0, run.stdout
    assert announced.actions == run.actions
    with cloud.asked() as asked:
        again = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=STAGES)
    assert (again.rc, again.changed, again.actions, asked.writes) == (0, 0, [], []), again.stdout
    return run


def network(**more: Any) -> dict[str, Any]:
    """Return the guide's network, and more of it."""
    pods = {"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}
    return {"vpc": "my-vpc", "subnetwork": "my-subnet", "node_range": "10.0.1.0/24", "pod_ranges": [pods], **more}


def test_a_regional_cluster_counts_its_nodes_in_each_zone(cloud: Cloud) -> None:
    site(
        cloud,
        {
            "project": cloud.project,
            "location": "us-central1",
            "cluster": {"name": "edge", "node_locations": ["us-central1-a", "us-central1-b"]},
            "networks": [network()],
            "nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 8}],
        },
    )
    pool = cloud.container("GET", "locations/us-central1/clusters/edge/nodePools/multinet")
    assert (pool["initialNodeCount"], sorted(pool["locations"])) == (8, ["us-central1-a", "us-central1-b"])


def test_what_a_description_says_reaches_google(cloud: Cloud) -> None:
    """One option of each kind: texts, numbers, truths, lists, mappings, lists of mappings."""
    site(
        cloud,
        {
            "project": cloud.project,
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
        },
    )
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


def test_a_service_project_uses_the_networks_of_its_host_project(cloud: Cloud) -> None:
    host = f"{cloud.project}-host"
    own = {"name": "main", "region": "us-central1", "ip_cidr_range": "10.1.0.0/20"}
    ranges = {"pods": "10.4.0.0/14", "services": "10.8.0.0/20"}
    secondary = [{"name": name, "ip_cidr_range": cidr} for name, cidr in ranges.items()]
    made = cloud.module(
        "gke_multinet_vpc", project=host, name="main", subnetworks=[{**own, "secondary_ranges": secondary}]
    )
    assert not made.get("failed"), made
    site(
        cloud,
        {
            "project": cloud.project,
            "location": "us-central1-c",
            "cluster": {
                "name": "edge",
                "network": f"projects/{host}/global/networks/main",
                "subnetwork": f"projects/{host}/regions/us-central1/subnetworks/main",
                "pods_range": "pods",
                "services_range": "services",
            },
            "networks": [network(vpc_project=host)],
            "nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
        },
    )
    assert cloud.compute("GET", "global/networks/my-vpc") is None
    assert cloud.ask("GET", f"/compute/v1/projects/{host}/global/firewalls/my-subnet-allow-multinet")
    pool = cloud.container("GET", "locations/us-central1-c/clusters/edge/nodePools/multinet")
    assert pool["networkConfig"]["additionalNodeNetworkConfigs"] == [
        {
            "network": f"projects/{host}/global/networks/my-vpc",
            "subnetwork": f"projects/{host}/regions/us-central1/subnetworks/my-subnet",
        }
    ]


def test_a_vpc_of_others_is_used_as_it_is(cloud: Cloud) -> None:
    vpc = {
        "name": "my-vpc",
        "subnetworks": [
            {
                "name": "my-subnet",
                "region": "us-central1",
                "ip_cidr_range": "10.0.1.0/24",
                "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
            }
        ],
    }
    cloud.converge("gke_multinet_vpc", **vpc)
    run = site(
        cloud,
        {
            "project": cloud.project,
            "location": "us-central1-c",
            "cluster": {"name": "edge"},
            "networks": [network(existing=True)],
            "nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
        },
    )
    assert not [action for action in run.actions if "network my-vpc" in action or "my-subnet" in action]
