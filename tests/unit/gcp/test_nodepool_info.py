# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a node pool: all settings, how far its ranges reach, the blocks of its nodes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from google.cloud import compute_v1
from node_pools import READ, cluster, pool

from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_info import describe, users_of
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_options import SETTINGS
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Place
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_nodepool_info import RETURN

PLACE = Place("p", "us-central1")
GROUP = (
    "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-c/instanceGroupManagers/gke-edge-multinet-1a"
)
SUBNETS = "https://www.googleapis.com/compute/v1/projects/p/regions/us-central1/subnetworks"
NETS = "https://www.googleapis.com/compute/v1/projects/p/global/networks"


def machine(name: str, block: str) -> compute_v1.Instance:
    aliases = [{"ip_cidr_range": block, "subnetwork_range_name": "pods"}]
    return compute_v1.Instance(
        {
            "name": name,
            "zone": "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-c",
            "network_interfaces": [
                {"network": f"{NETS}/default", "subnetwork": f"{SUBNETS}/default", "network_i_p": "10.128.0.3"},
                {
                    "network": f"{NETS}/my-vpc",
                    "subnetwork": f"{SUBNETS}/my-subnet",
                    "network_i_p": "10.0.1.2",
                    "alias_ip_ranges": aliases,
                },
            ],
        }
    )


def told(ranges: Any = READ, machines: Any = None) -> dict[str, Any]:
    mine = pool(instance_group_urls=[f"{GROUP}-grp"])
    other = pool(name="other", autoscaling={"enabled": True, "max_node_count": 4}, max_pods_constraint=None)
    edge = cluster(location="us-central1-c", node_pools=[mine, other])
    far = cluster(name="far", location="us-central1-a", node_pools=[pool(initial_node_count=1)])
    return describe(mine, edge, PLACE, ranges, users_of([edge, far], "p"), machines=machines)


def test_all_settings_are_told_in_the_words_of_the_options() -> None:
    assert set(SETTINGS) <= told().keys()


def test_what_is_told_is_documented() -> None:
    (pools,) = yaml.safe_load(RETURN).values()
    documented = pools["contains"]
    assert told(machines=[]).keys() == documented.keys()
    assert told()["capacity"][0].keys() == documented["capacity"]["contains"].keys()
    assert (
        told()["capacity"][0]["used_by"][0].keys() == documented["capacity"]["contains"]["used_by"]["sample"][0].keys()
    )
    (node,) = told(machines=[machine("gke-edge-multinet-1a-x9yz", "172.16.1.0/28")])["nodes"]
    (sample,) = documented["nodes"]["sample"]
    assert node.keys() == sample.keys()
    assert node["interfaces"][1] == sample["interfaces"][0]


def test_a_range_is_told_with_all_that_use_it() -> None:
    additional, first = told()["capacity"]
    assert (additional["use"], first["use"], first["secondary_range"]) == ("additional pods", "pods", "edge-pods")
    used_by = additional.pop("used_by")
    assert additional == {
        "use": "additional pods",
        "subnetwork": "projects/p/regions/us-central1/subnetworks/my-subnet",
        "secondary_range": "pods",
        "cidr": "172.16.1.0/24",
        "max_pods_per_node": 8,
        "block_prefix": 28,
        "nodes_max": 16,
        "nodes_more": 8,
    }
    assert [(each["cluster"], each["node_pool"], each["nodes_now"], each["nodes_max"]) for each in used_by] == [
        ("edge", "multinet", 3, 3),
        ("edge", "other", None, 4),
        ("far", "multinet", 1, 1),
    ]
    assert [each["addresses_max"] for each in used_by] == [48, 64, 16]


def test_a_range_that_is_gone_reaches_nowhere() -> None:
    capacity = told(ranges={})["capacity"][0]
    assert (capacity["cidr"], capacity["nodes_max"], capacity["nodes_more"]) == (None, None, None)


@pytest.mark.parametrize(("machines", "names"), [(None, None), ([], []), ("both", ["gke-edge-multinet-1a-x9yz"])])
def test_the_nodes_of_a_pool_are_those_of_its_groups(machines: Any, names: list[str] | None) -> None:
    if machines == "both":
        mine, others = "gke-edge-multinet-1a-x9yz", "gke-edge-multinet-1ab-x9yz"
        machines = [machine(mine, "172.16.1.0/28"), machine(others, "172.16.1.16/28")]
    nodes = told(machines=machines).get("nodes")
    assert (nodes and [node["name"] for node in nodes]) == names
