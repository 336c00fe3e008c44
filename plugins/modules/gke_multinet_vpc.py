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
  - What others made is left alone. Kubernetes Engine adds secondary ranges to subnetworks, switches Private Google
    Access on, and makes subnetworks of its own; so only what is declared is compared, and what it added is never
    removed, whatever is purged.
  - What Google cannot change in place is refused with a remedy, all of it at once, before anything is changed.
  - With Shared VPC, O(project) is the host project.
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
      - With V(absent) all declared subnetworks, their rules and the network are deleted. If there is anything else in
        the network, nothing is deleted and the error lists all of it, clusters and node pools, other subnetworks,
        firewall rules, peerings, network endpoint groups. What Kubernetes Engine has left behind is named as such, with
        the command that removes it.
      - Other things that use the network, such as routes of one's own, routers and VPN gateways, are not looked for.
        With them Google refuses to delete the network, after the subnetworks and rules are gone.
    type: str
    choices: [present, absent]
    default: present
  delete_policy:
    description:
      - What O(state=absent) does if there is anything else in the network.
      - V(refuse_if_used) deletes nothing, and names all of it.
      - V(keep_if_used) deletes what nobody else uses. A subnetwork stays if a cluster uses it, if it has a secondary
        range that is not declared, or if Google made it with the network; its declared ranges that nobody uses go, and
        leave its ingress rule. The network stays if there is anything left in it. RV(kept) tells what stays, and why.
    type: str
    choices: [refuse_if_used, keep_if_used]
    default: refuse_if_used
  needed:
    description:
      - Subnetworks that others need, though nothing in the network may tell so yet. They stay, and so does the network,
        with O(delete_policy=keep_if_used).
    type: list
    elements: dict
    default: []
    suboptions:
      region:
        description: Region of the subnetwork.
        type: str
        required: true
      subnetwork:
        description: Its name.
        type: str
        required: true
      by:
        description: Who needs it, for RV(kept).
        type: str
        required: true
  deleted_before:
    description:
      - Clusters of this project that an earlier task deletes. In check mode they are still there, and O(state=absent)
        takes them for gone; otherwise this says nothing.
    type: list
    elements: dict
    default: []
    suboptions:
      location:
        description: Zone or region of the cluster.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
  existing:
    description:
      - The network is managed by others. It is read and checked; it is never changed and never deleted.
      - It is an error if the network or a declared subnetwork or range is missing or different.
      - Excludes O(purge_subnetworks) and O(subnetworks[].purge_secondary_ranges).
    type: bool
    default: false
  description:
    description:
      - A description of the network. It cannot be changed later.
      - If not set, it is not compared.
    type: str
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
      - Machines take a changed value when they are restarted; there is a warning about it.
    type: int
  subnetworks:
    description:
      - The subnetworks. Others in the network are left alone, unless O(purge_subnetworks=true).
      - A network in auto mode, such as C(default), is used as it is, with a warning. It cannot be made one in custom
        mode here, subnetworks are added to it outside of 10.128.0.0/9, and those that Google made are not deleted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the subnetwork; at most 48 characters with O(subnetworks[].allow_multinet=true), for the rule's name
            must not have more than 63.
        type: str
        required: true
      region:
        description:
          - Region of the subnetwork; that of the clusters whose nodes have an interface in it.
          - A subnetwork cannot be moved. It is an error if there is none of this name in this region, but one in
            another region of the network that is not declared.
        type: str
        required: true
      state:
        description:
          - With V(absent) the subnetwork is deleted, and its ingress rule if O(subnetworks[].allow_multinet=true).
            It is an error if a cluster of this project uses it.
        type: str
        choices: [present, absent]
        default: present
      ip_cidr_range:
        description:
          - Primary range; the addresses of the nodes' interfaces. Needed, unless O(subnetworks[].state=absent).
          - It can be expanded later, to a range that contains it, but not moved or made smaller.
        type: str
      description:
        description:
          - A description of the subnetwork. It cannot be changed later.
          - If not set, it is not compared.
        type: str
      private_google_access:
        description:
          - Whether machines without a public address reach Google's APIs.
          - If not set, it is left alone; Kubernetes Engine switches it on for subnetworks that a cluster uses.
        type: bool
      secondary_ranges:
        description:
          - Ranges for pods. Those that are missing are added; others are left alone, unless
            O(subnetworks[].purge_secondary_ranges=true).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the secondary range.
            type: str
            required: true
          ip_cidr_range:
            description:
              - The range. Needed, unless O(subnetworks[].secondary_ranges[].state=absent).
              - What stands under a name cannot be changed; with O(subnetworks[].purge_secondary_ranges=true) the range
                is removed and added anew.
            type: str
          state:
            description:
              - With V(absent) the range is removed. It is an error if a cluster or node pool of this project uses it,
                or if Kubernetes Engine added it.
            type: str
            choices: [present, absent]
            default: present
      purge_secondary_ranges:
        description:
          - Remove the secondary ranges that are not declared, but not those that Kubernetes Engine added (they have a
            reservation, or a name like C(gke-edge-pods-1a2b3c4d)), and not those that a cluster or node pool of this
            project uses; of these there is a warning.
          - With Shared VPC the clusters are in other projects. Google refuses to remove a range that they use.
        type: bool
        default: false
      allow_multinet:
        description:
          - Manage the firewall rule C(<subnetwork>-allow-multinet) of this network. It allows ingress of all protocols
            whose source is one of the declared ranges of this subnetwork, primary and secondary.
          - What the rule lets in of other secondary ranges of the subnetwork stays, so that clusters that share a
            subnetwork can each declare their own ranges.
          - With V(false) the rule is neither made nor removed.
          - With O(existing=true) the rule is only looked for; there is a warning if it is missing, disabled or not for
            these ranges.
        type: bool
        default: true
  purge_subnetworks:
    description:
      - Delete the subnetworks of the network that are not declared, with their ingress rules, but not those that
        Kubernetes Engine made for control planes (C(gke-edge-1a2b3c4d-pe-subnet)), and not those that a cluster or node
        pool of this project uses; of these there is a warning.
      - It is an error with a network in auto mode.
    type: bool
    default: false
  wait_timeout:
    description: Seconds until the module stops waiting for Google's operations, and fails.
    type: int
    default: 600
