# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network that carries the packets, as far as the nodes or Google tell of it: whose block an address lies in.

GKE gives each node a block of each range for pods as an alias range of its interface (compute_v1.NetworkInterface
alias_ip_ranges). Whereabouts does not know of them: it hands out the lowest free address, whichever node asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..cni.ranges import IPNetwork, parse_address
from ..errors import MultinetError
from .snapshot import Attachment, Snapshot

Blocks = Mapping[str, tuple[IPNetwork, ...]]  # by node


@dataclass(frozen=True)
class Fabric:
    """What is known of the network of one attachment."""

    blocks: Blocks = field(default_factory=dict)
    problem: str = "nobody was asked"  # why no blocks are known
    rule: bool | None = None  # whether the firewall rule of the attachment exists; None: nobody knows

    def owner(self, ip: str) -> str:
        """Return the node whose block an address lies in, empty if it is in nobody's."""
        address = parse_address(ip)
        return next((node for node, cidrs in self.blocks.items() if any(address in cidr for cidr in cidrs)), "")

    def is_astray(self, ip: str, node: str) -> bool:
        """Tell whether an address is used on another node than the one whose block it lies in."""
        return bool(self.blocks) and self.owner(ip) != node


class Cloud(Protocol):
    """Who knows a cluster's nodes and their network; it is asked only if packets do not arrive."""

    @property
    def blocks(self) -> Blocks:
        """Return the alias ranges of each node."""

    def has_rule(self, name: str) -> bool:
        """Tell whether there is a firewall rule of this name that lets something in."""


def look_up(attachment: Attachment, snapshot: Snapshot, cloud: Cloud | None) -> Fabric:
    """Return what is known of an attachment's network: what the nodes say themselves, or what Google says."""
    blocks: Blocks = {node.name: node.alias_blocks for node in snapshot.nodes.values() if node.alias_blocks}
    problem, rule, name = "no node has a block of its ranges", None, attachment.target.firewall_rule
    if cloud is None:
        problem = "Google was not asked, as the cluster is not given as gke_cluster"
    else:
        try:
            blocks = blocks or cloud.blocks
            rule = cloud.has_rule(name) if name else None
        except MultinetError as error:
            problem = str(error)
    return Fabric(_within(blocks, attachment), problem, rule)


def _within(blocks: Blocks, attachment: Attachment) -> Blocks:
    """Return the blocks that are parts of an attachment's ranges; a network without such blocks has no owners."""
    found = {
        node: tuple(block for block in cidrs if any(block in cidr or cidr in block for cidr in attachment.ranges))
        for node, cidrs in blocks.items()
    }
    return {node: cidrs for node, cidrs in found.items() if cidrs}
