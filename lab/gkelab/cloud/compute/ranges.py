# SPDX-License-Identifier: Apache-2.0
"""Checks of a subnetwork's ranges, in Compute's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from gkelab.cloud import invented
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.errors import ApiError, Json, invalid_field
from gkelab.cloud.geography import AUTO_MODE_BLOCK
from gkelab.cloud.references import NetworkRef, SubnetworkRef, check_name

MAX_SECONDARY_RANGES = 30
NARROWEST, WIDEST = 29, 4  # prefix lengths that Compute takes
# Compute documentation, "prohibited IPv4 subnet ranges".
_RESERVED = tuple(IPv4Network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"))
PRIMARY = "resource.ipCidrRange"


@dataclass(frozen=True)
class Taken:
    """A range of a network, and the subnetwork that has it."""

    range: IPv4Network
    subnetwork: SubnetworkRef


def parse_range(text: str, field: str) -> IPv4Network:
    """Return a range, refuse what is none."""
    try:
        network = IPv4Network(text, strict=False)
    except ValueError as error:
        raise invalid_field(field, text, invented.NO_RANGE) from error
    if "/" not in text or str(network) != text:
        raise invalid_field(field, text, invented.HOST_BITS.format(range=text, network=network))
    if not WIDEST <= network.prefixlen <= NARROWEST:
        raise invalid_field(field, text, invented.PREFIX_LENGTH.format(least=WIDEST, most=NARROWEST))
    for reserved in _RESERVED:
        if network.overlaps(reserved):
            raise invalid_field(field, text, invented.RESERVED_RANGE.format(range=text, reserved=reserved))
    return network


def taken_ranges(cloud: Cloud, network: NetworkRef, *, besides: SubnetworkRef | None = None) -> Iterator[Taken]:
    """Yield all ranges of a network, those of ``besides`` left out."""
    for ref, resource in cloud.subnetworks_of(network):
        if ref != besides:
            for text in ranges_of(resource.body):
                yield Taken(IPv4Network(text), ref)


def ranges_of(subnetwork: Json) -> list[str]:
    """Return the primary and the secondary ranges of a subnetwork's body."""
    return [subnetwork["ipCidrRange"], *(item["ipCidrRange"] for item in subnetwork.get("secondaryIpRanges", ()))]


def check_primary(cloud: Cloud, network: NetworkRef, text: str, *, besides: SubnetworkRef | None = None) -> IPv4Network:
    """Refuse a primary range that is malformed or taken."""
    wanted = parse_range(text, PRIMARY)
    _check_auto_mode(cloud, network, wanted, PRIMARY, besides)
    _check_free(wanted, list(taken_ranges(cloud, network, besides=besides)), PRIMARY)
    return wanted


def check_secondary(
    cloud: Cloud, network: NetworkRef, ref: SubnetworkRef, primary: str, ranges: Sequence[Json], *, known: Sequence[str]
) -> None:
    """Refuse secondary ranges that are malformed, taken or too many.

    ``ranges`` is the whole list that the subnetwork will have, ``known`` the names of those that it has already.
    """
    if len(ranges) > MAX_SECONDARY_RANGES:
        text = f"Exceeded maximum supported number of secondary ranges per subnetwork: {MAX_SECONDARY_RANGES}."
        raise ApiError(400, "invalid", text)
    taken = [*taken_ranges(cloud, network, besides=ref), Taken(IPv4Network(primary), ref)]
    names: set[str] = set()
    for index, item in enumerate(ranges):
        field = f"resource.secondaryIpRanges[{index}]"
        name = item.get("rangeName", "")
        if name in names:
            raise invalid_field(f"{field}.rangeName", name, invented.RANGE_NAMES)
        names.add(name)
        check_name(name)
        wanted = parse_range(item.get("ipCidrRange", ""), f"{field}.ipCidrRange")
        if name not in known:
            _check_auto_mode(cloud, network, wanted, f"{field}.ipCidrRange", None)
        _check_free(wanted, taken, f"{field}.ipCidrRange")
        taken.append(Taken(wanted, ref))


def _check_auto_mode(
    cloud: Cloud, network: NetworkRef, wanted: IPv4Network, field: str, besides: SubnetworkRef | None
) -> None:
    resource = cloud.network(network)
    is_auto_subnetwork = besides is not None and besides.name == network.name
    if resource is None or not resource.body.get("autoCreateSubnetworks") or is_auto_subnetwork:
        return
    if wanted.overlaps(IPv4Network(AUTO_MODE_BLOCK)):
        text = f"Extended subnetworks in auto subnet mode networks cannot overlap with {AUTO_MODE_BLOCK}."
        raise invalid_field(field, str(wanted), text)


def _check_free(wanted: IPv4Network, taken: Sequence[Taken], field: str) -> None:
    for other in taken:
        if wanted.overlaps(other.range):
            text = (
                f"Invalid IPCidrRange: {wanted} conflicts with existing subnetwork "
                f"'{other.subnetwork.name}' in region '{other.subnetwork.region}'."
            )
            raise invalid_field(field, str(wanted), text)


def parse_source(text: str, field: str) -> None:
    """Refuse what is no range of a firewall rule; a single address is one."""
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise invalid_field(field, text, invented.NO_RANGE) from error
    if "/" in text and str(network) != text:
        raise invalid_field(field, text, invented.HOST_BITS.format(range=text, network=network))
