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
    change. One that is there and cannot be read is replaced.
  - A change does not reach pods that run already; if there are such pods, a warning names them.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.attributes
requirements:
  - netaddr >= 0.10
  - google-cloud-compute, for O(secondary_range) with O(subnetwork)
notes:
  - Needs C(get), C(create), C(patch) and C(delete) of C(network-attachment-definitions.k8s.cni.cncf.io) in
    O(namespace).
  - Needs C(list) of C(pods) everywhere, with O(state=absent). When an attachment changes, it is to tell which pods keep
    the old configuration; there the module warns if it may not.
  - Needs C(list) of C(network-attachment-definitions.k8s.cni.cncf.io) everywhere, to find overlaps. Without, the module
    warns that it did not look, or fails with O(overlap_policy=fail).
  - For O(secondary_range) with O(subnetwork) it also needs C(compute.subnetworks.get).
options:
  name:
    description:
      - Name of the attachment.
      - It has no dots, because pods could not name it in the short form of their annotation.
    type: str
    required: true
  allow_dotted_name:
    description: Let a name with dots pass. Pods can name it in the JSON form of their annotation only.
    type: bool
    default: false
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
  type:
    description:
      - The plugin that makes the interface. If not set, that is V(ipvlan).
      - V(macvlan) gives pods MAC addresses of their own, and Google does not deliver to them. It needs
        O(allow_macvlan).
    type: str
    choices: [ipvlan, macvlan]
  allow_macvlan:
    description: Let O(type=macvlan) pass, for nodes that are not on Google's network.
    type: bool
  master:
    description:
      - The nodes' interface on which the pods' interfaces are made. If not set, that is V(eth1).
      - The first network of a node pool's C(additional_node_networks) is V(eth1), the second V(eth2).
      - V(eth0) is the nodes' primary interface. It needs O(allow_primary_master).
    type: str
  allow_primary_master:
    description: Let O(master=eth0) pass.
    type: bool
  mode:
    description: Mode of IPVLAN. If not set, that is V(l2). One interface of a node cannot have two modes.
    type: str
    choices: [l2, l3, l3s]
  mtu:
    description: MTU of the pods' interfaces, 68 to 65535. If not set, that of O(master).
    type: int
  link_in_container:
    description: Whether O(master) is an interface in the pod, not on the node.
    type: bool
  cni_version:
    description: Version of the CNI specification. If not set, that is V(0.3.1).
    type: str
    choices: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
  cni_name:
    description: Name of the CNI configuration. If not set, that of the attachment.
    type: str
  capabilities:
    description:
      - What the plugin takes from a pod's annotation, for example C(ips).
      - Each is V(true) or V(false).
    type: dict
  chain:
    description: Further plugins that run after the first, for example C(tuning) or C(sbr), as CNI has them.
    type: list
    elements: dict
  range:
    description:
      - The addresses for pods, as a CIDR (V(172.16.1.0/24)) or as a part of one (V(172.16.1.10-172.16.1.20/24)).
      - On GKE that is the CIDR of a secondary range. Its name is refused here; see O(secondary_range).
      - Mutually exclusive with O(secondary_range) and O(ranges).
    type: str
  secondary_range:
    description:
      - Name of a secondary range, whose CIDR is the range. It is looked up in O(secondary_ranges), or if these are not
        given, at Google, in O(subnetwork).
      - What does not depend on it is checked before Google is asked.
    type: str
  subnetwork:
    description:
      - The subnetwork of O(secondary_range), by its name, or as C(projects/PROJECT/regions/REGION/subnetworks/NAME)
        (Shared VPC).
      - A name is looked for in the project of O(gke_cluster), or in O(project).
    type: str
  region:
    description: Region of O(subnetwork). If not set, that of O(gke_cluster).
    type: str
  secondary_ranges:
    description:
      - What the secondary ranges of a subnetwork are, each with C(name) and C(ip_cidr_range), as
        M(multinet.gke.gke_multinet_vpc) and M(multinet.gke.gke_multinet_vpc_info) return them. Other keys do not count.
      - With them Google is not asked.
    type: list
    elements: dict
  exclude:
    description: Addresses and CIDRs within O(range) that are not handed out.
    type: list
    elements: str
  ranges:
    description: As O(ipam.ranges). Mutually exclusive with O(range) and O(exclude).
    type: list
    elements: dict
    suboptions: &ranges
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
  gateway:
    description: As O(ipam.gateway).
    type: str
  exclude_gateway:
    description:
      - Whether the gateway is excluded from its range. If not set, that is V(true).
      - Whereabouts itself hands out a gateway like any other address.
    type: bool
  routes:
    description: As O(ipam.routes).
    type: list
    elements: dict
    suboptions: &routes
      dst:
        description: Where to, as a CIDR.
        type: str
        required: true
      gw:
        description: Through which gateway. If not set, through that of the interface.
        type: str
  network_name:
    description: As O(ipam.network_name).
    type: str
  enable_overlapping_ranges:
    description: As O(ipam.enable_overlapping_ranges).
    type: bool
  ipam:
    description:
      - All about the addresses of pods. What O(range) and O(exclude) say may stand beside it; the other short forms,
        from O(ranges) to O(enable_overlapping_ranges), may not.
    type: dict
    suboptions:
      type:
        description:
          - Who hands out addresses. V(static) takes O(ipam.addresses), or what a pod's annotation asks for if
            O(capabilities) has C(ips); O(ipam.routes) and O(ipam.dns) count, too, and nothing else.
          - V(none) hands out none; C(ipvlan) does not start without.
        type: str
        choices: [whereabouts, static, none]
        default: whereabouts
      ranges:
        description: Several ranges; a pod gets an address out of each.
        type: list
        elements: dict
        suboptions: *ranges
      gateway:
        description: The gateway that pods learn for their interface. It must be in one of the ranges.
        type: str
      routes:
        description: Routes that pods get through their interface.
        type: list
        elements: dict
        suboptions: *routes
      dns:
        description: Resolvers, as CNI has them.
        type: dict
        suboptions:
          nameservers:
            description: Addresses of resolvers.
            type: list
            elements: str
          domain:
            description: The local domain.
            type: str
          search:
            description: Domains to look for short names in.
            type: list
            elements: str
          options:
            description: Options of the resolver.
            type: list
            elements: str
      addresses:
        description:
          - Addresses that every pod gets beside those of the ranges; with O(ipam.type=static) the only ones.
          - No pool holds them, so two pods with one attachment have the same.
        type: list
        elements: dict
        suboptions:
          address:
            description: The address with its prefix length.
            type: str
            required: true
          gateway:
            description: Its gateway.
            type: str
      network_name:
        description: Separates the addresses of this attachment from those of others with the same range.
        type: str
      enable_overlapping_ranges:
        description:
          - Whether an address is given to one pod only, even if several attachments have ranges with that address.
          - If not set, Whereabouts does so.
        type: bool
      node_slice_size:
        description:
          - Prefix length of the slice of the range that each node gets, V(/28). It needs Whereabouts 0.8.0, its node
            slice controller, and a single IPv4 range.
          - The slices are handed out in another order than the nodes' alias blocks on GKE.
        type: str
      leader_lease_duration:
        description: How long a node holds the right to hand out addresses, in milliseconds; 1500 if not set.
        type: int
      leader_renew_deadline:
        description: Within how many milliseconds it must renew that; 1000 if not set.
        type: int
      leader_retry_period:
        description: After how many milliseconds it tries again; 500 if not set.
        type: int
      log_file:
        description: File on the node that Whereabouts writes its log to.
        type: str
      log_level:
        description: What it writes there.
        type: str
        choices: [debug, verbose, error, panic]
  whereabouts_version:
    description: Version of Whereabouts in the cluster, which decides what is refused; V(0.7.0) is the guide's.
    type: str
    default: 0.7.0
  strict:
    description:
      - Whether keys of an C(ipam) section of Whereabouts, and of C(ipvlan), that nobody reads are refused.
      - With V(false) there is a warning.
    type: bool
    default: true
  resource_name:
    description:
      - Resource of a device plugin, for the annotation C(k8s.v1.cni.cncf.io/resourceName). Multus gives the plugin a
        device of it.
    type: str
  labels:
    description: Labels. They are added to those that are there.
    type: dict
  annotations:
    description: Annotations. They are added to those that are there.
    type: dict
  overlap_policy:
    description:
      - What to do if another attachment of the cluster hands out the same addresses, other than through the same pool.
      - That is so if the ranges overlap and have another prefix length, another O(network_name), or another O(master).
    type: str
    choices: [fail, warn, ignore]
    default: warn
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
      - V(rendered) and V(validated) need no cluster. The first returns the document as RV(manifest), the second only
        says what the options mean, or what is wrong with them.
    type: str
    choices: [present, absent, rendered, validated]
    default: present
