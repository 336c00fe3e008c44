# SPDX-License-Identifier: Apache-2.0
"""Commands of gcloud, and the modules of google.cloud, as they sent them: the guide's four, and every other recorded.

They were recorded against a stub, each on its own; here each is sent in a situation in which it makes sense.
"""

from __future__ import annotations

import json
import pathlib

from .conftest import Lab

PROJECT = "test-proj"
COMPUTE = f"/compute/v1/projects/{PROJECT}"
REGION = f"{COMPUTE}/regions/us-central1"
ZONE = f"/v1/projects/{PROJECT}/locations/us-central1-c"
POOL = f"{ZONE}/clusters/my-cluster/nodePools/my-pool"
FINGERPRINTS = {"fingerprint", "labelFingerprint"}
DATAPLANE = {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True}

GUIDE = ("01-networks-create", "02-subnets-create", "03-clusters-create", "04-node-pools-create")
# What people do with the result, in an order that makes sense.
AFTERWARDS = (
    "11-networks-describe",
    "12-networks-list",
    "13-networks-update-bgp",
    "14-networks-update-mtu",
    "20-subnets-describe",
    "21-subnets-list",
    "22-subnets-update-add-secondary",
    "24-subnets-update-pga",
    "25-subnets-expand",
    "30-clusters-describe",
    "31-clusters-list",
    "32-clusters-get-credentials",
    "33-clusters-update-multi-networking",
    "34-clusters-update-labels",
    "35-clusters-update-authorized-networks",
    "36-clusters-upgrade-master",
    "37-clusters-resize",
    "40-node-pools-describe",
    "41-node-pools-list",
    "42-node-pools-update-autoscaling",
    "43-node-pools-update-management",
    "44-node-pools-update-labels",
    "45-node-pools-update-taints",
    "46-node-pools-update-upgrade-settings",
    "47-node-pools-update-locations",
    "62-firewall-create",
    "48-node-pools-delete",
    "60-operations-list",
    "61-get-server-config",
    "38-clusters-delete",
    "23-subnets-update-remove-secondary",
    "26-subnets-delete",
    "27-subnets-create-pga-flow",
)
EVERY_OPTION = ("10-networks-create-all", "15-networks-delete")
REGIONAL = ("39-clusters-create-full", "49-node-pools-create-multi")
FIRST_INTERFACE = "50-node-pools-create-pod-no-subnet"
NO_MAXIMUM = "51-node-pools-create-no-maxpods"
MODULES = "90-ansible-google-cloud-1.13.0-create-all"
# Reads that find nothing here; the stub had one answer for every path.
FOUND_NOTHING = {
    ("38-clusters-delete", "my-cluster"),
    ("26-subnets-delete", "my-subnet"),
    ("15-networks-delete", "my-vpc"),
    ("62-firewall-create", "my-vpc"),  # the stub named the network as what the operation has made
    *((MODULES, f"new-{name}") for name in ("vpc", "subnet", "cluster", "pool")),
}


def run(lab: Lab, data: pathlib.Path, name: str) -> None:
    """Send a command's requests; the stub that it was recorded against called its operations op-1 and operation-1.

    It also had one fingerprint for everything, where a client sends the one that it has just read.
    """
    operation, read = "", {}
    for request in json.loads((data / "gcloud-requests" / f"{name}.json").read_text())["requests"]:
        path, _, query = request["path"].partition("?")
        parts = [operation if part in ("op-1", "operation-1") else part for part in path.split("/")]
        body = request["body"] and request["body"] | {key: read[key] for key in FINGERPRINTS & request["body"].keys()}
        status, answer = lab.ask(request["method"], f"{'/'.join(parts)}?{query}", body)
        nothing = request["method"] == "GET" and (name, parts[-1]) in FOUND_NOTHING
        assert status == (404 if nothing else 200), (name, answer)
        read = {key: answer.get(key, "") for key in FINGERPRINTS}
        if "operationType" in answer:
            operation = answer["name"]
            ended = lab.finished(answer)
            assert "error" not in ended, (name, ended)


