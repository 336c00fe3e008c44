# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Descriptions of clusters, out of the variables of inventory hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: descriptions
short_description: Descriptions of clusters out of the variables of inventory hosts
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Reads the variables C(multinet_project), C(multinet_location), C(multinet_cluster), C(multinet_networks),
    C(multinet_nodepools), C(multinet_multus) and C(multinet_pods) of hosts, for M(multinet.gke.multinet_plan).
  - Contacts no host. So hosts that are not in the play can be read, too, as long as their variables are in the
    inventory and do not depend on facts.
  - A host without C(multinet_cluster) is left out, unless it is one of O(required).
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  hosts:
    description: Names of the hosts to read.
    type: list
    elements: str
    required: true
  required:
    description: Names of hosts that must be described; without C(multinet_cluster) the plan refuses them.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Plan for the hosts of the play, and look at all others of the inventory
  multinet.gke.multinet_plan:
    clusters: "{{ hostvars | multinet.gke.descriptions(groups['all'], required=ansible_play_hosts_all) }}"
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The option O(multinet.gke.multinet_plan#module:clusters) of M(multinet.gke.multinet_plan).
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Undefined, UndefinedError

PREFIX = "multinet_"
DESCRIBED = ("project", "location", "cluster", "networks", "nodepools", "multus", "pods")
OTHERS = {
    *("multinet_hosts", "multinet_gke_cluster", "multinet_verify_probe", "multinet_verify_probe_image"),
    *("multinet_direct", "multinet_progress"),
    *("multinet_waves", "multinet_max_fail_percentage", "multinet_teardown_confirm", "multinet_pools_release"),
    *("multinet_report_dir", "multinet_report_fail_on"),
}
NEAR = 0.85  # how alike two names are, of 1; multinet_nodepool is 0.97 of multinet_nodepools


def descriptions(
    hostvars: Mapping[str, Any], hosts: Iterable[str], required: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Return the descriptions of hosts, as multinet_plan takes them."""
    needed = set(required)
    return [
        _description(host, hostvars[host]) for host in hosts if host in needed or f"{PREFIX}cluster" in hostvars[host]
    ]


def _description(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one host's variables say, or why they cannot be read: they are templated as they are read."""
    given = [name for name in DESCRIBED if f"{PREFIX}{name}" in variables]
    try:
        said = {name: _templated(variables[f"{PREFIX}{name}"]) for name in given}
    except (AnsibleError, UndefinedError) as error:
        return {"host": host, "unreadable": str(error)}
    return {"host": host, **said, "misspelt": dict(_misspelt(variables, set(DESCRIBED) - set(given)))}


def _templated(value: Any) -> Any:
    """Return a value whose parts are all templated: Ansible does that as late as it can.

    :raises UndefinedError: a template in it needs what there is not.
    """
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if isinstance(value, Mapping):
        return {key: _templated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_templated(item) for item in value]
    return value


def _misspelt(variables: Iterable[str], left_out: set[str]) -> Iterable[tuple[str, str]]:
    """Yield variables that look like one of a description that is not there, and that one."""
    missing = [f"{PREFIX}{name}" for name in sorted(left_out)]
    for name in variables:
        if name.startswith(PREFIX) and name not in OTHERS:
            for meant in get_close_matches(name, missing, n=1, cutoff=NEAR):
                yield name, meant


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"descriptions": descriptions}
