# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification is asked to look at, out of the module's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cni.annotations import parse_selection
from ..cni.ranges import IPNetwork, check_cidr
from ..cni.texts import texts
from ..errors import Problems
from .junit import check_path
from .packets import Probing

KEYS = ("name", "namespace", "master", "range", "node_pools", "firewall_rule")


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
class Request:
    """All that a verification is asked."""

    targets: tuple[Target, ...] | None  # None: every IPVLAN attachment that pods use
    pods: tuple[str, ...]  # "namespace/name" of those that must run with all their interfaces
    namespaces: tuple[str, ...]  # of the pods that are looked at; empty: all
    probe: bool
    probe_image: str
    probe_namespace: str | None  # None: that of the attachment
    node_selector: dict[str, str]
    probing: Probing  # which packets
    wait_timeout: int  # seconds, for the probe pods
    repair: tuple[str, ...]  # what is to be put right
    confirm_after: int  # seconds between the two looks that make an orphan
    junit_path: str | None  # file for the results

    @classmethod
    def of(cls, params: dict[str, Any]) -> Request:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        targets = _targets(problems, params["attachments"])
        probing = Probing.of(params, problems)
        if params["wait_timeout"] < 1:
            problems.add("wait_timeout", params["wait_timeout"], "must be at least 1")
        if params["confirm_after"] < 0:
            problems.add("confirm_after", params["confirm_after"], "must not be negative")
        check_path(params["junit_path"], problems)
        problems.raise_if_any()
        return cls(
            targets=targets,
            pods=tuple(dict.fromkeys(f"{pod['namespace']}/{pod['name']}" for pod in params["pods"] or ())),
            namespaces=tuple(params["namespaces"] or ()),
            probe=params["probe"],
            probe_image=params["probe_image"],
            probe_namespace=params["probe_namespace"],
            node_selector=texts(params["node_selector"]) or {},
            probing=probing,
            wait_timeout=params["wait_timeout"],
            repair=tuple(params["repair"] or ()),
            confirm_after=params["confirm_after"],
            junit_path=params["junit_path"],
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
