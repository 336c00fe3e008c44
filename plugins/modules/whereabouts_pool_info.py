#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: whereabouts_pool_info
short_description: How full Whereabouts' pools are, and whose their addresses are
version_added: 0.1.0
description:
  - Returns the usage of one pool of Whereabouts, or of all pools of a cluster, with the allocations that no pod shows,
    or all of them, whose they are, and which are orphans; the reservations across pools; and what does not fit, such as
    addresses that are taken twice, and pools that overlap.
  - Made for tens of thousands of pods, of which only the metadata is read, page by page.
author:
  - multinet.gke contributors (@multinet-gke)
notes:
  - Needs C(list) of C(ippools.whereabouts.cni.cncf.io) everywhere.
  - Needs C(list) of C(pods) everywhere.
  - Needs C(list) of C(overlappingrangeipreservations.whereabouts.cni.cncf.io) everywhere, with O(reservations).
  - Needs C(get) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere, with O(nad).
  - There are warnings about pools that Whereabouts cannot use (while there is one with an unreadable range, its own
    garbage collection frees nothing in any pool), and about pools that come near the 1.5 MiB which etcd takes.
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes.info
options:
  name:
    description:
      - Name of the pool. All pools are returned if neither this, O(range) nor O(nad) is set.
      - With O(range), it has to be the one that follows from it.
    type: str
  range:
    description:
      - Range of the pool. The pool's name follows from it. Host bits are ignored, with a warning, as Whereabouts does.
      - With O(nad), which of its ranges is meant, if it has several.
    type: str
  network_name:
    description: The C(network_name) of the attachments' IPAM configuration, if they have one; needs O(range).
    type: str
  node_name:
    description:
      - Name of the node whose slice O(range) is, if the attachments' IPAM configuration has C(node_slice_size)
        (Whereabouts 0.8.0 and later).
    type: str
  nad:
    description:
      - The pool of this NetworkAttachmentDefinition, C(namespace/name); range and C(network_name) are read from it.
      - Mutually exclusive with O(name), O(network_name) and O(node_name).
    type: str
  namespace:
    description: Namespace in which Whereabouts keeps its pools; there is a warning about pools elsewhere.
    type: str
    default: kube-system
  allocations:
    description:
      - Which allocations are returned; counted are all of them.
      - V(not_live) leaves out those that a pod has by its network status. Of ten thousand pods that are nearly all, and
        Ansible takes longer to hand them on than the module to look at them.
    type: str
    choices: [not_live, all]
    default: not_live
  reservations:
    description: Whether to look at the reservations that hold addresses across pools.
    type: bool
    default: true
  warn_used_percent:
    description: Warn about each pool that is as full as that, or fuller.
    type: int
seealso:
  - module: multinet.gke.whereabouts_pool
"""

EXAMPLES = r"""
- name: Look at the pool of the additional network
  multinet.gke.whereabouts_pool_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    range: 172.16.1.0/24
  register: found

- name: Say how full it is
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.used }} of {{ item.capacity }} used, {{ item.orphans | length }} orphaned"
  loop: "{{ found.pools }}"
  loop_control:
    label: "{{ item.name }}"

- name: See who has which address
  multinet.gke.whereabouts_pool_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    nad: default/my-nad
    allocations: all

- name: Look at all pools of the cluster
  multinet.gke.whereabouts_pool_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    warn_used_percent: 80
