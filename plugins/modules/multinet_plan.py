#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multinet_plan
short_description: Check the descriptions of clusters, and derive what follows from them
version_added: 0.1.0
description:
  - Reads the descriptions of one or many clusters, and refuses everything that can be known wrong from them,
    all at once and before any API is called.
  - Returns what follows from each description, in the words of the modules' options; the roles use it.
  - Asks no API and changes nothing.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.attributes.info
requirements:
  - netaddr >= 0.10
options:
  clusters:
    description: The descriptions. Ranges that clusters share are checked across all of them.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: Name of the cluster in the inventory; the names of problems begin with it.
        type: str
        required: true
      project:
        description:
          - The Google Cloud project.
          - If not set, the value of the environment variable E(GCP_PROJECT) is used.
        type: str
      location:
        description: Zone or region of the cluster.
        type: str
        required: true
      cluster:
        description: The cluster; the options of M(multinet.gke.gke_multinet_cluster).
        type: dict
        required: true
        suboptions:
          name:
            description: Name of the cluster.
            type: str
            required: true
          version:
            description: Version of Kubernetes; a prefix is enough.
            type: str
          release_channel:
            description: Release channel.
            type: str
          network:
            description: VPC of the nodes' first interface.
            type: str
          subnetwork:
            description: Subnetwork of the nodes' first interface.
            type: str
          pods_range:
            description: Name of the secondary range of the pods' first interface.
            type: str
          services_range:
            description: Name of the secondary range of services.
            type: str
          default_max_pods_per_node:
            description: Pods on a node.
            type: int
          dataplane_v2:
            description: Whether the cluster has Dataplane V2; multi-networking needs it.
            type: bool
            default: true
          labels:
            description: Labels of the cluster.
            type: dict
          default_pool:
            description: The cluster's first node pool.
            type: dict
            suboptions:
              node_count:
                description: Nodes, in each zone.
                type: int
              machine_type:
                description: Machine type of the nodes.
                type: str
      networks:
        description: The additional networks, in the order of the nodes' interfaces; the first is C(eth1).
        type: list
        elements: dict
        default: []
        suboptions:
          vpc:
            description: Name of the VPC.
            type: str
            required: true
          vpc_project:
            description: Project of the VPC, if it is another one than the cluster's (Shared VPC).
            type: str
          existing:
            description: The VPC is read and checked, never changed and never deleted.
            type: bool
            default: false
          subnetwork:
            description: Name of the subnetwork.
            type: str
            required: true
          node_range:
            description: Primary range of the subnetwork, for the nodes' interfaces.
            type: str
            required: true
          allow_multinet:
            description: Whether an ingress rule lets in what comes from the subnetwork's own ranges.
            type: bool
            default: true
          pod_ranges:
            description: The subnetwork's secondary ranges, for the pods' interfaces.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: Name of the secondary range.
                type: str
                required: true
              range:
                description: The range.
                type: str
                required: true
              max_pods_per_node:
                description: Pods on a node that have an address of the range; decides the size of a node's block.
                type: int
                default: 8
              attachment:
                description: Name of the NetworkAttachmentDefinition that hands out the addresses.
                type: str
                required: true
              namespace:
                description: Namespace of the NetworkAttachmentDefinition.
                type: str
                default: default
      nodepools:
        description: The node pools; the options of M(multinet.gke.gke_multinet_nodepool).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the node pool.
            type: str
            required: true
          networks:
            description: The VPCs that its nodes have an interface in, in the order of the interfaces; all by default.
            type: list
            elements: str
          node_count:
            description: Nodes, in each zone.
            type: int
          autoscaling:
            description: Limits between which the pool grows and shrinks.
            type: dict
            suboptions:
              enabled:
                description: Whether it does.
                type: bool
                default: true
              min:
                description: Fewest nodes, in each zone.
                type: int
              max:
                description: Most nodes, in each zone.
                type: int
          machine_type:
            description: Machine type of the nodes; decides how many interfaces they can have.
            type: str
          image_type:
            description: Image of the nodes.
            type: str
          disk_type:
            description: Type of the nodes' disks.
            type: str
          disk_size_gb:
            description: Size of the nodes' disks in GB.
            type: int
          max_pods_per_node:
            description: Pods on a node.
            type: int
          labels:
            description: Labels of the nodes.
            type: dict
      pods:
        description: Sample pods; the options of M(multinet.gke.multinet_pod).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the pod.
            type: str
            required: true
          namespace:
            description: Namespace of the pod.
            type: str
            default: default
          image:
            description: Image of the pod.
            type: str
            required: true
          attachments:
            description: Names of the attachments that the pod has an interface of.
            type: list
            elements: str
            default: []
seealso:
  - module: multinet.gke.gke_multinet_vpc
  - module: multinet.gke.gke_multinet_cluster
  - module: multinet.gke.gke_multinet_nodepool
