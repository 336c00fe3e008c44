# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing Kubernetes objects: whether a live object holds what is desired of it.

A live object holds more than was written: status, defaults of the server, what other managers added. So only the
fields that are desired are looked at, and values are compared by what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..cni.multus.quantities import quantity

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


def leftovers(desired: Object, live: Object, names: Collection[str]) -> list[Difference]:
    """Return items of named lists that a live object has and that are to go: they are ours, and not desired any more.

    :param names: of the items that are ours, in whatever list.
    """
    return list(_leftovers("", desired, live, names))


def merged(desired: object, live: object, names: Collection[str]) -> object:
    """Return a live value with what is desired in it, as a merge patch or a replacement wants it.

    Items of named lists come in the desired order, then those of others; of ``names`` only the desired ones stay.
    """
    if isinstance(desired, dict) and isinstance(live, dict):
        inside = {key: _merged_field(key, value, live.get(key), names) for key, value in desired.items()}
        return {**live, **inside}
    return desired


def _merged_field(key: str, desired: object, live: object, names: Collection[str]) -> object:
    if key not in MERGE_KEYS or not isinstance(desired, list) or not isinstance(live, list):
        return merged(desired, live, names)
    field = MERGE_KEYS[key]
    items = {item[field]: item for item in live}
    wanted = {item[field] for item in desired}
    return [
        *(merged(item, items.get(item[field]), names) for item in desired),
        *(item for name, item in items.items() if name not in wanted and name not in names),
    ]


def _leftovers(path: str, desired: object, live: object, names: Collection[str]) -> Iterator[Difference]:
    if not isinstance(desired, dict) or not isinstance(live, dict):
        return
    for key, value in desired.items():
        place, found = f"{path}.{key}" if path else key, live.get(key)
        if key in MERGE_KEYS and isinstance(value, list) and isinstance(found, list):
            field = MERGE_KEYS[key]
            wanted = {item[field] for item in value}
            for item in found:
                if item[field] in names and item[field] not in wanted:
                    yield Difference(f"{place}[{item[field]}]", item, None)
        else:
            yield from _leftovers(place, value, found, names)


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
