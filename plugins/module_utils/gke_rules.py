# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Google Kubernetes Engine and Compute Engine allow, as far as it can be known without asking them.

Sources: the setup guide for multiple networks ("Set up multi-network support for Pods"), the page on flexible pod
ranges, and the reference of ``gcloud container node-pools create``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .cni.ranges import IPNetwork, check_cidr
from .errors import Problems

MAX_NODE_NETWORKS = 7  # --additional-node-network: a VM has at most 8 interfaces
MAX_POD_NETWORKS = 35  # --additional-pod-network
MAX_SECONDARY_RANGES = 30  # of one subnetwork
MIN_PODS, MAX_PODS = 8, 256  # max-pods-per-node
DEFAULT_MAX_PODS = 110  # of a cluster that says nothing else
MIN_VERSION = (1, 28)  # of multi-networking on Standard clusters
SHARED_VPC_SINCE = "1.28.4"  # the same, with networks of a host project
UBUNTU_SINCE = "1.32.3-gke.1785000"  # of additional networks on nodes with an Ubuntu image
LONGEST_CLUSTER_NAME = 40  # of clusters and node pools
MIN_DISK_GB = 10  # of a node
LONGEST_COMPUTE_NAME = 63  # RFC 1035 label: networks, subnetworks, secondary ranges, firewall rules
RANGE_PREFIXES = range(8, 30)  # prefix lengths of a subnetwork's ranges
AUTO_MODE_BLOCK = "10.128.0.0/9"  # out of which auto mode networks get their subnetworks

# What Google takes, or gcloud asks for, where nothing is said.
DEFAULT_NETWORK = "default"  # of a cluster
DEFAULT_MACHINE_TYPE = "e2-medium"
DEFAULT_NODE_COUNT = 3  # in each zone
ZONES_OF_A_REGION = 3  # over which a regional cluster is spread

_RULE_SUFFIX = "-allow-multinet"
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VERSION = re.compile(r"(\d+)\.(\d+)(\.\d+)?(-gke\.\d+)?")
_ZONE = r"-(ai\d+)?[a-z]"  # of a zone's name, what follows the region; us-central1-ai1a is an AI zone
_LOCATION = re.compile(rf"[a-z]+-[a-z]+\d+({_ZONE})?")
# Machine types that share a core count as two vCPUs for the number of interfaces.
_SHARED_CORE = {"e2-micro": 2, "e2-small": 2, "e2-medium": 2, "f1-micro": 1, "g1-small": 1}


def check_name(problems: Problems, path: str, value: str, longest: int = LONGEST_COMPUTE_NAME) -> None:
    """Note a name that Google would refuse: lower case letters, digits and hyphens, a letter first."""
    if len(value) > longest:
        problems.add(path, value, f"is longer than {longest} characters")
    if not _NAME.fullmatch(value):
        problems.add(
            path, value, "must start with a lower case letter and contain only a-z, 0-9 and - (not at the end)"
        )


def ingress_rule_name(subnetwork: str) -> str:
    """Return the name of the firewall rule that lets the ranges of a subnetwork reach each other."""
    return subnetwork + _RULE_SUFFIX


def check_subnetwork_name(problems: Problems, path: str, value: str, *, with_rule: bool = True) -> None:
    """Note a name that Google would refuse for a subnetwork, or for its ingress rule, whose name is longer.

    :param with_rule: whether the rule is made (allow_multinet).
    """
    check_name(problems, path, value)
    longest = LONGEST_COMPUTE_NAME - len(_RULE_SUFFIX)
    if with_rule and longest < len(value) <= LONGEST_COMPUTE_NAME:
        remedy = "take a shorter one, or set allow_multinet=false"
        problems.add(path, value, f"is longer than {longest} characters, too long for the name of its rule; {remedy}")


def check_location(problems: Problems, path: str, value: str) -> None:
    """Note what is neither a region (us-central1) nor a zone (us-central1-c)."""
    if not _LOCATION.fullmatch(value):
        problems.add(path, value, "is neither a region (us-central1) nor a zone (us-central1-c)")


def check_version(problems: Problems, path: str, value: str | None) -> None:
    """Note a version that is no version, or that is too old for multi-networking."""
    if value in (None, "latest", "-", "1.X"):
        return
    match = _VERSION.fullmatch(str(value))
    if not match:
        problems.add(path, value, "is not a version; write for example 1.34, 1.34.4-gke.1000000 or latest")
    elif (int(match[1]), int(match[2])) < MIN_VERSION:
        problems.add(path, value, "multi-networking needs version 1.28 or later")


def version_numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version or of its beginning, to be compared: 1.34.4-gke.1000 is (1, 34, 4, 1000)."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


def version_fits(have: str, want: str) -> bool:
    """Tell whether a version begins as wanted: 1.34.4-gke.1000 fits 1.34, and every version fits "latest"."""
    numbers = version_numbers(want)
    return version_numbers(have)[: len(numbers)] == numbers


