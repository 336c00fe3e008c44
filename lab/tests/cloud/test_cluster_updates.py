# SPDX-License-Identifier: Apache-2.0
"""UpdateCluster: every field that the proto has, what it changes on read-back, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import container_v1beta1
from google.protobuf.descriptor import FieldDescriptor

from gkelab.cloud.container.update_fields import target
from gkelab.cloud.protojson import is_object
from gkelab.engine import ApiEngine

from .conftest import CONTAINER, Lab, P

ZONE = f"{CONTAINER}/us-central1-c"
CLUSTER = f"{ZONE}/clusters/edge"
BETA = CLUSTER.replace("/v1/", "/v1beta1/")
POOL = f"{CLUSTER}/nodePools/default-pool"
UPDATE = container_v1beta1.ClusterUpdate.pb().DESCRIPTOR
# Fields that are tested by what they do, below, and not by the name of what they change.
APART = {
    "etag",
    "desired_additional_ip_ranges_config",
    "desired_control_plane_endpoints_config",
    "desired_datapath_provider",
    "desired_enable_private_endpoint",
    "desired_image",
    "desired_image_project",
    "desired_image_type",
    "desired_locations",
    "desired_logging_service",
    "desired_master_authorized_networks_config",
    "desired_master_version",
    "desired_monitoring_service",
    "desired_node_pool_autoscaling",
    "desired_node_pool_id",
    "desired_node_version",
    "desired_private_cluster_config",
    "desired_stack_type",
    "additional_pod_ranges_config",
    "private_cluster_config",
    "removed_additional_pod_ranges_config",
}
# Parts of these messages that follow from others.
FROM_SERVER = {"clusterTier", "currentState"}
# Values that no proto has as a default; other scalars are small numbers.
SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_INT64: "7",
    FieldDescriptor.CPPTYPE_STRING: "x7",
}
BY_NAME = [field.json_name for field in UPDATE.fields if field.name not in APART]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with a cluster whose settings no other test here relies on."""
    lab = Lab(tmp_path_factory.mktemp("edge"), ApiEngine())
    create(lab, networkConfig={"datapathProvider": "ADVANCED_DATAPATH"})
    yield lab
    lab.stop()


def create(lab: Lab, place: str = ZONE, **fields: object) -> None:
    body = {"cluster": {"name": "edge", "initialNodeCount": 1, **fields}}
    assert "error" not in lab.done("POST", f"{place}/clusters", body)


def updated(lab: Lab, path: str = BETA, **update: object) -> Any:
    """Update a cluster and return it as it is then."""
    operation = lab.done("PUT", path, {"update": update})
    assert "error" not in operation
    body = lab.get(path)
    assert body["status"] == "RUNNING"
    return body


def is_first(field: FieldDescriptor) -> bool:
    """Tell whether a field is no alternative to an earlier one of its message."""
    return field.containing_oneof is None or field.containing_oneof.fields[0].name == field.name


def sample(field: FieldDescriptor) -> Any:
    """Return a value for a field: something in every field of a message, no default of proto3."""
    if field.is_repeated and not (field.message_type and field.message_type.GetOptions().map_entry):
        return [one(field)]
    return one(field)


def one(field: FieldDescriptor) -> Any:
    kind = field.message_type
    if kind is not None:
        if kind.GetOptions().map_entry:
            return {"key": sample(kind.fields_by_name["value"])}
        if not is_object(field) and not field.is_repeated:
            return {"Duration": "5s", "Timestamp": "2026-01-01T00:00:00Z"}.get(kind.name, True)
        return {inner.json_name: sample(inner) for inner in kind.fields if is_first(inner)}
    if field.enum_type is not None:
        return field.enum_type.values[-1].name
    return SCALARS.get(field.cpp_type, 7)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_field_changes_what_it_is_called_after(edge: Lab, name: str) -> None:
    field = UPDATE.fields_by_camelcase_name[name]
    path = [known.json_name for known in target(name)]
    sent = sample(field)
    found = updated(edge, **{name: sent})
    for part in path:
        found = found[part]
    if field.message_type is not None and target(name)[-1].message_type is None:
        assert found is True  # a message around one switch
    elif isinstance(sent, dict):
        assert found.items() >= {key: value for key, value in sent.items() if key not in FROM_SERVER}.items()
    else:
        assert found == sent
    assert edge.refused("PUT", BETA, {"update": {}})[2] == "Must specify a field to update."


