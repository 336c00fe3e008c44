# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC network with its subnetworks, and an ingress rule for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import Problems, Refused
from ..gke_rules import check_name
from ..reconcile import Change, Plan, State
from . import ingress, subnetworks
from .clients import Google
from .operations import Operations
from .references import Network
from .subnetworks import Subnet

MTU = range(1300, 8897)


@dataclass(frozen=True)
class Desired:
    """What gke_multinet_vpc was asked for."""

    name: str
    routing_mode: str | None
    mtu: int | None
    existing: bool
    subnetworks: tuple[Subnet, ...]
    absent: bool

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Desired:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        desired = cls(
            name=params["name"],
            routing_mode=params["routing_mode"],
            mtu=params["mtu"],
            existing=params["existing"],
            subnetworks=tuple(Subnet.from_params(each) for each in params["subnetworks"]),
            absent=params["state"] == "absent",
        )
        problems = Problems()
        check_name(problems, "name", desired.name)
        if desired.mtu is not None and desired.mtu not in MTU:
            problems.add("mtu", desired.mtu, f"must be between {MTU.start} and {MTU.stop - 1}")
        subnetworks.check(problems, desired.subnetworks)
        problems.raise_if_any()
        return desired


@dataclass(frozen=True)
class Observed:
    """What Compute Engine has; the messages are those of compute_v1."""

    network: Any | None
    subnetworks: tuple[Any | None, ...]  # in the order of Desired.subnetworks
    rules: tuple[Any | None, ...]  # the same
    users: tuple[str, ...] = ()  # what else is in the network; only looked for if it is to be deleted


