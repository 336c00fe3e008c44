#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nad
short_description: Manage a NetworkAttachmentDefinition
version_added: 0.1.0
description:
  - Makes, changes or deletes a C(NetworkAttachmentDefinition). By default that is one which gives pods an IPVLAN
    interface on the nodes' second network and an address out of a range, as in GKE's guide on Multus, IPVLAN and
    Whereabouts.
  - Refuses what would only fail, or be ignored, when a pod starts, for example a range without a prefix length, or a
    gateway outside every range.
  - Configurations are compared by what they mean. What C(kubectl) made of the guide's example is adopted without a
    change.
  - A change does not reach pods that run already.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes
requirements:
  - netaddr >= 0.10
notes:
  - Needs C(get), C(create), C(patch) and C(delete) of C(network-attachment-definitions.k8s.cni.cncf.io) in
    O(namespace).
  - Needs C(list) of C(pods) everywhere, with O(state=absent).
options:
  name:
    description:
      - Name of the attachment.
      - It has no dots, because pods could not name it in the short form of their annotation.
    type: str
    required: true
  namespace:
    description: The namespace. Pods of all namespaces may use attachments of V(default).
    type: str
    default: default
  config:
    description:
      - The whole CNI configuration, as a dictionary or as JSON, for what the other options cannot say.
      - If it has no name, it gets that of the attachment.
      - Mutually exclusive with all options that describe it in parts.
    type: raw
  master:
    description:
      - The nodes' interface on which the pods' interfaces are made. If not set, that is V(eth1).
      - The first network of a node pool's C(additional_node_networks) is V(eth1), the second V(eth2).
    type: str
  mode:
    description: Mode of IPVLAN. If not set, that is V(l2). One interface of a node cannot have two modes.
    type: str
    choices: [l2, l3, l3s]
  mtu:
    description: MTU of the pods' interfaces, 68 to 65535. If not set, that of O(master).
    type: int
  cni_version:
    description: Version of the CNI specification. If not set, that is V(0.3.1).
    type: str
    choices: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
  range:
    description:
      - The addresses for pods, as a CIDR (V(172.16.1.0/24)) or as a part of one (V(172.16.1.10-172.16.1.20/24)).
      - On GKE that is the CIDR of a secondary range. The name of a secondary range is refused.
      - Mutually exclusive with O(ranges).
    type: str
  ranges:
    description: Several ranges; a pod gets an address out of each. Mutually exclusive with O(range) and O(exclude).
    type: list
    elements: dict
    suboptions:
      range:
        description: As O(range).
        type: str
        required: true
      range_start:
        description: First address that is handed out.
        type: str
      range_end:
        description: Last address that is handed out.
        type: str
      exclude:
        description: Addresses and CIDRs that are not handed out.
        type: list
        elements: str
  exclude:
    description: Addresses and CIDRs within O(range) that are not handed out.
    type: list
    elements: str
  gateway:
    description: The gateway that pods learn for their interface. It must be in one of the ranges.
    type: str
  exclude_gateway:
    description:
      - Whether O(gateway) is excluded from its range. If not set, that is V(true).
      - Whereabouts itself hands out a gateway like any other address.
    type: bool
  routes:
    description: Routes that pods get through their interface.
    type: list
    elements: dict
    suboptions:
      dst:
        description: Where to, as a CIDR.
        type: str
        required: true
      gw:
        description: Through which gateway. If not set, through O(gateway).
        type: str
  network_name:
    description: Separates the addresses of this attachment from those of others with the same range.
    type: str
  enable_overlapping_ranges:
    description:
      - Whether an address is given to one pod only, even if several attachments have ranges with that address.
      - If not set, Whereabouts does so.
    type: bool
  labels:
    description: Labels. They are added to those that are there.
    type: dict
  annotations:
    description: Annotations. They are added to those that are there.
    type: dict
  delete_policy:
    description:
      - What O(state=absent) does if pods use the attachment.
      - V(refuse_if_used) fails and names them.
      - V(force) deletes it nevertheless. Running pods keep their interfaces, but new ones do not start.
    type: str
    choices: [refuse_if_used, force]
    default: refuse_if_used
  state:
    description:
      - V(present) makes or changes the attachment, V(absent) deletes it.
      - V(rendered) contacts nobody, and returns the document as RV(manifest).
    type: str
    choices: [present, absent, rendered]
    default: present
seealso:
  - module: multinet.gke.multus_install
  - module: multinet.gke.multinet_pod
  - module: multinet.gke.whereabouts_pool_info
"""

EXAMPLES = r"""
- name: Define the guide's attachment
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: my-nad
    range: 172.16.1.0/24

- name: Define an attachment for a part of the range, with a gateway that no pod gets, and a route
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: partner
    master: eth1
    range: 172.16.1.128-172.16.1.199/24
    exclude:
      - 172.16.1.160/29
    gateway: 172.16.1.1
    routes:
      - dst: 192.168.0.0/16
    labels:
      team: netops

