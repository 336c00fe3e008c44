# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a removal of clusters takes with it: their networks, once for all clusters of the run that share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..gcp.references import Network as NetworkReference
from .description import Description, Network

Described = tuple[Description, Network]


def removals(run: Sequence[Description], others: Sequence[Description]) -> dict[str, dict[str, Any]]:
    """Return by host what is to be removed with its cluster.

    A network that several clusters of the run share goes with the first of them, after all of them.

    :param run: the descriptions of the run.
    :param others: those of the rest of the inventory, whose networks stay.
    """
    by_vpc: dict[NetworkReference, list[Described]] = defaultdict(list)
    for each in _networks(run):
        by_vpc[each[1].key].append(each)
    found: dict[str, dict[str, Any]] = {each.host: {"names": _names(each), "vpcs": [], "kept": []} for each in run}
    for key, sharing in by_vpc.items():
        first = found[sharing[0][0].host]
        if sharing[0][1].vpc_options["existing"]:
            first["kept"].append(f"network {key.name} of {key.project}: it is managed by others (existing: true)")
        else:
            needing = [each for each in _networks(others) if each[1].key == key]
            first["vpcs"].append(_removal(key, sharing, needing))
    return found


def _networks(descriptions: Iterable[Description]) -> Iterator[Described]:
    return ((description, network) for description in descriptions for network in description.networks)


def _removal(key: NetworkReference, sharing: list[Described], needing: list[Described]) -> dict[str, Any]:
    """Return the options with which gke_multinet_vpc removes what the clusters of a run have in a network."""
    subnetworks: dict[tuple[str, str], dict[str, Any]] = {}
    for description, network in sharing:
        subnetwork = subnetworks.setdefault(
            (description.region, network.subnetwork),
            {
                "name": network.subnetwork,
                "region": description.region,
                "allow_multinet": network.allow_multinet,
                "secondary_ranges": [],
            },
        )
        subnetwork["secondary_ranges"] += [
            {"name": each.name, "ip_cidr_range": each.range} for each in network.pod_ranges
        ]
    clusters = (description for description, _network in sharing if description.project == key.project)
    return {
        "project": key.project,
        "name": key.name,
        "subnetworks": list(subnetworks.values()),
        "needed": [
            {"region": description.region, "subnetwork": network.subnetwork, "by": f"cluster {description.host}"}
            for description, network in needing
        ],
        "deleted_before": [{"location": each.location, "name": each.cluster["name"]} for each in clusters],
    }


def _names(description: Description) -> list[str]:
    """Return what is to go, for people; of the networks what nobody else needs."""
    return [
        *(f"pod {pod.namespace}/{pod.name}" for pod in description.pods),
        *(
            f"attachment {pod_range.namespace}/{pod_range.attachment}"
            for network in description.networks
            for pod_range in network.pod_ranges
        ),
        *(f"node pool {pool.name}" for pool in description.nodepools),
        f"cluster {description.cluster['name']} ({description.location}) of {description.project}",
        *(
            f"of network {network.vpc} what nobody else needs"
            for network in description.networks
            if not network.vpc_options["existing"]
        ),
    ]