class Vpc:
    """The resource of gke_multinet_vpc."""

    key = "vpc"

    def __init__(self, desired: Desired, google: Google, operations: Operations) -> None:
        self._desired = desired
        self._google = google
        self._operations = operations
        self._network = Network(google.project, desired.name)

    def observe(self) -> Observed:
        """Read the network, the declared subnetworks, and their rules."""
        project, wanted = self._google.project, self._desired
        network = self._google.find(
            f"read network {wanted.name}",
            self._google.compute("Networks").get,
            {"project": project, "network": wanted.name},
        )
        found = tuple(subnetworks.find(self._google, subnet.region, subnet.name) for subnet in wanted.subnetworks)
        rules = tuple(
            ingress.find(self._google, subnet) if subnet.allow_multinet else None for subnet in wanted.subnetworks
        )
        users = tuple(self._users(network)) if network is not None and wanted.absent and not wanted.existing else ()
        return Observed(network, found, rules, users)

    def plan(self, observed: Observed) -> Plan:
        """Return the changes; see reconcile.Resource."""
        before = self._before(observed)
        if self._desired.existing:
            return self._plan_existing(observed, before)
        if self._desired.absent:
            return self._plan_absent(observed, before)
        changes = (*self._network_changes(observed.network), *self._parts_changes(observed))
        settle = self._settle if changes else None
        return Plan(before, self._after(), changes, settle=settle, overtaken=lambda: self._operations.overtaken)

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the operations that were run."""
        return {"operations": self._operations.records}

    def _plan_existing(self, observed: Observed, before: State | None) -> Plan:
        """Check a network that others manage: nothing is changed, and nothing deleted."""
        if self._desired.absent:
            return Plan(before, before)
        after = self._after()
        differences = list(_differences(before or {}, after)) if before else ["it does not exist"]
        if differences:
            raise Refused(
                f"network {self._desired.name} is used as it is (existing=true), but: {'; '.join(differences)}. "
                "Correct the description, or let this module manage the network (existing=false)"
            )
        warnings = tuple(
            f"network {self._desired.name} is used as it is: nobody checked that it lets the pods of subnetwork "
            f"{subnet.name} reach each other ({_what_is_wrong(subnet, rule)}); allow_multinet=false says that others do"
            for subnet, found, rule in zip(self._desired.subnetworks, observed.subnetworks, observed.rules, strict=True)
            if subnet.allow_multinet and not ingress.is_as_wanted(subnet, rule, self._network, found)
        )
        return Plan(before, before, warnings=warnings)

    def _plan_absent(self, observed: Observed, before: State | None) -> Plan:
        if observed.network is None:
            return Plan(None, None)
        if observed.users:
            raise Refused(
                f"network {self._desired.name} cannot be deleted: it is used by {', '.join(observed.users)}. "
                "Delete these first, or declare the subnetworks among them"
            )
        return Plan(before, None, tuple(self._deletions(observed)), settle=self._operations.finish)

    def _network_changes(self, network: Any | None) -> Iterator[Change]:
        wanted = self._desired
        if network is None:
            resource = {
                "name": wanted.name,
                "auto_create_subnetworks": False,
                "routing_config": {"routing_mode": wanted.routing_mode or "REGIONAL"},
                **({"mtu": wanted.mtu} if wanted.mtu else {}),
            }
            title = f"create network {wanted.name}"
            yield self._operations.in_compute(title, "Networks", "insert", alone=True, network_resource=resource)
            return
        if wanted.routing_mode not in (None, network.routing_config.routing_mode):
            yield self._patch(
                "routing_mode", wanted.routing_mode, {"routing_config": {"routing_mode": wanted.routing_mode}}
            )
        if wanted.mtu not in (None, _mtu(network)):
            yield self._patch("mtu", wanted.mtu, {"mtu": wanted.mtu})

    def _patch(self, what: str, value: object, body: dict[str, Any]) -> Change:
        name = self._desired.name
        return self._operations.in_compute(
            f"set {what} of network {name} to {value}",
            "Networks",
            "patch",
            alone=True,
            network=name,
            network_resource=body,
        )

    def _parts_changes(self, observed: Observed) -> Iterator[Change]:
        """Yield what subnetworks and rules need; these are under way together, and awaited at the end."""
        parts = zip(self._desired.subnetworks, observed.subnetworks, observed.rules, strict=True)
        for wanted, subnetwork, rule in parts:
            yield from subnetworks.changes(wanted, subnetwork, self._network, self._google, self._operations)
            if wanted.allow_multinet:
                yield from ingress.changes(wanted, rule, self._network, subnetwork, self._operations)

    def _settle(self) -> None:
        """Wait for what was started, and for what others were faster to start."""
        self._operations.finish()
        if self._operations.overtaken:
            self._operations.wait_for(
                f"network {self._desired.name} has all its parts",
                lambda: list(self._missing(self.observe())),
                lambda missing: not missing,
                lambda missing: f"missing: {', '.join(missing)}",
            )

    def _missing(self, observed: Observed) -> Iterator[str]:
        if observed.network is None:
            yield f"network {self._desired.name}"
        for subnet, found, rule in zip(self._desired.subnetworks, observed.subnetworks, observed.rules, strict=True):
            if found is None:
                yield f"subnetwork {subnet.name}"
            if subnet.allow_multinet and rule is None:
                yield f"firewall rule {subnet.rule}"

    def _deletions(self, observed: Observed) -> Iterator[Change]:
        """Yield subnetworks first: Google refuses at once to delete one that is used, and then nothing is lost."""
        wanted, name = self._desired.subnetworks, self._desired.name
        for subnet, found in zip(wanted, observed.subnetworks, strict=True):
            if found is not None and self._is_here(found):
                yield subnetworks.deletion(subnet, self._operations)
        for subnet, rule in zip(wanted, observed.rules, strict=True):
            if rule is not None and ingress.is_ours(rule, self._network):
                yield ingress.deletion(subnet, self._operations)
        yield self._operations.in_compute(f"delete network {name}", "Networks", "delete", alone=True, network=name)

    def _is_here(self, part: Any) -> bool:
        return Network.parse(part.network, self._google.project) == self._network

    def _users(self, network: Any) -> Iterator[str]:
        """Yield what is in the network and was not declared: Google would refuse to delete it, naming only one.

        Only what is cheap to know: routes, routers, VPN gateways and the like are left for Google to refuse.
        """
        declared = {(subnet.region, subnet.name) for subnet in self._desired.subnetworks}
        for link in network.subnetworks:
            region, name = link.split("/")[-3::2]  # .../regions/REGION/subnetworks/NAME
            if (region, name) not in declared:
                yield f"subnetwork {name} ({region})"
        yield from (f"peering {each.name}" for each in network.peerings)
        rules = {subnet.rule for subnet in self._desired.subnetworks if subnet.allow_multinet}
        firewalls = self._google.list(
            "list firewall rules", self._google.compute("Firewalls").list, {"project": self._google.project}
        )
        yield from (
            f"firewall rule {each.name}"
            for each in firewalls
            if self._is_here(each) and not (each.name in rules and ingress.is_ours(each, self._network))
        )

    def _before(self, observed: Observed) -> State | None:
        """Return what is managed, as it is."""
        network = observed.network
        if network is None:
            return None
        state: State = {"name": network.name}
        if self._desired.routing_mode is not None:
            state["routing_mode"] = network.routing_config.routing_mode
        if self._desired.mtu is not None:
            state["mtu"] = _mtu(network)
        state["subnetworks"] = [
            subnetworks.as_is(
                wanted,
                subnetwork,
                wanted.allow_multinet and ingress.is_as_wanted(wanted, rule, self._network, subnetwork),
            )
            for wanted, subnetwork, rule in zip(
                self._desired.subnetworks, observed.subnetworks, observed.rules, strict=True
            )
            if subnetwork is not None
        ]
        return state

    def _after(self) -> State:
        """Return what is managed, as it is to be."""
        wanted = self._desired
        managed = {"routing_mode": wanted.routing_mode, "mtu": wanted.mtu}
        return {
            "name": wanted.name,
            **{key: value for key, value in managed.items() if value is not None},
            "subnetworks": [subnet.as_state() for subnet in wanted.subnetworks],
        }


def _what_is_wrong(subnet: Subnet, rule: Any | None) -> str:
    if rule is None:
        return f"there is no rule {subnet.rule}"
    return f"rule {subnet.rule} is disabled, or is not one for ingress from {', '.join(subnet.ranges)}"


def _mtu(network: Any) -> int:
    return network.mtu or 1460  # absent in what Compute returns unless it was set


def _differences(have: State, want: State) -> Iterator[str]:
    """Yield how an existing network differs from its description; the ingress rules are not compared."""
    for key in ("routing_mode", "mtu"):
        if have.get(key) != want.get(key):
            yield f"{key} is {have.get(key)!r}, not {want.get(key)!r}"
    present = {(each["region"], each["name"]): each for each in have["subnetworks"]}
    for each in want["subnetworks"]:
        found = present.get((each["region"], each["name"]))
        if found is None:
            yield f"subnetwork {each['name']} does not exist in {each['region']}"
            continue
        for key in each.keys() - {"allow_multinet"}:
            if found[key] != each[key]:
                yield f"{key} of subnetwork {each['name']} is {found[key]!r}, not {each[key]!r}"
