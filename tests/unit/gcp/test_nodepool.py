# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_nodepool plans for what it finds; nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import container_v1
from node_pools import (
    NODE_NETWORK,
    OPTIONS,
    POD_NETWORK,
    READ,
    SUBNET,
    cluster,
    desired,
    plan,
    pool,
    resource,
    seen,
    titles,
)

from ansible_collections.multinet.gke.plugins.module_utils.errors import Immutable, InvalidOptions, Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.nodepool import NodePool, Observed
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
SCOPES = "https://www.googleapis.com/auth/"


def test_a_pool_is_made() -> None:
    planned = plan(desired(node_count=2, machine_type="e2-standard-4"), seen(None))
    assert titles(planned) == ["create node pool multinet (2 x e2-standard-4) in cluster edge"]
    assert planned.before is None
    options = {key: value for key, value in OPTIONS.items() if key != "project"}
    assert planned.after == {**options, "node_count": 2, "machine_type": "e2-standard-4"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"node_count": 3},
        {"node_locations": ["us-central1-c"]},
        {"version": "1.34"},
        {"version": "1.33"},
        {"version": "latest"},
        {"machine_type": "e2-medium", "disk_size_gb": 100, "disk_type": "pd-balanced", "image_type": "cos_containerd"},
        {"labels": {"by": "others"}},
        {"taints": [], "tags": []},
        {"metadata": {"disable-legacy-endpoints": "true"}, "service_account": "default", "spot": False},
        {"metadata": {}},
        {"oauth_scopes": [f"{SCOPES}devstorage.read_only"]},
        {"oauth_scopes": [f"{SCOPES}monitoring", f"{SCOPES}devstorage.read_only"]},
        {"max_pods_per_node": 110, "pod_range": "edge-pods", "enable_private_nodes": False},
        {"management": {"auto_repair": True}, "upgrade_settings": {"max_surge": 1, "max_unavailable": 0}},
        {"autoscaling": {"enabled": False}},
        {"additional_node_networks": [{"network": "projects/p/global/networks/my-vpc", "subnetwork": "my-subnet"}]},
        {"additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods"}]},
        {"additional_node_networks": None, "additional_pod_networks": None},
    ],
)
def test_nothing_is_done_where_it_is_as_declared(options: dict[str, Any]) -> None:
    planned = plan(desired(**options), Observed(pool()))
    assert titles(planned) == []
    assert planned.before == planned.after
    assert planned.settle is None


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (
            {"autoscaling": {"enabled": True, "max_node_count": 4, "location_policy": "BALANCED"}},
            {"autoscaling": {"min": 0, "max": 4}},
        ),
        (
            {"autoscaling": {"enabled": True, "total_min_node_count": 1, "total_max_node_count": 9}},
            {"autoscaling": {"total_max": 9}},
        ),
        ({"locations": ["us-central1-b", "us-central1-a"]}, {"node_locations": ["us-central1-a", "us-central1-b"]}),
        ({"config": {"taints": [GPU_TAINT]}}, {"taints": []}),
        ({"config": {"tags": ["b", "a"]}}, {"tags": ["a", "b"]}),
        (
            {
                "network_config": {
                    "additional_pod_network_configs": [
                        {"subnetwork": "my-subnet", "secondary_pod_range": name} for name in ("a", "c", "b")
                    ]
                }
            },
            {"additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": name} for name in "bac"]},
        ),
        (
            {"network_config": {"additional_pod_network_configs": [{"secondary_pod_range": "edge-pods"}]}},
            {"additional_pod_networks": [{"secondary_range": "edge-pods"}]},
        ),
    ],
)
def test_what_google_fills_in_is_no_drift(found: dict[str, Any], options: dict[str, Any]) -> None:
    planned = plan(desired(**options), Observed(pool(**found)))
    assert titles(planned) == []
    assert planned.before == planned.after


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"node_count": 2}, ["set node_count of node pool multinet to 2"]),
        (
            {"autoscaling": {"min": 1, "max": 4}},
            ["set autoscaling of node pool multinet to min=1, max=4, enabled=true"],
        ),
        (
            {"node_locations": ["us-central1-c", "us-central1-a"]},
            ["set node_locations of node pool multinet to us-central1-a; us-central1-c"],
        ),
        (
            {"machine_type": "e2-standard-4", "disk_size_gb": 50},
            ["set machine_type=e2-standard-4, disk_size_gb=50 of node pool multinet (replaces the nodes)"],
        ),
        (
            {"image_type": "UBUNTU_CONTAINERD"},
            ["set image_type of node pool multinet to UBUNTU_CONTAINERD (replaces the nodes)"],
        ),
        (
            {"enable_private_nodes": True},
            ["set enable_private_nodes of node pool multinet to true (replaces the nodes)"],
        ),
        ({"labels": {"a": "b"}}, ["set labels of node pool multinet to a=b"]),
        (
            {"taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]},
            ["set taints of node pool multinet to key=k, value=v, effect=NO_SCHEDULE"],
        ),
        ({"tags": ["t2", "t1"]}, ["set tags of node pool multinet to t1; t2"]),
        ({"management": {"auto_upgrade": False}}, ["set management of node pool multinet to auto_upgrade=false"]),
        ({"upgrade_settings": {"max_surge": 2}}, ["set upgrade_settings of node pool multinet to max_surge=2"]),
        (
            {"labels": {"a": "b"}, "node_count": 4, "management": {"auto_repair": False}, "disk_type": "pd-ssd"},
            [
                "set management of node pool multinet to auto_repair=false",
                "set disk_type of node pool multinet to pd-ssd (replaces the nodes)",
                "set labels of node pool multinet to a=b",
                "set node_count of node pool multinet to 4",
            ],
        ),
    ],
)
def test_what_differs_is_changed_in_place(options: dict[str, Any], expected: list[str]) -> None:
    planned = plan(desired(**options), seen(pool()))
    assert titles(planned) == expected
    assert planned.before != planned.after
    evicts = any("replaces the nodes" in title for title in expected)
    assert any("evicts their pods" in warning for warning in planned.warnings) is evicts


