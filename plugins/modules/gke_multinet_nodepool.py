#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_nodepool
short_description: Manage a GKE node pool whose nodes and pods have additional networks
version_added: 0.1.0
description:
  - Manages a node pool of a GKE Standard cluster, with additional node networks (an interface of each node in another
    VPC) and additional pod networks (addresses for pods on these interfaces).
  - Before anything is written, the number of networks is compared with the interfaces of the machine type, and the
    secondary ranges with the nodes that need a block of them.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.wait
  - multinet.gke.attributes
requirements:
  - google-cloud-container >= 2.58
  - google-cloud-compute >= 1.19, with O(validate_ranges=true)
  - netaddr >= 0.10
options:
  name:
    description: Name of the node pool.
    type: str
    required: true
  cluster:
    description: Name of the cluster. If it is still being created, the module waits for it.
    type: str
    required: true
  location:
    description: Zone or region of the cluster.
    type: str
    required: true
  state:
    description: Whether the node pool is to be there.
    type: str
    choices: [present, absent]
    default: present
  node_count:
    description:
      - Nodes, in each zone. Not for a pool that the autoscaler sizes.
      - If not set, a new pool has 3, and an existing one keeps what it has.
      - If the same task switches the autoscaler off, it is set in any case, because Google does not tell the size that
        the autoscaler has given to the pool.
    type: int
  autoscaling:
    description:
      - Limits between which the pool grows and shrinks by itself, either in each zone (O(autoscaling.min),
        O(autoscaling.max)) or in the whole pool (O(autoscaling.total_min), O(autoscaling.total_max)). The most is
        needed, unless O(autoscaling.enabled=false).
      - A new pool begins with the least.
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
      total_min:
        description: Fewest nodes in all zones together.
        type: int
      total_max:
        description: Most nodes in all zones together.
        type: int
      location_policy:
        description:
          - Which zones grow first, those with fewer nodes (V(BALANCED)), or those with unused reservations and less
            risk for Spot VMs (V(ANY)).
        type: str
        choices: [BALANCED, ANY]
  node_locations:
    description:
      - Zones of the nodes, in any order; those of the cluster if not set.
      - Nodes in zones that are no longer named are removed.
    type: list
    elements: str
  version:
    description:
      - Version of the nodes, for example V(1.34.4-gke.1047000), or its beginning, for example V(1.34); that of the
        control plane if not set, which it must not exceed.
      - Nodes whose version begins so are left alone, and newer nodes are not downgraded; there is a warning. A change
        replaces the nodes.
    type: str
  machine_type:
    description:
      - Machine type of the nodes. It decides how many interfaces a node can have, one per vCPU, from 2 up to 8.
        The first is the cluster's own.
      - If not set, a new pool has Google's default (e2-medium, which can have one additional network).
      - A change replaces the nodes.
    type: str
  disk_size_gb:
    description: Size of the nodes' disks in GB, at least 10. A change replaces the nodes.
    type: int
  disk_type:
    description: Type of the nodes' disks, for example V(pd-balanced). A change replaces the nodes.
    type: str
  image_type:
    description: Image of the nodes, for example V(COS_CONTAINERD). A change replaces the nodes.
    type: str
  spot:
    description: Whether the nodes are Spot VMs. Cannot be changed in place, see O(recreate).
    type: bool
  labels:
    description: Kubernetes labels of the nodes. Other labels are left alone.
    type: dict
  taints:
    description:
      - Kubernetes taints of the nodes; these and no others, except those that GKE itself gives to nodes with GPUs, Arm
        processors or GKE Sandbox.
    type: list
    elements: dict
    suboptions:
      key:
        description: Key of the taint.
        type: str
        required: true
      value:
        description: Value of the taint.
        type: str
        default: ""
      effect:
        description: Effect of the taint, as Google spells it.
        type: str
        required: true
        choices: [NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE]
  tags:
    description: Network tags of the nodes, for firewall rules; these and no others.
    type: list
    elements: str
  metadata:
    description:
      - Compute Engine metadata of the nodes; not for secrets. Other metadata are left alone.
      - Cannot be changed in place, see O(recreate).
    type: dict
  service_account:
    description:
      - E-mail address of the nodes' service account; V(default) is that of Compute Engine.
      - Cannot be changed in place, see O(recreate).
    type: str
  oauth_scopes:
    description:
      - Scopes of the nodes' access tokens, in any order; those that GKE adds for logging and monitoring need not be
        named.
      - If not set, a new pool has those that gcloud asks for, which are C(cloud-platform) and C(userinfo.email) with
        a O(service_account), whose roles then say what the nodes may do, and else those that nodes need.
      - Cannot be changed in place, see O(recreate).
    type: list
    elements: str
  max_pods_per_node:
    description:
      - Pods on a node, 8 to 256; the cluster's default if not set. Cannot be changed in place, see O(recreate).
    type: int
  enable_private_nodes:
    description:
      - Whether the nodes have no external addresses; as the cluster says if not set. A change replaces the nodes.
    type: bool
  pod_range:
    description:
      - Name of the secondary range for the pods' first addresses, in the subnetwork of the nodes; the cluster's if
        not set. Cannot be changed in place, see O(recreate).
    type: str
  additional_node_networks:
    description:
      - The networks in which each node has an additional interface, in the order of the interfaces (the first is
        C(eth1)). At most 7, each in a VPC of its own. Cannot be changed in place, see O(recreate).
    type: list
    elements: dict
    suboptions:
      network:
        description: The VPC, as a name or as C(projects/PROJECT/global/networks/NAME).
        type: str
        required: true
      subnetwork:
        description: The subnetwork, as a name or as C(projects/PROJECT/regions/REGION/subnetworks/NAME).
        type: str
        required: true
  additional_pod_networks:
    description:
      - The secondary ranges that pods have additional addresses of. Each node takes a block out of each. At most 35.
        Cannot be changed in place, see O(recreate).
    type: list
    elements: dict
    suboptions:
      subnetwork:
        description:
          - The subnetwork of the range, one of O(additional_node_networks).
          - If not set, that of the nodes' first interface.
        type: str
      secondary_range:
        description: Name of the secondary range.
        type: str
        required: true
      max_pods_per_node:
        description:
          - Pods on a node that have an address of this range, 8 to 256. A node's block has twice as many addresses,
            rounded up to a power of two.
          - If not set, O(max_pods_per_node), or the cluster's default.
        type: int
  management:
    description: What Google does with the nodes by itself. If not set, a new pool has both.
    type: dict
    suboptions:
      auto_repair:
        description: Whether broken nodes are replaced.
        type: bool
      auto_upgrade:
        description: Whether nodes follow the version of the control plane.
        type: bool
  upgrade_settings:
    description: How nodes are replaced.
    type: dict
    suboptions:
      max_surge:
        description:
          - Nodes that there may be more than usual meanwhile. Each takes a block of the pod ranges, too.
        type: int
      max_unavailable:
        description: Nodes that there may be fewer than usual meanwhile.
        type: int
      strategy:
        description: A few nodes after the other, or a second set of nodes before the first is removed.
        type: str
        choices: [SURGE, BLUE_GREEN]
  recreate:
    description:
      - What happens if something differs that cannot be changed in place.
      - With V(never) it is refused. With V(if_needed) the node pool is deleted and created again; its pods are evicted.
      - It keeps its size and its other settings, as far as there are options for them here, and gets the version of
        the control plane unless O(version) is set. What a run that is interrupted in between must not lose has to be
        declared.
    type: str
    choices: [never, if_needed]
    default: never
  validate_ranges:
    description:
      - Before the pool is made, made again or grows, read the subnetworks of O(additional_pod_networks) and
        O(pod_range), to check that the secondary ranges exist and have enough blocks for the nodes of this pool,
        beside those of the cluster's other pools on the same range.
      - In check mode there is a warning, and no error, about a subnetwork or a range that does not exist yet.
    type: bool
    default: true
  wait_timeout:
    description: Seconds until the module stops waiting for the node pool, and fails; what was started goes on.
    type: int
    default: 1800
