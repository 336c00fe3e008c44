# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pool looks like, and what of it has been nobody's in every look so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...cni.pool_usage import duplicates, overlapping_pools
from ...cni.reservations import Reservation, Sorted, sort_reservations
from ...cni.whereabouts import Allocation, Pool, Verdict, judge, problems_of
from ..client import Kube, Object
from ..kinds import IP_POOL
from . import pod_index, pool_reservations
from .pool_options import DesiredPool, Release, Target


@dataclass(frozen=True)
class Observed:
    """A pool at one moment, judged."""

    pool: Pool
    verdicts: tuple[Verdict, ...]
    orphans: tuple[Allocation, ...]  # nobody's in every look so far
    chosen: tuple[Verdict, ...]  # what is to be released by name
    reservations: Sorted
    collector: str = ""  # pod that would delete reservations which are restored

    @property
    def leaving(self) -> tuple[Allocation, ...]:
        """Return the allocations that go: orphans, and what is released by name."""
        named = {verdict.allocation.key: verdict.allocation for verdict in self.chosen}
        return tuple({**{orphan.key: orphan for orphan in self.orphans}, **named}.values())

    @property
    def others(self) -> tuple[Verdict, ...]:
        """Return the verdicts on allocations that must stay: they are somebody's, reserved, or nobody can tell."""
        gone = {orphan.key for orphan in self.orphans}
        return tuple(v for v in self.verdicts if v.allocation.key not in gone)


class PoolView:
    """Looks at a pool: once at everything around it, then at the pool and the pods again."""

    def __init__(self, kube: Kube, target: Target, desired: DesiredPool) -> None:
        self._kube, self._target, self._desired = kube, target, desired
        self._named = frozenset(desired.release)
        self._suspects: frozenset[Allocation | Reservation] | None = None  # nobody's at the first look
        self.surroundings: dict[str, Any] = {"duplicates": [], "overlapping_pools": []}
        self.warnings: tuple[str, ...] = target.warnings

    @property
    def is_new(self) -> bool:
        """Tell whether nobody has looked yet."""
        return self._suspects is None

    @property
    def reads_reservations(self) -> bool:
        """Tell whether reservations are looked at: they are, where any may go."""
        return self._desired.reservations and self._desired.releases

    def first(self) -> Observed | None:
        """Look at the pool among all others; what is nobody's now, and shall go, is suspected."""
        pools = [self._pool(obj) for obj in self._kube.list(IP_POOL)]
        own = next((pool for pool in pools if self._is_own(pool.namespace, pool.name)), None)
        self.warnings += tuple(self._problems(own, pools))
        seen = self._judge(own, pools) if own else None
        self._suspects = frozenset(self.suspected(seen))
        return seen

    def again(self) -> Observed | None:
        """Look at the pool, and judge it by the pods that are read now."""
        pool = self.read()
        return self._judge(pool) if pool else None

    def read(self) -> Pool | None:
        """Read the pool alone."""
        found = self._kube.get(self._target.ref)
        return self._pool(found) if found else None

    def suspected(self, seen: Observed | None) -> list[Allocation | Reservation]:
        """Return what would go, if it still is nobody's at the next look."""
        if seen is None or not self._desired.releases:
            return []
        named = [v.allocation for v in seen.chosen if v.state == "orphan"]
        return [*dict.fromkeys((*seen.orphans, *named)), *self.left_over(seen)]

    def left_over(self, seen: Observed) -> list[Reservation]:
        """Return the reservations that go, in state present those of released addresses only."""
        going = {allocation.ip for allocation in seen.leaving}
        is_all = self._desired.state != "present"
        return [each for each in seen.reservations.orphans if self.is_suspect(each) and (is_all or each.ip in going)]

    def is_suspect(self, thing: Allocation | Reservation) -> bool:
        """Tell whether something was nobody's at the first look, too."""
        return self._suspects is None or thing in self._suspects

    def _pool(self, obj: Object) -> Pool:
        metadata = obj["metadata"]
        is_own = self._is_own(metadata["namespace"], metadata["name"])
        return Pool.of(obj, self._target.node_name if is_own else "")

    def _is_own(self, namespace: str, name: str) -> bool:
        return (namespace, name) == (self._target.namespace, self._target.name)

    def _problems(self, own: Pool | None, pools: Iterable[Pool]) -> Iterator[str]:
        """Yield what is wrong with the pool, and with others that keep Whereabouts from collecting in any."""
        for pool in pools:
            if pool is own or pool.stops_collection:
                yield from problems_of(pool, self._target.namespace)

    def _judge(self, pool: Pool, all_pools: Sequence[Pool] = ()) -> Observed:
        desired = self._desired
        found = pool_reservations.read(self._kube, pool) if self.reads_reservations else []
        pods = pod_index.read(self._kube)
        if all_pools:
            around = overlapping_pools(pool, all_pools)
            names = {(other["namespace"], other["name"]) for other in around}
            near = [pool, *(other for other in all_pools if (other.namespace, other.name) in names)]
            self.surroundings = {"duplicates": duplicates(near, pods), "overlapping_pools": around}
        verdicts = judge(pool, pods, desired.rule)
        chosen = tuple(v for v in verdicts if self._is_named(v.allocation))
        orphans = tuple(v.allocation for v in verdicts if v.state == "orphan" and self.is_suspect(v.allocation))
        if desired.state == "present":
            orphans = ()
        leaving = {orphan.key for orphan in orphans} | {v.allocation.key for v in chosen}
        held = {allocation.ip for allocation in pool.allocations if allocation.key not in leaving}
        reservations = sort_reservations(found, held, verdicts, pods, desired.rule)
        restores = desired.restore_reservations and reservations.missing
        collector = pool_reservations.collector(self._kube, pool) if restores else ""
        return Observed(pool, verdicts, orphans, chosen, reservations, collector)

    def _is_named(self, allocation: Allocation) -> bool:
        return bool(self._named) and not self._named.isdisjoint(
            (Release(ip=allocation.address), Release(podref=allocation.podref))
        )
