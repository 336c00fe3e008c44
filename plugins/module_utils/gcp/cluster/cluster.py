# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GKE Standard cluster that can carry additional networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import Immutable, Refused
from ...gke_rules import region_of, version_fits, version_is_older
from ...reconcile import Change, Plan, State
from ..clients import Google
from ..nodes import (
    DEFAULT_POOL,
    UNSETTLED,
    carries_networks,
    default_pool,
    refuse_broken,
    status_of,
    warnings_of,
    words,
)
from ..operations import Operations
from ..references import Place
from ..settling import await_gone, settle
from . import cluster_endpoints, cluster_state
from .cluster_options import Desired
from .cluster_state import IMMUTABLE, POOL_STATE

RECREATE = "delete the cluster (state=absent) and create it again"
# What else a change does, as Google's reference of ClusterUpdate warns.
CONSEQUENCES = {"node_locations": " (adds or removes nodes in every node pool)"}


class Cluster:
    """The resource of gke_multinet_cluster; what is observed is container_v1.Cluster, or None."""

    key = "cluster"

    def __init__(self, desired: Desired, google: Google, operations: Operations, *, check_mode: bool) -> None:
        """Take what is needed; check mode waits for nothing."""
        self._desired = desired
        self._waits = desired.wait and desired.state == "present" and not check_mode
        self._google = google
        self._operations = operations
        self._place = Place(google.project, region_of(desired.location))
        self._what = f"cluster {desired.name}"
        self._parent = f"projects/{google.project}/locations/{desired.location}"
        self._path = f"{self._parent}/clusters/{desired.name}"

    def observe(self) -> Any | None:
        """Read the cluster; what an operation is changing in it is read when that has ended."""
        found = self._find()
        if self._waits and status_of(found) in ("PROVISIONING", "RECONCILING"):
            return self._settle()
        return found

    def plan(self, observed: Any | None) -> Plan:
        """Return the changes; see reconcile.Resource."""
        if self._desired.state == "absent":
            return self._plan_absent(observed)
        present = observed if status_of(observed) != "STOPPING" else None
        self._refuse_closed_endpoint(present)
        if present is None:
            return self._plan_creation(observed)
        refuse_broken(self._what, observed)
        before, after = cluster_state.compared(self._desired, observed, self._place)
        differing = [key for key in after if before[key] != after[key]]
        self._refuse_immutable(differing, before, after)
        changes = tuple(self._updates(differing, after, observed))
        unsettled = changes or status_of(observed) in UNSETTLED
        return Plan(
            self._state(cluster_state.nested(before)),
            self._state(cluster_state.nested(after)),
            changes,
            warnings=tuple(self._warnings(differing, observed)),
            settle=self._settle if self._desired.wait and unsettled else None,
            overtaken=self._overtaken,
        )

    def facts(self, observed: Any | None, plan: Plan) -> dict[str, Any]:
        """Return what is needed to reach the cluster, and how it is; never client keys."""
        status, kind = status_of(observed), self._desired.endpoint_kind
        usable = observed if status != "STOPPING" else None
        return {
            "endpoint": cluster_endpoints.address(usable, kind) if usable else "",
            "ca_data": cluster_endpoints.authority(usable, kind) if usable else "",
            "endpoints": cluster_endpoints.open_endpoints(usable) if usable else {},
            "status": status,
            "version": observed.current_master_version if observed else "",
            "pending": self._operations.under_way or status in UNSETTLED,
            "operations": self._operations.records,
            "warnings": warnings_of(self._what, observed) if self._desired.state == "present" else [],
        }

    def _find(self) -> Any | None:
        return self._google.find_cluster(self._desired.location, self._desired.name)

    def _state(self, options: State) -> State:
        return {"name": self._desired.name, "location": self._desired.location, **options}

    def _plan_absent(self, cluster: Any | None) -> Plan:
        if cluster is None:
            return Plan(None, None)
        settling = self._await_gone if self._desired.wait else None
        if status_of(cluster) == "STOPPING":
            return Plan(None, None, settle=settling)
        if self._desired.deletion_protection:
            raise Refused(f"{self._what} is not deleted: deletion_protection=true")
        deletion = self._operations.in_container(f"delete {self._what}", "delete_cluster", name=self._path)
        before, _after = cluster_state.compared(self._desired, cluster, self._place)
        return Plan(self._state(cluster_state.nested(before)), None, (deletion,), settle=settling)

    def _plan_creation(self, dying: Any | None) -> Plan:
        """Return how the cluster is made; a default pool that is to go can only go once the cluster is there."""
        changes = [self._creation(dying)]
        if self._desired.wait and not self._desired.keeps_default_pool:
            changes.append(self._pool_deletion())
        return Plan(
            None,
            self._state(cluster_state.new_state(self._desired, self._place)),
            tuple(changes),
            settle=self._settle if self._desired.wait else None,
            overtaken=self._overtaken,
        )

    def _settle(self) -> Any:
        """Wait until nothing is under way in the cluster; return it."""
        return settle(self._operations, self._what, self._find)

    def _overtaken(self) -> bool:
        """Tell whether others did a part, or nobody says how it ended; without waiting the next task compares it."""
        return self._desired.wait and self._operations.overtaken

    def _await_gone(self) -> None:
        await_gone(self._operations, self._what, self._find)

    def _creation(self, dying: Any | None) -> Change:
        """Return the change that creates the cluster, after the one of this name that is being deleted is gone."""
        creation = self._operations.in_container(
            f"create {self._what} in {self._desired.location}",
            "create_cluster",
            parent=self._parent,
            cluster=cluster_state.new_cluster(self._desired, self._place),
        )
        if dying is None:
            return creation

        def call() -> None:
            self._await_gone()
            creation.call()

        return Change(creation.title, call)

    def _pool_deletion(self) -> Change:
        """Return the change that deletes the default pool, if it is still what a cluster is made with."""
        deletion = self._operations.in_container(
            f"delete node pool {DEFAULT_POOL} of {self._what}",
            "delete_node_pool",
            name=f"{self._path}/nodePools/{DEFAULT_POOL}",
        )

        def call() -> None:
            self._refuse_pool_with_networks(self._settle())
            deletion.call()

        return Change(deletion.title, call)

    def _refuse_closed_endpoint(self, cluster: Any | None) -> None:
        """Refuse to return an endpoint that lets nobody in, now or after the changes."""
        wanted = self._desired
        if wanted.endpoint_kind is None:
            return
        private_only, dns = wanted.private.get("endpoint"), wanted.dns_endpoint
        if private_only is None:
            private_only = cluster is not None and not cluster_endpoints.has_public(cluster)
        if dns is None:
            dns = cluster is not None and cluster_endpoints.has_dns(cluster)
        addresses = cluster is None or cluster_endpoints.has_addresses(cluster)
        endpoints = {"public": not private_only, "private": addresses, "dns": dns}
        cluster_endpoints.refuse_closed(wanted.name, wanted.endpoint_kind, endpoints)

    def _refuse_immutable(self, differing: list[str], before: State, after: State) -> None:
        immutable = {key: (before[key], after[key]) for key in differing if key in IMMUTABLE}
        if immutable:
            raise Immutable(self._what, immutable, RECREATE)

    def _updates(self, differing: list[str], after: State, cluster: Any) -> Iterator[Change]:
        """Yield one mutation per field: Kubernetes Engine wants it so."""
        for key in differing:
            if key == POOL_STATE:
                self._refuse_pool_with_networks(cluster)
                # While the cluster is being made, the deletion would have to wait.
                if self._desired.wait or status_of(cluster) != "PROVISIONING":
                    yield self._pool_deletion()
                continue
            if key == "multi_networking" and not after[key]:
                self._refuse_if_in_use(cluster)
            title = f"set {key} of {self._what} to {words(after[key]) or 'none'}{CONSEQUENCES.get(key, '')}"
            method, request = cluster_state.update(key, after[key], cluster)
            yield self._operations.in_container(title, method, name=self._path, **request)

    def _refuse_if_in_use(self, cluster: Any) -> None:
        pools = [pool.name for pool in cluster.node_pools if carries_networks(pool)]
        if pools:
            raise Refused(
                f"{self._what}: multi_networking is used by node pools {', '.join(pools)}; delete these first"
            )

    def _refuse_pool_with_networks(self, cluster: Any) -> None:
        pool = default_pool(cluster)
        if pool is not None and carries_networks(pool):
            raise Refused(
                f"node pool {DEFAULT_POOL} of {self._what} has additional networks, so it is not what the cluster was "
                f"made with; leave {POOL_STATE} out, or delete the pool with gke_multinet_nodepool"
            )

    def _warnings(self, differing: list[str], cluster: Any) -> Iterator[str]:
        wanted, have = self._desired.version, cluster.current_master_version
        if wanted is not None and not version_fits(have, wanted) and not version_is_older(have, wanted):
            yield f"{self._what} runs {have}, newer than {wanted}; a control plane cannot be downgraded"
        if "private.nodes" in differing:
            yield f"private.nodes of {self._what} counts for new node pools; the nodes of others stay as they are"
        pool = default_pool(cluster)
        if pool is None or not self._desired.keeps_default_pool:
            return
        have_pool = {"node_count": pool.initial_node_count, "machine_type": pool.config.machine_type}
        for key, value in have_pool.items():
            if self._desired.default_pool.get(key, value) != value:
                yield (
                    f"{key} of node pool {DEFAULT_POOL} is {value}, not {self._desired.default_pool[key]}: "
                    "default_pool counts when the cluster is made; afterwards gke_multinet_nodepool manages the pool"
                )
