# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for people: a line for each pod range, with who may use how much of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..cni.texts import aligned

NOTHING = "-"
HEADING = (
    "cluster", "location", "interface", "VPC", "node range", "attachment", "pod range", "nodes", "at most",
)  # fmt: skip


def of(sites: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the plans by host as a table; what repeats from line to line of a cluster is said once."""
    return aligned([HEADING, *(row for host, site in sites.items() for row in _rows(host, site))])


def _rows(host: str, site: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    head: tuple[str, ...] = (host, site["location"])
    lines = site["capacity"] or [dict.fromkeys(("master", "vpc", "node_range"), NOTHING)]
    for line in lines:
        network = (line["master"], line["vpc"], line["node_range"])
        pods = (line.get(key, NOTHING) for key in ("attachment", "range", "nodes_planned", "nodes_max"))
        yield (*head, *network, *map(str, pods))
        head = ("", "")
