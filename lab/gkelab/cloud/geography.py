# SPDX-License-Identifier: Apache-2.0
"""Regions, their zones, and the range that each has in an auto mode network.

Source: Google's documentation of regions and zones and of auto mode IPv4 ranges.
"""

from __future__ import annotations

from collections.abc import Iterable

from gkelab.cloud import invented
from gkelab.cloud.errors import bad_request

AUTO_MODE_BLOCK = "10.128.0.0/9"

# region -> (third octet pair of its auto mode /20, letters of its zones)
_REGIONS: dict[str, tuple[int, str]] = {
    "africa-south1": (218, "abc"),
    "asia-east1": (140, "abc"),
    "asia-east2": (170, "abc"),
    "asia-northeast1": (146, "abc"),
    "asia-northeast2": (174, "abc"),
    "asia-northeast3": (178, "abc"),
    "asia-south1": (160, "abc"),
    "asia-south2": (190, "abc"),
    "asia-southeast1": (148, "abc"),
    "asia-southeast2": (184, "abc"),
    "australia-southeast1": (152, "abc"),
    "australia-southeast2": (192, "abc"),
    "europe-central2": (186, "abc"),
    "europe-north1": (166, "abc"),
    "europe-southwest1": (204, "abc"),
    "europe-west1": (132, "bcd"),
    "europe-west10": (214, "abc"),
    "europe-west12": (210, "abc"),
    "europe-west2": (154, "abc"),
    "europe-west3": (156, "abc"),
    "europe-west4": (164, "abc"),
    "europe-west6": (172, "abc"),
    "europe-west8": (198, "abc"),
    "europe-west9": (200, "abc"),
    "me-central1": (212, "abc"),
    "me-central2": (216, "abc"),
    "me-west1": (208, "abc"),
    "northamerica-northeast1": (162, "abc"),
    "northamerica-northeast2": (188, "abc"),
    "southamerica-east1": (158, "abc"),
    "southamerica-west1": (194, "abc"),
    "us-central1": (128, "abcf"),
    "us-east1": (142, "bcd"),
    "us-east4": (150, "abc"),
    "us-east5": (202, "abc"),
    "us-south1": (206, "abc"),
    "us-west1": (138, "abc"),
    "us-west2": (168, "abc"),
    "us-west3": (180, "abc"),
    "us-west4": (182, "abc"),
}

REGIONS = tuple(sorted(_REGIONS))


def zones_of(region: str) -> tuple[str, ...]:
    """Return the zones of a region, none if there is no such region."""
    return tuple(f"{region}-{letter}" for letter in _REGIONS[region][1]) if region in _REGIONS else ()


def auto_mode_range(region: str) -> str:
    """Return the range of the region's subnetwork in an auto mode network."""
    return f"10.{_REGIONS[region][0]}.0.0/20"


def is_zone(name: str) -> bool:
    """Tell whether a zone has this name."""
    return name in zones_of(name.rpartition("-")[0])


def is_region(name: str) -> bool:
    """Tell whether a region has this name."""
    return name in _REGIONS


def region_of(location: str) -> str:
    """Return the region of a zone or of a region."""
    return location.rpartition("-")[0] if is_zone(location) else location


def check_zones(zones: Iterable[str], location: str) -> None:
    """Refuse, in GKE's place, zones that are not in the region of a cluster's location."""
    region = region_of(location)
    for zone in zones:
        if zone not in zones_of(region):
            raise bad_request(invented.NODE_LOCATION.format(zone=zone, region=region))


def default_node_zones(location: str) -> tuple[str, ...]:
    """Return where the nodes of a cluster go: its zone, or three zones of its region."""
    if is_zone(location):
        return (location,)
    first, second, third = zones_of(location)[:3]
    return third, first, second  # not sorted, as recorded: who compares must compare sets
