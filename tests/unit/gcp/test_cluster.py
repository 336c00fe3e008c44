# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_cluster plans for what it finds; nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import Immutable, Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster import Cluster
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_cluster import RETURN, SPEC

SECRETS = {"client_key": "KEY", "client_certificate": "CERT", "password": "PASSWORD", "username": "USER"}


def desired(**options: Any) -> Desired:
    options = {"name": "edge", "location": "us-central1-c", **options}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def cluster(**fields: Any) -> container_v1.Cluster:
    """Return a cluster as the guide's command makes it."""
    return container_v1.Cluster(
        {
            "name": "edge",
            "status": "RUNNING",
            "current_master_version": "1.34.4-gke.1047000",
            "endpoint": "203.0.113.5",
            "master_auth": {"cluster_ca_certificate": "LS0t", **SECRETS},
            "network": "default",
            "subnetwork": "default",
            "network_config": {
                "network": "projects/p/global/networks/default",
                "subnetwork": "projects/p/regions/us-central1/subnetworks/default",
                "datapath_provider": "ADVANCED_DATAPATH",
                "enable_multi_networking": True,
            },
            "release_channel": {"channel": "REGULAR"},
            "default_max_pods_constraint": {"max_pods_per_node": 110},
            "resource_labels": {"team": "a"},
            "locations": ["us-central1-c", "us-central1-a"],
            "ip_allocation_policy": {
                "cluster_secondary_range_name": "pods",
                "cluster_ipv4_cidr_block": "10.4.0.0/14",
                "services_ipv4_cidr_block": "34.118.224.0/20",
            },
            **endpoints(),
            "node_pools": [{"name": "default-pool", "initial_node_count": 3, "config": {"machine_type": "e2-medium"}}],
            **fields,
        }
    )


def endpoints(*, public: bool = True, dns: bool = False) -> dict[str, Any]:
    return {
        "control_plane_endpoints_config": {
            "dns_endpoint_config": {"endpoint": "gke-1.us-central1.gke.goog", "allow_external_traffic": dns},
            "ip_endpoints_config": {
                "enabled": True,
                "enable_public_endpoint": public,
                "public_endpoint": "203.0.113.5",
                "private_endpoint": "10.128.0.2",
            },
        }
    }


def resource(wanted: Desired) -> Cluster:
    google: Any = SimpleNamespace(project="p", progress=lambda text: None)
    return Cluster(wanted, google, Operations(google, Deadline(1)), check_mode=False)


def plan(wanted: Desired, found: container_v1.Cluster | None) -> Plan:
    return resource(wanted).plan(found)


def titles(planned: Plan) -> list[str]:
    return [change.title for change in planned.changes]


def networks(**fields: Any) -> dict[str, Any]:
    return {"network_config": {"datapath_provider": "ADVANCED_DATAPATH", "enable_multi_networking": True, **fields}}


def test_a_cluster_is_made() -> None:
    planned = plan(desired(version="1.34", default_pool={"node_count": 1}, private={"nodes": True}), None)
    assert titles(planned) == ["create cluster edge in us-central1-c"]
    assert planned.before is None
    assert planned.after == {
        "name": "edge",
        "location": "us-central1-c",
        "version": "1.34",
        "private": {"nodes": True},
        "dataplane_v2": True,
        "multi_networking": True,
        "default_pool": {"state": "present", "node_count": 1},
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"version": "1.34"},
        {"version": "1.34.4"},
        {"version": "1.34.4-gke.1047000"},
        {"version": "latest"},
        {"release_channel": "REGULAR"},
        {"network": "default", "subnetwork": "projects/p/regions/us-central1/subnetworks/default"},
        {"labels": {"team": "a"}},
        {"labels": {}},
        {"default_max_pods_per_node": 110},
        {"description": "", "pods_cidr": "10.4.0.0/14", "services_cidr": "34.118.224.0/20"},
        {"pods_range": "pods"},
        {"node_locations": ["us-central1-a", "us-central1-c"]},
        {"private": {}},
        {"private": {"nodes": False, "endpoint": False}},
        {"dns_endpoint": False},
        {"endpoint_kind": "public"},
        {"endpoint_kind": "private"},
        {"workload_pool": ""},
        {"default_pool": {"node_count": 3, "machine_type": "e2-medium"}},
    ],
)
def test_nothing_is_done_where_it_is_as_declared(options: dict[str, Any]) -> None:
    planned = plan(desired(**options), cluster())
    assert titles(planned) == []
    assert planned.before == planned.after
    assert planned.warnings == ()
    assert planned.settle is None


