# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a cluster, asks all questions, sends the packets, and judges."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..cni.whereabouts import Allocation
from ..errors import VerificationFailed
from ..kube.client import Kube
from ..reconcile import Context
from ..waiting import Progress
from . import causes, fabric, hostport, junit, probe, report
from .checks import catalogue, inside
from .fabric import Cloud, Fabric
from .inside import look_into
from .inspection import Assignment, inspect
from .matrix import Path
from .reading import take
from .repair import AGE, repair
from .request import CONNECTIVITY, INSIDE, NODE_CHECKS, Request
from .result import Result
from .snapshot import Snapshot

BAD = {"error": ("fail",), "never": ("fail",), "warning": ("fail", "warn")}  # by fail_on

Leaks = dict[tuple[str, Allocation], datetime]  # since when a pool's allocation is nobody's, as far as we have seen


def verify(
    kube: Kube,
    request: Request,
    context: Context,
    fail_on: str,
    *,
    cloud: Cloud | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Return the module's result.

    :param fail_on: "error", "warning" or "never".
    :param cloud: who knows whose block an address lies in; None: nobody.
    :raises VerificationFailed: something is not as it should be, and fail_on is not never.
    """
    if not kube.exists:
        return report.nothing()
    view = View(kube, request, context, cloud)
    leaks: Leaks = {}
    known, done, left = _repair(view)
    for looks_left in reversed(range(request.looks)):
        seen, results, paths = _look(view, leaks, known)
        known, results = None, [*results, *left]
        bad = [result for result in results if result.status in BAD[fail_on]]
        if not (bad and looks_left):
            break
        context.progress(Progress(f"{len(bad)} findings, the first: {bad[0]}; again in {request.delay} s"))
        sleep(request.delay)
    answer = {**report.make(seen, results, paths, bad), **done}
    if request.junit_path and not context.check_mode:
        _save(answer["junit"], request.junit_path, context)
    counted = [] if fail_on == "never" else bad
    for result in results:
        if result.status in ("fail", "warn") and result not in counted:
            context.warn(f"{result}. What to do: {result.remedy}")
    if counted:
        raise VerificationFailed(report.failure(answer["summary"], counted), answer)
    return answer


@dataclass(frozen=True)
class View:
    """Who is asked, and for what."""

    kube: Kube
    request: Request
    context: Context
    cloud: Cloud | None

    def read(self) -> Snapshot:
        """Return the cluster as its API shows it now."""
        self.context.progress(Progress("reading the cluster"))
        return take(self.kube, self.request)


def _repair(view: View) -> tuple[Snapshot | None, dict[str, Any], list[Result]]:
    """Put right what is asked for; return the cluster as it was seen, if it is still so."""
    if not view.request.repair:
        return None, {}, []
    seen = view.read()
    findings = catalogue.check(seen, {AGE})
    done, left = repair(view.kube, view.request, seen, findings, view.context)
    return None if done["changed"] and not view.context.check_mode else seen, done, left


def _look(view: View, leaks: Leaks, known: Snapshot | None) -> tuple[Snapshot, list[Result], list[Path]]:
    """Look at everything once.

    :param known: what has been read already.
    """
    kube, request, context = view.kube, view.request, view.context
    seen = known or view.read()
    _note(leaks, seen)
    seen = replace(seen, leaked_since=dict(leaks))
    if request.inspect_nodes and not context.check_mode:
        seen = replace(seen, inspections=_inspect(kube, request, seen, context))
    if INSIDE in request.checks and request.probe and not context.check_mode:
        seen = replace(seen, insides=look_into(kube, inside.looks(seen, everywhere=request.look_inside)))
    results = [*catalogue.check(seen, request.checks), *_left_out(request, seen, context)]
    findings, paths = _send(view, seen)
    return seen, results + findings, paths


def _send(view: View, seen: Snapshot) -> tuple[list[Result], list[Path]]:
    """Send the packets; return what they mean and what became of them."""
    kube, request, context, probing = view.kube, view.request, view.context, view.request.probing
    if CONNECTIVITY not in request.checks:
        return [], []
    if not request.pings or context.check_mode:
        why = "check mode" if request.pings else "probe is false"
        return [Result("ping", "skip", "all attachments", f"no packets were sent: {why}")], []
    results: list[Result] = []
    paths: list[Path] = []
    if probing.mode == "none":
        results.append(Result("ping", "skip", "all attachments", "no paths were tried: connectivity is none"))
    else:
        results, paths = probe.measure(kube, request, seen, context)
        for attachment in seen.attachments:
            own = [path for path in paths if path.attachment == attachment.ref]
            network = fabric.look_up(attachment, seen, view.cloud) if causes.fails_between_nodes(own) else Fabric()
            results += causes.judge(attachment, own, probing, network)
    if probing.hostport:
        results += hostport.measure(kube, request, seen, probing.hostport, context)
    return results, paths


def _save(document: str, path: str, context: Context) -> None:
    try:
        junit.save(document, path)
    except OSError as error:
        context.warn(f"junit_path: {path} could not be written: {error}")


def _note(leaks: Leaks, seen: Snapshot) -> None:
    """Note which allocations are nobody's, and forget those that are not any more."""
    now = {(pool.name, v.allocation) for pool, verdicts in seen.pools for v in verdicts if v.state == "orphan"}
    for gone in leaks.keys() - now:
        del leaks[gone]
    for leak in now:
        leaks.setdefault(leak, seen.taken)


def _inspect(kube: Kube, request: Request, seen: Snapshot, context: Context) -> Any:
    """Look at the nodes that are Ready and carry attachments, or have Multus on them."""
    installed, attachments = seen.installation, [each for each in seen.attachments if each.is_verified]
    nodes = {container.node for container in installed.containers if container.node}
    nodes |= {node.name for each in attachments for node in seen.carriers(each, request.node_selector)}
    what = Assignment(
        nodes=tuple(sorted(node for node in nodes if seen.is_ready(node))),
        masters=tuple(sorted({each.master for each in attachments if each.master})),
        cluster_network=installed.cluster_network,
        bin_dir=installed.bin_dir,
        namespace=installed.namespace,
        image=request.probe_image,
        timeout=request.wait_timeout,
    )
    return inspect(kube, what, context.progress, context.warn)


def _left_out(request: Request, seen: Snapshot, context: Context) -> list[Result]:
    """Return which questions about the nodes themselves had to be left out, and why."""
    asked = [name for name in NODE_CHECKS if name in request.checks]
    if not request.inspect_nodes or context.check_mode:
        why = "check mode" if request.inspect_nodes else "inspect_nodes is false"
        return [Result(name, "skip", "all nodes", f"the nodes were not looked at: {why}") for name in asked]
    remedy = "allow pods with hostPath in Multus' namespace, and an image with sh and grep (probe_image)"
    return [
        Result(
            "inspection",
            "skip" if "Forbidden" in found.problem else "warn",
            node,
            f"it was not looked at: {found.problem}",
            remedy,
        )
        for node, found in seen.inspections.items()
        if found.problem
    ]
