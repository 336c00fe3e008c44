#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multus_install
short_description: Install Multus and Whereabouts in a GKE cluster
version_added: 0.1.0
description:
  - Installs what GKE's guide on Multus, IPVLAN and Whereabouts installs. That is three kinds of objects (C(IPPool),
    C(OverlappingRangeIPReservation), C(NetworkAttachmentDefinition)), roles, a configuration, and a DaemonSet that puts
    both on every node. What has a namespace is in C(kube-system), as in the guide; Whereabouts keeps its pools there.
  - The defaults are the guide's values. What C(kubectl) made of the guide's manifest is adopted without a change.
  - Reads each of the ten objects once and writes only those that are missing or differ. Fields that no option speaks
    of are left as they are.
  - A new configuration restarts the pods of the DaemonSet, because they read it only when they start. Running pods of
    the cluster do not notice that.
author:
  - multinet.gke contributors (@multinet-gke)
extends_documentation_fragment:
  - multinet.gke.google
  - multinet.gke.kubernetes
  - multinet.gke.wait
  - multinet.gke.attributes
notes:
  - Needs C(get), C(create) and C(patch) of C(customresourcedefinitions.apiextensions.k8s.io) everywhere.
  - Needs C(get), C(create) and C(patch) of C(clusterroles.rbac.authorization.k8s.io) everywhere.
  - Needs C(get), C(create) and C(patch) of C(clusterrolebindings.rbac.authorization.k8s.io) everywhere.
  - Needs C(escalate) and C(bind) of C(clusterroles.rbac.authorization.k8s.io) everywhere, or all that the roles grant,
    because Kubernetes lets nobody grant what they may not do themselves. That is everything on C(k8s.cni.cncf.io), and
    for Whereabouts its pools, leases, and C(get) and C(list) of pods. On GKE, C(roles/container.admin) has it all.
  - Needs C(get), C(create) and C(patch) of C(serviceaccounts) in C(kube-system).
  - Needs C(get), C(create) and C(patch) of C(configmaps) in C(kube-system).
  - Needs C(get), C(create) and C(patch) of C(daemonsets.apps) in C(kube-system).
  - Needs C(list) of C(pods) in C(kube-system), if the rollout takes too long.