@pytest.mark.parametrize(
    ("runs", "wanted", "expected", "warns"),
    [
        (
            "1.33.5-gke.1000",
            "1.34",
            ["set version of node pool multinet to 1.34.4-gke.1047000 (replaces the nodes)"],
            "evicts",
        ),
        (
            "1.34.1-gke.9",
            "1.34.4",
            ["set version of node pool multinet to 1.34.4-gke.1047000 (replaces the nodes)"],
            "evicts",
        ),
        ("1.34.4-gke.1047000", "1.34.1", [], "newer than 1.34.1; its nodes are not downgraded"),
        ("1.33.5-gke.1000", "latest", [], ""),
    ],
)
def test_nodes_are_upgraded_and_never_downgraded(runs: str, wanted: str, expected: list[str], warns: str) -> None:
    planned = plan(desired(version=wanted), seen(pool(version=runs)))
    assert titles(planned) == expected
    assert [warns in warning for warning in planned.warnings] == ([True] if warns else [])


@pytest.mark.parametrize(
    ("wanted", "sent"), [("1.34", "1.34.4-gke.1047000"), ("1.34.4", "1.34.4-gke.1047000"), ("1.33", "1.33")]
)
def test_a_version_of_which_the_beginning_is_given_is_that_of_the_control_plane_if_it_fits(
    wanted: str, sent: str
) -> None:
    planned = plan(desired(version=wanted), seen(None))
    assert planned.after
    assert planned.after["version"] == sent


TO_COME = [
    ({"version": "1.35"}, {}, "newer than the control plane (1.34.4-gke.1047000)"),
    ({"version": "1.34.5"}, {}, "newer than the control plane"),
    ({}, {"network_config": {"network": "default"}}, "has no multi-networking"),
    ({"additional_pod_networks": [{**POD_NETWORK, "secondary_range": "nope"}]}, {}, "has no such range; it has inside"),
]


@pytest.mark.parametrize(("options", "fields", "message"), TO_COME)
def test_what_an_earlier_task_may_set_right_is_refused_only_outside_check_mode(
    options: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOptions) as caught:
        plan(desired(**options), seen(None, **fields))
    assert message in str(caught.value)
    announced = plan(desired(**options), seen(None, **fields), check_mode=True)
    assert len(announced.changes) == 1
    assert message in announced.warnings[0]


def test_with_shared_vpc_bare_names_that_are_read_are_the_host_projects() -> None:
    host = "projects/host/regions/us-central1/subnetworks"
    found = pool(network_config={"subnetwork": f"{host}/shared"})
    wanted = desired(
        additional_node_networks=[
            {"network": "projects/host/global/networks/my-vpc", "subnetwork": f"{host}/my-subnet"},
        ],
        additional_pod_networks=[{**POD_NETWORK, "subnetwork": f"{host}/my-subnet"}],
    )
    assert titles(plan(wanted, Observed(found))) == []