notes:
  - If three or more subnetworks of a region are declared, they are read with one list; the same holds for their rules.
  - Who uses a range is only asked when something may have to be removed. That takes the right to list the clusters of
    the project.
seealso:
  - module: multinet.gke.gke_multinet_vpc_info
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

- name: A network with larger packets, and a range that is not needed any more
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: second-vpc
    mtu: 8896
    routing_mode: GLOBAL
    subnetworks:
      - name: second-subnet
        region: us-central1
        ip_cidr_range: 10.0.2.0/24
        private_google_access: true
        secondary_ranges:
          - name: second-pods
            ip_cidr_range: 172.16.2.0/24
          - name: former-pods
            state: absent

- name: No network, no subnetwork, no rule
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: old-vpc
    state: absent
    subnetworks:
      - name: old-subnet
        region: us-central1

- name: Of a network that others use, too, only what nobody else needs
  multinet.gke.gke_multinet_vpc:
    project: test-project
    name: shared-vpc
    state: absent
    delete_policy: keep_if_used
    subnetworks:
      - name: shared-subnet
        region: us-central1
        secondary_ranges:
          - name: our-pods
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
kept:
  description: What stays of a network that was to go, each with the reason; see O(delete_policy).
  returned: success
  type: list
  elements: str
  sample:
    - "subnetwork my-subnet: secondary range pods-west (172.16.2.0/24) in it is of others"
    - "network my-vpc: its subnetwork my-subnet stays"
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
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.vpc import Desired, Vpc
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

NEEDED = {name: {"type": "str", "required": True} for name in ("region", "subnetwork", "by")}
CLUSTER = {name: {"type": "str", "required": True} for name in ("location", "name")}
SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.google(),
        "wait_timeout": {"type": "int", "default": 600},
        **gke_options.NETWORK,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "delete_policy": {
            "type": "str",
            "choices": ["refuse_if_used", "keep_if_used"],
            "default": "refuse_if_used",
        },
        "needed": {"type": "list", "elements": "dict", "default": [], "options": NEEDED},
        "deleted_before": {"type": "list", "elements": "dict", "default": [], "options": CLUSTER},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the network into its desired state; see RETURN."""
    desired = Desired.from_params(params)
    google = access.google(params, context)
    operations = Operations(google, Deadline(params["wait_timeout"]))
    return reconcile(Vpc(desired, google, operations, check_mode=context.check_mode), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
