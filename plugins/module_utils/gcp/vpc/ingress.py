# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ingress rule between the ranges of a subnetwork.

A VPC network that one makes oneself denies all ingress unless a firewall rule allows it; Kubernetes Engine makes rules
for the network of the cluster only. Without this one, pods on different nodes do not reach each other over net1.

Clusters that share a subnetwork share its rule: each declares its own pod range, and none takes another's out. Compute
Engine has no fingerprint for firewall rules, so the list of sources is made from what is there just before it is sent,
and looked at again afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import Refused
from ...reconcile import Change
from ..clients import Google
from ..operations import Operations
from ..references import Network
from . import subnetworks
from .secondary_ranges import present_ranges
from .subnet_options import Subnet

ALL_PROTOCOLS = [{"I_p_protocol": "all"}]
MANY = 3  # rules; from here on, one list takes the place of single reads

MOST_REPAIRS = 5  # somebody who overwrites a rule more often than that is no run of ours


def read_rules(google: Google, names: Sequence[str]) -> dict[str, Any]:
    """Return those of the named firewall rules (compute_v1.Firewall) that exist."""
    if len(names) >= MANY:
        return {rule.name: rule for rule in list_rules(google) if rule.name in names}
    found = {name: find_rule(google, name) for name in names}
    return {name: rule for name, rule in found.items() if rule is not None}


def list_rules(google: Google) -> list[Any]:
    """Return all firewall rules of the project; Compute Engine lists them for all networks together."""
    return google.list("list firewall rules", google.compute("Firewalls").list, {"project": google.project})


def find_rule(google: Google, name: str) -> Any | None:
    """Return a firewall rule, None if there is none of this name."""
    request = {"project": google.project, "firewall": name}
    return google.find(f"read firewall rule {name}", google.compute("Firewalls").get, request)


@dataclass(frozen=True)
class IngressRule:
    """The rule of a declared subnetwork, and what is there of it."""

    subnet: Subnet
    network: Network
    found: Any | None  # compute_v1.Firewall of its name
    present: tuple[str, ...]  # the secondary ranges (CIDR) that the subnetwork has, or will have

    @property
    def is_here(self) -> bool:
        """Tell whether there is a rule of the kind that we make."""
        return self.found is not None and is_ours(self.found, self.network)

    @property
    def sources(self) -> list[str]:
        """Return what it is to let in: the declared ranges, and what others have let in of the same subnetwork."""
        let_in = self.found.source_ranges if self.found is not None else ()
        return list(dict.fromkeys([*self.subnet.ranges, *(cidr for cidr in let_in if cidr in self.present)]))

    @property
    def is_as_wanted(self) -> bool:
        """Tell whether it is there and lets in what it should."""
        return (
            self.found is not None
            and self.is_here
            and lets_all_in(self.found)
            and set(self.found.source_ranges) == set(self.sources)
        )

    def refusals(self) -> Iterator[Refused]:
        """Yield why it cannot be made: there is another one of its name."""
        if self.found is not None and not self.is_here:
            yield Refused(
                f"firewall rule {self.subnet.rule} exists, but for another network, direction or target; "
                "delete or rename it, or set allow_multinet=false"
            )

    def changes(self, google: Google, operations: Operations) -> Iterator[Change]:
        """Yield what makes it as it is to be; :meth:`refusals` has none."""
        words = f"firewall rule {self.subnet.rule} (ingress from {', '.join(self.sources)})"
        if self.found is None:
            resource = {
                "name": self.subnet.rule,
                "description": f"Lets nodes and pods of {self.subnet} reach each other (multinet.gke)",
                "network": self.network.path,
                "direction": "INGRESS",
                "source_ranges": self.sources,
                "allowed": ALL_PROTOCOLS,
            }
            yield operations.in_compute(f"create {words}", "Firewalls", "insert", firewall_resource=resource)
        elif not self.is_as_wanted:
            title = f"update {words}"
            yield Change(title, lambda: self._update(title, google, operations))

    def hold(self, google: Google, operations: Operations) -> None:
        """Look at a rule again, and repair it if somebody who had read it or its ranges before has overwritten it."""
        for _attempt in range(MOST_REPAIRS):
            self._update(f"repair firewall rule {self.subnet.rule}", google, operations)
            if not operations.under_way:
                return

    def _update(self, title: str, google: Google, operations: Operations) -> None:
        """Start to make it as it is to be, by what is there when what was started before has ended."""
        operations.finish()

        def request() -> dict[str, Any] | None:
            # The rule is read last: what others send between this and ours is lost, unless they still look at it.
            present = _present(google, self.subnet)
            now = replace(self, found=find_rule(google, self.subnet.rule), present=present)
            if now.found is not None and set(now.found.source_ranges) - set(now.sources):
                now = replace(now, present=_present(google, self.subnet))  # a range may have come since
            if now.found is None:
                raise Refused(f"firewall rule {self.subnet.rule}: somebody has just deleted it; run again to create it")
            if now.is_as_wanted:
                return None
            resource = {"source_ranges": now.sources, "allowed": ALL_PROTOCOLS, "disabled": False}
            return {"firewall": self.subnet.rule, "firewall_resource": resource}

        operations.rewrite_in_compute(title, "Firewalls", "patch", request)


def deletion(name: str, operations: Operations) -> Change:
    """Return the change that deletes a rule."""
    return operations.in_compute(f"delete firewall rule {name}", "Firewalls", "delete", firewall=name)


def _present(google: Google, subnet: Subnet) -> tuple[str, ...]:
    found = subnetworks.find(google, subnet.region, subnet.name)
    return tuple(present_ranges(found).values()) if found is not None else ()


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


def lets_all_in(rule: Any) -> bool:
    """Tell whether a rule is enabled and allows all protocols from its sources."""
    return not rule.disabled and [each.I_p_protocol for each in rule.allowed] == ["all"]