@pytest.mark.parametrize(
    ("options", "found", "expected"),
    [
        ({"version": "1.35"}, {}, ["set version of cluster edge to 1.35"]),
        ({"version": "1.34.5"}, {}, ["set version of cluster edge to 1.34.5"]),
        ({"release_channel": "RAPID"}, {}, ["set release_channel of cluster edge to RAPID"]),
        (
            {"authorized_networks": [{"cidr": "10.0.0.0/8", "name": "inside"}, {"cidr": "1.2.3.4/32"}]},
            {},
            ["set authorized_networks of cluster edge to cidr=1.2.3.4/32; cidr=10.0.0.0/8, name=inside"],
        ),
        ({"authorized_networks": []}, {}, ["set authorized_networks of cluster edge to none"]),
        ({"dns_endpoint": True, "endpoint_kind": "dns"}, {}, ["set dns_endpoint of cluster edge to true"]),
        ({"private": {"endpoint": True}}, {}, ["set private.endpoint of cluster edge to true"]),
        ({"private": {"nodes": True}}, {}, ["set private.nodes of cluster edge to true"]),
        (
            {"node_locations": ["us-central1-c", "us-central1-b"]},
            {},
            [
                "set node_locations of cluster edge to us-central1-b; us-central1-c "
                "(adds or removes nodes in every node pool)"
            ],
        ),
        ({"workload_pool": "p.svc.id.goog"}, {}, ["set workload_pool of cluster edge to p.svc.id.goog"]),
        (
            {"workload_pool": ""},
            {"workload_identity_config": {"workload_pool": "p.svc.id.goog"}},
            ["set workload_pool of cluster edge to none"],
        ),
        ({"labels": {"a": "b"}}, {}, ["set labels of cluster edge to a=b"]),
        ({}, networks(enable_multi_networking=False), ["set multi_networking of cluster edge to true"]),
        ({"multi_networking": False}, networks(), ["set multi_networking of cluster edge to false"]),
        ({"default_pool": {"state": "absent"}}, {}, ["delete node pool default-pool of cluster edge"]),
        (
            {
                "labels": {"a": 1},
                "version": "1.35",
                "release_channel": "RAPID",
                "private": {"endpoint": True},
                "dns_endpoint": True,
                "authorized_networks": [],
                "default_pool": {"state": "absent"},
            },
            {},
            [
                "set release_channel of cluster edge to RAPID",
                "set version of cluster edge to 1.35",
                "set authorized_networks of cluster edge to none",
                "set dns_endpoint of cluster edge to true",
                "set private.endpoint of cluster edge to true",
                "set labels of cluster edge to a=1",
                "delete node pool default-pool of cluster edge",
            ],
        ),
    ],
)
def test_what_differs_is_changed_one_field_at_a_time(
    options: dict[str, Any], found: dict[str, Any], expected: list[str]
) -> None:
    planned = plan(desired(**options), cluster(**found))
    assert titles(planned) == expected
    assert planned.before != planned.after
    assert planned.settle is not None


def test_the_difference_is_in_the_words_of_the_options() -> None:
    wanted = desired(
        private={"endpoint": True}, labels={"team": "b"}, authorized_networks=[], default_pool={"state": "absent"}
    )
    planned = plan(wanted, cluster())
    fixed = {"name": "edge", "location": "us-central1-c", "dataplane_v2": True, "multi_networking": True}
    assert planned.before == {
        **fixed,
        "private": {"endpoint": False},
        "labels": {"team": "a"},
        "authorized_networks": None,
        "default_pool": {"state": "present"},
    }
    assert planned.after == {
        **fixed,
        "private": {"endpoint": True},
        "labels": {"team": "b"},
        "authorized_networks": [],
        "default_pool": {"state": "absent"},
    }


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"description": "other"}, ["description"]),
        ({"network": "other"}, ["network"]),
        ({"network": "projects/host/global/networks/default"}, ["network"]),
        ({"subnetwork": "other"}, ["subnetwork"]),
        ({"subnetwork": "projects/host/regions/us-central1/subnetworks/default"}, ["subnetwork"]),
        ({"pods_range": "other"}, ["pods_range"]),
        ({"pods_cidr": "10.8.0.0/14"}, ["pods_cidr"]),
        ({"services_range": "services"}, ["services_range"]),
        ({"services_cidr": "10.8.0.0/20"}, ["services_cidr"]),
        ({"dataplane_v2": False, "multi_networking": False}, ["dataplane_v2"]),
        ({"default_max_pods_per_node": 32}, ["default_max_pods_per_node"]),
        ({"private": {"nodes": True, "master_cidr": "172.16.0.0/28"}}, ["private.master_cidr"]),
        ({"network": "other", "subnetwork": "other", "labels": {"a": "b"}}, ["network", "subnetwork"]),
    ],
)
def test_what_cannot_be_changed_is_refused_with_the_remedy(options: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Immutable, match="delete the cluster") as caught:
        plan(desired(**options), cluster())
    assert list(caught.value.differences) == fields


