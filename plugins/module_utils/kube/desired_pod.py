# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod as it should be, out of the options; and what is there, in the words of the options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..cni.annotations import (
    GKE_INTERFACES,
    NETWORKS,
    Selection,
    conflicts,
    parse_selections,
    render_selections,
    selection_of,
)
from ..cni.names import POOL_LABEL
from ..cni.pods import Pod
from ..cni.texts import LONGEST_SUBDOMAIN, is_object_name, texts
from ..errors import Problems
from ..reconcile import State
from .client import Object
from .kinds import POD, Ref
from .objects import drift

CONTAINER = "main"
GRACE_SECONDS = 1
PORTS = range(1, 65536)

# Once the pod has been made.
_FIXED = (*("command", "args", "attachments", "node_selector", "node_pools", "node_name", "ports", "security_context"),)


@dataclass(frozen=True)
class DesiredPod:
    """A pod as it should be; None: not said, so neither compared nor sent."""

    name: str
    namespace: str
    present: bool = True
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    attachments: tuple[Selection, ...] | None = None
    node_selector: dict[str, str] | None = None
    node_pools: list[str] | None = None
    node_name: str | None = None
    ports: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    replace: bool = False

    @classmethod
    def of(cls, params: dict[str, Any]) -> DesiredPod:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        if not is_object_name(params["name"]):
            says = f"is no name for a pod: a-z, 0-9, - and ., at most {LONGEST_SUBDOMAIN} characters"
            problems.add("name", params["name"], says)
        annotations = texts(params["annotations"])
        attachments = _attachments(problems, params["attachments"], annotations, params["namespace"])
        if attachments and GKE_INTERFACES in (annotations or {}):
            problems.add(
                f"annotations.{GKE_INTERFACES}",
                (annotations or {})[GKE_INTERFACES],
                "cannot be combined with attachments: GKE's own multi-networking and Multus exclude each other",
            )
        _check_placement(problems, params)
        ports = _ports(problems, params["ports"])
        problems.raise_if_any()
        if annotations is not None:
            annotations.pop(NETWORKS, None)
        return cls(
            name=params["name"],
            namespace=params["namespace"],
            present=params["state"] == "present",
            image=params["image"],
            command=params["command"],
            args=params["args"],
            attachments=attachments,
            node_selector=texts(params["node_selector"]),
            node_pools=None if params["node_pools"] is None else sorted(set(params["node_pools"])),
            node_name=params["node_name"],
            ports=ports,
            security_context=params["security_context"],
            labels=texts(params["labels"]),
            annotations=annotations,
            replace=params["replace"],
        )

    @property
    def ref(self) -> Ref:
        """Return the reference of the pod."""
        return Ref(POD, self.name, self.namespace)

    @property
    def state(self) -> State:
        """Return it in the words of the module's options, without those that were not given."""
        given = {
            "name": self.name,
            "namespace": self.namespace,
            "image": self.image,
            "command": self.command,
            "args": self.args,
            "attachments": _rows(self.attachments) if self.attachments is not None else None,
            "node_selector": self.node_selector,
            "node_pools": self.node_pools,
            "node_name": self.node_name,
            "ports": self.ports,
            "security_context": self.security_context,
            "labels": self.labels,
            "annotations": self.annotations,
        }
        return {option: value for option, value in given.items() if value is not None}

    def manifest(self) -> Object:
        """Return the object to create."""
        annotations = dict(self.annotations or {})
        if self.attachments:
            annotations[NETWORKS] = render_selections(self.attachments)
        metadata = {"name": self.name, "namespace": self.namespace, "labels": self.labels, "annotations": annotations}
        container = {
            "name": CONTAINER,
            "image": self.image,
            "command": self.command,
            "args": self.args,
            "ports": [{_PORT_KEYS[option]: value for option, value in port.items()} for port in self.ports or ()],
            "securityContext": self.security_context,
        }
        spec = {
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "nodeSelector": self.node_selector,
            "affinity": _affinity(self.node_pools) if self.node_pools else None,
            "nodeName": self.node_name,
            "containers": [_without_empty(container)],
        }
        return {
            "apiVersion": POD.api_version,
            "kind": POD.kind,
            "metadata": _without_empty(metadata),
            "spec": _without_empty(spec),
        }

    def state_of(self, observed: Object) -> State:
        """Return a pod that is there in the words of the options, as far as they were given."""
        metadata, spec = observed["metadata"], observed["spec"]
        container, pod = spec["containers"][0], Pod.of(observed)
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        found = {
            "name": self.name,
            "namespace": self.namespace,
            "image": container["image"],
            "command": container.get("command") or [],
            "args": container.get("args") or [],
            "attachments": annotations[NETWORKS] if pod.selections_error else _rows(pod.selections),
            "node_selector": spec.get("nodeSelector") or {},
            "node_pools": self._allowed_pools(spec, pod),
            "node_name": spec.get("nodeName", ""),
            "ports": [_port_of(port) for port in container.get("ports") or ()],
            "security_context": _context_of(container, self.security_context),
            "labels": {key: labels[key] for key in self.labels or () if key in labels},
            "annotations": {key: annotations[key] for key in self.annotations or () if key in annotations},
        }
        return {option: value for option, value in found.items() if option in self.state}

    def _allowed_pools(self, spec: Mapping[str, Any], pod: Pod) -> list[str]:
        """Return the pools of a pod that is there; as they are wanted, if it keeps to some of these.

        The guide's pod names no pool. A pod never moves, so if that one has all its interfaces, it is on a node that
        carries its networks, which is what the pools are named for.
        """
        found, wanted = _pools_of(spec), self.node_pools
        fits = set(found) <= set(wanted or ()) if found else pod.runs and pod.selections and not pod.missing
        return wanted if wanted is not None and fits else found

    def needs_new(self, observed: Object) -> Iterator[str]:
        """Yield the reasons why only another pod can be as it should be."""
        before, after = self.state_of(observed), self.state
        for option in _FIXED:
            if option in before and before[option] != after[option]:
                yield f"{option} is {_shown(before[option])}, not {_shown(after[option])}"
        pod = Pod.of(observed)
        if pod.has_ended:
            yield f"it has ended ({pod.phase}{': ' if pod.waiting else ''}{pod.waiting})"
        elif pod.runs and pod.missing:
            yield f"it runs without {', '.join(pod.missing)} (Multus was not there when it started)"


