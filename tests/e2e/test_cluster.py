# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a cluster, option by option: changed in place, refused with the remedy, or left alone."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud

MODULE = "gke_multinet_cluster"
PLACE = {"name": "edge", "location": "us-central1-c"}
PATH = "locations/us-central1-c/clusters/edge"
OPEN = {"default_pool": {"node_count": 1}}


def make(cloud: Cloud, **options: Any) -> dict[str, Any]:
    """Make a cluster, and return what the module does."""
    result = cloud.module(MODULE, **PLACE, **OPEN, **options)
    assert not result.get("failed"), result
    return result


def found(cloud: Cloud) -> dict[str, Any]:
    """Return the cluster as Kubernetes Engine shows it."""
    cluster: dict[str, Any] = cloud.container("GET", PATH)
    return cluster


def changed(cloud: Cloud, **options: Any) -> dict[str, Any]:
    """Change the cluster; return the result, after looking at check mode, diff and second run."""
    return cloud.converge(MODULE, **PLACE, **options)


def diff_of(result: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by option: (before, after)."""
    before, after = result["diff"]["before"], result["diff"]["after"]
    return {key: (before.get(key), after[key]) for key in after if before.get(key) != after[key]}


def test_a_cluster_is_made_once(cloud: Cloud) -> None:
    result = cloud.converge(MODULE, **PLACE, version="1.34", **OPEN)
    assert result["actions"] == ["create cluster edge in us-central1-c"]
    assert (result["status"], result["pending"]) == ("RUNNING", False)
    cluster = found(cloud)
    assert result["version"] == cluster["currentMasterVersion"]
    assert result["endpoint"] == cluster["endpoint"]
    assert result["ca_data"] == cluster["masterAuth"]["clusterCaCertificate"]


def test_a_cluster_with_everything_is_made_once(cloud: Cloud) -> None:
    make_network(cloud)
    result = cloud.converge(
        MODULE,
        name="edge",
        location="us-central1",
        description="for tests",
        version="1.34",
        release_channel="RAPID",
        network="own",
        subnetwork="own-nodes",
        pods_range="own-pods",
        services_cidr="10.201.0.0/20",
        default_max_pods_per_node=32,
        node_locations=["us-central1-b", "us-central1-a"],
        private={"nodes": True, "endpoint": True, "master_cidr": "172.30.0.0/28"},
        authorized_networks=[{"cidr": "10.0.0.0/8", "name": "inside"}, {"cidr": "192.168.0.0/16"}],
        dns_endpoint=True,
        endpoint_kind="dns",
        labels={"team": "a", "count": 1},
        workload_pool=f"{cloud.project}.svc.id.goog",
        default_pool={"state": "absent"},
    )
    assert result["actions"] == [
        "create cluster edge in us-central1",
        "delete node pool default-pool of cluster edge",
    ]
    cluster = cloud.container("GET", "locations/us-central1/clusters/edge")
    assert "nodePools" not in cluster
    assert set(cluster["locations"]) == {"us-central1-a", "us-central1-b"}
    assert cluster["resourceLabels"] == {"team": "a", "count": "1"}
    assert cluster["networkConfig"]["defaultEnablePrivateNodes"] is True
    assert cluster["privateClusterConfig"]["masterIpv4CidrBlock"] == "172.30.0.0/28"
    assert cluster["masterAuthorizedNetworksConfig"]["cidrBlocks"] == [
        {"cidrBlock": "10.0.0.0/8", "displayName": "inside"},
        {"cidrBlock": "192.168.0.0/16"},
    ]
    assert result["endpoint"] == cluster["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"]
    assert result["ca_data"] == ""
    assert result["endpoints"]["public"] == ""
    assert result["endpoints"]["private"] == cluster["privateClusterConfig"]["privateEndpoint"]


def make_network(cloud: Cloud) -> None:
    """Make a network with a subnetwork and a range for pods."""
    subnetwork = {
        "name": "own-nodes",
        "region": "us-central1",
        "ip_cidr_range": "10.200.0.0/24",
        "secondary_ranges": [{"name": "own-pods", "ip_cidr_range": "10.210.0.0/16"}],
    }
    result = cloud.module("gke_multinet_vpc", name="own", subnetworks=[subnetwork])
    assert not result.get("failed"), result


@pytest.mark.parametrize(
    ("before", "options", "titles", "difference"),
    [
        (
            {"release_channel": "REGULAR"},
            {"release_channel": "RAPID"},
            ["set release_channel of cluster edge to RAPID"],
            {"release_channel": ("REGULAR", "RAPID")},
        ),
        (
            {"multi_networking": False},
            {"multi_networking": True},
            ["set multi_networking of cluster edge to true"],
            {"multi_networking": (False, True)},
        ),
        (
            {},
            {"multi_networking": False},
            ["set multi_networking of cluster edge to false"],
            {"multi_networking": (True, False)},
        ),
        (
            {},
            {"authorized_networks": [{"cidr": "10.0.0.0/8", "name": "inside"}]},
            ["set authorized_networks of cluster edge to cidr=10.0.0.0/8, name=inside"],
            {"authorized_networks": (None, [{"cidr": "10.0.0.0/8", "name": "inside"}])},
        ),
        (
            {"authorized_networks": [{"cidr": "10.0.0.0/8"}]},
            {"authorized_networks": []},
            ["set authorized_networks of cluster edge to none"],
            {"authorized_networks": ([{"cidr": "10.0.0.0/8"}], [])},
        ),
        (
            {},
            {"private": {"endpoint": True}},
            ["set private.endpoint of cluster edge to true"],
            {"private": ({"endpoint": False}, {"endpoint": True})},
        ),
        (
            {"private": {"endpoint": True}},
            {"private": {"endpoint": False}},
            ["set private.endpoint of cluster edge to false"],
            {"private": ({"endpoint": True}, {"endpoint": False})},
        ),
        (
            {},
            {"private": {"nodes": True}},
            ["set private.nodes of cluster edge to true"],
            {"private": ({"nodes": False}, {"nodes": True})},
        ),
        (
            {"private": {"nodes": True}},
            {"private": {"nodes": False}},
            ["set private.nodes of cluster edge to false"],
            {"private": ({"nodes": True}, {"nodes": False})},
        ),
        (
            {},
            {"dns_endpoint": True},
            ["set dns_endpoint of cluster edge to true"],
            {"dns_endpoint": (False, True)},
        ),
        (
            {"dns_endpoint": True},
            {"dns_endpoint": False},
            ["set dns_endpoint of cluster edge to false"],
            {"dns_endpoint": (True, False)},
        ),
        (
            {},
            {"node_locations": ["us-central1-c", "us-central1-a"]},
            [
                "set node_locations of cluster edge to us-central1-a; us-central1-c "
                "(adds or removes nodes in every node pool)"
            ],
            {"node_locations": (["us-central1-c"], ["us-central1-a", "us-central1-c"])},
        ),
        (
            {},
            {"workload_pool": "p.svc.id.goog"},
            ["set workload_pool of cluster edge to p.svc.id.goog"],
            {"workload_pool": ("", "p.svc.id.goog")},
        ),
        (
            {"workload_pool": "p.svc.id.goog"},
            {"workload_pool": ""},
            ["set workload_pool of cluster edge to none"],
            {"workload_pool": ("p.svc.id.goog", "")},
        ),
        (
            {"labels": {"team": "a", "kept": "k"}},
            {"labels": {"team": "b"}},
            ["set labels of cluster edge to team=b"],
            {"labels": ({"team": "a"}, {"team": "b"})},
        ),
        (
            {},
            {"default_pool": {"state": "absent"}},
            ["delete node pool default-pool of cluster edge"],
            {"default_pool": ({"state": "present"}, {"state": "absent"})},
        ),
    ],
)
def test_an_option_is_changed_in_place_by_one_call(
    cloud: Cloud,
    before: dict[str, Any],
    options: dict[str, Any],
    titles: list[str],
    difference: dict[str, tuple[Any, Any]],
) -> None:
    make(cloud, **before)
    with cloud.asked() as asked:
        result = changed(cloud, **options)
    assert result["actions"] == titles
    assert diff_of(result) == difference
    assert len(asked.writes) == 1
    assert len(result["operations"]) == 1


def test_all_that_differs_is_changed_one_after_the_other(cloud: Cloud) -> None:
    make(cloud, release_channel="REGULAR", version="1.33", labels={"kept": "k"})
    with cloud.asked() as asked:
        result = changed(
            cloud,
            labels={"team": "a"},
            version="1.34",
            release_channel="RAPID",
            private={"endpoint": True, "nodes": True},
            authorized_networks=[{"cidr": "10.0.0.0/8"}],
            dns_endpoint=True,
            workload_pool="p.svc.id.goog",
        )
    assert [title.split(" of ")[0] for title in result["actions"]] == [
        "set release_channel",
        "set version",
        "set authorized_networks",
        "set dns_endpoint",
        "set private.endpoint",
        "set private.nodes",
        "set workload_pool",
        "set labels",
    ]
    assert len(asked.writes) == len(result["operations"]) == 8
    cluster = found(cloud)
    assert cluster["currentMasterVersion"].startswith("1.34.")
    assert cluster["resourceLabels"] == {"kept": "k", "team": "a"}
    addresses = cluster["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    assert addresses["authorizedNetworksConfig"]["cidrBlocks"] == [{"cidrBlock": "10.0.0.0/8"}]
    assert addresses["enablePublicEndpoint"] is False


def test_a_version_is_upgraded_and_never_downgraded(cloud: Cloud) -> None:
    make(cloud, version="1.33")
    changed(cloud, version="1.34")
    exact = found(cloud)["currentMasterVersion"]
    for satisfied in ("1.34", exact, "latest"):
        cloud.unchanged(MODULE, **PLACE, version=satisfied)
    result = cloud.unchanged(MODULE, **PLACE, version="1.33")
    assert result["cluster"]["version"] == exact
    assert "cannot be downgraded" in str(result["warnings"])


def test_networks_that_have_names_keep_them(cloud: Cloud) -> None:
    make(cloud, authorized_networks=[{"cidr": "10.0.0.0/8", "name": "inside"}])
    cloud.unchanged(MODULE, **PLACE, authorized_networks=[{"cidr": "10.0.0.0/8"}])
    changed(cloud, authorized_networks=[{"cidr": "192.168.0.0/16"}, {"cidr": "10.0.0.0/8"}])
    assert found(cloud)["masterAuthorizedNetworksConfig"]["cidrBlocks"] == [
        {"cidrBlock": "10.0.0.0/8", "displayName": "inside"},
        {"cidrBlock": "192.168.0.0/16"},
    ]


REMEDY = "delete the cluster (state=absent) and create it again"


REFUSALS = (
    ({"description": "b"}, "description cannot be changed (have 'a', want 'b')"),
    ({"network": "other"}, "network cannot be changed (have 'default', want 'other')"),
    ({"subnetwork": "other"}, "subnetwork cannot be changed (have 'default', want 'other')"),
    ({"pods_cidr": "10.99.0.0/16"}, "pods_cidr cannot be changed (have '10.100.0.0/16', want '10.99.0.0/16')"),
    ({"services_cidr": "10.99.0.0/20"}, "services_cidr cannot be changed (have '10.101.0.0/20', "),
    ({"services_range": "other"}, "services_range cannot be changed (have "),
    ({"pods_range": "other"}, "pods_range cannot be changed (have "),
    ({"dataplane_v2": False, "multi_networking": False}, "dataplane_v2 cannot be changed (have True, want False)"),
    ({"default_max_pods_per_node": 64}, "default_max_pods_per_node cannot be changed (have 32, want 64)"),
    (
        {"private": {"nodes": True, "master_cidr": "172.30.1.0/28"}},
        "private.master_cidr cannot be changed (have '172.30.0.0/28', want '172.30.1.0/28')",
    ),
    (
        {"network": "other", "default_max_pods_per_node": 64, "labels": {"a": "b"}},
        "network cannot be changed (have 'default', want 'other'), "
        "default_max_pods_per_node cannot be changed (have 32, want 64)",
    ),
)


def test_what_cannot_be_changed_is_refused_with_the_remedy(cloud: Cloud) -> None:
    make(
        cloud,
        description="a",
        pods_cidr="10.100.0.0/16",
        services_cidr="10.101.0.0/20",
        default_max_pods_per_node=32,
        private={"nodes": True, "master_cidr": "172.30.0.0/28"},
    )
    for options, message in REFUSALS:
        refusal = cloud.refused(MODULE, **PLACE, **options)
        assert refusal.startswith(f"cluster edge: {message}")
        assert refusal.endswith(f"; {REMEDY}")


def test_all_that_is_wrong_in_the_options_is_said_before_anybody_is_asked(cloud: Cloud) -> None:
    with cloud.asked() as asked:
        refusal = cloud.refused(
            MODULE,
            name="Edge",
            location="us-central1-c",
            pods_range="p",
            pods_cidr="10.0.0.0/14",
            node_locations=["us-east1-b"],
            endpoint_kind="dns",
            dns_endpoint=False,
        )
    assert asked.requests == []
    assert refusal.splitlines()[0] == "5 problems in the options, nothing was changed:"


def add_multinet_pool(cloud: Cloud, name: str) -> None:
    """Add a node pool with an additional network."""
    make_network(cloud)
    networks = {"additional_node_networks": [{"network": "own", "subnetwork": "own-nodes"}]}
    result = cloud.module(
        "gke_multinet_nodepool", name=name, cluster="edge", location="us-central1-c", node_count=1, **networks
    )
    assert not result.get("failed"), result


def test_multi_networking_is_not_switched_off_while_it_is_used(cloud: Cloud) -> None:
    make(cloud)
    add_multinet_pool(cloud, "multinet")
    refusal = cloud.refused(MODULE, **PLACE, multi_networking=False)
    assert refusal == "cluster edge: multi_networking is used by node pools multinet; delete these first"


def test_a_default_pool_with_additional_networks_is_not_deleted(cloud: Cloud) -> None:
    make(cloud)
    changed(cloud, default_pool={"state": "absent"})
    add_multinet_pool(cloud, "default-pool")
    refusal = cloud.refused(MODULE, **PLACE, default_pool={"state": "absent"})
    assert refusal.startswith("node pool default-pool of cluster edge has additional networks")


def test_a_default_pool_is_deleted_by_the_task_that_waits(cloud: Cloud) -> None:
    absent = {**PLACE, "default_pool": {"state": "absent"}}
    started = cloud.module(MODULE, **absent, wait=False)
    assert started["actions"] == ["create cluster edge in us-central1-c"]
    assert started["pending"]
    result = cloud.converge(MODULE, **absent)
    assert result["actions"] == ["delete node pool default-pool of cluster edge"]
    assert "nodePools" not in found(cloud)


@pytest.mark.parametrize("kind", ["public", "private", "dns"])
def test_the_endpoint_is_of_the_kind_that_is_asked_for(cloud: Cloud, kind: str) -> None:
    result = make(cloud, dns_endpoint=True, endpoint_kind=kind)
    config = found(cloud)["controlPlaneEndpointsConfig"]
    addresses = {
        "public": config["ipEndpointsConfig"]["publicEndpoint"],
        "private": config["ipEndpointsConfig"]["privateEndpoint"],
        "dns": config["dnsEndpointConfig"]["endpoint"],
    }
    assert result["endpoint"] == addresses[kind]
    assert result["endpoints"] == addresses
    assert (result["ca_data"] == "") is (kind == "dns")


def test_a_cluster_that_is_reached_by_its_dns_name_alone_can_get_its_addresses_back(cloud: Cloud) -> None:
    make(cloud, dns_endpoint=True)
    config = {"ipEndpointsConfig": {"enabled": False}}
    cloud.container("PUT", PATH, {"update": {"desiredControlPlaneEndpointsConfig": config}})
    result = cloud.unchanged(MODULE, **PLACE, private={"endpoint": True})
    assert result["endpoint"] == found(cloud)["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"]
    assert (result["endpoints"]["public"], result["endpoints"]["private"], result["ca_data"]) == ("", "", "")
    changed(cloud, private={"endpoint": False})
    assert found(cloud)["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["enabled"] is True


def test_an_endpoint_that_lets_nobody_in_is_refused(cloud: Cloud) -> None:
    make(cloud)
    assert cloud.refused(MODULE, **PLACE, endpoint_kind="dns") == (
        "cluster edge lets no clients in at a dns endpoint; "
        "set dns_endpoint=true (gke_multinet_cluster), or take another endpoint_kind"
    )


def test_a_module_of_the_cluster_does_not_take_an_endpoint_that_lets_nobody_in(cloud: Cloud) -> None:
    make(cloud)
    result = cloud.module("whereabouts_pool_info", gke_cluster={**PLACE, "endpoint_kind": "dns"})
    assert result["failed"]
    assert result["msg"].startswith("cluster edge lets no clients in at a dns endpoint; ")


def test_labels_that_somebody_changes_meanwhile_are_kept(cloud: Cloud) -> None:
    make(cloud, labels={"kept": "k"})
    cloud.fault(method="POST", path=":setResourceLabels$", kind="stale-fingerprint", nth=1, times=1)
    result = cloud.module(MODULE, **PLACE, labels={"team": "a"})
    assert result["actions"] == ["set labels of cluster edge to team=a"]
    assert found(cloud)["resourceLabels"] == {"kept": "k", "team": "a"}


def test_a_cluster_that_google_gave_up_is_refused_and_can_be_deleted(cloud: Cloud) -> None:
    words = {"code": "GCE_QUOTA_EXCEEDED", "message": "Quota 'CPUS' exceeded."}
    cloud.fault(method="POST", path="/clusters$", kind="operation-error", nth=1, times=1, **words)
    failed = cloud.module(MODULE, **PLACE, **OPEN)
    assert failed["failed"]
    assert "Quota 'CPUS' exceeded." in failed["msg"]
    refusal = cloud.refused(MODULE, **PLACE, **OPEN)
    assert refusal.startswith("cluster edge is in state ERROR: ")
    assert cloud.converge(MODULE, **PLACE, state="absent")["actions"] == ["delete cluster edge"]


def test_a_cluster_is_deleted_with_its_pools_once(cloud: Cloud) -> None:
    make(cloud)
    assert cloud.refused(MODULE, **PLACE, state="absent", deletion_protection=True) == (
        "cluster edge is not deleted: deletion_protection=true"
    )
    result = cloud.converge(MODULE, **PLACE, state="absent")
    assert result["actions"] == ["delete cluster edge"]
    assert result["cluster"] is None
    assert found(cloud) is None


def test_a_cluster_that_is_being_deleted_is_made_again(cloud: Cloud) -> None:
    make(cloud)
    assert cloud.module(MODULE, **PLACE, state="absent", wait=False)["pending"]
    result = make(cloud, labels={"new": "y"})
    assert result["actions"] == ["create cluster edge in us-central1-c"]
    assert found(cloud)["resourceLabels"] == {"new": "y"}


@pytest.mark.parametrize(
    "flags",
    [
        {"desiredControlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}}},
        {"desiredDefaultEnablePrivateNodes": True},
        {"desiredLocations": ["us-central1-c", "us-central1-b"]},
    ],
)
def test_what_is_not_declared_is_left_alone(cloud: Cloud, flags: dict[str, Any]) -> None:
    make(cloud)
    cloud.container("PUT", PATH, {"update": flags})
    cloud.unchanged(MODULE, **PLACE)