- name: Define an attachment by its whole configuration
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: tuned
    config:
      cniVersion: 0.3.1
      plugins:
        - type: ipvlan
          master: eth1
          ipam:
            type: whereabouts
            range: 172.16.1.0/24
        - type: tuning
          sysctl:
            net.core.somaxconn: "500"

- name: Show what would be written
  multinet.gke.nad:
    name: my-nad
    range: 172.16.1.0/24
    state: rendered

- name: Delete an attachment that no pod uses
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: partner
    state: absent
"""

RETURN = r"""
nad:
  description: The attachment, in the words of the options; empty if there is none.
  returned: success
  type: dict
  contains:
    namespace:
      description: The namespace.
      type: str
      returned: always
      sample: default
    name:
      description: The name.
      type: str
      returned: always
      sample: my-nad
    config:
      description:
        - The CNI configuration.
        - What is there already is returned as it is written there, if it means the same.
      type: dict
      returned: always
      sample:
        cniVersion: 0.3.1
        name: my-nad
        plugins:
          - type: ipvlan
            master: eth1
            mode: l2
            ipam: {type: whereabouts, range: 172.16.1.0/24}
    labels:
      description: The labels that were asked for.
      type: dict
      returned: when O(labels) is set
      sample: {"team": "netops"}
    annotations:
      description: The annotations that were asked for.
      type: dict
      returned: when O(annotations) is set
      sample: {}
annotation:
  description: How pods name the attachment in their annotation C(k8s.v1.cni.cncf.io/networks).
  returned: success and state is not V(rendered)
  type: str
  sample: default/my-nad
pools:
  description: The pools that Whereabouts keeps for it once a pod has an address.
  returned: success and state is not V(rendered)
  type: list
  elements: dict
  contains:
    name:
      description: Name of the C(IPPool).
      type: str
      returned: always
      sample: 172.16.1.0-24
    namespace:
      description: The namespace where M(multinet.gke.multus_install) lets Whereabouts keep pools by default.
      type: str
      returned: always
      sample: kube-system
    range:
      description: The range, without host bits.
      type: str
      returned: always
      sample: 172.16.1.0/24
    first:
      description: The lowest address that may be handed out.
      type: str
      returned: always
      sample: 172.16.1.1
    last:
      description: The highest address that may be handed out.
      type: str
      returned: always
      sample: 172.16.1.254
    size:
      description: How many addresses can be handed out, excluded ones not counted.
      type: int
      returned: always
      sample: 254
in_use_by:
  description: The pods that use the attachment, as namespace/name.
  returned: success and O(state=absent)
  type: list
  elements: str
  sample: []
manifest:
  description: The document.
  returned: success and O(state=rendered)
  type: list
  elements: dict
  sample: [{"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "my-nad"}}]
actions:
  description:
    - What was done, or in check mode would be done, in this order.
    - On failure, what was done or started beside what failed, if there is any.
  returned: success, or on failure if something was changed
  type: list
  elements: str
  sample: ["create NetworkAttachmentDefinition default/my-nad (172.16.1.0/24)"]
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.cni.attachment import Attachment
from ansible_collections.multinet.gke.plugins.module_utils.kube.attachments import AttachmentResource
from ansible_collections.multinet.gke.plugins.module_utils.kube.rendered import rendered
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

PARTS = (
    "master",
    "mode",
    "mtu",
    "cni_version",
    "range",
    "ranges",
    "exclude",
    "gateway",
    "exclude_gateway",
    "routes",
    "network_name",
    "enable_overlapping_ranges",
)

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "config": {"type": "raw"},
        # No defaults here: they would stand beside a whole config. They are in cni/attachment.py.
        "master": {"type": "str"},
        "mode": {"type": "str", "choices": ["l2", "l3", "l3s"]},
        "mtu": {"type": "int"},
        "cni_version": {"type": "str", "choices": ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]},
        "range": {"type": "str"},
        "ranges": {
            "type": "list",
            "elements": "dict",
            "options": {
                "range": {"type": "str", "required": True},
                "range_start": {"type": "str"},
                "range_end": {"type": "str"},
                "exclude": {"type": "list", "elements": "str"},
            },
        },
        "exclude": {"type": "list", "elements": "str"},
        "gateway": {"type": "str"},
        "exclude_gateway": {"type": "bool"},
        "routes": {
            "type": "list",
            "elements": "dict",
            "options": {"dst": {"type": "str", "required": True}, "gw": {"type": "str"}},
        },
        "network_name": {"type": "str"},
        "enable_overlapping_ranges": {"type": "bool"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "delete_policy": {"type": "str", "choices": ["refuse_if_used", "force"], "default": "refuse_if_used"},
        "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
    },
    "mutually_exclusive": [
        *(("config", part) for part in PARTS),
        ("ranges", "range"),
        ("ranges", "exclude"),
    ],
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring an attachment into its desired state."""
    wanted = Attachment.of(params)
    if params["state"] == "rendered":
        return rendered(AttachmentResource.key, wanted.state(), [wanted.document()], wanted.warnings, context)
    return reconcile(AttachmentResource(access.kubernetes(params, context), wanted), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
