# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a network from being deleted, all of it at once; Google names only one at a time.

Kubernetes Engine leaves things behind when a cluster goes: firewall rules, network endpoint groups, the subnetwork of a
private control plane. They are named as such, with the command that removes them.

Only what is cheap to know is looked for. Routes of one's own, routers, VPN gateways and machines that are no nodes are
left for Google to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..clients import Google
from ..references import Network
from . import networks
from .range_users import users_of_network
from .subnetworks import Key

# Names that Kubernetes Engine gives: gke-CLUSTER-HASH-all, k8s1-HASH-... (Services and Ingresses).
_OF_CLUSTER = re.compile(r"gke-(.+)-[0-9a-f]{8}-.+")
_OF_SERVICE = re.compile(r"k8s\d?-.+")


@dataclass(frozen=True)
class Found:
    """What was read to answer the question."""

    network: Any  # compute_v1.Network
    clusters: Collection[Any]  # of the project
    rules: Collection[Any]  # firewall rules of the network
    endpoint_groups: Collection[Any]  # network endpoint groups of the network


def endpoint_groups(google: Google, network: Network) -> list[Any]:
    """Return the network endpoint groups (compute_v1.NetworkEndpointGroup) of a network, in all zones."""
    client = google.compute("NetworkEndpointGroups")
    scopes = google.list("list network endpoint groups", client.aggregated_list, {"project": google.project})
    groups = (group for _scope, found in scopes for group in found.network_endpoint_groups)
    return [group for group in groups if Network.parse(group.network, google.project) == network]


def users(found: Found, project: str, network: Network, declared: Collection[Key]) -> Iterator[str]:
    """Yield what else is in the network.

    :param project: of the clusters.
    :param declared: the subnetworks that are deleted with the network.
    """
    clusters = {cluster.name for cluster in found.clusters}
    yield from users_of_network(found.clusters, project, network)
    for region, name in networks.undeclared(found.network, declared):
        command = f"gcloud compute networks subnets delete {name} --region {region} --project {network.project}"
        yield f"subnetwork {name} ({region}){_made_by_gke(name, clusters, command)}"
    yield from (f"peering {each.name}" for each in found.network.peerings)
    for rule in found.rules:
        command = f"gcloud compute firewall-rules delete {rule.name} --project {network.project}"
        yield f"firewall rule {rule.name}{_made_by_gke(rule.name, clusters, command)}"
    for group in found.endpoint_groups:
        # Those with names that Kubernetes Engine gives are in zones; those of others may be in regions, or in neither.
        where = (group.zone or group.region or "global").rsplit("/", 1)[-1]
        command = (
            f"gcloud compute network-endpoint-groups delete {group.name} --zone {where} --project {network.project}"
        )
        yield f"network endpoint group {group.name} ({where}){_made_by_gke(group.name, clusters, command)}"


def _made_by_gke(name: str, clusters: Collection[str], command: str) -> str:
    """Return what to say of something with a name that Kubernetes Engine gives; nothing about other names."""
    match = _OF_CLUSTER.fullmatch(name)
    if match and any(cluster.startswith(match[1]) for cluster in clusters):
        return f", which goes with cluster {match[1]}"
    if match or _OF_SERVICE.fullmatch(name):
        return f", left behind by Kubernetes Engine; remove it with: {command}"
    return ""
