# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subnetworks of a VPC network: what is there, and what makes it as it was declared.

Kubernetes Engine changes subnetworks, too: it adds secondary ranges, switches Private Google Access on, and makes
subnetworks for private control planes. So what was not declared is not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ...cni.ranges import parse_cidr
from ...errors import Immutable, Refused
from ...reconcile import Change, State
from ..clients import Google
from ..nodes import words
from ..operations import Operations
from ..references import Network
from .secondary_ranges import Range, managed_ranges
from .subnet_options import Subnet

MANY = 3  # subnetworks in a region; from here on, one list takes the place of single reads

Key = tuple[str, str]  # region and name: one subnetwork's in a project

_OF_GKE = re.compile(r"gke-.+-[0-9a-f]{8}-pe-subnet")


def find(google: Google, region: str, name: str, project: str | None = None) -> Any | None:
    """Return a subnetwork (compute_v1.Subnetwork), None if there is none.

    :param project: of the subnetwork, if it is another one's (Shared VPC).
    """
    return google.find(
        f"read subnetwork {name}",
        google.compute("Subnetworks").get,
        {"project": project or google.project, "region": region, "subnetwork": name},
    )


def read(google: Google, keys: Iterable[Key]) -> dict[Key, Any]:
    """Return those of the subnetworks (compute_v1.Subnetwork) that exist."""
    wanted = list(dict.fromkeys(keys))
    found: dict[Key, Any | None] = {}
    for region, count in Counter(region for region, _name in wanted).items():
        if count >= MANY:
            request = {"project": google.project, "region": region}
            listed = google.list(f"list subnetworks of {region}", google.compute("Subnetworks").list, request)
            found |= {(region, each.name): each for each in listed if (region, each.name) in wanted}
        else:
            found |= {(region, name): find(google, region, name) for at, name in wanted if at == region}
    return {key: each for key, each in found.items() if each is not None}


def key_of_link(link: str) -> Key:
    """Return region and name of https://.../regions/REGION/subnetworks/NAME."""
    region, name = link.split("/")[-3::2]
    return region, name


def is_of_gke(name: str) -> bool:
    """Tell whether Kubernetes Engine made a subnetwork, for the control plane of a private cluster (recorded name)."""
    return _OF_GKE.fullmatch(name) is not None


def as_is(subnet: Subnet, found: Any, removals: Iterable[Range], *, allow_multinet: bool) -> State:
    """Return what is managed of an existing subnetwork, in the words of the options.

    :param removals: the secondary ranges that are to go.
    :param allow_multinet: whether the ingress rule is there and as it is to be.
    """
    optional = {
        "description": (subnet.description, found.description),
        "private_google_access": (subnet.private_google_access, found.private_ip_google_access),
    }
    return {
        "name": subnet.name,
        "region": subnet.region,
        "ip_cidr_range": found.ip_cidr_range,
        **{name: have for name, (wanted, have) in optional.items() if wanted is not None},
        "secondary_ranges": managed_ranges(subnet, found, removals),
        "allow_multinet": allow_multinet,
    }


def refusals(subnet: Subnet, found: Any, network: Network) -> Iterator[Refused]:
    """Yield why an existing subnetwork cannot become what was declared; its secondary ranges are judged elsewhere."""
    other = Network.parse(found.network, network.project)
    if other != network:
        yield Refused(
            f"{subnet} exists in {subnet.region}, but in network {other.name}; "
            "names are unique in a region, so choose another one"
        )
        return
    if parse_cidr(found.ip_cidr_range) not in parse_cidr(subnet.ip_cidr_range):
        differing = {"ip_cidr_range": (found.ip_cidr_range, subnet.ip_cidr_range)}
        reason = f"{subnet.ip_cidr_range} is not a superset of {found.ip_cidr_range}"
        yield Immutable(str(subnet), differing, f"it can only be expanded, and {reason}")
    if subnet.description not in (None, found.description):
        differing = {"description": (found.description, subnet.description)}
        yield Immutable(str(subnet), differing, "leave it out, or delete the subnetwork and create it again")


def elsewhere(subnet: Subnet, regions: Iterable[str]) -> Iterator[Refused]:
    """Yield that a subnetwork that is to be created is in another region of the same network, undeclared.

    :param regions: where the network has undeclared subnetworks of this name.
    """
    for region in regions:
        remedy = "delete that one first, declare it, too, or choose another name"
        yield Immutable(str(subnet), {"region": (region, subnet.region)}, remedy)


def updates(subnet: Subnet, found: Any, operations: Operations) -> Iterator[Change]:
    """Yield what changes an existing subnetwork in place, but for its secondary ranges; one call per field."""
    where = {"region": subnet.region, "subnetwork": subnet.name}
    if subnet.ip_cidr_range != found.ip_cidr_range:
        yield operations.in_compute(
            f"expand {subnet} from {found.ip_cidr_range} to {subnet.ip_cidr_range}",
            "Subnetworks",
            "expand_ip_cidr_range",
            alone=True,
            subnetworks_expand_ip_cidr_range_request_resource={"ip_cidr_range": subnet.ip_cidr_range},
            **where,
        )
    if subnet.private_google_access not in (None, found.private_ip_google_access):
        yield operations.in_compute(
            f"set private_google_access of {subnet} to {words(subnet.private_google_access)}",
            "Subnetworks",
            "set_private_ip_google_access",
            alone=True,
            subnetworks_set_private_ip_google_access_request_resource={
                "private_ip_google_access": subnet.private_google_access
            },
            **where,
        )


def creation(subnet: Subnet, network: Network, operations: Operations) -> Change:
    """Return the change that creates a subnetwork with its secondary ranges."""
    optional = {"description": subnet.description, "private_ip_google_access": subnet.private_google_access}
    resource: dict[str, Any] = {
        "name": subnet.name,
        "ip_cidr_range": subnet.ip_cidr_range,
        "network": network.path,
        "secondary_ip_ranges": [
            {"range_name": each.name, "ip_cidr_range": each.ip_cidr_range} for each in subnet.wanted_ranges
        ],
        **{field: value for field, value in optional.items() if value is not None},
    }
    return operations.in_compute(
        f"create {subnet} ({subnet.ip_cidr_range})",
        "Subnetworks",
        "insert",
        region=subnet.region,
        subnetwork_resource=resource,
    )


def deletion(key: Key, operations: Operations, *, alone: bool) -> Change:
    """Return the change that deletes a subnetwork.

    :param alone: wait until it is gone: others may be made in its place.
    """
    region, name = key
    title = f"delete subnetwork {name}"
    return operations.in_compute(title, "Subnetworks", "delete", alone=alone, region=region, subnetwork=name)