def test_the_nodes_of_a_pool_are_never_newer_than_the_control_plane() -> None:
    with pytest.raises(InvalidOptions, match="newer than the control plane"):
        plan(desired(version="1.35"), seen(pool()))


@pytest.mark.parametrize("count", [2, 3])
def test_the_autoscaler_is_switched_off_before_a_size_is_set_whatever_the_pool_began_with(count: int) -> None:
    found = seen(pool(autoscaling={"enabled": True, "min_node_count": 1, "max_node_count": 5}, initial_node_count=3))
    planned = plan(desired(autoscaling={"enabled": False}, node_count=count), found)
    assert titles(planned) == [
        "set autoscaling of node pool multinet to enabled=false",
        f"set node_count of node pool multinet to {count}",
    ]
    assert planned.before is not None
    assert planned.before["node_count"] is None
    with pytest.raises(Refused, match=r"autoscaling\.enabled=false"):
        plan(desired(node_count=2), found)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"max_pods_per_node": 32}, ["max_pods_per_node"]),
        ({"additional_pod_networks": []}, ["additional_pod_networks"]),
        ({"additional_pod_networks": [{**POD_NETWORK, "max_pods_per_node": 16}]}, ["additional_pod_networks"]),
        (
            {"additional_node_networks": [], "additional_pod_networks": []},
            ["additional_node_networks", "additional_pod_networks"],
        ),
        ({"pod_range": "edge-pods-2"}, ["pod_range"]),
        ({"service_account": "nodes@p.iam.gserviceaccount.com"}, ["service_account"]),
        ({"oauth_scopes": [f"{SCOPES}cloud-platform"]}, ["oauth_scopes"]),
        ({"metadata": {"a": "b"}, "spot": True}, ["spot", "metadata"]),
    ],
)
def test_what_cannot_be_changed_is_refused_or_recreated(options: dict[str, Any], fields: list[str]) -> None:
    options = {**options, "validate_ranges": False}
    with pytest.raises(Immutable, match="set recreate=if_needed or create a new pool") as caught:
        plan(desired(**options), seen(pool()))
    assert list(caught.value.differences) == fields
    planned = plan(desired(**options, recreate="if_needed"), seen(pool()))
    assert titles(planned) == [
        f"delete node pool multinet (to recreate it: {', '.join(fields)} cannot be changed in place)",
        "create node pool multinet (3 x e2-medium) in cluster edge",
    ]
    assert "its pods are evicted" in planned.warnings[0]


def test_a_pool_that_is_made_again_is_checked_like_a_new_one() -> None:
    wanted = {**POD_NETWORK, "max_pods_per_node": 200}
    with pytest.raises(InvalidOptions, match=r"holds 0 nodes at 200 pods \(/23 each\); node_count 3 x 1 zone needs 3"):
        plan(desired(additional_pod_networks=[wanted], recreate="if_needed"), seen(pool()))


@pytest.mark.parametrize(
    ("options", "found", "message"),
    [
        (
            {"additional_node_networks": [{"network": "default", "subnetwork": "my-subnet"}]},
            {},
            "is the network of the cluster",
        ),
        (
            {"additional_node_networks": [{"network": "n", "subnetwork": "s"}]},
            {},
            "is neither among additional_node_networks nor the cluster's (default)",
        ),
        (
            {"additional_node_networks": [NODE_NETWORK, {"network": "n", "subnetwork": "s"}]},
            {},
            "e2-medium has 2 vCPUs: at most 1 additional network, 2 given",
        ),
    ],
)
def test_what_the_cluster_shows_to_be_wrong_is_refused(
    options: dict[str, Any], found: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOptions) as caught:
        plan(desired(**options), seen(None, **found))
    assert message in str(caught.value)


def test_a_machine_that_has_too_few_interfaces_for_the_pool_is_refused() -> None:
    more = [NODE_NETWORK, {"network": "n", "subnetwork": "s"}]
    found = pool(config={"machine_type": "e2-standard-4"}, network_config={"additional_node_network_configs": more})
    with pytest.raises(InvalidOptions, match="e2-medium has 2 vCPUs: at most 1 additional network, 2 given"):
        plan(desired(machine_type="e2-medium", additional_node_networks=None), Observed(found))


def test_a_missing_subnetwork_is_an_error_only_outside_check_mode() -> None:
    found = Observed(None, cluster(), {SUBNET: None})
    with pytest.raises(InvalidOptions, match="there is no subnetwork my-subnet in us-central1"):
        plan(desired(), found)
    assert len(titles(plan(desired(), found, check_mode=True))) == 1