def version_is_older(have: str, want: str) -> bool:
    """Tell whether a version is older than the wanted one, or than all that begin as wanted."""
    return not version_fits(have, want) and version_numbers(have) < version_numbers(want)


def is_before(want: str, since: str) -> bool:
    """Tell whether all versions that begin as wanted are older than another: those of 1.27 are, of 1.28 perhaps not."""
    numbers = version_numbers(want)
    return numbers < version_numbers(since)[: len(numbers)]


def check_range(problems: Problems, path: str, value: str) -> IPNetwork | None:
    """Return a primary or secondary range of a subnetwork; None if it is no IPv4 range.

    What is wrong with it is noted, a prefix length that Compute Engine does not take, too.
    """
    network = check_cidr(problems, path, value)
    if network is not None and network.version != 4:
        problems.add(path, value, "must be an IPv4 range")
        return None
    if network is not None and network.prefixlen not in RANGE_PREFIXES:
        shortest, longest = RANGE_PREFIXES[0], RANGE_PREFIXES[-1]
        problems.add(path, value, f"must have a prefix length between {shortest} and {longest}")
    return network


def check_node_count(problems: Problems, path: str, value: int | None, *, least: int = 0) -> None:
    """Note a number of nodes below the least that there may be."""
    if value is not None and value < least:
        problems.add(path, value, f"must be at least {least}" if least else "must not be negative")


def check_autoscaling(problems: Problems, path: str, value: Mapping[str, Any] | None) -> None:
    """Note limits that cannot be those of an autoscaler.

    :param value: enabled (left out: true), min and max in each zone, or total_min and total_max.
    """
    if not value or value.get("enabled") is False:
        return
    pairs = (("min", "max"), ("total_min", "total_max"))
    given = [pair for pair in pairs if any(value.get(name) is not None for name in pair)]
    if len(given) > 1:
        problems.add(path, dict(value), "has limits for each zone (min, max) and for the whole pool; give one pair")
        return
    least, most = given[0] if given else pairs[0]
    low, high = value.get(least) or 0, value.get(most)
    if high is None:
        problems.add(f"{path}.{most}", high, "is needed")
    elif not 0 <= low <= high or high < 1:
        problems.add(path, {least: low, most: high}, f"needs 0 <= {least} <= {most} and 1 <= {most}")


def check_zones(problems: Problems, path: str, zones: Sequence[str] | None, location: str) -> None:
    """Note a list of zones that are not all zones of the region of a cluster.

    :param location: of the cluster, a region or a zone.
    """
    if zones is not None and not zones:
        problems.add(path, [], "names no zone; leave it out for the cluster's own")
    for index, zone in enumerate(zones or []):
        if not _LOCATION.fullmatch(zone) or region_of(zone) == zone:
            problems.add(f"{path}[{index}]", zone, "is not a zone (us-central1-c)")
        elif region_of(zone) != region_of(location):
            problems.add(f"{path}[{index}]", zone, f"is not a zone of {region_of(location)}")


def region_of(location: str) -> str:
    """Return the region of a region or zone: us-central1-c is in us-central1."""
    return re.sub(rf"{_ZONE}$", "", location)


def alias_block_prefix(max_pods_per_node: int, *, doubled: bool = True) -> int:
    """Return the prefix length of a node's block out of a pod range: twice the pods, as a power of two (8 -> /28).

    :param doubled: false where Google was asked not to reserve twice the addresses (PodCIDROverprovisionConfig).
    """
    return 32 - ((2 if doubled else 1) * max_pods_per_node - 1).bit_length()


def node_capacity(pod_range: IPNetwork, max_pods_per_node: int) -> int:
    """Return how many nodes a pod range has blocks for: 172.16.1.0/24 at 8 pods holds 16."""
    return blocks_between(pod_range.prefixlen, alias_block_prefix(max_pods_per_node))


def blocks_between(prefix: int, block: int) -> int:
    """Return how many blocks of a prefix length are in a range of another: 16 of /28 in /24, none of /22."""
    return int(2 ** (block - prefix)) if block >= prefix else 0


def vcpus(machine_type: str) -> int | None:
    """Return the number of vCPUs that a machine type's name tells, None if it does not tell."""
    if machine_type in _SHARED_CORE:
        return _SHARED_CORE[machine_type]
    match = re.fullmatch(r"[a-z0-9]+-(?:[a-z]+-)?(\d+)(?:-\d+)?(?:-[a-z]+)?", machine_type)
    return int(match[1]) if match else None


def most_additional_networks(machine_type: str) -> int | None:
    """Return how many additional node networks a machine type can have, None if its name does not tell.

    A VM with up to 2 vCPUs has at most 2 interfaces, one with n has n, up to 8; the first is the cluster's own.
    """
    count = vcpus(machine_type)
    return None if count is None else min(max(count, 2), 8) - 1


def check_max_pods(problems: Problems, path: str, value: int | None) -> None:
    """Note a max_pods_per_node outside what a node's alias block may be made for."""
    if value is not None and not MIN_PODS <= value <= MAX_PODS:
        problems.add(path, value, f"must be between {MIN_PODS} and {MAX_PODS}")
