#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_cluster_info
short_description: What GKE clusters are like, how they are reached, and which ranges they use
version_added: 0.1.0
description:
  - Returns one cluster, or all of a location or of the project, with one request.
  - The settings are in the words of M(multinet.gke.gke_multinet_cluster), so they can be given to it.
  - Client keys and certificates are not returned.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.attributes.info
requirements:
  - google-cloud-container >= 2.58
options:
  name:
    description: Name of the cluster; all if not set.
    type: str
  location:
    description: Zone or region of the clusters; all if not set.
    type: str
seealso:
  - module: multinet.gke.gke_multinet_cluster
"""

EXAMPLES = r"""
- name: Look at one cluster
  multinet.gke.gke_multinet_cluster_info:
    project: test-project
    location: us-central1-c
    name: edge
  register: found

- name: Say who uses which range
  ansible.builtin.debug:
    msg: "{{ item.subnetwork }} {{ item.range or 'primary range' }}: {{ item.use }}"
  loop: "{{ found.clusters[0].ranges }}"

- name: Look at all clusters of the project
  multinet.gke.gke_multinet_cluster_info:
    project: test-project
"""

RETURN = r"""
clusters:
  description: The clusters, by location and name; an empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
      returned: success
      sample: edge
    location:
      description: Its zone or region.
      type: str
      returned: success
      sample: us-central1-c
    description:
      description: What it is for.
      type: str
      returned: success
      sample: ""
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
      description: Version of the control plane.
      type: str
      returned: success
      sample: 1.34.1-gke.1431000
    release_channel:
      description: Its release channel.
      type: str
      returned: success
      sample: REGULAR
    network:
      description: VPC of the nodes' first interface; with its project if that is another one.
      type: str
      returned: success
      sample: default
    subnetwork:
      description: Subnetwork of the nodes' first interface; with its project if that is another one.
      type: str
      returned: success
      sample: default
    pods_range:
      description: Name of the secondary range of the pods' first interface.
      type: str
      returned: success
      sample: gke-edge-pods-5b1f3ad2
    pods_cidr:
      description: That range.
      type: str
      returned: success
      sample: 10.112.0.0/14
    services_range:
      description: Name of the secondary range of services; empty if Google manages it.
      type: str
      returned: success
      sample: ""
    services_cidr:
      description: That range.
      type: str
      returned: success
      sample: 34.118.224.0/20
    dataplane_v2:
      description: Whether it has Dataplane V2.
      type: bool
      returned: success
      sample: true
    multi_networking:
      description: Whether nodes and pods can have additional networks.
      type: bool
      returned: success
      sample: true
    default_max_pods_per_node:
      description: Pods on a node, in node pools that say nothing else.
      type: int
      returned: success
      sample: 110
    node_locations:
      description: Zones of the nodes.
      type: list
      elements: str
      returned: success
      sample: [us-central1-c]
    private:
      description:
        - Whether new nodes (C(nodes)) and the control plane (C(endpoint)) have private addresses only, and the control
          plane's range (C(master_cidr)), empty if it has none of its own.
      type: dict
      returned: success
      sample:
        nodes: false
        endpoint: false
        master_cidr: ""
    authorized_networks:
      description: Networks from which the control plane's addresses may be used; null if there is no such list.
      type: list
      elements: dict
      returned: success
      sample:
        - cidr: 10.0.0.0/8
          name: inside
    dns_endpoint:
      description: Whether clients may use the DNS endpoint.
      type: bool
      returned: success
      sample: false
    labels:
      description: Its labels.
      type: dict
      returned: success
      sample:
        team: network
    workload_pool:
      description: Workload pool of Workload Identity Federation; empty if there is none.
      type: str
      returned: success
      sample: test-project.svc.id.goog
    default_pool:
      description: Whether the node pool C(default-pool) is there, as C(state).
      type: dict
      returned: success
      sample:
        state: present
    endpoint:
      description: Address of the API server, the public one if there is one.
      type: str
      returned: success
      sample: 203.0.113.5
    endpoints:
      description: The address of each kind of endpoint; empty where the cluster lets no clients in.
      type: dict
      returned: success
      sample:
        public: 203.0.113.5
        private: 10.128.0.2
        dns: ""
    ca_data:
      description: The certificate authority of the addresses (PEM in base64).
      type: str
      returned: success
      sample: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUV...
    node_pools:
      description: Its node pools in short, in the words of M(multinet.gke.gke_multinet_nodepool).
      type: list
      elements: dict
      returned: success
      sample:
        - name: multinet
          status: RUNNING
          conditions: []
          version: 1.34.1-gke.1431000
          node_count: 2
          autoscaling:
            enabled: false
          node_locations: [us-central1-c]
          machine_type: e2-standard-4
          max_pods_per_node: 110
          additional_node_networks:
            - network: my-vpc
              subnetwork: my-subnet
          additional_pod_networks:
            - subnetwork: my-subnet
              secondary_range: pods
              max_pods_per_node: 8
    ranges:
      description:
        - The ranges that the cluster and its node pools take addresses from, each with C(subnetwork), C(range) (null
          for the primary one), C(use) and C(node_pool) (null for the cluster itself).
        - A C(use) is V(nodes), V(pods), V(services) or V(additional pods).
      type: list
      elements: dict
      returned: success
      sample:
        - subnetwork: projects/test-project/regions/us-central1/subnetworks/my-subnet
          range: pods
          use: additional pods
          node_pool: multinet
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster import cluster_info
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        "name": {"type": "str"},
        "location": {"type": "str"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at one cluster or at many; see RETURN."""
    google = access.google(params, context)
    return cluster_info.report(google, params["name"], params["location"], context.warn)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
