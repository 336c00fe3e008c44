# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CIDR of a secondary range that is known by its name."""

from __future__ import annotations

from ...errors import InvalidOptions, Problem, Problems
from ...gke_rules import region_of
from ..clients import Google
from ..references import Subnetwork, check_subnetwork


def cidr_of(google: Google, secondary_range: str, subnetwork: str, location: str | None) -> str:
    """Return the CIDR of a secondary range.

    :param subnetwork: a name, or a path as projects/PROJECT/regions/REGION/subnetworks/NAME.
    :param location: region or zone for a name.
    :raises InvalidOptions: it is not said clearly which one is meant, or there is no such range.
    """
    problems = Problems()
    check_subnetwork(problems, "subnetwork", subnetwork)
    if "/" not in subnetwork and not location:
        problems.add("region", location, f"is needed to find subnetwork {subnetwork}")
    problems.raise_if_any()
    wanted = Subnetwork.parse(subnetwork, google.project, region_of(location or ""))
    found = google.find(
        f"read subnetwork {wanted.name}",
        google.compute("Subnetworks").get,
        {"project": wanted.project, "region": wanted.region, "subnetwork": wanted.name},
    )
    if found is None:
        text = f"there is none in region {wanted.region} of {wanted.project}; make it first (gke_multinet_vpc)"
        raise InvalidOptions([Problem("subnetwork", subnetwork, text)])
    ranges = {each.range_name: each.ip_cidr_range for each in found.secondary_ip_ranges}
    if secondary_range not in ranges:
        known = f"it has {', '.join(sorted(ranges))}" if ranges else "it has none"
        text = f"is no secondary range of subnetwork {wanted.name}; {known}"
        raise InvalidOptions([Problem("secondary_range", secondary_range, text)])
    return str(ranges[secondary_range])
