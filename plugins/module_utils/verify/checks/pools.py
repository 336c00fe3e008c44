# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of Whereabouts' pools."""

from __future__ import annotations

from collections.abc import Iterator

from ...cni.texts import some
from ...cni.whereabouts import describe, problems_of
from ..result import Result, Status, settled
from ..snapshot import Snapshot

FULL_PERCENT = 90  # of a pool: worth a warning
# etcd takes 1.5 MiB in one object, which about 13,100 allocations fill (119 bytes each); the next pod then gets none.
MANY_ALLOCATIONS = 12_000


def unparsable_pools(snapshot: Snapshot) -> Iterator[Result]:
    """Every pool can be read: one that cannot stops the garbage collection of all."""
    findings = []
    for pool, _verdicts in snapshot.pools:
        for problem in problems_of(pool, snapshot.installation.namespace):
            remedy = "correct the pool, or remove it: whereabouts_pool, state absent"
            status: Status = "fail" if pool.error else "warn"
            findings.append(Result("unparsable_pools", status, f"{pool.namespace}/{pool.name}", problem, remedy))
    well = f"all of {len(snapshot.pools)} pools can be read"
    yield from settled("unparsable_pools", "all pools", well, findings)


def capacity(snapshot: Snapshot) -> Iterator[Result]:
    """Pools have free addresses, and room in etcd."""
    for pool, verdicts in snapshot.pools:
        if pool.error:
            continue
        title, usage = f"{pool.namespace}/{pool.name}", describe(pool, verdicts)
        data = {key: usage[key] for key in ("used", "free", "capacity", "used_percent")}
        text = f"{usage['used']} of {usage['capacity']} addresses are used ({usage['used_percent']} %)"
        findings = []
        if not usage["free"]:
            findings.append(Result("capacity", "fail", title, text, "add a range: the next pod gets none", data))
        elif usage["used_percent"] >= FULL_PERCENT:
            findings.append(Result("capacity", "warn", title, text, "add a range before it is full", data))
        if usage["used"] >= MANY_ALLOCATIONS:
            text = f"{usage['used']} addresses in one pool: at about 13,100 etcd takes no more (1.5 MiB in one object)"
            remedy = "spread the pods over several ranges, or give the attachments a network_name each"
            findings.append(Result("capacity", "warn", title, text, remedy, data))
        yield from findings or [Result("capacity", "pass", title, text, data=data)]


def orphans(snapshot: Snapshot) -> Iterator[Result]:
    """No address is kept for a pod that is gone."""
    findings = []
    for pool, verdicts in snapshot.pools:
        found = describe(pool, verdicts)["orphans"]
        if found:
            text = f"addresses that nobody has any more: {some(found)}"
            remedy = f"release them: whereabouts_pool, name {pool.name}, state reconciled"
            title = f"{pool.namespace}/{pool.name}"
            findings.append(Result("orphans", "warn", title, text, remedy, {"ips": found}))
    yield from settled("orphans", "all pools", "no address is kept for a pod that is gone", findings)
