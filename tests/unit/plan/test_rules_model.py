# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of ranges against a model that counts addresses one by one, and that no problem hides another."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from the_guide import SECOND, Edit, of, options, put

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.plan import rules

# So near to each other that they often share addresses, and small enough to count them.
NEAR = st.builds(
    lambda first, prefix: IPv4Network((0x0A000000 + first, prefix), strict=False),
    st.integers(0, 127),
    st.integers(27, 29),
)
PATH = r"\w+: multinet_networks\[\d\]\.(?:node_range|pod_ranges\[0\]\.range)"
PUT = {
    "project": "",
    "location": "mars",
    "cluster.name": "Edge",
    "cluster.version": "1.27",
    "cluster.node_locations": ["europe-west4-a"],
    "networks.0.node_range": "10.0.1.5/24",
    "networks.0.mtu": 9000,
    "networks.0.subnetwork": "s" * 49,
    "networks.0.pod_ranges.0.max_pods_per_node": 7,
    "networks.0.pod_ranges.0.range": "172.16.1.0/30",
    "networks.0.pod_ranges.0.namespace": "Team_A",
    "nodepools.0.node_count": -3,
    "nodepools.0.disk_size_gb": 5,
    "nodepools.0.networks": ["my-vpc", "other"],
    "pods.0.attachments": ["other"],
}

DEPENDENT = {("location", "cluster.node_locations")}  # which zones are right, nobody knows without a region


def problems(*descriptions: dict[str, Any]) -> set[tuple[str, str]]:
    """Return path and message of everything that is refused."""
    found = Problems()
    rules.check(found, [of(description) for description in descriptions])
    return {(problem.path, problem.message) for problem in found}


def network(vpc: str, subnetwork: str, nodes: IPv4Network, pods: IPv4Network) -> dict[str, Any]:
    pod_range = {"name": f"pods-of-{subnetwork}", "range": str(pods), "attachment": f"nad-{subnetwork}"}
    return {"vpc": vpc, "subnetwork": subnetwork, "node_range": str(nodes), "pod_ranges": [pod_range]}


@given(st.tuples(*[NEAR] * 6))
def test_ranges_are_refused_that_share_an_address_where_they_must_not(ranges: tuple[IPv4Network, ...]) -> None:
    edge = options(
        put("networks", value=[network("a", "s1", *ranges[0:2]), network("b", "s2", *ranges[2:4])]),
        put("pods", value=[]),
    )
    other = options(
        put("host", value="other"),
        put("cluster", "name", value="other"),
        put("networks", value=[network("a", "s3", *ranges[4:6])]),
        put("pods", value=[]),
    )
    kinds = ("node_range", "pod_ranges[0].range")
    places = [("edge", 0, "a"), ("edge", 1, "b"), ("other", 0, "a")]
    declared = [
        (host, vpc, kind, f"{host}: multinet_networks[{index}].{kind}") for host, index, vpc in places for kind in kinds
    ]
    expected = {
        frozenset((one[3], another[3]))
        for (one, first), (another, second) in combinations(zip(declared, ranges, strict=True), 2)
        if set(first) & set(second)
        # In one VPC, or in one cluster: what pods or what nodes have, who have all networks.
        and (one[1] == another[1] or (one[0] == another[0] and one[2] == another[2]))
    }
    found = {
        frozenset((path, other_path))
        for path, message in problems(edge, other)
        for other_path in re.findall(rf"^overlaps ({PATH}) ", message)
    }
    assert found == expected


def edit(name: str) -> Edit:
    """Return the edit that makes one thing wrong."""
    return put(*(int(key) if key.isdecimal() else key for key in name.split(".")), value=PUT[name])


@pytest.mark.parametrize("name", PUT)
def test_each_alone_is_refused(name: str) -> None:
    assert problems(options(edit(name)))


@pytest.mark.parametrize(("one", "another"), sorted({*combinations(PUT, 2)} - DEPENDENT))
def test_no_problem_hides_another(one: str, another: str) -> None:
    """Whoever mends one thing must not learn then that there is another."""
    alone = {path for name in (one, another) for path, _message in problems(options(edit(name)))}
    together = {path for path, _message in problems(options(edit(one), edit(another)))}
    assert alone <= together


def test_a_problem_of_one_cluster_hides_none_of_another() -> None:
    second = options(put("host", value="other"), put("cluster", "name", value="Other"), put("networks", value=[SECOND]))
    both = problems(options(edit("cluster.name")), second)
    assert {"edge: multinet_cluster.name", "other: multinet_cluster.name"} <= {path for path, _message in both}
