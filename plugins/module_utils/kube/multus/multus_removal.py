# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts removed from a cluster, so that at no moment a node cannot start pods.

1. The DaemonSet goes, so that nobody writes the configuration again. Nodes go on with what they have.
2. A DaemonSet of ours removes the configuration from every node, which then uses its own, and after it the binaries.
3. Only then the roles go, without which Multus refuses every pod; the configuration in the cluster goes last, so that a
   run which was cut off is known by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...cni.multus import images
from ...cni.multus.daemonset import cleanup
from ...cni.multus.multus_live import described, layout_of
from ...cni.multus.multus_options import Wanted
from ...cni.multus.multus_presets import CNI_BIN_DIR
from ...cni.multus.multusconf import CONF_FILE
from ...cni.names import LABEL
from ...cni.pods import Pod
from ...cni.texts import some
from ...errors import InUse, Refused, TimedOut
from ...reconcile import Change, Plan, State
from ...waiting import Deadline, Progress, poll
from ..client import Kube, Object
from ..kinds import CRD, NODE, POD, Ref
from .multus_objects import Live, Places, check_names, read
from .rollout import describe, is_ready


@dataclass(frozen=True)
class Observed:
    """The objects of an installation, the pods that need it, and the nodes that had it."""

    live: Live
    users: tuple[str, ...] = ()  # "namespace/pod" with interfaces of Multus
    lost: tuple[str, ...] = ()  # nodes that are not ready, with a pod of the DaemonSet
    ready: frozenset[str] = frozenset()  # nodes with Linux that are


