#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_cluster
short_description: Manage a GKE Standard cluster that can carry additional networks
version_added: 0.1.0
description:
  - Manages a GKE Standard cluster with Dataplane V2 and multi-networking.
  - Returns the endpoint and the certificate authority, which the modules for Kubernetes objects take.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.wait
  - multinet.gke.attributes
requirements:
  - google-cloud-container >= 2.47
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  location:
    description: Zone or region of the cluster.
    type: str
    required: true
  state:
    description: Whether the cluster is to be there.
    type: str
    choices: [present, absent]
    default: present
  version:
    description:
      - Version of the control plane. A prefix is enough, V(1.34) is satisfied by every 1.34.x; V(latest) by every one.
      - An older control plane is upgraded. A newer one is left as it is, with a warning; Google upgrades control planes
        of release channels by itself.
      - If not set, a new cluster has Google's default.
    type: str
  release_channel:
    description:
      - Release channel.
      - If not set, a new cluster has Google's default, and an existing one keeps what it has.
    type: str
    choices: [RAPID, REGULAR, STABLE, EXTENDED, UNSPECIFIED]
  network:
    description:
      - VPC of the nodes' first interface, as a name or as C(projects/PROJECT/global/networks/NAME).
      - If not set, a new cluster is in the network C(default). Cannot be changed.
    type: str
  subnetwork:
    description:
      - Subnetwork of the nodes' first interface, as a name or as C(projects/PROJECT/regions/REGION/subnetworks/NAME).
      - Cannot be changed.
    type: str
  pods_range:
    description:
      - Name of the secondary range of the pods' first interface.
      - If not set, Google adds a range to the subnetwork. Cannot be changed.
    type: str
  services_range:
    description:
      - Name of the secondary range of services.
      - If not set, Google takes one that it manages. Cannot be changed.
    type: str
  dataplane_v2:
    description: Whether the cluster has Dataplane V2, which multi-networking needs. Cannot be changed.
    type: bool
    default: true
  multi_networking:
    description: Whether nodes and pods can have additional networks. Can be switched on in an existing cluster.
    type: bool
    default: true
  default_max_pods_per_node:
    description:
      - Pods on a node, 8 to 256, in node pools that say nothing else.
      - If not set, a new cluster has Google's default (110). Cannot be changed.
    type: int
  labels:
    description: Labels of the cluster. Other labels are left alone.
    type: dict
  default_pool:
    description:
      - How the node pool C(default-pool) is made, together with the cluster.
      - Afterwards the pool is a matter of M(multinet.gke.gke_multinet_nodepool); if it differs, there is a warning.
    type: dict
    suboptions:
      node_count:
        description: Nodes, in each zone; 3 if not set.
        type: int
      machine_type:
        description: Machine type of the nodes; Google's default (e2-medium) if not set.
        type: str
  deletion_protection:
    description: With V(true) O(state=absent) is refused.
    type: bool
    default: false
  wait_timeout:
    description: Seconds until the module stops waiting for the cluster, and fails; what was started goes on.
    type: int
    default: 2700
seealso:
  - module: multinet.gke.gke_multinet_vpc
  - module: multinet.gke.gke_multinet_nodepool
"""

EXAMPLES = r"""
- name: Start the creation of a cluster
  multinet.gke.gke_multinet_cluster:
    project: test-project
    location: us-central1-c
    name: edge
    version: "1.34"
    default_pool:
      node_count: 1
    wait: false

- name: Wait until the cluster is ready
  multinet.gke.gke_multinet_cluster:
    project: test-project
    location: us-central1-c
    name: edge
    version: "1.34"
  register: edge

- name: Say where the cluster is
  ansible.builtin.debug:
    msg: "{{ edge.cluster.name }} {{ edge.version }} is at {{ edge.endpoint }}"

- name: No such cluster
  multinet.gke.gke_multinet_cluster:
    project: test-project
    location: us-central1-c
    name: old
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode; one title per write.
  returned: success
  type: list
  elements: str
  sample:
    - create cluster edge in us-central1-c
cluster:
  description:
    - The managed part of the cluster, in the words of the options; in check mode as it would be.
    - Null if there is no cluster.
  returned: success
  type: dict
  sample:
    name: edge
    location: us-central1-c
    version: "1.34"
    dataplane_v2: true
    multi_networking: true
    default_pool:
      node_count: 1
endpoint:
  description: Address of the cluster's API server; empty if there is no cluster yet.
  returned: success
  type: str
  sample: 203.0.113.5
ca_data:
  description: The cluster's certificate authority (PEM in base64); empty if there is no cluster yet.
  returned: success
  type: str
  sample: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUV...
status:
  description: The cluster's status; empty if there is no cluster.
  returned: success
  type: str
  sample: RUNNING
version:
  description: Version of the control plane; empty if there is no cluster.
  returned: success
  type: str
  sample: 1.34.1-gke.1431000
pending:
  description: Whether something is under way in the cluster that this call did not wait for.
  returned: success
  type: bool
  sample: false
operations:
  description: Google's operations that were started, with their duration in seconds, null if they were not waited for.
  returned: success
  type: list
  elements: dict
  sample:
    - name: operation-1718024305921-fd4f65ea-1d2c3b4a-5e6f7a8b
      type: CREATE_CLUSTER
      duration_s: 241.3
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, gke_options, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster import Cluster, Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        **options.wait(2700),
        **gke_options.CLUSTER,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the cluster into its desired state; see RETURN."""
    desired = Desired.from_params(params)
    google = access.google(params, context)
    operations = Operations(google, Deadline(params["wait_timeout"]))
    return reconcile(Cluster(desired, google, operations, check_mode=context.check_mode), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