"""

RETURN = r"""
pools:
  description: The pools; an empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      returned: success
      sample: 172.16.1.0-24
    namespace:
      description: Its namespace.
      type: str
      returned: success
      sample: kube-system
    range:
      description: Its range.
      type: str
      returned: success
      sample: 172.16.1.0/24
    first:
      description: The first address that Whereabouts hands out of the range.
      type: str
      returned: success
      sample: 172.16.1.1
    last:
      description: The last address that Whereabouts hands out of the range.
      type: str
      returned: success
      sample: 172.16.1.254
    capacity:
      description: How many addresses that are; what an attachment excludes is not known here.
      type: int
      returned: success
      sample: 254
    used:
      description: How many of them are allocated.
      type: int
      returned: success
      sample: 3
    free:
      description: How many of them are not.
      type: int
      returned: success
      sample: 251
    used_percent:
      description: How full the pool is.
      type: float
      returned: success
      sample: 1.2
    allocations:
      description:
        - The allocations that O(allocations) asks for, in the order of addresses, each with C(ip), C(offset) (its key
          in the pool), C(podref) (C(namespace/name), empty for a static reservation), C(ifname), C(id) (of the
          container), C(state) and C(reason).
        - A C(state) of V(live) says that the pod has the address by its network status; V(orphan) that nobody has it;
          V(reserved) that it was reserved by hand; V(unknown) that nobody can tell, for example because a running pod
          has no network status.
      type: list
      elements: dict
      returned: success
      sample:
        - ip: 172.16.1.3
          offset: "3"
          podref: default/samplepod
          ifname: ""
          id: 5e514a41db72326caa685377ae85558c0ca6a006e5adcd2f63298e2936120bca
          state: orphan
          reason: default/samplepod is gone
    orphans:
      description: The addresses that nobody has any more.
      type: list
      elements: str
      returned: success
      sample: [172.16.1.3]
    per_node:
      description: How many of the allocations are of pods on each node.
      type: dict
      returned: success
      sample: {gke-edge-multinet-1a2b3c4d-x7qp: 2, gke-edge-multinet-1a2b3c4d-z9rt: 1}
    network_name:
      description: The C(network_name) of its attachments, by its name; empty if they have none.
      type: str
      returned: success
      sample: ""
    node_name:
      description: The node whose slice it is, empty if it is none, or if no pod of it tells.
      type: str
      returned: success
      sample: ""
    reservations:
      description:
        - The reservations of the pool's addresses across pools, as they were found.
      returned: success, with O(reservations)
      type: dict
      contains:
        kept:
          description: Addresses whose reservation stays.
          type: list
          elements: str
          returned: success and O(allocations=all)
          sample: [172.16.1.1]
        orphan:
          description: Addresses that are reserved, and that neither the pool nor a pod has any more.
          type: list
          elements: str
          returned: success
          sample: [172.16.1.3]
        missing:
          description:
            - Addresses of live allocations that have no reservation, so that a pool which overlaps may hand them out
              a second time. With C(enable_overlapping_ranges) off, these are all.
          type: list
          elements: str
          returned: success
          sample: []
    overlapping_pools:
      description: The other pools that share addresses with this one.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name of the pool.
          type: str
          returned: success
          sample: 172.16.1.0-25
        namespace:
          description: Its namespace.
          type: str
          returned: success
          sample: kube-system
        range:
          description: Its range.
          type: str
          returned: success
          sample: 172.16.1.0/25
        network_name:
          description: What separates it from pools of other networks; empty if nothing does.
          type: str
          returned: success
          sample: ""
duplicates:
  description:
    - The addresses in these pools' ranges that several pods have by their network status, or that
      are allocated to several. Pools with different C(network_name) are kept apart.
  returned: success
  type: list
  elements: dict
  contains:
    ip:
      description: The address.
      type: str
      returned: success
      sample: 172.16.1.1
    podrefs:
      description: The pods, each as C(namespace/name).
      type: list
      elements: str
      returned: success
      sample: [default/a, default/b]
    pools:
      description: The pools in which it is allocated.
      type: list
      elements: str
      returned: success
      sample: [172.16.1.0-24, 172.16.1.0-25]
unusable_pools:
  description:
    - Pools of the whole cluster, each as C(namespace/name), whose range cannot be read. While there is one,
      Whereabouts' own garbage collection frees nothing in any pool.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools import pool_report
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str"},
        "range": {"type": "str"},
        "network_name": {"type": "str"},
        "node_name": {"type": "str"},
        "nad": {"type": "str"},
        "namespace": {"type": "str", "default": "kube-system"},
        "allocations": {"type": "str", "choices": ["not_live", "all"], "default": "not_live"},
        "reservations": {"type": "bool", "default": True},
        "warn_used_percent": {"type": "int"},
    },
    "mutually_exclusive": [("nad", "name"), ("nad", "network_name"), ("nad", "node_name")],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at one pool or at all."""
    target = pool_report.checked(params)
    return pool_report.report(cluster_access.kubernetes(params, context), params, target, context.warn)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
