# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From results of modules to a fleet: what is taken, what may be missing, and what is refused."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import reported
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.report import model, reading

MODULES = pathlib.Path(__file__).resolve().parents[3] / "plugins" / "modules"


def read(*clusters: reported.Description, **more: Any) -> model.Fleet:
    return reading.fleet(reported.params(clusters, **more))


def test_all_of_a_cluster_is_taken() -> None:
    (cluster,) = read(reported.troubled()).clusters
    assert (cluster.name, cluster.facts.location, cluster.facts.project) == ("west", "us-central1-c", "test-project")
    assert [node.interfaces[1].blocks[0].cidr for node in cluster.nodes][:2] == ["172.16.2.0/28", "172.16.2.16/28"]
    assert (len(cluster.pods), len(cluster.paths), len(cluster.changes)) == (22, 88, 4)
    assert cluster.attachments == (model.Attachment("default/my-nad", "ipvlan", "eth1", ("172.16.2.0/24",)),)
    assert {each.state for each in cluster.pools[0].allocations} == set(model.HELD)
    assert cluster.subnetworks[0].secondary_ranges[0].cidr == "172.16.2.0/24"


def test_a_cluster_of_which_nothing_is_known_is_one_too() -> None:
    empty = {key: type(value)() for key, value in reported.cluster().items() if key != "name"}
    (cluster,) = read({**empty, "name": "x"}).clusters
    assert cluster == model.Cluster("x", model.Facts("", "", ""))
    assert cluster.state == "incomplete"


def test_an_attachment_that_is_only_described_is_told_too() -> None:
    found = reported.cluster()
    found["nads"] = []
    (cluster,) = read(found).clusters
    assert [(each.name, each.ranges) for each in cluster.attachments] == [("default/my-nad", ("172.16.1.0/24",))]


def test_what_failed_for_one_reason_is_told_once() -> None:
    (cluster,) = read(reported.unread()).clusters
    assert [each.tasks for each in cluster.failures] == [("Install Multus and Whereabouts", "Look at the attachments")]


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (reported.cluster, "well"),
        (reported.troubled, "failing"),
        (reported.unread, "incomplete"),
        (reported.crowded, "doubtful"),
    ],
)
def test_the_state_is_that_of_the_worst(make: Any, state: str) -> None:
    assert read(make()).clusters[0].state == state


def test_the_worst_comes_first() -> None:
    states = [cluster.state for cluster in read(*reported.mixed()).worst_first()]
    assert states == sorted(states, key=model.STATES.index)
    assert len(set(states)) == 4


def test_findings_of_a_kind_are_one_group() -> None:
    groups = list(read(reported.troubled("a"), reported.troubled("b", 3), reported.cluster("c")).groups())
    assert [(first.check, [(each.name, count) for each, count in clusters]) for first, clusters in groups] == [
        (check, [("a", 1), ("b", 1)]) for check in ("orphans", "ping", "hostport", "token_age")
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    one, two = reported.cluster(), reported.cluster()
    one["pools"][0].update(range="172.16.1.0/33", first="one", capacity="many")
    one["pools"][0]["allocations"][0]["state"] = "dead"
    one["verification"]["results"][0] = "well"
    one["verification"]["matrix"][0]["ok"] = "yes"
    with pytest.raises(InvalidOptions) as failed:
        read(one, two, made_at="yesterday")
    found = {problem.path: problem.message for problem in failed.value.problems}
    assert set(found) == {
        "made_at",
        "clusters[0].pools[0].range",
        "clusters[0].pools[0].first",
        "clusters[0].pools[0].capacity",
        "clusters[0].pools[0].allocations[0].state",
        "clusters[0].verification.results[0]",
        "clusters[0].verification.matrix[0].ok",
        "clusters[1].name",
    }
    assert "is none of live, orphan, unknown, reserved" in found["clusters[0].pools[0].allocations[0].state"]


@pytest.mark.parametrize("value", [True, "3", None])
def test_a_boolean_is_no_number(value: object) -> None:
    found = reported.cluster()
    found["pools"][0]["capacity"] = value
    if value is None:
        assert read(found).clusters[0].pools[0].capacity == 0
        return
    with pytest.raises(InvalidOptions, match="is no number"):
        read(found)


def _keys(value: object, kind: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield kind, key
            yield from _keys(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item, kind)


@pytest.mark.parametrize(
    ("part", "module"),
    [
        ("cluster", "gke_multinet_cluster_info"),
        ("node_pools", "gke_multinet_nodepool_info"),
        ("vpcs", "gke_multinet_vpc_info"),
        ("nads", "nad_info"),
        ("pools", "whereabouts_pool_info"),
        ("verification", "multinet_verify"),
    ],
)
def test_the_fleets_of_the_tests_have_the_shape_that_modules_document(part: str, module: str) -> None:
    text = (MODULES / f"{module}.py").read_text()
    returned = text.partition('RETURN = r"""')[2].partition('"""')[0]
    documented = {key for _kind, key in _keys(yaml.safe_load(returned))}
    used = {key for _kind, key in _keys(copy.deepcopy(reported.troubled()[part]))}
    assert used <= documented
