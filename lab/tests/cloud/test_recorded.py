# SPDX-License-Identifier: Apache-2.0
"""Exchanges recorded with the real service, sent to the lab: what differs is what lab/README.md explains, no less."""

from __future__ import annotations

import json
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gkelab.engine import ApiEngine

from .conftest import COMPUTE, CONTAINER, REPOSITORY, Lab, P
from .recorded import Difference, Recording, load_tool

README = REPOSITORY / "lab" / "README.md"
_ROW = re.compile(r"^\| `(?P<field>[^`]+)` \| (?P<kind>\w+) \| (?P<logs>[\d, ]+) \|", re.MULTILINE)


@pytest.fixture
def found(data: pathlib.Path, tmp_path: pathlib.Path) -> list[Difference]:
    """All differences between the recordings and the lab."""
    tool = load_tool(data)
    lab = Lab(tmp_path, ApiEngine())
    try:
        recordings = [Recording(tool, path, lab) for path in sorted((data / "gcp-traffic").glob("*.log"))]
        with ThreadPoolExecutor(len(recordings)) as pool:
            return sorted(item for items in pool.map(lambda one: list(one.differences()), recordings) for item in items)
    finally:
        lab.stop()


def explained() -> set[tuple[str, str, str]]:
    """Return (log, kind, field) of every row of the README's table of differences."""
    return {
        (log.strip(), row["kind"], row["field"])
        for row in _ROW.finditer(README.read_text(encoding="utf-8"))
        for log in row["logs"].split(",")
    }


def test_what_differs_from_the_recordings_is_explained(found: list[Difference]) -> None:
    assert [item.text for item in found if item.kind == "status"] == []
    differing = {(item.log, item.kind, item.field) for item in found}
    assert {item.text for item in found if (item.log, item.kind, item.field) not in explained()} == set()
    assert explained() - differing == set()


def test_the_replay_sees_what_is_different(data: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = (data / "gcp-traffic" / "01-network-crud-patch-ula.log").read_text(encoding="utf-8")
    assert log.count('"bgpBestPathSelectionMode": "LEGACY"') > 1
    changed = tmp_path / "01-changed.log"
    changed.write_text(
        log.replace('"bgpBestPathSelectionMode": "LEGACY"', '"mtu": 1500', 1).replace("\n404 ", "\n403 ", 1),
        encoding="utf-8",
    )
    lab = Lab(tmp_path, ApiEngine())
    try:
        found = {(item.kind, item.field) for item in Recording(load_tool(data), changed, lab).differences()}
    finally:
        lab.stop()
    assert {kind for kind, _ in found} == {"status", "missing", "extra", "value"}
    assert {("missing", "routingConfig.mtu"), ("extra", "routingConfig.bgpBestPathSelectionMode")} <= found


def test_a_regional_private_cluster_reads_back_as_recorded(lab: Lab, data: pathlib.Path) -> None:
    """The read-back of a cluster with multi-networking that Terraform made; the request is told from it."""
    path = data / "gcp-traffic" / "golden-v1-cluster-multinetworking-regional-private.json"
    text = path.read_text(encoding="utf-8").replace("PROJECT_ID", P).replace("CLUSTER_NAME", "golden")
    recorded = json.loads(text)
    make_golden(lab, recorded)
    tool = load_tool(data)
    real = dict(tool.leaves(recorded))
    here = dict(tool.leaves(lab.get(f"{CONTAINER}/us-central1/clusters/golden")))
    differing = {field for field in real.keys() | here.keys() if real.get(field) != here.get(field)}
    names = {"instanceGroupUrls[]", "nodePools[].instanceGroupUrls[]"}  # of the name that the recording hides
    # Recorded in August 2025, as log 06: what README says of that log.
    assert {re.sub(r"\[\d+\]", "[]", field) for field in differing} == names | {
        "controlPlaneEgress.mode",
        "controlPlaneEndpointsConfig.dnsEndpointConfig.enableK8sCertsViaDns",
        "controlPlaneEndpointsConfig.dnsEndpointConfig.enableK8sTokensViaDns",
        "ipAllocationPolicy.networkTierConfig.networkTier",
        "monitoringConfig.componentConfig.enableComponents[]",
        "nodePools[].networkConfig.networkTierConfig.networkTier",
    }


def make_golden(lab: Lab, recorded: dict[str, Any]) -> None:
    """Make the network, the subnetwork and the cluster that a read-back tells of."""
    policy, (pool,) = recorded["ipAllocationPolicy"], recorded["nodePools"]
    name = recorded["network"]
    lab.done("POST", f"{COMPUTE}/global/networks", {"name": name, "autoCreateSubnetworks": False})
    ranges = [
        {"rangeName": policy[f"{kind}SecondaryRangeName"], "ipCidrRange": policy[f"{kind}Ipv4CidrBlock"]}
        for kind in ("cluster", "services")
    ]
    subnetwork = {"name": recorded["subnetwork"], "network": name, "ipCidrRange": "10.0.0.0/17"}
    lab.done("POST", f"{COMPUTE}/regions/us-central1/subnetworks", subnetwork | {"secondaryIpRanges": ranges})
    of_config = ("machineType", "diskType", "loggingConfig", "oauthScopes", "serviceAccount", "workloadMetadataConfig")
    asked_pool = {key: pool[key] for key in ("name", "autoscaling", "initialNodeCount", "management")} | {
        "config": {key: pool["config"][key] for key in of_config},
        "networkConfig": {"enablePrivateNodes": True},
    }
    of_cluster = ("locations", "resourceLabels", "workloadIdentityConfig", "releaseChannel")
    private, authorized = recorded["privateClusterConfig"], recorded["masterAuthorizedNetworksConfig"]
    asked = {key: recorded[key] for key in of_cluster} | {
        "name": recorded["name"],
        "initialClusterVersion": recorded["initialClusterVersion"],
        "network": name,
        "subnetwork": recorded["subnetwork"],
        "ipAllocationPolicy": {key: value for key, value in policy.items() if key.endswith("SecondaryRangeName")},
        "networkConfig": {
            "datapathProvider": "ADVANCED_DATAPATH",
            "defaultEnablePrivateNodes": True,
            "enableMultiNetworking": True,
        },
        "privateClusterConfig": {key: private[key] for key in private.keys() - {"privateEndpoint", "publicEndpoint"}},
        "masterAuthorizedNetworksConfig": {key: authorized[key] for key in ("enabled", "cidrBlocks")},
        "addonsConfig": {"dnsCacheConfig": {}, "gcePersistentDiskCsiDriverConfig": {}},
        "nodePools": [asked_pool],
    }
    assert "error" not in lab.done("POST", f"{CONTAINER}/us-central1/clusters", {"cluster": asked})