seealso:
  - module: multinet.gke.multus_install
  - module: multinet.gke.multinet_pod
  - module: multinet.gke.nad_info
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

- name: Define an attachment for a secondary range that is known by its name
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: by-name
    secondary_range: pods
    subnetwork: my-subnet

- name: Define an attachment with all about its addresses, and plugins that run after IPVLAN
  multinet.gke.nad:
    gke_cluster:
      name: edge
      location: us-central1-c
      project: test-project
    name: dual
    ipam:
      ranges:
        - range: 172.16.1.0/24
          range_start: 172.16.1.200
        - range: fd00:16:1::/64
      dns:
        nameservers: [172.16.1.53]
      addresses:
        - address: 192.0.2.7/32
    chain:
      - type: sbr
    overlap_policy: fail

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

- name: Look whether options are right
  multinet.gke.nad:
    name: my-nad
    range: 172.16.1.0/24
    gateway: 172.16.1.1
    state: validated

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
config:
  description: The CNI configuration, as in RV(nad); null if there is none.
  returned: success
  type: dict
  sample: {"cniVersion": "0.3.1", "name": "my-nad", "plugins": []}
annotation:
  description: How pods name the attachment in their annotation C(k8s.v1.cni.cncf.io/networks).
  returned: success
  type: str
  sample: default/my-nad