class MultusRemoval:
    """The removal of the installation in one cluster."""

    key = "multus"

    def __init__(
        self,
        kube: Kube,
        wanted: Wanted,
        *,
        cleanup_nodes: bool,
        keep_crds: bool,
        force: bool,
        timeout: float,
        progress: Callable[[Progress], None],
    ) -> None:
        """Take what is to go.

        :param cleanup_nodes: whether files are removed from the nodes.
        :param keep_crds: whether the definitions stay, and with them attachments and pools.
        :param force: go on though pods use it, or nodes that had it are not ready.
        :param timeout: seconds, for all waits together.
        """
        self._kube, self._wanted, self._places = kube, wanted, Places.of(wanted.identity)
        self._cleanup_nodes, self._keep_crds, self._force = cleanup_nodes, keep_crds, force
        self._deadline, self._progress = Deadline(timeout), progress
        self._users: tuple[str, ...] = ()
        self._lost: tuple[str, ...] = ()

    def observe(self) -> Observed:
        """Read the objects, and if there are any, all pods and nodes; when all has gone, these are those of before."""
        live = read(self._kube, self._places)
        if not self._going(live):
            return Observed(live, self._users, self._lost)
        nodes = {node["metadata"]["name"]: node for node in self._kube.list(NODE)}
        ready = frozenset(name for name, node in nodes.items() if is_ready(node))
        pods = [Pod.of(pod) for pod in self._kube.list(POD)]
        ours = {pod.node for pod in pods if self._is_of(pod, self._places.daemon_set)}
        asking = (pod for pod in pods if (pod.selections or pod.selections_error) and not pod.has_ended)
        self._users = tuple(sorted(pod.ref for pod in asking))
        self._lost = tuple(sorted(ours & (nodes.keys() - ready)))
        return Observed(live, self._users, self._lost, frozenset(name for name in ready if _is_linux(nodes[name])))

    def plan(self, observed: Observed) -> Plan:
        """Return what to delete, in this order.

        :raises InUse: pods have interfaces of Multus.
        :raises Refused: nodes that had it are not ready, or it is another installation.
        """
        going, places = self._going(observed.live), self._places
        if not going:
            return Plan(None, None)
        check_names(self._wanted.identity, places, observed.live)
        warnings = tuple(self._doubts(observed))
        changes = [Change(f"delete {ref}", partial(self._delete_workload, ref, observed)) for ref in self._first(going)]
        if self._cleanup_nodes:
            document = self._document(observed.live)
            what = f"remove Multus's files from the nodes (DaemonSet {places.cleanup.namespace}/{places.cleanup.name})"
            changes += [
                Change(what, partial(self._clean, document, observed)),
                Change(f"delete {places.cleanup}", partial(self._delete_workload, places.cleanup, observed)),
            ]
        elif observed.live[places.cleanup]:
            changes.append(Change(f"delete {places.cleanup}", partial(self._kube.delete, places.cleanup)))
        changes += [Change(f"delete {ref}", partial(self._delete, ref)) for ref in self._last(going)]
        found = [observed.live[ref] for ref in going if ref != places.cleanup]
        before: State = {**described([each for each in found if each]), "objects": [str(ref) for ref in going]}
        return Plan(before, None, tuple(changes), warnings)

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the pods that had interfaces of Multus, and the nodes that could not be cleaned."""
        return {"in_use_by": list(observed.users), "nodes_not_cleaned": list(observed.lost)}

    def _going(self, live: Live) -> list[Ref]:
        """Return what is there and is to go."""
        kept = self._places.definitions if self._keep_crds else ()
        return [ref for ref, document in live.items() if document and ref not in kept]

    def _first(self, going: list[Ref]) -> list[Ref]:
        return [ref for ref in (self._places.daemon_set, self._places.deployment) if ref in going]

    def _last(self, going: list[Ref]) -> list[Ref]:
        places = self._places
        order = (*places.grants, places.schedule, *places.definitions, places.config_map)
        return [ref for ref in order if ref in going]

    def _doubts(self, observed: Observed) -> Iterator[str]:
        """Yield what is done all the same, because it was forced.

        :raises InUse: see :meth:`plan`.
        """
        if observed.users and not self._force:
            remedy = (
                "delete these pods first, or set force (they keep their interfaces, and their addresses stay taken)"
            )
            raise InUse("Multus", observed.users, remedy)
        if observed.users:
            yield f"Multus was used by {some(observed.users)}; whereabouts_pool frees the addresses that stay taken"
        if observed.lost and self._cleanup_nodes:
            nodes = f"nodes {some(observed.lost)} are not ready, so Multus's files cannot be removed from them"
            if not self._force:
                raise Refused(
                    f"{nodes}: if they came back, they could start no pod. Bring them back or delete them, or set force"
                )
            yield f"{nodes}: if they come back with their disks, delete them, or they can start no pod"
        if not self._cleanup_nodes:
            yield "cleanup_nodes is false: nodes keep Multus's configuration, and can start no pod without its roles"

    def _document(self, live: Live) -> Object:
        """Return the DaemonSet that removes what was installed, with an image that the nodes have."""
        daemon_set = live[self._places.daemon_set]
        said = described([daemon_set] if daemon_set else [])
        layout = self._wanted.layout or layout_of(daemon_set) or images.GKE
        image = self._wanted.given.get("whereabouts_image") or said.get("whereabouts_image")
        left = live[self._places.cleanup]
        if image is None and left:  # of a run that was cut off
            image = left["spec"]["template"]["spec"]["containers"][0]["image"]
        config = {**said.get("config", {}), **self._wanted.given.get("config", {})}
        upstream = ("passthru",) if layout == images.UPSTREAM_THIN else ()
        return cleanup(
            self._wanted.identity.name,
            self._wanted.identity.namespace,
            image=image or images.WHEREABOUTS[layout],
            pull_secrets=self._wanted.given.get("image_pull_secrets") or said.get("image_pull_secrets") or (),
            bin_dir=self._wanted.given.get("cni_bin_dir") or said.get("cni_bin_dir") or CNI_BIN_DIR,
            programs=("multus", "whereabouts", *upstream),
            conf_file=config.get("conf_file") or CONF_FILE,
        )

    def _clean(self, document: Object, observed: Observed) -> None:
        """Remove what was installed from all nodes that are ready, and wait until that is done."""
        self._kube.apply(document)
        ref = self._places.cleanup

        def left() -> list[str]:
            pods = list(self._kube.list(POD, ref.namespace, labels=f"{LABEL}={ref.name}"))
            done = {pod["spec"].get("nodeName") for pod in pods if is_ready(pod)}
            waiting = {pod["spec"].get("nodeName", ""): describe(Pod.of(pod)) for pod in pods}
            return [waiting.get(node, f"{node}: no pod yet") for node in sorted(observed.ready - done)]

        self._wait_until_none(left, "Multus's files are removed from the nodes")

    def _delete(self, ref: Ref) -> None:
        """Delete an object; a definition goes when all its objects have gone."""
        self._kube.delete(ref)
        if ref.kind == CRD:
            self._wait_until_none(lambda: [str(ref)] if self._kube.get(ref) else [], f"{ref} is gone")

    def _delete_workload(self, ref: Ref, observed: Observed) -> None:
        """Delete what runs pods, and wait until they have gone; those on lost nodes stay until their nodes return."""
        self._kube.delete(ref)
        if not self._cleanup_nodes:
            return  # nobody is to be sure that nothing is written to the nodes any more

        def left() -> list[str]:
            pods = map(Pod.of, self._kube.list(POD, ref.namespace, labels=f"{LABEL}={ref.name}"))
            return [pod.name for pod in pods if pod.node in observed.ready]

        self._wait_until_none(left, f"the pods of {ref} are gone")

    def _wait_until_none(self, left: Callable[[], list[str]], what: str) -> None:
        try:
            poll(
                left,
                lambda names: not names,
                what=what,
                deadline=self._deadline,
                describe=some,
                progress=self._progress,
            )
        except TimedOut as late:
            remedy = "run again: what is done stays done, and nodes go on as they are"
            raise TimedOut(late.what, late.seconds, late.last_seen, remedy=remedy) from late

    def _is_of(self, pod: Pod, ref: Ref) -> bool:
        return pod.namespace == ref.namespace and pod.labels.get(LABEL) == ref.name


def _is_linux(node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    return bool(labels.get("kubernetes.io/os", "linux") == "linux")
