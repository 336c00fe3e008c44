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
  - Returns the usage of one pool of Whereabouts, or of all pools of a cluster, with every allocation, whose it is, and
    which are orphans.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes.info
notes:
  - Needs C(list) of C(ippools.whereabouts.cni.cncf.io) everywhere, if neither O(name) nor O(range) is set.
  - Needs C(get) of C(ippools.whereabouts.cni.cncf.io) in O(namespace), if one of them is set.
  - Needs C(list) of C(pods) everywhere.
options:
  name:
    description:
      - Name of the pool. All pools are returned if neither this nor O(range) is set.
      - Mutually exclusive with O(range).
    type: str
  range:
    description:
      - Range of the pool, without host bits. The pool's name follows from it.
      - Mutually exclusive with O(name).
    type: str
  network_name:
    description: The C(network_name) of the attachments' IPAM configuration, if they have one; needs O(range).
    type: str
  namespace:
    description: Namespace in which Whereabouts keeps its pools; there is a warning about pools elsewhere.
    type: str
    default: kube-system
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

- name: Look at all pools of the cluster
  multinet.gke.whereabouts_pool_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
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
        - The allocations in the order of addresses, each with C(ip), C(offset) (its key in the pool), C(podref)
          (C(namespace/name), empty for a static reservation), C(ifname), C(id) (of the container), C(state) and
          C(reason).
        - A C(state) of V(live) says that the pod has the address by its network status; V(orphan) that nobody has it;
          V(reserved) that it was reserved by hand; V(unknown) that nobody can tell, for example because a running pod
          has no network status.
      type: list
      elements: dict
      returned: success
      sample:
        - ip: 172.16.1.1
          offset: "1"
          podref: default/samplepod
          ifname: ""
          id: 5e514a41db72326caa685377ae85558c0ca6a006e5adcd2f63298e2936120bca
          state: live
          reason: default/samplepod has it (Running)
    orphans:
      description: The addresses that nobody has any more.
      type: list
      elements: str
      returned: success
      sample: []
duplicates:
  description: The addresses in these pools' ranges that several pods have by their network status.
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
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.kube import pools
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str"},
        "range": {"type": "str"},
        "network_name": {"type": "str"},
        "namespace": {"type": "str", "default": "kube-system"},
    },
    "mutually_exclusive": [("name", "range")],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at one pool or at all."""
    name = pools.named(params)
    return pools.report(access.kubernetes(params, context), name, params["namespace"], context.warn)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
