# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster's nodes have for pods, and whether their network lets packets in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ...cni.ranges import IPNetwork
from ..clients import Google
from ..vpc import ingress
from . import pool_info


class NodeNetworks:
    """The networks of one cluster's nodes, asked for when somebody wants to know."""

    def __init__(self, google: Callable[[], Google], location: str, cluster: str) -> None:
        self._make, self._location, self._cluster = google, location, cluster

    @cached_property
    def _google(self) -> Google:
        return self._make()

    @cached_property
    def blocks(self) -> dict[str, tuple[IPNetwork, ...]]:
        """Return the alias ranges of each node."""
        return pool_info.alias_blocks(self._google, self._location, self._cluster)

    def has_rule(self, name: str) -> bool:
        """Tell whether there is a firewall rule of this name that lets something in."""
        rule = ingress.find_rule(self._google, name)
        return rule is not None and rule.direction == "INGRESS" and bool(rule.allowed) and not rule.disabled