@pytest.mark.parametrize(
    ("options", "found", "message"),
    [
        ({"endpoint_kind": "dns"}, None, "set dns_endpoint=true"),
        ({"endpoint_kind": "dns"}, cluster(), "set dns_endpoint=true"),
        ({"endpoint_kind": "public"}, cluster(**endpoints(public=False)), "set private.endpoint=false"),
    ],
)
def test_an_endpoint_that_lets_nobody_in_is_refused(
    options: dict[str, Any], found: container_v1.Cluster | None, message: str
) -> None:
    with pytest.raises(Refused, match=message):
        plan(desired(**options), found)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"endpoint_kind": "public"}, None),
        ({"endpoint_kind": "private"}, None),
        ({"endpoint_kind": "dns", "dns_endpoint": True}, None),
        ({"endpoint_kind": "dns"}, cluster(**endpoints(dns=True))),
        ({"endpoint_kind": "public", "private": {"endpoint": False}}, cluster(**endpoints(public=False))),
    ],
)
def test_an_endpoint_that_is_open_or_opened_is_not(options: dict[str, Any], found: container_v1.Cluster | None) -> None:
    plan(desired(**options), found)


def test_new_private_nodes_are_warned_of() -> None:
    assert plan(desired(private={"nodes": True}), cluster()).warnings == (
        "private.nodes of cluster edge counts for new node pools; the nodes of others stay as they are",
    )


def test_a_newer_version_is_left_with_a_warning() -> None:
    planned = plan(desired(version="1.33"), cluster())
    assert titles(planned) == []
    assert "newer than 1.33" in planned.warnings[0]


def test_another_default_pool_is_left_with_a_warning() -> None:
    planned = plan(desired(default_pool={"node_count": 1}), cluster())
    assert titles(planned) == []
    assert "gke_multinet_nodepool" in planned.warnings[0]


def test_multi_networking_that_is_used_is_not_switched_off() -> None:
    pool = {"name": "m", "network_config": {"additional_node_network_configs": [{"network": "n"}]}}
    with pytest.raises(Refused, match="used by node pools m"):
        plan(desired(multi_networking=False), cluster(node_pools=[pool]))


@pytest.mark.parametrize("config", ["additional_node_network_configs", "additional_pod_network_configs"])
def test_a_default_pool_with_additional_networks_is_not_deleted(config: str) -> None:
    pool = {"name": "default-pool", "network_config": {config: [{"subnetwork": "s"}]}}
    with pytest.raises(Refused, match="has additional networks"):
        plan(desired(default_pool={"state": "absent"}), cluster(node_pools=[pool]))


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ([], []),
        ([{"name": "other"}], []),
        ([{"name": "default-pool", "status": "STOPPING"}], []),
        ([{"name": "other"}, {"name": "default-pool"}], ["delete node pool default-pool of cluster edge"]),
    ],
)
def test_the_default_pool_alone_is_deleted_and_once(pools: list[dict[str, Any]], expected: list[str]) -> None:
    assert titles(plan(desired(default_pool={"state": "absent"}), cluster(node_pools=pools))) == expected


@pytest.mark.parametrize(
    ("wait", "found", "expected"),
    [
        (True, None, ["create cluster edge in us-central1-c", "delete node pool default-pool of cluster edge"]),
        (False, None, ["create cluster edge in us-central1-c"]),
        (False, cluster(status="PROVISIONING"), []),
        (False, cluster(), ["delete node pool default-pool of cluster edge"]),
        (True, cluster(status="PROVISIONING"), ["delete node pool default-pool of cluster edge"]),
    ],
)
def test_the_default_pool_goes_once_the_cluster_is_there(
    wait: bool, found: container_v1.Cluster | None, expected: list[str]
) -> None:
    assert titles(plan(desired(default_pool={"state": "absent"}, wait=wait), found)) == expected


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("status", ["PROVISIONING", "RECONCILING"])
def test_what_is_under_way_is_waited_for_if_wanted(status: str, wait: bool) -> None:
    planned = plan(desired(wait=wait), cluster(status=status))
    assert titles(planned) == []
    assert (planned.settle is not None) is wait


def test_a_cluster_that_is_being_deleted_is_made_again() -> None:
    assert titles(plan(desired(), cluster(status="STOPPING"))) == ["create cluster edge in us-central1-c"]


def test_a_broken_cluster_is_refused_with_googles_words() -> None:
    found = cluster(status="ERROR", conditions=[{"message": "Quota exceeded"}])
    with pytest.raises(Refused, match="Quota exceeded"):
        plan(desired(), found)
    assert titles(plan(desired(state="absent"), found)) == ["delete cluster edge"]


