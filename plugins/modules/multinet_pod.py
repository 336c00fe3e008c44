#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multinet_pod
short_description: A bare pod with additional network interfaces
version_added: 0.1.0
description:
  - Makes one pod that is attached to additional networks through Multus, waits until it has its interfaces, and returns
    their addresses. It is a sample or a canary; for workloads, use a controller of Kubernetes, and the filter
    P(multinet.gke.networks_annotation#filter) for its template.
  - What only a new pod can have (its interfaces, command, arguments, ports, node) is changed with O(replace=true) only.
  - Before a pod is made, the attachments that it asks for are looked at. If one is missing, or Multus' namespace
    isolation forbids it, the pod would wait for ever; so it is not made. In check mode that is a warning, since what is
    missing may be planned, too.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.wait
  - multinet.gke.attributes
notes:
  - Needs C(get), C(create), C(patch) and C(delete) of C(pods) in O(namespace).
  - Needs C(list) of C(events) in O(namespace), if the pod does not come up.
  - Needs C(get) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere, to find missing attachments before the
    pod is made; what it may not read is not looked at.
  - Needs C(get) of C(configmaps) in C(kube-system), to find what Multus' namespace isolation forbids before the pod is
    made; what it may not read is not looked at.
options:
  name:
    description: Name of the pod.
    type: str
    required: true
  namespace:
    description: Namespace of the pod.
    type: str
    default: default
  image:
    description: Image of its container. Required with O(state=present).
    type: str
  command:
    description: What runs in the container; the image's entry point if not set.
    type: list
    elements: str
  args:
    description: Arguments of the command; those of the image if not set.
    type: list
    elements: str
  attachments:
    description:
      - The NetworkAttachmentDefinitions to attach to, in the order of the interfaces C(net1), C(net2), ...
      - Each is a name (C(my-nad), C(namespace/my-nad), C(my-nad@data0)), or a dictionary with the fields that Multus
        knows, V(name), V(namespace) (by default that of the pod), V(interface) (the interface's name in the pod),
        V(ips), V(mac), V(infiniband-guid), V(default-route), V(cni-args), V(portMappings), V(bandwidth) and
        V(deviceID).
      - The text of the annotation C(k8s.v1.cni.cncf.io/networks) may be given in its place, in O(annotations). The two
        are compared by what they mean.
      - Nothing in it makes Kubernetes choose a node that carries the networks; set O(node_pools) for that.
    type: list
    elements: raw
  node_selector:
    description: Labels of the nodes that the pod may run on.
    type: dict
  node_pools:
    description:
      - The node pools on whose nodes the pod may run, those that carry its networks.
      - A pod that is there and keeps to some of them counts as the same, also by a selector with the label
        C(cloud.google.com/gke-nodepool). So a pool can be added for pods to come.
      - So does one that names none, like that of the guide, and runs with all interfaces that it asks for.
    type: list
    elements: str
  node_name:
    description: The node that the pod runs on, past the scheduler.
    type: str
  ports:
    description: Ports of the container.
    type: list
    elements: dict
    suboptions:
      container_port:
        description: The port that the container listens on.
        type: int
        required: true
      host_port:
        description:
          - A port of the node that leads to it. With Multus that works only if its configuration has the capability
            C(portMappings).
        type: int
      protocol:
        description: The protocol.
        type: str
        choices: [TCP, UDP, SCTP]
        default: TCP
      name:
        description: A name for the port.
        type: str
  security_context:
    description:
      - The container's security context, as Kubernetes spells it. What is there beside it is not compared.
      - In a namespace with the Pod Security level C(restricted) it needs C(runAsNonRoot), C(allowPrivilegeEscalation),
        C(capabilities) and C(seccompProfile), and an image that runs so.
    type: dict
  labels:
    description: Labels of the pod. Others that it has are left alone.
    type: dict
  annotations:
    description:
      - Annotations of the pod. Others that it has are left alone.
      - GKE's own C(networking.gke.io/interfaces) cannot be combined with O(attachments).
    type: dict
  replace:
    description:
      - Delete the pod and create it again, if only a new one can be as described or get the missing interfaces.
      - Without it the module refuses to, and says what differs.
    type: bool
    default: false
  state:
    description: Whether there is such a pod.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How long to wait in all, in seconds, until a pod that is deleted is gone, and until the new one runs and its
        network status names every interface.
      - The failure then names what the pod waits for and its last warning, in Multus' own words if it was Multus.
    type: int
    default: 180
seealso:
  - module: multinet.gke.nad
  - module: multinet.gke.multinet_verify
  - plugin: multinet.gke.networks_annotation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: A sample pod on the additional network
  multinet.gke.multinet_pod:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    name: samplepod
    image: nginx
    attachments: [my-nad]
    node_selector:
      cloud.google.com/gke-nodepool: multinet
  register: sample

- name: Show its additional address
  ansible.builtin.debug:
    msg: "{{ sample.interfaces | selectattr('interface', 'eq', 'net1') | map(attribute='ips') | flatten }}"

- name: A canary with a name for its interface, replaced when it has to be
  multinet.gke.multinet_pod:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    name: canary
    image: nginx
    attachments:
      - name: my-nad
        namespace: default
        interface: data0
    node_pools: [multinet]
    ports:
      - container_port: 80
    replace: true

- name: No canary
  multinet.gke.multinet_pod:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    name: canary
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
  sample: [create pod default/samplepod on default/my-nad]
pod:
  description: The pod in the words of this module's options, as far as they were given; none if there is no pod.
  returned: success
  type: dict
  sample:
    name: samplepod
    namespace: default
    image: nginx
    attachments: [{name: my-nad, namespace: default, interface: ""}]
    node_selector: {cloud.google.com/gke-nodepool: multinet}
interfaces:
  description:
    - The interfaces that the pod's network status names, that of the cluster's own network among them.
    - The status may have become untrue since it was written, when a node was lost;
      M(multinet.gke.multinet_verify) finds that.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The attachment, C(namespace/name); for the cluster's own network, the name of its configuration.
      type: str
      returned: success
      sample: default/my-nad
    interface:
      description: Name of the interface in the pod.
      type: str
      returned: success
      sample: net1
    ips:
      description: Its addresses.
      type: list
      elements: str
      returned: success
      sample: [172.16.1.1]
    mac:
      description: Its hardware address; with IPVLAN that of the node's interface.
      type: str
      returned: success
      sample: 42:01:0a:00:01:02
node:
  description: The node that the pod runs on.
  returned: success
  type: str
  sample: gke-edge-multinet-0bd3a5d8-1wlk
phase:
  description: The pod's phase.
  returned: success
  type: str
  sample: Running
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.kube.desired_pod import DesiredPod
from ansible_collections.multinet.gke.plugins.module_utils.kube.pods import PodResource
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        **options.wait(180),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "image": {"type": "str"},
        "command": {"type": "list", "elements": "str"},
        "args": {"type": "list", "elements": "str"},
        "attachments": {"type": "list", "elements": "raw"},
        "node_selector": {"type": "dict"},
        "node_pools": {"type": "list", "elements": "str"},
        "node_name": {"type": "str"},
        "ports": {
            "type": "list",
            "elements": "dict",
            "options": {
                "container_port": {"type": "int", "required": True},
                "host_port": {"type": "int"},
                "protocol": {"type": "str", "choices": ["TCP", "UDP", "SCTP"], "default": "TCP"},
                "name": {"type": "str"},
            },
        },
        "security_context": {"type": "dict"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "replace": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "required_if": [("state", "present", ["image"])],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the pod into its state."""
    desired = DesiredPod.of(params)
    resource = PodResource(
        cluster_access.kubernetes(params, context),
        desired,
        wait=params["wait"],
        timeout=params["wait_timeout"],
        progress=context.progress,
    )
    return reconcile(resource, context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
