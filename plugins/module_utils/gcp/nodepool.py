# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node pool whose nodes and pods have additional networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Immutable, Problems, Refused
from ..gke_rules import DEFAULT_MACHINE_TYPE, ZONES_OF_A_REGION, region_of, version_numbers
from ..reconcile import Change, Plan, State
from . import pod_ranges, pool_state, subnetworks
from .clients import Google
from .nodes import UNSETTLED, refuse_broken, refuse_unusable, status_of, warnings_of, words
from .operations import Operations
from .pool_options import NETWORKS, PODS, Desired, check_interfaces
from .references import Place, Subnetwork

IMMUTABLE = ("max_pods_per_node", NETWORKS, PODS)
MACHINE = ("machine_type", "disk_type", "disk_size_gb")
UBUNTU_SINCE = "1.32.3-gke.1785000"  # with additional networks


@dataclass(frozen=True)
class Observed:
    """The cluster (container_v1.Cluster, with its pools), and the subnetworks of the pod networks."""

    cluster: Any | None
    pool: Any | None
    subnetworks: Mapping[Subnetwork, Any] = field(default_factory=dict)


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
        self._machine_type = desired.machine_type or DEFAULT_MACHINE_TYPE
        self._place = Place(google.project, region_of(desired.location))
        self._what = f"node pool {desired.name}"
        self._parent = f"projects/{google.project}/locations/{desired.location}/clusters/{desired.cluster}"
        self._path = f"{self._parent}/nodePools/{desired.name}"

    def observe(self) -> Observed:
        """Read the cluster with its pools, and, if ranges are to be validated, the subnetworks.

        What an operation is changing in the pool is read when that has ended.
        """
        cluster, pool = self._read()
        if self._waits and status_of(pool) == "RECONCILING":
            self._settle()
            cluster, pool = self._read()
        return Observed(cluster, pool, self._read_subnetworks(cluster))

    def _read(self) -> tuple[Any | None, Any | None]:
        cluster = self._google.find_cluster(self._desired.location, self._desired.cluster)
        if cluster is None or status_of(cluster) == "STOPPING":
            return None, None
        return cluster, next((pool for pool in cluster.node_pools if pool.name == self._desired.name), None)

    def plan(self, observed: Observed) -> Plan:
        """Return the changes; see reconcile.Resource."""
        if self._desired.state == "absent":
            return self._plan_absent(observed.pool)
        if observed.cluster is None and not self._check_mode:
            raise Refused(
                f"cluster {self._desired.cluster} does not exist in {self._desired.location}; "
                "create it first (gke_multinet_cluster)"
            )
        self._check(observed)
        want = pool_state.managed(self._desired, observed.cluster, self._place)
        settle = self._settle if self._desired.wait else None
        if status_of(observed.pool) in ("", "STOPPING"):
            changes: tuple[Change, ...] = (self._creation(observed),)
            return Plan(None, want, changes, tuple(self._warnings(observed)), settle, self._overtaken)
        refuse_broken(self._what, observed.pool)
        have = pool_state.as_is(self._desired, observed.pool, observed.cluster, self._place)
        differing = [key for key in want if have[key] != want[key]]
        changes = self._changes(differing, have, want, observed)
        unsettled = changes or status_of(observed.pool) in UNSETTLED
        return Plan(have, want, changes, tuple(self._warnings(observed)), settle if unsettled else None)

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

    def _capacities(self, observed: Observed) -> Iterator[dict[str, Any]]:
        return pod_ranges.capacities(self._desired, observed.cluster, observed.subnetworks, self._place)

    def _read_subnetworks(self, cluster: Any | None) -> Mapping[Subnetwork, Any]:
        if not self._desired.validate_ranges or self._desired.state == "absent":
            return {}
        wanted = {
            pod_ranges.resolve(network, cluster, self._place) for network in self._desired.additional_pod_networks or []
        }
        return {
            each: subnetworks.find(self._google, each.region, each.name, each.project)
            for each in wanted
            if each is not None
        }

    def _plan_absent(self, pool: Any | None) -> Plan:
        if pool is None:
            return Plan(None, None)
        settle = self._await_gone if self._desired.wait else None
        if status_of(pool) == "STOPPING":
            return Plan(None, None, settle=settle)
        before = {"name": pool.name, "cluster": self._desired.cluster, "location": self._desired.location}
        return Plan(before, None, (self._deletion(),), settle=settle)

    def _check(self, observed: Observed) -> None:
        """Refuse what the cluster and the subnetworks show to be wrong.

        :raises InvalidOptions: with all problems.
        """
        problems = Problems()
        cluster = observed.cluster
        for subnetwork, message in observed.subnetworks.items():
            if message is None and not self._check_mode:
                problems.add(
                    PODS, subnetwork.name, f"there is no such subnetwork in {subnetwork.region}; create it first"
                )
        if cluster is not None:
            self._check_against_cluster(problems, cluster)
        if observed.pool is None:
            check_interfaces(problems, self._desired.additional_node_networks, self._machine_type)
        for problem in pod_ranges.check(
            self._desired, cluster, observed.subnetworks, self._place, self._zones(observed)
        ):
            problems.add(problem.path, problem.value, problem.message)
        problems.raise_if_any()

    def _zones(self, observed: Observed) -> int:
        """Return the number of zones of the pool, as far as it is known; 0 if it exists and keeps its size."""
        unsized = self._desired.node_count is None and not self._desired.autoscales
        if observed.pool is not None and unsized:
            return 0
        place = observed.pool or observed.cluster
        if place is not None:
            return len(place.locations)
        return ZONES_OF_A_REGION if self._place.region == self._desired.location else 1

    def _check_against_cluster(self, problems: Problems, cluster: Any) -> None:
        place = self._place
        own = place.subnetwork_of(cluster)
        reachable = {own}
        for index, each in enumerate(self._desired.additional_node_networks or []):
            if place.network(each["network"]) == place.network_of(cluster):
                problems.add(
                    f"{NETWORKS}[{index}].network",
                    each["network"],
                    "is the network of the cluster; each interface of a node is in a network of its own",
                )
            reachable.add(place.subnetwork(each["subnetwork"]))
        for index, each in enumerate(self._desired.additional_pod_networks or []):
            subnetwork = pod_ranges.resolve(each, cluster, place)
            if self._desired.additional_node_networks is not None and subnetwork not in reachable:
                problems.add(
                    f"{PODS}[{index}].subnetwork",
                    each["subnetwork"],
                    f"is neither among {NETWORKS} nor the cluster's ({own.name})",
                )
        if self._desired.additional_pod_networks and not cluster.network_config.enable_multi_networking:
            problems.add(
                PODS,
                len(self._desired.additional_pod_networks),
                f"cluster {cluster.name} has no multi-networking; enable it (gke_multinet_cluster: multi_networking)",
            )

    def _changes(self, differing: list[str], have: State, want: State, observed: Observed) -> tuple[Change, ...]:
        immutable = [key for key in differing if key in IMMUTABLE]
        if immutable and self._desired.recreate == "never":
            differences = {key: (have[key], want[key]) for key in immutable}
            raise Immutable(self._what, differences, "set recreate=if_needed or create a new pool")
        if immutable:
            reason = f"to recreate it: {', '.join(immutable)} cannot be changed in place"
            return (self._deletion(reason), self._creation(observed))
        return tuple(self._updates(differing, want, observed.pool))

    def _updates(self, differing: list[str], want: State, pool: Any) -> Iterator[Change]:
        """Yield one mutation per field; those of the machine go together, since they replace the nodes."""
        if pool.autoscaling.enabled and not self._desired.autoscaling and "node_count" in differing:
            raise Refused(
                f"{self._what} is sized by the autoscaler; set autoscaling.enabled=false to give it a node_count"
            )
        machine = {key: want[key] for key in MACHINE if key in differing}
        if machine:
            yield self._update(
                f"set {words(machine)} of {self._what} (replaces the nodes)", "update_node_pool", machine
            )
        for key in differing:
            if key not in MACHINE:
                method, request = pool_state.update(key, want[key], pool)
                yield self._update(f"set {key} of {self._what} to {words(want[key])}", method, request)

    def _update(self, title: str, method: str, request: dict[str, Any]) -> Change:
        return self._operations.in_container(title, method, name=self._path, **request)

    def _deletion(self, reason: str = "") -> Change:
        title = f"delete {self._what}" + (f" ({reason})" if reason else "")
        return self._operations.in_container(title, "delete_node_pool", name=self._path)

    def _creation(self, observed: Observed) -> Change:
        """Return the change that creates the pool, once a former one is gone and the cluster is there."""
        wanted = self._desired
        creation = self._operations.in_container(
            f"create {self._what} ({wanted.initial_count} x {self._machine_type}) in cluster {wanted.cluster}",
            "create_node_pool",
            parent=self._parent,
            node_pool=pool_state.new_pool(wanted, self._place),
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
        found = self._operations.wait_for(
            f"cluster {self._desired.cluster} is ready",
            lambda: self._google.find_cluster(self._desired.location, self._desired.cluster),
            lambda cluster: status_of(cluster) != "PROVISIONING",
            status_of,
        )
        refuse_unusable(f"cluster {self._desired.cluster}", found)

    def _settle(self) -> None:
        """Wait until nothing is under way in the pool."""
        self._operations.finish()
        found = self._operations.wait_for(
            f"{self._what} is ready", self._find, lambda pool: status_of(pool) not in UNSETTLED, status_of
        )
        refuse_unusable(self._what, found)

    def _overtaken(self) -> bool:
        """Tell whether somebody else created it; unless it was waited for, the next task compares it."""
        return self._desired.wait and self._operations.overtaken

    def _await_gone(self) -> None:
        self._operations.finish()
        self._operations.wait_for(f"{self._what} is gone", self._find, lambda pool: pool is None, status_of)

    def _find(self) -> Any | None:
        return self._google.find(f"read {self._what}", self._google.container.get_node_pool, {"name": self._path})

    def _warnings(self, observed: Observed) -> Iterator[str]:
        version = observed.cluster.current_master_version if observed.cluster else ""
        if observed.pool is not None:
            version = observed.pool.version
        ubuntu = (self._desired.image_type or "").startswith("UBUNTU") and self._desired.additional_node_networks
        if ubuntu and version and version_numbers(version) < version_numbers(UBUNTU_SINCE):
            yield f"{self._what}: Ubuntu nodes have additional networks since {UBUNTU_SINCE}, these run {version}"
