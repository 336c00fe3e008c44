# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The annotation with which a pod asks for attachments."""

from __future__ import annotations

DOCUMENTATION = r"""
name: networks_annotation
short_description: The annotation with which a pod asks for attachments
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Returns the text of the annotation C(k8s.v1.cni.cncf.io/networks) for a list of attachments. That is the short form,
    C(namespace/name@interface), or JSON if the short form cannot say it all.
  - Refuses what Multus would refuse when the pod starts, and what it would drop or ignore.
requirements:
  - netaddr >= 0.10 on the controller
options:
  _input:
    description:
      - The attachments, in the order of the interfaces C(net1), C(net2), ...
      - Each is a name (C(my-nad), C(namespace/my-nad), C(my-nad@data0)), or a dictionary with the fields that Multus
        knows, V(name), V(namespace), V(interface), V(ips), V(mac), V(infiniband-guid), V(default-route), V(cni-args),
        V(portMappings), V(bandwidth) and V(deviceID).
      - A single name or dictionary is taken as a list of one, and a text as the annotation itself, which is checked.
    type: raw
    required: true
  namespace:
    description: Namespace of the attachments that name none; it should be that of the pod.
    type: str
    default: default
notes:
  - Before ansible-core 2.19, Ansible makes a list of a text that looks like one. The filter C(string) after this one
    keeps it a text, as in the example.
"""

EXAMPLES = r"""
- name: A workload on two networks
  vars:
    attachments:
      - my-nad
      - name: my-nad
        interface: data0
        ips: [172.16.1.77/24]
    template:
      metadata:
        annotations:
          k8s.v1.cni.cncf.io/networks: "{{ attachments | multinet.gke.networks_annotation('apps') | string }}"
  ansible.builtin.debug:
    var: template

- name: The short form
  ansible.builtin.assert:
    that:
      - "['my-nad', 'other@data0'] | multinet.gke.networks_annotation == 'default/my-nad,default/other@data0'"
"""

RETURN = r"""
_value:
  description: The text of the annotation; empty for an empty list.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import (
    Selection,
    conflicts,
    parse_selections,
    render_selections,
    selection_of,
)
from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError


def networks_annotation(attachments: Any, namespace: str = "default") -> str:
    """Return the text of the annotation for attachments."""
    try:
        selections = _selections(attachments, namespace)
        refused = list(conflicts(selections))
    except (ValueError, MultinetError) as error:
        raise AnsibleFilterError(f"networks_annotation: {error}") from error
    if refused:
        raise AnsibleFilterError(f"networks_annotation: {'; '.join(refused)}")
    return render_selections(selections) if selections else ""


def _selections(attachments: Any, namespace: str) -> tuple[Selection, ...]:
    if isinstance(attachments, str):
        return parse_selections(attachments, namespace)
    if isinstance(attachments, Mapping):
        return (selection_of(attachments, namespace),)
    if not isinstance(attachments, list | tuple):
        raise ValueError(f"takes a list of attachments, not {attachments!r}")
    return tuple(_selection(index, item, namespace) for index, item in enumerate(attachments))


def _selection(index: int, item: Any, namespace: str) -> Selection:
    try:
        return selection_of(item, namespace)
    except ValueError as error:
        raise ValueError(f"[{index}]: {item!r}: {error}") from error


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"networks_annotation": networks_annotation}
