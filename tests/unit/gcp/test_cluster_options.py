# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_cluster refuses before it asks anybody."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_options import Desired
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_cluster import SPEC


def desired(**options: Any) -> Desired:
    options = {"name": "edge", "location": "us-central1-c", **options}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def problems(**options: Any) -> dict[str, str]:
    """Return path and message of each problem."""
    with pytest.raises(InvalidOptions) as caught:
        desired(**options)
    return {problem.path: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        ({"name": "Edge"}, "name", "lower case letter"),
        ({"name": "e" * 41}, "name", "longer than 40"),
        ({"location": "nowhere"}, "location", "neither a region"),
        ({"version": "1.20"}, "version", "1.28 or later"),
        ({"version": "new"}, "version", "is not a version"),
        ({"network": "a_b"}, "network", "neither a network's name"),
        ({"subnetwork": "a_b"}, "subnetwork", "neither a subnetwork's name"),
        ({"subnetwork": "projects/h/regions/us-east1/subnetworks/s"}, "subnetwork", "is not in us-central1"),
        ({"pods_range": "Pods"}, "pods_range", "lower case letter"),
        ({"pods_range": "pods", "pods_cidr": "10.4.0.0/14"}, "pods_cidr", "leave one of them out"),
        ({"services_range": "s", "services_cidr": "10.4.0.0/20"}, "services_cidr", "leave one of them out"),
        ({"pods_cidr": "10.4.0.1/14"}, "pods_cidr", "host bits set; write 10.4.0.0/14"),
        ({"pods_cidr": "fd00::/64"}, "pods_cidr", "must be an IPv4 range"),
        ({"services_cidr": "10.4.0.0/30"}, "services_cidr", "prefix length between 8 and 29"),
        ({"pods_cidr": "10.4.0.0/14", "services_cidr": "10.5.0.0/20"}, "services_cidr", "overlaps with pods_cidr"),
        ({"private": {"nodes": True, "master_cidr": "172.16.0.0/24"}}, "private.master_cidr", "must be a /28"),
        ({"private": {"master_cidr": "172.16.0.0/28"}}, "private.master_cidr", "needs private.nodes=true"),
        ({"private": {"nodes": False, "master_cidr": "172.16.0.0/28"}}, "private.master_cidr", "needs private.nodes"),
        ({"dataplane_v2": False}, "dataplane_v2", "needs Dataplane V2"),
        ({"default_max_pods_per_node": 7}, "default_max_pods_per_node", "between 8 and 256"),
        ({"default_pool": {"node_count": 0}}, "default_pool.node_count", "at least 1"),
        ({"node_locations": []}, "node_locations", "names no zone"),
        ({"node_locations": ["us-central1-a"]}, "node_locations", "the cluster's own zone us-central1-c"),
        ({"node_locations": ["us-central1-c", "us-east1-b"]}, "node_locations[1]", "is not a zone of us-central1"),
        ({"location": "us-central1", "node_locations": ["us-central1"]}, "node_locations[0]", "is not a zone"),
        ({"authorized_networks": [{"cidr": "10.0.0.1/8"}]}, "authorized_networks[0].cidr", "write 10.0.0.0/8"),
        ({"authorized_networks": [{"cidr": "10.0.0.0/8"}] * 2}, "authorized_networks[1].cidr", "is given twice"),
        ({"endpoint_kind": "dns", "dns_endpoint": False}, "endpoint_kind", "needs dns_endpoint=true"),
        ({"endpoint_kind": "public", "private": {"endpoint": True}}, "endpoint_kind", "take private or dns"),
        ({"labels": {"Team": "a"}}, "labels.Team", "must start with a lower case letter"),
        ({"labels": {"team": "A B"}}, "labels.team", "may contain only"),
        ({"labels": {"team": True}}, "labels.team", "may contain only"),
        ({"workload_pool": "p"}, "workload_pool", "PROJECT.svc.id.goog"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], path: str, message: str) -> None:
    assert message in problems(**options)[path]


@pytest.mark.parametrize(
    "options",
    [
        {"node_locations": ["us-central1-a", "us-central1-c"]},
        {"location": "us-central1", "node_locations": ["us-central1-a"]},
        {"private": {"nodes": True, "master_cidr": "172.16.0.0/28"}, "pods_cidr": "10.4.0.0/14"},
        {"authorized_networks": []},
        {"authorized_networks": [{"cidr": "0.0.0.0/0"}]},
        {"labels": {"größe": "größer", "a_b-1": "", "n": 1}},
        {"workload_pool": "example.com:p.svc.id.goog"},
        {"endpoint_kind": "dns"},
        {"dataplane_v2": False, "multi_networking": False},
        {"version": "latest"},
    ],
)
def test_what_can_be_is_taken(options: dict[str, Any]) -> None:
    desired(**options)


def test_all_problems_are_named_at_once() -> None:
    assert list(
        problems(
            name="Edge",
            location="nowhere",
            version="1.20",
            network="a_b",
            subnetwork="a_b",
            pods_range="p",
            pods_cidr="x",
            dataplane_v2=False,
            default_max_pods_per_node=5,
            default_pool={"node_count": 0},
            authorized_networks=[{"cidr": "x"}],
            labels={"A": "B"},
            workload_pool="p",
        )
    ) == [
        "name",
        "location",
        "version",
        "network",
        "subnetwork",
        "pods_cidr",
        "dataplane_v2",
        "default_max_pods_per_node",
        "default_pool.node_count",
        "authorized_networks[0].cidr",
        "labels.A",
        "workload_pool",
    ]


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (None, (3, True)),
        ({"node_count": 2}, (2, True)),
        ({"state": "absent"}, (1, False)),
        ({"state": "absent", "node_count": 2}, (2, False)),
    ],
)
def test_a_default_pool_that_goes_at_once_is_made_small(
    pool: dict[str, Any] | None, expected: tuple[int, bool]
) -> None:
    wanted = desired(default_pool=pool)
    assert (wanted.initial_count, wanted.keeps_default_pool) == expected
