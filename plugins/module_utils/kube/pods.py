# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bare pod with additional interfaces: a sample or a canary, not a workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..cni.annotations import NETWORKS, Selection, parse_selection, render_selections
from ..cni.pods import Pod
from ..cni.texts import LONGEST_SUBDOMAIN, is_object_name, texts
from ..errors import Problems, Refused, TimedOut
from ..reconcile import Change, Plan, State
from ..waiting import Deadline, poll
from .client import JSON, Kube, Object
from .events import last_warning
from .kinds import POD, Ref

CONTAINER = "main"
GRACE_SECONDS = 1
GKE_INTERFACES = "networking.gke.io/interfaces"  # GKE's own multi-networking; a pod has one or the other

_FIXED = ("command", "args", "attachments", "node_selector", "node_name")  # once the pod has been made


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
    node_name: str | None = None
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
        attachments = _attachments(problems, params["attachments"], params["namespace"])
        annotations = params["annotations"] or {}
        if NETWORKS in annotations:
            problems.add(f"annotations.{NETWORKS}", annotations[NETWORKS], "is made of attachments; set that option")
        if attachments and GKE_INTERFACES in annotations:
            problems.add(
                f"annotations.{GKE_INTERFACES}",
                annotations[GKE_INTERFACES],
                "cannot be combined with attachments: GKE's own multi-networking and Multus exclude each other",
            )
        problems.raise_if_any()
        return cls(
            name=params["name"],
            namespace=params["namespace"],
            present=params["state"] == "present",
            image=params["image"],
            command=params["command"],
            args=params["args"],
            attachments=attachments,
            node_selector=texts(params["node_selector"]),
            node_name=params["node_name"],
            labels=texts(params["labels"]),
            annotations=texts(params["annotations"]),
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
            "node_name": self.node_name,
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
        container = {"name": CONTAINER, "image": self.image, "command": self.command, "args": self.args}
        spec = {
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "nodeSelector": self.node_selector,
            "nodeName": self.node_name,
            "containers": [_without_empty(container)],
        }
        return {
            "apiVersion": POD.api_version,
            "kind": POD.kind,
            "metadata": _without_empty(metadata),
            "spec": _without_empty(spec),
        }


class PodResource:
    """A pod, made, changed where a pod can be changed, replaced where that was asked for, or deleted."""

    key = "pod"

    def __init__(
        self, kube: Kube, desired: DesiredPod, *, wait: bool, timeout: float, progress: Callable[[str], None]
    ) -> None:
        """Take what is wanted.

        :param wait: whether to wait for what was started; a pod that is in the way of a new one is always waited for.
        :param timeout: seconds, for all waits together.
        """
        self._kube, self._desired = kube, desired
        self._wait, self._deadline, self._progress = wait, Deadline(timeout), progress
        self._title = f"pod {desired.namespace}/{desired.name}"

    def observe(self) -> Object | None:
        """Return the pod."""
        return self._kube.get(self._desired.ref)

    def plan(self, observed: Object | None) -> Plan:
        """Return what has to be done; Refused if the pod would have to be replaced and replace is not set."""
        before = _state(observed, self._desired) if observed else None
        if not self._desired.present:
            if observed is None:
                return Plan(None, None)
            delete = Change(f"delete {self._title}", self._delete)
            return Plan(before, None, (delete,), settle=self._await_gone if self._wait else None)
        changes = self._changes(observed, before)
        waits = self._wait and (changes or observed is None or not _is_up(Pod.of(observed)))
        return Plan(before, self._desired.state, changes, settle=self._settle if waits else None)

    def facts(self, observed: Object | None, plan: Plan) -> dict[str, Any]:
        """Return the interfaces, the node and the phase."""
        pod = Pod.of(observed) if observed else None
        interfaces = (pod.interfaces if pod else None) or ()
        return {
            "interfaces": [
                {"name": found.network, "interface": found.name, "ips": list(found.ips), "mac": found.mac}
                for found in interfaces
            ],
            "node": pod.node if pod else "",
            "phase": pod.phase if pod else "",
        }

    def _changes(self, observed: Object | None, before: State | None) -> tuple[Change, ...]:
        desired = self._desired
        networks = ", ".join(selection.attachment for selection in desired.attachments or ())
        create = Change(f"create {self._title}" + (f" on {networks}" if networks else ""), self._create)
        if observed is None or before is None or Pod.of(observed).deleting:
            return (create,)
        reasons = list(_needs_new(observed, before, desired))
        if reasons and not desired.replace:
            raise Refused(
                f"{self._title}: {'; '.join(reasons)}. Only a new pod can change that: "
                "set replace to true to delete this one and create it again"
            )
        if reasons:
            return (Change(f"delete {self._title}: {'; '.join(reasons)}", self._delete), create)
        return tuple(self._updates(before))

    def _updates(self, before: State) -> Iterator[Change]:
        """Yield the changes of what can be changed while the pod runs."""
        desired = self._desired
        wanted = {"labels": desired.labels, "annotations": desired.annotations}
        metadata = {option: value for option, value in wanted.items() if value and value != before[option]}
        if metadata:
            yield Change(
                f"update {' and '.join(metadata)} of {self._title}",
                lambda: self._kube.patch(desired.ref, {"metadata": metadata}),
            )
        if desired.image and desired.image != before["image"]:
            patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": desired.image}]
            yield Change(
                f"update image of {self._title} from {before['image']} to {desired.image}",
                lambda: self._kube.patch(desired.ref, patch, JSON),
            )

    def _create(self) -> None:
        self._await_gone()
        self._kube.create(self._desired.manifest())

    def _delete(self) -> None:
        self._kube.delete(self._desired.ref, grace_seconds=GRACE_SECONDS)

    def _await_gone(self) -> None:
        poll(
            self.observe,
            lambda pod: pod is None,
            what=f"{self._title} is gone",
            deadline=self._deadline,
            describe=lambda pod: "it is being deleted",
            progress=self._progress,
        )

    def _settle(self) -> None:
        """Wait until the pod runs and has all interfaces; a failure says why, in Multus' words if it was Multus."""
        try:
            poll(
                lambda: Pod.of(self.observe() or self._desired.manifest()),
                _is_up,
                what=f"{self._title} is Running with its interfaces",
                deadline=self._deadline,
                longest_pause=1.0,
                describe=_describe,
                progress=self._progress,
            )
        except TimedOut as error:
            event = last_warning(self._kube, self._desired.ref)
            raise TimedOut(
                error.what, error.seconds, f"{error.last_seen}. {event}" if event else error.last_seen
            ) from error


def _attachments(problems: Problems, given: list[Any] | None, namespace: str) -> tuple[Selection, ...] | None:
    """Return the option ``attachments``, each a name or name, namespace and interface."""
    if given is None:
        return None
    found = []
    for index, item in enumerate(given):
        try:
            found.append(_attachment(item, namespace))
        except ValueError as error:
            problems.add(f"attachments[{index}]", item, str(error))
    for name, count in Counter(selection.interface for selection in found if selection.interface).items():
        if count > 1:
            problems.add("attachments", name, "several attachments ask for this interface name")
    return tuple(found)


def _attachment(item: Any, namespace: str) -> Selection:
    if isinstance(item, dict):
        unknown = set(item) - {"name", "namespace", "interface"}
        if unknown or not item.get("name"):
            raise ValueError("is neither the name of an attachment nor {name, namespace, interface}")
        item = f"{item.get('namespace') or namespace}/{item['name']}" + (
            f"@{item['interface']}" if item.get("interface") else ""
        )
    selection = parse_selection(str(item), namespace)
    if not selection.name:
        raise ValueError("has no name of an attachment")
    return selection


def _rows(selections: tuple[Selection, ...]) -> list[dict[str, str]]:
    return [{"name": s.name, "namespace": s.namespace, "interface": s.interface} for s in selections]


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "", {}, [])}


