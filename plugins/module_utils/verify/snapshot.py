# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to look at: everything that the checks need, read once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import gke_rules
from ..cni import ipam, netconf
from ..cni.daemonset import NAME, NAMESPACE
from ..cni.pods import Pod, Pods
from ..cni.ranges import IPNetwork
from ..cni.whereabouts import Pool, Verdict, judge, pool_name
from ..kube.client import Kube, Object
from ..kube.events import last_warning
from ..kube.kinds import DAEMON_SET, IP_POOL, NAD, NODE, POD, Ref
from ..kube.rollout import Rollout
from .own_pods import RUN_LABEL
from .request import Request, Target

NIC_INFO = "networking.gke.io/nic-info"  # GKE: [{"birthIP", "pciAddress", "birthName"}]
MULTUS = Ref(DAEMON_SET, NAME, NAMESPACE)


@dataclass(frozen=True)
class Node:
    """A node, as far as its additional networks are concerned."""

    name: str
    ready: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    nics: Mapping[str, str] = field(default_factory=dict)  # address by interface, as far as the node tells
    alias_blocks: tuple[IPNetwork, ...] = ()  # of pods' addresses, as far as the node tells

    @classmethod
    def of(cls, obj: Object) -> Node:
        """Return what a node object says."""
        metadata, conditions = obj["metadata"], (obj.get("status") or {}).get("conditions", ())
        return cls(
            name=metadata["name"],
            ready=any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions),
            labels=metadata.get("labels") or {},
            nics=_nics((metadata.get("annotations") or {}).get(NIC_INFO)),
        )


@dataclass(frozen=True)
class Attachment:
    """An attachment, as it is and as it is expected to be."""

    target: Target
    problem: str = ""  # why pods cannot use it; the rest is empty then
    type: str = "ipvlan"
    master: str = ""
    ranges: tuple[IPNetwork, ...] = ()  # that Whereabouts hands out
    network_name: str = ""

    @property
    def ref(self) -> str:
        """Return "namespace/name"."""
        return self.target.ref

    def pool_of(self, cidr: IPNetwork) -> str:
        """Return the name of the pool for one of its ranges."""
        return pool_name(cidr, self.network_name)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """Return the names of all its pools."""
        return tuple(self.pool_of(cidr) for cidr in self.ranges)


@dataclass(frozen=True)
class Snapshot:
    """A cluster at one moment."""

    rollout: Rollout | None  # None: there is no DaemonSet
    nodes: Mapping[str, Node]
    pods: Pods
    attachments: tuple[Attachment, ...]
    pools: tuple[tuple[Pool, tuple[Verdict, ...]], ...]
    holders: Mapping[tuple[str, str], frozenset[str]]  # podrefs by (pool, address)
    namespaces: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()  # pods that must run with all their interfaces
    warnings: Mapping[str, str] = field(default_factory=dict)  # the last one, by declared pod that does not run

    def users(self, attachment: Attachment) -> list[Pod]:
        """Return the pods that ask for an attachment and have not ended; probe pods are nobody's."""
        return [
            pod
            for pod in self.pods.by_ref.values()
            if pod.asks_for(attachment.ref)
            and not (pod.has_ended or pod.deleting or RUN_LABEL in pod.labels)
            and (not self.namespaces or pod.namespace in self.namespaces)
        ]

    def reachable(self, attachment: Attachment) -> list[tuple[Pod, str]]:
        """Return the pods that ought to answer on an attachment, each with an address; those on lost nodes cannot."""
        return [
            (pod, ip)
            for pod in self.users(attachment)
            if pod.runs and pod.node in self.nodes and self.nodes[pod.node].ready
            for interface in pod.interfaces_on(attachment.ref)
            for ip in interface.ips
        ]

    def carriers(self, attachment: Attachment, selector: Mapping[str, str]) -> list[Node]:
        """Return the nodes that carry an attachment's network: those of its node pools or with these labels, and those
        of its pods, wherever they are.
        """
        pools, used = attachment.target.node_pools, {pod.node for pod in self.users(attachment)}
        return [
            node
            for node in self.nodes.values()
            if node.name in used
            or node.labels.get(gke_rules.POOL_LABEL) in pools
            or (selector and not pools and selector.items() <= node.labels.items())
        ]