def make_vpc(lab: Lab, network: str, subnetwork: str, primary: str, **ranges: str) -> None:
    lab.done("POST", f"{COMPUTE}/global/networks", {"name": network, "autoCreateSubnetworks": False})
    secondary = [{"rangeName": name, "ipCidrRange": cidr} for name, cidr in ranges.items()]
    body = {"name": subnetwork, "network": network, "ipCidrRange": primary, "secondaryIpRanges": secondary}
    lab.done("POST", f"{REGION}/subnetworks", body)


def make_cluster(lab: Lab, **fields: object) -> None:
    cluster = {"name": "my-cluster", "initialNodeCount": 1, "networkConfig": DATAPLANE, **fields}
    assert "error" not in lab.done("POST", f"{ZONE}/clusters", {"cluster": cluster})


def test_the_four_commands(lab: Lab, data: pathlib.Path) -> None:
    for name in GUIDE:
        run(lab, data, name)
    pool = lab.get(POOL)
    assert pool["status"] == "RUNNING"
    assert pool["networkConfig"]["additionalNodeNetworkConfigs"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    assert pool["networkConfig"]["additionalPodNetworkConfigs"] == [
        {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
    ]


def test_the_commands_after_them(lab: Lab, data: pathlib.Path) -> None:
    for name in GUIDE + AFTERWARDS:
        run(lab, data, name)
    assert lab.get(f"/v1/projects/{PROJECT}/locations/-/clusters") == {}


def test_a_network_with_every_option(lab: Lab, data: pathlib.Path) -> None:
    for name in EVERY_OPTION:
        run(lab, data, name)


def test_a_regional_private_cluster_and_a_pool_with_two_networks(lab: Lab, data: pathlib.Path) -> None:
    make_vpc(lab, "default-vpc", "default-sn", "10.10.0.0/20", p="10.20.0.0/16", s="10.30.0.0/20")
    make_vpc(lab, "vpc-a", "sn-a", "10.1.0.0/24", ra="172.16.1.0/24")
    make_vpc(lab, "vpc-b", "sn-b", "10.2.0.0/24", rb="172.16.2.0/24")
    for name in REGIONAL:
        run(lab, data, name)
    pool = lab.get(POOL.replace("us-central1-c", "us-central1"))
    assert (pool["locations"], pool["autoscaling"]["maxNodeCount"]) == (["us-central1-a", "us-central1-b"], 2)


def test_a_pod_network_on_the_nodes_first_interface(lab: Lab, data: pathlib.Path) -> None:
    make_vpc(lab, "my-vpc", "my-subnet", "10.0.1.0/24")
    make_vpc(lab, "main", "main", "10.10.0.0/20", pods="172.16.1.0/24")
    make_cluster(lab, network="main", subnetwork="main")
    run(lab, data, FIRST_INTERFACE)


def test_a_pod_network_without_a_maximum_of_pods(lab: Lab, data: pathlib.Path) -> None:
    make_vpc(lab, "my-vpc", "my-subnet", "10.0.1.0/24", pods="172.16.0.0/20")
    make_cluster(lab)
    run(lab, data, NO_MAXIMUM)
    (network,) = lab.get(POOL)["networkConfig"]["additionalPodNetworkConfigs"]
    assert network["maxPodsPerNode"] == {"maxPodsPerNode": "110"}


def test_the_modules_of_google_cloud(lab: Lab, data: pathlib.Path) -> None:
    make_vpc(lab, "my-vpc", "my-subnet", "10.9.0.0/24")
    make_cluster(lab)
    run(lab, data, MODULES)


def test_every_recording_is_sent(data: pathlib.Path) -> None:
    sent = {*GUIDE, *AFTERWARDS, *EVERY_OPTION, *REGIONAL, FIRST_INTERFACE, NO_MAXIMUM, MODULES}
    assert sent == {path.stem for path in (data / "gcloud-requests").glob("*.json")}
