# SPDX-License-Identifier: Apache-2.0
"""Secondary ranges for Pods and Services: those that a subnetwork has, and those that GKE adds and takes back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Network

from gkelab.cloud import invented
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.compute.ranges import NARROWEST, taken_ranges
from gkelab.cloud.container.addresses import AUTO_PODS_PREFIX, free_pods_range
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.identity import fingerprint
from gkelab.cloud.references import NetworkRef, SubnetworkRef

GKE_SERVICES_RANGE = "34.118.224.0/20"  # recorded wherever no services range was named
_INTERNAL_RANGES = "https://networkconnectivity.googleapis.com/v1/projects/{project}/locations/global/internalRanges/"


def has_range(cloud: Cloud, subnetwork: SubnetworkRef, name: str) -> bool:
    """Tell whether a subnetwork has a secondary range of this name."""
    return any(item["rangeName"] == name for item in _ranges(cloud, subnetwork))


def range_named(cloud: Cloud, subnetwork: SubnetworkRef, network: NetworkRef, name: str) -> str:
    """Return a secondary range, refuse if the subnetwork has none of that name."""
    for item in _ranges(cloud, subnetwork):
        if item["rangeName"] == name:
            return str(item["ipCidrRange"])
    text = f'Pod secondary range "{name}" not found in network "{network.link}", subnetwork "{subnetwork.name}".'
    raise bad_request(text)


def taken(cloud: Cloud, network: NetworkRef, added: Iterable[str] = ()) -> list[IPv4Network]:
    """Return the ranges that a new one must not overlap with: the network's, GKE's own, and those just ``added``."""
    more = [IPv4Network(cidr) for cidr in (*added, GKE_SERVICES_RANGE)]
    return [item.range for item in taken_ranges(cloud, network)] + more


def chosen(wanted: str, others: Sequence[IPv4Network], network: NetworkRef) -> str:
    """Return a new range: the wanted one, or a free one of the wanted size ("/20", "" for the usual one)."""
    size = wanted or f"/{AUTO_PODS_PREFIX}"
    if not re.fullmatch(r"/\d+", size):
        return explicit(size, others, network)
    if int(size[1:]) > NARROWEST:
        raise bad_request(invented.CIDR.format(cidr=size))
    found = free_pods_range(int(size[1:]), others)
    if found is None:
        raise bad_request(invented.NO_FREE_RANGE.format(network=network.name, size=size))
    return found


def explicit(wanted: str, others: Iterable[IPv4Network], network: NetworkRef) -> str:
    """Return a wanted range, refuse one that is malformed or taken."""
    try:
        cidr = IPv4Network(wanted)
    except ValueError as error:
        raise bad_request(invented.CIDR.format(cidr=wanted)) from error
    for other in others:
        if cidr.overlaps(other):
            raise bad_request(invented.CIDR_TAKEN.format(cidr=cidr, other=other, network=network.name))
    return str(cidr)


def add(cloud: Cloud, project: str, subnetwork: SubnetworkRef, name: str, cidr: str) -> None:
    """Add a range to a subnetwork as GKE does: it is reserved in the cluster's project (recorded)."""
    resource = cloud.subnetwork(subnetwork)
    if resource is not None:
        reserved = _INTERNAL_RANGES.format(project=project) + name
        added = {"rangeName": name, "ipCidrRange": cidr, "reservedInternalRange": reserved}
        resource.body["secondaryIpRanges"] = [*resource.body.get("secondaryIpRanges", ()), added]
        resource.body["fingerprint"] = fingerprint(resource.body)


def remove(cloud: Cloud, subnetwork: SubnetworkRef, names: Collection[str]) -> None:
    """Take ranges back that :func:`add` has added."""
    resource = cloud.subnetwork(subnetwork)
    if resource is None or not names:
        return
    kept = [item for item in _ranges(cloud, subnetwork) if item["rangeName"] not in names]
    resource.body.pop("secondaryIpRanges", None)
    if kept:
        resource.body["secondaryIpRanges"] = kept
    resource.body["fingerprint"] = fingerprint(resource.body)


def _ranges(cloud: Cloud, subnetwork: SubnetworkRef) -> list[Json]:
    resource = cloud.subnetwork(subnetwork)
    return list(resource.body.get("secondaryIpRanges", ())) if resource else []