options:
  multus_image:
    description: Image of Multus. It must contain C(/gkecmd), as GKE's images do and upstream's do not.
    type: str
    default: "gcr.io/gke-release/multus-cni:v4.2.1-gke.6\
      @sha256:25b48b8dbbf6c78a10452836f52dee456514783565b70633a168a39e6d322310"
  whereabouts_image:
    description: Image of Whereabouts. Its control loop must know the flags of GKE's images.
    type: str
    default: "gcr.io/gke-release/whereabouts:v0.7.0-gke.3\
      @sha256:2bb8450a99d86c73b262f5ccd8c433d3e3abf17d36ee5c3bf1056a1fe479e8c2"
  config:
    description:
      - The configuration of Multus.
      - Keys that a configuration in the cluster has and no option speaks of are kept.
    type: dict
    default: {}
    suboptions:
      network_name:
        description: Name of the CNI configuration.
        type: str
        default: multus-cni-network
      conf_file:
        description:
          - Name of the file in the nodes' C(/etc/cni/net.d).
          - It must sort before C(10-gke-ptp.conflist), because nodes use the first file they find.
        type: str
        default: 00-multus.conf
      cluster_network:
        description: Name of the CNI configuration that gives pods their first interface.
        type: str
        default: gke-pod-network
      namespace_isolation:
        description: Whether pods may use attachments of their own namespace and of O(config.global_namespaces) only.
        type: bool
        default: true
      global_namespaces:
        description:
          - Namespaces whose attachments pods of any namespace may use.
          - If not set, that is V(default). A list replaces this, so name V(default) in it if it is meant too.
        type: list
        elements: str
      log_level:
        description: What Multus logs.
        type: str
        choices: [panic, error, verbose, debug]
        default: verbose
      log_file:
        description: Where Multus logs, on each node. It is not rotated.
        type: str
        default: /var/log/multus.log
      kubeconfig:
        description: The kubeconfig on each node with which Multus asks the API server; that of the kubelet.
        type: str
        default: /var/lib/kubelet/kubeconfig
      capabilities:
        description:
          - What Multus asks the container runtime to pass on, each with V(true) or V(false).
          - Without C(portMappings), C(hostPort) may not work on nodes with Multus.
        type: dict
  cni_bin_dir:
    description: Where the nodes have their CNI plugins.
    type: str
    default: /home/kubernetes/bin
  gc:
    description: Whereabouts's control loop, which frees the addresses of pods that are gone.
    type: dict
    default: {}
    suboptions:
      cron:
        description: When it looks, on every node.
        type: str
        default: "* * * * *"
      log_level:
        description: What it logs.
        type: str
        choices: [panic, error, verbose, debug]
        default: debug
  resources:
    description:
      - Requests and limits by container, in place of the guide's (50Mi to 100Mi of memory).
      - The containers are V(whereabouts-gc), V(install-multus-config), V(install-whereabouts) and V(install-binary).
    type: dict
  node_selector:
    description:
      - Labels that a node must have to get Multus.
      - They are added to what the DaemonSet asks for already. If not set, and it asks for none, that is every node.
    type: dict
  tolerations:
    description: Taints of nodes that get Multus nevertheless.
    type: list
    elements: dict
    default: [{operator: Exists}]
  max_unavailable:
    description: On how many nodes a rollout replaces pods at the same time, a number or a percentage.
    type: str
    default: "2"
  state:
    description:
      - V(present) installs.
      - V(rendered) contacts nobody, and returns the documents as RV(manifest).
    type: str
    choices: [present, rendered]
    default: present
  wait_timeout:
    description:
      - How long to wait, in seconds, for the definitions and the rollout together.
      - A rollout that an earlier run left unfinished is waited for too.
    type: int
    default: 300
seealso:
  - module: multinet.gke.nad
  - module: multinet.gke.multinet_verify
"""

EXAMPLES = r"""
- name: Install Multus and Whereabouts as the guide does
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c

- name: Start the rollout, and go on while it runs
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c
    wait: false
  register: multus

- name: Let pods of all namespaces use the attachments of netops, and give the control loop more memory
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c
    config:
      global_namespaces: [default, netops]
    resources:
      whereabouts-gc:
        requests: {cpu: 100m, memory: 200Mi}
        limits: {cpu: 100m, memory: 200Mi}
    wait_timeout: 600

- name: Show the manifest
  multinet.gke.multus_install:
    state: rendered
  register: multus
"""

RETURN = r"""
multus:
  description: The installation, in the words of the options.
  returned: success
  type: dict
  contains:
    multus_image:
      description: Image of Multus.
      type: str
      returned: always
      sample: gcr.io/gke-release/multus-cni:v4.2.1-gke.6
    whereabouts_image:
      description: Image of Whereabouts.
      type: str
      returned: always
      sample: gcr.io/gke-release/whereabouts:v0.7.0-gke.3
    config:
      description: The configuration of Multus.
      type: dict
      returned: always
      sample: {"conf_file": "00-multus.conf", "cluster_network": "gke-pod-network", "namespace_isolation": true}
    cni_bin_dir:
      description: Where the nodes have their CNI plugins.
      type: str
      returned: always
      sample: /home/kubernetes/bin
    gc:
      description: The control loop.
      type: dict
      returned: always
      sample: {"cron": "* * * * *", "log_level": "debug"}
    resources:
      description: Requests and limits by container.
      type: dict
      returned: always
      sample: {"install-binary": {"limits": {"cpu": "10m", "memory": "100Mi"}}}
    node_selector:
      description: Labels of the nodes that get Multus.
      type: dict
      returned: always
      sample: {}
    tolerations:
      description: Taints that do not matter.
      type: list
      elements: dict
      returned: always
      sample: [{"operator": "Exists"}]
    max_unavailable:
      description: On how many nodes pods are replaced at the same time.
      type: raw
      returned: always
      sample: 2
    objects:
      description: The fields that changed, by object; V(present) for an object that was created.
      type: dict
      returned: when something changed
      sample: {"ConfigMap kube-system/multus-cni-config": "present"}
