# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whereabouts' pools in a cluster: made, looked at, freed of what nobody has any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..cni.pods import Pod, Pods
from ..cni.ranges import IPNetwork, check_cidr
from ..cni.texts import is_object_name, some
from ..cni.whereabouts import (
    Allocation,
    Pool,
    Reservation,
    Verdict,
    capacity,
    describe,
    duplicates,
    judge,
    judge_address,
    pool_name,
    problems_of,
)
from ..errors import ApiError, Immutable, Problems, Refused
from ..reconcile import Change, Context, Plan, State
from .client import JSON, Kube, Object
from .kinds import IP_POOL, POD, RESERVATION, Ref

MOST_KEYS = 2000  # of one patch: the API server takes 10,000 operations, two for each key
MOST_ATTEMPTS = 5  # Whereabouts writes the pool at every start and end of a pod
CHANGED = (409, 422)  # what the API server answers if a test of a JSON patch fails


def report(kube: Kube, name: str | None, namespace: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """Return pools with their usage and whose each allocation is.

    :param name: of one pool in the namespace; None for all pools of the cluster.
    :param namespace: in which Whereabouts keeps its pools.
    """
    pools = read_pools(kube, name, namespace)
    pods = read_pods(kube) if pools else Pods.of(())
    for pool in pools:
        for problem in problems_of(pool, namespace):
            warn(problem)
    return {
        "changed": False,
        "pools": [describe(pool, judge(pool, pods)) for pool in pools],
        "duplicates": duplicates(pools, pods),
    }


def read_pools(kube: Kube, name: str | None, namespace: str) -> list[Pool]:
    """Return one pool, or all of the cluster."""
    if name is None:
        return [Pool.of(obj) for obj in kube.list(IP_POOL)]
    found = kube.get(Ref(IP_POOL, name, namespace))
    return [Pool.of(found)] if found else []


def read_pods(kube: Kube) -> Pods:
    """Return all pods; to be read after the pools, so that no new pod's allocation looks like an orphan."""
    return Pods.of(Pod.of(obj) for obj in kube.list(POD))


@dataclass(frozen=True)
class DesiredPool:
    """A pool as it should be."""

    name: str
    namespace: str
    state: str  # "present", "absent", "reconciled"
    range: str | None = None  # needed to make it
    confirm_after: int = 60  # seconds between the two looks in which an allocation must be an orphan
    max_release: int | None = None

    @classmethod
    def of(cls, params: dict[str, Any]) -> DesiredPool:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        name, cidr = find_pool(params, problems)
        for option in ("confirm_after", "max_release"):
            if params[option] is not None and params[option] < 0:
                problems.add(option, params[option], "must not be negative")
        problems.raise_if_any()
        return cls(
            name=name or "",
            namespace=params["namespace"],
            state=params["state"],
            range=str(cidr) if cidr else None,
            confirm_after=params["confirm_after"],
            max_release=params["max_release"],
        )

    @property
    def ref(self) -> Ref:
        """Return the reference of the pool."""
        return Ref(IP_POOL, self.name, self.namespace)


def named(params: dict[str, Any]) -> str | None:
    """Return the name of the pool that the options name, None if they name none; InvalidOptions if they are wrong."""
    problems = Problems()
    name, _cidr = find_pool(params, problems)
    problems.raise_if_any()
    return name


def find_pool(params: dict[str, Any], problems: Problems) -> tuple[str | None, IPNetwork | None]:
    """Return name and range of the pool that the options name, or that range and network_name have."""
    if params["range"] is None:
        if params["network_name"]:
            problems.add("network_name", params["network_name"], "needs range")
        return params["name"], None
    cidr = check_cidr(problems, "range", params["range"])
    if cidr is None:
        return None, None
    name = pool_name(cidr, params["network_name"] or "")
    if not capacity(cidr):
        problems.add("range", params["range"], "has no address to hand out; it takes a /30 (IPv6: /126) or wider")
    if cidr.version == 6 and cidr.prefixlen < 64:
        problems.add("range", params["range"], "is wider than /64: Whereabouts counts with 64 bits")
    if not is_object_name(name):
        problems.add("network_name", params["network_name"], f'would make "{name}", which is no name for an object')
    return name, cidr


@dataclass(frozen=True)
class Observed:
    """A pool, and what of it has been nobody's in every look so far."""

    pool: Pool
    verdicts: tuple[Verdict, ...]
    orphans: tuple[Allocation, ...]
    reservations: tuple[Reservation, ...]  # of addresses that are orphans, or that the pool does not hold any more

    @property
    def others(self) -> tuple[Verdict, ...]:
        """Return the verdicts on allocations that must stay: they are somebody's, reserved, or nobody can tell."""
        return tuple(v for v in self.verdicts if v.allocation not in self.orphans)


class PoolResource:
    """A pool, brought into its state without ever releasing an address that may be in use."""

    key = "pool"

    def __init__(
        self, kube: Kube, desired: DesiredPool, context: Context, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._kube, self._desired, self._context, self._sleep = kube, desired, context, sleep
        self._suspects: frozenset[Allocation | Reservation] | None = None  # nobody's at the first look
        self._spared: set[str] = set()  # addresses that were somebody's after all

    def observe(self) -> Observed | None:
        """Read the pool; if anything is nobody's and shall go, wait once and look again."""
        seen = self._look()
        if self._suspects is None and seen is not None:
            self._suspects = frozenset((*seen.orphans, *seen.reservations))
            if self._suspects and self._desired.state != "present" and self._desired.confirm_after:
                seconds = self._desired.confirm_after
                self._context.progress(
                    f"{len(self._suspects)} are nobody's in {self._desired.ref}; again in {seconds} s"
                )
                self._sleep(seconds)
                seen = self._look()
        return seen

    def plan(self, observed: Observed | None) -> Plan:
        """Return what has to be done; Refused where something would be lost."""
        desired = self._desired
        if observed is None:
            return self._plan_create() if desired.state == "present" else Plan(None, None)
        before = describe(observed.pool, observed.verdicts)
        if desired.state == "absent":
            return self._plan_absent(observed, before)
        if desired.state == "present":
            if observed.pool.range != desired.range:
                remedy = (
                    "every key of its allocations counts from there; remove the pool (state absent) and make it again"
                )
                raise Immutable(str(desired.ref), {"range": (observed.pool.range, desired.range)}, remedy)
            return Plan(before, before)
        return self._plan_release(observed, before)

    def facts(self, observed: Observed | None, plan: Plan) -> dict[str, Any]:
        """Return which addresses were released, or would be in check mode."""
        kept = {row["ip"] for row in (plan.after or {}).get("allocations", ())} | self._spared
        return {"released": [row["ip"] for row in (plan.before or {}).get("allocations", ()) if row["ip"] not in kept]}

    def _look(self) -> Observed | None:
        found = self._kube.get(self._desired.ref)
        if found is None:
            return None
        pool = Pool.of(found)
        reservations = self._reservations(pool)
        pods = read_pods(self._kube)
        verdicts = judge(pool, pods)
        orphans = tuple(v.allocation for v in verdicts if v.state == "orphan" and self._is_suspect(v.allocation))
        held = {allocation.ip for allocation in pool.without(orphans).allocations}
        left_over = tuple(
            reservation
            for reservation in reservations
            if reservation.ip not in held
            and self._is_suspect(reservation)
            and reservation.podref
            and judge_address(reservation.ip, reservation.podref, pods)[0] == "orphan"
        )
        return Observed(pool, verdicts, orphans, left_over)

    def _reservations(self, pool: Pool) -> list[Reservation]:
        if self._desired.state == "present":
            return []
        found = (Reservation.of(obj, pool) for obj in self._kube.list(RESERVATION, pool.namespace))
        return [reservation for reservation in found if reservation]

    def _is_suspect(self, thing: Allocation | Reservation) -> bool:
        return self._suspects is None or thing in self._suspects

    def _plan_create(self) -> Plan:
        desired = self._desired
        manifest = {
            "apiVersion": IP_POOL.api_version,
            "kind": IP_POOL.kind,
            "metadata": {"name": desired.name, "namespace": desired.namespace},
            "spec": {"range": desired.range, "allocations": {}},
        }
        create = Change(f"create pool {desired.name} ({desired.range})", lambda: self._kube.create(manifest))
        return Plan(None, describe(Pool.of(manifest), ()), (create,))

    def _plan_absent(self, observed: Observed, before: State) -> Plan:
        title = f"pool {self._desired.name}"
        if observed.others:
            raise Refused(
                f"{title} has {len(observed.others)} allocations that are reserved, in use, or may be: "
                f"{_named(verdict.allocation for verdict in observed.others)}. "
                "A pool that is made again would hand out these addresses a second time: delete the pods first, and "
                f"take out what is reserved (kubectl -n {self._desired.namespace} edit ippools {self._desired.name})"
            )
        remove = Change(f"delete {title}", lambda: self._delete(observed.pool))
        return Plan(before, None, (remove, *self._removals(observed)))

    def _plan_release(self, observed: Observed, before: State) -> Plan:
        orphans, most = observed.orphans, self._desired.max_release
        if most is not None and len(orphans) > most:
            raise Refused(
                f"pool {self._desired.name} has {len(orphans)} orphans, more than max_release ({most}) lets go: "
                f"{_named(orphans)}. Look why, then raise max_release"
            )
        releases = [
            Change(f"release {_named(part)} in pool {self._desired.name}", partial(self._release, part))
            for part in (orphans[start : start + MOST_KEYS] for start in range(0, len(orphans), MOST_KEYS))
        ]
        after = describe(observed.pool.without(orphans), observed.verdicts)
        return Plan(before, after, (*releases, *self._removals(observed)))

    def _removals(self, observed: Observed) -> list[Change]:
        return [
            Change(f"remove reservation {reservation.name} ({reservation.podref})", partial(self._remove, reservation))
            for reservation in observed.reservations
        ]

    def _release(self, allocations: tuple[Allocation, ...]) -> None:
        """Take allocations out of the pool, unless somebody has them after all."""
        for _attempt in range(MOST_ATTEMPTS):
            seen = self._look()
            still = [allocation for allocation in seen.orphans if allocation in allocations] if seen else []
            self._spare(seen, set(allocations) - set(still))
            if seen is None or not still:
                return
            try:
                self._kube.patch(self._desired.ref, _patch(seen.pool, still), JSON)
            except ApiError as error:
                if error.status not in CHANGED:
                    raise
            else:
                return
        raise Refused(f"{self._desired.ref} changed {MOST_ATTEMPTS} times while it was looked at; run again")

    def _spare(self, seen: Observed | None, allocations: set[Allocation]) -> None:
        """Note which allocations stay, because they are somebody's by now."""
        for verdict in seen.verdicts if seen else ():
            if verdict.allocation in allocations and verdict.allocation.ip not in self._spared:
                self._spared.add(verdict.allocation.ip)
                self._context.warn(f"{verdict.allocation.ip} was not released: {verdict.reason}")

    def _remove(self, reservation: Reservation) -> None:
        """Delete a reservation; one that was made anew under the same name is somebody else's."""
        if reservation.ip in self._spared:
            return
        ref = Ref(RESERVATION, reservation.name, self._desired.namespace)
        try:
            self._kube.delete(ref, uid=reservation.uid)
        except ApiError as error:
            if error.status not in CHANGED:
                raise

    def _delete(self, pool: Pool) -> None:
        try:
            self._kube.delete(self._desired.ref, version=pool.version)
        except ApiError as error:
            if error.status not in CHANGED:
                raise
            raise Refused(f"{self._desired.ref} changed while it was looked at; run again") from error


def _patch(pool: Pool, allocations: Iterable[Allocation]) -> list[Object]:
    """Return a JSON patch that removes allocations from the pool as it was read, and does nothing if it has changed."""
    patch: list[Object] = [{"op": "test", "path": "/metadata/resourceVersion", "value": pool.version}]
    for allocation in allocations:
        path = f"/spec/allocations/{allocation.key}"
        patch.append({"op": "test", "path": path, "value": pool.raw_allocations[allocation.key]})
        patch.append({"op": "remove", "path": path})
    return patch


def _named(allocations: Iterable[Allocation]) -> str:
    """Return addresses with their pods, the first few of them."""
    return some(
        f"{allocation.ip or allocation.key} " + (f"of {allocation.podref}" if allocation.podref else "(reserved)")
        for allocation in allocations
    )
