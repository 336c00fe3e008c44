# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the results of modules to a fleet. What a result does not have is left out; what has another form is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from ..cni.ranges import parse_masked, spelled
from ..errors import Problem, Problems
from ..verify.result import Result, Status
from . import model

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")


def fleet(params: Mapping[str, Any], others: Iterable[Problem] = ()) -> model.Fleet:
    """Return what the module's options tell.

    :param others: what is wrong with the other options.
    :raises InvalidOptions: with these, and with everything that cannot be read.
    """
    problems = Problems()
    problems.extend(others)
    made_at = params["made_at"] or ""
    if made_at and not _TIME.fullmatch(made_at):
        problems.add("made_at", made_at, "is no time like 2026-11-26T20:30:00Z")
    clusters = [_cluster(Entry(each, f"clusters[{i}]", problems)) for i, each in enumerate(params["clusters"])]
    names: set[str] = set()
    for number, cluster in enumerate(clusters):
        if cluster.name in names:
            problems.add(
                f"clusters[{number}].name", cluster.name, "is there twice; give each cluster a name of its own"
            )
        names.add(cluster.name)
    problems.raise_if_any()
    return model.Fleet(params["title"], made_at, tuple(clusters))


class Entry:
    """A dictionary in the options, whose values are taken by type; what has another type is noted."""

    def __init__(self, value: Any, path: str, problems: Problems) -> None:
        self._path, self._problems = path, problems
        self._values = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            problems.add(path, value, "is no dictionary; give what the module returned")

    def text(self, key: str) -> str:
        """Return a text; empty if there is none."""
        return str(self._take(key, str, "text", ""))

    def number(self, key: str) -> int:
        """Return a whole number; 0 if there is none."""
        return int(self._take(key, int, "number", 0))

    def measure(self, key: str) -> float | None:
        """Return a number; None if there is none."""
        value = self._take(key, (int, float), "number", None)
        return None if value is None else float(value)

    def flag(self, key: str) -> bool:
        """Return a boolean; False if there is none."""
        return bool(self._take(key, bool, "boolean", False))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self._take(key, list, "list", [])
        return tuple(self._is(f"{key}[{number}]", each, str, "text", "") for number, each in enumerate(found))

    def entry(self, key: str) -> Entry:
        """Return a dictionary; an empty one if there is none."""
        return Entry(self._values.get(key) or {}, f"{self._path}.{key}", self._problems)

    def values(self, key: str) -> Mapping[str, Any]:
        """Return a dictionary as it is; an empty one if there is none."""
        found: Mapping[str, Any] = self._take(key, Mapping, "dictionary", {})
        return found

    def entries(self, key: str) -> Iterator[Entry]:
        """Yield the dictionaries of a list."""
        for number, each in enumerate(self._take(key, list, "list", [])):
            yield Entry(each, f"{self._path}.{key}[{number}]", self._problems)

    def range(self, key: str) -> str:
        """Return a range as it is usually spelled."""
        return self._spelled(key, lambda text: str(parse_masked(text)), "a range like 172.16.1.0/24")

    def address(self, key: str) -> str:
        """Return an address as it is usually spelled."""
        return self._spelled(key, spelled, "an address like 172.16.1.1")

    def choice(self, key: str, choices: Iterable[str]) -> str:
        """Return a word that is one of several; the first if there is none."""
        known = list(choices)
        word = self.text(key) or known[0]
        if word not in known:
            self._problems.add(f"{self._path}.{key}", word, f"is none of {', '.join(known)}")
        return word

    def _spelled(self, key: str, spell: Any, what: str) -> str:
        text = self.text(key)
        try:
            return str(spell(text)) if text else ""
        except ValueError as error:
            self._problems.add(f"{self._path}.{key}", text, f"{error}; give {what}")
            return ""

    def _take(self, key: str, kind: Any, noun: str, default: Any) -> Any:
        value = self._values.get(key)
        return default if value is None else self._is(key, value, kind, noun, default)

    def _is(self, key: str, value: Any, kind: Any, noun: str, default: Any) -> Any:
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self._problems.extend([Problem(f"{self._path}.{key}", value, f"is no {noun}; give what the module returned")])
        return default


