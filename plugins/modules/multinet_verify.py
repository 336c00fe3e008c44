#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multinet_verify
short_description: Proof that additional interfaces have their addresses and carry traffic
version_added: 0.1.0
description:
  - Looks whether Multus is rolled out, whether each pod has the interfaces that it asks for, with an address of the
    right range that Whereabouts holds for it alone, and with the hardware address that IPVLAN gives.
  - Then starts a probe pod on each node that carries an attachment, and lets the probes ping each other and all pods
    on the attachment, within nodes and between them. Only this finds a missing firewall rule, and pods that have lost
    their interface while the API still shows it. The probes are removed in any case; those of a run that was killed
    end at a deadline, and the next run removes them.
  - Fails with all findings and what to do about each. It never reports a change.
  - Needs the right to list pods, nodes, NetworkAttachmentDefinitions and IPPools everywhere, and to get DaemonSets in
    C(kube-system); for probes also to create and delete pods, to get and create C(pods/exec), and to list events, in
    the probes' namespace; to list events in the namespaces of O(pods), too.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes.info
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing it.
    support: full
    details:
      - Only what the API says is checked; there are no probe pods.
options:
  attachments:
    description:
      - The attachments to verify; by default all IPVLAN attachments that pods use.
      - Each is a name (C(my-nad), C(namespace/my-nad)), or a dictionary with the keys V(name), V(namespace) (V(default)
        if not set), V(master) and V(range) (what the attachment is expected to say), V(node_pools) (the GKE node pools
        that carry its network) and V(firewall_rule) (the rule that lets its packets cross nodes, for the advice).
    type: list
    elements: raw
  pods:
    description:
      - Pods that must be there and run, on a node that is ready, with all the interfaces that they ask for. One that is
        missing, or does not run, is an error with what it waits for.
      - Pods on the attachments that are not named here are looked at too; if they do not run, that is a warning.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the pod.
        type: str
        required: true
      namespace:
        description: Namespace of the pod.
        type: str
        default: default
  namespaces:
    description: Look at the pods of these namespaces (and at O(pods)) only; by default at all.
    type: list
    elements: str
  probe:
    description:
      - Start probe pods and ping.
      - With V(false) only what the API says is checked, and nothing is written.
    type: bool
    default: true
  probe_image:
    description: Image of the probe pods; it needs C(sh) and C(ping).
    type: str
    default: docker.io/library/busybox:1.37
  probe_namespace:
    description:
      - Namespace of the probe pods; by default that of the attachment, because with Multus' namespace isolation pods
        can use attachments of their own namespace and of V(default) only.
      - The probes fit the baseline Pod Security Standard. They run as root with no other capability than that to send
        pings; the restricted standard does not allow that.
    type: str
  node_selector:
    description:
      - Labels of the nodes that carry the network, for attachments that do not name their node pools.
      - Nodes with pods on the attachment count as well, and are the only ones if neither is set.
    type: dict
  count:
    description: Packets to send on each path, one a second.
    type: int
    default: 3
  wait_timeout:
    description: How long to wait for the probe pods, in seconds.
    type: int
    default: 120
  fail_on:
    description: Fail on errors, on warnings too, or never; what does not make it fail is shown as a warning.
    type: str
    choices: [error, warning, never]
    default: error
seealso:
  - module: multinet.gke.multinet_pod
  - module: multinet.gke.whereabouts_pool
  - module: multinet.gke.gke_multinet_vpc
"""

EXAMPLES = r"""
- name: Prove that the additional network carries traffic between all its nodes
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    attachments:
      - name: my-nad
        master: eth1
        range: 172.16.1.0/24
        node_pools: [multinet]
    pods:
      - name: samplepod
  register: verified

- name: Show who reaches whom
  ansible.builtin.debug:
    msg: "{{ verified.table.splitlines() }}"

- name: Look at what the API says of every attachment, without sending a packet
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    probe: false
    fail_on: never
"""

RETURN = r"""
ok:
  description: Whether nothing was found that O(fail_on) counts (with V(never), no error).
  returned: always
  type: bool
  sample: true
results:
  description: All answers.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description:
        - The question, for example V(rollout), V(pod), V(network_status), V(ip_in_pool), V(mac), V(probe), V(ping).
      type: str
      returned: always
      sample: ping
    status:
      description: V(pass), V(fail), V(warn) or V(skip).
      type: str
      returned: always
      sample: pass
    subject:
      description: What was looked at.
      type: str
      returned: always
      sample: default/my-nad
    msg:
      description: What was found.
      type: str
      returned: always
      sample: 8 of 8 paths answer, 4 of them between nodes, the slowest in 1.2 ms
    remedy:
      description: What to do; empty if there is nothing to do.
      type: str
      returned: always
      sample: ""
