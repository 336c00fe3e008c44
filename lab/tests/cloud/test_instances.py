# SPDX-License-Identifier: Apache-2.0
"""The machines that nodes are, with the blocks of addresses of their NICs."""

from __future__ import annotations

import pytest

from .conftest import COMPUTE, Lab, P

ZONE = f"{COMPUTE}/zones/us-central1-c"


@pytest.fixture
def nodes(lab: Lab) -> Lab:
    """A cluster with two nodes in a zone."""
    pools = [{"name": "default-pool", "initialNodeCount": 2}]
    cluster = {"name": "edge", "ipAllocationPolicy": {"useIpAliases": True}, "nodePools": pools}
    lab.done("POST", f"/v1/projects/{P}/locations/us-central1-c/clusters", {"cluster": cluster})
    return lab


def test_a_node_is_a_machine_with_a_block_of_the_pods_range(nodes: Lab) -> None:
    first, second = nodes.get(f"{ZONE}/instances")["items"]
    assert nodes.get(f"{ZONE}/instances/{first['name']}") == first
    assert first["selfLink"] == f"https://www.googleapis.com{ZONE}/instances/{first['name']}"
    (interface,) = first["networkInterfaces"]
    assert interface["network"].endswith("/global/networks/default")
    (alias,) = interface["aliasIpRanges"]
    assert alias["subnetworkRangeName"].startswith("gke-edge-pods-")
    assert alias != second["networkInterfaces"][0]["aliasIpRanges"][0]
    assert first["id"] != second["id"]


def test_machines_are_chosen_by_a_regular_expression_of_their_name(nodes: Lab) -> None:
    names = [item["name"] for item in nodes.get(f"{ZONE}/instances")["items"]]
    group = names[0].rpartition("-")[0]
    for expression, found in ((f'name eq "({group}|other)-[a-z0-9]%2B"', names), (f'name eq "{group}"', [])):
        body = nodes.get(f"{ZONE}/instances?filter={expression.replace(' ', '%20')}")
        assert [item["name"] for item in body.get("items", ())] == found


def test_other_zones_and_names_have_none(nodes: Lab) -> None:
    assert "items" not in nodes.get(f"{COMPUTE}/zones/us-central1-a/instances")
    status, body = nodes.ask("GET", f"{ZONE}/instances/nope")
    assert (status, body["error"]["errors"][0]["reason"]) == (404, "notFound")
    scopes = nodes.get(f"{COMPUTE}/aggregated/instances")["items"]
    assert [zone for zone, found in scopes.items() if "instances" in found] == ["zones/us-central1-c"]
