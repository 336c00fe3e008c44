# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interfaces that a pod got, out of its annotation."""

from __future__ import annotations

DOCUMENTATION = r"""
name: network_status
short_description: The interfaces that a pod got, out of its annotation
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Reads what Multus wrote into a pod's annotation C(k8s.v1.cni.cncf.io/network-status) when the pod started.
  - It may have become untrue since, when a node was lost; M(multinet.gke.multinet_verify) finds that.
requirements:
  - netaddr >= 0.10 on the controller
options:
  _input:
    description: The text of the annotation, or a pod as the API has it.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Which addresses has net1
  vars:
    status: >-
      [{"name": "gke-pod-network", "interface": "eth0", "ips": ["10.104.3.4"], "default": true, "dns": {}},
      {"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.1"], "mac": "42:01:64:c8:c8:07", "dns": {}}]
    interfaces: "{{ status | multinet.gke.network_status }}"
  ansible.builtin.assert:
    that:
      - interfaces | selectattr('interface', 'eq', 'net1') | map(attribute='ips') | flatten == ['172.16.1.1']
"""

RETURN = r"""
_value:
  description:
    - The interfaces, in the order of the annotation, with every field that it has.
    - C(name) (the attachment, C(namespace/name), or the name of the cluster's own network), C(interface), C(ips),
      C(mac) and C(default) are always there, empty if the annotation lacks them.
  type: list
  elements: dict
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import NETWORK_STATUS, parse_interfaces
from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError


def network_status(pod: Any) -> list[dict[str, Any]]:
    """Return the interfaces of a pod."""
    text = _annotation(pod) if isinstance(pod, Mapping) else pod
    if not isinstance(text, str):
        raise AnsibleFilterError(f"network_status: takes a pod or the text of its annotation, not {text!r}")
    try:
        found = parse_interfaces(text)
    except (ValueError, MultinetError) as error:
        raise AnsibleFilterError(f"network_status: the annotation {error}: {text!r}") from error
    return [
        {
            **entry,
            "name": interface.network,
            "interface": interface.name,
            "ips": list(interface.ips),
            "mac": interface.mac,
            "default": interface.default,
        }
        for entry, interface in zip(json.loads(text), found, strict=True)
    ]


def _annotation(pod: Mapping[str, Any]) -> str:
    metadata = pod.get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(NETWORK_STATUS)
    if not text:
        name = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        raise AnsibleFilterError(f"network_status: pod {name} has no network-status")
    return str(text)


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"network_status": network_status}