matrix:
  description: What became of the packets; one entry for each path.
  returned: always
  type: list
  elements: dict
  contains:
    attachment:
      description: The attachment, C(namespace/name).
      type: str
      returned: always
      sample: default/my-nad
    from:
      description: The pod that sent, C(namespace/name).
      type: str
      returned: always
      sample: default/multinet-probe-0b5f6a1e-0
    from_node:
      description: Its node.
      type: str
      returned: always
      sample: gke-edge-multinet-0bd3a5d8-1wlk
    to:
      description: The pod that was to answer.
      type: str
      returned: always
      sample: default/samplepod
    to_node:
      description: Its node.
      type: str
      returned: always
      sample: gke-edge-multinet-0bd3a5d8-5xkq
    ip:
      description: Its address.
      type: str
      returned: always
      sample: 172.16.1.1
    path:
      description: V(same_node) or V(cross_node).
      type: str
      returned: always
      sample: cross_node
    ok:
      description: Whether any packet was answered.
      type: bool
      returned: always
      sample: true
    loss:
      description: Packets that were not answered, in percent.
      type: int
      returned: always
      sample: 0
    rtt_ms:
      description: Average time until the answer, in milliseconds; none without an answer.
      type: float
      returned: always
      sample: 0.61
pods:
  description: The pods that use the attachments, each with its C(name), C(namespace), C(node) and C(interfaces).
  returned: always
  type: list
  elements: dict
  sample:
    - name: samplepod
      namespace: default
      node: gke-edge-multinet-0bd3a5d8-5xkq
      interfaces:
        - {name: default/my-nad, interface: net1, ips: [172.16.1.1], mac: "42:01:0a:00:01:02"}
pools:
  description:
    - The usage of the attachments' pools before the probes were started, as M(multinet.gke.whereabouts_pool_info)
      returns it, without the allocations.
  returned: always
  type: list
  elements: dict
  sample:
    - name: 172.16.1.0-24
      namespace: kube-system
      range: 172.16.1.0/24
      first: 172.16.1.1
      last: 172.16.1.254
      capacity: 254
      used: 4
      free: 250
      used_percent: 1.6
      orphans: []
summary:
  description: The outcome in one line.
  returned: always
  type: str
  sample: 1 attachment, 4 pods, 10 of 10 paths answered, 0 findings
table:
  description: The matrix as a table, for people.
  returned: always
  type: str
  sample: |-
    from             to               address     path        answer
    probe on node-a  probe on node-b  172.16.1.6  cross node  0.61 ms
    probe on node-b  probe on node-a  172.16.1.5  cross node  0.58 ms
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context
from ansible_collections.multinet.gke.plugins.module_utils.verify.repair import CHOICES
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Request
from ansible_collections.multinet.gke.plugins.module_utils.verify.verification import verify

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "attachments": {"type": "list", "elements": "raw"},
        "pods": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str"},
                "label_selector": {"type": "str"},
                "namespace": {"type": "str", "default": "default"},
            },
        },
        "namespaces": {"type": "list", "elements": "str"},
        "expect": {
            "type": "list",
            "elements": "dict",
            "options": {
                "nad": {"type": "str", "required": True},
                "interface": {"type": "str"},
                "ip_in": {"type": "str"},
                "count": {"type": "int"},
                "mac_is_nic": {"type": "bool", "default": False},
                "mtu": {"type": "int"},
            },
        },
        "checks": {"type": "list", "elements": "str"},
        "inspect_nodes": {"type": "bool", "default": False},
        "probe": {"type": "bool", "default": True},
        "probe_image": {"type": "str", "default": "docker.io/library/busybox:1.37"},
        "probe_namespace": {"type": "str"},
        "node_selector": {"type": "dict"},
        "connectivity": {"type": "str", "choices": ["all", "same_node", "cross_node", "none"], "default": "all"},
        "protocol": {"type": "str", "choices": ["icmp", "tcp"]},
        "count": {"type": "int", "default": 3},
        "payload": {"type": "int"},
        "port": {"type": "int"},
        "sample": {"type": "int", "default": 200},
        "seed": {"type": "int"},
        "hostport": {"type": "int"},
        "repair": {"type": "list", "elements": "str", "choices": list(CHOICES)},
        "confirm_after": {"type": "int", "default": 60},
        "junit_path": {"type": "path"},
        "wait_timeout": {"type": "int", "default": 120},
        "wait": {"type": "bool", "default": False},
        "retries": {"type": "int", "default": 12},
        "delay": {"type": "int", "default": 10},
        "fail_on": {"type": "str", "choices": ["error", "warning", "never"], "default": "error"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Verify, and fail with what is wrong."""
    request = Request.of(params)
    kube, cloud = access.kubernetes(params, context), access.node_networks(params, context)
    return verify(kube, request, context, params["fail_on"], cloud=cloud)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
