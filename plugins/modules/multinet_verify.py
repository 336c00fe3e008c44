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
  - Fails with all findings and what to do about each. It reports a change only if it is asked to O(repair) something.
  - What each finding of the packets means, and what helps, is explained in C(docs/verify.md) of the collection.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes
notes:
  - What may not be read makes no failure. The checks that need it have the status V(skip), with the right that is
    missing, and the summary names them. Where pods or pools may not be listed everywhere, those of O(namespaces), of
    O(pods), of the attachments and of Multus are looked at, as far as that is allowed.
  - Needs C(list) of C(nodes) everywhere.
  - Needs C(list) of C(pods) everywhere.
  - Needs C(list) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere.
  - Needs C(list) of C(ippools.whereabouts.cni.cncf.io) everywhere.
  - Needs C(get) of C(customresourcedefinitions.apiextensions.k8s.io) everywhere.
  - Needs C(list) of C(daemonsets.apps) everywhere, if Multus has another name than in the guide.
  - Needs C(get) of C(daemonsets.apps) in C(kube-system).
  - Needs C(get) of C(configmaps) in C(kube-system).
  - Needs C(get) of C(pods/log) in C(kube-system).
  - Needs C(create) and C(delete) of C(pods) in C(kube-system), with O(inspect_nodes=true); such pods have C(hostPath)
    and C(hostNetwork).
  - Needs C(create) and C(delete) of C(pods) in O(probe_namespace), with O(probe=true).
  - Needs C(get) of C(pods/exec) in O(probe_namespace), with O(probe=true), and in the namespaces of pods for C(inside).
  - Needs C(create) of C(pods/exec) in O(probe_namespace), with O(probe=true), from Kubernetes 1.35 on.
  - Needs C(list) of C(events) in O(probe_namespace), if a probe does not come up, and in the namespaces of pods that do
    not run.
  - Without the rights for probes no packets are sent; that is a warning, and what the API says is checked all the same.
  - Needs C(delete) of C(pods) in O(namespaces), with O(repair) of pods; everywhere, if that is not set.
  - Needs C(patch) of C(daemonsets.apps) in C(kube-system), with O(repair) of tokens. To release addresses it needs what
    M(multinet.gke.whereabouts_pool) needs.
  - If no packet crosses nodes, C(compute.instances.list) and C(compute.firewalls.get) on the project of O(gke_cluster)
    help to name the cause. They are not asked for otherwise, and the verification does without.
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing it.
    support: full
    details:
      - Only what the API says is checked; there are no pods of our own, and no commands are run in others.
      - O(junit_path) is not written.
  diff_mode:
    description: Returns what changes, before and after, in the words of the module's options.
    support: full
    details:
      - With O(repair); nothing changes otherwise.
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
      - An entry names one pod, or several with V(label_selector); with neither, it means all pods of the namespace that
        ask for attachments. That there is none is an error.
      - Pods on the attachments that are not named here are looked at too; if they do not run, that is a warning.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the pod.
        type: str
      label_selector:
        description: Labels of the pods, as C(kubectl get -l) takes them.
        type: str
      namespace:
        description: Namespace of the pods.
        type: str
        default: default
  namespaces:
    description: Look at the pods of these namespaces (and at O(pods)) only; by default at all.
    type: list
    elements: str
  expect:
    description: What the O(pods), or all pods that are looked at, are expected to have of an attachment.
    type: list
    elements: dict
    suboptions:
      nad:
        description: The attachment, V(name) in namespace V(default) or V(namespace/name).
        type: str
        required: true
      interface:
        description: Name of the interface, for example V(net1); by default any.
        type: str
      ip_in:
        description: Range in which its addresses are.
        type: str
      count:
        description: How many pods have it. By default there must be one that asks for it, and all that do have it.
        type: int
      mac_is_nic:
        description: Its hardware address is that of the node's interface, as far as that is known.
        type: bool
        default: false
      mtu:
        description: Its MTU. Known of pods that were looked into (name V(inside) in O(checks)).
        type: int
  checks:
    description:
      - The checks to make; by default all.
      - V(daemonset_ready) - is Multus on every node, in its latest form? If not, look at its pods.
      - V(components) - was a container of Multus or Whereabouts killed for want of memory, or does it end again and
        again? Give it more memory, look at its log.
      - V(image_pair) - do the images have what the containers start of them, and fit each other?
      - V(crd_schema) - are the definitions those of the Whereabouts that is installed (0.8.0 changed them)?
      - V(token_age) - is the token that Whereabouts uses on each node valid, and for more than 30 days? Restart the
        DaemonSet. Without O(inspect_nodes) it goes by the age of the pods that wrote them, and by pods whose plugin is
        Unauthorized.
      - V(gc_recent) - does Whereabouts' garbage collector run, and did it succeed lately by its log? With O(wait), an
        address that was nobody's for two of its periods shows that it does not work.
      - V(unparsable_pools) - can all pools be read? One that cannot stops garbage collection for all.
      - V(capacity) - are the pools less than 90 % full, and is there room for them in etcd?
      - V(orphans) - are there addresses of pods that are gone? M(multinet.gke.whereabouts_pool) releases them.
      - V(node_ready) - are the nodes that carry attachments ready, and which pods are on those that are not?
      - V(node_has_master) - does each of them have the attachment's master interface?
      - V(config_first_file) - is Multus' configuration the first that the container runtime finds, or has Cilium taken
        it back? Needs O(inspect_nodes), as do the next two.
      - V(cluster_network_file) - is there the configuration that Multus delegates to, under the name that it looks for?
      - V(ipvlan_binary) - are the plugins ipvlan, multus and whereabouts there?
      - V(annotation_valid) - can what pods ask for be read, and is there such an attachment?
      - V(isolation) - does the installed configuration of Multus let pods use the attachments that they ask for?
      - V(gke_native_conflict) - does a pod ask for GKE's own additional interfaces, too?
      - V(misplaced) - is a pod on a node whose pool does not carry the network of its attachment?
      - V(hostport) - does a pod's hostPort get lost because Multus' configuration lacks the capability portMappings?
      - V(pod) - do the O(pods) run with all their interfaces? If not, what do they wait for, in Multus' words?
      - V(nad_valid) - are the attachments there, usable, and as expected?
      - V(network_status) - do pods have the interfaces that they ask for, by their network-status?
      - V(ip_in_range) - are their addresses out of the attachment's range?
      - V(ip_in_pool) - does Whereabouts hold each address for the pod that has it?
      - V(duplicates) - is an address on several pods, or held in several pools?
      - V(mac_equals_nic) - do interfaces have the hardware address of the node's, as IPVLAN's have?
      - V(alias_block) - which addresses lie in another node's alias block? Information for lost packets, no error.
      - V(expect) - is all as in O(expect)?
      - V(inside) - does the pod really have what its network-status claims? A pod that survived the loss of its node
        can be without it. By default only pods are looked into whose sandbox is younger than their network-status, or
        has another first address; all, up to 200, if it is named here. Needs C(cat) in the image and O(probe).
      - V(connectivity) - do packets arrive? Needs O(probe).
    type: list
    elements: str
  inspect_nodes:
    description:
      - Look at the nodes themselves, by a pod on each that reads the directories of CNI configurations and plugins and
        the interfaces, and ends. Of the token in Whereabouts' kubeconfig it tells when it expires, and nothing else.
      - The pods run O(probe_image) in Multus' namespace, as root without capabilities on the node's network, and see
        the directories read only. They are removed as the probes are.
    type: bool
    default: false
  probe:
    description:
      - Start probe pods and send packets.
      - With V(false) only what the API says is checked, and nothing is written.
    type: bool
    default: true
  probe_image:
    description: Image of the probe pods; it needs C(sh), C(ping), C(nc) and the other tools of busybox.
    type: str
    default: docker.io/library/busybox:1.37
  probe_namespace:
    description:
      - Namespace of the probe pods; by default that of the attachment, because with Multus' namespace isolation pods
        can use attachments of their own namespace and of V(default) only.
      - Probes that ping fit the baseline Pod Security Standard. They run as root with no other capability than that to
        send pings, because busybox' ping knows no other way. Probes that make TCP connections fit the restricted
        standard. Pods with a O(hostport) need a namespace with the privileged one; theirs is V(default) if this is not
        set.
    type: str
  node_selector:
    description:
      - Labels of the nodes that carry the network, for attachments that do not name their node pools.
      - Nodes with pods on the attachment count as well, and are the only ones if neither is set.
    type: dict
  connectivity:
    description:
      - The paths to try, if V(connectivity) is among the O(checks). All probes and pods on attachments with the same
        master and range are tried from each probe.
      - With V(same_node), a node without other pods gets a second probe.
    type: str
    choices: [all, same_node, cross_node, none]
    default: all
  protocol:
    description:
      - Whether to ping (V(icmp)) or to make TCP connections (V(tcp)).
      - By default pings; and TCP connections where pods that can ping are refused, as by the restricted Pod Security
        Standard. A result says so.
    type: str
    choices: [icmp, tcp]
  port:
    description:
      - TCP port at which the pods have to take connections; the probes do, too. Needs O(protocol=tcp).
      - Without it, a port is tried at which hardly anybody listens, and a refusal counts as an answer of the pod, as it
        shows that packets arrive.
    type: int
  count:
    description: Pings to send on each path, one a second, or connections to make.
    type: int
    default: 3
  payload:
    description:
      - Bytes of data in a ping that has to arrive undivided, beside the usual pings. V(1432) fills the 1460 bytes of
        Google's default MTU; an IPv4 packet is 28 bytes larger than its payload, one of IPv6 48.
      - Where it does not arrive, the largest that does is looked for, and the finding names the MTU that works.
      - Not with O(protocol=tcp).
    type: int
  sample:
    description: How many addresses of pods are tried on each attachment at most. Of more, so many are drawn.
    type: int
    default: 200
  seed:
    description: Number that repeats a draw; a result names it. By default a new one each time.
    type: int
  hostport:
    description:
      - Prove that a hostPort leads to its pod; on nodes with Multus it does only if the configuration of Multus passes
        port mappings on.
      - The TCP port of the nodes to use for that; nothing else may use it. Pods with that hostPort are started on the
        nodes that carry attachments, and tried from each other over the cluster's own network.
    type: int
  repair:
    description:
      - What to put right before all is verified. Nothing is, by default.
      - V(restart_pods_without_status) deletes pods that run without an interface that they ask for, if a controller
        makes them again. It waits for the new ones, O(wait_timeout) at most. Nothing is deleted while the rollout of
        Multus is not complete, as new pods would lack their interfaces, too.
      - V(delete_bare_pods_without_status) deletes such pods that no controller makes again. They are gone then.
      - V(restart_daemonset_on_token) restarts Multus' DaemonSet if V(token_age) finds something by the age that the API
        tells.
      - V(reconcile_pool) releases the addresses of the attachments' pools that nobody has any more, as
        M(multinet.gke.whereabouts_pool) with O(multinet.gke.whereabouts_pool#module:state=reconciled) does.
      - A pod that lost its interface and kept its network-status is not deleted. Only its silence tells it from one
        whose network is cut off.
    type: list
    elements: str
    choices:
      - restart_pods_without_status
      - delete_bare_pods_without_status
      - restart_daemonset_on_token
      - reconcile_pool
  confirm_after:
    description: Seconds after which an address has to be nobody's still, for V(reconcile_pool) in O(repair).
    type: int
    default: 60
  junit_path:
    description:
      - File for the results as JUnit XML, on the machine on which the module runs. It is written if the verification
        fails, too, and all may read it.
    type: path
  wait_timeout:
    description: How long to wait for pods that are started or made again, in seconds.
    type: int
    default: 120
  wait:
    description: If something is found that O(fail_on) counts, look again, until it is gone or O(retries) are used up.
    type: bool
    default: false
  retries:
    description: How often to look again at most, with O(wait).
    type: int
    default: 12
  delay:
    description: Seconds between two looks, with O(wait).
    type: int
    default: 10
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

- name: Look at the nodes, too, and wait until all is well
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    inspect_nodes: true
    wait: true
    expect:
      - {nad: my-nad, interface: net1, ip_in: 172.16.1.0/24, mac_is_nic: true}

- name: Look whether full packets arrive undivided, and keep the results for the CI system
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    attachments: [my-nad]
    node_selector:
      cloud.google.com/gke-nodepool: multinet
    checks: [connectivity]
    payload: 1432
    junit_path: /tmp/multinet-verify.xml

- name: Make pods again that came up without their interface, as after a node's return
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    checks: [network_status]
    repair: [restart_pods_without_status]

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
        - The question, one of O(checks); V(inspection) if a node could not be looked at; V(probe), V(sample), V(ping),
          V(tcp), V(mtu) and V(alias_block) for V(connectivity); V(repair) for what was left as it is.
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
    data:
      description:
        - What RV(results[].msg) is made of, for programs, for example C(ip), C(node), C(pool), C(nad), C(holders).
      type: dict
      returned: always
      sample: {}
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
      description: Average time until the answer, in milliseconds; none without an answer, and of connections.
      type: float
      returned: always
      sample: 0.61
    payload:
      description: The largest ping that arrived undivided, up to O(payload), in bytes of data; none if none was tried.
      type: int
      returned: always
      sample: 1432
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
actions:
  description: What was repaired, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [delete pod default/web-7d4b9-x2x8q without default/my-nad (ReplicaSet web-7d4b9 makes it again)]
junit:
  description: The results as JUnit XML. Those that O(fail_on) counts are failures.
  returned: always
  type: str
  sample: |-
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="multinet.gke.multinet_verify" tests="1" failures="0" errors="0">
      <testsuite name="multinet.gke.multinet_verify" tests="1" failures="0" errors="0" skipped="0">
        <testcase classname="multinet.gke.multinet_verify.ping" name="default/my-nad">
          <system-out>pass: 2 of 2 paths answer, 2 of them between nodes, the slowest in 0.6 ms</system-out>
        </testcase>
      </testsuite>
    </testsuites>
table:
  description:
    - The matrix as a table, for people. Of many paths, those between two nodes are one cell; of very many nodes, only
      what does not answer is shown.
  returned: always
  type: str
  sample: |-
    from             to               address     path        answer
    probe on node-a  probe on node-b  172.16.1.6  cross node  0.61 ms
    probe on node-b  probe on node-a  172.16.1.5  cross node  0.58 ms
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.node_networks import NodeNetworks
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
    request, gke = Request.of(params), params["gke_cluster"]
    kube = cluster_access.kubernetes(params, context)
    cloud = NodeNetworks(lambda: access.google(params, context), gke["location"], gke["name"]) if gke else None
    return verify(kube, request, context, params["fail_on"], cloud=cloud)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
