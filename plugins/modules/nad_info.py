#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nad_info
short_description: Attachments of a cluster, their users, and what is wrong with them
version_added: 0.1.0
description:
  - Returns the C(NetworkAttachmentDefinitions) of a cluster, or of a namespace, whoever made them, with their
    configuration read, the pools of Whereabouts that they stand for, and the pods that use them.
  - Says what M(multinet.gke.nad) would refuse in each of them, and which of them hand out the same addresses without
    sharing a pool. That is no failure of this module.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes.info
requirements:
  - netaddr >= 0.10
notes:
  - Needs C(list) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere; in O(namespace) only, if that is set.
  - Needs C(list) of C(pods) everywhere.
options:
  name:
    description: Name of the attachments. If not set, all are returned.
    type: str
  namespace:
    description: Namespace of the attachments. If not set, those of all namespaces are returned.
    type: str
  whereabouts_version:
    description: As O(multinet.gke.nad#module:whereabouts_version).
    type: str
    default: 0.7.0
  strict:
    description: As O(multinet.gke.nad#module:strict); with V(false) unknown keys are in RV(nads[].warnings).
    type: bool
    default: true
seealso:
  - module: multinet.gke.nad
  - module: multinet.gke.whereabouts_pool_info
  - module: multinet.gke.multinet_verify
"""

EXAMPLES = r"""
- name: Look at all attachments of the cluster
  multinet.gke.nad_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
  register: found

- name: Say what is wrong with them
  ansible.builtin.debug:
    msg: "{{ item.annotation }}: {{ item.problems | join('; ') | default('nothing', true) }}"
  loop: "{{ found.nads }}"
  loop_control:
    label: "{{ item.annotation }}"

- name: See whether pods use one of them
  multinet.gke.nad_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    name: my-nad
    namespace: default
"""

RETURN = r"""
nads:
  description: The attachments.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: The namespace.
      type: str
      returned: success
      sample: default
    name:
      description: The name.
      type: str
      returned: success
      sample: my-nad
    annotation:
      description: How pods name it in their annotation C(k8s.v1.cni.cncf.io/networks).
      type: str
      returned: success
      sample: default/my-nad
    config:
      description: The CNI configuration as it is written there; null if Multus cannot use it.
      type: dict
      returned: success
      sample:
        cniVersion: 0.3.1
        plugins:
          - type: ipvlan
            master: eth1
            ipam: {type: whereabouts, range: 172.16.1.0/24}
    type:
      description: The first plugin; empty if that cannot be read.
      type: str
      returned: success
      sample: ipvlan
    master:
      description: The interface that the first plugin uses; empty if none is named.
      type: str
      returned: success
      sample: eth1
    pools:
      description: The pools of Whereabouts, as M(multinet.gke.nad) returns them.
      type: list
      elements: dict
      returned: success
      sample:
        - name: 172.16.1.0-24
          namespace: kube-system
          range: 172.16.1.0/24
          first: 172.16.1.1
          last: 172.16.1.254
          size: 254
    reservation_prefix:
      description: With what the names of Whereabouts's reservations for its addresses begin.
      type: str
      returned: success
      sample: ""
    labels:
      description: The labels.
      type: dict
      returned: success
      sample: {}
    annotations:
      description: The annotations.
      type: dict
      returned: success
      sample: {}
    users:
      description: The pods that use it and have not ended, as namespace/name.
      type: list
      elements: str
      returned: success
      sample: [default/samplepod]
    problems:
      description: What M(multinet.gke.nad) would refuse in it.
      type: list
      elements: str
      returned: success
      sample: ['config.plugins[0].ipam.range: range "172.16.1.0" has no prefix length']
    warnings:
      description: What is allowed, and perhaps not meant.
      type: list
      elements: str
      returned: success
      sample: []
overlaps:
  description: Where two of these attachments hand out the same addresses, other than through the same pool.
  returned: success
  type: list
  elements: dict
  contains:
    attachments:
      description: The two, as namespace/name.
      type: list
      elements: str
      returned: success
      sample: [default/my-nad, default/other]
    ranges:
      description: A range of each.
      type: list
      elements: str
      returned: success
      sample: [172.16.1.0/24, 172.16.1.0/25]
    reason:
      description: Why that is no sharing; of the second, seen from the first.
      type: str
      returned: success
      sample: they are two pools, kept apart by reservations only
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.cni.findings import Rules
from ansible_collections.multinet.gke.plugins.module_utils.kube import attachments_info
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "whereabouts_version": {"type": "str", "default": "0.7.0"},
        "strict": {"type": "bool", "default": True},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at attachments."""
    rules = Rules(strict=params["strict"], whereabouts_version=params["whereabouts_version"])
    return attachments_info.report(
        cluster_access.kubernetes(params, context), params["name"], params["namespace"], rules
    )


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
