# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe pods: one on each node that carries an attachment; they send packets to each other and to the pods there.

What becomes of them whatever happens: :mod:`own_pods`.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..cni.annotations import NETWORKS, Selection, render_selections
from ..cni.pods import Pod
from ..cni.ranges import parse_address
from ..errors import ApiError, MultinetError
from ..kube import exec as remote
from ..kube.client import Kube
from ..kube.events import last_warning
from ..kube.kinds import POD, Ref
from ..reconcile import Context
from ..waiting import Progress
from . import own_pods, packets, probe_pod
from .matrix import End, Path
from .packets import UNTRIED, Answer, Protocol, Question
from .request import Request
from .result import Result, settled
from .snapshot import Attachment, Snapshot

MOST_TARGETS = 200  # of one command: they are in the request's address
MOST_EXECS = 8  # at the same time
FORBIDDEN = 403
SEEDS = 10000
RIGHTS = "docs/permissions.md of the collection lists the rights; without them only what the API says is looked at"


@dataclass(frozen=True)
class Probe:
    """One probe pod."""

    attachment: Attachment
    node: str
    ref: Ref
    run: str  # all probes of one run share it
    protocol: Protocol


def measure(kube: Kube, request: Request, snapshot: Snapshot, context: Context) -> tuple[list[Result], list[Path]]:
    """Start probes, let each ask all others and the pods on its attachment, and remove them.

    :returns: what is to be said of the probes themselves, and what became of the packets.
    """
    own_pods.sweep(kube, datetime.now(UTC))
    targets, results = _draw(request, snapshot)
    probes = plan(request, snapshot, own_pods.new_run())
    results += [finding for attachment in snapshot.attachments for finding in unready(request, snapshot, attachment)]
    try:
        context.progress(Progress(f"starting {len(probes)} probe pods"))
        probes, findings = _start(kube, request, probes, lifetime(request, targets, len(probes)))
        results += findings
        try:
            pods = _await(kube, request, probes, context)
        except ApiError as error:
            if error.status != FORBIDDEN:
                raise
            text = f"no packets were sent, as there is no right to list the probe pods: {error}"
            return [*results, Result("ping", "warn", "all attachments", text, RIGHTS, {"rights": ["list pods"]})], []
        for attachment in snapshot.attachments:
            own = {probe: pod for probe, pod in pods.items() if probe.attachment is attachment}
            faults = [fault for probe, pod in own.items() for fault in _not_up(kube, probe, pod)]
            if nodes := {probe.node for probe in own}:
                results += settled("probe", attachment.ref, f"a probe runs on each of {len(nodes)} nodes", faults)
        errors, paths = _ask_all(kube, request, snapshot, pods, targets)
        return results + errors, paths
    finally:
        own_pods.remove(kube, [probe.ref for probe in probes], context.warn)


def plan(request: Request, snapshot: Snapshot, run: str) -> list[Probe]:
    """Return the probes to start: one for each attachment and each ready node that carries it; two where paths within
    nodes are asked for and there is no other pod.
    """
    probing = request.probing
    places = []
    for attachment in snapshot.attachments:
        if attachment.problem or attachment.type != "ipvlan":
            continue
        peopled = {pod.node for pod, _ip in snapshot.reachable(attachment)}
        for node in snapshot.carriers(attachment, request.node_selector):
            if node.ready:
                is_alone = probing.mode == "same_node" and node.name not in peopled
                places += [(attachment, node)] * (2 if is_alone else 1)
    return [
        Probe(
            attachment,
            node.name,
            Ref(POD, f"multinet-probe-{run}-{number}", _namespace(request, attachment)),
            run,
            probing.protocol or "icmp",
        )
        for number, (attachment, node) in enumerate(places)
    ]


