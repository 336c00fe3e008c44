# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster and the subnetworks show to be wrong with a node pool, before it is made or changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import Problems
from ...gke_rules import DEFAULT_MACHINE_TYPE, UBUNTU_SINCE, is_before, version_fits, version_is_older
from ...reconcile import State
from ..references import Place
from . import pod_ranges
from .pod_ranges import Found, Size
from .pool_options import NETWORKS, PODS, check_interfaces
from .pool_state import own_subnetwork


@dataclass(frozen=True)
class Surroundings:
    """What a pool stands in, as far as it was read."""

    place: Place
    pool: Any | None  # container_v1.NodePool
    cluster: Any | None  # container_v1.Cluster
    subnetworks: Found


@dataclass(frozen=True)
class Findings:
    """What is wrong."""

    problems: Problems
    to_come: Problems  # what an earlier task may be going to set right, where nothing is done yet (check mode)


def check(around: Surroundings, settings: State, *, is_made: bool, size: Size | None, name: str) -> Findings:
    """Return what cannot be.

    :param settings: all, as they are to be (pool_state).
    :param is_made: whether the pool is to be made, also in the place of a former one.
    :param size: what it may come to have, if that has to be judged.
    :param name: of the pool.
    """
    found, cluster = Findings(Problems(), Problems()), around.cluster
    networks, machine_type = settings.get(NETWORKS, []), settings.get("machine_type", DEFAULT_MACHINE_TYPE)
    check_interfaces(found.problems, networks, machine_type)
    if cluster is not None:
        _check_version(found.to_come, settings.get("version"), cluster.current_master_version)
    if cluster is not None and is_made:
        _check_multi_networking(found.to_come, cluster, settings)
        _check_networks(found.problems, around, cluster, settings)
    if size is not None:
        needs = pod_ranges.needs(settings, around.pool, cluster, around.place)
        taken = pod_ranges.taken_by_others(cluster, name, around.place)
        found.to_come.extend(pod_ranges.missing(needs, around.subnetworks))
        found.problems.extend(pod_ranges.check(needs, around.subnetworks, size, taken))
    return found


def warnings(what: str, around: Surroundings, settings: State, wanted_version: str | None) -> Iterator[str]:
    """Yield what is possible, but perhaps not meant.

    :param what: "node pool multinet".
    :param wanted_version: as it was asked for.
    """
    runs = around.pool.version if around.pool is not None else ""
    if (
        wanted_version
        and runs
        and not version_fits(runs, wanted_version)
        and not version_is_older(runs, wanted_version)
    ):
        yield f"{what} runs {runs}, newer than {wanted_version}; its nodes are not downgraded"
    version = runs or settings.get("version") or (around.cluster.current_master_version if around.cluster else "")
    ubuntu = settings.get("image_type", "").startswith("UBUNTU") and settings.get(NETWORKS)
    if ubuntu and is_before(version, UBUNTU_SINCE):
        yield f"{what}: Ubuntu nodes have additional networks since {UBUNTU_SINCE}, these run {version}"


def _check_version(problems: Problems, version: str | None, control_plane: str) -> None:
    if version and control_plane and version_is_older(control_plane, version):
        problems.add("version", version, f"is newer than the control plane ({control_plane}); upgrade that first")


def _check_networks(problems: Problems, around: Surroundings, cluster: Any, settings: State) -> None:
    place = around.place
    own = own_subnetwork(around.pool, cluster, place)
    reachable = {own}
    for index, each in enumerate(settings.get(NETWORKS, [])):
        if place.network(each["network"]) == place.network_of(cluster):
            problems.add(
                f"{NETWORKS}[{index}].network",
                each["network"],
                "is the network of the cluster; each interface of a node is in a network of its own",
            )
        reachable.add(place.subnetwork(each["subnetwork"]))
    for index, each in enumerate(settings.get(PODS, [])):
        if place.subnetwork(each["subnetwork"]) not in reachable:
            text = f"is neither among {NETWORKS} nor the cluster's ({own.name if own else 'not known'})"
            problems.add(f"{PODS}[{index}].subnetwork", each["subnetwork"], text)


def _check_multi_networking(problems: Problems, cluster: Any, settings: State) -> None:
    if settings.get(PODS) and not cluster.network_config.enable_multi_networking:
        problems.add(
            PODS,
            len(settings[PODS]),
            f"cluster {cluster.name} has no multi-networking; enable it (gke_multinet_cluster: multi_networking)",
        )
