# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subnetworks of a VPC network, with their secondary ranges.

Kubernetes Engine changes subnetworks, too: it adds a secondary range for pods where a cluster names none, and switches
Private Google Access on. So nothing that was not declared is compared, and no range is ever removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..cni.ranges import IPNetwork, overlapping, parse_cidr
from ..errors import ApiError, Immutable, Problems, Refused
from ..gke_rules import (
    MAX_SECONDARY_RANGES,
    check_location,
    check_name,
    check_range,
    check_subnetwork_name,
    ingress_rule_name,
    region_of,
)
from ..reconcile import Change, State
from .clients import Google
from .nodes import words
from .operations import Operations
from .references import Network


@dataclass(frozen=True)
class Subnet:
    """A subnetwork as it was declared."""

    name: str
    region: str
    ip_cidr_range: str
    private_google_access: bool | None
    secondary_ranges: tuple[tuple[str, str], ...]  # name and range
    allow_multinet: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Subnet:
        """Take the options of one subnetwork; check() judges them."""
        return cls(
            name=params["name"],
            region=params["region"],
            ip_cidr_range=params["ip_cidr_range"],
            private_google_access=params["private_google_access"],
            secondary_ranges=tuple((each["name"], each["ip_cidr_range"]) for each in params["secondary_ranges"]),
            allow_multinet=params["allow_multinet"],
        )

    @property
    def rule(self) -> str:
        """Return the name of the ingress rule between the ranges of this subnetwork."""
        return ingress_rule_name(self.name)

    @property
    def ranges(self) -> list[str]:
        """Return the primary and the secondary ranges."""
        return [self.ip_cidr_range, *(cidr for name, cidr in self.secondary_ranges)]

    def as_state(self) -> State:
        """Return it in the words of the options, without what was left out."""
        access = {"private_google_access": self.private_google_access}
        return {
            "name": self.name,
            "region": self.region,
            "ip_cidr_range": self.ip_cidr_range,
            **(access if self.private_google_access is not None else {}),
            "secondary_ranges": [{"name": name, "ip_cidr_range": cidr} for name, cidr in self.secondary_ranges],
            "allow_multinet": self.allow_multinet,
        }


def check(problems: Problems, subnets: tuple[Subnet, ...]) -> None:
    """Note what is wrong with the declared subnetworks of one network."""
    ranges: list[tuple[str, IPNetwork]] = []
    seen: set[tuple[str, str]] = set()
    rules: set[str] = set()
    for index, subnet in enumerate(subnets):
        path = f"subnetworks[{index}]"
        _check_identity(problems, path, subnet)
        if (subnet.region, subnet.name) in seen:
            problems.add(f"{path}.name", subnet.name, f"is declared twice in {subnet.region}")
        elif subnet.allow_multinet and subnet.rule in rules:
            problems.add(
                f"{path}.name", subnet.name, f"needs the rule {subnet.rule}, as another subnetwork does; rename one"
            )
        seen.add((subnet.region, subnet.name))
        rules.add(subnet.rule)
        ranges.extend(_check_ranges(problems, path, subnet))
    for where, other, network, second in overlapping(ranges):
        problems.add(other, str(second), f"overlaps with {where} ({network})")


def _check_identity(problems: Problems, path: str, subnet: Subnet) -> None:
    check_subnetwork_name(problems, f"{path}.name", subnet.name, with_rule=subnet.allow_multinet)
    check_location(problems, f"{path}.region", subnet.region)
    if region_of(subnet.region) != subnet.region:
        problems.add(f"{path}.region", subnet.region, f"is a zone; write {region_of(subnet.region)}")


def _check_ranges(problems: Problems, path: str, subnet: Subnet) -> Iterator[tuple[str, IPNetwork]]:
    """Note what is wrong with the ranges; yield those that are ranges, with their path."""
    where = f"{path}.ip_cidr_range"
    primary = check_range(problems, where, subnet.ip_cidr_range)
    if primary is not None:
        yield where, primary
    if len(subnet.secondary_ranges) > MAX_SECONDARY_RANGES:
        problems.add(
            f"{path}.secondary_ranges",
            len(subnet.secondary_ranges),
            f"a subnetwork has at most {MAX_SECONDARY_RANGES} secondary ranges",
        )
    names: set[str] = set()
    for index, (name, cidr) in enumerate(subnet.secondary_ranges):
        where = f"{path}.secondary_ranges[{index}]"
        check_name(problems, f"{where}.name", name)
        if name in names:
            problems.add(f"{where}.name", name, "is declared twice in this subnetwork")
        names.add(name)
        secondary = check_range(problems, f"{where}.ip_cidr_range", cidr)
        if secondary is not None:
            yield f"{where}.ip_cidr_range", secondary


def find(google: Google, region: str, name: str, project: str | None = None) -> Any | None:
    """Return a subnetwork (compute_v1.Subnetwork), None if there is none.

    :param project: of the subnetwork, if it is another one's (Shared VPC).
    """
    return google.find(
        f"read subnetwork {name}",
        google.compute("Subnetworks").get,
        {"project": project or google.project, "region": region, "subnetwork": name},
    )