def _cluster(entry: Entry) -> model.Cluster:
    seen, site, verified = entry.entry("cluster"), entry.entry("site"), entry.entry("verification")
    return model.Cluster(
        name=entry.text("name"),
        facts=_facts(seen, site),
        node_pools=tuple(_node_pool(each) for each in entry.entries("node_pools")),
        nodes=tuple(
            _node(each, pool.text("name")) for pool in entry.entries("node_pools") for each in pool.entries("nodes")
        ),
        subnetworks=tuple(
            _subnetwork(each, vpc.entry("vpc")) for vpc in entry.entries("vpcs") for each in vpc.entries("subnetworks")
        ),
        attachments=_attachments(entry, site),
        pools=tuple(_pool(each) for each in entry.entries("pools")),
        pods=tuple(_pod_address(each, pod) for pod in verified.entries("pods") for each in pod.entries("interfaces")),
        paths=tuple(_path(each) for each in verified.entries("matrix")),
        results=tuple(_result(each) for each in verified.entries("results")),
        changes=tuple(
            model.Change(stage.text("stage"), title)
            for stage in entry.entries("drift")
            for title in stage.texts("actions")
        ),
        failures=_failures(entry.entries("errors")),
    )


def _facts(seen: Entry, site: Entry) -> model.Facts:
    return model.Facts(
        project=site.text("project"),
        location=seen.text("location") or site.text("location"),
        cluster=seen.text("name") or site.entry("cluster").text("name"),
        **{
            key: seen.text(key)
            for key in ("status", "version", "release_channel", "network", "subnetwork", "pods_cidr")
        },
    )


def _node_pool(entry: Entry) -> model.NodePool:
    return model.NodePool(*(entry.text(key) for key in ("name", "machine_type", "version", "status")))


def _node(entry: Entry, node_pool: str) -> model.Node:
    interfaces = (
        model.Interface(
            name=each.text("name"),
            vpc=each.text("network"),
            subnetwork=each.text("subnetwork"),
            address=each.text("address"),
            blocks=tuple(
                model.Block(block.range("cidr"), block.text("secondary_range"))
                for block in each.entries("alias_blocks")
            ),
        )
        for each in entry.entries("interfaces")
    )
    return model.Node(entry.text("name"), node_pool, entry.text("zone"), tuple(interfaces))


def _subnetwork(entry: Entry, vpc: Entry) -> model.Subnetwork:
    ranges = (
        model.SecondaryRange(each.text("name"), each.range("ip_cidr_range"))
        for each in entry.entries("secondary_ranges")
    )
    return model.Subnetwork(
        vpc=vpc.text("name"),
        name=entry.text("name"),
        cidr=entry.range("ip_cidr_range"),
        mtu=vpc.number("mtu"),
        secondary_ranges=tuple(ranges),
        ingress_from=entry.texts("ingress_from"),
    )


def _attachments(entry: Entry, site: Entry) -> tuple[model.Attachment, ...]:
    """Return the attachments of the cluster, and what the description has beside them."""
    found = [
        model.Attachment(
            each.text("annotation"),
            each.text("type"),
            each.text("master"),
            tuple(pool.range("range") for pool in each.entries("pools")),
        )
        for each in entry.entries("nads")
    ]
    names = {each.name for each in found}
    for each in site.entries("attachments"):
        name = f"{each.text('namespace')}/{each.text('name')}"
        if name not in names:
            found.append(model.Attachment(name, "", each.text("master"), (each.range("range"),)))
    return tuple(found)


def _pool(entry: Entry) -> model.Pool:
    allocations = (
        model.Allocation(each.address("ip"), each.text("podref"), each.choice("state", model.HELD), each.text("reason"))
        for each in entry.entries("allocations")
    )
    return model.Pool(
        entry.text("name"),
        entry.range("range"),
        entry.address("first"),
        entry.address("last"),
        entry.number("capacity"),
        entry.number("used"),
        tuple(allocations),
    )


def _pod_address(entry: Entry, pod: Entry) -> model.PodAddress:
    return model.PodAddress(
        f"{pod.text('namespace')}/{pod.text('name')}",
        pod.text("node"),
        entry.text("name"),
        entry.text("interface"),
        entry.texts("ips"),
    )


def _path(entry: Entry) -> model.Path:
    return model.Path(
        attachment=entry.text("attachment"),
        source=entry.text("from"),
        source_node=entry.text("from_node"),
        target=entry.text("to"),
        target_node=entry.text("to_node"),
        ip=entry.address("ip"),
        ok=entry.flag("ok"),
        loss=entry.number("loss"),
        rtt_ms=entry.measure("rtt_ms"),
    )


def _result(entry: Entry) -> Result:
    status: Any = entry.choice("status", get_args(Status))
    return Result(
        check=entry.text("check"),
        status=status,
        subject=entry.text("subject"),
        msg=entry.text("msg"),
        remedy=entry.text("remedy"),
        data=entry.values("data"),
    )


def _failures(entries: Iterable[Entry]) -> tuple[model.Failure, ...]:
    """Return what could not be read; what failed for one reason is told once."""
    tasks: dict[str, list[str]] = {}
    for each in entries:
        tasks.setdefault(each.text("msg"), []).append(each.text("task"))
    return tuple(model.Failure(tuple(dict.fromkeys(names)), message) for message, names in tasks.items())