def test_a_partly_broken_cluster_is_warned_of_as_it_was_seen_last() -> None:
    wanted = resource(desired())
    degraded = cluster(status="DEGRADED", conditions=[{"message": "1 node is missing"}])
    planned = wanted.plan(None)
    assert wanted.facts(degraded, planned)["warnings"] == ["cluster edge is DEGRADED: 1 node is missing"]
    assert resource(desired(state="absent")).facts(degraded, planned)["warnings"] == []


@pytest.mark.parametrize(
    ("found", "message"), [(None, "cluster edge is gone"), (cluster(status="ERROR"), "is in state ERROR")]
)
def test_a_cluster_that_was_waited_for_in_vain_is_an_error(
    found: container_v1.Cluster | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = resource(desired())
    monkeypatch.setattr(wanted, "_find", lambda: found)
    settle = wanted.plan(cluster(status="PROVISIONING")).settle
    assert settle
    with pytest.raises(Refused, match=message):
        settle()


@pytest.mark.parametrize("status", ["PROVISIONING", "RECONCILING"])
@pytest.mark.parametrize(("wait", "check_mode", "expected"), [(True, False, 0), (False, False, 1), (True, True, 1)])
def test_what_an_operation_is_changing_is_read_when_it_has_ended(
    status: str, wait: bool, check_mode: bool, expected: int
) -> None:
    """A change that an earlier task has started must not be made a second time."""
    readings = [
        cluster(status=status, resource_labels={"team": "a"}),
        cluster(status=status, resource_labels={"team": "a"}),
        cluster(resource_labels={"team": "b"}),
    ]
    google: Any = SimpleNamespace(
        project="p", progress=lambda text: None, find_cluster=lambda location, name: readings.pop(0)
    )
    operations = Operations(google, Deadline(9), sleep=lambda seconds: None)
    wanted = Cluster(desired(labels={"team": "b"}, wait=wait), google, operations, check_mode=check_mode)
    changes = wanted.plan(wanted.observe()).changes
    assert len(changes) == expected


@pytest.mark.parametrize("wait", [True, False])
def test_a_cluster_that_others_made_meanwhile_is_compared_once_it_is_there(wait: bool) -> None:
    google: Any = SimpleNamespace(project="p", progress=lambda text: None)
    operations = Operations(google, Deadline(1))
    planned = Cluster(desired(wait=wait), google, operations, check_mode=False).plan(None)
    assert not planned.overtaken()
    operations.overtaken = True
    assert planned.overtaken() is wait


@pytest.mark.parametrize(
    ("found", "expected"),
    [(None, []), (cluster(), ["delete cluster edge"]), (cluster(status="STOPPING"), [])],
)
def test_a_cluster_is_deleted_once(found: container_v1.Cluster | None, expected: list[str]) -> None:
    planned = plan(desired(state="absent"), found)
    assert titles(planned) == expected
    assert planned.after is None


def test_a_protected_cluster_is_not_deleted() -> None:
    with pytest.raises(Refused, match="deletion_protection"):
        plan(desired(state="absent", deletion_protection=True), cluster())


def test_facts_reach_the_cluster_and_hold_no_secret() -> None:
    found = resource(desired())
    facts = found.facts(cluster(), found.plan(cluster()))
    assert facts == {
        "endpoint": "203.0.113.5",
        "ca_data": "LS0t",
        "endpoints": {"public": "203.0.113.5", "private": "10.128.0.2", "dns": ""},
        "status": "RUNNING",
        "version": "1.34.4-gke.1047000",
        "pending": False,
        "operations": [],
        "warnings": [],
    }
    assert not any(secret in str(facts) for secret in SECRETS.values())
    assert all(f"\n{fact}:" in RETURN for fact in facts.keys() - {"warnings"})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (None, ("203.0.113.5", "LS0t")),
        ("public", ("203.0.113.5", "LS0t")),
        ("private", ("10.128.0.2", "LS0t")),
        ("dns", ("gke-1.us-central1.gke.goog", "")),
    ],
)
def test_the_endpoint_is_of_the_kind_that_was_asked_for(kind: str | None, expected: tuple[str, str]) -> None:
    wanted, found = resource(desired(**{"endpoint_kind": kind} if kind else {})), cluster(**endpoints(dns=True))
    facts = wanted.facts(found, wanted.plan(found))
    assert (facts["endpoint"], facts["ca_data"]) == expected


@pytest.mark.parametrize("found", [None, cluster(status="STOPPING")])
def test_a_cluster_to_be_made_has_an_empty_endpoint(found: container_v1.Cluster | None) -> None:
    wanted = resource(desired())
    facts = wanted.facts(found, wanted.plan(found))
    assert (facts["endpoint"], facts["ca_data"]) == ("", "")
