# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_nodepool plans for what it finds; nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import compute_v1, container_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import Immutable, InvalidOptions, Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool import NodePool, Observed
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.pool_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.pool_state import new_pool
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Place, Subnetwork
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_nodepool import SPEC

NODE_NETWORK = {"network": "my-vpc", "subnetwork": "my-subnet"}
POD_NETWORK = {"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}
OPTIONS: dict[str, Any] = {
    "name": "multinet",
    "cluster": "edge",
    "location": "us-central1-c",
    "additional_node_networks": [NODE_NETWORK],
    "additional_pod_networks": [POD_NETWORK],
}
SUBNET = Subnetwork("p", "us-central1", "my-subnet")
RANGES = compute_v1.Subnetwork(
    {
        "name": "my-subnet",
        "ip_cidr_range": "10.0.1.0/24",
        "secondary_ip_ranges": [{"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
    }
)


def desired(**options: Any) -> Desired:
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate({**OPTIONS, **options})
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def cluster(**fields: Any) -> container_v1.Cluster:
    return container_v1.Cluster(
        {
            "name": "edge",
            "status": "RUNNING",
            "current_master_version": "1.34.4-gke.1047000",
            "locations": ["us-central1-c"],
            "network_config": {
                "network": "projects/p/global/networks/default",
                "subnetwork": "projects/p/regions/us-central1/subnetworks/default",
                "enable_multi_networking": True,
            },
            "default_max_pods_constraint": {"max_pods_per_node": 110},
            **fields,
        }
    )


def pool(**fields: Any) -> container_v1.NodePool:
    """Return a node pool as the guide's command makes it."""
    config = fields.pop("config", {})
    pod_network = {"subnetwork": "my-subnet", "secondary_pod_range": "pods"}
    return container_v1.NodePool(
        {
            "name": "multinet",
            "status": "RUNNING",
            "version": "1.34.4-gke.1047000",
            "initial_node_count": 3,
            "locations": ["us-central1-c"],
            "config": {
                "machine_type": "e2-medium",
                "disk_size_gb": 100,
                "disk_type": "pd-balanced",
                "image_type": "COS_CONTAINERD",
                "labels": {"by": "others"},
                **config,
            },
            "management": {"auto_repair": True, "auto_upgrade": True},
            "max_pods_constraint": {"max_pods_per_node": 110},
            "network_config": {
                "additional_node_network_configs": [NODE_NETWORK],
                "additional_pod_network_configs": [{**pod_network, "max_pods_per_node": {"max_pods_per_node": 8}}],
            },
            **fields,
        }
    )


def resource(wanted: Desired, check_mode: bool = False) -> NodePool:
    google: Any = SimpleNamespace(project="p", progress=lambda text: None)
    return NodePool(wanted, google, Operations(google, Deadline(1)), check_mode=check_mode)


def seen(found: container_v1.NodePool | None, **fields: Any) -> Observed:
    return Observed(cluster(**fields), found, {SUBNET: RANGES})


def plan(wanted: Desired, found: Observed, check_mode: bool = False) -> Plan:
    return resource(wanted, check_mode).plan(found)


def titles(planned: Plan) -> list[str]:
    return [change.title for change in planned.changes]


def test_a_pool_is_made() -> None:
    planned = plan(desired(node_count=2, machine_type="e2-standard-4"), seen(None))
    assert titles(planned) == ["create node pool multinet (2 x e2-standard-4) in cluster edge"]
    assert planned.before is None
    assert planned.after == {**OPTIONS, "node_count": 2, "machine_type": "e2-standard-4"}


def test_what_is_sent_is_what_gcloud_sends() -> None:
    fields = new_pool(desired(), Place("p", "us-central1"))
    assert fields["initial_node_count"] == 3
    assert fields["management"] == {"auto_repair": True, "auto_upgrade": True}
    assert list(fields["config"]) == ["oauth_scopes"]
    assert fields["network_config"] == {
        "additional_node_network_configs": [NODE_NETWORK],
        "additional_pod_network_configs": [
            {
                "subnetwork": "my-subnet",
                "secondary_pod_range": "pods",
                "max_pods_per_node": {"max_pods_per_node": 8},
            }
        ],
    }
    assert container_v1.NodePool(fields).name == "multinet"


def test_a_pool_that_is_sized_by_the_autoscaler_begins_with_its_minimum() -> None:
    fields = new_pool(desired(autoscaling={"min": 1, "max": 4}), Place("p", "us-central1"))
    assert fields["autoscaling"] == {"enabled": True, "min_node_count": 1, "max_node_count": 4}
    assert fields["initial_node_count"] == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"node_count": 3},
        {"machine_type": "e2-medium", "disk_size_gb": 100, "disk_type": "pd-balanced", "image_type": "cos_containerd"},
        {"labels": {"by": "others"}},
        {"taints": [], "tags": []},
        {"max_pods_per_node": 110},
        {"management": {"auto_repair": True}},
        {"autoscaling": {"enabled": False}},
        {"additional_node_networks": [{"network": "projects/p/global/networks/my-vpc", "subnetwork": "my-subnet"}]},
        {"additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods"}]},
        {"additional_node_networks": None, "additional_pod_networks": None},
    ],
)
def test_nothing_is_done_where_it_is_as_declared(options: dict[str, Any]) -> None:
    planned = plan(desired(**options), seen(pool()))
    assert titles(planned) == []
    assert planned.before == planned.after
    assert planned.settle is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"node_count": 2}, ["set node_count of node pool multinet to 2"]),
        (
            {"autoscaling": {"min": 1, "max": 4}},
            ["set autoscaling of node pool multinet to min=1, max=4, enabled=True"],
        ),
        (
            {"machine_type": "e2-standard-4", "disk_size_gb": 50},
            ["set machine_type=e2-standard-4, disk_size_gb=50 of node pool multinet (replaces the nodes)"],
        ),
        ({"image_type": "UBUNTU_CONTAINERD"}, ["set image_type of node pool multinet to UBUNTU_CONTAINERD"]),
        ({"labels": {"a": "b"}}, ["set labels of node pool multinet to a=b"]),
        (
            {"taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]},
            ["set taints of node pool multinet to key=k, value=v, effect=NO_SCHEDULE"],
        ),
        ({"tags": ["t1", "t2"]}, ["set tags of node pool multinet to t1; t2"]),
        ({"management": {"auto_upgrade": False}}, ["set management of node pool multinet to auto_upgrade=False"]),
    ],
)
def test_what_differs_is_changed_in_place(options: dict[str, Any], expected: list[str]) -> None:
    planned = plan(desired(**options), seen(pool()))
    assert titles(planned) == expected
    assert planned.before != planned.after


