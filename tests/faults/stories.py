# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site run does: it makes a site, changes one, removes one. Each has its start, its steps and its writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cloud import Cloud
from planted import REGION, ZONE, a_site_beside_others, among_others, beside_others

NETWORK: dict[str, Any] = {"name": "my-vpc"}
SUBNETWORK: dict[str, Any] = {
    "name": "my-subnet",
    "region": REGION,
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
}
CHANGED_SUBNETWORK: dict[str, Any] = {
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
    resource: str  # the name of what it is about
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
        Write("POST", "clusters", "edge"),
        Write("POST", "networks", "my-vpc"),
        Write("POST", "subnetworks", "my-subnet"),
        Write("POST", "firewalls", "my-subnet-allow-multinet"),
        Write("POST", "edge/nodePools", "multinet"),
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
        Step("gke_multinet_vpc", {**NETWORK, "routing_mode": "GLOBAL", "subnetworks": [CHANGED_SUBNETWORK]}),
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
        Write("PUT", "clusters/edge", "edge"),
        Write("PUT", "clusters/edge", "edge", nth=2),
        Write("PUT", "clusters/edge", "edge", nth=3),
        Write("POST", "clusters/edge:setResourceLabels", "edge", has_fingerprint=True),
        Write("PATCH", "networks/my-vpc", "my-vpc"),
        Write("POST", "my-subnet/expandIpCidrRange", "my-subnet"),
        Write("POST", "my-subnet/setPrivateIpGoogleAccess", "my-subnet"),
        Write("PATCH", "subnetworks/my-subnet", "my-subnet", has_fingerprint=True),  # a range is removed
        Write("PATCH", "subnetworks/my-subnet", "my-subnet", nth=2, has_fingerprint=True),  # one is added
        Write("PATCH", "firewalls/my-subnet-allow-multinet", "my-subnet-allow-multinet"),
        Write("POST", "multinet:setSize", "multinet"),
        Write("PUT", "nodePools/multinet", "multinet"),
        Write("PUT", "nodePools/multinet", "multinet", nth=2),
        Write("PUT", "nodePools/multinet", "multinet", nth=3),
        Write("POST", "multinet:setManagement", "multinet"),
    ),
)
AUTOSCALE = Story(
    "autoscale",
    among_others,
    (Step("gke_multinet_nodepool", {**POOL, "autoscaling": {"min": 1, "max": 3}}),),
    (Write("POST", "multinet:setAutoscaling", "multinet"),),
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
        Write("DELETE", "nodePools/multinet", "multinet"),
        Write("DELETE", "clusters/edge", "edge"),
        Write("DELETE", "subnetworks/my-subnet", "my-subnet"),
        Write("DELETE", "firewalls/my-subnet-allow-multinet", "my-subnet-allow-multinet"),
        Write("DELETE", "networks/my-vpc", "my-vpc"),
    ),
    removes=CREATE.makes,
)
SITE = replace(CREATE, name="site", is_site=True)
STORIES = (CREATE, UPDATE, AUTOSCALE, DELETE)
PLAYBOOKS = (SITE, UPDATE, AUTOSCALE, DELETE)