def unready(request: Request, snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Yield why there are no paths, or none between nodes."""
    carriers = snapshot.carriers(attachment, request.node_selector)
    if not carriers:
        text = "no node is known to carry it, so nothing was sent"
        yield Result("probe", "warn", attachment.ref, text, "name its node_pools, or set node_selector")
    peers = [each for each in snapshot.attachments if _network(each) == _network(attachment)]
    nodes = {node.name for each in peers for node in snapshot.carriers(each, request.node_selector)}
    if len(nodes) == 1:
        yield Result("probe", "skip", attachment.ref, "only one node carries it: no path between nodes to try")


def lifetime(request: Request, targets: Mapping[str, Sequence[End]], probes: int) -> int:
    """Return how many seconds probes may live: the wait for them, all their packets, and a minute.

    :param targets: pods to ask, by attachment.
    """
    most = probes + sum(map(len, targets.values()))
    rounds = math.ceil(probes / MOST_EXECS)
    return math.ceil(request.wait_timeout + rounds * request.probing.seconds(most) + 60)


def _draw(request: Request, snapshot: Snapshot) -> tuple[dict[str, list[End]], list[Result]]:
    """Return the pods to ask by attachment, a sample of them if there are too many, and what is to be said of it."""
    probing, found, results = request.probing, {}, []
    seed = secrets.randbelow(SEEDS) if probing.seed is None else probing.seed
    for attachment in snapshot.attachments:
        ends = [End(pod.ref, pod.node, ip) for pod, ip in snapshot.reachable(attachment)]
        if len(ends) > probing.sample:
            text = f"{probing.sample} of {len(ends)} addresses of pods were asked, drawn with seed {seed}"
            results.append(Result("sample", "skip", attachment.ref, text, data={"seed": seed, "of": len(ends)}))
            ends = sorted(ends, key=lambda end: _lot(seed, end))[: probing.sample]
        found[attachment.ref] = ends
    return found, results


def _lot(seed: int, end: End) -> bytes:
    """Return what an address draws: the same with the same seed, whoever else is there."""
    return hashlib.sha256(f"{seed} {end.pod} {end.ip}".encode()).digest()


def _namespace(request: Request, attachment: Attachment) -> str:
    # With Multus' namespaceIsolation, which the guide sets, pods reach attachments of their own namespace only (and
    # those in default).
    return request.probe_namespace or attachment.target.namespace


def _document(request: Request, probe: Probe, seconds: int) -> dict[str, object]:
    selection = Selection(probe.attachment.target.name, probe.attachment.target.namespace)
    return probe_pod.manifest(
        probe.ref,
        probe.run,
        node=probe.node,
        image=request.probe_image,
        seconds=seconds,
        annotations={NETWORKS: render_selections([selection])},
        can_ping=probe.protocol == "icmp",
        port=request.probing.listening_port if probe.protocol == "tcp" else None,
    )


def _start(kube: Kube, request: Request, probes: list[Probe], seconds: int) -> tuple[list[Probe], list[Result]]:
    """Create the probes. Where pods that can ping are not allowed, and no protocol was asked for, they use TCP."""
    refused = own_pods.start(kube, [_document(request, probe, seconds) for probe in probes])
    results: list[Result] = []
    if request.probing.protocol is None:
        humbler = [
            replace(probe, protocol="tcp")
            for probe in probes
            if probe.ref in refused and not _is_forbidden(refused[probe.ref])
        ]
        still_refused = own_pods.start(kube, [_document(request, probe, seconds) for probe in humbler])
        for probe in {probe.attachment.ref: probe for probe in humbler if probe.ref not in still_refused}.values():
            text = f"TCP connections took the place of pings, as pods that can ping are refused: {refused[probe.ref]}"
            results.append(Result("probe", "skip", probe.attachment.ref, text))
        by_ref = {probe.ref: probe for probe in (*probes, *humbler)}
        probes = list(by_ref.values())
        refused = {ref: error for ref, error in refused.items() if by_ref[ref].protocol == "icmp"} | still_refused
    return probes, [*results, *_refusals(probes, refused)]


def _refusals(probes: Sequence[Probe], refused: Mapping[Ref, MultinetError]) -> Iterator[Result]:
    """Yield which probes could not be made; a missing right is said once, and is no fault of the network."""
    for probe in probes:
        error = refused.get(probe.ref)
        if error and not _is_forbidden(error):
            remedy = "allow it, or set probe_namespace to a namespace where such pods are allowed"
            yield Result("probe", "fail", probe.attachment.ref, f"no probe on {probe.node}: {error}", remedy)
    forbidden = {ref.namespace: error for ref, error in refused.items() if _is_forbidden(error)}
    for namespace, error in forbidden.items():
        text = f"no packets were sent, as there is no right to create pods: {error}"
        yield Result("ping", "warn", f"namespace {namespace}", text, RIGHTS, {"rights": ["create pods"]})


def _is_forbidden(error: MultinetError) -> bool:
    """Tell whether it is a right that is missing (RBAC), and not the pod that is refused."""
    return isinstance(error, ApiError) and error.status == FORBIDDEN and "cannot create resource" in error.api_message


def _await(kube: Kube, request: Request, probes: Sequence[Probe], context: Context) -> dict[Probe, Pod]:
    """Return the probes' pods when all run or have failed, or as they are at the deadline."""
    if not probes:
        return {}
    found = own_pods.await_all(
        kube,
        probes[0].run,
        [probe.ref for probe in probes],
        is_settled=lambda pod: pod.runs or pod.has_ended,
        timeout=request.wait_timeout,
        what="probe pods",
        progress=context.progress,
    )
    return {probe: Pod.of(found[probe.ref.name]) for probe in probes if probe.ref.name in found}


def _not_up(kube: Kube, probe: Probe, pod: Pod) -> Iterator[Result]:
    """Yield why a probe cannot send; one that could not even be made has been told of."""
    if _ends(probe, pod):
        return
    if pod.runs:
        text = f"the probe on {probe.node} started without {probe.attachment.ref}: Multus is not active there"
        remedy = "restart its pod on the node; then delete the node's pods that lack their interface"
    else:
        said = last_warning(kube, probe.ref)
        text = f"the probe on {probe.node} did not come up: {pod.phase}" + "".join(
            f"; {reason}" for reason in (pod.waiting, said) if reason
        )
        remedy = f"look at Multus' pod on {probe.node}, at its {probe.attachment.master}, and at the free addresses"
        if "Image" in pod.waiting:
            remedy = "set probe_image to an image with busybox's sh, ping and nc that the nodes can pull"
    yield Result("probe", "fail", probe.attachment.ref, text, remedy)


def _ends(probe: Probe, pod: Pod) -> list[End]:
    """Return a probe's ends of paths, one for each address; none if it cannot send."""
    return [
        End(pod.ref, probe.node, ip, is_probe=True, interface=interface.name)
        for interface in pod.interfaces_on(probe.attachment.ref)
        for ip in interface.ips
        if pod.runs
    ]


def _network(attachment: Attachment) -> tuple[str, ...]:
    """Return what attachments have in common whose pods can reach each other: the node's interface and the ranges.

    Several may share a range, each with a part of it: one for each node, with the addresses of the node's block.
    """
    return (attachment.master, *map(str, attachment.ranges))


def _ask_all(
    kube: Kube,
    request: Request,
    snapshot: Snapshot,
    pods: Mapping[Probe, Pod],
    targets: Mapping[str, list[End]],
) -> tuple[list[Result], list[Path]]:
    """Let each probe ask everybody else on its network, several probes at a time."""
    ends = {probe: found for probe, pod in pods.items() if (found := _ends(probe, pod))}
    everybody: dict[object, list[End]] = defaultdict(list)
    for probe, own in ends.items():
        everybody[_network(probe.attachment)] += own
    for attachment in snapshot.attachments:
        everybody[_network(attachment)] += targets[attachment.ref]

    def ask(probe: Probe) -> list[Path] | MultinetError:
        try:
            return list(_ask(kube, request, probe, ends[probe], everybody[_network(probe.attachment)]))
        except MultinetError as error:
            return error

    with ThreadPoolExecutor(MOST_EXECS) as threads:
        answers = dict(zip(ends, threads.map(ask, ends), strict=True))
    errors = {probe: answer for probe, answer in answers.items() if isinstance(answer, MultinetError)}
    return list(_unasked(errors)), [path for answer in answers.values() if isinstance(answer, list) for path in answer]


def _unasked(errors: Mapping[Probe, MultinetError]) -> Iterator[Result]:
    """Yield which probes sent nothing; a missing right is said once, and is no fault of the network."""
    forbidden = {}
    for probe, error in errors.items():
        if isinstance(error, ApiError) and error.status == FORBIDDEN:
            forbidden[probe.ref.namespace] = error
            continue
        text = f"the probe on {probe.node} could not be asked to send: {error}"
        remedy = "look whether the node is Ready, and whether its kubelet can be reached"
        yield Result("probe", "fail", probe.attachment.ref, text, remedy)
    for namespace, error in forbidden.items():
        text = f"no packets were sent, as there is no right to run commands in pods (pods/exec): {error}"
        yield Result("ping", "warn", f"namespace {namespace}", text, RIGHTS, {"rights": ["create pods/exec"]})


def _ask(kube: Kube, request: Request, probe: Probe, sources: Sequence[End], targets: Sequence[End]) -> Iterator[Path]:
    """Yield the paths from a probe to all targets but itself, from its address of the same family."""
    by_version = {parse_address(source.ip).version: source for source in sources}
    paths = [
        (source, target)
        for target in targets
        if (source := by_version.get(parse_address(target.ip).version)) and target.pod != source.pod
    ]
    wanted = [
        pair for pair in paths if request.probing.mode in ("all", Path(probe.attachment.ref, *pair, UNTRIED).kind)
    ]
    for start in range(0, len(wanted), MOST_TARGETS):
        yield from _ask_some(kube, request, probe, wanted[start : start + MOST_TARGETS])


def _ask_some(kube: Kube, request: Request, probe: Probe, pairs: Sequence[tuple[End, End]]) -> Iterator[Path]:
    """Yield what becomes of the packets of one command."""
    probing = request.probing
    if probe.protocol == "icmp":
        command = packets.ping(probing, [Question(source.ip, source.interface, end.ip) for source, end in pairs])
    else:
        command = packets.connect(probing.count, [(end.ip, probing.listening_port) for _source, end in pairs])
    said = remote.run(kube.connection, probe.ref, command, timeout=probing.seconds(len(pairs)))
    answers = (
        packets.parse_pings(said.stdout)
        if probe.protocol == "icmp"
        else packets.parse_connections(said.stdout, probing.count, must_listen=probing.port is not None)
    )
    silence = Answer(100, error=said.stderr.strip() or "no output")
    for source, end in pairs:
        yield Path(probe.attachment.ref, source, end, answers.get(end.ip, silence))
