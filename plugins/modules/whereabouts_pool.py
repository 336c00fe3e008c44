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
    a pool, removes it, keeps addresses of it free, or releases those in it that no pod has any more (after a node was
    lost, for example).
  - An address is never released while it may be in use. It is an orphan if its pod is gone, or has other addresses
    by its network status, in two looks that are O(confirm_after) seconds apart, and once more just before it is
    released. Unlike Whereabouts' own garbage collection, an address of a pod without network status is kept.
  - The pool is written by JSON patches that do nothing if anybody, Whereabouts or its garbage collection, has changed
    it since it was read; then it is read and judged again. So it works beside them.
author:
  - multinet.gke contributors (@multinet-gke)
notes:
  - Needs C(get), C(create), C(patch) and C(delete) of C(ippools.whereabouts.cni.cncf.io) in O(namespace).
  - Needs C(list) of C(ippools.whereabouts.cni.cncf.io) everywhere.
  - Needs C(list) and C(delete) of C(overlappingrangeipreservations.whereabouts.cni.cncf.io) in O(namespace), with
    O(reservations).
  - Needs C(create) of C(overlappingrangeipreservations.whereabouts.cni.cncf.io) in O(namespace), with
    O(restore_reservations).
  - Needs C(list) of C(pods) everywhere.
  - Needs C(get) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere, with O(nad).
  - What a pod shows is its network status. After its node was lost and came back, a pod that was not deleted may have
    lost its interface while its network status still names the address. Such an allocation is kept, since nothing in
    the API tells it from a sound one; M(multinet.gke.multinet_verify) finds the pod, and when the pod is deleted, its
    address goes with it.
  - A large pool is slow to hand out addresses, because every start and end of a pod rewrites the whole object, and at
    about 13,100 allocations etcd takes no more. There is a warning from 12,000 on. Several ranges, or several
    O(network_name), make several pools.
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes
options:
  name:
    description:
      - Name of the pool.
      - With O(range), it has to be the one that follows from it.
    type: str
  range:
    description:
      - Range of the pool. The pool's name follows from it. Host bits are ignored, with a warning, as Whereabouts does.
      - With O(nad), which of its ranges is meant, if it has several.
      - O(state=present) needs this or O(nad).
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
    description: Namespace in which Whereabouts keeps its pools.
    type: str
    default: kube-system
  state:
    description:
      - With V(present) there is such a pool; allocations in it are left alone, but for O(reserve) and O(release).
      - With V(absent) there is none; it is refused while allocations are reserved, in use, or may be.
      - With V(reconciled) orphaned addresses are released, together with the reservations that hold them across pools;
        O(reserve) and O(release) count, too. If there is no such pool, there is nothing to do.
    type: str
    choices: [present, absent, reconciled]
    default: present
  reserve:
    description:
      - Addresses that Whereabouts shall not hand out, each as text, or as a dictionary with C(ip) and C(note).
      - Such an address stays reserved until it is released with O(release); Whereabouts' own garbage collection leaves
        it alone, too, and logs an error about it at each run.
      - It is kept free in this pool only. Where another pool overlaps, reserve it there as well.
    type: list
    elements: raw
  release:
    description:
      - Addresses to release by name. One that is in use, or may be, is refused unless O(force) is set.
      - What O(reserve) has reserved is released at once, orphans after the second look. What is not allocated is no
        error.
    type: list
    elements: dict
    suboptions:
      ip:
        description: This address.
        type: str
      podref:
        description: All addresses of this pod in the pool, C(namespace/name).
        type: str
  confirm_after:
    description:
      - Seconds between the two looks in which an allocation must be an orphan. The module waits only if there are any,
        in check mode too.
      - With V(0) the second look follows at once, just before the release.
    type: int
    default: 60
  treat_missing_status_as:
    description:
      - What an allocation is whose pod runs without a readable network status. Whereabouts' own garbage collection
        takes it for an orphan, and so frees the address of a running pod whose annotations somebody has removed.
    type: str
    choices: [keep, orphan]
    default: keep
  completed_pods:
    description:
      - What an allocation is whose pod has ended and is still there, a completed Job for example. Whereabouts' own
        garbage collection keeps it.
    type: str
    choices: [keep, orphan]
    default: keep
  reservations:
    description:
      - Whether the reservations that hold an address across pools go with it, and those that guard nothing any more
        with O(state=reconciled).
      - Reservations of live pods are kept, those of networks with a name too, which Whereabouts' own garbage collection
        removes.
    type: bool
    default: true
  restore_reservations:
    description:
      - Whether O(state=reconciled) makes the reservations anew that live allocations lack. Do not set it for
        attachments with C(enable_overlapping_ranges) off, which have none.
      - Whereabouts' own garbage collection, up to 0.9.4 at least, deletes the reservations of every network with a name
        at each run. Where it runs, they are not restored, since both would undo each other's work for ever; there is a
        warning instead. Let this module be the only garbage collection (O(multinet.gke.multus_install#module:gc)), or
        give ranges of networks with a name no overlap, then nobody needs these reservations.
      - RV(reservations) tells which are missing, whether they are restored or not.
    type: bool
    default: false
  max_release:
    description:
      - Refuse to release more addresses than this, a number, or a percentage of the pool's allocations (V(10%)); no
        limit if not set.
    type: str
  warn_used_percent:
    description: Warn if the pool is as full as that, or fuller, after the changes.
    type: int
  fail_used_percent:
    description: Fail if the pool is as full as that, or fuller, after the changes; they are made.
    type: int
  force:
    description:
      - Remove a pool though it has live allocations, and release what O(release) names though it is in use. The address
        is then handed out a second time, to another pod.
      - Nobody waits for a second look then.
    type: bool
    default: false
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
    reserve:
      - 172.16.9.1
      - {ip: 172.16.9.2, note: appliance}

- name: Give an address back that was kept free
  multinet.gke.whereabouts_pool:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    range: 172.16.9.0/24
    network_name: spare
    release:
      - ip: 172.16.9.1
      - ip: 172.16.9.2

- name: Be the garbage collection of an attachment's pool, and complain when the pool gets full
  multinet.gke.whereabouts_pool:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    nad: default/my-nad
    state: reconciled
    completed_pods: orphan
    max_release: 50%
    warn_used_percent: 80
    fail_used_percent: 95

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
    per_node:
      description: How many of the allocations are of pods on each node.
      type: dict
      returned: success
      sample: {gke-edge-multinet-1a2b3c4d-x7qp: 2, gke-edge-multinet-1a2b3c4d-z9rt: 1}
released:
  description: The addresses that were released, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [172.16.1.3]
reservations:
  description:
    - The reservations of the pool's addresses across pools, as they were found.
  returned: success, if O(reservations) and anything may be released
  type: dict
  contains:
    kept:
      description: Addresses whose reservation stays.
      type: list
      elements: str
      returned: success
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
    - The addresses in this pool and those that overlap that several pods have by their network status, or that
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
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools import pools
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
        "state": {"type": "str", "choices": ["present", "absent", "reconciled"], "default": "present"},
        "reserve": {"type": "list", "elements": "raw"},
        "release": {
            "type": "list",
            "elements": "dict",
            "options": {"ip": {"type": "str"}, "podref": {"type": "str"}},
        },
        "confirm_after": {"type": "int", "default": 60},
        "treat_missing_status_as": {"type": "str", "choices": ["keep", "orphan"], "default": "keep"},
        "completed_pods": {"type": "str", "choices": ["keep", "orphan"], "default": "keep"},
        "reservations": {"type": "bool", "default": True},
        "restore_reservations": {"type": "bool", "default": False},
        "max_release": {"type": "str"},
        "warn_used_percent": {"type": "int"},
        "fail_used_percent": {"type": "int"},
        "force": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [("nad", "name"), ("nad", "network_name"), ("nad", "node_name")],
    "required_one_of": [("name", "range", "nad")],
    "required_if": [("state", "present", ["range", "nad"], True)],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the pool into its state."""
    request = pools.PoolRequest.of(params)
    return request.run(cluster_access.kubernetes(params, context), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
