# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node pool whose nodes and pods have additional networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import Immutable, Refused
from ...gke_rules import DEFAULT_MACHINE_TYPE, ZONES_OF_A_REGION
from ...reconcile import Change, Plan, State
from ..clients import Google
from ..nodes import UNSETTLED, refuse_broken, refuse_unusable, status_of, warnings_of, words
from ..operations import Operations
from ..settling import await_gone, settle
from ..vpc import subnetworks
from . import pod_ranges, pool_checks, pool_requests, pool_state
from .pod_ranges import Found, Size
from .pool_options import PODS, Desired
from .pool_requests import IMMUTABLE, REPLACING, TOGETHER
from .pool_state import Comparison

SIZES = ("node_count", "autoscaling", "node_locations")


@dataclass(frozen=True)
class Observed:
    """What was read: the cluster and the subnetworks only if the pool is to be made, or where they may forbid a change.

    :ivar pool: container_v1.NodePool.
    :ivar cluster: container_v1.Cluster, with all its pools.
    """

    pool: Any | None
    cluster: Any | None = None
    subnetworks: Found = field(default_factory=dict)


class NodePool:
    """The resource of gke_multinet_nodepool."""

    key = "node_pool"

    def __init__(self, desired: Desired, google: Google, operations: Operations, *, check_mode: bool) -> None:
        """Take what is needed; in check mode the cluster and the subnetworks may be missing: they come before."""
        self._desired = desired
        self._google = google
        self._operations = operations
        self._check_mode = check_mode
        self._waits = desired.wait and desired.state == "present" and not check_mode
        self._what = f"node pool {desired.name}"
        self._parent = f"projects/{google.project}/locations/{desired.location}/clusters/{desired.cluster}"
        self._path = f"{self._parent}/nodePools/{desired.name}"
        self._former: State | None = None  # what a pool is to be again that this run has deleted
        self._subnetworks: dict[Any, Any] = {}  # that were read; once is enough to tell the capacity

    def observe(self) -> Observed:
        """Read the pool, and its surroundings if it is not there or something differs that concerns them.

        What an operation is changing in the pool is read when that has ended.
        """
        pool = self._find()
        if self._waits and status_of(pool) == "RECONCILING":
            self._settle()
            pool = self._find()
        if self._desired.state == "absent" or not self._concerns_others(pool):
            return Observed(pool, None, self._subnetworks)
        cluster = self._find_cluster()
        if cluster is None or status_of(cluster) == "STOPPING":
            return Observed(None, None, self._read_subnetworks(Observed(None)))
        return Observed(pool, cluster, self._read_subnetworks(Observed(pool, cluster)))

    def plan(self, observed: Observed) -> Plan:
        """Return the changes; see reconcile.Resource."""
        if self._desired.state == "absent":
            return self._plan_absent(observed.pool)
        if not _is_there(observed.pool):
            return self._plan_creation(observed)
        refuse_broken(self._what, observed.pool)
        compared = self._compare(observed)
        immutable = {key: (compared.have[key], compared.want[key]) for key in compared.differing if key in IMMUTABLE}
        if immutable and self._desired.recreate == "never":
            raise Immutable(self._what, immutable, "set recreate=if_needed or create a new pool")
        doubts = self._check(observed, compared.settings, is_made=bool(immutable), size=self._new_size(compared))
        if immutable:
            changes = self._recreation(observed, compared, ", ".join(immutable))
        else:
            changes = tuple(self._updates(compared, observed.pool))
        identity = pool_state.identity(self._desired)
        return Plan(
            {**identity, **compared.have},
            {**identity, **compared.want},
            changes,
            (*doubts, *self._warnings(observed, compared.settings, compared.differing)),
            self._settling if changes or status_of(observed.pool) in UNSETTLED else None,
            self._overtaken,
        )

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return how the pool is, and how many nodes its ranges can carry."""
        status, present = status_of(observed.pool), self._desired.state == "present"
        return {
            "status": status,
            "version": observed.pool.version if observed.pool else "",
            "pending": self._operations.under_way or status in UNSETTLED,
            "capacity": list(self._capacities(observed)) if present else [],
            "operations": self._operations.records,
            "warnings": warnings_of(self._what, observed.pool) if present else [],
        }

    @property
    def _settling(self) -> Callable[[], object] | None:
        return self._settle if self._desired.wait else None

    def _compare(self, observed: Observed) -> Comparison:
        own = pool_state.own_subnetwork(observed.pool, observed.cluster, self._desired.place)
        return pool_state.compare(self._desired, observed.pool, own, _version_of(observed.cluster))

    def _wanted(self, observed: Observed) -> State:
        """Return what was asked for of a pool that is to be made."""
        own = pool_state.own_subnetwork(None, observed.cluster, self._desired.place)
        return pool_state.as_wanted(self._desired, own, _version_of(observed.cluster))

    def _concerns_others(self, pool: Any | None) -> bool:
        """Tell whether the cluster or the subnetworks are needed to say what is to be done."""
        if pool is None or not _is_there(pool):
            return True
        named = all(each["subnetwork"] for each in self._desired.settings.get(PODS, []))
        if not named and not pool.network_config.subnetwork:
            return True
        differing = self._compare(Observed(pool)).differing
        return any(key in (*IMMUTABLE, *SIZES, "version") for key in differing)

    def _read_subnetworks(self, observed: Observed) -> Found:
        """Read the subnetworks that the pool takes blocks of, if there is something to judge."""
        compared = self._compare(observed) if _is_there(observed.pool) else None
        if self._desired.validate_ranges and (compared is None or self._new_size(compared)):
            settings = compared.settings if compared else self._new_settings(observed)
            needs = pod_ranges.needs(settings, observed.pool, observed.cluster, self._desired.place)
            for each in dict.fromkeys(need.subnetwork for need in needs if need.subnetwork is not None):
                self._subnetworks[each] = subnetworks.find(self._google, each.region, each.name, each.project)
        return self._subnetworks

    def _new_settings(self, observed: Observed) -> State:
        """Return the settings of a pool that is to be made."""
        if self._former is not None:
            return self._former
        settings = self._wanted(observed)
        return {**settings, "node_count": pool_requests.initial_count(settings, self._zones(settings, observed))}

    def _new_size(self, compared: Comparison) -> Size | None:
        """Return the size that a pool may come to have if it grows or is made again, else None."""
        before, after = (
            pod_ranges.size(each, len(each["node_locations"])) for each in (compared.everything, compared.settings)
        )
        made = any(key in IMMUTABLE for key in compared.differing)
        return after if made or after.nodes > before.nodes else None

    def _zones(self, settings: State, observed: Observed) -> int:
        """Return the number of zones of a pool that is to be made, as far as it is known."""
        if "node_locations" in settings:
            return len(settings["node_locations"])
        if observed.cluster is not None:
            return len(observed.cluster.locations)
        return ZONES_OF_A_REGION if self._desired.place.region == self._desired.location else 1

    def _check(self, observed: Observed, settings: State, *, is_made: bool, size: Size | None) -> list[str]:
        """Refuse what the cluster and the subnetworks show to be wrong; see pool_checks.

        :returns: in check mode what is wrong now, but may be set right before, as warnings.
        :raises InvalidOptions: with all problems.
        """
        size = size if self._desired.validate_ranges else None
        found = pool_checks.check(self._around(observed), settings, is_made=is_made, size=size, name=self._desired.name)
        if not self._check_mode:
            found.problems.extend(found.to_come)
        found.problems.raise_if_any()
        words = f"{self._what}: not refused in check mode, because an earlier task may be going to change that: "
        return [f"{words}{problem}" for problem in found.to_come]

    def _around(self, observed: Observed) -> pool_checks.Surroundings:
        return pool_checks.Surroundings(self._desired.place, observed.pool, observed.cluster, observed.subnetworks)

    def _plan_absent(self, pool: Any | None) -> Plan:
        if pool is None:
            return Plan(None, None)
        settling = self._await_gone if self._desired.wait else None
        if status_of(pool) == "STOPPING":
            return Plan(None, None, settle=settling)
        return Plan(pool_state.identity(self._desired), None, (self._deletion(),), settle=settling)

    def _plan_creation(self, observed: Observed) -> Plan:
        if observed.cluster is None and not self._check_mode:
            raise Refused(
                f"cluster {self._desired.cluster} does not exist in {self._desired.location}; "
                "create it first (gke_multinet_cluster)"
            )
        settings = self._new_settings(observed)
        size = pod_ranges.size(settings, self._zones(settings, observed))
        doubts = self._check(observed, settings, is_made=True, size=size)
        want = {**pool_state.identity(self._desired), **self._wanted(observed)}
        warnings = (*doubts, *self._warnings(observed, settings, []))
        changes = (self._creation(observed, settings),)
        return Plan(None, want, changes, warnings, self._settling, self._overtaken)

    def _recreation(self, observed: Observed, compared: Comparison, fields: str) -> tuple[Change, ...]:
        """Return the changes that make a pool again, with all settings that it had and was not asked to change.

        Its version is not kept: the control plane may no longer offer it.
        """
        settings = dict(compared.settings)
        if "version" not in self._desired.settings:
            del settings["version"]
        deletion = self._deletion(f"to recreate it: {fields} cannot be changed in place")

        def call() -> None:
            self._former = settings  # for another plan, should others or a lost answer make one necessary
            deletion.call()

        return Change(deletion.title, call), self._creation(observed, settings)

    def _updates(self, compared: Comparison, pool: Any) -> Iterator[Change]:
        """Yield one mutation for each setting, and for those that go together."""
        differing = compared.differing
        if pool.autoscaling.enabled and "autoscaling" not in self._desired.settings and "node_count" in differing:
            raise Refused(
                f"{self._what} is sized by the autoscaler; set autoscaling.enabled=false to give it a node_count"
            )
        for group in TOGETHER:
            keys = [key for key in group if key in differing]
            if keys:
                method, request = pool_requests.update(keys, compared.settings, pool)
                title = self._title({key: compared.want[key] for key in keys})
                yield self._operations.in_container(title, method, name=self._path, **request)

    def _title(self, values: State) -> str:
        ending = " (replaces the nodes)" if any(key in REPLACING for key in values) else ""
        if len(values) > 1:
            return f"set {words(values)} of {self._what}{ending}"
        ((key, value),) = values.items()
        return f"set {key} of {self._what} to {words(value)}{ending}"

    def _deletion(self, reason: str = "") -> Change:
        title = f"delete {self._what}" + (f" ({reason})" if reason else "")
        return self._operations.in_container(title, "delete_node_pool", name=self._path)

    def _creation(self, observed: Observed, settings: State) -> Change:
        """Return the change that creates the pool, once a former one is gone and the cluster is there."""
        pool = pool_requests.new_pool(self._desired.name, settings, self._zones(settings, observed))
        machine_type = settings.get("machine_type", DEFAULT_MACHINE_TYPE)
        creation = self._operations.in_container(
            f"create {self._what} ({pool['initial_node_count']} x {machine_type}) in cluster {self._desired.cluster}",
            "create_node_pool",
            parent=self._parent,
            node_pool=pool,
        )

        def call() -> None:
            if observed.pool is not None:
                self._await_gone()
            if status_of(observed.cluster) == "PROVISIONING":
                self._await_cluster()
            creation.call()

        return Change(creation.title, call)

    def _await_cluster(self) -> None:
        """Wait until the cluster can take a pool."""
        what = f"cluster {self._desired.cluster}"
        found = self._operations.wait_for(
            f"{what} is ready", self._find_cluster, lambda found: status_of(found) != "PROVISIONING", status_of
        )
        refuse_unusable(what, found)

    def _settle(self) -> None:
        """Wait until nothing is under way in the pool."""
        settle(self._operations, self._what, self._find)

    def _overtaken(self) -> bool:
        """Tell whether others did a part, or nobody says how it ended; without waiting the next task compares it."""
        return self._desired.wait and self._operations.overtaken

    def _await_gone(self) -> None:
        await_gone(self._operations, self._what, self._find)

    def _find(self) -> Any | None:
        return self._google.find(f"read {self._what}", self._google.container.get_node_pool, {"name": self._path})

    def _find_cluster(self) -> Any | None:
        return self._google.find_cluster(self._desired.location, self._desired.cluster)

    def _capacities(self, observed: Observed) -> Iterator[dict[str, Any]]:
        """Yield how far the ranges of the additional pod networks reach."""
        place = self._desired.place
        own = pool_state.own_subnetwork(observed.pool, observed.cluster, place)
        there = observed.pool is not None
        settings = pool_state.as_is(observed.pool, own, place) if there else self._new_settings(observed)
        needs = pod_ranges.needs(settings, observed.pool, observed.cluster, place)
        return pod_ranges.capacities([need for need in needs if need.path.startswith(PODS)], observed.subnetworks)

    def _warnings(self, observed: Observed, settings: State, differing: list[str]) -> Iterator[str]:
        yield from pool_checks.warnings(
            self._what, self._around(observed), settings, self._desired.settings.get("version")
        )
        if any(key in IMMUTABLE for key in differing):
            yield (
                f"{self._what} is deleted and created again: its pods are evicted, and settings of it that "
                "gke_multinet_nodepool has no option for get Google's defaults"
            )
            return
        replacing = [key for key in differing if key in REPLACING]
        if replacing:
            yield f"{self._what}: a change of {', '.join(replacing)} replaces its nodes, and evicts their pods"


def _is_there(pool: Any | None) -> bool:
    return status_of(pool) not in ("", "STOPPING")


def _version_of(cluster: Any | None) -> str:
    return cluster.current_master_version if cluster is not None else ""