"""

EXAMPLES = r"""
- name: Check a description, and see what follows from it
  multinet.gke.multinet_plan:
    clusters:
      - host: edge
        project: test-project
        location: us-central1-c
        cluster:
          name: edge
          version: "1.34"
        networks:
          - vpc: my-vpc
            subnetwork: my-subnet
            node_range: 10.0.1.0/24
            pod_ranges:
              - name: pods
                range: 172.16.1.0/24
                max_pods_per_node: 8
                attachment: my-nad
        nodepools:
          - name: multinet
            machine_type: e2-standard-4
            node_count: 2
  register: planned

- name: Show it
  ansible.builtin.debug:
    msg: "{{ planned.table.splitlines() }}"
"""

RETURN = r"""
sites:
  description: What follows from each description, by host; the variable RV(ignore:multinet_site) of the roles.
  returned: success
  type: dict
  contains:
    project:
      description: The project.
      type: str
      returned: success
    location:
      description: Zone or region.
      type: str
      returned: success
    cluster:
      description: Options for M(multinet.gke.gke_multinet_cluster).
      type: dict
      returned: success
    vpcs:
      description: Options for M(multinet.gke.gke_multinet_vpc), one element per VPC.
      type: list
      elements: dict
      returned: success
    nodepools:
      description: Options for M(multinet.gke.gke_multinet_nodepool), one element per node pool.
      type: list
      elements: dict
      returned: success
    attachments:
      description: Options for M(multinet.gke.nad), with the node pools that carry each attachment's network.
      type: list
      elements: dict
      returned: success
    pods:
      description: Options for M(multinet.gke.multinet_pod), one element per pod.
      type: list
      elements: dict
      returned: success
    expected_pods:
      description: Names of the pods that M(multinet.gke.multinet_verify) expects to run.
      type: list
      elements: dict
      returned: success
    capacity:
      description: For each pod range the nodes that it has blocks for, and those that the node pools may have.
      type: list
      elements: dict
      returned: success
table:
  description: The plans as a table for people.
  returned: success
  type: str
  sample: |-
    cluster  interface  VPC     node range   attachment      pod range      nodes  at most
    edge     eth1       my-vpc  10.0.1.0/24  default/my-nad  172.16.1.0/24  2      16
errors:
  description: On failure, all problems.
  returned: failure
  type: list
  elements: dict
  sample:
    - path: "edge: multinet_networks[0].node_range"
      value: 10.0.1.5/24
      msg: has host bits set; write 10.0.1.0/24
"""

from typing import Any

from ansible.module_utils.basic import env_fallback

from ansible_collections.multinet.gke.plugins.module_utils import module
from ansible_collections.multinet.gke.plugins.module_utils.plan import rules, site
from ansible_collections.multinet.gke.plugins.module_utils.plan.description import read
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context


def _list_of(options: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


CLUSTER: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "release_channel": {"type": "str"},
    "network": {"type": "str"},
    "subnetwork": {"type": "str"},
    "pods_range": {"type": "str"},
    "services_range": {"type": "str"},
    "default_max_pods_per_node": {"type": "int"},
    "dataplane_v2": {"type": "bool", "default": True},
    "labels": {"type": "dict"},
    "default_pool": {"type": "dict", "options": {"node_count": {"type": "int"}, "machine_type": {"type": "str"}}},
}
POD_RANGE: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "range": {"type": "str", "required": True},
    "max_pods_per_node": {"type": "int", "default": 8},
    "attachment": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
}
NETWORK: dict[str, dict[str, Any]] = {
    "vpc": {"type": "str", "required": True},
    "vpc_project": {"type": "str"},
    "existing": {"type": "bool", "default": False},
    "subnetwork": {"type": "str", "required": True},
    "node_range": {"type": "str", "required": True},
    "allow_multinet": {"type": "bool", "default": True},
    "pod_ranges": _list_of(POD_RANGE),
}
NODEPOOL: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "str"},
    "node_count": {"type": "int"},
    "autoscaling": {
        "type": "dict",
        "options": {"enabled": {"type": "bool", "default": True}, "min": {"type": "int"}, "max": {"type": "int"}},
    },
    "machine_type": {"type": "str"},
    "image_type": {"type": "str"},
    "disk_type": {"type": "str"},
    "disk_size_gb": {"type": "int"},
    "max_pods_per_node": {"type": "int"},
    "labels": {"type": "dict"},
}
POD: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "image": {"type": "str", "required": True},
    "attachments": {"type": "list", "elements": "str", "default": []},
}
SPEC: dict[str, Any] = {
    "argument_spec": {
        "clusters": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "host": {"type": "str", "required": True},
                "project": {"type": "str", "fallback": (env_fallback, ["GCP_PROJECT"])},
                "location": {"type": "str", "required": True},
                "cluster": {"type": "dict", "required": True, "options": CLUSTER},
                "networks": _list_of(NETWORK),
                "nodepools": _list_of(NODEPOOL),
                "pods": _list_of(POD),
            },
        }
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return the derived plan of each description; InvalidOptions if any cannot work."""
    descriptions = [read(options) for options in params["clusters"]]
    rules.check(descriptions)
    sites = {description.host: site.derive(description) for description in descriptions}
    return {"changed": False, "sites": sites, "table": site.table(sites)}


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
