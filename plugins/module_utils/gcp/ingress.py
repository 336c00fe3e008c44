# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ingress rule between the ranges of a subnetwork.

A VPC network that one makes oneself denies all ingress unless a firewall rule allows it; Kubernetes Engine makes rules
for the network of the cluster only. Without this one, pods on different nodes do not reach each other over net1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import Refused
from ..reconcile import Change
from .clients import Google
from .operations import Operations
from .references import Network
from .subnetworks import Subnet

ALL_PROTOCOLS = [{"I_p_protocol": "all"}]


def find(google: Google, subnet: Subnet) -> Any | None:
    """Return the rule (compute_v1.Firewall) of a subnetwork, None if there is none."""
    request = {"project": google.project, "firewall": subnet.rule}
    return google.find(f"read firewall rule {subnet.rule}", google.compute("Firewalls").get, request)


def sources(subnet: Subnet, rule: Any | None, subnetwork: Any | None) -> list[str]:
    """Return what the rule is to let in: the declared ranges, and what others have let in of the same subnetwork.

    Two clusters that share a subnetwork declare a pod range each; neither takes the other's out of the rule.
    """
    present = {each.ip_cidr_range for each in subnetwork.secondary_ip_ranges} if subnetwork is not None else set()
    others = [cidr for cidr in (rule.source_ranges if rule is not None else ()) if cidr in present]
    return list(dict.fromkeys([*subnet.ranges, *others]))


def is_as_wanted(subnet: Subnet, rule: Any | None, network: Network, subnetwork: Any | None) -> bool:
    """Tell whether the rule is there and lets in what it should.

    :param subnetwork: what Compute Engine has, compute_v1.Subnetwork.
    """
    return (
        rule is not None
        and is_ours(rule, network)
        and not rule.disabled
        and set(rule.source_ranges) == set(sources(subnet, rule, subnetwork))
        and [each.I_p_protocol for each in rule.allowed] == ["all"]
    )


def changes(
    subnet: Subnet, rule: Any | None, network: Network, subnetwork: Any | None, operations: Operations
) -> Iterator[Change]:
    """Yield what makes the rule as it is to be.

    :raises Refused: there is another rule under this name.
    """
    ranges = sources(subnet, rule, subnetwork)
    words = f"firewall rule {subnet.rule} (ingress from {', '.join(ranges)})"
    if rule is None:
        resource: dict[str, Any] = {
            "name": subnet.rule,
            "description": f"Lets nodes and pods of subnetwork {subnet.name} reach each other (multinet.gke)",
            "network": network.path,
            "direction": "INGRESS",
            "source_ranges": ranges,
            "allowed": ALL_PROTOCOLS,
        }
        yield operations.in_compute(f"create {words}", "Firewalls", "insert", firewall_resource=resource)
        return
    if not is_ours(rule, network):
        raise Refused(
            f"firewall rule {subnet.rule} exists, but for another network, direction or target; "
            "delete or rename it, or set allow_multinet=false"
        )
    if not is_as_wanted(subnet, rule, network, subnetwork):
        resource = {"source_ranges": ranges, "allowed": ALL_PROTOCOLS, "disabled": False}
        yield operations.in_compute(
            f"update {words}", "Firewalls", "patch", firewall=subnet.rule, firewall_resource=resource
        )


def deletion(subnet: Subnet, operations: Operations) -> Change:
    """Return the change that deletes the rule."""
    return operations.in_compute(f"delete firewall rule {subnet.rule}", "Firewalls", "delete", firewall=subnet.rule)


def is_ours(rule: Any, network: Network) -> bool:
    """Tell whether a rule is of the kind that we make: what differs here, a patch could not put right."""
    narrowed = (
        rule.denied
        or rule.source_tags
        or rule.target_tags
        or rule.source_service_accounts
        or rule.target_service_accounts
        or rule.destination_ranges
    )
    return rule.direction == "INGRESS" and Network.parse(rule.network, network.project) == network and not narrowed
