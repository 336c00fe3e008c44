# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod, as far as its additional networks are concerned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .annotations import (
    DEFAULT_NETWORK,
    MULTUS_NAMESPACE,
    NETWORK_STATUS,
    NETWORKS,
    Interface,
    Selection,
    parse_interfaces,
    parse_selections,
)


@dataclass(frozen=True)
class Pod:
    """What the API says of one pod."""

    namespace: str
    name: str
    node: str = ""  # empty: not scheduled yet
    phase: str = "Running"
    deleting: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()  # what it asks for
    selections_error: str = ""  # why Multus refuses what it asks for
    interfaces: tuple[Interface, ...] | None = None  # what it got; None: nobody can tell
    status_error: str = "has no network-status"  # why nobody can tell
    waiting: str = ""  # why a container does not run: "ContainerCreating", "ErrImagePull: ..."

    @classmethod
    def of(cls, obj: dict[str, Any]) -> Pod:
        """Return what a pod object says."""
        metadata, status = obj["metadata"], obj.get("status") or {}
        selections, selections_error = _selections(metadata)
        interfaces, status_error = _interfaces(metadata)
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            node=obj["spec"].get("nodeName", ""),
            phase=status.get("phase", "Unknown"),
            deleting="deletionTimestamp" in metadata,
            labels=metadata.get("labels") or {},
            selections=selections,
            selections_error=selections_error,
            interfaces=interfaces,
            status_error=status_error,
            waiting=_waiting(status),
        )

    @property
    def ref(self) -> str:
        """Return "namespace/name", as Whereabouts refers to it."""
        return f"{self.namespace}/{self.name}"

    @property
    def runs(self) -> bool:
        """Tell whether its containers have been started."""
        return self.phase == "Running"

    @property
    def has_ended(self) -> bool:
        """Tell whether its containers have ended for good."""
        return self.phase in ("Succeeded", "Failed")

    @cached_property
    def additional_ips(self) -> frozenset[str]:
        """Return its addresses on additional networks; what is marked as default belongs to the cluster's own."""
        return frozenset(ip for interface in self.interfaces or () if not interface.default for ip in interface.ips)

    @property
    def is_plain(self) -> bool:
        """Tell whether it has the cluster's own network only, and asks for no more."""
        return (
            self.interfaces is not None
            and all(interface.default for interface in self.interfaces)
            and not (self.selections or self.selections_error)
        )

    @property
    def missing(self) -> list[str]:
        """Return the attachments that it asks for and did not get, as network-status tells."""
        got = Counter(interface.network for interface in self.interfaces or ())
        return sorted((Counter(selection.attachment for selection in self.selections) - got).elements())

    def asks_for(self, attachment: str) -> bool:
        """Tell whether it asks for an attachment, "namespace/name"."""
        return any(selection.attachment == attachment for selection in self.selections)

    def interfaces_on(self, attachment: str) -> tuple[Interface, ...]:
        """Return the interfaces that it got from an attachment."""
        return tuple(interface for interface in self.interfaces or () if interface.network == attachment)


@dataclass(frozen=True)
class Pods:
    """All pods of a cluster, by what others know of them."""

    by_ref: Mapping[str, Pod]
    by_ip: Mapping[str, tuple[str, ...]]  # pods that have not ended, by each of their additional addresses
    others: Mapping[str, bool] = field(default_factory=dict)  # pods known by name only, and whether they have no more

    @classmethod
    def of(cls, pods: Iterable[Pod], others: Mapping[str, bool] | None = None) -> Pods:
        """Return an index over pods.

        :param others: pods that are left out of it: True if their network-status tells that they have no additional
            address, False if nobody can tell.
        """
        by_ref, by_ip = {}, defaultdict(list)
        for pod in pods:
            by_ref[pod.ref] = pod
            if not pod.has_ended:
                for ip in pod.additional_ips:
                    by_ip[ip].append(pod.ref)
        return cls(by_ref, {ip: tuple(sorted(users)) for ip, users in by_ip.items()}, others or {})


def asked_for(metadata: dict[str, Any]) -> set[str]:
    """Return the attachments that a pod asks for, "namespace/name", also in place of the cluster's own network."""
    found = {selection.attachment for selection in _selections(metadata)[0]}
    text = (metadata.get("annotations") or {}).get(DEFAULT_NETWORK)
    try:
        return found | {each.attachment for each in parse_selections(text, MULTUS_NAMESPACE)} if text else found
    except ValueError:
        return found  # Multus refuses it, so the pod does not start


def _selections(metadata: dict[str, Any]) -> tuple[tuple[Selection, ...], str]:
    text = (metadata.get("annotations") or {}).get(NETWORKS)
    if not text:
        return (), ""
    try:
        return parse_selections(text, metadata["namespace"]), ""
    except ValueError as error:
        return (), str(error)


def _interfaces(metadata: dict[str, Any]) -> tuple[tuple[Interface, ...] | None, str]:
    text = (metadata.get("annotations") or {}).get(NETWORK_STATUS)
    if not text:
        return None, "has no network-status"
    try:
        return parse_interfaces(text), ""
    except ValueError as error:
        return None, f"its network-status {error}"


def _waiting(status: dict[str, Any]) -> str:
    """Return why the pod, or the first of its containers that does not run, waits."""
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            return ": ".join(text for text in (waiting.get("reason"), waiting.get("message")) if text)
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("reason", "not scheduled"))
    return ": ".join(text for text in (status.get("reason"), status.get("message")) if text)
