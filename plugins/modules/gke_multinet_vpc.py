#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_multinet_vpc
short_description: Manage a VPC network for the additional interfaces of GKE pods
version_added: 0.1.0
description:
  - Manages a VPC network with subnetworks, their secondary ranges, and an ingress rule for each subnetwork.
  - A VPC network that one makes oneself denies all ingress unless a firewall rule allows it; Kubernetes Engine makes
    rules for the cluster's own network only. Google's guide leaves this step out; without the rule, pods on different
    nodes do not reach each other over their additional interfaces. See O(subnetworks[].allow_multinet).
  - Kubernetes Engine adds secondary ranges to subnetworks, and switches Private Google Access on. So only what is
    declared is compared, and no secondary range is ever removed.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.attributes
requirements:
  - google-cloud-compute >= 1.19
  - netaddr >= 0.10
options:
  name:
    description: Name of the network.
    type: str
    required: true
  state:
    description:
      - With V(present) the network, the declared subnetworks and their rules are made, or changed.
      - With V(absent) the declared subnetworks, their rules and the network are deleted. If there are other
        subnetworks, firewall rules or peerings in the network, nothing is deleted and the error lists them.
      - Other things that use the network, such as routes of one's own, routers and VPN gateways, are not looked for.
        With them Google refuses to delete the network, after the subnetworks and rules are gone.
    type: str
    choices: [present, absent]
    default: present
  existing:
    description:
      - The network is managed by others. It is read and checked; it is never changed and never deleted.
      - It is an error if the network or a declared subnetwork or range is missing or different.
    type: bool
    default: false
  routing_mode:
    description:
      - Whether routes are learned in one region or in all.
      - If not set, a new network has V(REGIONAL), and an existing one keeps what it has.
    type: str
    choices: [REGIONAL, GLOBAL]
  mtu:
    description:
      - Largest packet in bytes, 1300 to 8896.
      - If not set, a new network has Google's default (1460), and an existing one keeps what it has.
    type: int
  subnetworks:
    description: The subnetworks. Others in the network are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the subnetwork.
        type: str
        required: true
      region:
        description: Region of the subnetwork; that of the clusters whose nodes have an interface in it.
        type: str
        required: true
      ip_cidr_range:
        description:
          - Primary range; the addresses of the nodes' interfaces.
          - It can be expanded later, to a range that contains it, but not moved or made smaller.
        type: str
        required: true
      private_google_access:
        description:
          - Whether machines without a public address reach Google's APIs.
          - If not set, it is left alone; Kubernetes Engine switches it on for subnetworks that a cluster uses.
        type: bool
      secondary_ranges:
        description:
          - Ranges for pods. Those that are missing are added; others are left alone.
          - The range under a name cannot be changed.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the secondary range.
            type: str
            required: true
          ip_cidr_range:
            description: The range.
            type: str
            required: true
      allow_multinet:
        description:
          - Manage the firewall rule C(<subnetwork>-allow-multinet) of this network. It allows ingress of all protocols
            whose source is one of the declared ranges of this subnetwork, primary and secondary.
          - With V(false) the rule is neither made nor removed.
          - With O(existing=true) the rule is only looked for; there is a warning if it is missing, disabled or not for
            these ranges.
        type: bool
        default: true
  wait_timeout:
    description: Seconds until the module stops waiting for Google's operations, and fails.
    type: int
    default: 600
seealso:
  - module: multinet.gke.gke_multinet_nodepool
"""

EXAMPLES = r"""
- name: A network with one subnetwork, and a range for pods
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: my-vpc
    subnetworks:
      - name: my-subnet
        region: us-central1
        ip_cidr_range: 10.0.1.0/24
        secondary_ranges:
          - name: pods
            ip_cidr_range: 172.16.1.0/24

- name: Check a network that others manage
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: my-vpc
    existing: true
    subnetworks:
      - name: my-subnet
        region: us-central1
        ip_cidr_range: 10.0.1.0/24
        secondary_ranges:
          - name: pods
            ip_cidr_range: 172.16.1.0/24

- name: No network, no subnetwork, no rule
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: old-vpc
    state: absent
    subnetworks:
      - name: old-subnet
        region: us-central1
        ip_cidr_range: 10.0.9.0/24
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode; one title per write.
  returned: success
  type: list
  elements: str
  sample:
    - create network my-vpc
    - create subnetwork my-subnet (10.0.1.0/24)
    - create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)
vpc:
  description:
    - The managed part of the network, in the words of the options; in check mode as it would be.
    - Null if there is no network.
  returned: success
  type: dict
  sample:
    name: my-vpc
    subnetworks:
      - name: my-subnet
        region: us-central1
        ip_cidr_range: 10.0.1.0/24
        secondary_ranges:
          - name: pods
            ip_cidr_range: 172.16.1.0/24
        allow_multinet: true
operations:
  description: Google's operations that were started, with their duration in seconds.
  returned: success
  type: list
  elements: dict
  sample:
    - name: operation-1718024305921-fd4f65ea-1d2c3b4a-5e6f7a8b
      type: insert
      duration_s: 11.8
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, gke_options, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import Desired, Vpc
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        "wait_timeout": {"type": "int", "default": 600},
        **gke_options.NETWORK,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the network into its desired state; see RETURN."""
    desired = Desired.from_params(params)
    google = access.google(params, context)
    return reconcile(Vpc(desired, google, Operations(google, Deadline(params["wait_timeout"]))), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