reservation_prefix:
  description:
    - With what the names of Whereabouts's reservations for its addresses begin; empty without O(network_name).
  returned: success
  type: str
  sample: ""
pools:
  description:
    - The pools that Whereabouts keeps for it once a pod has an address. With O(ipam.node_slice_size) each node has one
      of its own, and none is named here.
  returned: success
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
  description:
    - The pods that use the attachment, as namespace/name; when it is changed or deleted, those of before.
    - They are looked for only then. M(multinet.gke.nad_info) always looks.
    - Pods that have ended, or are being deleted, are not among them.
  returned: with O(state=absent), or when the configuration changes and pods may be listed
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

from ansible_collections.multinet.gke.plugins.module_utils import access, cluster_access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.cni.attachment import Attachment
from ansible_collections.multinet.gke.plugins.module_utils.cni.names import NAMESPACE as POOLS_NAMESPACE
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.range_lookup import cidr_of
from ansible_collections.multinet.gke.plugins.module_utils.kube.attachments import AttachmentResource
from ansible_collections.multinet.gke.plugins.module_utils.kube.rendered import rendered
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

# What describes an attachment in parts, not beside a whole config.
PARTS = (
    "type",
    "allow_macvlan",
    "master",
    "allow_primary_master",
    "mode",
    "mtu",
    "link_in_container",
    "cni_version",
    "cni_name",
    "capabilities",
    "chain",
    "range",
    "secondary_range",
    "exclude",
    "ranges",
    "gateway",
    "exclude_gateway",
    "routes",
    "network_name",
    "enable_overlapping_ranges",
    "ipam",
)
# Short forms of parts of ipam.
SHORT = ("ranges", "gateway", "routes", "network_name", "enable_overlapping_ranges")

