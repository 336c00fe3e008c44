# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One of Whereabouts' pools: made, looked at, freed of what nobody has any more, and told what to keep free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...cni.pods import Pods
from ...cni.pool_usage import usage_warnings
from ...cni.reservations import Reservation
from ...cni.texts import some
from ...cni.whereabouts import Allocation, Pool, describe, judge, order
from ...errors import ApiError, Immutable, Problems, Refused, VerificationFailed, refuse
from ...reconcile import Change, Context, Plan, State, reconcile
from ...waiting import Progress
from ..client import JSON, Kube, Object
from ..kinds import IP_POOL
from . import pool_reservations
from .pool_options import DesiredPool, Params, Target, check_addresses, check_target, find_target, key_in
from .pool_view import Observed, PoolView

MOST_KEYS = 2000  # of one patch: the API server takes 10,000 operations, two for each key
MOST_ATTEMPTS = 5  # Whereabouts writes the pool at every start and end of a pod
NOBODY = Pods.of(())
CHANGED = (409, 422)  # what the API server answers if a test of a JSON patch fails


@dataclass(frozen=True)
class PoolRequest:
    """What the options of whereabouts_pool ask for, checked as far as that is possible without asking anybody."""

    params: Params
    target: Target | None  # None: that of an attachment
    desired: DesiredPool

    @classmethod
    def of(cls, params: Params) -> PoolRequest:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        desired, target = DesiredPool.of(params, problems), check_target(params, problems)
        check_addresses(desired, target, problems)
        problems.raise_if_any()
        return cls(params, target, desired)

    def run(self, kube: Kube, context: Context, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
        """Bring the pool into its state; return the module's result.

        :raises VerificationFailed: the pool is too full afterwards.
        """
        target = find_target(kube, self.params, self.target)
        result = reconcile(PoolResource(kube, target, self.desired, context, sleep), context)
        usage = result["pool"] or {"used_percent": 0.0}
        for warning in usage_warnings(usage, self.params["fail_used_percent"]):
            raise VerificationFailed(warning, result)
        for warning in usage_warnings(usage, self.params["warn_used_percent"]):
            context.warn(warning)
        return result


class PoolResource:
    """A pool, brought into its state without ever releasing an address that may be in use."""

    key = "pool"

    def __init__(
        self,
        kube: Kube,
        target: Target,
        desired: DesiredPool,
        context: Context,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._kube, self._target, self._desired, self._context, self._sleep = kube, target, desired, context, sleep
        self._view = PoolView(kube, target, desired)
        self._spared: set[str] = set()  # addresses that were somebody's after all
        self._reservations: dict[str, list[str]] | None = None  # as they were found

    def observe(self) -> Observed | None:
        """Read the pool; if anything is nobody's and shall go, wait once and look again."""
        if not self._view.is_new:
            return self._view.again()
        seen = self._view.first()
        suspects, seconds = self._view.suspected(seen), self._desired.confirm_after
        if suspects and seconds and not self._desired.force:
            self._context.progress(
                Progress(f"{len(suspects)} are nobody's in {self._target.ref}; again in {seconds} s")
            )
            self._sleep(seconds)
            seen = self._view.again()
        if seen and self._view.reads_reservations:
            self._reservations = seen.reservations.state()
        return seen

    def plan(self, observed: Observed | None) -> Plan:
        """Return what has to be done; Refused where something would be lost."""
        desired = self._desired
        if observed is None:
            return self._plan_create() if desired.state == "present" else Plan(None, None, warnings=self._view.warnings)
        before = describe(observed.pool, observed.verdicts)
        if desired.state == "absent":
            return self._plan_absent(observed, before)
        if desired.state == "present":
            self._check_range(observed.pool)
        return self._plan_contents(observed, before)

    def facts(self, observed: Observed | None, plan: Plan) -> dict[str, Any]:
        """Return which addresses were released, or would be in check mode, and what was found around the pool."""
        kept = {row["ip"] for row in (plan.after or {}).get("allocations", ())} | self._spared
        released = [row["ip"] for row in (plan.before or {}).get("allocations", ()) if row["ip"] not in kept]
        found = {} if self._reservations is None else {"reservations": self._reservations}
        return {"released": released, **found, **self._view.surroundings}

    def _plan_create(self) -> Plan:
        target = self._target
        if target.cidr is None:
            raise Refused(f"{target.ref} is not there, and cannot be made without range or nad")
        allocations = {key_in(ip, target, target.cidr): _reserved(text) for ip, text in self._desired.reserve}
        manifest = {
            "apiVersion": IP_POOL.api_version,
            "kind": IP_POOL.kind,
            "metadata": {"name": target.name, "namespace": target.namespace},
            "spec": {"range": str(target.cidr), "allocations": allocations},
        }
        keeping = f", {some(str(ip) for ip, _id in self._desired.reserve)} reserved" if allocations else ""
        create = Change(f"create pool {target.name} ({target.cidr}{keeping})", lambda: self._kube.create(manifest))
        pool = Pool.of(manifest, target.node_name)
        return Plan(None, describe(pool, judge(pool, NOBODY)), (create,), self._view.warnings)

    def _plan_absent(self, observed: Observed, before: State) -> Plan:
        title, staying = f"pool {self._target.name}", observed.others
        if staying and not self._desired.force:
            raise Refused(
                f"{title} has {len(staying)} live allocations (in use, reserved, or nobody can tell): "
                f"{_named(verdict.allocation for verdict in staying)}. "
                "A pool that is made again hands out these addresses a second time: delete the pods first, release "
                "what is reserved (state present, release), or set force"
            )
        remove = Change(f"delete {title}", lambda: self._delete(observed.pool))
        return Plan(before, None, (remove, *self._removals(observed)), self._view.warnings)

    def _check_range(self, pool: Pool) -> None:
        wanted = self._target.cidr
        if wanted is not None and pool.range != str(wanted):
            remedy = "every key of its allocations counts from there; remove the pool (state absent) and make it again"
            raise Immutable(str(self._target.ref), {"range": (pool.range, str(wanted))}, remedy)

    def _plan_contents(self, observed: Observed, before: State) -> Plan:
        """Return what has to be released and reserved in a pool."""
        refuse((*self._refused_releases(observed), *self._refused_reserves(observed)))
        leaving, name = observed.leaving, self._target.name
        self._check_most(observed)
        releases = [
            Change(f"release {_named(part)} in pool {name}", partial(self._release, part))
            for part in (leaving[start : start + MOST_KEYS] for start in range(0, len(leaving), MOST_KEYS))
        ]
        wanted = self._wanted_reserves(observed.pool.without(leaving))
        keeping = Change(f"reserve {some(map(str, wanted))} in pool {name}", partial(self._reserve, tuple(wanted)))
        reserves = [keeping] if wanted else []
        after = self._after(observed)
        changes = (*releases, *self._removals(observed), *reserves, *self._restorations(observed))
        return Plan(before, after, changes, self._warnings(observed))

    def _check_most(self, observed: Observed) -> None:
        desired, count = self._desired, len(observed.leaving)
        most, said = desired.max_release, str(desired.max_release)
        if desired.max_release_percent is not None:
            most = len(observed.pool.allocations) * desired.max_release_percent // 100
            said = f"{desired.max_release_percent}% of {len(observed.pool.allocations)}"
        if most is not None and count > most:
            raise Refused(
                f"pool {self._target.name} has {count} orphans, more than max_release ({said}) lets go: "
                f"{_named(observed.leaving)}. Look why, then raise max_release"
            )

    def _refused_releases(self, observed: Observed) -> Iterator[Refused]:
        """Yield why what is named cannot be released."""
        for verdict in () if self._desired.force else observed.chosen:
            allocation = verdict.allocation
            title = f'IP "{allocation.ip}"' if allocation.ip else f'allocation "{allocation.key}"'
            if verdict.state == "live":
                yield Refused(f"{title} is in use by {allocation.podref} (network-status); use force")
            elif verdict.state == "unknown":
                yield Refused(f"{title} may be in use: {verdict.reason}; use force")
            elif verdict.state == "reserved" and not allocation.is_ours:
                yield Refused(f"{title} is reserved, and not by this module; use force")
            elif verdict.state == "orphan" and not self._view.is_suspect(allocation):
                yield Refused(f"{title} has become free just now; run again")

    def _refused_reserves(self, observed: Observed) -> Iterator[Refused]:
        """Yield why addresses cannot be reserved."""
        staying = {each.key: each for each in observed.pool.without(observed.leaving).allocations}
        states = {verdict.allocation.key: verdict for verdict in observed.verdicts}
        for address, _id in self._desired.reserve:
            taken = staying.get(key_in(address, self._target, observed.pool.cidr))
            if taken is not None and taken.podref:
                gone = states[taken.key].state == "orphan"
                remedy = f"; {states[taken.key].reason}: release it, too" if gone else ""
                yield Refused(f'IP "{address}" is allocated to {taken.podref}{remedy}')

    def _wanted_reserves(self, pool: Pool) -> list[str]:
        """Return the addresses that a pool does not keep free yet, or with another note."""
        held = {each.key: each for each in pool.allocations}
        return [
            str(address)
            for address, text in self._desired.reserve
            if _is_to_write(held.get(key_in(address, self._target, pool.cidr)), text)
        ]

    def _removals(self, observed: Observed) -> list[Change]:
        return [
            Change(f"remove reservation {each.name} ({each.podref})", partial(self._remove, each))
            for each in self._view.left_over(observed)
        ]

    def _after(self, observed: Observed) -> State:
        """Return the pool as it is when all is done."""
        cidr, pool = observed.pool.cidr, observed.pool.without(observed.leaving)
        kept = {allocation.key: allocation for allocation in pool.allocations}
        wanted = {key_in(address, self._target, cidr): text for address, text in self._desired.reserve}
        written = {key: text for key, text in wanted.items() if _is_to_write(kept.get(key), text)}
        reserved = pool.reserving(written)
        staying = [v for v in observed.verdicts if v.allocation.key in kept and v.allocation.key not in written]
        added = [v for v in judge(reserved, NOBODY) if v.allocation.key in written]
        return describe(reserved, sorted((*staying, *added), key=lambda v: order(v.allocation.key)))

    def _restorations(self, observed: Observed) -> list[Change]:
        missing = observed.reservations.missing if self._desired.restore_reservations else ()
        return [
            Change(
                f"restore reservation {pool_reservations.name_for(verdict, observed.pool)} "
                f"({verdict.allocation.podref})",
                partial(pool_reservations.restore, self._kube, verdict, observed.pool),
            )
            for verdict in (() if observed.collector else missing)
        ]

    def _warnings(self, observed: Observed) -> tuple[str, ...]:
        if not observed.collector:
            return self._view.warnings
        return (
            *self._view.warnings,
            f"reservations of pool {self._target.name} are not restored: {observed.collector} is Whereabouts' own "
            "garbage collection, which deletes those of every network with a name again each time it runs",
        )

    def _release(self, allocations: tuple[Allocation, ...]) -> None:
        """Take allocations out of the pool, unless somebody has them after all."""
        wanted = set(allocations)
        for _attempt in range(MOST_ATTEMPTS):
            seen = self._view.again()
            still = [each for each in seen.leaving if each in wanted and self._may_go(seen, each)] if seen else []
            self._spare(seen, wanted - set(still))
            if seen is None or not still or self._try(_removal(seen.pool, still)):
                return
        raise self._restless()

    def _may_go(self, seen: Observed, allocation: Allocation) -> bool:
        """Tell whether an allocation may still go: it is nobody's, or was reserved here, or it was insisted on."""
        named = next((v for v in seen.chosen if v.allocation == allocation), None)
        if named is None:
            return True  # an orphan in every look
        is_ours = named.state == "reserved" and allocation.is_ours
        return self._desired.force or named.state == "orphan" or is_ours

    def _reserve(self, addresses: tuple[str, ...]) -> None:
        """Put reserved allocations into the pool, unless somebody has got the addresses meanwhile."""
        wanted = [(address, text) for address, text in self._desired.reserve if str(address) in addresses]
        for _attempt in range(MOST_ATTEMPTS):
            pool = self._view.read()
            if pool is None:
                break
            held = {each.key: each for each in pool.allocations}
            patch = [_version_test(pool)]
            for address, text in wanted:
                key = key_in(address, self._target, pool.cidr)
                taken = held.get(key)
                if taken is not None and taken.podref:
                    raise Refused(f'IP "{address}" is allocated to {taken.podref} by now')
                if _is_to_write(taken, text):
                    patch.append({"op": "add", "path": f"/spec/allocations/{key}", "value": _reserved(text)})
            if len(patch) == 1 or self._try(patch):
                return
        raise self._restless()

    def _try(self, patch: list[Object]) -> bool:
        """Patch the pool; tell whether it had not changed since it was read."""
        try:
            self._kube.patch(self._target.ref, patch, JSON)
        except ApiError as error:
            if error.status not in CHANGED:
                raise
            return False
        return True

    def _restless(self) -> Refused:
        return Refused(f"{self._target.ref} changed {MOST_ATTEMPTS} times while it was looked at; run again")

    def _spare(self, seen: Observed | None, allocations: set[Allocation]) -> None:
        """Note which allocations stay, because they are somebody's by now."""
        for verdict in seen.verdicts if seen else ():
            if verdict.allocation in allocations and verdict.allocation.ip not in self._spared:
                self._spared.add(verdict.allocation.ip)
                self._context.warn(f"{verdict.allocation.ip} was not released: {verdict.reason}")

    def _remove(self, reservation: Reservation) -> None:
        if reservation.ip not in self._spared:
            pool_reservations.remove(self._kube, reservation, self._target.namespace)

    def _delete(self, pool: Pool) -> None:
        try:
            self._kube.delete(self._target.ref, version=pool.version)
        except ApiError as error:
            if error.status not in CHANGED:
                raise
            raise Refused(f"{self._target.ref} changed while it was looked at; run again") from error


def _version_test(pool: Pool) -> Object:
    return {"op": "test", "path": "/metadata/resourceVersion", "value": pool.version}


def _removal(pool: Pool, allocations: Iterable[Allocation]) -> list[Object]:
    """Return a JSON patch that removes allocations from the pool as it was read, and does nothing if it has changed."""
    patch = [_version_test(pool)]
    for allocation in allocations:
        path = f"/spec/allocations/{allocation.key}"
        patch.append({"op": "test", "path": path, "value": pool.raw_allocations[allocation.key]})
        patch.append({"op": "remove", "path": path})
    return patch


def _reserved(text: str) -> dict[str, str]:
    """Return an allocation that Whereabouts keeps: its reconciler passes over what has no podref."""
    return {"id": text, "podref": ""}  # the CRD of v0.8.0 and later wants the key


def _is_to_write(taken: Allocation | None, text: str) -> bool:
    """Tell whether an address is free, or reserved by this module with another note."""
    return taken is None or (taken.is_ours and taken.container != text)


def _named(allocations: Iterable[Allocation]) -> str:
    """Return addresses with their pods, the first few of them."""
    return some(
        f"{allocation.ip or allocation.key} " + (f"of {allocation.podref}" if allocation.podref else "(reserved)")
        for allocation in allocations
    )
