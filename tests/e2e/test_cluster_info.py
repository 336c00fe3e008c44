# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters are told in words that can be given back to the module that makes them."""

from __future__ import annotations

from typing import Any

from cloud import Cloud

MODULE = "gke_multinet_cluster_info"
SETTINGS = ("version", "release_channel", "network", "subnetwork", "pods_range", "pods_cidr", "services_cidr")


def look(cloud: Cloud, **options: Any) -> list[dict[str, Any]]:
    """Return the clusters that are found, with one request."""
    with cloud.asked() as asked:
        result = cloud.module(MODULE, **options)
    assert not result.get("failed"), result
    assert (result["changed"], asked.writes, len(asked.reads)) == (False, [], 1)
    clusters: list[dict[str, Any]] = result["clusters"]
    return clusters


def test_nothing_is_found_where_nothing_is(cloud: Cloud) -> None:
    assert look(cloud) == []
    assert look(cloud, name="edge", location="us-central1-c") == []


def test_clusters_are_found_by_name_by_location_and_all(cloud: Cloud) -> None:
    for name, location in (("edge", "us-central1-c"), ("edge", "europe-west1"), ("core", "us-central1-c")):
        cloud.module("gke_multinet_cluster", name=name, location=location, default_pool={"node_count": 1}, wait=False)

    def names(**options: str) -> list[str]:
        return [f"{each['location']}/{each['name']}" for each in look(cloud, **options)]

    assert names() == ["europe-west1/edge", "us-central1-c/core", "us-central1-c/edge"]
    assert names(name="edge") == ["europe-west1/edge", "us-central1-c/edge"]
    assert names(location="us-central1-c") == ["us-central1-c/core", "us-central1-c/edge"]
    assert names(name="core", location="us-central1-c") == ["us-central1-c/core"]


def test_what_is_told_can_be_given_back(cloud: Cloud) -> None:
    options = {
        "name": "edge",
        "location": "us-central1-c",
        "version": "1.34",
        "private": {"nodes": True, "endpoint": True},
        "authorized_networks": [{"cidr": "10.0.0.0/8", "name": "inside"}],
        "dns_endpoint": True,
        "labels": {"team": "a"},
        "node_locations": ["us-central1-a", "us-central1-c"],
        "workload_pool": f"{cloud.project}.svc.id.goog",
        "default_pool": {"state": "absent"},
    }
    made = cloud.module("gke_multinet_cluster", **options)
    (told,) = look(cloud, name="edge", location="us-central1-c")
    assert told["status"] == made["status"] == "RUNNING"
    assert told["endpoints"] == made["endpoints"]
    assert told["version"] == made["version"]
    for option in options.keys() - {"version", "private"}:
        assert told[option] == options[option]
    given = {key: value for key, value in told.items() if key in {*options, *SETTINGS} - {"pods_cidr"}}
    given["private"].pop("master_cidr")
    cloud.unchanged("gke_multinet_cluster", **given)
