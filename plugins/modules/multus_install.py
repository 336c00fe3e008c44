#!/usr/bin/python
# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multus_install
short_description: Install Multus and Whereabouts in a GKE cluster, or remove them
version_added: 0.1.0
description:
  - Installs what GKE's guide on Multus, IPVLAN and Whereabouts installs. That is three kinds of objects (C(IPPool),
    C(OverlappingRangeIPReservation), C(NetworkAttachmentDefinition)), roles, a configuration, and a DaemonSet that puts
    both on every node.
  - What C(kubectl) made of the guide's manifest is adopted without a change.
  - An option that is not given has the guide's value in an object that is to be made. In one that is there it is
    neither compared nor changed, so what was tuned by hand stays. O(preset) is an option, too.
  - Reads each object once and writes only those that are missing or differ, in the order in which they need each
    other. Definitions come first, then roles, the configuration, the DaemonSet, and the Deployment. So a new version of
    Whereabouts finds the definitions that it needs.
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
    because Kubernetes lets nobody grant what they may not do themselves. That is everything on C(k8s.cni.cncf.io) (with
    O(rbac=least) reading only), and for Whereabouts its pools, leases, and C(get) and C(list) of pods; with
    O(layout=upstream_thin) C(watch) of pods, reading nodes and attachments, and writing events as well. On GKE,
    C(roles/container.admin) has it all.
  - Needs C(get), C(create) and C(patch) of C(serviceaccounts) in O(namespace).
  - Needs C(get), C(create) and C(patch) of C(configmaps) in O(namespace).
  - Needs C(get), C(create) and C(patch) of C(daemonsets.apps) in O(namespace).
  - Needs C(get), C(create) and C(patch) of C(deployments.apps) in O(namespace).
  - Needs C(list) of C(pods) in O(namespace), if the rollout takes too long, and with O(token_max_age).
  - Needs C(delete) of C(customresourcedefinitions.apiextensions.k8s.io) everywhere, with O(state=absent) and
    O(crds.keep_on_absent=false).
  - Needs C(delete) of C(clusterroles.rbac.authorization.k8s.io) everywhere, with O(state=absent).
  - Needs C(delete) of C(clusterrolebindings.rbac.authorization.k8s.io) everywhere, with O(state=absent).
  - Needs C(delete) of C(serviceaccounts) in O(namespace), with O(state=absent).
  - Needs C(delete) of C(configmaps) in O(namespace), with O(state=absent), and when the control loop changes its place.
  - Needs C(delete) of C(daemonsets.apps) in O(namespace), with O(state=absent), and to take away what one has left.
  - Needs C(delete) of C(deployments.apps) in O(namespace), with O(state=absent), and when the control loop changes its
    place.
  - Needs C(list) of C(pods) everywhere, with O(state=absent).
  - Needs C(list) of C(nodes) everywhere, with O(state=absent).
  - Multus's thick plugin is not supported. It has a server on every node that pods depend on; the thin one has not.
  - O(state=absent) runs a pod of Whereabouts's image on every node with Linux, also on those that never had Multus.
  - Nodes that a smaller O(node_selector) or O(node_pools) leaves out keep what was installed on them, which goes on
    working, until they are made anew or O(state=absent) cleans them.