def _attachments(
    problems: Problems, given: list[Any] | None, annotations: Mapping[str, str] | None, namespace: str
) -> tuple[Selection, ...] | None:
    """Return what the option ``attachments`` says, or the annotation that was given in its place."""
    text = (annotations or {}).get(NETWORKS)
    found: list[Selection] = []
    if given is not None and text is not None:
        problems.add(f"annotations.{NETWORKS}", text, "is made of attachments; give one of the two")
    elif text is not None:
        try:
            found = list(parse_selections(text, namespace))
        except ValueError as error:
            problems.add(f"annotations.{NETWORKS}", text, str(error))
    for index, item in enumerate(given or ()):
        try:
            found.append(selection_of(item, namespace))
        except ValueError as error:
            problems.add(f"attachments[{index}]", item, str(error))
    for conflict in conflicts(found):
        problems.add("attachments" if text is None else f"annotations.{NETWORKS}", None, conflict)
    return None if given is None and text is None else tuple(found)


def _check_placement(problems: Problems, params: Mapping[str, Any]) -> None:
    pools = params["node_pools"]
    if pools is not None and not all(pools):
        problems.add("node_pools", pools, "has an empty name")
    if pools is not None and POOL_LABEL in (params["node_selector"] or {}):
        problems.add(f"node_selector.{POOL_LABEL}", params["node_selector"][POOL_LABEL], "is said by node_pools, too")


_PORT_KEYS = {"container_port": "containerPort", "host_port": "hostPort", "protocol": "protocol", "name": "name"}


def _ports(problems: Problems, given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Return the option ``ports`` without what was not given in it."""
    if given is None:
        return None
    for index, port in enumerate(given):
        for option in ("container_port", "host_port"):
            if port[option] is not None and port[option] not in PORTS:
                problems.add(f"ports[{index}].{option}", port[option], f"must be between {PORTS[0]} and {PORTS[-1]}")
    return [{option: value for option, value in port.items() if value is not None} for port in given]


def _port_of(live: Mapping[str, Any]) -> dict[str, Any]:
    return {option: live[key] for option, key in _PORT_KEYS.items() if live.get(key)}


def _context_of(container: Mapping[str, Any], wanted: dict[str, Any] | None) -> dict[str, Any]:
    """Return a container's security context; as it is wanted, if all of that is there beside what else may be."""
    live: dict[str, Any] = container.get("securityContext") or {}
    return wanted if wanted is not None and not drift(wanted, live) else live


def _affinity(pools: list[str]) -> Object:
    """Return what makes the scheduler choose a node of certain pools; a selector can only name one."""
    terms = [{"matchExpressions": [{"key": POOL_LABEL, "operator": "In", "values": pools}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _pools_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the pools whose nodes a pod may run on, said by a selector or by an affinity; empty: it does not say."""
    selector = spec.get("nodeSelector") or {}
    if POOL_LABEL in selector:
        return [selector[POOL_LABEL]]
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (node.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    expressions = [each for term in terms for each in term.get("matchExpressions") or ()]
    pools = [each["values"] for each in expressions if (each["key"], each["operator"]) == (POOL_LABEL, "In")]
    return sorted(pools[0]) if len(terms) == len(pools) == 1 else []


def _rows(selections: Iterable[Selection]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "namespace": each.namespace,
            "interface": each.interface,
            **{option: value for option, value in each.options.items() if option != "interfaceRequest"},
        }
        for each in selections
    ]


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "", {}, [])}


def _shown(value: Any) -> str:
    """Return an option's value for people; attachments as in the annotation."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "interface" in value[0]:
        return render_selections(selection_of(row, "") for row in value)
    return repr(value)