objects:
  description: The objects of the installation.
  returned: success and O(state=present)
  type: list
  elements: dict
  contains:
    kind:
      description: The kind.
      type: str
      returned: always
      sample: DaemonSet
    name:
      description: The name.
      type: str
      returned: always
      sample: gke-multinet
    namespace:
      description: The namespace; empty for objects of the whole cluster.
      type: str
      returned: always
      sample: kube-system
    changed:
      description: Whether it was created or changed.
      type: bool
      returned: always
      sample: false
daemonset:
  description: How many pods there should be, how many are ready, and how many are of the latest template.
  returned: success and O(state=present)
  type: dict
  contains:
    desired:
      description: Nodes that should have a pod.
      type: int
      returned: always
      sample: 3
    ready:
      description: Pods that are ready.
      type: int
      returned: always
      sample: 3
    updated:
      description: Pods of the latest template.
      type: int
      returned: always
      sample: 3
pending:
  description: Whether the rollout is still going on; only with O(wait=false) or in check mode.
  returned: success and O(state=present)
  type: bool
  sample: false
manifest:
  description: The documents, in the guide's order.
  returned: success and O(state=rendered)
  type: list
  elements: dict
  sample: [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "whereabouts-sa"}}]
actions:
  description:
    - What was done, or in check mode would be done, in this order.
    - On failure, what was done or started beside what failed, if there is any.
  returned: success, or on failure if something was changed
  type: list
  elements: str
  sample: ["create DaemonSet kube-system/gke-multinet"]
"""

from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils import access, module, options
from ansible_collections.multinet.gke.plugins.module_utils.cni import multus
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus_options import installation
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus import MultusResource
from ansible_collections.multinet.gke.plugins.module_utils.kube.rendered import rendered
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

LOG_LEVELS = ["panic", "error", "verbose", "debug"]

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        **options.wait(300),
        "multus_image": {"type": "str", "default": multus.MULTUS_IMAGE},
        "whereabouts_image": {"type": "str", "default": multus.WHEREABOUTS_IMAGE},
        "config": {
            "type": "dict",
            "default": {},
            "options": {
                "network_name": {"type": "str", "default": "multus-cni-network"},
                "conf_file": {"type": "str", "default": "00-multus.conf"},
                "cluster_network": {"type": "str", "default": "gke-pod-network"},
                "namespace_isolation": {"type": "bool", "default": True},
                "global_namespaces": {"type": "list", "elements": "str"},
                "log_level": {"type": "str", "choices": LOG_LEVELS, "default": "verbose"},
                "log_file": {"type": "str", "default": "/var/log/multus.log"},
                "kubeconfig": {"type": "str", "default": "/var/lib/kubelet/kubeconfig"},
                "capabilities": {"type": "dict"},
            },
        },
        "cni_bin_dir": {"type": "str", "default": multus.CNI_BIN_DIR},
        "gc": {
            "type": "dict",
            "default": {},
            "options": {
                "cron": {"type": "str", "default": "* * * * *"},
                "log_level": {"type": "str", "choices": LOG_LEVELS, "default": "debug"},
            },
        },
        "resources": {"type": "dict"},
        "node_selector": {"type": "dict"},
        "tolerations": {"type": "list", "elements": "dict", "default": [{"operator": "Exists"}]},
        "max_unavailable": {"type": "str", "default": "2"},
        "state": {"type": "str", "choices": ["present", "rendered"], "default": "present"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the installation of a cluster into its desired state."""
    wanted = installation(params)
    if params["state"] == "rendered":
        documents = multus.manifest(wanted)
        return rendered(MultusResource.key, multus.described(documents), documents, wanted.warnings, context)
    resource = MultusResource(
        access.kubernetes(params, context),
        wanted,
        wait=params["wait"],
        timeout=params["wait_timeout"],
        progress=context.progress,
    )
    return reconcile(resource, context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
