# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a cluster: all settings, what is documented, and no secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils import gke_options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_info import report, summary
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_cluster_info import RETURN

SECRETS = {"client_key": "KEY", "client_certificate": "CERT", "password": "PASSWORD", "username": "USER"}


def cluster(name: str = "edge", location: str = "us-central1-c", **fields: Any) -> container_v1.Cluster:
    return container_v1.Cluster(
        {
            "name": name,
            "location": location,
            "status": "DEGRADED",
            "conditions": [{"code": "GCE_STOCKOUT", "message": "1 node is missing"}],
            "endpoint": "203.0.113.5",
            "master_auth": {"cluster_ca_certificate": "LS0t", **SECRETS},
            "network": "default",
            "subnetwork": "default",
            "ip_allocation_policy": {"cluster_secondary_range_name": "pods"},
            "node_pools": [
                {
                    "name": "multinet",
                    "status": "RUNNING",
                    "initial_node_count": 2,
                    "network_config": {
                        "additional_node_network_configs": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
                        "additional_pod_network_configs": [{"subnetwork": "my-subnet", "secondary_pod_range": "extra"}],
                    },
                }
            ],
            **fields,
        }
    )


def test_all_settings_are_told_in_the_words_of_the_options() -> None:
    assert gke_options.CLUSTER.keys() - {"deletion_protection"} <= summary(cluster(), "p").keys()


def test_what_is_told_is_documented() -> None:
    (clusters,) = yaml.safe_load(RETURN).values()
    assert summary(cluster(), "p").keys() == clusters["contains"].keys()
    (pool,) = summary(cluster(), "p")["node_pools"]
    assert pool.keys() == clusters["contains"]["node_pools"]["sample"][0].keys()
    for sample, told in zip(clusters["contains"]["ranges"]["sample"], summary(cluster(), "p")["ranges"], strict=False):
        assert sample.keys() == told.keys()


def test_no_secret_is_told() -> None:
    assert not any(secret in str(summary(cluster(), "p")) for secret in SECRETS.values())


def test_it_is_said_who_uses_which_range() -> None:
    own, extra = "projects/p/regions/us-central1/subnetworks/default", "projects/p/regions/us-central1/subnetworks/"
    users = [tuple(each.values()) for each in summary(cluster(), "p")["ranges"]]
    assert users == [
        (own, None, "nodes", None),
        (own, "pods", "pods", None),
        (f"{extra}my-subnet", None, "nodes", "multinet"),
        (f"{extra}my-subnet", "extra", "additional pods", "multinet"),
    ]


def test_it_is_said_what_google_says_of_the_state() -> None:
    told = summary(cluster(), "p")
    assert told["status"] == "DEGRADED"
    assert told["conditions"] == [{"code": "GCE_STOCKOUT", "message": "1 node is missing"}]


class Google:
    """Clusters to be found."""

    project = "p"
    container = SimpleNamespace(list_clusters=None)

    def __init__(self, *clusters: container_v1.Cluster, missing: tuple[str, ...] = ()) -> None:
        self.asked: list[str] = []
        self._answer = container_v1.ListClustersResponse({"clusters": clusters, "missing_zones": missing})

    def find_cluster(self, location: str, name: str) -> container_v1.Cluster | None:
        self.asked.append(f"{location}/{name}")
        found = (each for each in self._answer.clusters if (each.location, each.name) == (location, name))
        return next(found, None)

    def read(self, what: str, method: object, request: dict[str, str]) -> container_v1.ListClustersResponse:
        self.asked.append(request["parent"])
        return self._answer


A, B, C = cluster("a", "us-west1-a"), cluster("b", "us-central1"), cluster("a", "us-central1")


@pytest.mark.parametrize(
    ("name", "location", "asked", "expected"),
    [
        (None, None, "projects/p/locations/-", ["us-central1/a", "us-central1/b", "us-west1-a/a"]),
        ("a", None, "projects/p/locations/-", ["us-central1/a", "us-west1-a/a"]),
        ("b", "us-central1", "us-central1/b", ["us-central1/b"]),
        ("x", "us-central1", "us-central1/x", []),
        ("x", None, "projects/p/locations/-", []),
    ],
)
def test_one_request_finds_what_is_asked_for(
    name: str | None, location: str | None, asked: str, expected: list[str]
) -> None:
    google: Any = Google(A, B, C)
    found = report(google, name, location, pytest.fail)["clusters"]
    assert [f"{each['location']}/{each['name']}" for each in found] == expected
    assert google.asked == [asked]


def test_it_is_said_where_google_could_not_look() -> None:
    warnings: list[str] = []
    google: Any = Google(A, missing=("us-central1-b",))
    report(google, None, None, warnings.append)
    assert warnings == ["Google could not look everywhere; clusters may be missing of us-central1-b"]
