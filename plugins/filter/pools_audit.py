# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pools of a cluster for people: a table, and what needs somebody to act."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pools_audit
short_description: The pools of a cluster as a table, and what needs somebody to act
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Says of each pool how full it is, how many addresses in it nobody has any more, and how many of these were released.
  - Names what no release helps against, such as addresses that are taken twice, pools that are nearly full, and pools
    that nobody can read.
options:
  _input:
    description: The result of M(multinet.gke.whereabouts_pool_info).
    type: dict
    required: true
  released:
    description: Results of M(multinet.gke.whereabouts_pool), each of one pool. Those that were skipped say nothing.
    type: list
    elements: dict
    default: []
  full_percent:
    description: A pool is nearly full from here on.
    type: int
    default: 80
"""

EXAMPLES = r"""
- name: Say what a cluster's pools are like
  ansible.builtin.assert:
    that:
      - 'audit.findings == ["pool 172.16.1.0-24 is nearly full: 220 of 254 addresses are used (86.6 %)"]'
      - audit.lines[-1] == audit.findings[0]
  vars:
    found:
      pools:
        - {name: 172.16.1.0-24, used: 220, capacity: 254, used_percent: 86.6, orphans: [172.16.1.3]}
      duplicates: []
      unusable_pools: []
    audit: "{{ found | multinet.gke.pools_audit }}"
"""

RETURN = r"""
_value:
  description: The audit.
  type: dict
  contains:
    lines:
      description: A table of the pools, and the findings.
      type: list
      elements: str
    findings:
      description: What needs somebody to act.
      type: list
      elements: str
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils.cni.texts import aligned

HEADING = ("pool", "used", "of", "full", "orphans", "released")


def pools_audit(
    found: Mapping[str, Any], released: Iterable[Mapping[str, Any]] = (), full_percent: int = 80
) -> dict[str, list[str]]:
    """Return the table of a cluster's pools, and what needs somebody to act."""
    counts = {each["pool"]["name"]: len(each["released"]) for each in released if each.get("pool")}
    rows = [
        (
            each["name"],
            str(each["used"]),
            str(each["capacity"]),
            f"{each['used_percent']} %",
            str(len(each["orphans"])),
            str(counts.get(each["name"], 0)),
        )
        for each in found["pools"]
    ]
    findings = list(_findings(found, counts, full_percent))
    table = aligned([HEADING, *rows]).splitlines() if rows else ["there are no pools"]
    return {"lines": [*table, *findings], "findings": findings}


def _findings(found: Mapping[str, Any], released: Mapping[str, int], full_percent: int) -> Iterator[str]:
    for each in found["duplicates"]:
        yield (
            f"address {each['ip']} is taken twice: {', '.join(each['podrefs'])} "
            f"(pools {', '.join(each['pools'])}); delete all of these pods but one"
        )
    for pool in found["pools"]:
        used = pool["used"] - released.get(pool["name"], 0)
        percent = round(100 * used / pool["capacity"], 1) if pool["capacity"] else 100.0
        if percent >= full_percent:
            yield (f"pool {pool['name']} is nearly full: {used} of {pool['capacity']} addresses are used ({percent} %)")
    for name in found["unusable_pools"]:
        yield f"pool {name} has a range that nobody can read, so Whereabouts' own garbage collection stops; delete it"


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"pools_audit": pools_audit}