def test_the_autoscaler_is_switched_off_before_a_size_is_set() -> None:
    found = seen(pool(autoscaling={"enabled": True, "min_node_count": 1, "max_node_count": 5}))
    assert titles(plan(desired(autoscaling={"enabled": False}, node_count=2), found)) == [
        "set autoscaling of node pool multinet to enabled=False",
        "set node_count of node pool multinet to 2",
    ]
    with pytest.raises(Refused, match=r"autoscaling\.enabled=false"):
        plan(desired(node_count=2), found)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"max_pods_per_node": 32}, "max_pods_per_node"),
        ({"additional_pod_networks": []}, "additional_pod_networks"),
        ({"additional_pod_networks": [{**POD_NETWORK, "max_pods_per_node": 16}]}, "additional_pod_networks"),
        (
            {
                "additional_node_networks": [{"network": "other", "subnetwork": "other"}],
                "additional_pod_networks": None,
            },
            "additional_node_networks",
        ),
    ],
)
def test_what_cannot_be_changed_is_refused_or_recreated(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Immutable, match="recreate=if_needed") as caught:
        plan(desired(**options), seen(pool()))
    assert list(caught.value.differences) == [field]
    assert titles(plan(desired(**options, recreate="if_needed"), seen(pool()))) == [
        f"delete node pool multinet (to recreate it: {field} cannot be changed in place)",
        "create node pool multinet (3 x e2-medium) in cluster edge",
    ]


@pytest.mark.parametrize(
    ("options", "found", "message"),
    [
        (
            {"node_count": 20},
            {},
            "range 172.16.1.0/24 holds 16 nodes at 8 pods (/28 each); node_count 20 x 1 zone needs 20",
        ),
        ({"autoscaling": {"max": 20}}, {}, "autoscaling max 20 x 1 zone needs 20"),
        ({"node_count": 6}, {"locations": ["a", "b", "c"]}, "node_count 6 x 3 zones needs 18"),
        (
            {"additional_pod_networks": [{**POD_NETWORK, "secondary_range": "nope"}]},
            {},
            "subnetwork my-subnet has no such range; it has pods",
        ),
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
        ({}, {"network_config": {"network": "default"}}, "has no multi-networking"),
        (
            {"additional_node_networks": [NODE_NETWORK, {"network": "n", "subnetwork": "s"}]},
            {},
            "e2-medium has 2 vCPUs: at most 1 additional network, 2 given",
        ),
    ],
)
def test_what_the_cluster_and_the_ranges_show_to_be_wrong_is_refused(
    options: dict[str, Any], found: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOptions) as caught:
        plan(desired(**options), seen(None, **found))
    assert message in str(caught.value)


def test_a_pool_that_keeps_its_size_is_not_measured_again() -> None:
    found = seen(pool(initial_node_count=40))
    assert titles(plan(desired(), found)) == []
    assert titles(plan(desired(autoscaling={"enabled": False}), found)) == []