RANGES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "range": {"type": "str", "required": True},
        "range_start": {"type": "str"},
        "range_end": {"type": "str"},
        "exclude": {"type": "list", "elements": "str"},
    },
}
ROUTES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {"dst": {"type": "str", "required": True}, "gw": {"type": "str"}},
}

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "config": {"type": "raw"},
        # No defaults here: they would stand beside a whole config. They are in cni/attachment_options.py.
        "type": {"type": "str", "choices": ["ipvlan", "macvlan"]},
        "allow_macvlan": {"type": "bool"},
        "master": {"type": "str"},
        "allow_primary_master": {"type": "bool"},
        "mode": {"type": "str", "choices": ["l2", "l3", "l3s"]},
        "mtu": {"type": "int"},
        "link_in_container": {"type": "bool"},
        "cni_version": {"type": "str", "choices": ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]},
        "cni_name": {"type": "str"},
        "capabilities": {"type": "dict"},
        "chain": {"type": "list", "elements": "dict"},
        "range": {"type": "str"},
        "secondary_range": {"type": "str"},
        "subnetwork": {"type": "str"},
        "region": {"type": "str"},
        "secondary_ranges": {"type": "list", "elements": "dict"},
        "exclude": {"type": "list", "elements": "str"},
        "ranges": RANGES,
        "gateway": {"type": "str"},
        "exclude_gateway": {"type": "bool"},
        "routes": ROUTES,
        "network_name": {"type": "str"},
        "enable_overlapping_ranges": {"type": "bool"},
        "ipam": {
            "type": "dict",
            "options": {
                "type": {"type": "str", "choices": ["whereabouts", "static", "none"], "default": "whereabouts"},
                "ranges": RANGES,
                "gateway": {"type": "str"},
                "routes": ROUTES,
                "dns": {
                    "type": "dict",
                    "options": {
                        "nameservers": {"type": "list", "elements": "str"},
                        "domain": {"type": "str"},
                        "search": {"type": "list", "elements": "str"},
                        "options": {"type": "list", "elements": "str"},
                    },
                },
                "addresses": {
                    "type": "list",
                    "elements": "dict",
                    "options": {"address": {"type": "str", "required": True}, "gateway": {"type": "str"}},
                },
                "network_name": {"type": "str"},
                "enable_overlapping_ranges": {"type": "bool"},
                "node_slice_size": {"type": "str"},
                "leader_lease_duration": {"type": "int"},
                "leader_renew_deadline": {"type": "int"},
                "leader_retry_period": {"type": "int"},
                "log_file": {"type": "str"},
                "log_level": {"type": "str", "choices": ["debug", "verbose", "error", "panic"]},
            },
        },
        "whereabouts_version": {"type": "str", "default": "0.7.0"},
        "strict": {"type": "bool", "default": True},
        "allow_dotted_name": {"type": "bool", "default": False},
        "resource_name": {"type": "str"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "overlap_policy": {"type": "str", "choices": ["fail", "warn", "ignore"], "default": "warn"},
        "delete_policy": {"type": "str", "choices": ["refuse_if_used", "force"], "default": "refuse_if_used"},
        "state": {"type": "str", "choices": ["present", "absent", "rendered", "validated"], "default": "present"},
    },
    "mutually_exclusive": [
        *(("config", part) for part in PARTS),
        *(("ipam", part) for part in SHORT),
        ("range", "secondary_range", "ranges"),
        ("exclude", "ranges"),
    ],
    "required_by": dict.fromkeys(("subnetwork", "region", "secondary_ranges"), ("secondary_range",)),
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring an attachment into its desired state."""
    wanted = Attachment.of(params)
    if wanted.secondary_range:
        location = params["region"] or (params["gke_cluster"] or {}).get("location")
        google = access.google(params, context)
        wanted = Attachment.of(params, cidr_of(google, wanted.secondary_range, params["subnetwork"], location))
    if params["state"] in ("rendered", "validated"):
        manifest = [wanted.document()] if params["state"] == "rendered" else None
        shown = rendered(AttachmentResource.key, wanted.state(), manifest, wanted.warnings, context)
        return {**shown, "config": wanted.config, **wanted.meaning(POOLS_NAMESPACE)}
    return reconcile(AttachmentResource(cluster_access.kubernetes(params, context), wanted), context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
