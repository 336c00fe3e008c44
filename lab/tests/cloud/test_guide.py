# SPDX-License-Identifier: Apache-2.0
"""The guide's four gcloud commands, as gcloud sent them."""

from __future__ import annotations

import json
import pathlib

GUIDE = ("01-networks-create", "02-subnets-create", "03-clusters-create", "04-node-pools-create")


def test_the_four_commands(lab, data: pathlib.Path) -> None:
    operation = ""
    for name in GUIDE:
        recording = json.loads((data / "gcloud-requests" / f"{name}.json").read_text())
        for request in recording["requests"]:
            path = "/".join(
                operation if part.startswith(("op-1", "operation-1")) else part
                for part in request["path"].partition("?")[0].split("/")
            )
            status, answer = lab.ask(request["method"], path, request["body"])
            assert status == 200, (name, answer)
            if "operationType" in answer:
                operation = answer["name"]
                if request["method"] == "GET":
                    assert lab.finished(answer)["status"] == "DONE"
    pool = lab.get("/v1/projects/test-proj/locations/us-central1-c/clusters/my-cluster/nodePools/my-pool")
    assert pool["status"] == "RUNNING"
    assert pool["networkConfig"]["additionalNodeNetworkConfigs"] == [{"network": "my-vpc", "subnetwork": "my-subnet"}]
    assert pool["networkConfig"]["additionalPodNetworkConfigs"] == [
        {"subnetwork": "my-subnet", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": "8"}}
    ]
