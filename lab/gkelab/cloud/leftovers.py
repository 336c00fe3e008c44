# SPDX-License-Identifier: Apache-2.0
"""What the deletion of a cluster leaves behind in its VPC, as happens on GKE; off unless a project asks for it.

``POST /lab/projects/P/leftovers {"kinds": [...]}`` says which of :data:`KINDS`; ``[]`` ends it. What was left is
deleted like anything else in Compute.
"""

from __future__ import annotations

import time

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.identity import compute_time, digest, numeric_id
from gkelab.cloud.references import LINK_BASE, NetworkRef, SubnetworkRef
from gkelab.cloud.state import Cluster, Resource

# GKE's firewall rules, the subnetwork of a private control plane, the endpoint group of a Service.
KINDS = ("firewalls", "subnetworks", "networkEndpointGroups")


def ask(cloud: Cloud, call: Call) -> Json:
    """Answer what clusters of a project leave behind from now on."""
    kinds = call.json.get("kinds")
    if not isinstance(kinds, list) or not all(kind in KINDS for kind in kinds):
        raise bad_request(f'The lab expects {{"kinds": [...]}} with some of {", ".join(KINDS)}.')
    cloud.project(call.project).leftovers = kinds
    return {"kinds": kinds}


def leave_endpoint_group(cloud: Cloud, cluster: Cluster) -> None:
    """Leave a network endpoint group in a zone of a cluster, as a Service of type LoadBalancer would have made it."""
    network, subnetwork = NetworkRef.of_key(cluster.network), SubnetworkRef.of_key(cluster.subnetwork)
    zone = cluster.body["locations"][0]
    name = f"k8s1-{cluster.hash}-default-web-80-{digest('service', cluster.hash)[:8]}"
    place = f"projects/{network.project}/zones/{zone}"
    body = {
        "kind": "compute#networkEndpointGroup",
        "id": numeric_id(cloud.state),
        "creationTimestamp": compute_time(time.time()),
        "name": name,
        "networkEndpointType": "GCE_VM_IP_PORT",
        "network": network.link,
        "subnetwork": subnetwork.link,
        "size": 0,
        "zone": LINK_BASE + place,
        "selfLink": f"{LINK_BASE}{place}/networkEndpointGroups/{name}",
    }
    cloud.project(network.project).endpoint_groups[f"{zone}/{name}"] = Resource(body)
