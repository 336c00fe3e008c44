# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node pool of every kind is made, changed in place where Google can, and refused or made again where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from pool_site import MODULE, POOL, REGION, ZONE, make_cluster, make_pool, make_site

from cloud import Cloud

SCOPES = "https://www.googleapis.com/auth/"


@pytest.fixture
def site(cloud: Cloud) -> Cloud:
    """A project with an additional network, and a cluster in the default one."""
    return make_site(cloud)


@pytest.fixture
def pool(site: Cloud) -> Cloud:
    """The same with a node pool."""
    make_pool(site)
    return site


def warned(result: dict[str, Any]) -> str:
    """Return the warnings of a result."""
    return "\n".join(str(each) for each in result["warnings"])


def path(location: str = ZONE) -> str:
    return f"locations/{location}/clusters/edge/nodePools/multinet"


def api(cloud: Cloud, location: str = ZONE) -> Any:
    """Return the pool as Google has it."""
    return cloud.container("GET", path(location))


def test_a_pool_is_made_with_all_that_can_be_said_of_it(site: Cloud) -> None:
    options = {
        **POOL,
        "node_locations": ["us-central1-c", "us-central1-a"],
        "node_count": 1,
        "disk_size_gb": 50,
        "disk_type": "pd-ssd",
        "image_type": "cos_containerd",
        "spot": True,
        "labels": {"team": "radio"},
        "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
        "tags": ["b", "a"],
        "metadata": {"serial-port-enable": "true"},
        "service_account": f"nodes@{site.project}.iam.gserviceaccount.com",
        "max_pods_per_node": 32,
        "enable_private_nodes": True,
        "management": {"auto_upgrade": False},
        "upgrade_settings": {"max_surge": 2, "max_unavailable": 1},
    }
    result = site.converge(MODULE, **options)
    assert result["actions"] == ["create node pool multinet (1 x e2-standard-4) in cluster edge"]
    assert result["capacity"] == [{"secondary_range": "pods", "nodes_max": 16, "block_prefix": 28}]
    assert (result["status"], result["pending"], result["diff"]["before"]) == ("RUNNING", False, {})
    found = api(site)
    assert sorted(found["locations"]) == ["us-central1-a", "us-central1-c"]
    assert found["initialNodeCount"] == 1
    assert found["management"] == {"autoRepair": True}
    assert found["upgradeSettings"] == {"maxSurge": 2, "maxUnavailable": 1, "strategy": "SURGE"}
    assert found["maxPodsConstraint"] == {"maxPodsPerNode": "32"}
    config, network = found["config"], found["networkConfig"]
    assert (config["spot"], config["tags"], config["labels"]) == (True, ["a", "b"], {"team": "radio"})
    assert config["metadata"]["serial-port-enable"] == "true"
    assert config["oauthScopes"] == [f"{SCOPES}cloud-platform", f"{SCOPES}userinfo.email"]
    assert network["enablePrivateNodes"] is True
    assert network["additionalNodeNetworkConfigs"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    assert network["additionalPodNetworkConfigs"] == [
        {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
    ]


def test_a_pool_as_it_is_to_be_is_read_and_nothing_else(pool: Cloud) -> None:
    with pool.asked() as asked:
        pool.unchanged(MODULE, **POOL)
    assert asked.reads == [f"/v1/projects/{pool.project}/{path()}"]


UPDATES = [
    ({"node_count": 3}, "node_count of node pool multinet to 3", lambda it: it["initialNodeCount"] == 3),
    (
        {"node_count": None, "autoscaling": {"min": 1, "max": 4, "location_policy": "ANY"}},
        "autoscaling of node pool multinet to min=1, max=4, location_policy=ANY, enabled=true",
        lambda it: (
            it["autoscaling"] == {"enabled": True, "minNodeCount": 1, "maxNodeCount": 4, "locationPolicy": "ANY"}
        ),
    ),
    (
        {"node_count": None, "autoscaling": {"total_min": 1, "total_max": 6}},
        "autoscaling of node pool multinet to total_min=1, total_max=6, enabled=true",
        lambda it: it["autoscaling"]["totalMaxNodeCount"] == 6,
    ),
    (
        {"node_locations": ["us-central1-c", "us-central1-f"]},
        "node_locations of node pool multinet to us-central1-c; us-central1-f",
        lambda it: sorted(it["locations"]) == ["us-central1-c", "us-central1-f"],
    ),
    (
        {"management": {"auto_repair": False}},
        "management of node pool multinet to auto_repair=false",
        lambda it: it["management"] == {"autoUpgrade": True},
    ),
    (
        {"upgrade_settings": {"max_surge": 0, "max_unavailable": 2}},
        "upgrade_settings of node pool multinet to max_surge=0, max_unavailable=2",
        lambda it: it["upgradeSettings"] == {"maxUnavailable": 2, "strategy": "SURGE"},
    ),
    (
        {"machine_type": "e2-standard-8", "disk_size_gb": 200, "disk_type": "pd-ssd"},
        "machine_type=e2-standard-8, disk_type=pd-ssd, disk_size_gb=200 of node pool multinet (replaces the nodes)",
        lambda it: (
            (it["config"]["machineType"], it["config"]["diskSizeGb"], it["config"]["diskType"])
            == ("e2-standard-8", 200, "pd-ssd")
        ),
    ),
    (
        {"image_type": "UBUNTU_CONTAINERD"},
        "image_type of node pool multinet to UBUNTU_CONTAINERD (replaces the nodes)",
        lambda it: it["config"]["imageType"] == "UBUNTU_CONTAINERD",
    ),
    (
        {"enable_private_nodes": True},
        "enable_private_nodes of node pool multinet to true (replaces the nodes)",
        lambda it: it["networkConfig"]["enablePrivateNodes"] is True and it["networkConfig"]["podRange"],
    ),
    ({"labels": {"a": "b"}}, "labels of node pool multinet to a=b", lambda it: it["config"]["labels"]["a"] == "b"),
    (
        {"taints": [{"key": "k", "effect": "NO_EXECUTE"}]},
        "taints of node pool multinet to key=k, value=, effect=NO_EXECUTE",
        lambda it: it["config"]["taints"] == [{"key": "k", "effect": "NO_EXECUTE"}],
    ),
    (
        {"tags": ["b", "a"]},
        "tags of node pool multinet to a; b",
        lambda it: it["config"]["tags"] == ["a", "b"],
    ),
]


@pytest.mark.parametrize(("options", "title", "is_so"), UPDATES, ids=[next(reversed(row[0])) for row in UPDATES])
def test_what_differs_is_changed_in_place(pool: Cloud, options: dict[str, Any], title: str, is_so: Any) -> None:
    with pool.asked() as asked:
        result = pool.converge(MODULE, **{**POOL, **options})
    assert result["actions"] == [f"set {title}"]
    assert len(asked.writes) == 1
    assert is_so(api(pool)), api(pool)
    assert result["diff"]["before"] != result["diff"]["after"]


def test_what_others_have_set_stays_unless_these_and_no_others_are_declared(pool: Cloud) -> None:
    pool.converge(MODULE, **POOL, labels={"by": "others"}, tags=["old"], upgrade_settings={"max_unavailable": 1})
    pool.converge(MODULE, **POOL, labels={"a": "b"}, tags=["new"], upgrade_settings={"max_surge": 3})
    found = api(pool)
    assert found["config"]["labels"] == {"by": "others", "a": "b"}
    assert found["config"]["tags"] == ["new"]
    assert found["upgradeSettings"] == {"maxSurge": 3, "maxUnavailable": 1, "strategy": "SURGE"}
    pool.converge(MODULE, **POOL, tags=[], taints=[{"key": "k", "effect": "NO_EXECUTE"}])
    pool.converge(MODULE, **POOL, taints=[])
    assert {"tags", "taints"} & api(pool)["config"].keys() == set()


def test_several_changes_are_made_one_after_the_other(pool: Cloud) -> None:
    options = {**POOL, "node_count": 1, "labels": {"a": "b"}, "machine_type": "e2-standard-8"}
    result = pool.converge(MODULE, **options)
    assert result["actions"] == [
        "set machine_type of node pool multinet to e2-standard-8 (replaces the nodes)",
        "set labels of node pool multinet to a=b",
        "set node_count of node pool multinet to 1",
    ]
    assert [each["type"] for each in result["operations"]] == ["UPGRADE_NODES", "UPGRADE_NODES", "SET_NODE_POOL_SIZE"]
    assert "a change of machine_type replaces its nodes, and evicts their pods" in warned(result)


def test_the_autoscaler_gives_the_size_back(pool: Cloud) -> None:
    limits = {**POOL, "node_count": None, "autoscaling": {"min": 1, "max": 4}}
    pool.converge(MODULE, **limits)
    totals = {**limits, "autoscaling": {"total_max": 6}}
    pool.converge(MODULE, **totals)
    assert "maxNodeCount" not in api(pool)["autoscaling"]
    refusal = pool.refused(MODULE, **{**POOL, "node_count": 4})
    assert refusal.endswith("is sized by the autoscaler; set autoscaling.enabled=false to give it a node_count")
    result = pool.converge(MODULE, **{**POOL, "node_count": 4, "autoscaling": {"enabled": False}})
    assert result["actions"] == [
        "set autoscaling of node pool multinet to enabled=false",
        "set node_count of node pool multinet to 4",
    ]


IMMUTABLE = [
    ({"max_pods_per_node": 32}, "max_pods_per_node cannot be changed (have 110, want 32)"),
    ({"spot": True}, "spot cannot be changed (have False, want True)"),
    ({"service_account": "a@b.iam.gserviceaccount.com"}, "service_account cannot be changed (have 'default', want"),
    ({"metadata": {"a": "b"}}, "metadata cannot be changed (have {}, want {'a': 'b'})"),
    ({"oauth_scopes": [f"{SCOPES}cloud-platform"]}, "oauth_scopes cannot be changed (have ["),
    (
        {"additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "more", "max_pods_per_node": 8}]},
        "additional_pod_networks cannot be changed (have [{",
    ),
    (
        {"additional_node_networks": [], "additional_pod_networks": [], "spot": True},
        "spot cannot be changed (have False, want True), additional_node_networks cannot be changed (have [{",
    ),
]


def test_what_cannot_be_changed_is_refused(pool: Cloud) -> None:
    for options, message in IMMUTABLE:
        refusal = pool.refused(MODULE, **{**POOL, **options})
        assert refusal.startswith("node pool multinet: ")
        assert message in refusal
        assert refusal.endswith("; set recreate=if_needed or create a new pool")


def test_what_cannot_be_changed_is_made_again_where_asked(pool: Cloud) -> None:
    more = {"subnetwork": "my-subnet", "secondary_range": "more", "max_pods_per_node": 8}
    for options, fields in (
        ({"additional_pod_networks": [more]}, "additional_pod_networks"),
        ({"additional_node_networks": [], "additional_pod_networks": [], "spot": True}, "spot, additional_node_n"),
    ):
        given = {**POOL, "node_count": None, "machine_type": None, **options}
        result = pool.converge(MODULE, **given, recreate="if_needed")
        deletion, creation = result["actions"]
        assert deletion.startswith(f"delete node pool multinet (to recreate it: {fields}")
        assert creation == "create node pool multinet (2 x e2-standard-4) in cluster edge"  # its size and its machines
        assert "is deleted and created again: its pods are evicted" in warned(result)


LOST = {"kind": "drop-after"}
REFUSED_THEN = {"kind": "status", "status": 409, "nth": 2}


@pytest.mark.parametrize(
    ("method", "faults"),
    [
        ("DELETE", [LOST]),
        ("DELETE", [LOST, REFUSED_THEN]),  # so that it is read and planned again
        ("DELETE", [{"kind": "operation-lost"}]),
        ("POST", [{"kind": "drop-before"}]),
        ("POST", [LOST]),
    ],
)
def test_a_pool_that_is_made_again_keeps_what_it_was_whatever_happens(
    pool: Cloud, method: str, faults: list[dict[str, Any]]
) -> None:
    for fault in faults:
        pool.fault(method=method, path="/nodePools(/multinet)?$", **fault)
    result = pool.module(MODULE, **{**POOL, "node_count": None, "machine_type": None}, spot=True, recreate="if_needed")
    assert not result.get("failed"), result["msg"]
    found = api(pool)
    kept = (found["initialNodeCount"], found["config"]["machineType"], found["config"]["spot"])
    assert kept == (2, "e2-standard-4", True)


def test_a_pool_that_is_made_again_is_checked_first(pool: Cloud) -> None:
    wide = {**POOL["additional_pod_networks"][0], "max_pods_per_node": 128}
    message = pool.refused(MODULE, **{**POOL, "additional_pod_networks": [wide]}, recreate="if_needed")
    assert "range 172.16.1.0/24 holds 1 nodes at 128 pods (/24 each); node_count 2 x 1 zone needs 2" in message


REFUSED = [
    ({"node_count": 17}, "range 172.16.1.0/24 holds 16 nodes at 8 pods (/28 each); node_count 17 x 1 zone needs 17"),
    ({"node_count": None, "autoscaling": {"max": 20}}, "autoscaling max 20 x 1 zone needs 20"),
    ({"node_count": None, "autoscaling": {"total_max": 20}}, "autoscaling total_max 20 needs 20"),
    ({"node_count": 9, "node_locations": ["us-central1-a", "us-central1-b"]}, "node_count 9 x 2 zones needs 18"),
    ({"node_locations": ["us-east1-b"]}, "is not a zone of us-central1"),
    (
        {"machine_type": "e2-medium", "additional_node_networks": [{"network": n, "subnetwork": n} for n in "ab"]},
        "e2-medium has 2 vCPUs: at most 1 additional network, 2 given",
    ),
]


def test_what_does_not_fit_is_refused_before_it_is_made_and_before_it_grows(site: Cloud) -> None:
    for options, message in REFUSED:
        assert message in site.refused(MODULE, **{**POOL, **options})
    make_pool(site)
    for options, message in REFUSED:
        assert message in site.refused(MODULE, **{**POOL, **options})


MISSING = [
    (
        {"additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "nope"}]},
        "'nope': subnetwork my-subnet has no such range; it has more, pods",
    ),
    (
        {"additional_node_networks": [{"network": "default", "subnetwork": "default"}]},
        "'default': is the network of the cluster; each interface of a node is in a network of its own",
    ),
    (
        {"additional_node_networks": [{"network": "other", "subnetwork": "other"}]},
        "'my-subnet': is neither among additional_node_networks nor the cluster's (default)",
    ),
    (
        {"additional_pod_networks": [{"subnetwork": "nowhere", "secondary_range": "pods"}]},
        "'nowhere': is neither among additional_node_networks nor the cluster's (default)",
    ),
    ({"version": "1.99"}, "'1.99': is newer than the control plane"),
    ({"pod_range": "nope"}, "'nope': subnetwork default has no such range; it has gke-edge-pods-"),
    ({"cluster": "nope"}, "cluster nope does not exist in us-central1-c; create it first (gke_multinet_cluster)"),
]


def test_what_is_not_there_is_refused(site: Cloud) -> None:
    for options, message in MISSING:
        assert message in site.module(MODULE, **{**POOL, **options})["msg"]
    assert api(site) is None


def test_the_rest_of_a_range_that_another_pool_uses_has_to_suffice(pool: Cloud) -> None:
    message = pool.refused(MODULE, **{**POOL, "name": "second", "node_count": 15})
    assert "of which node pools multinet may take 2; node_count 15 x 1 zone needs 15" in message
    pool.converge(MODULE, **{**POOL, "name": "second", "node_count": 14})


def test_a_subnetwork_that_is_still_to_come_is_an_error_only_for_real(site: Cloud) -> None:
    networks = {
        "additional_node_networks": [{"network": "late", "subnetwork": "late"}],
        "additional_pod_networks": [{"subnetwork": "late", "secondary_range": "pods"}],
    }
    announced = site.module(MODULE, check=True, **{**POOL, **networks})
    assert announced["actions"] == ["create node pool multinet (2 x e2-standard-4) in cluster edge"]
    assert "there is no subnetwork late in us-central1" in site.module(MODULE, **{**POOL, **networks})["msg"]


def test_nodes_are_upgraded_and_never_downgraded(site: Cloud) -> None:
    server = site.container("GET", f"locations/{ZONE}/serverConfig")
    control_plane = site.container("GET", f"locations/{ZONE}/clusters/edge")["currentMasterVersion"]
    older = next(each for each in server["validNodeVersions"] if not each.startswith(control_plane[:4]))
    old, new = ".".join(older.split(".")[:2]), ".".join(control_plane.split(".")[:2])
    site.converge(MODULE, **POOL, version=old)
    assert api(site)["version"].startswith(f"{old}.")
    result = site.converge(MODULE, **POOL, version=new)
    assert result["actions"] == [f"set version of node pool multinet to {control_plane} (replaces the nodes)"]
    assert result["version"] == control_plane
    kept = site.unchanged(MODULE, **POOL, version=old)
    assert f"newer than {old}; its nodes are not downgraded" in warned(kept)


def test_a_region_counts_in_each_zone(cloud: Cloud) -> None:
    make_cluster(cloud, REGION)
    options = {"location": REGION, "cluster": "edge", "name": "multinet", "node_count": 2}
    cloud.converge(MODULE, **options)
    found = api(cloud, REGION)
    assert (found["initialNodeCount"], len(found["locations"])) == (2, 3)
    assert cloud.converge(MODULE, **{**options, "node_count": 1})["actions"] == [
        "set node_count of node pool multinet to 1"
    ]
    cloud.converge(MODULE, **{**options, "node_count": 1, "node_locations": found["locations"][:2]})
    assert sorted(api(cloud, REGION)["locations"]) == sorted(found["locations"][:2])


def test_a_pool_is_started_and_waited_for_later(site: Cloud) -> None:
    stuck = site.fault(method="POST", path="/nodePools$", kind="operation-stuck")
    started = site.module(MODULE, **POOL, wait=False)
    assert (started["changed"], started["status"], started["pending"]) == (True, "PROVISIONING", True)
    assert started["operations"][0]["duration_s"] is None
    again = site.module(MODULE, **POOL, wait=False)
    assert (again["changed"], again["pending"]) == (False, True)
    late = site.module(MODULE, **POOL, wait_timeout=1)
    assert "node pool multinet is ready did not happen within 1 s; last seen: PROVISIONING" in late["msg"]
    site.lab.google("DELETE", f"/lab/faults/{stuck}")
    settled = site.module(MODULE, **POOL)
    assert (settled["changed"], settled["status"], settled["pending"]) == (False, "RUNNING", False)


def test_a_pool_that_google_gave_up_is_refused_until_it_is_deleted(site: Cloud) -> None:
    site.fault(method="POST", path="/nodePools$", kind="operation-error", code="RESOURCE_EXHAUSTED", message="no quota")
    failed = site.module(MODULE, **POOL)
    assert "create node pool multinet" in failed["msg"]
    assert "no quota" in failed["msg"]
    message = site.refused(MODULE, **POOL)
    assert "node pool multinet is in state ERROR: no quota; delete it (state=absent) and create it again" in message
    site.converge(MODULE, **POOL, state="absent")
    site.converge(MODULE, **POOL)


def test_a_pool_is_deleted_once(pool: Cloud) -> None:
    where = {key: POOL[key] for key in ("location", "cluster", "name")}
    assert pool.converge(MODULE, **where, state="absent")["actions"] == ["delete node pool multinet"]
    assert api(pool) is None
    pool.unchanged(MODULE, **{**where, "cluster": "nope"}, state="absent")