def test_fields_that_only_v1_has(edge: Lab) -> None:
    assert updated(edge, CLUSTER, desiredEmulatedVersion="1.34")["currentEmulatedVersion"] == "1.34"
    linux = {"nodeVfioConfig": {"dmaEntryLimit": 70000}, "sysctls": {"net.core.somaxconn": "4096"}}
    for sent in (linux, linux | {"nodeVfioConfig": {"dmaEntryLimit": 80000}}):
        body = updated(edge, CLUSTER, desiredNodePoolAutoConfigLinuxNodeConfig=sent)
        assert body["nodePoolAutoConfig"]["linuxNodeConfig"].items() >= sent.items()


def test_no_state_of_encryption_is_the_default(edge: Lab) -> None:
    body = updated(edge, desiredDatabaseEncryption={})
    assert body["databaseEncryption"] == {"state": "DECRYPTED", "currentState": "CURRENT_STATE_DECRYPTED"}


def test_what_is_not_sent_stays_where_a_message_can_tell(lab: Lab) -> None:
    create(lab)
    before = updated(lab, desiredMonitoringConfig={"managedPrometheusConfig": {"enabled": True}})
    after = updated(lab, desiredMonitoringConfig={"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}})
    assert before["monitoringConfig"]["managedPrometheusConfig"] == {"enabled": True}
    assert after["monitoringConfig"]["managedPrometheusConfig"] == {"enabled": True}
    assert after["monitoringConfig"]["componentConfig"] == {"enableComponents": ["SYSTEM_COMPONENTS"]}
    dns = after["addonsConfig"]["dnsCacheConfig"]
    assert updated(lab, desiredAddonsConfig={"httpLoadBalancing": {"disabled": True}})["addonsConfig"] == {
        **after["addonsConfig"],
        "httpLoadBalancing": {"disabled": True},
        "dnsCacheConfig": dns,
    }
    assert updated(lab, desiredShieldedNodes={"enabled": False})["shieldedNodes"] == {}
    assert updated(lab, desiredReleaseChannel={"channel": "UNSPECIFIED"})["releaseChannel"] == {}
    assert updated(lab, desiredWorkloadIdentityConfig={})["workloadIdentityConfig"] == {}


def test_logging_and_monitoring_go_together(edge: Lab) -> None:
    body = updated(edge, desiredLoggingService="none", desiredMonitoringService="none")
    assert (body["loggingService"], body["monitoringService"]) == ("none", "none")
    assert body["loggingConfig"] == {"componentConfig": {}}


@pytest.mark.parametrize(
    ("update", "text"),
    [
        ({"desiredLoggingService": "none", "desiredReleaseChannel": {"channel": "RAPID"}}, "Only one field"),
        ({"desiredDatapathProvider": "LEGACY_DATAPATH"}, "datapath_provider cannot be changed"),
        ({"desiredMasterVersion": "1.33"}, 'cannot be downgraded from "1.35'),
        ({"desiredMasterVersion": "1.2.3-gke.4"}, 'Master version "1.2.3-gke.4" is unsupported.'),
        ({"desiredNodeVersion": "latest"}, "must not be newer than the master version"),
        ({"desiredNodePoolId": "none", "desiredImageType": "UBUNTU_CONTAINERD"}, 'Node pool "none" not found.'),
        ({"desiredLocations": ["europe-west1-b"]}, 'Node location "europe-west1-b" is not a zone of region'),
        ({"desiredNothing": 1}, "Unknown name \"desiredNothing\" at 'update': Cannot find field."),
    ],
)
def test_what_is_refused(edge: Lab, update: dict, text: str) -> None:
    status, _, message = edge.refused("PUT", CLUSTER, {"update": update})
    assert status == 400
    assert text in message


def test_a_stale_etag_is_refused(edge: Lab) -> None:
    status, answer = edge.ask("PUT", CLUSTER, {"update": {"desiredLoggingService": "none", "etag": "x"}})
    assert (status, answer["error"]["status"]) == (409, "ABORTED")
    etag = edge.get(CLUSTER)["etag"]
    assert updated(edge, desiredLoggingService="none", etag=etag)["etag"] != etag


def test_how_a_cluster_is_reached(lab: Lab) -> None:
    block = "172.16.0.32/28"
    create(
        lab,
        networkConfig={"defaultEnablePrivateNodes": True},
        privateClusterConfig={"enablePrivateNodes": True, "masterIpv4CidrBlock": block},
    )
    body = lab.get(CLUSTER)
    public, private = body["privateClusterConfig"]["publicEndpoint"], body["privateClusterConfig"]["privateEndpoint"]
    addresses = body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    assert (body["endpoint"], addresses["publicEndpoint"], addresses["privateEndpoint"]) == (public, public, private)
    assert private == "172.16.0.34"
    assert addresses["privateEndpointSubnetwork"].endswith("-pe-subnet")
    assert body["masterAuthorizedNetworksConfig"] == {"privateEndpointEnforcementEnabled": True}
    dns = body["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]
    assert dns["endpoint"].endswith(".us-central1-c.gke.goog")

    networks = {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8", "displayName": "inside"}]}
    body = updated(lab, desiredMasterAuthorizedNetworksConfig=networks)
    assert body["masterAuthorizedNetworksConfig"] == {**networks, "privateEndpointEnforcementEnabled": True}
    body = updated(
        lab,
        desiredControlPlaneEndpointsConfig={
            "dnsEndpointConfig": {"allowExternalTraffic": True},
            "ipEndpointsConfig": {"enablePublicEndpoint": False, "globalAccess": True},
        },
    )
    addresses = body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    assert body["endpoint"] == private
    assert "publicEndpoint" not in addresses
    assert addresses["authorizedNetworksConfig"]["cidrBlocks"] == networks["cidrBlocks"]
    assert body["controlPlaneEndpointsConfig"]["dnsEndpointConfig"] == dns | {"allowExternalTraffic": True}
    assert body["privateClusterConfig"] == {
        "enablePrivateEndpoint": True,
        "enablePrivateNodes": True,
        "masterGlobalAccessConfig": {"enabled": True},
        "masterIpv4CidrBlock": block,
        "privateEndpoint": private,
        "publicEndpoint": public,
    }
    body = updated(lab, desiredEnablePrivateEndpoint=False)
    assert (body["endpoint"], "enablePrivateEndpoint" in body["privateClusterConfig"]) == (public, False)
    body = updated(lab, desiredDefaultEnablePrivateNodes=False)
    assert body["networkConfig"]["defaultEnablePrivateNodes"] is False
    assert "enablePrivateNodes" not in body["privateClusterConfig"]


def test_new_zones_get_nodes(lab: Lab) -> None:
    region = f"{CONTAINER}/us-central1"
    create(lab, region)
    cluster = f"{region}/clusters/edge"
    body = lab.get(cluster)
    assert body["locations"] == ["us-central1-c", "us-central1-a", "us-central1-b"]
    assert (body["currentNodeCount"], body["initialNodeCount"]) == (3, 1)
    lab.done("POST", f"{cluster}/nodePools/default-pool:setSize", {"nodeCount": 2})
    assert lab.get(cluster)["currentNodeCount"] == 6
    body = updated(lab, cluster, desiredLocations=["us-central1-f", "us-central1-a"])
    assert body["locations"] == body["nodePools"][0]["locations"] == ["us-central1-f", "us-central1-a"]
    assert body["currentNodeCount"] == 4
    assert [url.split("/")[-3] for url in body["nodePools"][0]["instanceGroupUrls"]] == body["locations"]


def test_upgrades(lab: Lab) -> None:
    create(lab, initialClusterVersion="1.33.1-gke.1000")
    operation = lab.started("PUT", CLUSTER, {"update": {"desiredMasterVersion": "1.34"}})
    assert (operation["operationType"], lab.finished(operation)["status"]) == ("UPGRADE_MASTER", "DONE")
    body = lab.get(CLUSTER)
    assert (body["currentMasterVersion"], body["currentNodeVersion"]) == ("1.34.8-gke.1278000", "1.33.1-gke.1000")
    assert body["initialClusterVersion"] == "1.33.1-gke.1000"
    operation = lab.started("PUT", CLUSTER, {"update": {"desiredNodeVersion": "-"}})
    assert operation["operationType"] == "UPGRADE_NODES"
    assert operation["targetLink"].endswith("/nodePools/default-pool")
    lab.finished(operation)
    assert lab.get(POOL)["version"] == "1.34.8-gke.1278000"


def test_the_methods_that_set_one_thing(lab: Lab) -> None:
    create(lab)
    legacy = f"/v1/projects/{P}/zones/us-central1-c/clusters/edge"
    window = {"window": {"dailyMaintenanceWindow": {"startTime": "03:00"}}}
    before = lab.get(CLUSTER)
    assert before["maintenancePolicy"] == {"resourceVersion": "e3b0c442"}  # as recorded: the hash of nothing
    for path, body in (
        (f"{CLUSTER}:setMaintenancePolicy", {"maintenancePolicy": window}),
        (f"{legacy}/monitoring", {"monitoringService": "none"}),
        (f"{CLUSTER}:setLogging", {"loggingService": "none"}),
        (f"{CLUSTER}:setAddons", {"addonsConfig": {"httpLoadBalancing": {"disabled": True}}}),
        (f"{CLUSTER}:setLegacyAbac", {"enabled": True}),
        (f"{CLUSTER}:setNetworkPolicy", {"networkPolicy": {"provider": "CALICO", "enabled": True}}),
    ):
        assert lab.done("POST", path, body)["operationType"] == "UPDATE_CLUSTER"
    after = lab.get(CLUSTER)
    assert after["maintenancePolicy"]["window"]["dailyMaintenanceWindow"] == {
        "startTime": "03:00",
        "duration": "PT4H0M0S",
    }
    assert after["maintenancePolicy"]["resourceVersion"] != "e3b0c442"
    assert (after["loggingService"], after["monitoringService"]) == ("none", "none")
    assert after["addonsConfig"]["httpLoadBalancing"] == {"disabled": True}
    assert (after["legacyAbac"], after["networkPolicy"]["provider"]) == ({"enabled": True}, "CALICO")
    assert lab.done("POST", f"{legacy}/master", {"masterVersion": "latest"})["operationType"] == "UPGRADE_MASTER"
    lab.done("POST", f"{CLUSTER}:setMaintenancePolicy", {"maintenancePolicy": {}})
    assert lab.get(CLUSTER)["maintenancePolicy"] == {"resourceVersion": "e3b0c442"}


def test_labels_are_replaced_with_a_fingerprint(lab: Lab) -> None:
    create(lab, resourceLabels={"a": "1"})
    stale = lab.get(CLUSTER)["labelFingerprint"]
    lab.done("POST", f"{CLUSTER}:setResourceLabels", {"resourceLabels": {"b": "2"}, "labelFingerprint": stale})
    body = lab.get(CLUSTER)
    assert (body["resourceLabels"], body["labelFingerprint"] == stale) == ({"b": "2"}, False)
    asked = {"resourceLabels": {}, "labelFingerprint": stale}
    assert lab.refused("POST", f"{CLUSTER}:setResourceLabels", asked)[0] == 412
    # What recordings of real traffic carry in place of each fingerprint is the current one.
    lab.done("POST", f"{CLUSTER}:setResourceLabels", asked | {"labelFingerprint": "abcdef0123A="})
    assert "resourceLabels" not in lab.get(CLUSTER)


def test_ranges_for_more_pods(lab: Lab) -> None:
    create(lab)
    assert updated(lab, desiredStackType="IPV4_IPV6")["ipAllocationPolicy"]["stackType"] == "IPV4_IPV6"
    config = {"subnetwork": f"projects/{P}/regions/us-central1/subnetworks/default", "podIpv4RangeNames": ["more"]}
    body = updated(lab, desiredAdditionalIpRangesConfig={"additionalIpRangesConfigs": [config | {"status": "ACTIVE"}]})
    assert body["ipAllocationPolicy"]["additionalIpRangesConfigs"] == [config | {"status": "ACTIVE"}]
    updated(lab, additionalPodRangesConfig={"podRangeNames": ["a", "b"]})
    body = updated(lab, removedAdditionalPodRangesConfig={"podRangeNames": ["a"]})
    assert body["ipAllocationPolicy"]["additionalPodRangesConfig"]["podRangeNames"] == ["b"]
