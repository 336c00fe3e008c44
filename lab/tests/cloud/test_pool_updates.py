# SPDX-License-Identifier: Apache-2.0
"""UpdateNodePool and the methods beside it: every field that the proto has, and what it changes on read-back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import container_v1beta1

from gkelab.engine import ApiEngine

from .conftest import CONTAINER, Lab
from .test_cluster_updates import create, sample

CLUSTER = f"{CONTAINER}/us-central1-c/clusters/edge"
POOL = f"{CLUSTER}/nodePools/default-pool"
BETA = POOL.replace("/v1/", "/v1beta1/")
REQUEST = container_v1beta1.UpdateNodePoolRequest.pb().DESCRIPTOR
CONFIG = container_v1beta1.NodeConfig.pb().DESCRIPTOR
ADDRESS = {"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"}
# Lists and maps that the request wraps in a message of their own.
WRAPPED = {"tags": "tags", "taints": "taints", "labels": "labels", "resourceLabels": "labels"}
# Fields that are tested by what they do, below.
APART = {
    "diskSizeGb",
    "image",
    "imageProject",
    "imageType",
    "locations",
    "machineType",
    "nodeNetworkConfig",
    "nodeVersion",
    "taints",
    *ADDRESS,
}
BY_NAME = [field.json_name for field in REQUEST.fields if field.json_name not in APART]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with a cluster whose pool no other test here relies on."""
    lab = Lab(tmp_path_factory.mktemp("edge"), ApiEngine())
    create(lab)
    yield lab
    lab.stop()


def updated(lab: Lab, path: str = BETA, **changes: object) -> Any:
    """Update a pool and return it as it is then."""
    operation = lab.done("PUT", path, changes)
    assert "error" not in operation
    body = lab.get(path)
    assert body["status"] == "RUNNING"
    return body


@pytest.mark.parametrize("name", BY_NAME)
def test_a_field_changes_what_it_is_called_after(edge: Lab, name: str) -> None:
    sent = sample(REQUEST.fields_by_camelcase_name[name])
    body = updated(edge, **{name: sent})
    found = body["config"][name] if name in CONFIG.fields_by_camelcase_name else body[name]
    if name in WRAPPED:
        sent = sent[WRAPPED[name]]
    if isinstance(sent, dict):
        assert found.items() >= sent.items()
    else:
        assert found == sent


def test_fields_that_only_v1_has(edge: Lab) -> None:
    policy = {"exclusionUntilEndOfSupport": {"enabled": True}}
    assert updated(edge, POOL, maintenancePolicy=policy)["maintenancePolicy"] == policy
    linux = {"nodeVfioConfig": {"dmaEntryLimit": 70000}}
    assert updated(edge, POOL, linuxNodeConfig=linux)["config"]["linuxNodeConfig"].items() >= linux.items()


def test_labels_taints_and_tags_are_replaced_whole(lab: Lab) -> None:
    create(lab)
    taint = {"key": "k", "value": "v", "effect": "NO_SCHEDULE"}
    assert updated(lab, taints={"taints": [taint]})["config"]["taints"] == [taint]
    assert updated(lab, labels={"labels": {"a": "1"}})["config"]["labels"] == {"a": "1"}
    assert updated(lab, labels={"labels": {"b": "2"}})["config"]["labels"] == {"b": "2"}
    assert updated(lab, tags={"tags": ["t"]})["config"]["tags"] == ["t"]
    config = updated(lab, tags={}, taints={}, labels={})["config"]
    assert config.keys().isdisjoint({"labels", "taints", "tags"})
    assert updated(lab, resourceLabels={"labels": {"team": "a"}})["config"]["resourceLabels"] == {
        "goog-gke-node-pool-provisioning-model": "on-demand",
        "team": "a",
    }


def test_machines_and_images(lab: Lab) -> None:
    create(lab)
    config = updated(lab, machineType="n2-standard-8", imageType="ubuntu_containerd")["config"]
    assert (config["machineType"], config["imageType"]) == ("n2-standard-8", "UBUNTU_CONTAINERD")
    update = {"desiredNodePoolId": "default-pool", "desiredImageType": "COS_CONTAINERD"}
    lab.done("PUT", CLUSTER, {"update": update})
    assert lab.get(POOL)["config"]["imageType"] == "COS_CONTAINERD"
    refused = lab.refused("PUT", CLUSTER, {"update": update | {"desiredImageType": "DEBIAN"}})
    assert refused[2] == 'Image type "DEBIAN" is not supported.'


def test_a_disk_is_told_twice(lab: Lab) -> None:
    create(lab)
    config = updated(lab, diskType="pd-ssd", diskSizeGb="200")["config"]
    assert (config["diskType"], config["diskSizeGb"]) == ("pd-ssd", 200)
    assert config["bootDisk"] == {"diskType": "pd-ssd", "sizeGb": "200"}
    config = updated(lab, bootDisk={"diskType": "hyperdisk-balanced", "sizeGb": 50})["config"]
    assert (config["diskType"], config["diskSizeGb"]) == ("hyperdisk-balanced", 50)


