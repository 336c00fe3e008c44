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
attributes:
  action_group:
    description: Is part of the action group C(multinet.gke.all), for C(module_defaults).
    support: none
    details:
      - It takes no credentials, so the defaults of that group are not for it.
    membership: []
options:
  clusters:
    description:
      - The descriptions. Ranges, VPCs and subnetworks that clusters share are checked across all of them.
      - The filter P(multinet.gke.descriptions#filter) makes them of the variables of inventory hosts.
      - Every key is checked here, so that all mistakes are named at once, each with the host that it is of.
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
        type: raw
      cluster:
        description: A mapping with options of M(multinet.gke.gke_multinet_cluster); C(name) is required.
        type: raw
      networks:
        description:
          - A list of the additional networks, in the order of the nodes' interfaces; the first is C(eth1).
          - Each has C(vpc), C(subnetwork) and C(node_range), the subnetwork's primary range. C(vpc_project) is the
            project of the VPC, if it is another one than the cluster's (Shared VPC).
          - C(pod_ranges) are the subnetwork's secondary ranges. Each has C(name), C(range) and C(attachment), the
            NetworkAttachmentDefinition that hands out its addresses; C(namespace) is that one's (C(default));
            C(max_pods_per_node) (8) decides how large a block each node gets of the range.
          - What else M(multinet.gke.gke_multinet_vpc) takes for a network or a subnetwork may be given here, too;
            the description of the subnetwork as C(subnetwork_description).
        type: raw
      nodepools:
        description:
          - A list of the node pools, with options of M(multinet.gke.gke_multinet_nodepool); C(name) is required.
          - C(networks) are the VPCs that its nodes have an interface in, in the order of the interfaces.
            If not given, all of O(clusters[].networks).
        type: raw
      multus:
        description: A mapping with options of M(multinet.gke.multus_install), without those of a single task.
        type: raw
      pods:
        description:
          - A list of sample pods. Each has C(name), C(image), perhaps C(namespace) (C(default)), and C(attachments),
            the attachments that it has an interface of.
        type: raw
      unreadable:
        description: Why the variables of the host cannot be read; then nothing else is looked at.
        type: str
      misspelt:
        description: Variables of the host that look like one of a description, and which one.
        type: dict
        default: {}
  hosts:
    description:
      - The hosts that are planned. Others are only looked at for what contradicts these.
      - If not set, all of O(clusters) are planned.
    type: list
    elements: str
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
  description:
    - What follows from each description, by host; the variable RV(ignore:multinet_site) of the roles.
    - What is not given in a description is not in it.
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
    gke_cluster:
      description: Which cluster it is, and by which endpoint it is reached; for the modules of Kubernetes objects.
      type: dict
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
    multus:
      description: Options for M(multinet.gke.multus_install).
      type: dict
      returned: success
    attachments:
      description: Options for M(multinet.gke.nad), with the node pools that carry each attachment's network.
      type: list
      elements: dict
      returned: success
    firewall_rules:
      description: The ingress rules that M(multinet.gke.gke_multinet_vpc) makes, with the ranges that they let in.
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
    removal:
      description:
        - What goes with the cluster when it is removed. C(names) for people; C(vpcs), options for
          M(multinet.gke.gke_multinet_vpc), of which those that several planned clusters share are with the first of
          these; and C(kept), what is not touched, and why.
      type: dict
      returned: success
scope:
  description: The hosts that were looked at.
  returned: success
  type: dict
  contains:
    planned:
      description: Those that the plan is for.
      type: list
      elements: str
      returned: success
    checked:
      description: Others, which nothing in the plan contradicts.
      type: list
      elements: str
      returned: success
    unread:
      description: Others whose descriptions are incomplete, or cannot be read; they may contradict the plan.
      type: list
      elements: str
      returned: success
  sample:
    planned: [edge]
    checked: []
    unread: []
table:
  description: The plans as a table for people, below a line that says which clusters were looked at.
  returned: success
  type: str
  sample: |-
    1 cluster planned

    cluster  location       interface  VPC     node range   attachment      pod range      nodes  at most
    edge     us-central1-c  eth1       my-vpc  10.0.1.0/24  default/my-nad  172.16.1.0/24  2      16
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
from ansible_collections.multinet.gke.plugins.module_utils.plan import inventory
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

CLUSTER: dict[str, dict[str, Any]] = {
    "host": {"type": "str", "required": True},
    "project": {"type": "str", "fallback": (env_fallback, ["GCP_PROJECT"])},
    "location": {"type": "raw"},
    "cluster": {"type": "raw"},
    "networks": {"type": "raw"},
    "nodepools": {"type": "raw"},
    "multus": {"type": "raw"},
    "pods": {"type": "raw"},
    "unreadable": {"type": "str"},
    "misspelt": {"type": "dict", "default": {}},
}
SPEC: dict[str, Any] = {
    "argument_spec": {
        "clusters": {"type": "list", "elements": "dict", "required": True, "options": CLUSTER},
        "hosts": {"type": "list", "elements": "str"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return the derived plan of each description; InvalidOptions if any cannot work."""
    planned = inventory.plan(params["clusters"], params["hosts"])
    for warning in planned.warnings:
        context.warn(warning)
    return {"changed": False, **planned.result}


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
