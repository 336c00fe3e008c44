# SPDX-License-Identifier: Apache-2.0
"""Networks, subnetworks and firewall rules: read-back, refusals, updates."""

from __future__ import annotations

import pytest

from gkelab.cloud.identity import is_current

from .conftest import COMPUTE, Lab, P

NETWORK = {"name": "vpc", "autoCreateSubnetworks": False}
SUBNETWORK = {
    "name": "sub",
    "network": f"projects/{P}/global/networks/vpc",
    "ipCidrRange": "10.0.1.0/24",
    "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "172.16.1.0/24"}],
}
SUBNETWORKS = f"{COMPUTE}/regions/us-central1/subnetworks"
INVALID = "Invalid value for field '{}': '{}'. "


@pytest.fixture
def vpc(lab: Lab) -> Lab:
    return with_vpc(lab)


@pytest.fixture(scope="module")
def refusing(shared_lab: Lab) -> Lab:
    """What ``vpc`` is, for refusals only."""
    return with_vpc(shared_lab)


def with_vpc(lab: Lab) -> Lab:
    lab.done("POST", f"{COMPUTE}/global/networks", NETWORK)
    lab.done("POST", SUBNETWORKS, SUBNETWORK)
    return lab


def test_read_back_of_a_network(vpc: Lab) -> None:
    body = vpc.get(f"{COMPUTE}/global/networks/vpc")
    link = f"https://www.googleapis.com/compute/v1/projects/{P}/global/networks/"
    assert body.pop("creationTimestamp")
    identity = body.pop("id")
    assert len(identity) == 19
    assert body == {
        "kind": "compute#network",
        "name": "vpc",
        "autoCreateSubnetworks": False,
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        "routingConfig": {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"},
        "selfLink": f"{link}vpc",
        "selfLinkWithId": f"{link}{identity}",
        "subnetworks": [f"https://www.googleapis.com{SUBNETWORKS}/sub"],
    }


def test_read_back_of_a_subnetwork(vpc: Lab) -> None:
    body = vpc.get(f"{SUBNETWORKS}/sub")
    for field in ("creationTimestamp", "id", "fingerprint"):
        assert body.pop(field)
    base = "https://www.googleapis.com/compute/v1/projects/test-project"
    assert body == {
        "kind": "compute#subnetwork",
        "name": "sub",
        "ipCidrRange": "10.0.1.0/24",
        "gatewayAddress": "10.0.1.1",
        "network": f"{base}/global/networks/vpc",
        "region": f"{base}/regions/us-central1",
        "selfLink": f"{base}/regions/us-central1/subnetworks/sub",
        "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "172.16.1.0/24"}],
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "logConfig": {"enable": False},
        "enableFlowLogs": False,
        "allowSubnetCidrRoutesOverlap": False,
    }


def test_a_project_starts_with_an_auto_mode_network(lab: Lab) -> None:
    network = lab.get(f"{COMPUTE}/global/networks/default")
    assert network["autoCreateSubnetworks"] is True
    assert lab.get(f"{SUBNETWORKS}/default")["ipCidrRange"] == "10.128.0.0/20"
    rules = {rule["name"] for rule in lab.get(f"{COMPUTE}/global/firewalls")["items"]}
    assert rules == {f"default-allow-{name}" for name in ("icmp", "internal", "rdp", "ssh")}
    aggregated = lab.get(f"{COMPUTE}/aggregated/subnetworks")["items"]
    assert len(aggregated) == len(network["subnetworks"]) == len(lab.get(f"{COMPUTE}/regions")["items"])


@pytest.mark.parametrize(
    "spelling",
    [
        "vpc",
        "global/networks/vpc",
        f"projects/{P}/global/networks/vpc",
        f"/projects/{P}/global/networks/vpc",
        f"https://www.googleapis.com/compute/v1/projects/{P}/global/networks/vpc",
        f"https://compute.googleapis.com/compute/v1/projects/{P}/global/networks/vpc",
        f"http://127.0.0.1:8901/compute/v1/projects/{P}/global/networks/vpc",
    ],
)
def test_a_network_in_every_spelling(vpc: Lab, spelling: str) -> None:
    vpc.done("POST", SUBNETWORKS, {"name": "other", "network": spelling, "ipCidrRange": "10.9.0.0/24"})
    assert vpc.get(f"{SUBNETWORKS}/other")["network"].startswith("https://www.googleapis.com/compute/v1/")


def test_an_operation_in_its_forms(lab: Lab) -> None:
    first = lab.started("POST", f"{COMPUTE}/global/networks", NETWORK)
    assert (first["status"], first["progress"], first["operationType"]) == ("RUNNING", 0, "insert")
    assert first["targetLink"].endswith("/global/networks/vpc")
    status, waited = lab.ask("POST", f"{COMPUTE}/global/operations/{first['name']}/wait")
    assert (status, waited["status"], waited["progress"]) == (200, "DONE", 100)
    assert waited["targetId"] == lab.get(f"{COMPUTE}/global/networks/vpc")["id"]
    assert lab.done("PATCH", f"{COMPUTE}/global/networks/vpc", {"mtu": 1500})["operationType"] == "updateNetwork"
    assert lab.get(f"{COMPUTE}/global/networks/vpc")["mtu"] == 1500
    names = [item["name"] for item in lab.get(f"{COMPUTE}/global/operations")["items"]]
    assert first["name"] in names
    regional = lab.started("POST", SUBNETWORKS, SUBNETWORK)
    assert regional["region"].endswith("/regions/us-central1")
    assert lab.ask("GET", f"{COMPUTE}/global/operations/{regional['name']}")[0] == 404


def test_a_request_id_is_a_safe_retry(lab: Lab) -> None:
    path = f"{COMPUTE}/global/networks?requestId=6f1c2b1e-0000-4000-8000-000000000001"
    first, again = lab.started("POST", path, NETWORK), lab.started("POST", path, NETWORK)
    assert first["name"] == again["name"]


@pytest.mark.parametrize(
    ("change", "status", "reason", "message"),
    [
        (
            {"name": "sub"},
            409,
            "alreadyExists",
            f"The resource 'projects/{P}/regions/us-central1/subnetworks/sub' already exists",
        ),
        (
            {"ipCidrRange": "10.0.0.0/16"},
            400,
            "invalid",
            INVALID.format("resource.ipCidrRange", "10.0.0.0/16")
            + "Invalid IPCidrRange: 10.0.0.0/16 conflicts with existing subnetwork 'sub' in region 'us-central1'.",
        ),
        (
            {"ipCidrRange": "172.16.0.0/16"},
            400,
            "invalid",
            INVALID.format("resource.ipCidrRange", "172.16.0.0/16")
            + "Invalid IPCidrRange: 172.16.0.0/16 conflicts with existing subnetwork 'sub' in region 'us-central1'.",
        ),
        (
            {"secondaryIpRanges": [{"rangeName": "p", "ipCidrRange": "172.16.1.128/25"}]},
            400,
            "invalid",
            INVALID.format("resource.secondaryIpRanges[0].ipCidrRange", "172.16.1.128/25")
            + "Invalid IPCidrRange: 172.16.1.128/25 conflicts with existing subnetwork 'sub' in region 'us-central1'.",
        ),
        (
            {"network": "default", "ipCidrRange": "10.200.0.0/16"},
            400,
            "invalid",
            INVALID.format("resource.ipCidrRange", "10.200.0.0/16")
            + "Extended subnetworks in auto subnet mode networks cannot overlap with 10.128.0.0/9.",
        ),
        (
            {"secondaryIpRanges": [{"rangeName": f"r{n}", "ipCidrRange": f"172.20.{n}.0/24"} for n in range(31)]},
            400,
            "invalid",
            "Exceeded maximum supported number of secondary ranges per subnetwork: 30.",
        ),
        ({"network": "nowhere"}, 404, "notFound", f"The resource 'projects/{P}/global/networks/nowhere' was not found"),
    ],
)
def test_what_is_refused_of_a_subnetwork(refusing: Lab, change: dict, status: int, reason: str, message: str) -> None:
    wanted = {"name": "new", "network": "vpc", "ipCidrRange": "10.50.0.0/24"} | change
    assert refusing.refused("POST", SUBNETWORKS, wanted) == (status, reason, message)


@pytest.mark.parametrize("cidr", ["10.0.1.5/24", "10.0.1.0", "10.0.1.0/33", "10.0.1.0/30", "0.0.0.0/2", "x"])
def test_what_is_no_range(refusing: Lab, cidr: str) -> None:
    status, reason, message = refusing.refused(
        "POST", SUBNETWORKS, {"name": "n", "network": "vpc", "ipCidrRange": cidr}
    )
    assert (status, reason) == (400, "invalid")
    assert message.startswith(INVALID.format("resource.ipCidrRange", cidr))


def test_secondary_ranges_are_patched_with_a_fingerprint(vpc: Lab) -> None:
    path = f"{SUBNETWORKS}/sub"
    first = vpc.get(path)
    pods, more = first["secondaryIpRanges"][0], {"rangeName": "more", "ipCidrRange": "172.16.2.0/24"}
    assert vpc.refused("PATCH", path, {"secondaryIpRanges": []}) == (
        400,
        "required",
        "Required field 'resource.fingerprint' not specified",
    )
    both = {"fingerprint": first["fingerprint"], "secondaryIpRanges": [more]}
    assert vpc.refused("PATCH", path, both)[2] == INVALID.format("resource.secondaryIpRanges", "") + (
        "Cannot add and remove secondary IP ranges in the same request. Added ranges: [more]. Removed ranges: [pods]."
    )
    moved = {"fingerprint": first["fingerprint"], "secondaryIpRanges": [pods | {"ipCidrRange": "172.17.0.0/24"}]}
    assert "Existing secondary range cannot be modified" in vpc.refused("PATCH", path, moved)[2]
    without = {"fingerprint": first["fingerprint"], "secondaryIpRanges": [pods, {"rangeName": "more"}]}
    assert "secondaryIpRanges[1].ipCidrRange" in vpc.refused("PATCH", path, without)[2]
    vpc.done("PATCH", path, {"fingerprint": first["fingerprint"], "secondaryIpRanges": [pods, more]})
    second = vpc.get(path)
    assert second["secondaryIpRanges"] == [pods, more]
    stale = {"fingerprint": first["fingerprint"], "secondaryIpRanges": [pods]}
    assert vpc.refused("PATCH", path, stale)[:2] == (412, "conditionNotMet")
    vpc.done("PATCH", path, {"fingerprint": second["fingerprint"], "secondaryIpRanges": []})
    assert "secondaryIpRanges" not in vpc.get(path)
    fixed = {"fingerprint": vpc.get(path)["fingerprint"], "description": "new"}
    assert "cannot be modified: [description]" in vpc.refused("PATCH", path, fixed)[2]


def test_the_primary_range_only_grows(vpc: Lab) -> None:
    path = f"{SUBNETWORKS}/sub"
    assert vpc.refused("POST", f"{path}/expandIpCidrRange", {"ipCidrRange": "10.0.2.0/24"})[0] == 400
    vpc.done("POST", f"{path}/expandIpCidrRange", {"ipCidrRange": "10.0.0.0/20"})
    body = vpc.get(path)
    assert (body["ipCidrRange"], body["gatewayAddress"]) == ("10.0.0.0/20", "10.0.0.1")


def test_private_google_access_has_its_own_call(vpc: Lab) -> None:
    for wanted in (True, False):
        vpc.done("POST", f"{SUBNETWORKS}/sub/setPrivateIpGoogleAccess", {"privateIpGoogleAccess": wanted})
        assert vpc.get(f"{SUBNETWORKS}/sub")["privateIpGoogleAccess"] is wanted


def test_a_network_in_use_fails_in_its_operation(vpc: Lab) -> None:
    rule = {"name": "rule", "network": "vpc", "allowed": [{"IPProtocol": "icmp"}]}
    vpc.done("POST", f"{COMPUTE}/global/firewalls", rule)
    failed = vpc.done("DELETE", f"{COMPUTE}/global/networks/vpc")
    path = f"projects/{P}/global/networks/vpc"
    text = f"The network resource '{path}' is already being used by 'projects/{P}/global/firewalls/rule'"
    assert failed["error"] == {"errors": [{"code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message": text}]}
    assert (failed["httpErrorStatusCode"], failed["httpErrorMessage"]) == (400, "BAD REQUEST")
    vpc.done("DELETE", f"{COMPUTE}/global/firewalls/rule")
    assert "subnetworks/sub" in vpc.done("DELETE", f"{COMPUTE}/global/networks/vpc")["error"]["errors"][0]["message"]
    vpc.done("DELETE", f"{SUBNETWORKS}/sub")
    assert "error" not in vpc.done("DELETE", f"{COMPUTE}/global/networks/vpc")
    assert vpc.refused("GET", f"{COMPUTE}/global/networks/vpc") == (
        404,
        "notFound",
        f"The resource '{path}' was not found",
    )


def test_a_network_is_not_ready_while_something_in_it_goes(make_lab) -> None:
    lab = make_lab(time_factor=0.02)
    lab.done("POST", f"{COMPUTE}/global/networks", NETWORK)
    lab.done("POST", SUBNETWORKS, SUBNETWORK)
    going = lab.started("DELETE", f"{SUBNETWORKS}/sub")
    text = f"The resource 'projects/{P}/global/networks/vpc' is not ready"
    assert lab.refused("DELETE", f"{COMPUTE}/global/networks/vpc") == (400, "resourceNotReady", text)
    lab.finished(going)
    lab.done("DELETE", f"{COMPUTE}/global/networks/vpc")


def test_firewall_rules(vpc: Lab) -> None:
    rule = {
        "name": "inside",
        "network": "global/networks/vpc",
        "sourceRanges": ["10.0.1.0/24", "172.16.1.0/24"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["80", "8000-8010"]}, {"IPProtocol": "icmp"}],
    }
    vpc.done("POST", f"{COMPUTE}/global/firewalls", rule)
    body = vpc.get(f"{COMPUTE}/global/firewalls/inside")
    assert body["allowed"] == rule["allowed"]
    assert (body["direction"], body["priority"], body["disabled"]) == ("INGRESS", 1000, False)
    vpc.done("PATCH", f"{COMPUTE}/global/firewalls/inside", {"sourceRanges": ["10.0.1.0/24"]})
    assert vpc.get(f"{COMPUTE}/global/firewalls/inside")["sourceRanges"] == ["10.0.1.0/24"]
    found = vpc.get(f"{COMPUTE}/global/firewalls?filter=name%3Dinside")["items"]
    assert [item["name"] for item in found] == ["inside"]
    assert vpc.refused("POST", f"{COMPUTE}/global/firewalls", rule)[:2] == (409, "alreadyExists")
    assert vpc.refused("POST", f"{COMPUTE}/global/firewalls", rule | {"name": "x", "denied": rule["allowed"]})[0] == 400


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"ports": ["80"]}, "IPProtocol"),
        ({"IPProtocol": "foo"}, "IPProtocol"),
        ({"IPProtocol": "256"}, "IPProtocol"),
        ({"IPProtocol": "icmp", "ports": ["80"]}, "ports[0]"),
        ({"IPProtocol": "tcp", "ports": ["22", "http"]}, "ports[1]"),
        ({"IPProtocol": "tcp", "ports": ["80-70"]}, "ports[0]"),
        ({"IPProtocol": "udp", "ports": ["1-65536"]}, "ports[0]"),
    ],
)
def test_what_no_network_would_understand_is_refused(refusing: Lab, part: dict, field: str) -> None:
    rule = {"name": "rule", "network": "vpc", "denied": [{"IPProtocol": "all"}, part]}
    status, _, message = refusing.refused("POST", f"{COMPUTE}/global/firewalls", rule)
    assert status == 400
    assert f"'resource.denied[1].{field}'" in message