def test_what_gke_adds_is_still_there_after_an_update(lab: Lab) -> None:
    create(lab)
    config = updated(lab, kubeletConfig={"cpuManagerPolicy": "static"})["config"]
    assert config["kubeletConfig"] == {
        "cpuManagerPolicy": "static",
        "insecureKubeletReadonlyPortEnabled": False,
        "maxParallelImagePulls": 2,
    }
    assert updated(lab, upgradeSettings={"maxSurge": 2})["upgradeSettings"] == {"maxSurge": 2, "strategy": "SURGE"}
    blue_green = {"strategy": "BLUE_GREEN", "blueGreenSettings": {"nodePoolSoakDuration": "60s"}}
    assert updated(lab, upgradeSettings=blue_green)["upgradeSettings"] == blue_green
    config = updated(lab, nodeNetworkConfig={"enablePrivateNodes": True})["networkConfig"]
    assert (config["enablePrivateNodes"], config["podRange"][:9]) == (True, "gke-edge-")


def test_zones_of_a_pool(lab: Lab) -> None:
    create(lab)
    body = updated(lab, locations=["us-central1-f", "us-central1-c"])
    assert body["locations"] == ["us-central1-f", "us-central1-c"]
    assert len(body["instanceGroupUrls"]) == lab.get(CLUSTER)["currentNodeCount"] == 2
    assert "not a zone of region" in lab.refused("PUT", POOL, {"locations": ["europe-west1-b"]})[2]


def test_versions_of_nodes(lab: Lab) -> None:
    create(lab, initialClusterVersion="1.33.1-gke.1000")
    assert "must not be newer" in lab.refused("PUT", POOL, {"nodeVersion": "1.34"})[2]
    lab.done("PUT", CLUSTER, {"update": {"desiredMasterVersion": "1.33.2-gke.1"}})
    operation = lab.started("PUT", POOL, {"nodeVersion": "-", "imageType": "COS_CONTAINERD"})
    assert (operation["operationType"], operation["status"]) == ("UPGRADE_NODES", "PENDING")
    lab.finished(operation)
    assert lab.get(POOL)["version"] == "1.33.2-gke.1"
    assert lab.done("POST", f"{POOL}:rollback", {})["operationType"] == "UPGRADE_NODES"
    assert lab.get(POOL)["version"] == "1.33.2-gke.1"


def test_autoscaling_and_management(lab: Lab) -> None:
    create(lab)
    totals = {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 6, "locationPolicy": "ANY"}
    lab.done("POST", f"{POOL}:setAutoscaling", {"autoscaling": totals})
    assert lab.get(POOL)["autoscaling"] == totals
    zonal = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 3, "totalMaxNodeCount": 0}
    lab.done("PUT", CLUSTER, {"update": {"desiredNodePoolId": "default-pool", "desiredNodePoolAutoscaling": zonal}})
    assert lab.get(POOL)["autoscaling"] == {
        "enabled": True,
        "minNodeCount": 1,
        "maxNodeCount": 3,
        "locationPolicy": "BALANCED",
    }
    lab.done("POST", f"{POOL}:setAutoscaling", {"autoscaling": {"enabled": False}})
    assert lab.get(POOL)["autoscaling"] == {}
    lab.done("POST", f"{POOL}:setManagement", {"management": {"autoRepair": True}})
    assert lab.get(POOL)["management"] == {"autoRepair": True}


def test_what_is_refused(edge: Lab) -> None:
    etag = edge.get(POOL)["etag"]
    status, answer = edge.ask("PUT", POOL, {"etag": "x", "tags": {"tags": ["t"]}})
    assert (status, answer["error"]["status"]) == (409, "ABORTED")
    assert updated(edge, etag=etag, tags={"tags": ["t"]})["etag"] != etag
    assert edge.refused("PUT", POOL, {})[2] == "Must specify a field to update."
    more = {"nodeNetworkConfig": {"additionalNodeNetworkConfigs": [{"network": "n", "subnetwork": "s"}]}}
    assert "cannot be changed after its creation" in edge.refused("PUT", POOL, more)[2]
    assert 'Machine type with name "big" does not exist' in edge.refused("PUT", POOL, {"machineType": "big"})[2]
    assert "Invalid label" in edge.refused("PUT", POOL, {"labels": {"labels": {"a": "-"}}})[2]
    assert "Node count must be between 0 and 1000" in edge.refused("POST", f"{POOL}:setSize", {"nodeCount": -1})[2]
    assert "Duration must end with letter" in edge.refused("PUT", BETA, {"maxRunDuration": "soon"})[2]