options:
  state:
    description:
      - V(present) installs.
      - V(absent) removes. It refuses while pods ask for interfaces of Multus. Then the DaemonSet goes, files are
        removed from all nodes, and after that the roles go, so that nodes can start pods at any time. It always waits.
      - V(rendered) contacts nobody, and returns the documents as RV(manifest).
    type: str
    choices: [present, absent, rendered]
    default: present
  layout:
    description:
      - Which images there are, and how they are started.
      - V(gke) is for GKE's images, as the guide has them.
      - V(upstream_thin) is for the images of the projects themselves, with the thin plugin of Multus. Whereabouts 0.9.4
        and later frees addresses in a Deployment.
      - Without it, an installation keeps the layout it has, and a new one has V(gke).
    type: str
    choices: [gke, upstream_thin]
  preset:
    description:
      - Values for several options at once; what is given besides counts more.
      - V(guide) sets O(resources), O(init_order), O(rbac) and O(gc.placement) as in the guide.
      - V(hardened) lets C(hostPort) work (O(config.capabilities)), limits Multus's log (O(config.log_options)),
        installs binaries before the configuration that names them (O(init_order)), lets nodes read attachments only
        (O(rbac)), gives the control loop 200Mi of memory (O(resources)), and runs it once in the cluster
        (O(gc.placement)).
        Give O(node_pools) as well.
      - Without it, a new installation is as in the guide.
    type: str
    choices: [guide, hardened]
  name:
    description:
      - Name of the DaemonSet, and of the label C(app) on what belongs to it. It cannot be changed. To rename, remove
        the installation under its old name first.
    type: str
    default: gke-multinet
  namespace:
    description:
      - Where everything is that has a namespace. Whereabouts keeps its pools there, so it cannot be changed either.
      - It must exist. In others than C(kube-system), GKE may refuse pods of O(priority_class).
    type: str
    default: kube-system
  service_account:
    description: Whereabouts's service account.
    type: str
    default: whereabouts-sa
  multus_image:
    description:
      - Image of Multus. For O(layout=gke) it must contain C(/gkecmd), as GKE's images do and upstream's do not; for
        O(layout=upstream_thin) it is the other way round.
      - The default is the guide's image by its digest, or V(ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.2).
    type: str
  whereabouts_image:
    description:
      - Image of Whereabouts. For O(layout=gke) its control loop must know the flags of GKE's images.
      - The default is the guide's image by its digest, or V(ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9.4).
    type: str
  whereabouts_version:
    description: The version of Whereabouts, if the tag of its image does not tell it.
    type: str
  config:
    description:
      - The configuration of Multus.
      - Keys that a configuration in the cluster has and no option speaks of are kept.
    type: dict
    suboptions:
      network_name:
        description: Name of the CNI configuration. In the guide V(multus-cni-network).
        type: str
      conf_dir:
        description: Where Multus looks for networks that it is told the names of. In the guide V(/etc/cni/net.d).
        type: str
      conf_file:
        description:
          - Name of the file in the nodes' C(/etc/cni/net.d). In the guide V(00-multus.conf).
          - It must sort before C(10-gke-ptp.conflist), because nodes use the first file they find.
        type: str
      cluster_network:
        description:
          - Name of the CNI configuration that gives pods their first interface. In the guide V(gke-pod-network).
        type: str
      capabilities:
        description:
          - What Multus asks the container runtime to pass on, each with V(true) or V(false).
          - Without C(portMappings), C(hostPort) does not work on nodes with Multus. The guide has none.
        type: dict
      default_networks:
        description: Attachments that every pod gets, without asking for them.
        type: list
        elements: str
      namespace_isolation:
        description:
          - Whether pods may use attachments of their own namespace and of O(config.global_namespaces) only. In the
            guide V(true).
        type: bool
      global_namespaces:
        description:
          - Namespaces whose attachments pods of any namespace may use.
          - If the configuration has none, that is V(default). A list replaces this, so name V(default) in it if it is
            meant too.
        type: list
        elements: str
      system_namespaces:
        description: Namespaces whose pods do not get O(config.default_networks).
        type: list
        elements: str
      log_level:
        description: What Multus logs; V(panic), V(error), V(verbose) or V(debug). In the guide V(verbose).
        type: str
      log_file:
        description: Where Multus logs, on each node. In the guide V(/var/log/multus.log).
        type: str
      log_options:
        description: How the log is rotated. The guide leaves it to grow.
        type: dict
        suboptions:
          max_age:
            description: Days after which an old log is deleted.
            type: int
          max_size:
            description: Size in megabytes at which a log becomes an old one.
            type: int
          max_backups:
            description: How many old logs are kept.
            type: int
          compress:
            description: Whether old logs are compressed.
            type: bool
      readiness_indicator_file:
        description: A file on the node for which Multus waits, up to 45 seconds for each pod. Empty for none.
        type: str
      kubeconfig:
        description:
          - The kubeconfig on each node with which Multus asks the API server. In the guide that of the kubelet,
            V(/var/lib/kubelet/kubeconfig).
        type: str
      bin_dir:
        description: Where Multus looks for CNI plugins besides where the container runtime says.
        type: str
  cni_bin_dir:
    description: Where the nodes have their CNI plugins. In the guide V(/home/kubernetes/bin).
    type: str
  gc:
    description: Whereabouts's control loop, which frees the addresses of pods that are gone.
    type: dict
    suboptions:
      enabled:
        description: Whether there is one. In the guide V(true).
        type: bool
      placement:
        description:
          - V(daemonset) is on every node, as in the guide. All of them read all pods and pools in the same second.
          - V(deployment) is once in the cluster. Upstream's Whereabouts knows nothing else from 0.9.4 on.
        type: str
        choices: [daemonset, deployment]
      cron:
        description: When it looks, five fields. In the guide V(* * * * *), every minute.
        type: str
      pod_watch:
        description: Whether it follows pods, too. Only GKE's knows that. In the guide V(false).
        type: bool
      log_level:
        description: What it logs; V(panic), V(error), V(verbose) or V(debug). In the guide V(debug).
        type: str
  resources:
    description:
      - Requests and limits by container, in place of the guide's (50Mi to 100Mi of memory).
      - The containers are V(whereabouts-gc), V(install-multus-config), V(install-whereabouts), V(install-binary), and
        V(installed), which does nothing in place of the control loop.
      - With O(layout=upstream_thin) they are V(kube-multus), V(whereabouts), V(install-multus-binary),
        V(install-whereabouts) and V(whereabouts-gc).
    type: dict
  node_selector:
    description:
      - Labels that a node must have to get Multus.
      - They are added to what the DaemonSet asks for already. If it asks for none, that is every node.
    type: dict
  node_pools:
    description:
      - Names of the GKE node pools that get Multus, those whose nodes carry an additional network. An empty list is
        all.
    type: list
    elements: str
  tolerations:
    description: Taints of nodes that get Multus nevertheless. In the guide these are all taints.
    type: list
    elements: dict
  priority_class:
    description: Priority class of the pods. In the guide V(system-node-critical).
    type: str
  max_unavailable:
    description:
      - On how many nodes a rollout replaces pods at the same time, a number or a percentage. In the guide V(2).
    type: str
  image_pull_secrets:
    description: Names of secrets in O(namespace) with which the images are pulled.
    type: list
    elements: str
  labels:
    description: Labels of all objects, besides their own.
    type: dict
  init_order:
    description:
      - V(guide) writes the configuration before the binaries that it names; in between, the node cannot start pods.
      - V(binaries_first) does it the other way round, as O(layout=upstream_thin) always does.
    type: str
    choices: [guide, binaries_first]
  rbac:
    description:
      - V(guide) lets every node do everything with attachments.
      - V(least) lets nodes read them, and Whereabouts do no more than it asks for.
      - Without it, roles in the cluster that grant enough stay as they are.
    type: str
    choices: [guide, least]
  crds:
    description: The definitions of the three kinds of objects.
    type: dict
    suboptions:
      manage:
        description: Whether they are written. If not, those in the cluster must fit Whereabouts.
        type: bool
        default: true
      schema:
        description:
          - The schema of Whereabouts's definitions. A version with the wrong one leaks addresses, or can hand out none,
            so bad pairs are refused.
          - V(auto) takes the one that fits the version.
        type: str
        choices: [auto, "0.7", 0.8plus]
        default: auto
      keep_on_absent:
        description:
          - Whether O(state=absent) keeps them. With them go all attachments, and all that is known of addresses in use.
        type: bool
        default: true
  token_max_age:
    description:
      - Restart the pods of the DaemonSet if one of them is older, V(12h) or V(30d).
      - The token with which Whereabouts asks the API server is written to the node when the pod starts, and expires.
        After that no pod with an additional interface can start or end.
    type: str
  restart:
    description: Restart the pods of the DaemonSet in any case.
    type: bool
    default: false
  cleanup_nodes:
    description:
      - Whether O(state=absent) removes the configuration of Multus, the plugins, and what they need from all nodes, by
        a DaemonSet of the name O(name) with C(-cleanup).
      - Without that, nodes can start no pods afterwards.
    type: bool
    default: true
  force:
    description:
      - Whether O(state=absent) goes on though pods use Multus, or nodes that had it are not ready.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds, for all that is waited for together.
      - A rollout that an earlier run left unfinished is waited for too.
    type: int
    default: 300