def test_an_update_replaces_a_rule(vpc: Lab) -> None:
    rule = {"name": "rule", "network": "vpc", "allowed": [{"IPProtocol": "TCP"}], "priority": 7, "disabled": True}
    vpc.done("POST", f"{COMPUTE}/global/firewalls", rule)
    path = f"{COMPUTE}/global/firewalls/rule"
    before = vpc.get(path)
    assert before["allowed"] == [{"IPProtocol": "tcp"}]
    vpc.done("PATCH", path, {"description": "d"})
    assert vpc.get(path) == before | {"description": "d"}
    denied = [{"IPProtocol": "all"}]
    assert vpc.done("PUT", path, {"name": "rule", "network": "vpc", "denied": denied})["operationType"] == "update"
    after = vpc.get(path)
    assert "allowed" not in after
    assert (after["denied"], after["priority"], after["disabled"], after["description"]) == (denied, 1000, False, "")
    assert [after[key] for key in ("id", "creationTimestamp")] == [before[key] for key in ("id", "creationTimestamp")]
    assert vpc.refused("PUT", path, {"name": "rule", "network": "vpc"})[0] == 400


def test_pages(lab: Lab) -> None:
    first = lab.get(f"{COMPUTE}/zones?maxResults=2")
    second = lab.get(f"{COMPUTE}/zones?maxResults=2&pageToken={first['nextPageToken']}")
    assert len(first["items"]) == len(second["items"]) == 2
    assert first["items"][1] != second["items"][0]


