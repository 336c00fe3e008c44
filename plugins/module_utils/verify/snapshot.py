# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster at one moment, as far as the checks need it; :mod:`reading` takes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..cni import ipam, netconf
from ..cni.annotations import GKE_INTERFACES, NETWORK_STATUS, NETWORKS, Interface
from ..cni.names import POOL_LABEL
from ..cni.pods import Pod, Pods
from ..cni.ranges import IPAddress, IPNetwork, parse_address, parse_cidr
from ..cni.whereabouts import Allocation, Pool, Verdict, pool_name
from ..kube.client import Object
from .inside import Inside
from .inspection import Inspection
from .installation import GcLog, Installation, time_of
from .own_pods import RUN_LABEL
from .request import Expectation, Target

NIC_INFO = "networking.gke.io/nic-info"  # GKE: [{"birthIP", "pciAddress", "birthName"}]
NODE_NETWORKS = "networking.gke.io/networks"  # GKE: [{"name", "cidrs", "scope"}], the blocks of a node
SANDBOX = "PodReadyToStartContainers"  # the condition that turns true when a pod's sandbox has its network


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
        annotations = metadata.get("annotations") or {}
        return cls(
            name=metadata["name"],
            ready=any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions),
            labels=metadata.get("labels") or {},
            nics=_nics(annotations.get(NIC_INFO)),
            alias_blocks=_blocks(annotations.get(NODE_NETWORKS)),
        )

    @property
    def pool(self) -> str:
        """Return its GKE node pool, empty if it has none."""
        return self.labels.get(POOL_LABEL, "")


@dataclass(frozen=True)
class Detail:
    """What only some checks want to know of a pod."""

    containers: tuple[str, ...] = ()  # that run
    host_ports: tuple[int, ...] = ()  # that the port mapping plugin has to serve
    asks_gke: bool = False  # for an interface of GKE's own multi-networking
    sandbox_since: datetime | None = None
    status_since: datetime | None = None  # when its network-status was written
    pod_ips: tuple[str, ...] = ()  # on the cluster's network

    @classmethod
    def of(cls, pod: Object) -> Detail:
        """Return what a pod object says."""
        metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
        return cls(
            containers=tuple(
                each["name"] for each in status.get("containerStatuses", ()) if "running" in each.get("state", {})
            ),
            # On the node's own network Kubernetes writes hostPort, too, but there nothing is mapped.
            host_ports=()
            if spec.get("hostNetwork")
            else tuple(
                port["hostPort"]
                for container in spec.get("containers", ())
                for port in container.get("ports", ())
                if port.get("hostPort")
            ),
            asks_gke=GKE_INTERFACES in (metadata.get("annotations") or {}),
            sandbox_since=next(
                (
                    time_of(condition.get("lastTransitionTime"))
                    for condition in status.get("conditions", ())
                    if condition["type"] == SANDBOX and condition["status"] == "True"
                ),
                None,
            ),
            status_since=_written(metadata, NETWORK_STATUS),
            pod_ips=tuple(str(parse_address(each["ip"])) for each in status.get("podIPs", ())),
        )

    @classmethod
    def is_wanted(cls, pod: Object) -> bool:
        """Tell whether anybody will ask for it; of all other pods nothing is kept."""
        return NETWORKS in (pod["metadata"].get("annotations") or {}) or bool(cls.of(pod).host_ports)


