# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our modules made, gcloud describes as it was asked for."""

from __future__ import annotations

from typing import Any

from gcloud import Gcloud
from sites import CLUSTER, POOL, VPC, make


def test_gcloud_describes_what_was_asked_for(gcloud: Gcloud) -> None:
    make(gcloud.cloud)
    (subnetwork,) = VPC["subnetworks"]

    network = gcloud("compute networks describe my-vpc")
    assert network["autoCreateSubnetworks"] is False
    assert network["routingConfig"]["routingMode"] == VPC["routing_mode"]
    assert [link.rpartition("/")[2] for link in network["subnetworks"]] == [subnetwork["name"]]

    subnet = gcloud("compute networks subnets describe my-subnet --region=us-central1")
    assert subnet["ipCidrRange"] == subnetwork["ip_cidr_range"]
    assert subnet["secondaryIpRanges"] == [{"rangeName": "pods", "ipCidrRange": "172.16.1.0/24"}]
    assert subnet["privateIpGoogleAccess"] is False

    rule = gcloud("compute firewall-rules describe my-subnet-allow-multinet")
    assert (rule["direction"], rule["allowed"], rule["disabled"]) == ("INGRESS", [{"IPProtocol": "all"}], False)
    assert sorted(rule["sourceRanges"]) == ["10.0.1.0/24", "172.16.1.0/24"]
    assert rule["network"] == network["selfLink"]

    cluster = gcloud("container clusters describe edge")
    assert cluster["status"] == "RUNNING"
    assert cluster["currentMasterVersion"].startswith(CLUSTER["version"])
    assert cluster["releaseChannel"]["channel"] == CLUSTER["release_channel"]
    assert cluster["resourceLabels"].items() >= CLUSTER["labels"].items()
    assert cluster["networkConfig"]["datapathProvider"] == "ADVANCED_DATAPATH"
    assert cluster["networkConfig"]["enableMultiNetworking"] is True

    _check_pool(gcloud("container node-pools describe multinet --cluster=edge"))


def _check_pool(pool: dict[str, Any]) -> None:
    networks = pool["networkConfig"]
    assert (pool["status"], pool["initialNodeCount"]) == ("RUNNING", POOL["node_count"])
    assert pool["config"]["machineType"] == POOL["machine_type"]
    assert pool["config"]["labels"] == POOL["labels"]
    assert pool["management"] == {"autoRepair": True, "autoUpgrade": True}
    assert networks["additionalNodeNetworkConfigs"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    (pods,) = networks["additionalPodNetworkConfigs"]
    assert (pods["subnetwork"], pods["secondaryPodRange"]) == ("my-subnet", "pods")
    assert int(pods["maxPodsPerNode"]["maxPodsPerNode"]) == 8
