# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe pods: one on each node that carries an attachment; they ping. What becomes of them: :mod:`own_pods`."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from ..cni.annotations import NETWORKS, Selection, render_selections
from ..cni.pods import Pod
from ..cni.ranges import parse_address
from ..errors import MultinetError
from ..kube import exec as remote
from ..kube.client import Kube, Object
from ..kube.events import last_warning
from ..kube.kinds import POD, Ref
from ..reconcile import Context
from . import own_pods
from .matrix import End, Path
from .own_pods import GRACE_SECONDS, RUN_LABEL
from .request import Request
from .result import Result, settled
from .snapshot import Attachment, Snapshot

# What the runtime gives to root beside NET_RAW, which the ping of busybox needs (it knows no other sockets). Adding
# NET_RAW to nothing would be simpler, but the baseline Pod Security Standard allows no such addition.
NEEDLESS = [
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
]
AT_ONCE = 32  # pings of one probe
MOST_TARGETS = 200  # of one command: they are in the request's address
MOST_EXECS = 8  # at the same time

# Prints a line for each target: its address, then what ping said. With the probe's own address as source (-I)
# the packets leave through the attachment's interface.
SCRIPT = f"""
set -f
source=$1; count=$2; shift 2; n=0
for target; do
  {{ said=$(ping -q -c "$count" -W 1 -I "$source" "$target" 2>&1); echo "$target" $said; }} &
  n=$((n + 1)); [ $((n % {AT_ONCE})) -ne 0 ] || wait
done
wait
"""

_LOSS = re.compile(r"(\d+)% packet loss")
_RTT = re.compile(r"= [\d.]+/([\d.]+)/")  # min/avg/...


@dataclass(frozen=True)
class Probe:
    """One probe pod."""

    attachment: Attachment
    node: str
    ref: Ref
    run: str  # all probes of one run share it


def measure(kube: Kube, request: Request, snapshot: Snapshot, context: Context) -> tuple[list[Result], list[Path]]:
    """Start probes, let each ping all other pods on its attachment, and remove them.

    :returns: what is wrong with the probes themselves, and what became of the packets.
    """
    own_pods.sweep(kube, datetime.now(UTC))
    run = own_pods.new_run()
    probes = plan(request, snapshot, run)
    results = [finding for attachment in snapshot.attachments for finding in unready(request, snapshot, attachment)]
    try:
        context.progress(f"starting {len(probes)} probe pods")
        results += _start(kube, request, probes, lifetime(request, snapshot, len(probes)))
        found = own_pods.await_all(
            kube,
            run,
            [probe.ref for probe in probes],
            is_settled=lambda pod: pod.runs or pod.has_ended,
            timeout=request.wait_timeout,
            what="probe pods",
            progress=context.progress,
        )
        pods = {name: Pod.of(obj) for name, obj in found.items()}
        for attachment in snapshot.attachments:
            own = [probe for probe in probes if probe.attachment is attachment]
            findings = [finding for probe in own for finding in _not_up(kube, probe, pods.get(probe.ref.name))]
            if own:
                results += settled("probe", attachment.ref, f"a probe runs on each of {len(own)} nodes", findings)
        errors, paths = _ping_all(kube, request, snapshot, probes, pods)
        return results + errors, paths
    finally:
        own_pods.remove(kube, [probe.ref for probe in probes], context.warn)


def plan(request: Request, snapshot: Snapshot, run: str) -> list[Probe]:
    """Return the probes to start: one for each attachment and each ready node that carries it."""
    places = [
        (attachment, node)
        for attachment in snapshot.attachments
        if not attachment.problem and attachment.type == "ipvlan"
        for node in snapshot.carriers(attachment, request.node_selector)
        if node.ready
    ]
    return [
        Probe(attachment, node.name, Ref(POD, f"multinet-probe-{run}-{number}", _namespace(request, attachment)), run)
        for number, (attachment, node) in enumerate(places)
    ]


def unready(request: Request, snapshot: Snapshot, attachment: Attachment) -> Iterator[Result]:
    """Yield why there are no paths, or none between nodes."""
    carriers = snapshot.carriers(attachment, request.node_selector)
    if not carriers:
        text = "no node is known to carry it, so nothing was sent"
        yield Result("probe", "warn", attachment.ref, text, "name its node_pools, or set node_selector")
    elif len(carriers) == 1:
        yield Result("probe", "skip", attachment.ref, "only one node carries it: no path between nodes to try")


def manifest(request: Request, probe: Probe, seconds: int) -> Object:
    """Return a probe pod, as restricted as ping allows: it fits the baseline Pod Security Standard.

    :param seconds: until Kubernetes ends it.
    """
    selection = Selection(probe.attachment.target.name, probe.attachment.target.namespace)
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": {
            "name": probe.ref.name,
            "namespace": probe.ref.namespace,
            "labels": {RUN_LABEL: probe.run},
            "annotations": {NETWORKS: render_selections([selection])},
        },
        "spec": {
            "nodeName": probe.node,  # past the scheduler: cordoned nodes carry packets, too
            "tolerations": [{"operator": "Exists"}],
            "restartPolicy": "Never",
            "activeDeadlineSeconds": seconds,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "dnsPolicy": "Default",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "probe",
                    "image": request.probe_image,
                    "command": ["sh", "-c", f"trap exit TERM; sleep {seconds} & wait"],
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"cpu": "500m", "memory": "64Mi"},
                    },
                    "securityContext": {
                        "runAsUser": 0,
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": NEEDLESS},
                    },
                }
            ],
        },
    }