def _state(observed: Object, desired: DesiredPod) -> State:
    """Return a pod in the words of the module's options, as far as they were given."""
    metadata, spec = observed["metadata"], observed["spec"]
    container, pod = spec["containers"][0], Pod.of(observed)
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    found = {
        "name": desired.name,
        "namespace": desired.namespace,
        "image": container["image"],
        "command": container.get("command") or [],
        "args": container.get("args") or [],
        "attachments": annotations[NETWORKS] if pod.selections_error else _rows(pod.selections),
        "node_selector": spec.get("nodeSelector") or {},
        "node_name": spec.get("nodeName", ""),
        "labels": {key: labels[key] for key in desired.labels or () if key in labels},
        "annotations": {key: annotations[key] for key in desired.annotations or () if key in annotations},
    }
    return {option: value for option, value in found.items() if option in desired.state}


def _needs_new(observed: Object, before: State, desired: DesiredPod) -> Iterator[str]:
    """Yield the reasons why only another pod can be what is desired."""
    for option in _FIXED:
        if option in before and before[option] != desired.state[option]:
            yield f"{option} is {_shown(before[option])}, not {_shown(desired.state[option])}"
    pod = Pod.of(observed)
    if pod.has_ended:
        yield f"it has ended ({pod.phase}{': ' if pod.waiting else ''}{pod.waiting})"
    elif pod.runs and pod.missing:
        yield f"it runs without {', '.join(pod.missing)} (Multus was not there when it started)"


def _shown(value: Any) -> str:
    """Return an option's value for people; attachments as in the comma form."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return render_selections(Selection(**row) for row in value)
    return repr(value)


def _is_up(pod: Pod) -> bool:
    return pod.runs and not pod.missing


def _describe(pod: Pod) -> str:
    text = pod.phase + (f" ({pod.waiting})" if pod.waiting else "")
    return f"{text} without {', '.join(pod.missing)}" if pod.runs else text