@dataclass(frozen=True)
class Attachment:
    """An attachment, as it is and as it is expected to be."""

    target: Target
    problem: str = ""  # why pods cannot use it; the rest is empty then
    type: str = "ipvlan"
    master: str = ""
    ranges: tuple[IPNetwork, ...] = ()  # that Whereabouts hands out
    network_name: str = ""
    ipam: str = netconf.WHEREABOUTS  # who hands out its addresses; empty: nobody
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def ref(self) -> str:
        """Return "namespace/name"."""
        return self.target.ref

    @property
    def is_verified(self) -> bool:
        """Tell whether its pods are looked at: it can be read, and is of the type that is verified."""
        return not self.problem and self.type == "ipvlan"

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

    installation: Installation
    nodes: Mapping[str, Node]
    pods: Pods
    attachments: tuple[Attachment, ...]
    pools: tuple[tuple[Pool, tuple[Verdict, ...]], ...]
    holders: Mapping[tuple[str, str], frozenset[str]]  # podrefs by (pool, address)
    namespaces: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()  # pods that must run with all their interfaces
    warnings: Mapping[str, str] = field(default_factory=dict)  # the last one, by pod that does not run
    details: Mapping[str, Detail] = field(default_factory=dict)  # by pod
    known_attachments: frozenset[str] = frozenset()  # all that there are, "namespace/name"
    taken: datetime = datetime.min  # by our clock
    node_selector: Mapping[str, str] = field(default_factory=dict)  # of nodes that carry attachments
    expectations: tuple[Expectation, ...] = ()
    unmatched: tuple[str, ...] = ()  # choices of pods that none is among
    leaked_since: Mapping[tuple[str, Allocation], datetime] = field(default_factory=dict)  # by pool; over several looks
    logs: Mapping[str, GcLog] = field(default_factory=dict)  # of garbage collectors, by pod
    inspections: Mapping[str, Inspection] = field(default_factory=dict)  # by node that was looked at
    insides: Mapping[str, Inside] = field(default_factory=dict)  # by pod that was looked into
    unreadable: Mapping[str, str] = field(default_factory=dict)  # why, by kind ("pods") that we may not list everywhere
    partial: frozenset[str] = frozenset()  # of these kinds, we could list some namespaces

    def users(self, attachment: Attachment) -> list[Pod]:
        """Return the pods that ask for an attachment and have not ended; probe pods are nobody's."""
        return [pod for pod in self.looked_at() if pod.asks_for(attachment.ref) and not pod.has_ended]

    def looked_at(self) -> list[Pod]:
        """Return the pods that are looked at, those that have ended among them."""
        return [
            pod
            for pod in self.pods.by_ref.values()
            if not pod.deleting
            and RUN_LABEL not in pod.labels
            and (not self.namespaces or pod.namespace in self.namespaces or pod.ref in self.declared)
        ]

    def detail(self, pod: Pod) -> Detail:
        """Return what is known of a pod beside its interfaces."""
        return self.details.get(pod.ref, Detail())

    def is_ready(self, node: str) -> bool:
        """Tell whether a node is there and Ready; so is each one if we may not look."""
        return node in self.nodes and self.nodes[node].ready if "nodes" not in self.unreadable else bool(node)

    def reachable(self, attachment: Attachment) -> list[tuple[Pod, str]]:
        """Return the pods that ought to answer on an attachment, each with an address; those on lost nodes cannot."""
        return [
            (pod, ip)
            for pod in self.users(attachment)
            if pod.runs and self.is_ready(pod.node)
            for interface in pod.interfaces_on(attachment.ref)
            for ip in interface.ips
        ]

    def masters(self, attachment: str) -> set[str]:
        """Return the interface of the nodes that an attachment, "namespace/name", hangs on."""
        return {each.master for each in self.attachments if each.ref == attachment and each.master}

    def mtu(self, pod: Pod, interface: Interface) -> int | None:
        """Return the MTU of a pod's interface, None if nobody looked."""
        seen = self.insides.get(pod.ref)
        return seen.mtus.get(interface.name) if seen else None

    def owner_of(self, ip: IPAddress) -> str:
        """Return the node in whose alias block an address lies, empty if it is nobody's or no node tells."""
        owners = (node.name for node in self.nodes.values() if any(ip in block for block in node.alias_blocks))
        return next(owners, "")

    def held_twice(self, attachment: Attachment) -> dict[str, list[str]]:
        """Return the addresses of an attachment's ranges that several pools hold, with who holds them where."""
        found: dict[str, list[str]] = {}
        for (pool, ip), refs in sorted(self.holders.items()):
            if any(parse_address(ip) in cidr for cidr in attachment.ranges):
                found.setdefault(ip, []).append(f"pool {pool} for {' and '.join(sorted(refs)) or 'nobody'}")
        return {ip: places for ip, places in found.items() if len(places) > 1}

    def carriers(self, attachment: Attachment, selector: Mapping[str, str]) -> list[Node]:
        """Return the nodes that carry an attachment's network: those of its node pools or with these labels, and those
        of its pods, wherever they are.
        """
        pools, used = attachment.target.node_pools, {pod.node for pod in self.users(attachment)}
        return [
            node
            for node in self.nodes.values()
            if node.name in used
            or (node.pool and node.pool in pools)
            or (selector and not pools and selector.items() <= node.labels.items())
        ]


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
    own = plugin.get("ipam")
    return Attachment(
        target=target,
        type=plugin["type"],
        master=plugin.get("master", ""),
        ranges=ranges,
        network_name=section.get("network_name") or "",
        ipam=str(own.get("type", "")) if isinstance(own, dict) else "",
        config=config,
    )


def _nics(text: str | None) -> dict[str, str]:
    """Return address by interface out of GKE's annotation; nothing if it is not there or not as expected."""
    try:
        entries: Any = json.loads(text or "[]")
        return {entry["birthName"]: entry["birthIP"] for entry in entries}
    except (ValueError, KeyError, TypeError):
        return {}


def _blocks(text: str | None) -> tuple[IPNetwork, ...]:
    """Return the blocks of addresses out of GKE's annotation; nothing if it is not there or not as expected."""
    try:
        entries: Any = json.loads(text or "[]")
        return tuple(parse_cidr(cidr) for entry in entries for cidr in entry.get("cidrs") or ())
    except (ValueError, AttributeError, TypeError):
        return ()


def _written(metadata: Mapping[str, Any], annotation: str) -> datetime | None:
    """Return when an annotation was written last, by what the API server keeps of each writer's fields."""
    times = [
        time_of(entry.get("time"))
        for entry in metadata.get("managedFields", ())
        if f"f:{annotation}" in entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {})
    ]
    return max((time for time in times if time), default=None)
