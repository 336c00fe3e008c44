#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_vpc_info
short_description: What a VPC network is like, who uses which of its ranges, and what address space is free
version_added: 0.1.0
description:
  - Returns a VPC network and its subnetworks with all their ranges, the clusters and node pools that use each of them,
    and the address space that no range takes.
  - Needs four requests, whatever the number of subnetworks and clusters; one more for each further project of
    O(cluster_projects).
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.attributes.info
requirements:
  - google-cloud-compute >= 1.19
  - google-cloud-container >= 2.58
  - netaddr >= 0.10
options:
  name:
    description: Name of the network.
    type: str
    required: true
  subnetworks:
    description: Names of the subnetworks to return; all if not set.
    type: list
    elements: str
  cluster_projects:
    description:
      - Projects whose clusters are asked for the ranges that they use.
      - If not set, O(project). With Shared VPC, O(project) is the host project, and the clusters are in others.
    type: list
    elements: str
    default: []
  address_space:
    description: Ranges in which RV(free) looks for addresses that are not taken; the default is the private ones.
    type: list
    elements: str
    default: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
seealso:
  - module: multinet.gke.gke_multinet_vpc
  - module: multinet.gke.gke_multinet_cluster_info
"""

EXAMPLES = r"""
- name: Look at a network
  multinet.gke.gke_multinet_vpc_info:
    project: test-project
    name: my-vpc
  register: found

- name: Say who uses which range for pods
  ansible.builtin.debug:
    msg: "{{ item.1.name }} ({{ item.1.ip_cidr_range }}): {{ item.1.users | map(attribute='cluster') | join(', ') }}"
  loop: "{{ found.subnetworks | subelements('secondary_ranges') }}"
  loop_control:
    label: "{{ item.0.name }}"

- name: Look for room for another subnetwork
  multinet.gke.gke_multinet_vpc_info:
    project: test-project
    name: my-vpc
    subnetworks: [my-subnet]
    address_space: [10.0.0.0/16]
"""

RETURN = r"""
vpc:
  description: The network; null if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the network.
      type: str
      returned: success
      sample: my-vpc
    project:
      description: Its project.
      type: str
      returned: success
      sample: test-project
    description:
      description: Its description.
      type: str
      returned: success
      sample: ""
    routing_mode:
      description: Whether routes are learned in one region (C(REGIONAL)) or in all (C(GLOBAL)).
      type: str
      returned: success
      sample: REGIONAL
    mtu:
      description: Largest packet in bytes.
      type: int
      returned: success
      sample: 1460
    auto_mode:
      description: Whether Google makes a subnetwork in it for every region.
      type: bool
      returned: success
      sample: false
    peerings:
      description: Names of its peerings. The ranges of peered networks are not known here.
      type: list
      elements: str
      returned: success
      sample: []
subnetworks:
  description: The subnetworks, by region and name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the subnetwork.
      type: str
      returned: success
      sample: my-subnet
    region:
      description: Its region.
      type: str
      returned: success
      sample: us-central1
    description:
      description: Its description.
      type: str
      returned: success
      sample: ""
    private_google_access:
      description: Whether machines without a public address reach Google's APIs.
      type: bool
      returned: success
      sample: false
    purpose:
      description: What it is for; C(PRIVATE) is the usual.
      type: str
      returned: success
      sample: PRIVATE
    ip_cidr_range:
      description: Its primary range.
      type: str
      returned: success
      sample: 10.0.1.0/24
    size:
      description: Number of addresses in the primary range; Google keeps four of them.
      type: int
      returned: success
      sample: 256
    users:
      description:
        - The clusters and node pools whose nodes have an interface in the primary range, each with C(project),
          C(location), C(cluster), C(node_pool) (null for a cluster), and C(use), which is C(nodes).
      type: list
      elements: dict
      returned: success
      sample:
        - project: test-project
          location: us-central1-c
          cluster: edge
          node_pool: multinet
          use: nodes
    secondary_ranges:
      description:
        - Its secondary ranges, each with C(name), C(ip_cidr_range), C(size), C(made_by_gke) (whether Kubernetes Engine
          added it for a cluster) and C(users). The latter is as that of the subnetwork, but C(use) is C(pods),
          C(services), or C(additional pods).
      type: list
      elements: dict
      returned: success
      sample:
        - name: pods
          ip_cidr_range: 172.16.1.0/24
          size: 256
          made_by_gke: false
          users:
            - project: test-project
              location: us-central1-c
              cluster: edge
              node_pool: multinet
              use: additional pods
    ingress_from:
      description:
        - The ranges from which the firewall rule C(<subnetwork>-allow-multinet) lets everything in; empty if there is
          none, or if it is disabled or restricted.
      type: list
      elements: str
      returned: success
      sample: [10.0.1.0/24, 172.16.1.0/24]
free:
  description:
    - What is left of O(address_space), as the fewest ranges. Taken are the ranges of all subnetworks of the network,
      and those of its clusters for pods, services and control planes; in auto mode, 10.128.0.0/9, too.
  returned: success
  type: list
  elements: str
  sample: [10.0.0.0/24, 10.0.2.0/23, 10.0.4.0/22, 10.0.8.0/21]
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import vpc_report
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        "name": {"type": "str", "required": True},
        "subnetworks": {"type": "list", "elements": "str"},
        "cluster_projects": {"type": "list", "elements": "str", "default": []},
        "address_space": {
            "type": "list",
            "elements": "str",
            "default": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
        },
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at a network."""
    question = vpc_report.Question.from_params(params)
    google = access.google(params, context)
    return vpc_report.report(vpc_report.look(google, question), question, google.project)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
