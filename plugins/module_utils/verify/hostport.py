# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a hostPort leads to its pod: tried from node to node, over the cluster's own network.

The runtime passes port mappings on to Multus only if its configuration declares the capability, and Multus to the
cluster network's plugins only then, too (CNI conventions, "portMappings"; multus-cni docs/configuration.md,
capabilities). The guide's configuration does not, so on its nodes no hostPort works, that of any pod.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from ..cni.pods import Pod
from ..cni.texts import some
from ..errors import MultinetError
from ..kube import exec as remote
from ..kube.client import Kube, Object
from ..kube.kinds import POD, Ref
from ..reconcile import Context
from ..waiting import Progress
from . import own_pods, packets, probe_pod
from .packets import UNTRIED, Answer
from .request import Request
from .result import Result
from .snapshot import Snapshot

ASKERS = 2  # other nodes from which each node is tried
MOST_EXECS = 8  # at the same time
SPARE_SECONDS = 60
CHECK = "hostport"


def measure(kube: Kube, request: Request, snapshot: Snapshot, port: int, context: Context) -> list[Result]:
    """Start a pod with a hostPort on each node that carries an attachment, try them from each other, and remove them.

    :param port: of the nodes; nobody else may use it.
    """
    nodes = sorted(
        {
            node.name
            for attachment in snapshot.attachments
            for node in snapshot.carriers(attachment, request.node_selector)
            if node.ready
        }
    )
    if not nodes:
        return [Result(CHECK, "skip", _subject(port), "no node that is ready carries an attachment")]
    own_pods.sweep(kube, datetime.now(UTC))
    run, namespace = own_pods.new_run(), request.probe_namespace or "default"
    refs = {Ref(POD, f"multinet-hostport-{run}-{number}", namespace): node for number, node in enumerate(nodes)}
    seconds = int(request.wait_timeout + 2 * request.probing.seconds(ASKERS) + SPARE_SECONDS)
    try:
        context.progress(Progress(f"starting {len(refs)} pods with hostPort {port}"))
        refused = own_pods.start(kube, [_document(request, ref, run, node, seconds) for ref, node in refs.items()])
        found = own_pods.await_all(
            kube,
            run,
            refs,
            is_settled=lambda pod: pod.runs or pod.has_ended,
            timeout=request.wait_timeout,
            what="pods with a hostPort",
            progress=context.progress,
        )
        up = {ref: obj for ref in refs if (obj := found.get(ref.name)) and Pod.of(obj).runs}
        results = list(_not_up(port, refs, refused, found))
        answers, errors = _try(kube, request, port, up, refs)
        return [*results, *errors, *judge(port, answers)]
    finally:
        own_pods.remove(kube, refs, context.warn)


def judge(port: int, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Result]:
    """Yield what the answers of each node's hostPort mean.

    :param answers: by node, those that others got.
    """
    refusing = sorted(node for node, said in answers.items() if all(each.refused for each in said))
    silent = sorted(n for n, said in answers.items() if n not in refusing and all(each.loss == 100 for each in said))
    if refusing:
        yield Result(
            CHECK,
            "fail",
            _subject(port),
            f"on {some(refusing)} the node itself refuses the connection: the port is not mapped to the pod",
            "let Multus pass port mappings on (multus_install: config.capabilities {portMappings: true}, or preset "
            "hardened), and make the pods that have a hostPort again",
            {"port": port, "nodes": refusing},
        )
    if silent:
        text = f"on {some(silent)} nobody answers"
        remedy = f"look whether a firewall rule lets TCP port {port} in to the nodes on the cluster's own network"
        yield Result(CHECK, "fail", _subject(port), text, remedy, {"port": port, "nodes": silent})
    if answers and not (refusing or silent):
        yield Result(CHECK, "pass", _subject(port), f"it leads to its pod on each of {len(answers)} nodes")


def _subject(port: int) -> str:
    return f"hostPort {port}"


def _document(request: Request, ref: Ref, run: str, node: str, seconds: int) -> Object:
    return probe_pod.manifest(
        ref,
        run,
        node=node,
        image=request.probe_image,
        seconds=seconds,
        annotations={},
        can_ping=False,
        port=packets.LISTENING_PORT,
        host_port=request.probing.hostport,
    )


def _not_up(
    port: int, refs: Mapping[Ref, str], refused: Mapping[Ref, MultinetError], found: Mapping[str, Object]
) -> Iterator[Result]:
    """Yield which pods do not run, and why."""
    for ref, node in refs.items():
        if ref in refused:
            remedy = "set probe_namespace to a namespace whose Pod Security Standard allows hostPorts (privileged)"
            yield Result(CHECK, "fail", _subject(port), f"no pod with it on {node}: {refused[ref]}", remedy)
        elif ref.name not in found or not Pod.of(found[ref.name]).runs:
            pod = Pod.of(found[ref.name]) if ref.name in found else None
            reason = f"{pod.phase} {pod.waiting}".strip() if pod else "gone"
            remedy = f"look whether another pod on {node} has the port; if so, set hostport to one that is free"
            yield Result(CHECK, "fail", _subject(port), f"a pod with it did not come up on {node}: {reason}", remedy)


def _try(
    kube: Kube, request: Request, port: int, up: Mapping[Ref, Object], refs: Mapping[Ref, str]
) -> tuple[dict[str, list[Answer]], list[Result]]:
    """Let each pod ask the next ones' nodes, round in a ring; return the answers by node that was asked."""
    ring = list(up)
    steps = range(1, min(ASKERS, len(ring) - 1) + 1) if len(ring) > 1 else range(1)

    def ask(number: int) -> list[tuple[str, Answer]] | MultinetError:
        asked = [ring[(number + step) % len(ring)] for step in steps]
        address = {ref: up[ref]["status"]["hostIP"] for ref in asked}
        command = packets.connect(request.probing.count, [(address[ref], port) for ref in asked])
        try:
            said = remote.run(kube.connection, ring[number], command, timeout=request.probing.seconds(len(asked)))
        except MultinetError as error:
            return error
        answers = packets.parse_connections(said.stdout, request.probing.count, must_listen=True)
        return [(refs[ref], answers.get(address[ref], UNTRIED)) for ref in asked]

    found: dict[str, list[Answer]] = defaultdict(list)
    errors = []
    with ThreadPoolExecutor(MOST_EXECS) as threads:
        for number, answer in enumerate(threads.map(ask, range(len(ring)))):
            if isinstance(answer, MultinetError):
                text = f"the pod on {refs[ring[number]]} could not be asked to connect: {answer}"
                errors.append(Result(CHECK, "warn", _subject(port), text, "look whether pods/exec is allowed"))
                continue
            for node, each in answer:
                found[node].append(each)
    return found, errors
