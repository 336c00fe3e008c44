# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How full a cluster's pools are, whose their addresses are, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...cni.pods import Pods
from ...cni.pool_usage import duplicates, overlapping_pools, usage_warnings
from ...cni.reservations import Index, index_reservations, reservations_of, sort_reservations
from ...cni.whereabouts import SAFE, Pool, Verdict, describe, judge, problems_of
from ...errors import Problems
from ..client import Kube
from ..kinds import IP_POOL, RESERVATION
from . import pod_index
from .pool_options import Target, check_target, find_target

Warn = Callable[[str], None]


def report(kube: Kube, params: Mapping[str, Any], known: Target | None, warn: Warn) -> dict[str, Any]:
    """Return pools with their usage and whose each allocation is.

    :param params: options of whereabouts_pool_info; without name, range and nad all pools of the cluster are meant.
    :param known: the one pool that they name, as far as that is known without asking.
    """
    target = find_target(kube, params, known) if known or params["nad"] else None
    everything = [Pool.of(obj) for obj in kube.list(IP_POOL)]
    guards = index_reservations(kube.list(RESERVATION)) if everything and params["reservations"] else None
    pods = pod_index.read(kube) if everything else Pods.of(())
    pools, rows = [], []
    for found in everything:
        if target and (found.namespace, found.name) != (target.namespace, target.name):
            if found.stops_collection:
                _warn_all(warn, problems_of(found, params["namespace"]))
            continue
        verdicts = judge(found, pods)
        pool = replace(found, node_name=target.node_name if target else _slice_of(found, verdicts))
        rows.append(_row(pool, verdicts, pods, everything, guards, with_live=params["allocations"] == "all"))
        pools.append(pool)
        _warn_all(warn, problems_of(pool, params["namespace"]))
        _warn_all(warn, usage_warnings(rows[-1], params["warn_used_percent"]))
    for warning in target.warnings if target else ():
        warn(warning)
    return {
        "changed": False,
        "pools": rows,
        "duplicates": duplicates(pools, pods),
        "unusable_pools": [f"{pool.namespace}/{pool.name}" for pool in everything if pool.stops_collection],
    }


def _row(
    pool: Pool,
    verdicts: tuple[Verdict, ...],
    pods: Pods,
    everything: list[Pool],
    guards: Index | None,
    *,
    with_live: bool,
) -> dict[str, Any]:
    row = {
        **describe(pool, verdicts, with_live=with_live),
        "network_name": pool.network_name or "",
        "node_name": pool.node_name,
        "overlapping_pools": overlapping_pools(pool, everything),
    }
    if guards is not None:
        held = {allocation.ip for allocation in pool.allocations}
        found = sort_reservations(reservations_of(pool, guards), held, verdicts, pods, SAFE).state()
        row["reservations"] = {name: ips for name, ips in found.items() if with_live or name != "kept"}
    return row


def _slice_of(pool: Pool, verdicts: tuple[Verdict, ...]) -> str:
    """Return the node whose slice a pool is: the one of all its pods, if the pool is named after it."""
    nodes = {verdict.node for verdict in verdicts if verdict.node}
    prefix = f"-{pool.network_name or ''}"
    return nodes.pop() if len(nodes) == 1 and prefix.endswith(f"-{next(iter(nodes))}") else ""


def _warn_all(warn: Warn, warnings: Iterable[str]) -> None:
    for warning in warnings:
        warn(warning)


def checked(params: Mapping[str, Any]) -> Target | None:
    """Return the pool that the options name, None if they name none or that of an attachment.

    :raises InvalidOptions: with all that is wrong in them.
    """
    problems = Problems()
    target = check_target(params, problems)
    problems.raise_if_any()
    return target if target and target.name else None
