# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing Kubernetes objects: whether a live object holds what is desired of it.

A live object holds more than was written: status, defaults of the server, what other managers added. So only the
fields that are desired are looked at, and values are compared by what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..cni.quantities import quantity

Object = dict[str, Any]

# Lists whose items have a name, and the field that holds it; in other lists it is the place that counts.
MERGE_KEYS = {
    "containers": "name",
    "env": "name",
    "initContainers": "name",
    "subjects": "name",
    "versions": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
ORDERED = {"initContainers"}  # named, and run one after the other
QUANTITIES = {"limits", "requests"}


@dataclass(frozen=True)
class Difference:
    """A field that is not as desired."""

    path: str  # "spec.template.spec.containers[whereabouts-gc].image"
    live: object  # None: there is no such field
    desired: object


def drift(desired: Object, live: Object) -> list[Difference]:
    """Return in which fields a live object is not as desired; an empty list: in none."""
    return list(_compare("", desired, live))


def _compare(path: str, desired: object, live: object) -> Iterator[Difference]:
    if isinstance(desired, dict) and isinstance(live, dict):
        for key, value in desired.items():
            yield from _compare_field(f"{path}.{key}" if path else key, key, value, live.get(key))
    elif isinstance(desired, list) and isinstance(live, list) and len(desired) == len(live):
        for index, (wanted, have) in enumerate(zip(desired, live, strict=True)):
            yield from _compare(f"{path}[{index}]", wanted, have)
    elif desired != live:
        yield Difference(path, live, desired)


def _compare_field(path: str, key: str, desired: object, live: object) -> Iterator[Difference]:
    if live is None and desired in ({}, []):
        return  # the API leaves out what is empty
    if key in QUANTITIES and isinstance(desired, dict) and isinstance(live, dict):
        yield from _compare_quantities(path, desired, live)
    elif key in MERGE_KEYS and isinstance(desired, list) and isinstance(live, list):
        yield from _compare_named(path, key, desired, live)
    elif key.endswith(".json") and isinstance(desired, str) and isinstance(live, str):
        yield from _compare_json(path, desired, live)
    else:
        yield from _compare(path, desired, live)


def _compare_quantities(path: str, desired: Object, live: Object) -> Iterator[Difference]:
    for name, amount in desired.items():
        if name not in live or quantity(amount) != quantity(live[name]):
            yield Difference(f"{path}.{name}", live.get(name), amount)


def _compare_named(path: str, key: str, desired: list[Object], live: list[Object]) -> Iterator[Difference]:
    """Compare items by their names; others may be there too."""
    field = MERGE_KEYS[key]
    items = {item[field]: item for item in live}
    for item in desired:
        yield from _compare(f"{path}[{item[field]}]", item, items.get(item[field]))
    wanted = [item[field] for item in desired if item[field] in items]
    have = [name for name in items if name in wanted]
    if key in ORDERED and wanted != have:
        yield Difference(f"{path} (order)", have, wanted)


def _compare_json(path: str, desired: str, live: str) -> Iterator[Difference]:
    """Compare two texts by the JSON value that they hold."""
    try:
        value = json.loads(live)
    except ValueError:
        yield Difference(path, live, desired)
        return
    wanted = json.loads(desired)
    if wanted != value:
        yield Difference(path, value, wanted)
