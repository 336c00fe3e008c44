# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC network with its subnetworks, and an ingress rule for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...errors import InUse, Refused, refuse
from ...gke_rules import ingress_rule_name
from ...reconcile import Change, Plan, State
from ..clients import Google
from ..operations import Operations
from ..references import Network, Subnetwork
from . import ingress, network_users, networks, secondary_ranges, subnetworks, vpc_parts, vpc_removal
from .range_users import range_users, read_clusters
from .subnetworks import Key
from .vpc_options import Desired
from .vpc_parts import Observed, Part

__all__ = ["Desired", "Observed", "Vpc"]


class Vpc:
    """The resource of gke_multinet_vpc."""

    key = "vpc"

    def __init__(self, desired: Desired, google: Google, operations: Operations, *, check_mode: bool = False) -> None:
        """Take what is needed; in check mode clusters may be there still that an earlier task deletes."""
        self._desired = desired
        self._check_mode = check_mode
        self._google = google
        self._operations = operations
        self._network = Network(google.project, desired.name)
        self._what = f"network {desired.name}"

    def observe(self) -> Observed:
        """Read the network, the declared subnetworks, and their rules; and who uses what may have to go."""
        google, wanted = self._google, self._desired
        network = networks.find(google, wanted.name)
        if wanted.absent and not wanted.existing:
            return self._observe_deletion(network)
        found = subnetworks.read(google, (subnet.key for subnet in wanted.subnetworks))
        purged = list(self._purged(network))
        rules = [subnet.rule for subnet in wanted.subnetworks if subnet.allow_multinet]
        rules += [ingress_rule_name(name) for _region, name in purged]
        removes = purged or any(
            subnet.absent or secondary_ranges.may_remove(subnet, found[subnet.key])
            for subnet in wanted.subnetworks
            if subnet.key in found
        )
        users = range_users(read_clusters(google), google.project) if removes and not wanted.existing else ()
        return Observed(network, found, ingress.read_rules(google, rules), users)

    def plan(self, observed: Observed) -> Plan:
        """Return the changes; see reconcile.Resource."""
        parts = vpc_parts.parts(self._desired, observed, self._network)
        if self._desired.existing:
            return self._plan_existing(observed, parts)
        if self._desired.absent and self._desired.keeps_used and observed.network is not None:
            left = vpc_removal.sparing(self._desired, observed, parts).desired
            spared = replace(left, keeps_used=False)
            return Vpc(spared, self._google, self._operations).plan(replace(observed, in_the_way=()))
        if self._desired.absent:
            return self._plan_absent(observed, parts)
        return self._plan_present(observed, parts)

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the operations that were run, and of a network that is to go what stays."""
        return {"operations": self._operations.records, "kept": self._kept(observed)}

    def _kept(self, observed: Observed) -> list[str]:
        wanted = self._desired
        if not wanted.absent or observed.network is None:
            return []
        if wanted.existing:
            return [f"{self._what}: it is managed by others (existing=true)"]
        if not wanted.keeps_used:
            return []
        parts = vpc_parts.parts(wanted, observed, self._network)
        return list(vpc_removal.sparing(wanted, observed, parts).kept)

    def _observe_deletion(self, network: Any | None) -> Observed:
        """Read what is deleted, and what is in the way of that."""
        if network is None:
            return Observed(None)
        google, wanted = self._google, self._desired.subnetworks
        ours = {subnet.rule for subnet in wanted if subnet.allow_multinet}
        rules = [rule for rule in ingress.list_rules(google) if self._is_here(rule)]
        rules_of_ours = {
            rule.name: rule for rule in rules if rule.name in ours and ingress.is_ours(rule, self._network)
        }
        gone = self._desired.deleted_before if self._check_mode else frozenset()
        clusters = [each for each in read_clusters(google) if (each.location, each.name) not in gone]
        found = network_users.Found(
            network=network,
            clusters=clusters,
            rules=[rule for rule in rules if rule.name not in rules_of_ours],
            endpoint_groups=network_users.endpoint_groups(google, self._network),
        )
        declared = {subnet.key for subnet in wanted}
        return Observed(
            network,
            subnetworks.read(google, declared),
            rules_of_ours,
            range_users=range_users(clusters, google.project),
            in_the_way=list(network_users.users(found, google.project, self._network, declared)),
        )

    def _plan_existing(self, observed: Observed, parts: list[Part]) -> Plan:
        """Check a network that others manage: nothing is changed, and nothing deleted."""
        before = self._before(observed, parts, ())
        if self._desired.absent:
            return Plan(before, before)
        after = self._desired.as_state()
        differences = list(_differences(before, after)) if before else ["it does not exist"]
        if differences:
            raise Refused(
                f"{self._what} is used as it is (existing=true), but: {'; '.join(differences)}. "
                "Correct the description, or let this module manage the network (existing=false)"
            )
        warnings = tuple(
            f"{self._what} is used as it is: nobody checked that it lets the pods of {part.subnet} reach each other "
            f"({_what_is_wrong(part)}); allow_multinet=false says that others do"
            for part in parts
            if part.subnet.needs_rule and not part.rule.is_as_wanted
        )
        return Plan(before, before, warnings=warnings)

    def _plan_absent(self, observed: Observed, parts: list[Part]) -> Plan:
        if observed.network is None:
            return Plan(None, None)
        if observed.in_the_way:
            raise InUse(self._what, observed.in_the_way, "Delete these first, or declare the subnetworks among them")
        changes = [
            # Google refuses at once to delete a subnetwork that is used, and then nothing is lost.
            *(
                subnetworks.deletion(part.subnet.key, self._operations, alone=False)
                for part in parts
                if part.is_here and not networks.is_automatic(observed.network, part.subnet.key)
            ),
            *(
                ingress.deletion(name, self._operations)
                for name in dict.fromkeys(part.subnet.rule for part in parts if part.loses_rule)
            ),
            networks.deletion(self._desired.name, self._operations),
        ]
        return Plan(self._before(observed, parts, ()), None, tuple(changes), settle=self._operations.finish)

    def _plan_present(self, observed: Observed, parts: list[Part]) -> Plan:
        refuse(self._refusals(observed, parts))
        spared = dict(self._spared(observed))
        purged = [key for key in self._purged(observed.network) if key not in spared]
        changes = (
            *networks.changes(self._desired, observed.network, self._operations),
            *self._removals(parts),
            *self._deletions(observed, parts, purged),
            *(change for part in parts if not part.subnet.absent for change in self._changes(part)),
        )
        return Plan(
            self._before(observed, parts, purged),
            self._desired.as_state(),
            changes,
            warnings=tuple(self._warnings(observed, parts, spared)),
            settle=(lambda: self._settle(parts)) if changes else None,
            overtaken=lambda: self._operations.overtaken,
        )

    def _refusals(self, observed: Observed, parts: list[Part]) -> Iterator[Refused]:
        network = observed.network
        if network is not None:
            yield from networks.refusals(self._desired, network)
        undeclared = list(self._undeclared(network))
        for part in parts:
            yield from vpc_parts.refusals(part, network, undeclared)

    def _warnings(self, observed: Observed, parts: list[Part], spared: dict[Key, str]) -> Iterator[str]:
        if observed.network is not None:
            yield from networks.warnings(self._desired, observed.network)
        for part in parts:
            yield from part.ranges.warnings
        for (region, name), users in spared.items():
            yield f"subnetwork {name} ({region}) is not declared, but stays: it is used by {users}; delete these first"

    def _removals(self, parts: list[Part]) -> Iterator[Change]:
        """Yield what makes room: the ranges that are removed here may be wanted elsewhere."""
        for part in parts:
            if part.ranges.removals:
                yield secondary_ranges.removal(part.subnet, part.ranges.removals, self._google, self._operations)

    def _deletions(self, observed: Observed, parts: list[Part], purged: list[Key]) -> Iterator[Change]:
        """Yield what deletes single subnetworks, each with its rule."""
        going = [part.subnet.key for part in parts if part.subnet.absent and part.is_here]
        for key in (*going, *purged):
            yield subnetworks.deletion(key, self._operations, alone=True)
        kept = {part.subnet.rule for part in parts if part.subnet.needs_rule}
        names = [part.subnet.rule for part in parts if part.loses_rule]
        names += [
            name
            for name in (ingress_rule_name(name) for _region, name in purged)
            if name in observed.rules and ingress.is_ours(observed.rules[name], self._network)
        ]
        for name in dict.fromkeys(names):
            if name not in kept:
                yield ingress.deletion(name, self._operations)

    def _changes(self, part: Part) -> Iterator[Change]:
        """Yield what a subnetwork and its rule need; these are under way together, and awaited at the end."""
        subnet = part.subnet
        if part.found is None:
            yield subnetworks.creation(subnet, self._network, self._operations)
        else:
            yield from subnetworks.updates(subnet, part.found, self._operations)
        if part.ranges.additions:
            yield secondary_ranges.addition(subnet, part.ranges.additions, self._google, self._operations)
        if part.subnet.needs_rule:
            yield from part.rule.changes(self._google, self._operations)

    def _undeclared(self, network: Any | None) -> Iterator[Key]:
        return networks.undeclared(network, {subnet.key for subnet in self._desired.subnetworks})

    def _purged(self, network: Any | None) -> Iterator[Key]:
        """Yield the undeclared subnetworks that are to go, unless they are used."""
        if self._desired.purge_subnetworks:
            yield from (key for key in self._undeclared(network) if not subnetworks.is_of_gke(key[1]))

    def _spared(self, observed: Observed) -> Iterator[tuple[Key, str]]:
        """Yield those of them that are used, and by whom."""
        for region, name in self._purged(observed.network):
            reference = Subnetwork(self._network.project, region, name)
            users = sorted({str(user) for user in observed.range_users if user.subnetwork == reference})
            if users:
                yield (region, name), ", ".join(users)

    def _settle(self, parts: list[Part]) -> None:
        """Wait for what was started, and for what others were faster to start; look at the rules again."""
        self._operations.finish()
        if self._operations.overtaken:
            self._operations.wait_for(
                f"{self._what} has all its parts",
                lambda: list(self._missing(self.observe())),
                lambda missing: not missing,
                lambda missing: f"missing: {', '.join(missing)}",
            )
        for part in parts:
            if part.subnet.needs_rule and not part.rule.is_as_wanted:
                part.rule.hold(self._google, self._operations)

    def _missing(self, observed: Observed) -> Iterator[str]:
        if observed.network is None:
            yield self._what
        for subnet in self._desired.present_subnetworks:
            if subnet.key not in observed.subnetworks:
                yield str(subnet)
            if subnet.allow_multinet and subnet.rule not in observed.rules:
                yield f"firewall rule {subnet.rule}"

    def _is_here(self, thing: Any) -> bool:
        return Network.parse(thing.network, self._google.project) == self._network

    def _before(self, observed: Observed, parts: list[Part], purged: Iterable[Key]) -> State | None:
        """Return what is managed, as it is."""
        if observed.network is None:
            return None
        return {
            **networks.as_is(self._desired, observed.network),
            "subnetworks": [
                *(part.as_is() for part in parts if part.is_here),
                *({"name": name, "region": region} for region, name in purged),
            ],
        }


def _what_is_wrong(part: Part) -> str:
    if part.rule.found is None:
        return f"there is no rule {part.subnet.rule}"
    return f"rule {part.subnet.rule} is disabled, or is not one for ingress from {', '.join(part.subnet.ranges)}"


def _differences(have: State, want: State) -> Iterator[str]:
    """Yield how an existing network differs from its description; the ingress rules are not compared."""
    for key in want.keys() - {"subnetworks"}:
        if have[key] != want[key]:
            yield f"{key} is {have[key]!r}, not {want[key]!r}"
    present = {(each["region"], each["name"]): each for each in have["subnetworks"]}
    wanted = {(each["region"], each["name"]): each for each in want["subnetworks"]}
    for region, name in present.keys() - wanted.keys():
        yield f"subnetwork {name} exists in {region}"
    for (region, name), each in wanted.items():
        found = present.get((region, name))
        if found is None:
            yield f"subnetwork {name} does not exist in {region}"
            continue
        for key in each.keys() - {"allow_multinet"}:
            if found[key] != each[key]:
                yield f"{key} of subnetwork {name} is {found[key]!r}, not {each[key]!r}"
