# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's way to read GKE clusters as hosts; what is asked and made of the answer is in module_utils/gcp."""

from __future__ import annotations

DOCUMENTATION = r"""
name: gke_clusters
short_description: GKE clusters as hosts of the inventory
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Each cluster is a host. What is known of it are variables of the host, and can make groups.
  - The source is a YAML file whose name ends with C(gke_clusters.yml) or C(gke_clusters.yaml).
  - Google is asked once for each project (and location, with O(locations)). A project that does not answer takes half a
    minute at most.
  - A host is named C(NAME.LOCATION.PROJECT), for example C(edge.us-central1-c.my-project). So the name, and with it the
    name of the file in C(host_vars), never depends on which other clusters there are, or are found at the moment.
  - What a cluster is to be like is said by its description (C(host_vars), C(group_vars)). It does not have to repeat
    C(multinet_project) and C(multinet_location), which each host has; what it does say of them wins. A cluster without
    C(multinet_cluster) has no description, and the plan of each playbook refuses it.
requirements:
  - google-cloud-container >= 2.58
  - netaddr >= 0.10
extends_documentation_fragment:
  - multinet.gke.google.plugins
  - multinet.gke.google
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that the file is a source for this plugin.
    type: str
    required: true
    choices: [multinet.gke.gke_clusters]
  projects:
    description:
      - The Google Cloud projects whose clusters are to be found.
      - If not set, O(project) alone.
      - May be templates, which see the extra variables; so may the options that say as whom Google is asked.
    type: list
    elements: str
    default: []
  compute_endpoint:
    description: Without effect here, as only Kubernetes Engine is asked; but refused as it is elsewhere.
  locations:
    description:
      - Zones and regions whose clusters are to be found, with one request for each; V(-) is all of them.
      - A region has its regional clusters only; those of its zones are in the zones.
    type: list
    elements: str
    default: ["-"]
  names:
    description: Only clusters whose name is like one of these (V(edge-*)).
    type: list
    elements: str
    default: []
  statuses:
    description: Only clusters with one of these statuses.
    type: list
    elements: str
    choices: [PROVISIONING, RUNNING, RECONCILING, STOPPING, ERROR, DEGRADED]
    default: []
  labels:
    description: Only clusters that have all of these labels, each with a value like this one (V(*) for any).
    type: dict
    default: {}
  multinet_only:
    description: Only clusters with multi-networking.
    type: bool
    default: false
  hostname:
    description:
      - A template for the names of hosts, out of the variables of each. The two that come out the same are refused.
      - With a name that leaves out the project or the location, a file in C(host_vars) should have C(multinet_project)
        and C(multinet_location); the name alone could come to mean another cluster.
    type: str
  hostvars_prefix:
    description: What the names of variables begin with.
    type: str
    default: gke_
  hostvars_suffix:
    description: What the names of variables end with.
    type: str
    default: ""
  on_failure:
    description:
      - What happens if the clusters of a project, or of a zone, cannot be listed. If nothing at all can be listed, that
        is always a failure.
      - V(warn) says which ones, why, and what to do; the clusters that were found are hosts.
      - V(fail) makes the whole source fail.
    type: str
    choices: [warn, fail]
    default: warn
notes:
  - Needs the permission C(container.clusters.list) in each project.
  - The variables are those that M(multinet.gke.gke_multinet_cluster_info) returns of a cluster, each with
    O(hostvars_prefix) and without C(ca_data), and C(project) and C(region) beside them. There is no secret among them,
    nor in the cache. What Google says is data; a template in it is not run.
  - Only a whole answer is cached. What is cached is for the same O(projects) and O(locations) only; the other options
    can be changed at any time.
  - Ansible takes a source that fails for a warning, too. With E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) set to
    V(true) the run ends.
seealso:
  - module: multinet.gke.gke_multinet_cluster_info
  - module: multinet.gke.multinet_plan
"""