notes:
  - Google takes one change of a cluster and its node pools at a time. With O(wait=false) only the last one that this
    task makes is not waited for.
seealso:
  - module: multinet.gke.gke_multinet_nodepool_info
  - module: multinet.gke.gke_multinet_vpc
  - module: multinet.gke.gke_multinet_cluster
"""

EXAMPLES = r"""
- name: Two nodes with a second interface, for pods with a second address
  multinet.gke.gke_multinet_nodepool:
    project: test-project
    location: us-central1-c
    cluster: edge
    name: multinet
    node_count: 2
    machine_type: e2-standard-4
    additional_node_networks:
      - network: my-vpc
        subnetwork: my-subnet
    additional_pod_networks:
      - subnetwork: my-subnet
        secondary_range: pods
        max_pods_per_node: 8

- name: Label the nodes, and say how they are replaced
  multinet.gke.gke_multinet_nodepool:
    project: test-project
    location: us-central1-c
    cluster: edge
    name: multinet
    labels:
      interfaces: two
    upgrade_settings:
      max_surge: 1
      max_unavailable: 0

- name: No such node pool
  multinet.gke.gke_multinet_nodepool:
    project: test-project
    location: us-central1-c
    cluster: edge
    name: old
    state: absent
"""

RETURN = r"""
actions:
  description:
    - What was changed, or would be in check mode; one title per write.
    - On failure, what was done or started beside what failed, if there is any.
  returned: success, or on failure if something was changed
  type: list
  elements: str
  sample:
    - create node pool multinet (2 x e2-standard-4) in cluster edge
