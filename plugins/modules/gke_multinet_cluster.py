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
  - google-cloud-container >= 2.58
  - netaddr >= 0.10
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
  description:
    description: What the cluster is for. Cannot be changed.
    type: str
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
      - VPC of the nodes' first interface, as a name or as C(projects/PROJECT/global/networks/NAME), which Shared VPC
        needs.
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
      - Without it and O(pods_cidr) Google adds a range of its choice to the subnetwork. Cannot be changed.
    type: str
  pods_cidr:
    description: In place of O(pods_range), the range that Google is to add to the subnetwork. Cannot be changed.
    type: str
  services_range:
    description:
      - Name of the secondary range of services.
      - Without it and O(services_cidr) Google takes one that it manages. Cannot be changed.
    type: str
  services_cidr:
    description: In place of O(services_range), the range that Google is to add to the subnetwork. Cannot be changed.
    type: str
  dataplane_v2:
    description: Whether the cluster has Dataplane V2, which multi-networking needs. Cannot be changed.
    type: bool
    default: true
  multi_networking:
    description:
      - Whether nodes and pods can have additional networks. Can be switched in an existing cluster.
      - It is not switched off while a node pool has additional networks.
    type: bool
    default: true
  default_max_pods_per_node:
    description:
      - Pods on a node, 8 to 256, in node pools that say nothing else.
      - If not set, a new cluster has Google's default (110). Cannot be changed.
    type: int
  node_locations:
    description:
      - Zones of the nodes, in any order; with a zonal cluster its own zone must be one of them.
      - A change adds nodes to each node pool, or removes nodes from it.
      - If not set, a new zonal cluster has its nodes in its own zone, and a regional one in three zones.
    type: list
    elements: str
  private:
    description: What has private addresses only. What is not set is left alone, and off in a new cluster.
    type: dict
    suboptions:
      nodes:
        description:
          - Whether the nodes of new node pools have no public addresses.
          - Can be changed; node pools that exist stay as they are.
        type: bool
      endpoint:
        description: Whether the control plane is reached at its private address, and at no public one. Can be changed.
        type: bool
      master_cidr:
        description:
          - Range of the control plane, a /28. Needs O(private.nodes=true).
          - If not set, the control plane takes its private address from the cluster's subnetwork. Cannot be changed.
        type: str
  authorized_networks:
    description:
      - Networks from which the control plane's addresses may be used; this list, and no others.
      - An empty list lets nobody in but the cluster's nodes (and, unless that was switched off, addresses of Google
        Cloud). V(0.0.0.0/0) lets everybody in.
      - If not set, a new cluster lets everybody in, and an existing one keeps what it has.
      - The DNS endpoint does not go by it.
    type: list
    elements: dict
    suboptions:
      cidr:
        description: The network.
        type: str
        required: true
      name:
        description: A name for people; if not set, an existing one is kept.
        type: str
  dns_endpoint:
    description:
      - Whether clients may use the cluster's DNS endpoint, which is reached from everywhere and goes by IAM alone.
      - If not set, a new cluster lets nobody in there, and an existing one keeps what it has.
    type: bool
  endpoint_kind:
    description:
      - Which endpoint is returned in RV(endpoint); the public address, the private one, or the DNS name.
      - It is refused if it lets no clients in; see O(private.endpoint) and O(dns_endpoint).
      - If not set, the public address of a cluster that has one, else the private one; the DNS name if it has neither.
    type: str
    choices: [public, private, dns]
  labels:
    description: Labels of the cluster. Other labels are left alone.
    type: dict
  workload_pool:
    description:
      - Workload pool of Workload Identity Federation, C(PROJECT.svc.id.goog). Empty for none.
      - If not set, a new cluster has none, and an existing one keeps what it has.
    type: str
  default_pool:
    description:
      - How the node pool C(default-pool) is made, together with the cluster.
      - Afterwards the pool is a matter of M(multinet.gke.gke_multinet_nodepool); if it differs, there is a warning.
    type: dict
    suboptions:
      state:
        description:
          - With V(absent) the pool is deleted once the cluster is there; Google makes no cluster without one. With
            O(wait=false) the next task on the cluster does it.
          - A pool of this name that has additional networks is not deleted.
          - With V(present) a pool that is gone is not made again.
        type: str
        choices: [present, absent]
        default: present
      node_count:
        description: Nodes, in each zone; 3 if not set, and 1 in a pool that is deleted at once.
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
notes:
  - Each option that differs is set by one call of its own, since Google takes one change of a cluster at a time. With
    O(wait=false) only the last of them is not waited for.
    All options that cannot be changed are named at once, before anything is changed.
  - What Google does by itself is left alone. It switches Private Google Access of the subnetwork on, adds ranges to it
    that were not named, makes firewall rules for the cluster, upgrades control planes, and may leave some of that
    behind when a cluster is deleted.
seealso:
  - module: multinet.gke.gke_multinet_cluster_info
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

- name: See what a private cluster takes that is reached by its DNS name
  multinet.gke.gke_multinet_cluster:
    project: test-project
    location: us-central1
    name: private
    release_channel: REGULAR
    node_locations: [us-central1-a, us-central1-b]
    private:
      nodes: true
      endpoint: true
    authorized_networks:
      - cidr: 10.0.0.0/8
        name: inside
    dns_endpoint: true
    endpoint_kind: dns
    workload_pool: test-project.svc.id.goog
    default_pool:
      state: absent
  check_mode: true

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
  description:
    - What was changed, or would be in check mode; one title per write.
    - On failure, what was done or started beside what failed, if there is any.
  returned: success, or on failure if something was changed
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
      state: present
      node_count: 1
endpoint:
  description: Address of the cluster's API server, as O(endpoint_kind) says; empty if there is no cluster yet.
  returned: success
  type: str
  sample: 203.0.113.5
ca_data:
  description:
    - The cluster's certificate authority (PEM in base64); empty if there is no cluster yet.
    - Empty for the DNS endpoint, too, whose certificate is publicly trusted.
  returned: success
  type: str
  sample: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUV...
endpoints:
  description:
    - The address of each kind of endpoint; empty where the cluster lets no clients in.
    - No kinds if there is no cluster yet.
  returned: success
  type: dict
  sample:
    public: 203.0.113.5
    private: 10.128.0.2
    dns: ""
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
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster import Cluster
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        **options.wait(2700),
        **gke_options.CLUSTER,
        "endpoint_kind": options.endpoint_kind(),
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
