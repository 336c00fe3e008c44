#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multinet_report
short_description: What other modules found out about clusters, as a page for a browser, as JSON and as JUnit XML
version_added: 0.1.0
description:
  - Takes the results of the modules that look at clusters, and writes them down for people and programs.
  - C(report.html) is one file that loads nothing, with the fleet as a table, what needs attention and what to do about
    it, and for each cluster a picture of its networks, nodes and pods, maps of its address spaces, and who reaches
    whom.
  - C(report.json) has all of that as data, C(junit.xml) a test suite for each cluster.
  - Asks no API. The playbook C(multinet.gke.report) asks for all that a report has, and then runs this module.
  - What the files have in them is described in C(docs/report.md) of the collection.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.attributes
requirements:
  - netaddr >= 0.10
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing it.
    support: full
    details:
      - Nothing is written; RV(actions) names the files that would be.
  diff_mode:
    description: Returns what changes, before and after, in the words of the module's options.
    support: none
  action_group:
    description: Is part of the action group C(multinet.gke.all), for C(module_defaults).
    support: none
    details:
      - It takes no credentials, so the defaults of that group are not for it.
    membership: []
options:
  clusters:
    description:
      - The clusters, each with what is known of it. What is not given is left out of the report.
      - A report that is made of the same twice is the same, byte for byte.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the cluster in the report, each another one. The playbook gives the inventory's name of it.
        type: str
        required: true
      site:
        description: What follows from its description, RV(multinet.gke.multinet_plan#module:sites) of its host.
        type: dict
        default: {}
      cluster:
        description: The cluster as an element of RV(multinet.gke.gke_multinet_cluster_info#module:clusters).
        type: dict
        default: {}
      node_pools:
        description:
          - As RV(multinet.gke.gke_multinet_nodepool_info#module:node_pools), with
            O(multinet.gke.gke_multinet_nodepool_info#module:alias_blocks=true).
        type: list
        elements: dict
        default: []
      vpcs:
        description: Results of M(multinet.gke.gke_multinet_vpc_info).
        type: list
        elements: dict
        default: []
      nads:
        description: As RV(multinet.gke.nad_info#module:nads).
        type: list
        elements: dict
        default: []
      pools:
        description:
          - As RV(multinet.gke.whereabouts_pool_info#module:pools), with
            O(multinet.gke.whereabouts_pool_info#module:allocations=all).
        type: list
        elements: dict
        default: []
      verification:
        description: Result of M(multinet.gke.multinet_verify).
        type: dict
        default: {}
      drift:
        description: What each stage of a site run would change.
        type: list
        elements: dict
        default: []
        suboptions:
          stage:
            description: Name of the stage, that of its role.
            type: str
            required: true
          actions:
            description: The titles of the changes, RV(ignore:actions) of the stage's modules in check mode.
            type: list
            elements: str
            default: []
      errors:
        description: What could not be read. Such a cluster counts as failed.
        type: list
        elements: dict
        default: []
        suboptions:
          task:
            description: What was tried.
            type: str
            required: true
          msg:
            description: Why it failed.
            type: str
            required: true
  path:
    description:
      - Folder for the files, on the machine on which the module runs. It is made if it is not there.
      - The files are replaced as wholes, and all may read them; there are no secrets in them.
    type: path
    required: true
  title:
    description: Title of the report.
    type: str
    default: multinet.gke
  made_at:
    description: When the clusters were looked at, like V(2026-11-26T20:30:00Z). If not set, the report does not tell.
    type: str
  formats:
    description: Which of the files to write.
    type: list
    elements: str
    choices: [html, json, junit]
    default: [html, json, junit]
  fail_on:
    description:
      - Fail on errors, on warnings too, or never. The files are written before.
      - A cluster that could not be read in full is an error.
      - What counts here is a failure in C(junit.xml); with V(never), errors are.
    type: str
    choices: [error, warning, never]
    default: never
seealso:
  - module: multinet.gke.multinet_verify
  - module: multinet.gke.gke_multinet_nodepool_info
  - module: multinet.gke.whereabouts_pool_info
"""

EXAMPLES = r"""
- name: Look at the attachments
  multinet.gke.multinet_verify:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    probe: false
    fail_on: never
  register: verified

- name: Look at the nodes and their blocks
  multinet.gke.gke_multinet_nodepool_info:
    project: test-project
    location: us-central1-c
    cluster: edge
    alias_blocks: true
  register: found

- name: Look at the pools
  multinet.gke.whereabouts_pool_info:
    gke_cluster: {project: test-project, location: us-central1-c, name: edge}
    allocations: all
  register: addresses

- name: Write a page of it
  multinet.gke.multinet_report:
    clusters:
      - name: edge
        node_pools: "{{ found.node_pools }}"
        pools: "{{ addresses.pools }}"
        verification: "{{ verified }}"
    path: /tmp/multinet-report
    title: Our edge
    formats: [html]
"""

RETURN = r"""
actions:
  description: The files that were written, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [write multinet-report/report.html]
paths:
  description: The files of the report by O(formats).
  returned: always
  type: dict
  sample:
    html: multinet-report/report.html
    json: multinet-report/report.json
    junit: multinet-report/junit.xml
summary:
  description: The report in one line.
  returned: always
  type: str
  sample: '2 clusters (1 incomplete, 1 well): 0 errors, 0 warnings, 0 changes due'
totals:
  description: The figures of the fleet, as in C(report.json).
  returned: always
  type: dict
  contains:
    clusters:
      description:
        - How many clusters are V(incomplete) (something could not be read), V(failing) (there are errors),
          V(doubtful) (there are warnings), and V(well).
      type: dict
      returned: always
      sample: {incomplete: 1, failing: 0, doubtful: 0, well: 1}
    nodes:
      description: Number of nodes.
      type: int
      returned: always
      sample: 3
    pods:
      description: Number of pods that use attachments.
      type: int
      returned: always
      sample: 4
    errors:
      description: Number of findings that are errors.
      type: int
      returned: always
      sample: 0
    warnings:
      description: Number of findings that are warnings.
      type: int
      returned: always
      sample: 0
    changes:
      description: What a site run would change.
      type: int
      returned: always
      sample: 0
    paths:
      description: Paths on which packets were sent.
      type: int
      returned: always
      sample: 10
    answered:
      description: How many of them answered.
      type: int
      returned: always
      sample: 10
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import module
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context
from ansible_collections.multinet.gke.plugins.module_utils.report.report import report

DRIFT: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "required": True},
    "actions": {"type": "list", "elements": "str", "default": []},
}
ERROR: dict[str, dict[str, Any]] = {
    "task": {"type": "str", "required": True},
    "msg": {"type": "str", "required": True},
}
CLUSTER: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "site": {"type": "dict", "default": {}},
    "cluster": {"type": "dict", "default": {}},
    "node_pools": {"type": "list", "elements": "dict", "default": []},
    "vpcs": {"type": "list", "elements": "dict", "default": []},
    "nads": {"type": "list", "elements": "dict", "default": []},
    "pools": {"type": "list", "elements": "dict", "default": []},
    "verification": {"type": "dict", "default": {}},
    "drift": {"type": "list", "elements": "dict", "default": [], "options": DRIFT},
    "errors": {"type": "list", "elements": "dict", "default": [], "options": ERROR},
}
SPEC: dict[str, Any] = {
    "argument_spec": {
        "clusters": {"type": "list", "elements": "dict", "required": True, "options": CLUSTER},
        "path": {"type": "path", "required": True},
        "title": {"type": "str", "default": "multinet.gke"},
        "made_at": {"type": "str"},
        "formats": {
            "type": "list",
            "elements": "str",
            "choices": ["html", "json", "junit"],
            "default": ["html", "json", "junit"],
        },
        "fail_on": {"type": "str", "choices": ["error", "warning", "never"], "default": "never"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Write the report; see RETURN."""
    return report(params, context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
