#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_nodepool_info
short_description: What GKE node pools are like, how far their ranges reach, and the blocks of their nodes
version_added: 0.1.0
description:
  - Returns one node pool of a cluster, or all.
  - The settings are in the words of M(multinet.gke.gke_multinet_nodepool), so they can be given to it.
  - For each range that gives pods their addresses, says how many nodes it has blocks for, and which node pools of the
    project's clusters use it.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.attributes.info
requirements:
  - google-cloud-container >= 2.58
  - google-cloud-compute >= 1.19
  - netaddr >= 0.10
options:
  name:
    description: Name of the node pool; all of the cluster if not set.
    type: str
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  location:
    description: Zone or region of the cluster.
    type: str
    required: true
  alias_blocks:
    description:
      - Return the nodes, too, with the blocks of addresses that each of their interfaces has.
      - It takes a request for each zone, and the right to list Compute Engine's instances.
    type: bool
    default: false
seealso:
  - module: multinet.gke.gke_multinet_nodepool
  - module: multinet.gke.gke_multinet_cluster_info
"""

EXAMPLES = r"""
- name: Look at a node pool
  multinet.gke.gke_multinet_nodepool_info:
    project: test-project
    location: us-central1-c
    cluster: edge
    name: multinet
    alias_blocks: true
  register: found

- name: Say how far its ranges reach
  ansible.builtin.debug:
    msg: "{{ item.secondary_range }} ({{ item.cidr }}) holds {{ item.nodes_max }} nodes, {{ item.nodes_more }} more"
  loop: "{{ found.node_pools[0].capacity }}"
  loop_control:
    label: "{{ item.secondary_range }}"

- name: Look at all node pools of the cluster
  multinet.gke.gke_multinet_nodepool_info:
    project: test-project
    location: us-central1-c
    cluster: edge
"""

RETURN = r"""
node_pools:
  description: The node pools; an empty list if there are none, or no such cluster.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node pool.
      type: str
      returned: success
      sample: multinet
    cluster:
      description: Name of its cluster.
      type: str
      returned: success
      sample: edge
    location:
      description: Zone or region of its cluster.
      type: str
      returned: success
      sample: us-central1-c
    status:
      description: Its status.
      type: str
      returned: success
      sample: RUNNING
    conditions:
      description: What Google says of the status, each with C(code) and C(message).
      type: list
      elements: dict
      returned: success
      sample: []
    version:
      description: Version of the nodes.
      type: str
      returned: success
      sample: 1.34.1-gke.1431000
    node_count:
      description: Nodes in each zone; where the autoscaler sizes the pool, those that it began with.
      type: int
      returned: success
      sample: 2
    autoscaling:
      description: Whether the autoscaler sizes it (C(enabled)), and then its limits.
      type: dict
      returned: success
      sample:
        enabled: false
    node_locations:
      description: Zones of the nodes.
      type: list
      elements: str
      returned: success
      sample: [us-central1-c]
    machine_type:
      description: Machine type of the nodes.
      type: str
      returned: success
      sample: e2-standard-4
    disk_size_gb:
      description: Size of their disks in GB.
      type: int
      returned: success
      sample: 100
    disk_type:
      description: Type of their disks.
      type: str
      returned: success
      sample: pd-balanced
    image_type:
      description: Their image.
      type: str
      returned: success
      sample: COS_CONTAINERD
    spot:
      description: Whether they are Spot VMs.
      type: bool
      returned: success
      sample: false
    labels:
      description: Their Kubernetes labels.
      type: dict
      returned: success
      sample:
        team: radio
    taints:
      description: Their Kubernetes taints.
      type: list
      elements: dict
      returned: success
      sample: []
    tags:
      description: Their network tags.
      type: list
      elements: str
      returned: success
      sample: []
    metadata:
      description: Their metadata.
      type: dict
      returned: success
      sample:
        disable-legacy-endpoints: "true"
    service_account:
      description: Their service account.
      type: str
      returned: success
      sample: default
    oauth_scopes:
      description: Scopes of their access tokens.
      type: list
      elements: str
      returned: success
      sample:
        - https://www.googleapis.com/auth/devstorage.read_only
    max_pods_per_node:
      description: Pods on a node.
      type: int
      returned: success
      sample: 110
    enable_private_nodes:
      description: Whether they have no external addresses.
      type: bool
      returned: success
      sample: false
    pod_range:
      description: Name of the secondary range of the pods' first addresses.
      type: str
      returned: success
      sample: gke-edge-pods-5b1f3ad2
    additional_node_networks:
      description: The networks of their additional interfaces, in the order of the interfaces.
      type: list
      elements: dict
      returned: success
      sample:
        - network: my-vpc
          subnetwork: my-subnet
    additional_pod_networks:
      description: The secondary ranges that pods have additional addresses of.
      type: list
      elements: dict
      returned: success
      sample:
        - subnetwork: my-subnet
          secondary_range: pods
          max_pods_per_node: 8
    management:
      description: What Google does with the nodes by itself.
      type: dict
      returned: success
      sample:
        auto_repair: true
        auto_upgrade: true
    upgrade_settings:
      description: How nodes are replaced.
      type: dict
      returned: success
      sample:
        max_surge: 1
        max_unavailable: 0
        strategy: SURGE
    capacity:
      description: The ranges that each node takes a block of.
      type: list
      elements: dict
      returned: success
      contains:
        use:
          description: What it is for, V(additional pods), or V(pods) for the pods' first addresses.
          type: str
          returned: success
          sample: additional pods
        subnetwork:
          description: Path of the subnetwork.
          type: str
          returned: success
          sample: projects/test-project/regions/us-central1/subnetworks/my-subnet
        secondary_range:
          description: Name of the range.
          type: str
          returned: success
          sample: pods
        cidr:
          description: The range; null if it is no longer there.
          type: str
          returned: success
          sample: 172.16.1.0/24
        max_pods_per_node:
          description: Pods on a node that have an address of it.
          type: int
          returned: success
          sample: 8
        block_prefix:
          description: Prefix length of a node's block.
          type: int
          returned: success
          sample: 28
        nodes_max:
          description: Number of such blocks in the whole range.
          type: int
          returned: success
          sample: 16
        nodes_more:
          description: Number of such blocks that are left when all node pools have as many nodes as they may have.
          type: int
          returned: success
          sample: 14
        used_by:
          description:
            - The node pools of the project's clusters that take blocks of the range, with the nodes that they have
              (C(nodes_now), null where the autoscaler sizes them) and may have (C(nodes_max)), and the addresses that
              these take (C(addresses_max)).
          type: list
          elements: dict
          returned: success
          sample:
            - location: us-central1-c
              cluster: edge
              node_pool: multinet
              nodes_now: 2
              nodes_max: 2
              addresses_max: 32
    nodes:
      description: The nodes, with their interfaces and the blocks of addresses of each.
      type: list
      elements: dict
      returned: if O(alias_blocks)
      sample:
        - name: gke-edge-multinet-1a2b3c4d-x9yz
          zone: us-central1-c
          interfaces:
            - name: eth1
              network: my-vpc
              subnetwork: my-subnet
              address: 10.0.1.2
              alias_blocks:
                - secondary_range: pods
                  cidr: 172.16.1.0/28
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool import pool_info
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        "name": {"type": "str"},
        "cluster": {"type": "str", "required": True},
        "location": {"type": "str", "required": True},
        "alias_blocks": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at the node pools of a cluster; see RETURN."""
    google = access.google(params, context)
    return pool_info.report(
        google, params["location"], params["cluster"], params["name"], alias_blocks=params["alias_blocks"]
    )


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
