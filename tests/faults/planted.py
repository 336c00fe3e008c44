# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planted in a project before a story begins, what of it belongs to others, and what is there afterwards."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

REGION, ZONE = "us-central1", "us-central1-c"
CLUSTERS, SUBNETWORKS = f"locations/{ZONE}/clusters", f"regions/{REGION}/subnetworks"
PODS = ("pods", "172.16.1.0/24")
OTHERS_RANGE = "172.16.9.0/24"


def objects(cloud: Cloud) -> dict[str, Any]:
    """Return all that is in a project, by kind and name; what Google made itself (default) is left out."""
    found = {}
    for kind, path in (
        ("network", "global/networks"),
        ("subnetwork", SUBNETWORKS),
        ("firewall", "global/firewalls"),
    ):
        for each in cloud.compute("GET", path).get("items", []):
            if each.get("network", each["name"]).rpartition("/")[2] != "default":
                found[f"{kind} {each['name']}"] = each
    for cluster in cloud.container("GET", CLUSTERS).get("clusters", []):
        found[f"cluster {cluster['name']}"] = cluster
        for pool in cluster.get("nodePools", []):
            found[f"node pool {cluster['name']}/{pool['name']}"] = pool
    return found


def foreign(cloud: Cloud) -> dict[str, Any]:
    """Return what is there of others and must stay as it is."""
    seen = objects(cloud)
    kept = {name: _settings(body) for name, body in seen.items() if "others" in name}
    subnetwork, rule = seen.get("subnetwork my-subnet", {}), seen.get("firewall my-subnet-allow-multinet", {})
    kept["ranges"] = [each for each in subnetwork.get("secondaryIpRanges", []) if each["rangeName"] == "others"]
    kept["sources"] = [each for each in rule.get("sourceRanges", []) if each == OTHERS_RANGE]
    kept["labels"] = seen.get("cluster edge", {}).get("resourceLabels", {}).get("owner")
    return kept


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    keys = ("name", "ipCidrRange", "secondaryIpRanges", "sourceRanges", "allowed", "initialNodeCount", "config", "id")
    return {key: body[key] for key in keys if key in body}


def beside_others(cloud: Cloud) -> None:
    """Plant another team's site in the project: a network with a subnetwork and a rule, and a cluster."""
    cloud.compute("POST", "global/networks", {"name": "others-vpc", "autoCreateSubnetworks": False})
    _subnetwork(cloud, "others-vpc", "others-subnet", "10.9.0.0/24")
    _rule(cloud, "others-vpc", "others-rule", ["10.9.0.0/24"])
    _cluster(cloud, "others")


def among_others(cloud: Cloud) -> None:
    """Plant a site in which others have added things: a range, a source, a label, a rule, a subnetwork and a pool."""
    ranges = [PODS, ("others", OTHERS_RANGE), ("old", "172.16.8.0/24")]
    _site(cloud, ranges, resourceLabels={"owner": "others", "team": "old"}, releaseChannel={"channel": "STABLE"})
    _subnetwork(cloud, "my-vpc", "others-subnet", "10.9.0.0/24")
    _rule(cloud, "my-vpc", "others-rule", ["10.9.0.0/24"])
    _pool(cloud, {"name": "others-pool", "initialNodeCount": 1})


def a_site_beside_others(cloud: Cloud) -> None:
    """Plant a site, and another team's."""
    _site(cloud, [PODS])
    beside_others(cloud)


def _site(cloud: Cloud, ranges: list[tuple[str, str]], **cluster: Any) -> None:
    cloud.compute("POST", "global/networks", {"name": "my-vpc", "autoCreateSubnetworks": False})
    _subnetwork(cloud, "my-vpc", "my-subnet", "10.0.1.0/25", ranges)
    _rule(cloud, "my-vpc", "my-subnet-allow-multinet", ["10.0.1.0/25", *(cidr for name, cidr in ranges)])
    _cluster(cloud, "edge", **cluster)
    networks = {
        "additionalNodeNetworkConfigs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
        "additionalPodNetworkConfigs": [
            {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
        ],
    }
    config = {"machineType": "e2-standard-4"}
    _pool(cloud, {"name": "multinet", "initialNodeCount": 1, "networkConfig": networks, "config": config})


def _subnetwork(cloud: Cloud, network: str, name: str, cidr: str, ranges: Any = ()) -> None:
    body = {
        "name": name,
        "network": f"projects/{cloud.project}/global/networks/{network}",
        "ipCidrRange": cidr,
        "secondaryIpRanges": [{"rangeName": range_name, "ipCidrRange": each} for range_name, each in ranges],
    }
    cloud.compute("POST", SUBNETWORKS, body)


def _rule(cloud: Cloud, network: str, name: str, sources: list[str]) -> None:
    body = {
        "name": name,
        "network": f"projects/{cloud.project}/global/networks/{network}",
        "direction": "INGRESS",
        "sourceRanges": sources,
        "allowed": [{"IPProtocol": "all"}],
    }
    cloud.compute("POST", "global/firewalls", body)


def _cluster(cloud: Cloud, name: str, **fields: Any) -> None:
    body = {
        "name": name,
        "initialClusterVersion": "1.33.1-gke.1000",
        "ipAllocationPolicy": {"useIpAliases": True},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True},
        "nodePools": [{"name": "default-pool", "initialNodeCount": 1}],
        **fields,
    }
    cloud.container("POST", CLUSTERS, {"cluster": body})


def _pool(cloud: Cloud, body: dict[str, Any]) -> None:
    cloud.container("POST", f"{CLUSTERS}/edge/nodePools", {"nodePool": body})
