# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that guard a pool's addresses across pools: read, removed, made anew."""

from __future__ import annotations

from ...cni.ranges import parse_address
from ...cni.reservations import Reservation, index_reservations, reservations_of
from ...cni.whereabouts import Pool, Verdict, reservation_name
from ...errors import ApiError
from ..client import Kube, Object
from ..kinds import IP_POOL, POD, RESERVATION, Ref

CHANGED = (409, 422)
COLLECTORS = ("/ip-control-loop", "/ip-reconciler")  # upstream's programs, until v0.9.3 and since v0.9.4


def read(kube: Kube, pool: Pool) -> list[Reservation]:
    """Return the reservations of a pool's addresses."""
    return reservations_of(pool, index_reservations(kube.list(RESERVATION, pool.namespace)))


def remove(kube: Kube, reservation: Reservation, namespace: str) -> None:
    """Delete a reservation; one that was made anew under the same name is somebody else's."""
    try:
        kube.delete(Ref(RESERVATION, reservation.name, namespace), uid=reservation.uid)
    except ApiError as error:
        if error.status not in CHANGED:
            raise


def name_for(verdict: Verdict, pool: Pool) -> str:
    """Return the name of the reservation that guards an allocation's address."""
    return reservation_name(parse_address(verdict.allocation.ip), pool.network_name or "")


def restore(kube: Kube, verdict: Verdict, pool: Pool) -> None:
    """Make the reservation of a live allocation; if the allocation has gone meanwhile, take it away again."""
    allocation, name = verdict.allocation, name_for(verdict, pool)
    spec = {"containerid": allocation.container, "podref": allocation.podref}
    if allocation.ifname:
        spec["ifname"] = allocation.ifname
    manifest: Object = {
        "apiVersion": RESERVATION.api_version,
        "kind": RESERVATION.kind,
        "metadata": {"name": name, "namespace": pool.namespace},
        "spec": spec,
    }
    try:
        made = kube.create(manifest)
    except ApiError as error:
        if error.status != 409:  # somebody else was faster
            raise
        return
    now = kube.get(Ref(IP_POOL, pool.name, pool.namespace))
    if now is None or allocation not in Pool.of(now, pool.node_name).allocations:
        uid = made["metadata"].get("uid", "")
        remove(kube, Reservation(name, uid, parse_address(allocation.ip), allocation.podref), pool.namespace)


def collector(kube: Kube, pool: Pool) -> str:
    """Return the pod that would delete a restored reservation, empty if there is none.

    Upstream's reconciler (pkg/reconciler, findClusterWideIPReservations) reads an address out of a reservation's name
    and does not know of network_name there, so it takes every reservation of a network with a name for nobody's.
    """
    if not pool.network_name:
        return ""
    for pod in kube.list(POD, pool.namespace):
        words = [
            word
            for container in pod["spec"]["containers"]
            for word in (*container.get("command", ()), *container.get("args", ()))
        ]
        if any(name in word for word in words for name in COLLECTORS):
            return f"{pool.namespace}/{pod['metadata']['name']}"
    return ""
