# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of nodes: that they are there, carry the network, and have Multus as their CNI plugin."""

from __future__ import annotations

from collections.abc import Iterator

from ...cni.multus.multusconf import CONF_DIR
from ...cni.texts import some
from ..inspection import Inspection
from ..result import Result, settled
from ..snapshot import Attachment, Node, Snapshot

PORT_MAPPINGS = "portMappings"


def node_ready(snapshot: Snapshot) -> Iterator[Result]:
    """The nodes that carry attachments are Ready; of pods on a lost one nobody can tell whether they run."""
    carriers = {
        node.name: node
        for attachment in snapshot.attachments
        for node in snapshot.carriers(attachment, snapshot.node_selector)
    }
    findings = []
    for name, node in sorted(carriers.items()):
        if not node.ready:
            lost = sorted({p.ref for each in snapshot.attachments for p in snapshot.users(each) if p.node == name})
            text = f"node {name} is not Ready, so nothing was sent to or from it (pods there: {some(lost) or 'none'})"
            remedy = f"kubectl describe node {name}; if it is lost, delete it and its pods, so that new ones are made"
            data = {"node": name, "pods": lost}
            findings.append(Result("node_ready", "fail" if lost else "warn", name, text, remedy, data))
    yield from settled("node_ready", "all nodes", f"{len(carriers)} nodes carry attachments, all are Ready", findings)


def node_has_master(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Each node that carries the attachment has the interface that its pods' interfaces hang on."""
    master = attachment.master
    known, findings = 0, []
    for node in snapshot.carriers(attachment, snapshot.node_selector):
        have = interfaces_of(snapshot, node)
        known += bool(have)
        if have and master not in have:
            text = f"node {node.name} has no {master} (pool {node.pool or 'none'})"
            remedy = (
                f"move the pods to nodes that carry the network of {attachment.ref} (multinet_pod: node_selector), or "
                "make a node pool with it (gke_multinet_nodepool: additional_node_networks)"
            )
            data = {"node": node.name, "pool": node.pool, "interfaces": sorted(have)}
            findings.append(Result("node_has_master", "fail", attachment.ref, text, remedy, data))
    if not known:
        text = f"no node tells its interfaces (annotation networking.gke.io/nic-info); {master} was not looked for"
        yield Result("node_has_master", "skip", attachment.ref, text, "inspect_nodes looks at the nodes themselves")
        return
    yield from settled("node_has_master", attachment.ref, f"{known} nodes have {master}", findings)


def interfaces_of(snapshot: Snapshot, node: Node) -> frozenset[str]:
    """Return the interfaces that a node has, as it was seen or as it tells; empty if nobody knows."""
    seen = snapshot.inspections.get(node.name)
    return frozenset(seen.interfaces if seen and seen.interfaces else node.nics)


def misplaced(snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Pods that ask for the attachment are on nodes of the pools that carry its network."""
    pools = attachment.target.node_pools
    if not pools:
        text = "its node_pools were not named, so nobody can tell which nodes carry its network"
        yield Result("misplaced", "skip", attachment.ref, text, "name its node_pools")
        return
    findings = []
    for pod in snapshot.users(attachment):
        node = snapshot.nodes.get(pod.node)
        if node and node.pool not in pools:
            text = (
                f"asks for {attachment.ref} on node {node.name} of pool {node.pool or 'none'}; "
                f"only {some(pools)} carry its network"
            )
            remedy = (
                "give it a node selector (cloud.google.com/gke-nodepool); nothing in a Multus annotation asks for one"
            )
            findings.append(Result("misplaced", "fail", pod.ref, text, remedy, {"node": node.name, "pool": node.pool}))
    yield from settled("misplaced", attachment.ref, f"all its pods are on nodes of {some(pools)}", findings)


def hostport(snapshot: Snapshot) -> Iterator[Result]:
    """No pod has a hostPort on a node whose Multus does not pass it on to the plugin that serves it."""
    config = snapshot.installation.config
    if config is None:
        yield Result("hostport", "skip", snapshot.installation.ref, "Multus' configuration cannot be read")
        return
    findings = []
    if not (config.capabilities or {}).get(PORT_MAPPINGS):
        nodes = {container.node for container in snapshot.installation.containers}
        remedy = "multus_install, config.capabilities {portMappings: true}; then make the pod again"
        for pod in snapshot.looked_at():
            ports = snapshot.detail(pod).host_ports
            if ports and pod.node in nodes and not pod.has_ended:
                text = (
                    f"hostPort {some(map(str, ports))} probably refuses connections on node {pod.node}: Multus' "
                    "configuration has no capability portMappings"
                )
                data = {"node": pod.node, "ports": list(ports)}
                findings.append(Result("hostport", "warn", pod.ref, text, remedy, data))
    yield from settled("hostport", snapshot.installation.ref, "no pod's hostPort is lost to Multus", findings)


def config_first_file(snapshot: Snapshot) -> Iterator[Result]:
    """The container runtime of each node finds Multus' configuration first."""
    for node, seen in _seen(snapshot):
        first = seen.conf_files[0] if seen.conf_files else ""
        data = {"node": node, "files": list(seen.conf_files)}
        if first and first in seen.multus_files:
            yield Result("config_first_file", "pass", node, f"{CONF_DIR}/{first} of Multus comes first", data=data)
            continue
        taken = [name for name in seen.all_files if name.endswith(".cilium_bak")]
        found = f"the first file in {CONF_DIR} is {first}" if first else f"there is no configuration in {CONF_DIR}"
        text = f"{found}: Multus is not the CNI plugin of node {node}" + (
            f"; Cilium has renamed {some(taken)}" if taken else ""
        )
        remedy = (
            "stop Cilium from taking it (cni.exclusive=false), then restart Multus' pod on the node"
            if taken
            else "remove what comes first, or restart Multus' pod on the node; then make its pods again"
        )
        yield Result("config_first_file", "fail", node, text, remedy, data)


def cluster_network_file(snapshot: Snapshot) -> Iterator[Result]:
    """Each node has the configuration of the cluster's own network, under the name by which Multus looks for it."""
    name = snapshot.installation.cluster_network
    for node, seen in _seen(snapshot):
        data = {"node": node, "files": list(seen.network_files)}
        if seen.network_files:
            text = f"{CONF_DIR}/{seen.network_files[0]} holds {name}"
            yield Result("cluster_network_file", "pass", node, text, data=data)
        else:
            text = f"no file in {CONF_DIR} holds {name}, the cluster's own network: no pod can start on node {node}"
            remedy = (
                "look at the node's own CNI plugin (netd writes it), and at config.cluster_network of multus_install"
            )
            yield Result("cluster_network_file", "fail", node, text, remedy, data)


def ipvlan_binary(snapshot: Snapshot) -> Iterator[Result]:
    """Each node has the programs that its pods' interfaces need."""
    for node, seen in _seen(snapshot):
        data = {"node": node, "missing": list(seen.missing_binaries)}
        if not seen.missing_binaries:
            yield Result("ipvlan_binary", "pass", node, "ipvlan, multus and whereabouts are installed", data=data)
            continue
        text = f"{some(seen.missing_binaries)} is not in the directory of CNI plugins of node {node}"
        remedy = "ipvlan comes with the node's image; multus and whereabouts with their pod: restart it on the node"
        yield Result("ipvlan_binary", "fail", node, text, remedy, data)


def _seen(snapshot: Snapshot) -> Iterator[tuple[str, Inspection]]:
    """Yield the nodes that were looked at."""
    yield from sorted((node, seen) for node, seen in snapshot.inspections.items() if not seen.problem)
