# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks that are functions of a snapshot, by name, and what each must be able to read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from ...kube.kinds import CONFIG_MAP, CRD, DAEMON_SET, IP_POOL, NAD, NODE, POD, Kind
from ..result import Result
from ..snapshot import Attachment, Snapshot
from . import addresses, attachments, expectations, inside, installation, nodes, pods, pools

Question = Callable[[Snapshot], Iterable[Result]]


@dataclass(frozen=True)
class Check:
    """One check."""

    name: str
    ask: Question
    needs: tuple[Kind, ...] = ()  # without these, nothing can be said
    everywhere: bool = False  # of these, in all namespaces


def _of_each(ask: Callable[[Snapshot, Attachment], Iterable[Result]]) -> Question:
    """Return a check of all attachments out of one of a single attachment that can be verified."""

    def ask_all(snapshot: Snapshot) -> Iterator[Result]:
        for attachment in snapshot.attachments:
            if attachment.is_verified:
                yield from ask(snapshot, attachment)

    return ask_all


def _definitions(snapshot: Snapshot) -> Iterator[Result]:
    for attachment in snapshot.attachments:
        yield from attachments.nad_valid(snapshot, attachment)


CHECKS = (
    Check("daemonset_ready", installation.daemonset_ready, (DAEMON_SET,)),
    Check("components", installation.components, (POD,)),
    Check("image_pair", installation.image_pair, (DAEMON_SET,)),
    Check("crd_schema", installation.crd_schema, (CRD, DAEMON_SET)),
    Check("token_age", installation.token_age, (POD,)),
    Check("gc_recent", installation.gc_recent, (DAEMON_SET, POD)),
    Check("unparsable_pools", pools.unparsable_pools, (IP_POOL,)),
    Check("capacity", pools.capacity, (IP_POOL,)),
    Check("orphans", pools.orphans, (IP_POOL, POD), everywhere=True),
    Check("node_ready", nodes.node_ready, (NODE,)),
    Check("config_first_file", nodes.config_first_file),
    Check("cluster_network_file", nodes.cluster_network_file),
    Check("ipvlan_binary", nodes.ipvlan_binary),
    Check("node_has_master", _of_each(nodes.node_has_master), (NODE,)),
    Check("annotation_valid", attachments.annotation_valid, (POD,)),
    Check("isolation", attachments.isolation, (POD, CONFIG_MAP)),
    Check("gke_native_conflict", attachments.gke_native_conflict, (POD,)),
    Check("misplaced", _of_each(nodes.misplaced), (NODE, POD)),
    Check("hostport", nodes.hostport, (POD, CONFIG_MAP)),
    Check("pod", pods.declared, (POD,)),
    Check("nad_valid", _definitions, (NAD,)),
    Check("network_status", _of_each(pods.network_status), (POD,)),
    Check("ip_in_range", _of_each(addresses.ip_in_range), (POD,)),
    Check("ip_in_pool", _of_each(addresses.ip_in_pool), (POD, IP_POOL)),
    Check("duplicates", _of_each(addresses.duplicates), (POD,), everywhere=True),
    Check("mac_equals_nic", _of_each(addresses.mac_equals_nic), (POD,)),
    Check("alias_block", _of_each(addresses.alias_block), (NODE, POD)),
    Check("inside", inside.inside, (POD,)),
    Check("expect", expectations.expectations, (POD,)),
)


def check(snapshot: Snapshot, names: Collection[str]) -> list[Result]:
    """Return the results of the checks with these names.

    What we have no right to read makes a check say that it was left out, and why.
    """
    return [
        result for each in CHECKS if each.name in names for result in (_refusals(snapshot, each) or each.ask(snapshot))
    ]


def _refusals(snapshot: Snapshot, check_: Check) -> list[Result]:
    kinds = [kind.plural for kind in check_.needs if kind.plural in snapshot.unreadable]
    missing = [kind for kind in kinds if check_.everywhere or kind not in snapshot.partial]
    why = "; ".join(snapshot.unreadable[kind] for kind in missing)
    remedy = f"give the right to list {' and '.join(missing)}{' in all namespaces' if check_.everywhere else ''}"
    data = {"rights": [f"list {kind}" for kind in missing]}
    return [Result(check_.name, "skip", "the cluster", f"nobody can tell: {why}", remedy, data)] if missing else []
