# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification is asked to look at, out of the module's options."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..cni.annotations import is_interface_name, parse_selection
from ..cni.ranges import IPNetwork, check_cidr
from ..cni.texts import texts
from ..errors import Problems
from .junit import check_path
from .packets import Probing

KEYS = ("name", "namespace", "master", "range", "node_pools", "firewall_rule")

# What can be asked, in the order of the answers; documented with the module's option checks.
API_CHECKS = (
    *("daemonset_ready", "components", "image_pair", "crd_schema", "token_age", "gc_recent"),
    *("unparsable_pools", "capacity", "orphans", "node_ready", "node_has_master", "annotation_valid", "isolation"),
    *("gke_native_conflict", "misplaced", "hostport", "pod", "nad_valid", "network_status", "ip_in_range"),
    *("ip_in_pool", "duplicates", "mac_equals_nic", "alias_block", "expect"),
)
INSIDE = "inside"  # commands are run in the user's pods
CONNECTIVITY = "connectivity"  # packets are sent
# Pods of our own look at the nodes; token_age asks them, too.
NODE_CHECKS = ("config_first_file", "cluster_network_file", "ipvlan_binary")
CHECKS = (*API_CHECKS, *NODE_CHECKS, INSIDE, CONNECTIVITY)


@dataclass(frozen=True)
class Target:
    """An attachment to verify, and what is expected of it; empty: whatever it says itself."""

    name: str
    namespace: str
    master: str = ""
    range: IPNetwork | None = None
    node_pools: tuple[str, ...] = ()  # that carry its network
    firewall_rule: str = ""  # that lets its packets cross nodes

    @property
    def ref(self) -> str:
        """Return "namespace/name"."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Choice:
    """Pods that must run: one by name, those that a label selector finds, or all of a namespace with attachments."""

    namespace: str
    name: str = ""
    label_selector: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"{self.namespace}/{self.name}"
        return f"{self.namespace} ({self.label_selector or 'all with attachments'})"


@dataclass(frozen=True)
class Expectation:
    """What pods are expected to have of an attachment; None or empty: anything."""

    nad: str  # "namespace/name"
    interface: str = ""
    ip_in: IPNetwork | None = None
    count: int | None = None  # pods that have it
    mac_is_nic: bool = False
    mtu: int | None = None


@dataclass(frozen=True)
class Request:
    """All that a verification is asked."""

    targets: tuple[Target, ...] | None  # None: every IPVLAN attachment that pods use
    pods: tuple[Choice, ...]  # that must run with all their interfaces
    namespaces: tuple[str, ...]  # of the pods that are looked at; empty: all
    expectations: tuple[Expectation, ...]
    checks: frozenset[str]
    look_inside: bool  # into every pod, not only into those of which the API raises a doubt
    inspect_nodes: bool
    probe: bool
    probe_image: str
    probe_namespace: str | None  # None: that of the attachment
    node_selector: dict[str, str]
    probing: Probing  # which packets
    wait_timeout: int  # seconds, for the probe pods
    repair: tuple[str, ...]  # what is to be put right
    confirm_after: int  # seconds between the two looks that make an orphan
    junit_path: str | None  # file for the results
    looks: int  # how often to look at most, until nothing is found
    delay: int  # seconds between two looks

    @classmethod
    def of(cls, params: dict[str, Any]) -> Request:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        targets = _targets(problems, params["attachments"])
        pods = tuple(_choice(problems, f"pods[{i}]", item) for i, item in enumerate(params["pods"] or ()))
        expectations = [_expectation(problems, f"expect[{i}]", item) for i, item in enumerate(params["expect"] or ())]
        checks = _checks(problems, params["checks"])
        probing = Probing.of(params, problems)
        check_path(params["junit_path"], problems)
        if params["confirm_after"] < 0:
            problems.add("confirm_after", params["confirm_after"], "must not be negative")
        for option in ("wait_timeout", "retries", "delay"):
            if params[option] < 1:
                problems.add(option, params[option], "must be at least 1")
        _check_inspection(problems, params)
        problems.raise_if_any()
        return cls(
            targets=targets,
            pods=tuple(dict.fromkeys(pods)),
            namespaces=tuple(params["namespaces"] or ()),
            expectations=tuple(found for found in expectations if found),
            checks=checks,
            look_inside=INSIDE in (params["checks"] or ()),
            inspect_nodes=params["inspect_nodes"],
            probe=params["probe"],
            probe_image=params["probe_image"],
            probe_namespace=params["probe_namespace"],
            node_selector=texts(params["node_selector"]) or {},
            probing=probing,
            wait_timeout=params["wait_timeout"],
            repair=tuple(params["repair"] or ()),
            confirm_after=params["confirm_after"],
            junit_path=params["junit_path"],
            looks=1 + params["retries"] if params["wait"] else 1,
            delay=params["delay"],
        )

    @property
    def pings(self) -> bool:
        """Tell whether packets are to be sent."""
        return self.probe and CONNECTIVITY in self.checks


def _checks(problems: Problems, given: Collection[str] | None) -> frozenset[str]:
    for index, name in enumerate(given or ()):
        if name not in CHECKS:
            near = difflib.get_close_matches(name, CHECKS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.add(f"checks[{index}]", name, f"is no check; there are {', '.join(CHECKS)}{hint}")
    return frozenset(CHECKS if given is None else given)


def _check_inspection(problems: Problems, params: dict[str, Any]) -> None:
    """Note checks that were asked for by name, and need what is switched off."""
    needs = dict.fromkeys(NODE_CHECKS, "inspect_nodes") | {INSIDE: "probe", CONNECTIVITY: "probe"}
    for index, name in enumerate(params["checks"] or ()):
        option = needs.get(name)
        if option and not params[option]:
            problems.add(f"checks[{index}]", name, f"needs {option}")


def _choice(problems: Problems, path: str, item: dict[str, Any]) -> Choice:
    if item["name"] and item["label_selector"]:
        problems.add(path, item, "has both name and label_selector")
    return Choice(item["namespace"], item["name"] or "", item["label_selector"] or "")


def _expectation(problems: Problems, path: str, item: dict[str, Any]) -> Expectation | None:
    if item["interface"] and not is_interface_name(item["interface"]):
        text = "is not an interface name: 1 to 15 characters without / and spaces"
        problems.add(f"{path}.interface", item["interface"], text)
    if item["count"] is not None and item["count"] < 0:
        problems.add(f"{path}.count", item["count"], "must not be negative")
    if item["mtu"] is not None and not 68 <= item["mtu"] <= 65535:
        problems.add(f"{path}.mtu", item["mtu"], "must be between 68 and 65535")
    try:
        selection = parse_selection(item["nad"], "default")
    except ValueError as error:
        problems.add(f"{path}.nad", item["nad"], str(error))
        return None
    if not selection.name:
        problems.add(f"{path}.nad", item["nad"], "has no name of an attachment")
    return Expectation(
        nad=selection.attachment,
        interface=item["interface"] or "",
        ip_in=check_cidr(problems, f"{path}.ip_in", item["ip_in"]) if item["ip_in"] else None,
        count=item["count"],
        mac_is_nic=item["mac_is_nic"],
        mtu=item["mtu"],
    )


def _targets(problems: Problems, given: list[Any] | None) -> tuple[Target, ...] | None:
    if given is None:
        return None
    found = [_target(problems, f"attachments[{index}]", item) for index, item in enumerate(given)]
    return tuple({target.ref: target for target in found if target}.values())


def _target(problems: Problems, path: str, item: Any) -> Target | None:
    entry = item if isinstance(item, dict) else {"name": str(item)}
    unknown = sorted(set(entry) - set(KEYS))
    if unknown:
        problems.add(path, unknown, f"are no keys of an attachment; it has {', '.join(KEYS)}")
    try:
        selection = parse_selection(str(entry.get("name") or ""), entry.get("namespace") or "default")
    except ValueError as error:
        problems.add(path, item, str(error))
        return None
    if not selection.name:
        problems.add(path, item, "has no name of an attachment")
    text = entry.get("range")
    return Target(
        name=selection.name,
        namespace=selection.namespace,
        master=entry.get("master") or "",
        range=check_cidr(problems, f"{path}.range", text) if text else None,
        node_pools=tuple(entry.get("node_pools") or ()),
        firewall_rule=entry.get("firewall_rule") or "",
    )