EXAMPLES = r"""# fmt: code
# gke_clusters.yml: all clusters of the project that GCP_PROJECT names.
plugin: multinet.gke.gke_clusters

---
# Running clusters with multi-networking of three projects, in groups by region, by channel and by the label "wave".
plugin: multinet.gke.gke_clusters
projects: [net-a, net-b, net-c]
multinet_only: true
statuses: [RUNNING]
keyed_groups:
  - key: gke_region
    prefix: region
  - key: gke_release_channel
    prefix: channel
  - key: gke_labels.wave
    prefix: wave
groups:
  several_pools: gke_node_pools | length > 1

---
# Projects and token out of extra variables; the whole source fails if one of the projects cannot be asked.
plugin: multinet.gke.gke_clusters
projects: "{{ my_projects }}"
auth_kind: accesstoken
access_token: "{{ my_token }}"
on_failure: fail

---
# Only some clusters, in two places, with names of one's own.
plugin: multinet.gke.gke_clusters
projects: [net-a]
locations: [us-central1, us-central1-c]
names: ["edge-*"]
labels: {team: network}
hostname: "{{ gke_name }}.{{ gke_location }}"

---
# Clusters without descriptions, for playbooks that only look: the least that a plan takes, out of what was found.
plugin: multinet.gke.gke_clusters
projects: [net-a, net-b]
multinet_only: true
compose:
  multinet_cluster: "{'name': gke_name}"

---
# Asked again after ten minutes only.
plugin: multinet.gke.gke_clusters
projects: [net-a, net-b]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/gke_clusters
cache_timeout: 600
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible import template
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.parameters import remove_values
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError
from ansible_collections.multinet.gke.plugins.module_utils.gcp.clients import Google
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster import inventory_hosts
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.discovery import Answer, discover
from ansible_collections.multinet.gke.plugins.module_utils.gcp.credentials import find_credentials
from ansible_collections.multinet.gke.plugins.module_utils.secrecy import forms, hide_strays

Options = dict[str, Any]

TRUSTED = getattr(template, "trust_as_template", str)  # since ansible-core 2.19
TEMPLATED = (
    *("project", "projects", "auth_kind", "service_account_file", "service_account_contents", "access_token"),
    *("service_account_email", "impersonate_service_account", "quota_project"),
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads clusters as hosts."""

    NAME = "multinet.gke.gke_clusters"

    _secrets: set[str]

    def verify_file(self, path: str) -> bool:
        """Tell whether a file is a source for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(("gke_clusters.yml", "gke_clusters.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the clusters to the inventory.

        :param cache: false: what is cached is not used, but made new.
        :raises AnsibleParserError: options that cannot be meant, no credentials, or no project that answers.
        """
        super().parse(inventory, loader, path, cache)
        self._secrets = set()
        try:
            options = self._read_options(path)
            clusters = self._cached(path, options, cache)
            self._add(clusters, options)
        except MultinetError as error:
            # Ansible shows what an error comes from as well.
            raise AnsibleParserError(self._masked(f"{path}: {error}")) from None

    def _read_options(self, path: str) -> Options:
        """Return the options of a source, templated and checked."""
        given = self._read_config_data(path)
        self.templar.available_variables = self._vars or {}
        templated = {key: self.templar.template(given[key]) for key in TEMPLATED if key in given}
        self.set_options(direct={**given, **templated}, var_options=self._vars)
        options: Options = self.get_options()
        options["projects"] = options["projects"] or [options["project"]] * bool(options["project"])
        contents = options["service_account_contents"]
        if isinstance(contents, Mapping):
            options["service_account_contents"] = json.dumps(contents)
        self._hide(options["access_token"], options["service_account_contents"])
        hide_strays(options, self._hide)
        inventory_hosts.check(options, given)
        return options

    def _cached(self, path: str, options: Options, cache: bool) -> list[dict[str, Any]]:
        """Return the clusters out of the cache, or ask for them; only a whole answer goes into the cache."""
        if not options["cache"]:
            return self._ask(options).clusters
        asked = json.dumps([options[key] for key in ("projects", "locations", "container_endpoint")])
        key = f"{self.get_cache_key(path)}_{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
        if cache and key in self._cache:
            found: list[dict[str, Any]] = self._cache[key]
            return found
        answer = self._ask(options)
        if not answer.failures:
            self._cache[key] = answer.clusters
        return answer.clusters

    def _ask(self, options: Options) -> Answer:
        """Ask Google, and say what is not known.

        :raises AnsibleParserError: something is not known, and that is to be a failure.
        """
        credentials, endpoint = find_credentials(options, self._hide), options["container_endpoint"]

        def google_of(project: str) -> Google:
            return Google(
                project,
                credentials,
                compute_endpoint=None,
                container_endpoint=endpoint,
                progress=lambda now: self.display.vvv(self._masked(str(now))),
            )

        answer = discover(google_of, options["projects"], options["locations"])
        if answer.failures and (options["on_failure"] == "fail" or not answer.answered):
            failures = "\n".join(f"- {each}" for each in answer.failures)
            raise AnsibleParserError(self._masked(f"clusters cannot be found:\n{failures}"))
        for failure in answer.failures:
            self.display.warning(self._masked(f"clusters are missing in the inventory: {failure}"))
        return answer

    def _hide(self, *secrets: object) -> None:
        """Let nothing that is said of this source show these."""
        self._secrets |= forms(secrets)

    def _masked(self, text: str) -> str:
        return str(remove_values(text, self._secrets))

    def _add(self, clusters: list[dict[str, Any]], options: Options) -> None:
        selection = inventory_hosts.Selection(
            options["names"], options["statuses"], options["labels"], options["multinet_only"]
        )
        names = inventory_hosts.Names(options["hostvars_prefix"], options["hostvars_suffix"])
        selected = [facts for facts in clusters if selection.takes(facts)]
        variables = [_as_data(names.variables(facts)) for facts in selected]
        hosts = [self._name(*each, options["hostname"]) for each in zip(selected, variables, strict=True)]
        inventory_hosts.refuse_shared(zip(hosts, selected, strict=True))
        for each in zip(hosts, variables, strict=True):
            self._add_host(*each, options)

    def _name(self, facts: dict[str, Any], variables: dict[str, Any], template_of_name: str | None) -> str:
        if not template_of_name:
            return inventory_hosts.host_name(facts)
        self.templar.available_variables = variables
        return str(self.templar.template(template_of_name))

    def _add_host(self, name: str, variables: dict[str, Any], options: Options) -> None:
        self._populate_host_vars([name], variables)
        strict = options["strict"]
        self._set_composite_vars(options["compose"], variables, name, strict=strict)
        self._add_host_to_composed_groups(options["groups"], variables, name, strict=strict)
        self._add_host_to_keyed_groups(options["keyed_groups"], variables, name, strict=strict)


def _as_data(value: Any) -> Any:
    """Return a value in which no template is ever run: others have written it, a cluster's description for example.

    Only texts that might be templates are marked: a marked one leaves ansible-inventory as a mapping, and AWX shows it
    so. Since ansible-core 2.19, all texts are marked that are not trusted.
    """
    if isinstance(value, Mapping):
        return {key: _as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    if not isinstance(value, str):
        return value
    return wrap_var(value) if "{" in value else TRUSTED(value)
