# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a description, with their types: what the modules take, without what follows from the other parts."""

from __future__ import annotations

from .. import gke_options, options
from ..options import Spec


def _without(spec: Spec, *names: str) -> Spec:
    return {name: option for name, option in spec.items() if name not in names}


# Others may declare ranges of the same subnetwork, and a run may not see them: purging is not for a description.
PURGING = ("purge_subnetworks", "purge_secondary_ranges")

VPC = _without(gke_options.NETWORK, "name", "subnetworks", *PURGING)
_SUBNETWORK = _without(gke_options.SUBNETWORK, "name", "region", "ip_cidr_range", "secondary_ranges", "state", *PURGING)
# By the key of the description: a VPC and its subnetwork are said in one, so what both have is told apart.
SUBNETWORK_KEYS = {f"subnetwork_{name}" if name in VPC else name: name for name in _SUBNETWORK}

POD_RANGE: Spec = {
    "name": {"type": "str", "required": True},
    "range": {"type": "str", "required": True},
    "max_pods_per_node": {"type": "int", "default": 8},
    "attachment": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
}
NETWORK: Spec = {
    "vpc": {"type": "str", "required": True},
    "vpc_project": {"type": "str"},
    "subnetwork": {"type": "str", "required": True},
    "node_range": {"type": "str", "required": True},
    "pod_ranges": {"type": "list", "elements": "dict", "default": [], "options": POD_RANGE},
    **VPC,
    **{key: _SUBNETWORK[name] for key, name in SUBNETWORK_KEYS.items()},
}
CLUSTER: Spec = {**_without(gke_options.CLUSTER, "location"), "endpoint_kind": options.endpoint_kind()}
NODEPOOL: Spec = {
    **_without(gke_options.NODEPOOL, "cluster", "location", "additional_node_networks", "additional_pod_networks"),
    "networks": {"type": "list", "elements": "str"},
}
# What is of a task is not of a description: to restart once, to remove.
MULTUS = _without(gke_options.MULTUS, "restart", "cleanup_nodes", "force")
POD: Spec = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "image": {"type": "str", "required": True},
    "attachments": {"type": "list", "elements": "str", "default": []},
}
DESCRIPTION: Spec = {
    "project": {"type": "str"},
    "location": {"type": "str", "required": True},
    "cluster": {"type": "dict", "required": True, "options": CLUSTER},
    "networks": {"type": "list", "elements": "dict", "default": [], "options": NETWORK},
    "nodepools": {"type": "list", "elements": "dict", "default": [], "options": NODEPOOL},
    "multus": {"type": "dict", "required": True, "options": MULTUS},
    "pods": {"type": "list", "elements": "dict", "default": [], "options": POD},
}
