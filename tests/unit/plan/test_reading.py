# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no description at all: unknown keys, missing ones, values of another type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from the_guide import SECOND, Edit, options, put

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.plan import schema
from ansible_collections.multinet.gke.plugins.module_utils.plan.description import read
from ansible_collections.multinet.gke.plugins.module_utils.plan.reading import WORDS


def problems(given: dict[str, Any]) -> list[tuple[str, str]]:
    """Return path and message of everything that is refused."""
    found = Problems()
    read(found, given["host"], {key: value for key, value in given.items() if key != "host"})
    return [(problem.path.removeprefix("edge: multinet_"), problem.message) for problem in found]


@pytest.mark.parametrize(
    ("edits", "path", "message"),
    [
        ([put("cluster", "verison", value="1.34")], "cluster.verison", "is not known here; did you mean version?"),
        (
            [put("nodepools", 0, "nodecount", value=3)],
            "nodepools[0].nodecount",
            "is not known here; did you mean node_count?",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "xyz", value=3)],
            "networks[0].pod_ranges[0].xyz",
            "is not known here; known are name, range, max_pods_per_node, attachment, namespace",
        ),
        (
            [put("networks", 0, "purge_secondary_ranges", value=True)],
            "networks[0].purge_secondary_ranges",
            "is not known here; known are",
        ),
        ([put("cluster", value=None)], "cluster", "is missing"),
        ([put("cluster", value="edge")], "cluster", "must be a mapping (KEY: VALUE)"),
        ([put("networks", value="my-vpc")], "networks", "must be a list"),
        ([put("networks", 0, value="my-vpc")], "networks[0]", "must be a mapping (KEY: VALUE)"),
        ([put("nodepools", 0, "networks", value="my-vpc")], "nodepools[0].networks", "must be a list"),
        ([put("nodepools", 0, "networks", value=[["my-vpc"]])], "nodepools[0].networks[0]", "must be a text"),
        (
            [put("cluster", "version", value=1.3)],
            "cluster.version",
            "is a number to YAML, which drops zeros (1.30 becomes 1.3); put it in quotes",
        ),
        ([put("cluster", "name", value=True)], "cluster.name", "must be a text"),
        ([put("cluster", "labels", value="edge")], "cluster.labels", "must be a mapping (KEY: VALUE)"),
        ([put("nodepools", 0, "node_count", value={"max": 2})], "nodepools[0].node_count", "must be a whole number"),
        ([put("nodepools", 0, "node_count", value="two")], "nodepools[0].node_count", "must be a whole number"),
        ([put("nodepools", 0, "node_count", value=True)], "nodepools[0].node_count", "must be a whole number"),
        ([put("nodepools", 0, "spot", value="perhaps")], "nodepools[0].spot", "must be true or false"),
        (
            [put("cluster", "release_channel", value="FAST")],
            "cluster.release_channel",
            "must be one of RAPID, REGULAR, STABLE, EXTENDED, UNSPECIFIED",
        ),
    ],
)
def test_one_mistake_is_one_problem(edits: list[Edit], path: str, message: str) -> None:
    ((where, what),) = problems(options(*edits))
    assert where == path
    assert what.startswith(message)


@pytest.mark.parametrize(
    "path",
    [
        ("location",),
        ("cluster", "name"),
        *(("networks", 0, key) for key in ("vpc", "subnetwork", "node_range")),
        *(("networks", 0, "pod_ranges", 0, key) for key in ("name", "range", "attachment")),
        ("nodepools", 0, "name"),
        *(("pods", 0, key) for key in ("name", "image")),
    ],
)
def test_what_must_be_said_is_missed(path: tuple[Any, ...]) -> None:
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
    assert problems(options(put(*path, value=None))) == [(where, "is missing")]


def test_all_mistakes_are_named_at_once() -> None:
    found = problems(
        options(
            lambda d: d.update(cluster={"nmae": "edge"}),
            lambda d: d["networks"].append({**SECOND, "node_rang": "10.0.2.0/24"}),
            put("nodepools", 0, "node_count", value="two"),
        )
    )
    assert [path for path, _ in found] == [
        "cluster.nmae",
        "cluster.name",
        "networks[1].node_rang",
        "nodepools[0].node_count",
    ]


def test_texts_that_templates_make_are_converted() -> None:
    found = Problems()
    given = options(put("nodepools", 0, "node_count", value="2"), put("nodepools", 0, "spot", value="yes"))
    description = read(found, "edge", {key: value for key, value in given.items() if key != "host"})
    assert description
    assert (description.nodepools[0].options["node_count"], description.nodepools[0].options["spot"]) == (2, True)


def test_an_empty_text_is_a_value_where_texts_are() -> None:
    found = Problems()
    given = options(put("nodepools", 0, "node_count", value=""), put("pods", 0, "namespace", value=""))
    description = read(found, "edge", {key: value for key, value in given.items() if key != "host"})
    assert description
    assert (description.nodepools[0].options["node_count"], description.pods[0].namespace) == (None, "")


def types(spec: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the types of a schema and of all its parts."""
    for option in spec.values():
        yield option["type"]
        yield option.get("elements", option["type"])
        yield from types(option.get("options", {}))


def test_every_type_of_the_modules_can_be_read() -> None:
    assert set(types(schema.DESCRIPTION)) <= set(WORDS)
