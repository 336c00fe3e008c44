# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts in a cluster: installed, changed in place, and restarted when that is needed."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...cni.multus import crds, images, multusconf
from ...cni.multus.multus import Installation, manifest
from ...cni.multus.multus_adoption import adopted
from ...cni.multus.multus_live import config_text, described
from ...cni.multus.multus_options import Wanted
from ...cni.names import LABEL
from ...errors import ApiError, Refused, Stale
from ...reconcile import Change, Plan, State
from ...waiting import Deadline, Progress, poll
from ..client import Kube, Object
from ..kinds import CRD, POD, Ref
from ..objects import merged
from .multus_objects import OURS, WORKLOADS, Drift, Live, Places, check_immutable, check_names, drifts, in_order, read
from .rollout import RESTARTED_AT, Rollout, is_ready, now, restart, wait_until_rolled_out

# On the ConfigMap: pods that started before this time have read an older configuration. It is written together with
# the configuration, so that a run which is cut off before the restart leaves word of it to the next one.
STALE_BEFORE = "multinet.gke/stale-before"


@dataclass(frozen=True)
class Observed:
    """The objects of an installation, and how long its pods have been running."""

    live: Live
    aged: int = 0  # pods whose token is too old


class MultusResource:
    """The installation in one cluster."""

    key = "multus"

    def __init__(
        self,
        kube: Kube,
        wanted: Wanted,
        *,
        wait: bool,
        timeout: float,
        progress: Callable[[Progress], None],
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
        self._places = Places.of(wanted.identity)

    def observe(self) -> Observed:
        """Read the objects of the manifest, and if the age of tokens matters, the pods."""
        live = read(self._kube, self._places)
        daemon_set = live[self._places.daemon_set]
        most = self._wanted.token_max_age
        if most is None or daemon_set is None:
            return Observed(live)
        pods = self._kube.list(POD, self._places.daemon_set.namespace, labels=self._selector(self._places.daemon_set))
        return Observed(live, sum(_is_aged(pod, daemon_set, most) for pod in pods))

    def plan(self, observed: Observed) -> Plan:
        """Return what to write: the objects that are missing or differ, then a restart if one is due.

        :raises InvalidOptions: what was given does not go together with what is there.
        :raises Immutable: an object is in the way that cannot become what is wanted.
        :raises Refused: there is an installation under other names, or definitions that do not fit and are not ours.
        """
        live, places, there = observed.live, self._places, self._found(observed)
        check_names(self._wanted.identity, places, live)
        installation, documents = self._desired(observed)
        _check_definitions(installation, live[places.pools])
        found = {each.ref: each for each in drifts(documents, live)}
        check_immutable(found)
        before: dict[str, object] = {str(ref): each.before() for ref, each in found.items()}
        after: dict[str, object] = {str(ref): each.after() for ref, each in found.items()}
        reason = self._restart_is_due(observed, found)
        stale = bool(reason) and places.config_map in found
        changes = [Change(each.title, self._call(each, stale=stale)) for each in found.values()]
        if reason:
            before.setdefault(str(places.daemon_set), "started earlier")
            after.setdefault(str(places.daemon_set), "restarted")
            title = f"restart {places.daemon_set} ({reason})"
            changes.append(Change(title, partial(restart, self._kube, places.daemon_set)))
        desired = {Ref.of(document) for document in documents}
        for ref in (places.cleanup, places.deployment, places.schedule):
            if live[ref] and ref not in desired and (ref != places.schedule or _is_ours(live[ref], self._wanted)):
                before[str(ref)], after[str(ref)] = "present", "absent"
                gone = Change(f"delete {ref}", partial(self._kube.delete, ref))
                # What removes the installation from nodes must be gone before anything is installed there.
                changes.insert(0 if ref == places.cleanup else len(changes), gone)
        unfinished = changes or any(not Rollout.of(live[ref]).is_complete for ref in desired if ref.kind in WORKLOADS)
        return Plan(
            before=_state(there, before) if there else None,
            after=_state(documents, after),
            changes=tuple(changes),
            warnings=tuple(self._wanted.warnings(installation)),
            settle=self._await_rollouts if self._wait and unfinished else None,
        )

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the objects, and how far the rollout is."""
        installation, documents = self._desired(observed)
        before, after = ((state or {}).get("objects", {}) for state in (plan.before, plan.after))
        refs = [Ref.of(document) for document in in_order(documents)]
        rollouts = {ref: Rollout.of(observed.live[ref]) for ref in refs if ref.kind in WORKLOADS}
        rollout = rollouts[self._places.daemon_set]
        return {
            "objects": [_object(ref, before.get(str(ref)), after.get(str(ref))) for ref in refs],
            "apply_order": [str(ref) for ref in refs],
            "daemonset": {"desired": rollout.desired, "ready": rollout.ready, "updated": rollout.updated},
            "pending": not all(each.is_complete for each in rollouts.values()),
            **told(installation, documents),
        }

    def _found(self, observed: Observed) -> list[Object]:
        """Return the objects of the installation that are there; what removes one is none of it."""
        return [document for ref, document in observed.live.items() if document and ref != self._places.cleanup]

    def _desired(self, observed: Observed) -> tuple[Installation, list[Object]]:
        """Return what is to be there, and its documents with what they take over."""
        installation = self._wanted.installation(self._found(observed))
        exact, kubeconfig = self._wanted.is_exact_about_roles, self._wanted.speaks_of_kubeconfig
        return installation, [
            adopted(document, observed.live[Ref.of(document)], installation, exact_roles=exact, kubeconfig=kubeconfig)
            for document in manifest(installation)
        ]

    def _restart_is_due(self, observed: Observed, found: dict[Ref, Drift]) -> str:
        """Return why pods must be replaced that nothing else will replace; empty if none must."""
        daemon_set, config_map = observed.live[self._places.daemon_set], observed.live[self._places.config_map]
        template = found.get(self._places.daemon_set)
        if daemon_set is None or (template and template.touches("spec.template")):
            return ""
        configured = found.get(self._places.config_map)
        if (configured and configured.touches("data")) or (config_map and _is_stale(config_map, daemon_set)):
            return "it reads its configuration when it starts"
        if observed.aged:
            return f"tokens of {observed.aged} pods are older than token_max_age"
        return "asked for" if self._wanted.restart else ""

    def _call(self, each: Drift, *, stale: bool) -> Callable[[], object]:
        """Return the write for one object.

        :param stale: the pods that run now will have an older configuration, and are to be restarted.
        """
        if each.ref.kind == CRD:
            return partial(self._define, each)
        if each.ref == self._places.config_map and stale:
            return lambda: self._kube.apply(_annotated(each.desired, STALE_BEFORE, now()))
        if each.ref.kind in WORKLOADS and each.live:
            return partial(self._rewrite, each.ref, each.desired, each.live)
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

    def _rewrite(self, ref: Ref, desired: Object, live: Object) -> None:
        """Change a DaemonSet or Deployment: lists as a whole, because order counts and containers may have to go.

        :raises Stale: somebody else has changed it since it was read.
        """
        metadata = {**desired["metadata"], "resourceVersion": live["metadata"].get("resourceVersion")}
        spec = {key: value for key, value in desired["spec"].items() if key != "selector"}
        patch = {"metadata": metadata, "spec": merged(spec, {key: live["spec"].get(key) for key in spec}, OURS)}
        try:
            self._kube.patch(ref, patch)
        except ApiError as error:
            if error.status == 409:
                raise Stale(error.what, error.status, error.reason, error.api_message) from error
            raise

    def _await_rollouts(self) -> None:
        for ref in (self._places.daemon_set, self._places.deployment):
            if ref == self._places.daemon_set or self._kube.get(ref):
                wait_until_rolled_out(self._kube, ref, self._selector(ref), self._deadline, self._progress)

    def _selector(self, ref: Ref) -> str:
        return f"{LABEL}={ref.name}"


def told(installation: Installation, documents: list[Object]) -> dict[str, Any]:
    """Return what is known of an installation without its cluster: what its configuration hashes to, and versions."""
    (text,) = (config_text(each) for each in documents if each["kind"] == "ConfigMap" and config_text(each))
    canonical = json.dumps(multusconf.read(text), sort_keys=True, separators=(",", ":"))
    return {
        "config_hash": hashlib.sha256(canonical.encode()).hexdigest(),
        "versions": {
            "multus": images.spell(images.version_of(installation.multus_image)),
            "whereabouts": images.spell(installation.whereabouts),
            "crd_schema": installation.schema,
        },
    }


def _check_definitions(installation: Installation, live: Object | None) -> None:
    """Raise Refused if definitions that we may not write do not fit what is to be installed."""
    if installation.manages_crds:
        return
    if live is None:
        raise Refused("crds.manage is false, and there is no CustomResourceDefinition ippools.whereabouts.cni.cncf.io")
    found = crds.schema_of(live)
    if installation.whereabouts and found != installation.schema:
        which = ">=" if installation.schema == crds.NEWER else "<"
        raise Refused(
            f"whereabouts {which} 0.8.0 needs crds.schema {installation.schema}, and the cluster has {found}: let "
            "crds.manage be true, or bring the definitions there first"
        )


def _state(documents: list[Object], objects: dict[str, object]) -> State:
    """Return documents in the words of the options, and what changes in which object."""
    return {**described(documents), **({"objects": objects} if objects else {})}


def _object(ref: Ref, before: object, after: object) -> State:
    row: State = {"kind": ref.kind.kind, "name": ref.name, "namespace": ref.namespace, "changed": after is not None}
    return {**row, "diff": {"before": before, "after": after}} if after is not None else row


def _is_ours(document: Object | None, wanted: Wanted) -> bool:
    labels = (document or {}).get("metadata", {}).get("labels") or {}
    return labels.get(LABEL) == wanted.identity.name


def _is_aged(pod: Object, daemon_set: Object, most: int) -> bool:
    """Tell whether a pod that works got its token too long ago, and nobody has asked for a restart since.

    The token is written to the node when the pod starts. What does not work now gets a new one when it starts again.
    """
    started = _time(pod.get("status", {}).get("startTime"))
    asked = _time((daemon_set["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTARTED_AT))
    age = (datetime.datetime.now(datetime.UTC) - started).total_seconds()
    return is_ready(pod) and age > most and started > asked


def _is_stale(config_map: Object, daemon_set: Object) -> bool:
    """Tell whether a run changed the configuration, and ended before it restarted the pods."""
    stamp = (config_map["metadata"].get("annotations") or {}).get(STALE_BEFORE)
    restarted = (daemon_set["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTARTED_AT)
    started = max(_time(restarted), _time(daemon_set["metadata"].get("creationTimestamp")))
    return _time(stamp) > started


def _true_conditions(definition: Object | None) -> list[str]:
    conditions = (definition or {}).get("status", {}).get("conditions") or ()  # null in a definition that is new
    return [condition["type"] for condition in conditions if condition["status"] == "True"]


def _annotated(document: Object, key: str, value: str) -> Object:
    return {**document, "metadata": {**document["metadata"], "annotations": {key: value}}}


def _time(text: str | None) -> datetime.datetime:
    """Return a time, the earliest one if there is none."""
    if text is None:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromisoformat(text)
