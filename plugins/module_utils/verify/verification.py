# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a cluster, asks all questions, sends the packets, and judges."""

from __future__ import annotations

from typing import Any

from ..errors import VerificationFailed
from ..kube.client import Kube
from ..reconcile import Context
from . import causes, checks, fabric, hostport, junit, probe, report, snapshot
from .fabric import Cloud, Fabric
from .matrix import Path
from .repair import repair
from .request import Request
from .result import Result
from .snapshot import Snapshot

BAD = {"error": ("fail",), "never": ("fail",), "warning": ("fail", "warn")}  # by fail_on


def verify(kube: Kube, request: Request, context: Context, fail_on: str, cloud: Cloud | None = None) -> dict[str, Any]:
    """Return the module's result.

    :param fail_on: "error", "warning" or "never".
    :param cloud: who knows whose block an address lies in; None: nobody.
    :raises VerificationFailed: something is not as it should be, and fail_on is not never.
    """
    if not kube.exists:
        return report.nothing()
    context.progress("reading the cluster")
    seen = snapshot.take(kube, request)
    results = checks.check(seen)
    done: dict[str, Any] = {}
    if request.repair:
        done, left = repair(kube, request, seen, results, context)
        if done["changed"] and not context.check_mode:
            context.progress("reading the cluster again")
            seen = snapshot.take(kube, request)
            results = checks.check(seen)
        results += left
    findings, paths = _send(kube, request, seen, context, cloud)
    results += findings
    bad = [result for result in results if result.status in BAD[fail_on]]
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


def _send(
    kube: Kube, request: Request, seen: Snapshot, context: Context, cloud: Cloud | None
) -> tuple[list[Result], list[Path]]:
    """Send the packets, and return what they mean and what became of them."""
    probing = request.probing
    if not request.probe or context.check_mode:
        why = "check mode" if request.probe else "probe is false"
        return [Result("ping", "skip", "all attachments", f"no packets were sent: {why}")], []
    results: list[Result] = []
    paths: list[Path] = []
    if probing.mode == "none":
        results.append(Result("ping", "skip", "all attachments", "no paths were tried: connectivity is none"))
    else:
        results, paths = probe.measure(kube, request, seen, context)
        for attachment in seen.attachments:
            own = [path for path in paths if path.attachment == attachment.ref]
            network = fabric.look_up(attachment, seen, cloud) if causes.fails_between_nodes(own) else Fabric()
            results += causes.judge(attachment, own, probing, network)
    if probing.hostport:
        results += hostport.measure(kube, request, seen, probing.hostport, context)
    return results, paths


def _save(document: str, path: str, context: Context) -> None:
    try:
        junit.save(document, path)
    except OSError as error:
        context.warn(f"junit_path: {path} could not be written: {error}")