def take(kube: Kube, request: Request) -> Snapshot:
    """Read a cluster: five lists and an object, and what is said of declared pods that do not run."""
    daemonset = kube.get(MULTUS)
    nodes = {node.name: node for node in map(Node.of, kube.list(NODE))}
    nads = {f"{nad['metadata']['namespace']}/{nad['metadata']['name']}": nad for nad in kube.list(NAD)}
    # Before the pods, so that no new pod's allocation looks like an orphan ...
    before = [Pool.of(obj) for obj in kube.list(IP_POOL)]
    pods = Pods.of(Pod.of(obj) for obj in kube.list(POD))
    # ... and after them, so that no new pod lacks its allocation.
    after = [Pool.of(obj) for obj in kube.list(IP_POOL)]
    not_running = [pods.by_ref[ref] for ref in request.pods if ref in pods.by_ref and not pods.by_ref[ref].runs]
    targets = _used(nads, pods) if request.targets is None else request.targets
    return Snapshot(
        rollout=Rollout.of(daemonset) if daemonset else None,
        nodes=nodes,
        pods=pods,
        attachments=tuple(read_attachment(target, nads.get(target.ref)) for target in targets),
        pools=tuple((pool, judge(pool, pods)) for pool in before),
        holders=_holders((*before, *after)),
        namespaces=request.namespaces,
        declared=request.pods,
        warnings={pod.ref: last_warning(kube, Ref(POD, pod.name, pod.namespace)) for pod in not_running},
    )


def read_attachment(target: Target, nad: Object | None) -> Attachment:
    """Return what a NetworkAttachmentDefinition says, or what is wrong with it."""
    if nad is None:
        return Attachment(target, problem="there is no such NetworkAttachmentDefinition")
    try:
        config = netconf.parse((nad.get("spec") or {}).get("config", ""))
        section = netconf.ipam_of(config)
        ranges = tuple(each.network for each in ipam.ranges_of(section)) if section else ()
    except ValueError as error:
        return Attachment(target, problem=f"its configuration cannot be used: {error}")
    plugin = netconf.plugins_of(config)[0]
    return Attachment(
        target=target,
        type=plugin["type"],
        master=plugin.get("master", ""),
        ranges=ranges,
        network_name=section.get("network_name") or "",
    )


def _used(nads: Mapping[str, Object], pods: Pods) -> list[Target]:
    """Return the IPVLAN attachments that pods use, and those that pods use and that cannot be read."""
    used = {s.attachment for pod in pods.by_ref.values() if RUN_LABEL not in pod.labels for s in pod.selections}
    targets = [
        Target(nad["metadata"]["name"], nad["metadata"]["namespace"]) for ref, nad in nads.items() if ref in used
    ]
    read = [read_attachment(target, nads[target.ref]) for target in targets]
    return [attachment.target for attachment in read if attachment.problem or attachment.type == "ipvlan"]


def _holders(pools: Iterable[Pool]) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for pool in pools:
        for allocation in pool.allocations:
            if allocation.address is not None and pool.namespace == NAMESPACE:
                place = (pool.name, allocation.ip)
                found[place] = found.get(place, frozenset()) | {allocation.podref}
    return found


def _nics(text: str | None) -> dict[str, str]:
    """Return address by interface out of GKE's annotation; nothing if it is not there or not as expected."""
    try:
        entries: Any = json.loads(text or "[]")
        return {entry["birthName"]: entry["birthIP"] for entry in entries}
    except (ValueError, KeyError, TypeError):
        return {}