def lifetime(request: Request, snapshot: Snapshot, probes: int) -> int:
    """Return how many seconds probes may live: the wait for them, all their pings, and a minute."""
    targets = probes + sum(len(snapshot.reachable(attachment)) for attachment in snapshot.attachments)
    rounds = math.ceil(probes / MOST_EXECS)
    return math.ceil(request.wait_timeout + rounds * _ping_seconds(request, targets) + 60)


def parse(output: str) -> dict[str, tuple[int, float | None, str]]:
    """Return what the script printed: by address, the loss in percent, the average time in ms, ping's complaint."""
    found = {}
    for line in output.splitlines():
        ip, _space, said = line.partition(" ")
        loss, rtt = _LOSS.search(said), _RTT.search(said)
        found[ip] = (int(loss[1]), float(rtt[1]) if rtt else None, "") if loss else (100, None, said or "no output")
    return found


def _namespace(request: Request, attachment: Attachment) -> str:
    # With Multus' namespaceIsolation, which the guide sets, pods reach attachments of their own namespace only (and
    # those in default).
    return request.probe_namespace or attachment.target.namespace


def _start(kube: Kube, request: Request, probes: list[Probe], seconds: int) -> Iterator[Result]:
    refused = own_pods.start(kube, [manifest(request, probe, seconds) for probe in probes])
    for probe in probes:
        if probe.ref in refused:
            text = f"no probe on {probe.node}: {refused[probe.ref]}"
            remedy = "allow it, or set probe_namespace to a namespace where such pods are allowed"
            yield Result("probe", "fail", probe.attachment.ref, text, remedy)


def _not_up(kube: Kube, probe: Probe, pod: Pod | None) -> Iterator[Result]:
    """Yield why a probe cannot ping; one that could not even be made has been told of."""
    if pod is None or _end(probe, pod):
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
            remedy = "set probe_image to an image with sh and ping that the nodes can pull"
    yield Result("probe", "fail", probe.attachment.ref, text, remedy)


def _end(probe: Probe, pod: Pod) -> End | None:
    """Return a probe's end of a path, None if it cannot ping."""
    ips = [ip for interface in pod.interfaces_on(probe.attachment.ref) for ip in interface.ips]
    return End(pod.ref, probe.node, ips[0], is_probe=True) if ips and pod.runs else None


def _ping_all(
    kube: Kube, request: Request, snapshot: Snapshot, probes: list[Probe], pods: dict[str, Pod]
) -> tuple[list[Result], list[Path]]:
    """Let each probe ping everybody else on its attachment, several probes at a time."""
    ends = {probe: end for probe in probes if (pod := pods.get(probe.ref.name)) and (end := _end(probe, pod))}
    targets: dict[str, list[End]] = defaultdict(list)
    for attachment in snapshot.attachments:
        targets[attachment.ref] += [end for probe, end in ends.items() if probe.attachment is attachment]
        targets[attachment.ref] += [End(pod.ref, pod.node, ip) for pod, ip in snapshot.reachable(attachment)]

    def ping(probe: Probe) -> tuple[list[Result], list[Path]]:
        try:
            return [], list(_ping(kube, request, probe, ends[probe], targets[probe.attachment.ref]))
        except MultinetError as error:
            text = f"the probe on {probe.node} could not be asked to ping: {error}"
            remedy = "look whether the node is Ready, and whether pods/exec is allowed"
            return [Result("probe", "fail", probe.attachment.ref, text, remedy)], []

    with ThreadPoolExecutor(MOST_EXECS) as threads:
        answers = list(threads.map(ping, ends))
    return [result for answer in answers for result in answer[0]], [path for answer in answers for path in answer[1]]


def _ping(kube: Kube, request: Request, probe: Probe, source: End, targets: Sequence[End]) -> Iterator[Path]:
    """Yield the paths from one probe to all targets of its address family but itself."""
    version = parse_address(source.ip).version
    others = [end for end in targets if end.pod != source.pod and parse_address(end.ip).version == version]
    for start in range(0, len(others), MOST_TARGETS):
        part = others[start : start + MOST_TARGETS]
        command = ["sh", "-c", SCRIPT, "probe", source.ip, str(request.count), *(end.ip for end in part)]
        said = remote.run(kube.connection, probe.ref, command, timeout=_ping_seconds(request, len(part)))
        answers = parse(said.stdout)
        for end in part:
            loss, rtt, error = answers.get(end.ip, (100, None, said.stderr.strip() or "no output"))
            yield Path(probe.attachment.ref, source, end, loss, rtt, error)


def _ping_seconds(request: Request, targets: int) -> float:
    """Return how long a probe may take at most: each ping sends one packet a second and waits for the last."""
    return 15 + math.ceil(targets / AT_ONCE) * (request.count + 2)
