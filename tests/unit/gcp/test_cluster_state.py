# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent for a cluster: the fields that gcloud sends for the same (version 528, recorded)."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster import cluster_state
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_options import Desired
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Place
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_cluster import SPEC

ROOT = pathlib.Path(__file__).resolve().parents[3]
GCLOUD = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "gcloud-requests"
PLACE = Place("test-proj", "us-central1")


def desired(**options: Any) -> Desired:
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate({"name": "my-cluster", **options})
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def sent(kind: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as they go over the wire."""
    text = kind.to_json(kind(fields), always_print_fields_with_no_presence=False, use_integers_for_enums=False)
    message: dict[str, Any] = json.loads(text)
    return message


def creation(file: str) -> dict[str, Any]:
    """Return the cluster that gcloud asked for, less what Google does by itself and what is left to node pools."""
    requests = json.loads((GCLOUD / file).read_text())["requests"]
    (body,) = (each["body"]["cluster"] for each in requests if each["path"].endswith("/clusters?alt=json"))
    cluster: dict[str, Any] = body
    assert cluster["ipAllocationPolicy"].pop("createSubnetwork") is False
    for pool in cluster["nodePools"]:
        assert pool.pop("upgradeSettings") == {"maxSurge": 1}
        pool["config"].pop("resourceLabels", None)
    return cluster


@pytest.mark.skipif(not GCLOUD.is_dir(), reason="no gcloud-requests: set MULTINET_DATA")
@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("03-clusters-create.json", {"location": "us-central1-c", "version": "1.33.1-gke.1000"}),
        (
            "39-clusters-create-full.json",
            {
                "location": "us-central1",
                "release_channel": "REGULAR",
                "network": "default-vpc",
                "subnetwork": "default-sn",
                "pods_range": "p",
                "services_range": "s",
                "default_pool": {"node_count": 1},
                "labels": {"a": "b"},
                "private": {"nodes": True, "master_cidr": "172.16.0.0/28"},
                "workload_pool": "test-proj.svc.id.goog",
            },
        ),
    ],
)
def test_a_cluster_is_asked_for_as_gcloud_does(file: str, options: dict[str, Any]) -> None:
    assert sent(container_v1.Cluster, cluster_state.new_cluster(desired(**options), PLACE)) == creation(file)


def test_a_cluster_with_ranges_zones_and_endpoints_is_asked_for_as_gcloud_does() -> None:
    """The fields of gcloud container clusters create with the flags that say the same, seen on the wire."""
    options = {
        "location": "us-central1-c",
        "pods_cidr": "10.100.0.0/16",
        "services_cidr": "10.101.0.0/20",
        "node_locations": ["us-central1-c", "us-central1-a"],
        "private": {"nodes": True, "endpoint": True},
        "authorized_networks": [{"cidr": "10.0.0.0/8"}],
        "dns_endpoint": True,
    }
    fields = sent(container_v1.Cluster, cluster_state.new_cluster(desired(**options), PLACE))
    assert fields["ipAllocationPolicy"] == {
        "clusterIpv4CidrBlock": "10.100.0.0/16",
        "servicesIpv4CidrBlock": "10.101.0.0/20",
        "useIpAliases": True,
    }
    assert fields["locations"] == ["us-central1-a", "us-central1-c"]
    assert fields["networkConfig"]["defaultEnablePrivateNodes"] is True
    assert fields["controlPlaneEndpointsConfig"] == {
        "dnsEndpointConfig": {"allowExternalTraffic": True},
        "ipEndpointsConfig": {
            "authorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}], "enabled": True},
            "enablePublicEndpoint": False,
        },
    }
    assert "privateClusterConfig" not in fields


def test_what_is_not_given_is_not_sent() -> None:
    fields = sent(container_v1.Cluster, cluster_state.new_cluster(desired(location="us-central1-c"), PLACE))
    assert fields.keys() == {"name", "ipAllocationPolicy", "networkConfig", "nodePools"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("release_channel", "RAPID", {"desiredReleaseChannel": {"channel": "RAPID"}}),
        ("version", "1.34", {"desiredMasterVersion": "1.34"}),
        ("multi_networking", True, {"desiredEnableMultiNetworking": True}),
        ("private.nodes", False, {"desiredDefaultEnablePrivateNodes": False}),
        ("node_locations", ["us-central1-a"], {"desiredLocations": ["us-central1-a"]}),
        ("workload_pool", "p.svc.id.goog", {"desiredWorkloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}),
        ("workload_pool", "", {"desiredWorkloadIdentityConfig": {}}),
        (
            "dns_endpoint",
            False,
            {"desiredControlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": False}}},
        ),
        (
            "private.endpoint",
            False,
            {"desiredControlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enablePublicEndpoint": True}}},
        ),
        (
            "authorized_networks",
            [],
            {
                "desiredControlPlaneEndpointsConfig": {
                    "ipEndpointsConfig": {"authorizedNetworksConfig": {"enabled": True}}
                }
            },
        ),
        (
            "authorized_networks",
            [{"cidr": "10.0.0.0/8", "name": "inside"}, {"cidr": "1.2.3.4/32"}],
            {
                "desiredControlPlaneEndpointsConfig": {
                    "ipEndpointsConfig": {
                        "authorizedNetworksConfig": {
                            "cidrBlocks": [
                                {"cidrBlock": "10.0.0.0/8", "displayName": "inside"},
                                {"cidrBlock": "1.2.3.4/32"},
                            ],
                            "enabled": True,
                        }
                    }
                }
            },
        ),
    ],
)
def test_an_option_is_set_as_gcloud_sets_it(key: str, value: object, expected: dict[str, Any]) -> None:
    method, request = cluster_state.update(key, value, container_v1.Cluster())
    assert method == "update_cluster"
    assert sent(container_v1.UpdateClusterRequest, request) == {"update": expected}


def test_with_a_public_address_addresses_are_switched_on() -> None:
    closed = container_v1.Cluster({"control_plane_endpoints_config": {"ip_endpoints_config": {"enabled": False}}})
    _method, request = cluster_state.update("private.endpoint", False, closed)
    config = sent(container_v1.UpdateClusterRequest, request)["update"]["desiredControlPlaneEndpointsConfig"]
    assert config == {"ipEndpointsConfig": {"enablePublicEndpoint": True, "enabled": True}}


def test_labels_of_others_are_sent_as_they_are() -> None:
    cluster = container_v1.Cluster({"resource_labels": {"team": "a", "kept": "k"}, "label_fingerprint": "78cdf2f6"})
    method, request = cluster_state.update("labels", {"team": "b"}, cluster)
    assert method == "set_labels"
    assert sent(container_v1.SetLabelsRequest, request) == {
        "resourceLabels": {"team": "b", "kept": "k"},
        "labelFingerprint": "78cdf2f6",
    }


def authorized(*networks: tuple[str, str]) -> container_v1.Cluster:
    blocks = [{"cidr_block": cidr, "display_name": name} for cidr, name in networks]
    config = {"authorized_networks_config": {"enabled": True, "cidr_blocks": blocks}}
    return container_v1.Cluster({"control_plane_endpoints_config": {"ip_endpoints_config": config}})


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [
        ([("10.0.0.0/8", "a"), ("1.2.3.4/32", "")], [{"cidr": "1.2.3.4/32"}, {"cidr": "10.0.0.0/8"}], None),
        ([("10.0.0.0/8", "a")], [{"cidr": "10.0.0.0/8", "name": "b"}], [{"cidr": "10.0.0.0/8", "name": "b"}]),
        (
            [("10.0.0.0/8", "a")],
            [{"cidr": "10.0.0.0/8"}, {"cidr": "1.2.3.4/32"}],
            [{"cidr": "1.2.3.4/32"}, {"cidr": "10.0.0.0/8", "name": "a"}],
        ),
        ([("10.0.0.0/8", "a")], [], []),
        ([], [], None),
    ],
)
def test_networks_are_a_set_and_keep_their_names(
    have: list[tuple[str, str]], want: list[dict[str, str]], expected: list[dict[str, str]] | None
) -> None:
    """None is: nothing to do."""
    wanted = desired(location="us-central1-c", authorized_networks=want)
    before, after = cluster_state.compared(wanted, authorized(*have), PLACE)
    difference = after["authorized_networks"] if before["authorized_networks"] != after["authorized_networks"] else None
    assert difference == expected


@pytest.mark.parametrize(
    ("network_config", "older", "expected"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"default_enable_private_nodes": True}, False, True),
        ({"default_enable_private_nodes": False}, True, False),
    ],
)
def test_private_nodes_are_read_where_updates_write_them(
    network_config: dict[str, Any], older: bool, expected: bool
) -> None:
    cluster = container_v1.Cluster(
        {"network_config": network_config, "private_cluster_config": {"enable_private_nodes": older}}
    )
    assert cluster_state.as_is(cluster, PLACE)["private.nodes"] is expected
