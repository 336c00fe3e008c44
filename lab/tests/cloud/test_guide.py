# SPDX-License-Identifier: Apache-2.0
"""gcloud's commands, as gcloud sent them: the guide's four, then what people do with the result."""

from __future__ import annotations

import json
import pathlib

from .conftest import Lab

GUIDE = ("01-networks-create", "02-subnets-create", "03-clusters-create", "04-node-pools-create")
AFTERWARDS = (
    "11-networks-describe",
    "12-networks-list",
    "13-networks-update-bgp",
    "21-subnets-list",
    "22-subnets-update-add-secondary",
    "24-subnets-update-pga",
    "25-subnets-expand",
    "31-clusters-list",
    "33-clusters-update-multi-networking",
    "34-clusters-update-labels",
    "35-clusters-update-authorized-networks",
    "36-clusters-upgrade-master",
    "41-node-pools-list",
    "42-node-pools-update-autoscaling",
    "43-node-pools-update-management",
    "44-node-pools-update-labels",
    "45-node-pools-update-taints",
    "46-node-pools-update-upgrade-settings",
    "47-node-pools-update-locations",
    "48-node-pools-delete",
    "60-operations-list",
    "61-get-server-config",
    "38-clusters-delete",
    "26-subnets-delete",
    "15-networks-delete",
)
FINGERPRINTS = {"fingerprint", "labelFingerprint"}
POOL = "/v1/projects/test-proj/locations/us-central1-c/clusters/my-cluster/nodePools/my-pool"


def run(lab: Lab, data: pathlib.Path, name: str) -> None:
    """Send a command's requests; the stub that it was recorded against called its operations op-1 and operation-1.

    It also had one fingerprint for everything, where a client sends the one that it has just read.
    """
    operation, read = "", {}
    for request in json.loads((data / "gcloud-requests" / f"{name}.json").read_text())["requests"]:
        parts = request["path"].partition("?")[0].split("/")
        path = "/".join(operation if part in ("op-1", "operation-1") else part for part in parts)
        body = request["body"] and request["body"] | {key: read[key] for key in FINGERPRINTS & request["body"].keys()}
        status, answer = lab.ask(request["method"], path, body)
        if name.endswith("-delete") and request["method"] == "GET" and status == 404:
            continue  # the stub still had what was deleted
        assert status == 200, (name, answer)
        read = {key: answer.get(key, "") for key in FINGERPRINTS}
        if "operationType" in answer:
            operation = answer["name"]
            ended = lab.finished(answer)
            assert "error" not in ended, (name, ended)


def test_the_four_commands(lab: Lab, data: pathlib.Path) -> None:
    for name in GUIDE:
        run(lab, data, name)
    pool = lab.get(POOL)
    assert pool["status"] == "RUNNING"
    assert pool["networkConfig"]["additionalNodeNetworkConfigs"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    assert pool["networkConfig"]["additionalPodNetworkConfigs"] == [
        {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
    ]


def test_the_commands_after_them(lab: Lab, data: pathlib.Path) -> None:
    for name in GUIDE + AFTERWARDS:
        run(lab, data, name)
    assert lab.get("/v1/projects/test-proj/locations/-/clusters") == {}
