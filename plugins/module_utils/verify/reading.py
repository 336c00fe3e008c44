# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a cluster: everything that the checks need, once; what we may not read is noted, and is no failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from ..cni.multus.crds import schema_of
from ..cni.names import CONFIG_MAP as CONFIG_MAP_NAME
from ..cni.names import NAME, NAMESPACE
from ..cni.pods import Pod, Pods
from ..cni.whereabouts import Pool, judge
from ..errors import ApiError, MultinetError
from ..kube.client import Kube, Object
from ..kube.events import last_warning
from ..kube.kinds import CONFIG_MAP, CRD, DAEMON_SET, EVENT, IP_POOL, NAD, NODE, POD, Kind, Ref
from ..kube.multus.rollout import Rollout
from .installation import (
    Container,
    GcLog,
    Installation,
    bin_dir_of,
    config_of,
    containers_of,
    is_ours,
    read_log,
    template_of,
)
from .own_pods import FORBIDDEN, RUN_LABEL
from .request import Choice, Request, Target
from .snapshot import Attachment, Detail, Node, Snapshot, read_attachment

MOST_WARNINGS = 20  # pods that wait and whose events are looked for
MOST_LOGS = 3  # of garbage collectors; on a large cluster one on each node does the same
LOG_LINES = 2000
LOG_KIND = "pods/log"

Answer = TypeVar("Answer")


class Reader:
    """Reads what may be read, and remembers what may not."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self.unreadable: dict[str, str] = {}  # why, by kind
        self.partial: set[str] = set()  # kinds that could be listed in some namespaces

    def list(self, kind: Kind, namespaces: Iterable[str] = ()) -> Iterator[Object]:
        """Yield all objects of a kind.

        :param namespaces: where to look if we may not look everywhere.
        """
        try:
            yield from self._kube.list(kind)
        except ApiError as error:
            self._note(kind, error)
            for namespace in dict.fromkeys(namespaces):
                yield from self.list_in(kind, namespace)

    def get(self, ref: Ref) -> Object | None:
        """Return an object, None if there is none or we may not look."""
        return self.ask(ref.kind, lambda: self._kube.get(ref), None)

    def ask(self, kind: Kind, question: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Return an answer, or something else if we may not ask."""
        try:
            return question()
        except ApiError as error:
            self._note(kind, error)
            return otherwise

    def list_in(self, kind: Kind, namespace: str, labels: str | None = None) -> Iterator[Object]:
        """Yield the objects of a kind in one namespace."""
        try:
            yield from self._kube.list(kind, namespace, labels=labels)
            self.partial.add(kind.plural)
        except ApiError as error:
            self._note(kind, error)

    def _note(self, kind: Kind, error: ApiError) -> None:
        if error.status != FORBIDDEN:
            raise error
        self.unreadable.setdefault(kind.plural, str(error))


def take(kube: Kube, request: Request) -> Snapshot:
    """Read a cluster: each list once, the objects of Multus, and what is said of pods that do not run."""
    reader = Reader(kube)
    daemonset = _find_daemonset(reader)
    place = daemonset["metadata"]["namespace"] if daemonset else NAMESPACE
    nodes = {node.name: node for node in map(Node.of, reader.list(NODE))}
    wanted = [target.namespace for target in request.targets or ()]
    nads = {
        f"{nad['metadata']['namespace']}/{nad['metadata']['name']}": nad
        for nad in reader.list(NAD, (*wanted, *request.namespaces, "default"))
    }
    # Before the pods, so that no new pod's allocation looks like an orphan ...
    before = [Pool.of(obj) for obj in reader.list(IP_POOL, [place])]
    details: dict[str, Detail] = {}
    containers: list[Container] = []
    places = (*request.namespaces, *(each.namespace for each in request.pods), *wanted, place)
    pods = Pods.of(_watch(reader.list(POD, places), details, containers))
    # ... and after them, so that no new pod lacks its allocation.
    after = [Pool.of(obj) for obj in reader.list(IP_POOL, [place])]
    chosen = {choice: _chosen(reader, choice, pods) for choice in request.pods}
    declared = tuple(dict.fromkeys(ref for refs in chosen.values() for ref in refs))
    targets = _used(nads, pods) if request.targets is None else request.targets
    names = {target.ref for target in targets}
    waiting = [
        pod
        for pod in pods.by_ref.values()
        if not (pod.runs or (pod.has_ended and pod.ref not in declared))
        and (pod.ref in declared or any(selection.attachment in names for selection in pod.selections))
    ]
    installation = _installation(reader, daemonset, containers)
    return Snapshot(
        installation=installation,
        nodes=nodes,
        pods=pods,
        attachments=tuple(_attachments(reader, targets, nads)),
        pools=tuple((pool, judge(pool, pods)) for pool in before),
        holders=_holders((*before, *after), place),
        namespaces=request.namespaces,
        declared=declared,
        warnings={pod.ref: _said(reader, kube, pod) for pod in waiting[:MOST_WARNINGS]},
        details=details,
        known_attachments=frozenset(nads),
        taken=datetime.now(UTC),
        node_selector=request.node_selector,
        expectations=request.expectations,
        unmatched=tuple(str(choice) for choice, refs in chosen.items() if not refs),
        logs=dict(_logs(reader, kube, installation)) if "gc_recent" in request.checks else {},
        unreadable=reader.unreadable,
        partial=frozenset(reader.partial),
    )


