# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site run does: it makes a site, changes one, removes one. Each has its start, its steps and its writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cloud import Cloud

REGION, ZONE = "us-central1", "us-central1-c"
CLUSTERS, SUBNETWORKS = f"locations/{ZONE}/clusters", f"regions/{REGION}/subnetworks"

NETWORK: dict[str, Any] = {"name": "my-vpc"}
SUBNETWORK: dict[str, Any] = {
    "name": "my-subnet",
    "region": REGION,
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
}
OTHER_SUBNETWORK: dict[str, Any] = {
    **SUBNETWORK,
    "private_google_access": True,
    "secondary_ranges": [
        {"name": "pods", "ip_cidr_range": "172.16.1.0/24"},
        {"name": "more", "ip_cidr_range": "172.16.2.0/24"},
        {"name": "old", "state": "absent"},
    ],
}
CLUSTER: dict[str, Any] = {"name": "edge", "location": ZONE}
POOL: dict[str, Any] = {
    "name": "multinet",
    "cluster": "edge",
    "location": ZONE,
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}


@dataclass(frozen=True)
class Step:
    """One task: a module with its options."""

    module: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Write:
    """One request of a story that changes something."""

    method: str
    path: str  # the end of it
    resource: str  # how a message has to name what it is about
    nth: int = 1  # of the requests that look like this
    has_fingerprint: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" #{self.nth}" if self.nth > 1 else "")


@dataclass(frozen=True)
class Story:
    """A start, the steps of a playbook, and the writes that these are known to take."""

    name: str
    prepare: Callable[[Cloud], None]
    steps: tuple[Step, ...]
    writes: tuple[Write, ...]
    makes: frozenset[str] = frozenset()  # what is there afterwards and was not before, as objects() names it
    removes: frozenset[str] = frozenset()
    is_site: bool = False  # the steps are run by the site playbook itself, with DESCRIPTION

    def __str__(self) -> str:
        return self.name


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


PODS = ("pods", "172.16.1.0/24")
OTHERS_RANGE = "172.16.9.0/24"


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


# As playbooks/site.yml goes about it: what takes minutes is started early and waited for late.
def _site_steps(vpc: dict[str, Any], cluster: dict[str, Any], pool: dict[str, Any]) -> tuple[Step, ...]:
    return (
        Step("gke_multinet_cluster", {**cluster, "wait": False}),
        Step("gke_multinet_vpc", vpc),
        Step("gke_multinet_cluster", cluster),
        Step("gke_multinet_nodepool", {**pool, "wait": False}),
        Step("gke_multinet_nodepool", pool),
    )


CREATE = Story(
    "create",
    beside_others,
    _site_steps(
        {**NETWORK, "subnetworks": [SUBNETWORK]},
        {**CLUSTER, "default_pool": {"node_count": 1}},
        {**POOL, "machine_type": "e2-standard-4", "node_count": 2},
    ),
    (
        Write("POST", "clusters", "cluster edge"),
        Write("POST", "networks", "network my-vpc"),
        Write("POST", "subnetworks", "subnetwork my-subnet"),
        Write("POST", "firewalls", "firewall rule my-subnet-allow-multinet"),
        Write("POST", "edge/nodePools", "node pool multinet"),
    ),
    makes=frozenset(
        {
            "network my-vpc",
            "subnetwork my-subnet",
            "firewall my-subnet-allow-multinet",
            "cluster edge",
            "node pool edge/default-pool",
            "node pool edge/multinet",
        }
    ),
)
# The same as the site playbook is told it.
DESCRIPTION: dict[str, Any] = {
    "multinet_location": ZONE,
    "multinet_cluster": {"name": "edge", "default_pool": {"node_count": 1}},
    "multinet_networks": [
        {
            "vpc": "my-vpc",
            "subnetwork": "my-subnet",
            "node_range": "10.0.1.0/24",
            "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
        }
    ],
    "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
}
UPDATE = Story(
    "update",
    among_others,
    (
        Step(
            "gke_multinet_cluster",
            {
                **CLUSTER,
                "version": "1.34",
                "release_channel": "REGULAR",
                "labels": {"team": "net"},
                "authorized_networks": [{"cidr": "203.0.113.0/24", "name": "office"}],
            },
        ),
        Step("gke_multinet_vpc", {**NETWORK, "routing_mode": "GLOBAL", "subnetworks": [OTHER_SUBNETWORK]}),
        Step(
            "gke_multinet_nodepool",
            {
                **POOL,
                "node_count": 2,
                "labels": {"role": "net"},
                "taints": [{"key": "net", "value": "yes", "effect": "NO_SCHEDULE"}],
                "management": {"auto_repair": False, "auto_upgrade": True},
                "upgrade_settings": {"max_surge": 2, "max_unavailable": 1},
            },
        ),
    ),
    (
        Write("PUT", "clusters/edge", "cluster edge"),
        Write("PUT", "clusters/edge", "cluster edge", nth=2),
        Write("PUT", "clusters/edge", "cluster edge", nth=3),
        Write("POST", "clusters/edge:setResourceLabels", "cluster edge", has_fingerprint=True),
        Write("PATCH", "networks/my-vpc", "network my-vpc"),
        Write("POST", "my-subnet/expandIpCidrRange", "subnetwork my-subnet"),
        Write("POST", "my-subnet/setPrivateIpGoogleAccess", "subnetwork my-subnet"),
        Write("PATCH", "subnetworks/my-subnet", "subnetwork my-subnet", has_fingerprint=True),  # a range is removed
        Write("PATCH", "subnetworks/my-subnet", "subnetwork my-subnet", nth=2, has_fingerprint=True),  # one is added
        Write("PATCH", "firewalls/my-subnet-allow-multinet", "firewall rule my-subnet-allow-multinet"),
        Write("POST", "multinet:setSize", "node pool multinet"),
        Write("PUT", "nodePools/multinet", "node pool multinet"),
        Write("PUT", "nodePools/multinet", "node pool multinet", nth=2),
        Write("PUT", "nodePools/multinet", "node pool multinet", nth=3),
        Write("POST", "multinet:setManagement", "node pool multinet"),
    ),
)
AUTOSCALE = Story(
    "autoscale",
    among_others,
    (Step("gke_multinet_nodepool", {**POOL, "autoscaling": {"min": 1, "max": 3}}),),
    (Write("POST", "multinet:setAutoscaling", "node pool multinet"),),
)
DELETE = Story(
    "delete",
    a_site_beside_others,
    (
        Step("gke_multinet_nodepool", {"name": "multinet", "cluster": "edge", "location": ZONE, "state": "absent"}),
        Step("gke_multinet_cluster", {**CLUSTER, "state": "absent"}),
        Step("gke_multinet_vpc", {**NETWORK, "subnetworks": [SUBNETWORK], "state": "absent"}),
    ),
    (
        Write("DELETE", "nodePools/multinet", "node pool multinet"),
        Write("DELETE", "clusters/edge", "cluster edge"),
        Write("DELETE", "subnetworks/my-subnet", "subnetwork my-subnet"),
        Write("DELETE", "firewalls/my-subnet-allow-multinet", "firewall rule my-subnet-allow-multinet"),
        Write("DELETE", "networks/my-vpc", "network my-vpc"),
    ),
    removes=CREATE.makes,
)
SITE = replace(CREATE, name="site", is_site=True)
STORIES = (CREATE, UPDATE, AUTOSCALE, DELETE)
PLAYBOOKS = (SITE, UPDATE, AUTOSCALE, DELETE)
