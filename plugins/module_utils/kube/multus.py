# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts in a cluster: the objects of the manifest, in the order in which they need each other."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from ..cni import multus
from ..cni.daemonset import LABELS
from ..cni.multus import Installation
from ..cni.texts import some
from ..errors import Immutable
from ..reconcile import Change, Plan, State
from ..waiting import Deadline, poll
from .client import Kube, Object
from .kinds import CONFIG_MAP, CRD, DAEMON_SET, Kind, Ref
from .objects import Difference, drift
from .rollout import Rollout, wait_until_rolled_out

# Definitions come first, then who may do what; the pods come when all that they need is there.
ORDER = (
    "CustomResourceDefinition",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "DaemonSet",
)
IMMUTABLE = {"ClusterRoleBinding": "roleRef", "DaemonSet": "spec.selector"}

# On the ConfigMap: pods that started before this time have read an older configuration. It is written together with
# the configuration, so that a run which is cut off before the restart leaves word of it to the next one.
STALE_BEFORE = "multinet.gke/stale-before"
# On the pod template; kubectl rollout restart writes the same.
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

Live: TypeAlias = "dict[Ref, Object | None]"


@dataclass(frozen=True)
class Drift:
    """One object that is missing, or not as it should be."""

    ref: Ref
    desired: Object
    exists: bool
    differences: list[Difference]

    @property
    def title(self) -> str:
        """Return the title of the write."""
        if not self.exists:
            return f"create {self.ref}"
        paths = [difference.path for difference in self.differences]
        return f"update {self.ref} ({some(paths, 3)})"

    def touches(self, field: str) -> bool:
        """Tell whether a field, or something within it, is to be written."""
        return not self.exists or any(f"{difference.path}.".startswith(f"{field}.") for difference in self.differences)

    def before(self) -> object:
        """Return what is there: the fields that will change."""
        return {d.path: d.live for d in self.differences} if self.exists else "absent"

    def after(self) -> object:
        """Return what will be there."""
        return {d.path: d.desired for d in self.differences} if self.exists else "present"


class MultusResource:
    """The installation in one cluster."""

    key = "multus"

    def __init__(
        self,
        kube: Kube,
        wanted: Installation,
        *,
        wait: bool,
        timeout: float,
        progress: Callable[[str], None],
    ) -> None:
        """Take what is wanted.

        :param wait: whether to wait for the rollout; the definitions are always waited for.
        :param timeout: seconds, for all waits together.
        """
        self._kube = kube
        self._wanted = wanted
        self._wait = wait
        self._deadline = Deadline(timeout)
        self._progress = progress
        self._refs = [Ref.of(document) for document in multus.manifest(wanted)]
        self._config_map = _only(self._refs, CONFIG_MAP)
        self._daemon_set = _only(self._refs, DAEMON_SET)

    def observe(self) -> Live:
        """Read the objects of the manifest."""
        return {ref: self._kube.get(ref) for ref in self._refs}

    def plan(self, observed: Live) -> Plan:
        """Return what to write: the objects that are missing or differ, then a restart if one is due.

        :raises Immutable: an object is in the way that cannot become what is wanted.
        """
        found = [document for document in observed.values() if document]
        documents = multus.manifest(self._wanted.adopting(found))
        drifts = {each.ref: each for each in _drifts(documents, observed)}
        _check_immutable(drifts)
        before = {str(ref): each.before() for ref, each in drifts.items()}
        after = {str(ref): each.after() for ref, each in drifts.items()}
        restart = self._restart_is_due(observed, drifts)
        changes = [Change(each.title, self._call(each, stale=restart)) for each in drifts.values()]
        if restart:
            before.setdefault(str(self._daemon_set), "started with an older configuration")
            after.setdefault(str(self._daemon_set), "restarted")
            title = f"restart {self._daemon_set} (it reads its configuration when it starts)"
            changes.append(Change(title, self._restart))
        unfinished = changes or not Rollout.of(observed[self._daemon_set]).is_complete
        return Plan(
            before=_state(found, before) if found else None,
            after=_state(documents, after),
            changes=tuple(changes),
            warnings=self._wanted.warnings,
            settle=self._await_rollout if self._wait and unfinished else None,
        )

    def facts(self, observed: Live, plan: Plan) -> dict[str, Any]:
        """Return the objects, and how far the rollout is."""
        changed = (plan.after or {}).get("objects", {})
        rollout = Rollout.of(observed[self._daemon_set])
        return {
            "objects": [
                {"kind": ref.kind.kind, "name": ref.name, "namespace": ref.namespace, "changed": str(ref) in changed}
                for ref in self._refs
            ],
            "daemonset": {"desired": rollout.desired, "ready": rollout.ready, "updated": rollout.updated},
            "pending": not rollout.is_complete,
        }

    def _restart_is_due(self, observed: Live, drifts: dict[Ref, Drift]) -> bool:
        """Tell whether there are pods with an older configuration, and nothing else will replace them."""
        daemon_set, config_map = observed[self._daemon_set], observed[self._config_map]
        if daemon_set is None or (self._daemon_set in drifts and drifts[self._daemon_set].touches("spec.template")):
            return False
        if self._config_map in drifts and drifts[self._config_map].touches("data"):
            return True
        return config_map is not None and _is_stale(config_map, daemon_set)

    def _call(self, each: Drift, *, stale: bool) -> Callable[[], object]:
        """Return the write for one object.

        :param stale: the pods that run now will have an older configuration, and are to be restarted.
        """
        if each.ref.kind == CRD:
            return partial(self._define, each)
        if each.ref == self._config_map and stale:
            return lambda: self._kube.apply(_annotated(each.desired, STALE_BEFORE, _now()))
        return lambda: self._kube.apply(each.desired)

    def _define(self, each: Drift) -> None:
        """Write a definition, and wait until the API serves what it defines."""
        self._kube.apply(each.desired)
        poll(
            lambda: self._kube.get(each.ref),
            lambda definition: "Established" in _true_conditions(definition),
            what=f"{each.ref} is established",
            deadline=self._deadline,
            describe=lambda definition: ", ".join(_true_conditions(definition)) or "no condition is true yet",
            progress=self._progress,
        )

    def _restart(self) -> None:
        annotations = {RESTARTED_AT: _now()}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        self._kube.patch(self._daemon_set, patch)

    def _await_rollout(self) -> None:
        selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
        wait_until_rolled_out(self._kube, self._daemon_set, selector, self._deadline, self._progress)


