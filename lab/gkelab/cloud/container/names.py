# SPDX-License-Identifier: Apache-2.0
"""Names and links of clusters, pools, instance groups and nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gkelab.cloud import invented
from gkelab.cloud.errors import bad_request
from gkelab.cloud.geography import is_region, is_zone, region_of
from gkelab.cloud.identity import base36, digest
from gkelab.cloud.references import LINK_BASE

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
HOST = "https://container.googleapis.com"
_BOTH, _HALF = 32, 16  # letters of cluster and pool together in an instance group's name, and of each at least


@dataclass(frozen=True)
class ClusterRef:
    """A cluster's place."""

    project: str
    location: str
    name: str

    @property
    def key(self) -> str:
        """PROJECT/LOCATION/NAME, as the engine has it."""
        return f"{self.project}/{self.location}/{self.name}"

    @property
    def path(self) -> str:
        """The path that error texts and links have: zones/ for a zonal cluster, locations/ for a regional one."""
        return f"projects/{self.project}/{collection(self.location)}/{self.location}/clusters/{self.name}"

    @property
    def region(self) -> str:
        """The region that the cluster is in."""
        return region_of(self.location)


def collection(location: str) -> str:
    """Return what GKE's links call the collection that a location is in."""
    return "zones" if is_zone(location) else "locations"


def check_location(location: str) -> None:
    """Refuse what is neither a zone nor a region."""
    if not is_zone(location) and not is_region(location):
        raise bad_request(f'Location "{location}" does not exist.')


def check_name(field: str, name: str) -> None:
    """Refuse what is no name of a cluster or a node pool (at most 40 characters)."""
    if not _NAME.fullmatch(name):
        raise bad_request(invented.BAD_NAME.format(field=field, name=name, pattern=_NAME.pattern))


def instance_group(cluster_id: str, cluster: str, pool: str, zone: str) -> str:
    """Return the name that a pool's instance group in a zone has, without its -grp.

    Recorded: cluster and pool share 32 letters, each is cut to 16 if the other needs the rest.
    """
    if len(cluster) + len(pool) > _BOTH:
        if len(pool) <= _HALF:
            cluster = cluster[: _BOTH - len(pool)]
        elif len(cluster) <= _HALF:
            pool = pool[: _BOTH - len(cluster)]
        else:
            cluster, pool = cluster[:_HALF], pool[:_HALF]
    return f"gke-{cluster}-{pool}-{digest('group', cluster_id, pool, zone)[:8]}"


def instance_group_url(project: str, zone: str, group: str) -> str:
    """Return the URL of an instance group manager."""
    return f"{LINK_BASE}projects/{project}/zones/{zone}/instanceGroupManagers/{group}-grp"


def node(group: str, number: int) -> str:
    """Return the name of the ``number``-th node that a group ever had."""
    return f"{group}-{base36(4, 'node', group, number)}"