seealso:
  - module: multinet.gke.nad
  - module: multinet.gke.multinet_verify
  - module: multinet.gke.whereabouts_pool
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

- name: Let hostPort work, limit rights, log and memory, and keep to the nodes that have the network
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c
    preset: hardened
    node_pools: [multinet]
    wait_timeout: 600

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
        requests: {cpu: 100m, memory: 300Mi}
        limits: {cpu: 100m, memory: 300Mi}
    wait_timeout: 600

- name: Renew tokens that are older than a month
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c
    token_max_age: 30d

- name: Would anything be in the way of a removal?
  multinet.gke.multus_install:
    project: test-project
    gke_cluster:
      name: edge
      location: us-central1-c
    state: absent
  check_mode: true

- name: Show the manifest with the projects' own images
  multinet.gke.multus_install:
    layout: upstream_thin
    state: rendered
  register: multus
"""

RETURN = r"""
multus:
  description: The installation, in the words of the options; V(null) after O(state=absent).
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
      description: What frees addresses of pods that are gone; if nothing does, C(placement) may be null.
      type: dict
      returned: always
      sample: {"enabled": true, "placement": "daemonset", "cron": "* * * * *", "log_level": "debug"}
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
    node_pools:
      description: GKE node pools that get Multus; empty for all.
      type: list
      elements: str
      returned: always
      sample: [multinet]
    tolerations:
      description: Taints that do not matter.
      type: list
      elements: dict
      returned: always
      sample: [{"operator": "Exists"}]
    priority_class:
      description: Priority class of the pods.
      type: str
      returned: always
      sample: system-node-critical
    max_unavailable:
      description: On how many nodes pods are replaced at the same time.
      type: str
      returned: always
      sample: "2"
    image_pull_secrets:
      description: Secrets with which images are pulled.
      type: list
      elements: str
      returned: always
      sample: []
    init_order:
      description: Whether the configuration or the binaries are installed first.
      type: str
      returned: always
      sample: guide
    rbac:
      description: Whether nodes may do everything with attachments (V(guide)), or read them (V(least)).
      type: str
      returned: always
      sample: guide
    objects:
      description:
        - The fields that changed, by object; V(present) for one that was created, V(absent) for one that was deleted.
      type: dict
      returned: when something changed
      sample: {"ConfigMap kube-system/multus-cni-config": "present"}
