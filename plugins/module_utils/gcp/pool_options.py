# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gke_multinet_nodepool was asked for, and what can be known wrong with it before anything is asked of Google."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import Problems
from ..gke_rules import (
    DEFAULT_NODE_COUNT,
    LONGEST_CLUSTER_NAME,
    MAX_NODE_NETWORKS,
    MAX_POD_NETWORKS,
    check_autoscaling,
    check_location,
    check_max_pods,
    check_name,
    check_node_count,
    most_additional_networks,
    vcpus,
)
from .nodes import given
from .references import check_network, check_subnetwork

NETWORKS, PODS = "additional_node_networks", "additional_pod_networks"


@dataclass(frozen=True)
class Desired:
    """The options of gke_multinet_nodepool; None was not given."""

    name: str
    cluster: str
    location: str
    node_count: int | None
    autoscaling: dict[str, Any] | None
    machine_type: str | None
    disk_size_gb: int | None
    disk_type: str | None
    image_type: str | None
    labels: dict[str, str] | None
    taints: list[dict[str, str]] | None
    tags: list[str] | None
    max_pods_per_node: int | None
    additional_node_networks: list[dict[str, Any]] | None
    additional_pod_networks: list[dict[str, Any]] | None
    management: dict[str, bool] | None
    recreate: str
    validate_ranges: bool
    state: str
    wait: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        options = {name: params[name] for name in cls.__dataclass_fields__}
        for name in ("autoscaling", "management"):
            options[name] = given(options[name]) if options[name] else None
        if options["autoscaling"] and not options["autoscaling"]["enabled"]:
            options["autoscaling"] = {"enabled": False}
        if options["image_type"]:
            options["image_type"] = options["image_type"].upper()
        desired = cls(**options)
        problems = Problems()
        check_name(problems, "name", desired.name, LONGEST_CLUSTER_NAME)
        check_name(problems, "cluster", desired.cluster, LONGEST_CLUSTER_NAME)
        check_location(problems, "location", desired.location)
        check_max_pods(problems, "max_pods_per_node", desired.max_pods_per_node)
        _check_size(problems, desired)
        _check_node_networks(problems, desired)
        _check_pod_networks(problems, desired)
        problems.raise_if_any()
        return desired

    @property
    def autoscales(self) -> bool:
        """Tell whether the pool is to be sized by the autoscaler."""
        return bool(self.autoscaling and self.autoscaling["enabled"])

    @property
    def initial_count(self) -> int:
        """Return the number of nodes per zone that a new pool begins with."""
        if self.autoscaling and self.autoscales:
            return int(self.autoscaling.get("min", 0))
        return DEFAULT_NODE_COUNT if self.node_count is None else self.node_count

    @property
    def most_nodes(self) -> int:
        """Return how many nodes a zone may come to have."""
        return int(self.autoscaling["max"]) if self.autoscaling and self.autoscales else self.initial_count


def check_interfaces(problems: Problems, networks: list[dict[str, Any]] | None, machine_type: str) -> None:
    """Note more additional networks than a machine of this type has interfaces for."""
    count, most = len(networks or []), most_additional_networks(machine_type)
    if most is not None and count > most:
        problems.add(
            NETWORKS,
            count,
            f"{machine_type} has {vcpus(machine_type)} vCPUs: at most {most} additional network"
            f"{'s' if most > 1 else ''}, {count} given; take a machine type with more vCPUs",
        )


def _check_size(problems: Problems, desired: Desired) -> None:
    check_node_count(problems, "node_count", desired.node_count)
    if desired.node_count is not None and desired.autoscales:
        problems.add("node_count", desired.node_count, "is not for a pool that the autoscaler sizes; leave it out")
    check_autoscaling(problems, "autoscaling", desired.autoscaling)


def _check_node_networks(problems: Problems, desired: Desired) -> None:
    networks = desired.additional_node_networks or []
    seen: dict[str, str] = {}
    for index, each in enumerate(networks):
        path = f"{NETWORKS}[{index}]"
        check_network(problems, f"{path}.network", each["network"])
        check_subnetwork(problems, f"{path}.subnetwork", each["subnetwork"])
        if each["network"] in seen:
            problems.add(
                f"{path}.network",
                each["network"],
                f"is the network of {seen[each['network']]}, too; each interface of a node is in a network of its own",
            )
        seen[each["network"]] = path
    if len(networks) > MAX_NODE_NETWORKS:
        problems.add(NETWORKS, len(networks), f"a node has at most {MAX_NODE_NETWORKS} additional networks")
    elif desired.machine_type:
        check_interfaces(problems, networks, desired.machine_type)


def _check_pod_networks(problems: Problems, desired: Desired) -> None:
    networks = desired.additional_pod_networks or []
    if len(networks) > MAX_POD_NETWORKS:
        problems.add(PODS, len(networks), f"a node pool has at most {MAX_POD_NETWORKS} additional pod networks")
    seen: set[tuple[str | None, str]] = set()
    for index, each in enumerate(networks):
        path = f"{PODS}[{index}]"
        check_subnetwork(problems, f"{path}.subnetwork", each["subnetwork"])
        check_name(problems, f"{path}.secondary_range", each["secondary_range"])
        check_max_pods(problems, f"{path}.max_pods_per_node", each["max_pods_per_node"])
        if (each["subnetwork"], each["secondary_range"]) in seen:
            problems.add(f"{path}.secondary_range", each["secondary_range"], "is given twice")
        seen.add((each["subnetwork"], each["secondary_range"]))