def test_a_missing_cluster_is_an_error_only_outside_check_mode() -> None:
    found = Observed(None, None, {SUBNET: None})
    with pytest.raises(Refused, match="cluster edge does not exist in us-central1-c"):
        plan(desired(), found)
    assert titles(plan(desired(), found, check_mode=True)) == [
        "create node pool multinet (3 x e2-medium) in cluster edge"
    ]
    assert titles(plan(desired(state="absent"), found)) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [(None, []), (pool(), ["delete node pool multinet"]), (pool(status="STOPPING"), [])],
)
def test_a_pool_is_deleted_once(found: container_v1.NodePool | None, expected: list[str]) -> None:
    wanted = resource(desired(state="absent"))
    planned = wanted.plan(Observed(found))
    assert titles(planned) == expected
    assert wanted.facts(Observed(None), planned)["capacity"] == []


def test_a_pool_that_is_being_deleted_is_made_again() -> None:
    planned = plan(desired(), seen(pool(status="STOPPING")))
    assert titles(planned) == ["create node pool multinet (3 x e2-medium) in cluster edge"]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("status", ["PROVISIONING", "RECONCILING"])
def test_what_is_under_way_is_waited_for_if_wanted(status: str, wait: bool) -> None:
    wanted = resource(desired(wait=wait))
    planned = wanted.plan(Observed(pool(status=status)))
    assert titles(planned) == []
    assert (planned.settle is not None) is wait
    assert wanted.facts(Observed(pool(status=status)), planned)["pending"]


def test_a_broken_pool_is_refused_with_googles_words() -> None:
    with pytest.raises(Refused, match="no quota"):
        plan(desired(), seen(pool(status="ERROR", conditions=[{"message": "no quota"}])))


def test_a_partly_broken_pool_is_warned_of() -> None:
    wanted = resource(desired())
    broken = Observed(pool(status="RUNNING_WITH_ERROR", status_message="1 of 3 nodes"))
    facts = wanted.facts(broken, wanted.plan(seen(None)))
    assert facts["warnings"] == ["node pool multinet is RUNNING_WITH_ERROR: 1 of 3 nodes"]
    assert resource(desired(state="absent")).facts(broken, Plan(None, None))["warnings"] == []


@pytest.mark.parametrize(
    ("found", "message"), [(None, "node pool multinet is gone"), (pool(status="ERROR"), "is in state ERROR")]
)
def test_a_pool_that_was_waited_for_in_vain_is_an_error(
    found: container_v1.NodePool | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = resource(desired())
    monkeypatch.setattr(wanted, "_find", lambda: found)
    settle = wanted.plan(seen(pool(status="PROVISIONING"))).settle
    assert settle
    with pytest.raises(Refused, match=message):
        settle()


@pytest.mark.parametrize("wait", [True, False])
def test_a_pool_that_others_made_meanwhile_is_compared_once_it_is_there(wait: bool) -> None:
    google: Any = SimpleNamespace(project="p", progress=lambda text: None)
    operations = Operations(google, Deadline(1))
    planned = NodePool(desired(wait=wait), google, operations, check_mode=False).plan(seen(None))
    operations.overtaken = True
    assert planned.overtaken() is wait


@pytest.mark.parametrize(
    ("options", "control_plane", "warns"),
    [
        ({}, "1.31.1-gke.1", True),
        ({"version": "1.32"}, "1.34.4-gke.1047000", False),  # may be any of them
        ({"version": "1.32.1"}, "1.34.4-gke.1047000", True),
        ({}, "1.34.4-gke.1047000", False),
        ({"additional_node_networks": None, "additional_pod_networks": None}, "1.31.1-gke.1", False),
    ],
)
def test_ubuntu_on_an_old_version_is_warned_of(options: dict[str, Any], control_plane: str, warns: bool) -> None:
    wanted = desired(image_type="ubuntu_containerd", **options)
    planned = plan(wanted, seen(None, current_master_version=control_plane))
    assert ["1.32.3-gke.1785000" in warning for warning in planned.warnings] == ([True] if warns else [])


@pytest.mark.parametrize(("subnetworks", "nodes"), [(READ, 16), ({SUBNET: None}, None), ({}, None)])
def test_the_capacity_is_told_as_far_as_it_is_known(subnetworks: dict[Any, Any], nodes: int | None) -> None:
    found = Observed(pool(), None, subnetworks)
    assert resource(desired()).facts(found, Plan(None, None))["capacity"] == [
        {"secondary_range": "pods", "nodes_max": nodes, "block_prefix": 28}
    ]