objects:
  description: The objects of the installation, in the order in which they are written.
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
      description: The namespace; V(null) for objects of the whole cluster.
      type: str
      returned: always
      sample: kube-system
    changed:
      description: Whether it was created or changed.
      type: bool
      returned: always
      sample: false
    diff:
      description: What changed in it, C(before) and C(after).
      type: dict
      returned: when it was changed
      sample: {"before": "absent", "after": "present"}
apply_order:
  description: The same objects as texts.
  returned: success and O(state=present)
  type: list
  elements: str
  sample: ["ServiceAccount kube-system/whereabouts-sa", "DaemonSet kube-system/gke-multinet"]
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
config_hash:
  description: SHA-256 of the configuration of Multus, as JSON with sorted keys and without spaces.
  returned: success and O(state=present) or O(state=rendered)
  type: str
  sample: 5f8c1a4d0c2b
versions:
  description: What is installed.
  returned: success and O(state=present) or O(state=rendered)
  type: dict
  contains:
    multus:
      description: Version of Multus, as its image tells it; empty if it does not.
      type: str
      returned: always
      sample: 4.2.1
    whereabouts:
      description: Version of Whereabouts; empty if nobody knows.
      type: str
      returned: always
      sample: 0.7.0
    crd_schema:
      description: Schema of Whereabouts's definitions.
      type: str
      returned: always
      sample: "0.7"
in_use_by:
  description: Pods that asked for interfaces of Multus.
  returned: success and O(state=absent)
  type: list
  elements: str
  sample: []
nodes_not_cleaned:
  description: Nodes that had Multus and were not ready, so that its files are still there.
  returned: success and O(state=absent)
  type: list
  elements: str
  sample: []
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

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, gke_options, module, options
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus import manifest
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_live import described
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_options import Wanted
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.multus import MultusResource, told
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.multus_removal import MultusRemoval
from ansible_collections.multinet.gke.plugins.module_utils.kube.rendered import rendered
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context, reconcile

SPEC: dict[str, Any] = {
    "argument_spec": {
        **options.kubernetes(),
        **options.wait(300),
        **gke_options.MULTUS,
        "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
    },
    "supports_check_mode": True,
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the installation of a cluster into its desired state."""
    wanted = Wanted.of(params)
    if params["state"] == "rendered":
        installation = wanted.installation([])
        documents = manifest(installation)
        result = rendered(MultusResource.key, described(documents), documents, wanted.warnings(installation), context)
        return {**result, **told(installation, documents)}
    kube, timeout = cluster_access.kubernetes(params, context), params["wait_timeout"]
    if params["state"] == "absent":
        removal = MultusRemoval(
            kube,
            wanted,
            cleanup_nodes=params["cleanup_nodes"],
            keep_crds=(params["crds"] or {}).get("keep_on_absent") is not False,
            force=params["force"],
            timeout=timeout,
            progress=context.progress,
        )
        return reconcile(removal, context)
    resource = MultusResource(kube, wanted, wait=params["wait"], timeout=timeout, progress=context.progress)
    return reconcile(resource, context)


def main() -> None:
    """Run as an ordinary module."""
    module.main(SPEC, run)


if __name__ == "__main__":
    main()