def _logs(reader: Reader, kube: Kube, installed: Installation) -> Iterator[tuple[str, GcLog]]:
    """Yield what the logs of some garbage collectors say, by pod; what cannot be read is left out."""
    for each in [collector for collector in installed.collectors if collector.running][:MOST_LOGS]:
        namespace, _slash, name = each.pod.partition("/")
        try:
            text = kube.log(
                Ref(POD, name, namespace), each.name, since_seconds=3 * installed.period + 60, lines=LOG_LINES
            )
        except MultinetError as error:  # the node may be lost, or the log not for us to read
            reader.unreadable.setdefault(LOG_KIND, str(error))
        else:
            yield each.pod, read_log(text)


def _find_daemonset(reader: Reader) -> Object | None:
    """Return Multus' DaemonSet: the guide's, or else the first one with an image of Multus."""
    found = reader.get(Ref(DAEMON_SET, NAME, NAMESPACE))
    if found or DAEMON_SET.plural in reader.unreadable:
        return found
    others = (each for each in reader.list(DAEMON_SET) if is_ours(each["spec"]["template"]))
    return next((each for each in others if any("multus" in spec.image for spec in template_of(each))), None)


def _installation(reader: Reader, daemonset: Object | None, containers: list[Container]) -> Installation:
    if daemonset is None:
        return Installation(containers=tuple(containers))
    metadata, spec = daemonset["metadata"], daemonset["spec"]["template"]["spec"]
    names = [
        volume["configMap"]["name"] for volume in spec.get("volumes", ()) if "name" in (volume.get("configMap") or {})
    ]
    name = CONFIG_MAP_NAME if CONFIG_MAP_NAME in names or not names else names[0]
    config_map = reader.get(Ref(CONFIG_MAP, name, metadata["namespace"]))
    definition = reader.get(Ref(CRD, f"{IP_POOL.plural}.whereabouts.cni.cncf.io"))
    return Installation(
        name=metadata["name"],
        namespace=metadata["namespace"],
        rollout=Rollout.of(daemonset),
        template=template_of(daemonset),
        selector=spec.get("nodeSelector") or {},
        config=config_of(config_map),
        bin_dir=bin_dir_of(daemonset),
        containers=tuple(containers),
        schema=schema_of(definition) if definition else None,
    )


def _watch(pods: Iterable[Object], details: dict[str, Detail], containers: list[Container]) -> Iterator[Pod]:
    """Yield pods, and keep by the way what some checks want of some of them."""
    for obj in pods:
        pod = Pod.of(obj)
        if Detail.is_wanted(obj):
            details[pod.ref] = Detail.of(obj)
        if is_ours(obj) and not (pod.deleting or pod.has_ended):
            containers += containers_of(obj)
        yield pod


def _chosen(reader: Reader, choice: Choice, pods: Pods) -> list[str]:
    """Return the pods of a choice; our own are nobody's, and those that are on their way out do not count."""
    if choice.name:
        return [str(choice)]
    if choice.label_selector:
        objects = reader.list_in(POD, choice.namespace, choice.label_selector)
        refs = [f"{choice.namespace}/{obj['metadata']['name']}" for obj in objects]
        there = [pods.by_ref[ref] for ref in refs if ref in pods.by_ref]
    else:
        there = [pod for pod in pods.by_ref.values() if pod.namespace == choice.namespace and pod.selections]
    return [pod.ref for pod in there if RUN_LABEL not in pod.labels and not (pod.deleting or pod.has_ended)]


def _attachments(reader: Reader, targets: Iterable[Target], nads: Mapping[str, Object]) -> Iterator[Attachment]:
    for target in targets:
        if target.ref in nads or NAD.plural not in reader.unreadable:
            yield read_attachment(target, nads.get(target.ref))
        elif target.master and target.range is not None:  # as it is expected to be, since nobody lets us look
            yield Attachment(target, master=target.master, ranges=(target.range,))


def _used(nads: Mapping[str, Object], pods: Pods) -> list[Target]:
    """Return the IPVLAN attachments that pods use, and those that pods use and that cannot be read."""
    used = {s.attachment for pod in pods.by_ref.values() if RUN_LABEL not in pod.labels for s in pod.selections}
    targets = [
        Target(nad["metadata"]["name"], nad["metadata"]["namespace"]) for ref, nad in nads.items() if ref in used
    ]
    read = [read_attachment(target, nads[target.ref]) for target in targets]
    return [attachment.target for attachment in read if attachment.problem or attachment.type == "ipvlan"]


def _holders(pools: Iterable[Pool], namespace: str) -> dict[tuple[str, str], frozenset[str]]:
    """Return who holds each address, by pool and address.

    :param namespace: in which Whereabouts keeps its pools.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    for pool in pools:
        for allocation in pool.allocations:
            if allocation.address is not None and pool.namespace == namespace:
                place = (pool.name, allocation.ip)
                found[place] = found.get(place, frozenset()) | {allocation.podref}
    return found


def _said(reader: Reader, kube: Kube, pod: Pod) -> str:
    """Return the last warning about a pod, in Multus' words if it was Multus; empty if we may not look."""
    ref = Ref(POD, pod.name, pod.namespace)
    return reader.ask(EVENT, lambda: last_warning(kube, ref), "")
