# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted with a network, and what is in the way: all of it at once, and nothing foreign is lost."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

VPC = "gke_multinet_vpc"
NETWORK, SUBNETWORKS, RULES = "global/networks/my-vpc", "regions/us-central1/subnetworks", "global/firewalls"
CLUSTERS = "locations/us-central1-c/clusters"
SUBNET = {
    "name": "my-subnet",
    "region": "us-central1",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
}
SECOND = {"name": "second", "region": "us-east1", "ip_cidr_range": "10.0.2.0/24"}
WANTED: dict[str, Any] = {"name": "my-vpc", "subnetworks": [SUBNET, SECOND]}
GONE: dict[str, Any] = {**WANTED, "state": "absent"}


def cluster(**fields: Any) -> dict[str, Any]:
    """Return a request for a cluster in the network."""
    inside = {"network": "my-vpc", "subnetwork": "my-subnet", "ipAllocationPolicy": {"useIpAliases": True}}
    return {"cluster": {"name": "edge", "initialNodeCount": 1, **inside, **fields}}


def in_the_way(message: str) -> list[str]:
    """Return the lines of the message that name something."""
    first, *lines, last = message.splitlines()
    assert first == "network my-vpc cannot be deleted, and nothing was changed: it is used by"
    assert last == "Delete these first, or declare the subnetworks among them"
    return [line.removeprefix("- ") for line in lines]


def test_a_network_goes_with_its_declared_parts(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    result = cloud.converge(VPC, **GONE)
    assert result["actions"] == [
        "delete subnetwork my-subnet",
        "delete subnetwork second",
        "delete firewall rule my-subnet-allow-multinet",
        "delete firewall rule second-allow-multinet",
        "delete network my-vpc",
    ]
    assert result["diff"]["after"] == {}
    assert [each["name"] for each in cloud.compute("GET", "global/networks")["items"]] == ["default"]
    assert "items" not in cloud.compute("GET", SUBNETWORKS + '?filter=name="my-subnet"')
    assert not [each for each in cloud.compute("GET", RULES)["items"] if "multinet" in each["name"]]


def test_what_is_not_there_needs_one_read(cloud: Cloud) -> None:
    with cloud.asked() as asked:
        cloud.unchanged(VPC, **GONE)
    assert asked.reads == [f"/compute/v1/projects/{cloud.project}/{NETWORK}"]


def test_only_ranges_and_names_that_matter_are_needed(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    names = [{"name": each["name"], "region": each["region"]} for each in WANTED["subnetworks"]]
    cloud.converge(VPC, name="my-vpc", state="absent", subnetworks=names)


def test_what_others_made_is_in_the_way_and_all_of_it_is_named(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    link = f"projects/{cloud.project}/{NETWORK}"
    cloud.compute("POST", RULES, {"name": "foreign", "network": link, "allowed": [{"IPProtocol": "tcp"}]})
    cloud.container("POST", CLUSTERS, cluster())
    (gke,) = {
        each["name"].split("-")[2] for each in cloud.compute("GET", RULES)["items"] if each["name"].startswith("gke")
    }
    found = in_the_way(cloud.refused(VPC, name="my-vpc", state="absent", subnetworks=[SUBNET]))
    assert found == [
        "cluster edge (us-central1-c)",
        "subnetwork second (us-east1)",
        "firewall rule foreign",
        *(
            f"firewall rule gke-edge-{gke}-{kind}, which goes with cluster edge"
            for kind in ("all", "exkubelet", "inkubelet", "vms")
        ),
        "firewall rule second-allow-multinet",
    ]
    assert cloud.compute("GET", f"{SUBNETWORKS}/my-subnet")


def test_a_pool_with_an_interface_in_it_is_in_the_way(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    multinet = {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True}
    cloud.container("POST", CLUSTERS, cluster(network="default", subnetwork="default", networkConfig=multinet))
    networks = {
        "additionalNodeNetworkConfigs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
        "additionalPodNetworkConfigs": [{"subnetwork": "my-subnet", "secondaryPodRange": "pods"}],
    }
    pool = {"name": "multinet", "initialNodeCount": 1, "networkConfig": networks}
    cloud.container("POST", f"{CLUSTERS}/edge/nodePools", {"nodePool": pool})
    assert in_the_way(cloud.refused(VPC, **GONE)) == ["node pool multinet of cluster edge (us-central1-c)"]


def test_what_gke_left_behind_is_named_with_the_command_that_removes_it(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    kinds = ["firewalls", "subnetworks", "networkEndpointGroups"]
    cloud.ask("POST", f"/lab/projects/{cloud.project}/leftovers", {"kinds": kinds})
    private = {"masterIpv4CidrBlock": "172.20.0.0/28", "enablePrivateNodes": True}
    cloud.container("POST", CLUSTERS, cluster(privateClusterConfig=private))
    cloud.container("DELETE", f"{CLUSTERS}/edge")
    found = in_the_way(cloud.refused(VPC, **GONE))
    commands = [line.partition(", left behind by Kubernetes Engine; remove it with: ")[2] for line in found]
    verbs = [command.removeprefix("gcloud compute ").partition(" delete ")[0] for command in commands]
    assert verbs == ["networks subnets", *["firewall-rules"] * 4, "network-endpoint-groups"]
    for line, command in zip(found, commands, strict=True):
        words = command.split()
        name, options = words[words.index("delete") + 1], words[words.index("delete") + 2 :]
        assert f" {name} " in line.replace(",", " ")
        assert options[-2:] == ["--project", cloud.project]
        where = {"--region": "regions/us-central1/subnetworks", "--zone": "zones/us-central1-c/networkEndpointGroups"}
        cloud.compute("DELETE", f"{where.get(options[0], RULES)}/{name}")
    cloud.converge(VPC, **GONE)


def test_a_project_without_kubernetes_engine_has_no_clusters_to_ask_for(cloud: Cloud) -> None:
    cloud.module(VPC, **WANTED)
    cloud.ask("POST", f"/lab/projects/{cloud.project}/services", {"disabled": ["container.googleapis.com"]})
    cloud.converge(VPC, **GONE)


def test_an_auto_mode_network_goes_with_the_subnetworks_that_google_made(cloud: Cloud) -> None:
    message = cloud.refused(VPC, name="default", state="absent")
    assert [line for line in message.splitlines() if line.startswith("- ")] == [
        f"- firewall rule default-allow-{kind}" for kind in ("icmp", "internal", "rdp", "ssh")
    ]
    for kind in ("icmp", "internal", "rdp", "ssh"):
        cloud.compute("DELETE", f"{RULES}/default-allow-{kind}")
    result = cloud.converge(VPC, name="default", state="absent")
    assert result["actions"] == ["delete network default"]
