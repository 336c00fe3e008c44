#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: whereabouts_pool
short_description: A pool of addresses of Whereabouts
version_added: 0.1.0
description:
  - Whereabouts keeps the addresses of additional interfaces in one IPPool object for each range. This module makes such
    a pool, removes it, or releases the addresses in it that no pod has any more (after a node was lost, for example).
  - An address is never released while it may be in use. It is an orphan if its pod is gone, or has other addresses
    by its network status, in two looks that are O(confirm_after) seconds apart, and once more just before it is
    released. Unlike Whereabouts' own garbage collection, an address of a pod without network status is kept.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes
notes:
  - Needs C(get), C(create), C(patch) and C(delete) of C(ippools.whereabouts.cni.cncf.io) in O(namespace).
  - Needs C(list) and C(delete) of C(overlappingrangeipreservations.whereabouts.cni.cncf.io) in O(namespace), but not
    with O(state=present).
  - Needs C(list) of C(pods) everywhere.
options:
  name:
    description:
      - Name of the pool.
      - Mutually exclusive with O(range).
    type: str
  range:
    description:
      - Range of the pool, without host bits. The pool's name follows from it.
      - Required with O(state=present). Mutually exclusive with O(name).
    type: str
  network_name:
    description: The C(network_name) of the attachments' IPAM configuration, if they have one; needs O(range).
    type: str
  namespace:
    description: Namespace in which Whereabouts keeps its pools.
    type: str
    default: kube-system
  state:
    description:
      - With V(present) there is such a pool; allocations in it are left alone.
      - With V(absent) there is none; it is refused while allocations are reserved, in use, or may be.
      - With V(reconciled) orphaned addresses are released, together with the reservations that hold them across pools.
        If there is no such pool, there is nothing to do.
    type: str
    choices: [present, absent, reconciled]
    default: present
  confirm_after:
    description:
      - Seconds between the two looks in which an allocation must be an orphan. The module waits only if there are any,
        in check mode too.
      - With V(0) the second look follows at once, just before the release.
    type: int
    default: 60
  max_release:
    description: Refuse to release more addresses than this; no limit if not set.
    type: int
seealso:
  - module: multinet.gke.whereabouts_pool_info
"""

EXAMPLES = r"""
- name: Release the addresses of pods that are gone
  multinet.gke.whereabouts_pool:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    range: 172.16.1.0/24
    state: reconciled
    max_release: 20

- name: A pool before its first pod
  multinet.gke.whereabouts_pool:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    range: 172.16.9.0/24
    network_name: spare

- name: No such pool
  multinet.gke.whereabouts_pool:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    name: spare-172.16.9.0-24
    state: absent
"""

RETURN = r"""
actions:
  description:
    - What was done, or would be in check mode.
    - On failure, what was done or started beside what failed, if there is any.
  returned: success, or on failure if something was changed
  type: list
  elements: str
  sample: [release 172.16.1.3 of default/gone in pool 172.16.1.0-24, remove reservation 172.16.1.3 (default/gone)]
pool:
  description: The pool with its usage; none if there is no such pool.
  returned: success
  type: dict
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
released:
  description: The addresses that were released, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [172.16.1.3]
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools import DesiredPool, PoolResource
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str"},
        "range": {"type": "str"},
        "network_name": {"type": "str"},
        "namespace": {"type": "str", "default": "kube-system"},
        "state": {"type": "str", "choices": ["present", "absent", "reconciled"], "default": "present"},
        "confirm_after": {"type": "int", "default": 60},
        "max_release": {"type": "int"},
    },
    "mutually_exclusive": [("name", "range")],
    "required_one_of": [("name", "range")],
    "required_if": [("state", "present", ["range"])],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the pool into its state."""
    desired = DesiredPool.of(params)
    return reconcile(PoolResource(access.kubernetes(params, context), desired, context), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
