# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many nodes and pods a secondary range is enough for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: range_capacity
short_description: How many nodes and pods a secondary range is enough for
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - GKE gives each node a block of a secondary range, with twice as many addresses as the node may have pods, rounded up
    to a power of two. When all blocks are given away, no node can be added.
  - Whereabouts does not know these blocks. It hands out the addresses of the whole range, the lowest free one first.
requirements:
  - netaddr >= 0.10 on the controller
options:
  _input:
    description: The secondary range, as a CIDR.
    type: str
    required: true
  max_pods_per_node:
    description: How many pods a node may have on the network, 8 to 256.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: The guide's range is enough for 16 nodes
  vars:
    capacity: "{{ '172.16.1.0/24' | multinet.gke.range_capacity(8) }}"
  ansible.builtin.assert:
    that:
      - capacity.max_nodes == 16
      - capacity.gke_pods_total == 128
      - capacity.whereabouts_addresses == 254
"""

RETURN = r"""
_value:
  description:
    - C(per_node_prefix) and C(addresses_per_node), the size of a node's block.
    - C(max_nodes), how many blocks the range has.
    - C(gke_pods_per_node) and C(gke_pods_total), how many pods GKE reckons with.
    - C(whereabouts_addresses), how many addresses Whereabouts hands out.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.multinet.gke.plugins.module_utils import gke_rules
from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import capacity
from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError, Problems


def range_capacity(cidr: str, max_pods_per_node: int) -> dict[str, int]:
    """Return what a secondary range is enough for."""
    problems = Problems()
    try:
        network = gke_rules.check_range(problems, "range", str(cidr))
        gke_rules.check_max_pods(problems, "max_pods_per_node", int(max_pods_per_node))
    except (ValueError, TypeError, MultinetError) as error:
        raise AnsibleFilterError(f"range_capacity: {error}") from error
    if network is None or problems:
        raise AnsibleFilterError(f"range_capacity: {'; '.join(map(str, problems))}")
    pods, prefix = int(max_pods_per_node), gke_rules.alias_block_prefix(int(max_pods_per_node))
    nodes = gke_rules.node_capacity(network, pods)
    return {
        "per_node_prefix": prefix,
        "addresses_per_node": 2 ** (32 - prefix),
        "max_nodes": nodes,
        "gke_pods_per_node": pods,
        "gke_pods_total": nodes * pods,
        "whereabouts_addresses": capacity(network),
    }


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"range_capacity": range_capacity}