node_pool:
  description:
    - The managed part of the node pool, in the words of the options; in check mode as it would be.
    - Null if there is no node pool.
  returned: success
  type: dict
  sample:
    name: multinet
    cluster: edge
    location: us-central1-c
    node_count: 2
    machine_type: e2-standard-4
    additional_node_networks:
      - network: my-vpc
        subnetwork: my-subnet
    additional_pod_networks:
      - subnetwork: my-subnet
        secondary_range: pods
        max_pods_per_node: 8
status:
  description: The node pool's status; empty if there is no node pool.
  returned: success
  type: str
  sample: RUNNING
version:
  description: Version of the nodes; empty if there is no node pool.
  returned: success
  type: str
  sample: 1.34.1-gke.1431000
pending:
  description: Whether something is under way in the node pool that this call did not wait for.
  returned: success
  type: bool
  sample: false
capacity:
  description:
    - For each of the additional pod networks, how far its range reaches.
    - M(multinet.gke.gke_multinet_nodepool_info) says more.
  returned: success
  type: list
  elements: dict
  contains:
    secondary_range:
      description: Name of the secondary range.
      type: str
      returned: success
    nodes_max:
      description:
        - Number of nodes that the range has blocks for.
        - Null if the range was not read, because nothing had to be done that it could forbid.
      type: int
      returned: success
    block_prefix:
      description: Prefix length of a node's block.
      type: int
      returned: success
  sample:
    - secondary_range: pods
      nodes_max: 16
      block_prefix: 28
operations:
  description: Google's operations that were started, with their duration in seconds, null if they were not waited for.
  returned: success
  type: list
  elements: dict
  sample:
    - name: operation-1718024305921-fd4f65ea-1d2c3b4a-5e6f7a8b
      type: CREATE_NODE_POOL
      duration_s: 92.0
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, gke_options, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.nodepool import NodePool
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.pool_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        **options.wait(1800),
        **gke_options.NODEPOOL,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the node pool into its desired state; see RETURN."""
    desired = Desired.from_params(params)
    google = access.google(params, context)
    operations = Operations(google, Deadline(params["wait_timeout"]))
    return reconcile(NodePool(desired, google, operations, check_mode=context.check_mode), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