def _drifts(documents: list[Object], observed: Live) -> Iterator[Drift]:
    for document in sorted(documents, key=lambda each: ORDER.index(each["kind"])):
        ref = Ref.of(document)
        live = observed[ref]
        differences = drift(document, live) if live else []
        if live is None or differences:
            yield Drift(ref, document, live is not None, differences)


def _check_immutable(drifts: dict[Ref, Drift]) -> None:
    for ref, each in drifts.items():
        field = IMMUTABLE.get(ref.kind.kind)
        for difference in each.differences:
            if field and f"{difference.path}.".startswith(f"{field}."):
                where = f" --namespace {ref.namespace}" if ref.namespace else ""
                remedy = f"delete it first: kubectl delete {ref.kind.kind.lower()} {ref.name}{where}"
                raise Immutable(str(ref), {difference.path: (difference.live, difference.desired)}, remedy)


def _state(documents: list[Object], objects: dict[str, object]) -> State:
    """Return documents in the words of the options, and what changes in which object."""
    return {**multus.described(documents), **({"objects": objects} if objects else {})}


def _is_stale(config_map: Object, daemon_set: Object) -> bool:
    """Tell whether a run changed the configuration, and ended before it restarted the pods."""
    stamp = config_map["metadata"].get("annotations", {}).get(STALE_BEFORE)
    restarted = daemon_set["spec"]["template"]["metadata"].get("annotations", {}).get(RESTARTED_AT)
    started = max(_time(restarted), _time(daemon_set["metadata"].get("creationTimestamp")))
    return _time(stamp) > started


def _true_conditions(definition: Object | None) -> list[str]:
    conditions = (definition or {}).get("status", {}).get("conditions") or ()  # null in a definition that is new
    return [condition["type"] for condition in conditions if condition["status"] == "True"]


def _annotated(document: Object, key: str, value: str) -> Object:
    return {**document, "metadata": {**document["metadata"], "annotations": {key: value}}}


def _only(refs: list[Ref], kind: Kind) -> Ref:
    return next(ref for ref in refs if ref.kind == kind)


def _now() -> str:
    """Return the time in the form of the API, RFC 3339 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str | None) -> datetime.datetime:
    """Return a time, the earliest one if there is none."""
    if text is None:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromisoformat(text)
