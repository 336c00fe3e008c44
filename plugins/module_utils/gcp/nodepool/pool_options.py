# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gke_multinet_nodepool was asked for, and what can be known wrong with it before anything is asked of Google."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Problems
from ...gke_rules import (
    LONGEST_CLUSTER_NAME,
    MAX_NODE_NETWORKS,
    MAX_POD_NETWORKS,
    MIN_DISK_GB,
    check_autoscaling,
    check_location,
    check_max_pods,
    check_name,
    check_node_count,
    check_version,
    check_zones,
    most_additional_networks,
    region_of,
    vcpus,
)
from ...reconcile import State
from ..nodes import given
from ..references import Network, Place, Subnetwork, check_network, check_subnetwork

NETWORKS, PODS = "additional_node_networks", "additional_pod_networks"
SCOPE = "https://www.googleapis.com/auth/"  # all of Google's scopes begin so
SETTINGS = (
    "version",
    "node_count",
    "autoscaling",
    "node_locations",
    "machine_type",
    "disk_size_gb",
    "disk_type",
    "image_type",
    "spot",
    "labels",
    "taints",
    "tags",
    "metadata",
    "service_account",
    "oauth_scopes",
    "max_pods_per_node",
    "enable_private_nodes",
    "pod_range",
    NETWORKS,
    PODS,
    "management",
    "upgrade_settings",
)


@dataclass(frozen=True)
class Desired:
    """The options of gke_multinet_nodepool."""

    project: str
    name: str
    cluster: str
    location: str
    settings: State  # those of SETTINGS that were given, without what was left out in them
    recreate: str
    validate_ranges: bool
    state: str
    wait: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        names = ("name", "cluster", "location", "recreate", "validate_ranges", "state", "wait")
        desired = cls(
            project=params["project"] or "", settings=_settings(params), **{name: params[name] for name in names}
        )
        problems = Problems()
        check_name(problems, "name", desired.name, LONGEST_CLUSTER_NAME)
        check_name(problems, "cluster", desired.cluster, LONGEST_CLUSTER_NAME)
        check_location(problems, "location", desired.location)
        _check_size(problems, desired)
        _check_nodes(problems, desired.settings)
        _check_node_networks(problems, desired)
        _check_pod_networks(problems, desired)
        problems.raise_if_any()
        return desired

    @property
    def place(self) -> Place:
        """Return where the bare names of networks and subnetworks are to be found."""
        return Place(self.project, region_of(self.location))


def check_interfaces(problems: Problems, networks: list[Any], machine_type: str) -> None:
    """Note more additional networks than a machine of this type has interfaces for."""
    count, most = len(networks), most_additional_networks(machine_type)
    if most is not None and count > most:
        problems.add(
            NETWORKS,
            count,
            f"{machine_type} has {vcpus(machine_type)} vCPUs: at most {most} additional network"
            f"{'s' if most > 1 else ''}, {count} given; take a machine type with more vCPUs",
        )


def _settings(params: Mapping[str, Any]) -> State:
    """Return the settings that were given, in the spelling in which Google returns them."""
    settings = given({name: params[name] for name in SETTINGS})
    for name in ("autoscaling", "management", "upgrade_settings"):
        if name in settings:
            settings[name] = given(settings[name])
    if settings.get("autoscaling", {}).get("enabled") is False:
        settings["autoscaling"] = {"enabled": False}
    if "image_type" in settings:
        settings["image_type"] = settings["image_type"].upper()
    for name in ("labels", "metadata"):
        if name in settings:
            settings[name] = {key: str(value) for key, value in settings[name].items()}
    return settings


def _check_size(problems: Problems, desired: Desired) -> None:
    settings = desired.settings
    autoscaling, count = settings.get("autoscaling"), settings.get("node_count")
    check_node_count(problems, "node_count", count)
    if count is not None and autoscaling and autoscaling["enabled"]:
        problems.add("node_count", count, "is not for a pool that the autoscaler sizes; leave it out")
    check_autoscaling(problems, "autoscaling", autoscaling)
    check_zones(problems, "node_locations", settings.get("node_locations"), desired.location)


def _check_nodes(problems: Problems, settings: State) -> None:
    check_version(problems, "version", settings.get("version"))
    check_max_pods(problems, "max_pods_per_node", settings.get("max_pods_per_node"))
    if settings.get("disk_size_gb", MIN_DISK_GB) < MIN_DISK_GB:
        problems.add("disk_size_gb", settings["disk_size_gb"], f"must be at least {MIN_DISK_GB}")
    for index, scope in enumerate(settings.get("oauth_scopes", [])):
        if not scope.startswith(SCOPE):
            problems.add(f"oauth_scopes[{index}]", scope, f"is not a scope; scopes begin with {SCOPE}")
    surge = settings.get("upgrade_settings", {})
    for name in ("max_surge", "max_unavailable"):
        check_node_count(problems, f"upgrade_settings.{name}", surge.get(name))
    if surge.get("max_surge") == 0 and surge.get("max_unavailable") == 0:
        problems.add(
            "upgrade_settings", surge, "lets no node be replaced; max_surge or max_unavailable must be above 0"
        )


def _check_node_networks(problems: Problems, desired: Desired) -> None:
    networks = desired.settings.get(NETWORKS, [])
    seen: dict[Network, str] = {}
    for index, each in enumerate(networks):
        path = f"{NETWORKS}[{index}]"
        check_network(problems, f"{path}.network", each["network"])
        _check_subnetwork(problems, f"{path}.subnetwork", each["subnetwork"], desired.place)
        network = desired.place.network(each["network"])
        if network in seen:
            problems.add(
                f"{path}.network",
                each["network"],
                f"is the network of {seen[network]}, too; each interface of a node is in a network of its own",
            )
        seen.setdefault(network, path)
    if len(networks) > MAX_NODE_NETWORKS:
        problems.add(NETWORKS, len(networks), f"a node has at most {MAX_NODE_NETWORKS} additional networks")
    elif "machine_type" in desired.settings:
        check_interfaces(problems, networks, desired.settings["machine_type"])


def _check_pod_networks(problems: Problems, desired: Desired) -> None:
    networks = desired.settings.get(PODS, [])
    if len(networks) > MAX_POD_NETWORKS:
        problems.add(PODS, len(networks), f"a node pool has at most {MAX_POD_NETWORKS} additional pod networks")
    seen: set[tuple[Subnetwork | None, str]] = set()
    for index, each in enumerate(networks):
        path, subnetwork = f"{PODS}[{index}]", each["subnetwork"]
        _check_subnetwork(problems, f"{path}.subnetwork", subnetwork, desired.place)
        check_name(problems, f"{path}.secondary_range", each["secondary_range"])
        check_max_pods(problems, f"{path}.max_pods_per_node", each["max_pods_per_node"])
        key = (desired.place.subnetwork(subnetwork) if subnetwork else None, each["secondary_range"])
        if key in seen:
            problems.add(f"{path}.secondary_range", each["secondary_range"], "is given twice")
        seen.add(key)


def _check_subnetwork(problems: Problems, path: str, text: str | None, place: Place) -> None:
    """Note what names no subnetwork, or one in another region than the nodes."""
    check_subnetwork(problems, path, text)
    region = place.subnetwork(text).region if text else place.region
    if region != place.region:
        problems.add(path, text, f"is in {region}; the nodes are in {place.region}")