def test_bad_json_is_refused_in_the_front_ends_words(lab: Lab) -> None:
    path = f"{COMPUTE}/global/networks"
    unknown = lab.refused("POST", path, NETWORK | {"foo": 1})
    assert unknown[2] == "Invalid JSON payload received. Unknown name \"foo\" at 'resource': Cannot find field."
    status, _, message = lab.refused("POST", path, NETWORK | {"routingConfig": {"routingMode": "REGIONALX"}})
    assert status == 400
    assert message.startswith("Invalid value at 'resource.routing_config.routing_mode' (")
    assert message.endswith('), "REGIONALX"')
    assert lab.refused("POST", path, NETWORK | {"name": "No"})[2] == (
        INVALID.format("resource.name", "No") + "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'"
    )


@pytest.mark.parametrize(("sent", "same"), [("a9uVVS+0sLI=", True), ("a9uVVS-0sLI=", True), ("a9uVVS_0sLI=", False)])
def test_a_fingerprint_is_compared_as_bytes(sent: str, same: bool) -> None:
    assert is_current(sent, "a9uVVS+0sLI=") is same


def test_beta_has_the_same_resources_and_links_of_its_own(lab: Lab) -> None:
    beta = COMPUTE.replace("/v1/", "/beta/")
    operation = lab.started("POST", f"{beta}/global/networks", NETWORK)
    assert operation["targetLink"] == f"https://www.googleapis.com{beta}/global/networks/{NETWORK['name']}"
    status, operation = lab.ask("POST", f"{beta}/global/operations/{operation['name']}/wait")
    assert (status, operation["status"]) == (200, "DONE")
    assert operation["selfLink"].startswith(f"https://www.googleapis.com{beta}/")
    body = lab.get(f"{COMPUTE}/global/networks/{NETWORK['name']}")
    assert lab.get(f"{beta}/global/networks/{NETWORK['name']}")["selfLink"] == body["selfLink"].replace(
        "/v1/", "/beta/"
    )


def test_an_auto_mode_network_becomes_a_custom_one(lab: Lab) -> None:
    network = f"{COMPUTE}/global/networks/default"
    assert lab.done("POST", f"{network}/switchToCustomMode")["operationType"] == "switchToCustomMode"
    body = lab.get(network)
    assert (body["autoCreateSubnetworks"], len(body["subnetworks"]) > 1) == (False, True)
    assert lab.refused("POST", f"{network}/switchToCustomMode")[0] == 400