def test_a_region_has_three_zones_before_there_is_a_cluster() -> None:
    found = Observed(None, None, {SUBNET: RANGES})
    with pytest.raises(InvalidOptions, match="node_count 6 x 3 zones needs 18"):
        plan(desired(location="us-central1", node_count=6), found, check_mode=True)
    assert plan(desired(node_count=6), found, check_mode=True).changes


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        ({"initial_node_count": 13}, True),
        ({"initial_node_count": 14}, False),
        ({"initial_node_count": 7, "locations": ["a", "b"]}, False),
        ({"autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 14}}, False),
        ({"autoscaling": {"enabled": True, "total_max_node_count": 13}, "locations": ["a", "b"]}, True),
        ({"initial_node_count": 14, "status": "STOPPING"}, True),
        ({"initial_node_count": 40, "network_config": {}}, True),
    ],
)
def test_other_pools_take_blocks_of_the_same_range(other: dict[str, Any], fits: bool) -> None:
    found = seen(None, node_pools=[pool(name="other", **other)])
    if fits:
        assert plan(desired(node_count=3), found).changes
    else:
        with pytest.raises(InvalidOptions, match="of which node pools other may take 14; node_count 3 x 1 zone"):
            plan(desired(node_count=3), found)


def test_a_pool_is_not_its_own_rival() -> None:
    mine = pool(initial_node_count=16)
    found = Observed(cluster(node_pools=[mine]), mine, {SUBNET: RANGES})
    assert titles(plan(desired(node_count=15), found)) == ["set node_count of node pool multinet to 15"]


def test_a_missing_subnetwork_is_an_error_only_outside_check_mode() -> None:
    found = Observed(cluster(), None, {SUBNET: None})
    with pytest.raises(InvalidOptions, match="there is no such subnetwork in us-central1"):
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
    planned = wanted.plan(seen(found))
    assert titles(planned) == expected
    assert wanted.facts(seen(None), planned)["capacity"] == []


@pytest.mark.parametrize("wait", [True, False])
def test_what_is_under_way_is_waited_for_if_wanted(wait: bool) -> None:
    wanted = resource(desired(wait=wait))
    planned = wanted.plan(seen(pool(status="PROVISIONING")))
    assert titles(planned) == []
    assert (planned.settle is not None) is wait
    assert wanted.facts(seen(pool(status="PROVISIONING")), planned)["pending"]


def test_a_broken_pool_is_refused_with_googles_words() -> None:
    with pytest.raises(Refused, match="no quota"):
        plan(desired(), seen(pool(status="ERROR", conditions=[{"message": "no quota"}])))


def test_a_partly_broken_pool_is_warned_of() -> None:
    wanted = resource(desired())
    broken = seen(pool(status="RUNNING_WITH_ERROR", status_message="1 of 3 nodes"))
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


def test_ubuntu_on_an_old_version_is_warned_of() -> None:
    planned = plan(desired(image_type="ubuntu_containerd"), seen(None, current_master_version="1.31.1-gke.1"))
    assert "1.32.3-gke.1785000" in planned.warnings[0]


@pytest.mark.parametrize(("subnetworks", "nodes"), [({SUBNET: RANGES}, 16), ({SUBNET: None}, None), ({}, None)])
def test_the_capacity_is_told_as_far_as_it_is_known(subnetworks: dict[Subnetwork, Any], nodes: int | None) -> None:
    wanted = resource(desired())
    found = Observed(cluster(), pool(), subnetworks)
    assert wanted.facts(found, Plan(None, None))["capacity"] == [
        {"secondary_range": "pods", "nodes_max": nodes, "block_prefix": 28}
    ]


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(
            name="Pool",
            location="nowhere",
            node_count=2,
            autoscaling={"min": 5, "max": 3},
            machine_type="e2-standard-2",
            max_pods_per_node=300,
            additional_node_networks=[NODE_NETWORK, NODE_NETWORK],
            additional_pod_networks=[POD_NETWORK, {**POD_NETWORK, "max_pods_per_node": 4}],
        )
    assert [problem.path for problem in caught.value.problems] == [
        "name",
        "location",
        "max_pods_per_node",
        "node_count",
        "autoscaling",
        "additional_node_networks[1].network",
        "additional_node_networks",
        "additional_pod_networks[1].max_pods_per_node",
        "additional_pod_networks[1].secondary_range",
    ]


def test_more_networks_than_a_node_can_have_are_refused() -> None:
    networks = [{"network": f"n{number}", "subnetwork": "s"} for number in range(8)]
    with pytest.raises(InvalidOptions, match="at most 7 additional networks"):
        desired(machine_type="n2-standard-32", additional_node_networks=networks)
    with pytest.raises(InvalidOptions, match="e2-standard-4 has 4 vCPUs: at most 3 additional networks, 5 given"):
        desired(machine_type="e2-standard-4", additional_node_networks=networks[:5])
