# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gke_multinet_cluster was asked for, and what can be known wrong with it before anything is asked of Google."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...cni.ranges import check_cidr, overlapping
from ...errors import Problems
from ...gke_rules import (
    DEFAULT_NODE_COUNT,
    LONGEST_CLUSTER_NAME,
    check_location,
    check_max_pods,
    check_name,
    check_node_count,
    check_range,
    check_version,
    check_zones,
    region_of,
)
from ..nodes import given
from ..references import Subnetwork, check_network, check_subnetwork
from .cluster_endpoints import DNS, PUBLIC

MASTER_PREFIX = 28  # of the control plane's range
EITHER = (("pods_range", "pods_cidr"), ("services_range", "services_cidr"))
LEAST_NODES = 1  # of a pool that is deleted at once: a cluster cannot be made without one

# Labels of Google's resources: lower case, 63 characters.
_LABEL_KEY = re.compile(r"[^\W\dA-Z_][-\w]{0,62}")
_LABEL_VALUE = re.compile(r"[-\w]{0,63}")
_POOL = re.compile(r"[-.:\w]+\.svc\.id\.goog")


@dataclass(frozen=True)
class Desired:
    """The options of gke_multinet_cluster; None was not given, and so is what lacks in a group."""

    name: str
    location: str
    description: str | None
    version: str | None
    release_channel: str | None
    network: str | None
    subnetwork: str | None
    pods_range: str | None
    pods_cidr: str | None
    services_range: str | None
    services_cidr: str | None
    dataplane_v2: bool
    multi_networking: bool
    default_max_pods_per_node: int | None
    node_locations: list[str] | None
    private: dict[str, Any]
    authorized_networks: list[dict[str, str]] | None
    dns_endpoint: bool | None
    endpoint_kind: str | None
    labels: dict[str, str] | None
    workload_pool: str | None
    default_pool: dict[str, Any]
    deletion_protection: bool
    state: str
    wait: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        options = {name: params[name] for name in cls.__dataclass_fields__}
        for group in ("private", "default_pool"):
            options[group] = given(options[group] or {})
        if options["labels"] is not None:
            options["labels"] = {key: str(value) for key, value in options["labels"].items()}
        networks = options["authorized_networks"]
        if networks is not None:
            options["authorized_networks"] = [given(each) for each in networks]
        desired = cls(**options)
        problems = Problems()
        check_name(problems, "name", desired.name, LONGEST_CLUSTER_NAME)
        check_location(problems, "location", desired.location)
        check_version(problems, "version", desired.version)
        _check_ranges(problems, desired)
        _check_nodes(problems, desired)
        _check_endpoints(problems, desired)
        _check_labels(problems, desired.labels or {})
        if desired.workload_pool and not _POOL.fullmatch(desired.workload_pool):
            problems.add("workload_pool", desired.workload_pool, "must be PROJECT.svc.id.goog, or empty for none")
        problems.raise_if_any()
        return desired

    @property
    def keeps_default_pool(self) -> bool:
        """Tell whether the default pool stays after the cluster is made."""
        return bool(self.default_pool.get("state") != "absent")

    @property
    def initial_count(self) -> int:
        """Return the number of nodes per zone that the default pool begins with."""
        otherwise = DEFAULT_NODE_COUNT if self.keeps_default_pool else LEAST_NODES
        return int(self.default_pool.get("node_count", otherwise))


def _check_ranges(problems: Problems, desired: Desired) -> None:
    """Note what cannot be the cluster's place in its VPC."""
    check_network(problems, "network", desired.network)
    check_subnetwork(problems, "subnetwork", desired.subnetwork)
    region = region_of(desired.location)
    if desired.subnetwork and Subnetwork.parse(desired.subnetwork, "", region).region != region:
        problems.add("subnetwork", desired.subnetwork, f"is not in {region}, the cluster's region")
    for names in EITHER:
        values = {name: getattr(desired, name) for name in names}
        if all(values.values()):
            problems.add(names[1], values[names[1]], f"is not for a cluster with {names[0]}; leave one of them out")
    for name in ("pods_range", "services_range"):
        value = getattr(desired, name)
        if value is not None:
            check_name(problems, name, value)
    blocks = {
        "pods_cidr": desired.pods_cidr,
        "services_cidr": desired.services_cidr,
        "private.master_cidr": desired.private.get("master_cidr"),
    }
    networks = [
        (path, network)
        for path, value in blocks.items()
        if value is not None and (network := check_range(problems, path, value)) is not None
    ]
    for path, network in networks:
        if path == "private.master_cidr" and network.prefixlen != MASTER_PREFIX:
            problems.add(path, str(network), f"must be a /{MASTER_PREFIX}")
    for path, other_path, network, other in overlapping(networks):
        problems.add(other_path, str(other), f"overlaps with {path} ({network})")
    if desired.private.get("master_cidr") and not desired.private.get("nodes"):
        problems.add("private.master_cidr", desired.private["master_cidr"], "needs private.nodes=true")


def _check_nodes(problems: Problems, desired: Desired) -> None:
    """Note what cannot be said of nodes."""
    if desired.multi_networking and not desired.dataplane_v2:
        problems.add("dataplane_v2", False, "multi-networking needs Dataplane V2; set multi_networking=false, too")
    check_max_pods(problems, "default_max_pods_per_node", desired.default_max_pods_per_node)
    check_node_count(problems, "default_pool.node_count", desired.default_pool.get("node_count"), least=1)
    zones, location = desired.node_locations, desired.location
    check_zones(problems, "node_locations", zones, location)
    if zones and location != region_of(location) and location not in zones:
        problems.add("node_locations", zones, f"must contain the cluster's own zone {location}")


def _check_endpoints(problems: Problems, desired: Desired) -> None:
    """Note what cannot be said of the control plane's endpoints."""
    seen: set[str] = set()
    for index, each in enumerate(desired.authorized_networks or []):
        path = f"authorized_networks[{index}].cidr"
        if check_cidr(problems, path, each["cidr"]) is not None and each["cidr"] in seen:
            problems.add(path, each["cidr"], "is given twice")
        seen.add(each["cidr"])
    if desired.endpoint_kind == DNS and desired.dns_endpoint is False:
        problems.add("endpoint_kind", DNS, "needs dns_endpoint=true")
    if desired.endpoint_kind == PUBLIC and desired.private.get("endpoint"):
        problems.add("endpoint_kind", PUBLIC, "there is none with private.endpoint=true; take private or dns")


def _check_labels(problems: Problems, labels: Mapping[str, str]) -> None:
    """Note labels that Google would refuse; small letters of other languages are allowed."""
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or key != key.lower():
            problems.add(
                f"labels.{key}", key, "must start with a lower case letter and contain only a-z, 0-9, - and _ (63)"
            )
        if not _LABEL_VALUE.fullmatch(value) or value != value.lower():
            problems.add(f"labels.{key}", value, "may contain only a-z, 0-9, - and _ (63 characters)")
