# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a cluster, asks all questions, sends the packets, and judges."""

from __future__ import annotations

from typing import Any

from ..errors import VerificationFailed
from ..kube.client import Kube
from ..reconcile import Context
from . import checks, matrix, probe, report, snapshot
from .request import Request
from .result import Result

BAD = {"error": ("fail",), "never": ("fail",), "warning": ("fail", "warn")}  # by fail_on


def verify(kube: Kube, request: Request, context: Context, fail_on: str) -> dict[str, Any]:
    """Return the module's result.

    :param fail_on: "error", "warning" or "never".
    :raises VerificationFailed: something is not as it should be, and fail_on is not never.
    """
    if not kube.exists:
        return report.nothing()
    context.progress("reading the cluster")
    seen = snapshot.take(kube, request)
    results = checks.check(seen)
    paths: list[matrix.Path] = []
    if request.probe and not context.check_mode:
        findings, paths = probe.measure(kube, request, seen, context)
        results += findings
        for attachment in seen.attachments:
            results += matrix.judge(attachment, [path for path in paths if path.attachment == attachment.ref])
    else:
        why = "check mode" if request.probe else "probe is false"
        results.append(Result("ping", "skip", "all attachments", f"no packets were sent: {why}"))
    bad = [result for result in results if result.status in BAD[fail_on]]
    answer = report.make(seen, results, paths, bad)
    counted = [] if fail_on == "never" else bad
    for result in results:
        if result.status in ("fail", "warn") and result not in counted:
            context.warn(f"{result}. What to do: {result.remedy}")
    if counted:
        raise VerificationFailed(report.failure(answer["summary"], counted), answer)
    return answer
