# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the answer of a verification is written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ..cni.whereabouts import describe
from . import junit
from .matrix import Path, table
from .result import Result, counted
from .snapshot import Snapshot

NOTHING = "nothing to look at yet: the cluster is still to be made"


def make(snapshot: Snapshot, results: list[Result], paths: list[Path], bad: list[Result]) -> dict[str, Any]:
    """Return what the module returns.

    :param bad: the findings that count.
    """
    return {
        "changed": False,
        "actions": [],
        "ok": not bad,
        "results": [asdict(result) for result in results],
        "matrix": [path.as_row() for path in paths],
        "pods": list(_pods(snapshot)),
        "pools": list(_pools(snapshot)),
        "summary": summary(snapshot, results, paths, bad),
        "table": table(paths) if paths else "no packets were sent",
        "junit": junit.write(results, bad),
    }


def nothing() -> dict[str, Any]:
    """Return what the module returns if there is no cluster yet."""
    empty: dict[str, Any] = {key: [] for key in ("actions", "results", "matrix", "pods", "pools")}
    texts = {"summary": NOTHING, "table": NOTHING, "junit": junit.write([], [])}
    return {"changed": False, "ok": True, **empty, **texts}


def summary(snapshot: Snapshot, results: list[Result], paths: list[Path], bad: list[Result]) -> str:
    """Return a line for people; what could not be looked at for want of rights is in it."""
    pods = {pod.ref for attachment in snapshot.attachments for pod in snapshot.users(attachment)}
    answered = sum(path.ok for path in paths)
    parts = [
        counted(len(snapshot.attachments), "attachment"),
        counted(len(pods), "pod"),
        f"{answered} of {counted(len(paths), 'path')} answered" if paths else "no packets were sent",
        counted(len(bad), "finding"),
    ]
    unknown = dict.fromkeys(result.check for result in results if result.data.get("rights"))
    return ", ".join(parts) + (f"; not checked for want of rights: {', '.join(unknown)}" if unknown else "")


def failure(summary_line: str, bad: Iterable[Result]) -> str:
    """Return the text of a failed verification: each finding, and what to do."""
    lines = [f"the verification failed: {summary_line}"]
    for result in bad:
        lines.append(f"- {result} [{result.check}]")
        if result.remedy:
            lines.append(f"  what to do: {result.remedy}")
    return "\n".join(lines)


def _pods(snapshot: Snapshot) -> Iterable[dict[str, Any]]:
    """Yield the pods that use the attachments, with what they got from them."""
    refs = {attachment.ref for attachment in snapshot.attachments}
    users = {pod.ref: pod for attachment in snapshot.attachments for pod in snapshot.users(attachment)}
    for _ref, pod in sorted(users.items()):
        yield {
            "name": pod.name,
            "namespace": pod.namespace,
            "node": pod.node,
            "interfaces": [
                {"name": found.network, "interface": found.name, "ips": list(found.ips), "mac": found.mac}
                for found in pod.interfaces or ()
                if found.network in refs
            ],
        }


def _pools(snapshot: Snapshot) -> Iterable[dict[str, Any]]:
    """Yield the usage of the attachments' pools, without their allocations."""
    names = {name for attachment in snapshot.attachments for name in attachment.pool_names}
    for pool, verdicts in snapshot.pools:
        if pool.name in names:
            yield {key: value for key, value in describe(pool, verdicts).items() if key != "allocations"}