def as_is(subnet: Subnet, found: Any, allow_multinet: bool) -> State:
    """Return what is managed of an existing subnetwork, in the words of the options.

    :param allow_multinet: whether the ingress rule is there and as it is to be.
    """
    present = _ranges_of(found)
    access = {"private_google_access": found.private_ip_google_access}
    return {
        "name": subnet.name,
        "region": subnet.region,
        "ip_cidr_range": found.ip_cidr_range,
        **(access if subnet.private_google_access is not None else {}),
        "secondary_ranges": [
            {"name": name, "ip_cidr_range": present[name]} for name, cidr in subnet.secondary_ranges if name in present
        ],
        "allow_multinet": allow_multinet,
    }


def changes(
    subnet: Subnet, found: Any | None, network: Network, google: Google, operations: Operations
) -> Iterator[Change]:
    """Yield what makes a subnetwork as it was declared.

    :raises Immutable: a range was declared that cannot come out of the present one.
    :raises Refused: the subnetwork is in another network.
    """
    if found is None:
        yield _creation(subnet, network, operations)
        return
    if Network.parse(found.network, google.project) != network:
        raise Refused(
            f"subnetwork {subnet.name} exists in {subnet.region}, but in network {found.network.split('/')[-1]}; "
            "names are unique in a region, so choose another one"
        )
    _refuse_moves(subnet, found)
    where = {"region": subnet.region, "subnetwork": subnet.name}
    if subnet.ip_cidr_range != found.ip_cidr_range:
        yield operations.in_compute(
            f"expand subnetwork {subnet.name} from {found.ip_cidr_range} to {subnet.ip_cidr_range}",
            "Subnetworks",
            "expand_ip_cidr_range",
            alone=True,
            subnetworks_expand_ip_cidr_range_request_resource={"ip_cidr_range": subnet.ip_cidr_range},
            **where,
        )
    if subnet.private_google_access not in (None, found.private_ip_google_access):
        yield operations.in_compute(
            f"set private_google_access of subnetwork {subnet.name} to {words(subnet.private_google_access)}",
            "Subnetworks",
            "set_private_ip_google_access",
            alone=True,
            subnetworks_set_private_ip_google_access_request_resource={
                "private_ip_google_access": subnet.private_google_access
            },
            **where,
        )
    missing = [(name, cidr) for name, cidr in subnet.secondary_ranges if name not in _ranges_of(found)]
    if missing:
        ranges = ", ".join(f"{name} ({cidr})" for name, cidr in missing)
        title = f"add secondary range {ranges} to subnetwork {subnet.name}"
        yield Change(title, lambda: _add_ranges(title, subnet, missing, google, operations))


def deletion(subnet: Subnet, operations: Operations) -> Change:
    """Return the change that deletes a subnetwork."""
    return operations.in_compute(
        f"delete subnetwork {subnet.name}", "Subnetworks", "delete", region=subnet.region, subnetwork=subnet.name
    )


def _creation(subnet: Subnet, network: Network, operations: Operations) -> Change:
    resource: dict[str, Any] = {
        "name": subnet.name,
        "ip_cidr_range": subnet.ip_cidr_range,
        "network": network.path,
        "secondary_ip_ranges": [{"range_name": name, "ip_cidr_range": cidr} for name, cidr in subnet.secondary_ranges],
    }
    if subnet.private_google_access is not None:
        resource["private_ip_google_access"] = subnet.private_google_access
    return operations.in_compute(
        f"create subnetwork {subnet.name} ({subnet.ip_cidr_range})",
        "Subnetworks",
        "insert",
        region=subnet.region,
        subnetwork_resource=resource,
    )


def _refuse_moves(subnet: Subnet, found: Any) -> None:
    """Refuse a primary range that is no superset of the present one, and another range under a secondary's name."""
    remedy = "it can only be expanded to a range that contains the present one"
    if parse_cidr(found.ip_cidr_range) not in parse_cidr(subnet.ip_cidr_range):
        moved = {"ip_cidr_range": (found.ip_cidr_range, subnet.ip_cidr_range)}
        raise Immutable(f"subnetwork {subnet.name}", moved, remedy)
    present = _ranges_of(found)
    for name, cidr in subnet.secondary_ranges:
        if present.get(name, cidr) != cidr:
            raise Immutable(
                f"subnetwork {subnet.name}",
                {f"range of secondary range {name}": (present[name], cidr)},
                "declare it under another name",
            )


def _add_ranges(
    title: str, subnet: Subnet, missing: list[tuple[str, str]], google: Google, operations: Operations
) -> None:
    """Add secondary ranges: the list is sent as a whole, so it is read just before, whatever was planned.

    The fingerprint makes the server refuse (412) if Kubernetes Engine added a range in between; then once more.
    """
    operations.finish()
    request = {"project": google.project, "region": subnet.region, "subnetwork": subnet.name}
    for last in (False, True):
        found = google.read(f"read subnetwork {subnet.name}", google.compute("Subnetworks").get, request)
        new = [{"range_name": name, "ip_cidr_range": cidr} for name, cidr in missing if name not in _ranges_of(found)]
        body = {"fingerprint": found.fingerprint, "secondary_ip_ranges": [*found.secondary_ip_ranges, *new]}
        try:
            operations.start_compute(
                title,
                "Subnetworks",
                "patch",
                region=subnet.region,
                subnetwork=subnet.name,
                subnetwork_resource=body,
            )
            return
        except ApiError as error:
            if error.status != 412 or last:
                raise


def _ranges_of(found: Any) -> dict[str, str]:
    return {each.range_name: each.ip_cidr_range for each in found.secondary_ip_ranges}
