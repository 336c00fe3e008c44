# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GKE Standard cluster that can carry additional networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import Immutable, Problems, Refused
from ..gke_rules import (
    DEFAULT_NODE_COUNT,
    LONGEST_CLUSTER_NAME,
    check_location,
    check_max_pods,
    check_name,
    check_node_count,
    check_version,
    region_of,
    version_numbers,
)
from ..reconcile import Change, Plan, State
from .clients import Google
from .nodes import (
    DEFAULT_POOL,
    MANAGEMENT,
    OAUTH_SCOPES,
    UNSETTLED,
    given,
    refuse_broken,
    refuse_unusable,
    status_of,
    warnings_of,
    words,
)
from .operations import Operations
from .references import Place, check_network, check_subnetwork

IMMUTABLE = ("network", "subnetwork", "pods_range", "services_range", "dataplane_v2", "default_max_pods_per_node")
RECREATE = "delete the cluster (state=absent) and create it again"


@dataclass(frozen=True)
class Desired:
    """What gke_multinet_cluster was asked for; the fields are its options."""

    name: str
    location: str
    version: str | None
    release_channel: str | None
    network: str | None
    subnetwork: str | None
    pods_range: str | None
    services_range: str | None
    dataplane_v2: bool
    multi_networking: bool
    default_max_pods_per_node: int | None
    labels: dict[str, str] | None
    default_pool: dict[str, Any]
    deletion_protection: bool
    state: str
    wait: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        desired = cls(
            **{name: params[name] for name in cls.__dataclass_fields__ if name != "default_pool"},
            default_pool=given(params["default_pool"] or {}),
        )
        problems = Problems()
        check_name(problems, "name", desired.name, LONGEST_CLUSTER_NAME)
        check_location(problems, "location", desired.location)
        check_version(problems, "version", desired.version)
        check_network(problems, "network", desired.network)
        check_subnetwork(problems, "subnetwork", desired.subnetwork)
        check_max_pods(problems, "default_max_pods_per_node", desired.default_max_pods_per_node)
        if desired.multi_networking and not desired.dataplane_v2:
            problems.add("dataplane_v2", False, "multi-networking needs Dataplane V2; set multi_networking=false, too")
        check_node_count(problems, "default_pool.node_count", desired.default_pool.get("node_count"), least=1)
        problems.raise_if_any()
        return desired


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
        if self._waits and status_of(found) == "RECONCILING":
            self._settle()
            found = self._find()
        return found

    def _find(self) -> Any | None:
        return self._google.find_cluster(self._desired.location, self._desired.name)

    def plan(self, observed: Any | None) -> Plan:
        """Return the changes; see reconcile.Resource."""
        if self._desired.state == "absent":
            return self._plan_absent(observed)
        if status_of(observed) in ("", "STOPPING"):
            creation, settle = self._creation(observed), self._settle if self._desired.wait else None
            return Plan(None, self._new_state(), (creation,), settle=settle, overtaken=self._overtaken)
        refuse_broken(self._what, observed)
        before = self._have(observed)
        after = self._want(before)
        differing = [key for key in after if before[key] != after[key]]
        self._refuse_immutable(differing, before, after)
        changes = tuple(self._updates(differing, after, observed))
        unsettled = changes or status_of(observed) in UNSETTLED
        return Plan(
            before,
            after,
            changes,
            warnings=tuple(self._warnings(observed)),
            settle=self._settle if self._desired.wait and unsettled else None,
        )

    def facts(self, observed: Any | None, plan: Plan) -> dict[str, Any]:
        """Return what is needed to reach the cluster, and how it is; never client keys."""
        status = status_of(observed)
        usable = observed if status != "STOPPING" else None
        return {
            "endpoint": usable.endpoint if usable else "",
            "ca_data": usable.master_auth.cluster_ca_certificate if usable else "",
            "status": status,
            "version": observed.current_master_version if observed else "",
            "pending": self._operations.under_way or status in UNSETTLED,
            "operations": self._operations.records,
            "warnings": warnings_of(self._what, observed) if self._desired.state == "present" else [],
        }

    def _plan_absent(self, cluster: Any | None) -> Plan:
        if cluster is None:
            return Plan(None, None)
        settle = self._await_gone if self._desired.wait else None
        if status_of(cluster) == "STOPPING":
            return Plan(None, None, settle=settle)
        if self._desired.deletion_protection:
            raise Refused(f"{self._what} is not deleted: deletion_protection=true")
        deletion = self._operations.in_container(f"delete {self._what}", "delete_cluster", name=self._path)
        return Plan(self._have(cluster), None, (deletion,), settle=settle)

    def _settle(self) -> None:
        """Wait until nothing is under way in the cluster."""
        self._operations.finish()
        found = self._operations.wait_for(
            f"{self._what} is ready", self._find, lambda cluster: status_of(cluster) not in UNSETTLED, status_of
        )
        refuse_unusable(self._what, found)

    def _overtaken(self) -> bool:
        """Tell whether somebody else created it; unless it was waited for, the next task compares it."""
        return self._desired.wait and self._operations.overtaken

    def _await_gone(self) -> None:
        self._operations.finish()
        self._operations.wait_for(f"{self._what} is gone", self._find, lambda cluster: cluster is None, status_of)

    def _creation(self, dying: Any | None) -> Change:
        """Return the change that creates the cluster, after the one of this name that is being deleted is gone."""
        creation = self._operations.in_container(
            f"create {self._what} in {self._desired.location}",
            "create_cluster",
            parent=self._parent,
            cluster=self._new_cluster(),
        )
        if dying is None:
            return creation

        def call() -> None:
            self._await_gone()
            creation.call()

        return Change(creation.title, call)

    def _new_cluster(self) -> dict[str, Any]:
        """Return the fields of container_v1.Cluster, as gcloud sends them."""
        wanted, place = self._desired, self._place
        channel = {"channel": wanted.release_channel} if wanted.release_channel else None
        max_pods = wanted.default_max_pods_per_node
        node_config = {"oauth_scopes": OAUTH_SCOPES, "machine_type": wanted.default_pool.get("machine_type")}
        fields = {
            "name": wanted.name,
            "initial_cluster_version": wanted.version,
            "release_channel": channel,
            "network": wanted.network and place.spell(place.network(wanted.network)),
            "subnetwork": wanted.subnetwork and place.spell(place.subnetwork(wanted.subnetwork)),
            "ip_allocation_policy": given(
                {
                    "use_ip_aliases": True,
                    "cluster_secondary_range_name": wanted.pods_range,
                    "services_secondary_range_name": wanted.services_range,
                }
            ),
            "network_config": {
                **({"datapath_provider": "ADVANCED_DATAPATH"} if wanted.dataplane_v2 else {}),
                "enable_multi_networking": wanted.multi_networking,
            },
            "default_max_pods_constraint": {"max_pods_per_node": max_pods} if max_pods else None,
            "resource_labels": wanted.labels,
            "node_pools": [
                {
                    "name": DEFAULT_POOL,
                    "initial_node_count": wanted.default_pool.get("node_count", DEFAULT_NODE_COUNT),
                    "config": given(node_config),
                    "management": MANAGEMENT,
                }
            ],
        }
        return given(fields)

    def _managed(self) -> dict[str, Any]:
        """Return the options that are compared, without those that were not given."""
        wanted, place = self._desired, self._place
        return given(
            {
                "release_channel": wanted.release_channel,
                "version": wanted.version,
                "network": wanted.network and place.spell(place.network(wanted.network)),
                "subnetwork": wanted.subnetwork and place.spell(place.subnetwork(wanted.subnetwork)),
                "pods_range": wanted.pods_range,
                "services_range": wanted.services_range,
                "dataplane_v2": wanted.dataplane_v2,
                "multi_networking": wanted.multi_networking,
                "default_max_pods_per_node": wanted.default_max_pods_per_node,
                "labels": wanted.labels,
            }
        )

    def _new_state(self) -> State:
        wanted = self._desired
        pool = {"default_pool": wanted.default_pool} if wanted.default_pool else {}
        return {"name": wanted.name, "location": wanted.location, **self._managed(), **pool}

    def _have(self, cluster: Any) -> State:
        """Return what is managed, as it is."""
        network, policy = cluster.network_config, cluster.ip_allocation_policy
        labels = self._desired.labels or {}
        state = {
            "release_channel": cluster.release_channel.channel.name,
            "version": cluster.current_master_version,
            "network": self._place.spell(self._place.network_of(cluster)),
            "subnetwork": self._place.spell(self._place.subnetwork_of(cluster)),
            "pods_range": policy.cluster_secondary_range_name,
            "services_range": policy.services_secondary_range_name,
            "dataplane_v2": network.datapath_provider.name == "ADVANCED_DATAPATH",
            "multi_networking": network.enable_multi_networking,
            "default_max_pods_per_node": cluster.default_max_pods_constraint.max_pods_per_node,
            "labels": {key: value for key, value in cluster.resource_labels.items() if key in labels},
        }
        managed = self._managed()
        return {
            "name": self._desired.name,
            "location": self._desired.location,
            **{key: value for key, value in state.items() if key in managed},
        }

    def _want(self, before: State) -> State:
        """Return what is managed, as it is to be; a version that is satisfied stays what it is."""
        after = {"name": self._desired.name, "location": self._desired.location, **self._managed()}
        if "version" in after and not _is_older(before["version"], after["version"]):
            after["version"] = before["version"]
        return after

    def _refuse_immutable(self, differing: list[str], before: State, after: State) -> None:
        immutable = {key: (before[key], after[key]) for key in differing if key in IMMUTABLE}
        if immutable:
            raise Immutable(self._what, immutable, RECREATE)

    def _updates(self, differing: list[str], after: State, cluster: Any) -> Iterator[Change]:
        """Yield one mutation per field: Kubernetes Engine wants it so."""
        for key in differing:
            title = f"set {key} of {self._what} to {words(after[key])}"
            if key == "labels":
                yield self._operations.in_container(
                    title,
                    "set_labels",
                    name=self._path,
                    resource_labels={**cluster.resource_labels, **after["labels"]},
                    label_fingerprint=cluster.label_fingerprint,
                )
                continue
            if key == "multi_networking" and not after[key]:
                self._refuse_if_in_use(cluster)
            update = {
                "release_channel": {"desired_release_channel": {"channel": after[key]}},
                "version": {"desired_master_version": after[key]},
                "multi_networking": {"desired_enable_multi_networking": after[key]},
            }[key]
            yield self._operations.in_container(title, "update_cluster", name=self._path, update=update)

    def _refuse_if_in_use(self, cluster: Any) -> None:
        pools = [
            pool.name
            for pool in cluster.node_pools
            if pool.network_config.additional_node_network_configs or pool.network_config.additional_pod_network_configs
        ]
        if pools:
            raise Refused(
                f"{self._what}: multi_networking is used by node pools {', '.join(pools)}; delete these first"
            )

    def _warnings(self, cluster: Any) -> Iterator[str]:
        wanted, have = self._desired.version, cluster.current_master_version
        if wanted is not None and not _fits(have, wanted) and not _is_older(have, wanted):
            yield f"{self._what} runs {have}, newer than {wanted}; a control plane cannot be downgraded"
        pool = next((pool for pool in cluster.node_pools if pool.name == DEFAULT_POOL), None)
        if pool is not None:
            have_pool = {"node_count": pool.initial_node_count, "machine_type": pool.config.machine_type}
            for key, value in self._desired.default_pool.items():
                if have_pool[key] != value:
                    yield (
                        f"{key} of node pool {DEFAULT_POOL} is {have_pool[key]}, not {value}: default_pool counts when "
                        "the cluster is made; afterwards gke_multinet_nodepool manages the pool"
                    )


def _fits(have: str, want: str) -> bool:
    """Tell whether a version begins as wanted: 1.34.4-gke.1000 fits 1.34, and every version fits "latest"."""
    numbers = version_numbers(want)
    return version_numbers(have)[: len(numbers)] == numbers


def _is_older(have: str, want: str) -> bool:
    return not _fits(have, want) and version_numbers(have) < version_numbers(want)
