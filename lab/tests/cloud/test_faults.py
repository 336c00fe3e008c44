# SPDX-License-Identifier: Apache-2.0
"""Each kind of fault against a running cloud: what the caller sees, and what has happened."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from google.rpc import code_pb2

from gkelab.cloud import request_log

from .conftest import COMPUTE, CONTAINER, TOKEN, Lab, P
from .test_compute import NETWORK, SUBNETWORK

NETWORKS = f"{COMPUTE}/global/networks"
SUBNETWORKS = f"{COMPUTE}/regions/us-central1/subnetworks"
CLUSTERS = f"{CONTAINER}/us-central1-c/clusters"
CLUSTER = {"cluster": {"name": "edge", "initialNodeCount": 1}}
POOLS = f"{CLUSTERS}/edge/nodePools"


def fault(lab: Lab, **asked: Any) -> str:
    status, answer = lab.ask("POST", "/lab/faults", asked)
    assert status == 200, answer
    return str(answer["id"])


def counts(lab: Lab) -> list[tuple[int, int]]:
    return [(one["seen"], one["fired"]) for one in lab.get("/lab/faults")["faults"]]


def exists(lab: Lab, path: str) -> bool:
    return lab.ask("GET", path)[0] == 200


@pytest.mark.parametrize(
    ("nth", "times", "expected"),
    [
        (1, 1, [503, 404, 404, 404]),
        (3, 1, [404, 404, 503, 404]),
        (2, 2, [404, 503, 503, 404]),
        (2, 0, [404, 503, 503, 503]),
    ],
)
def test_which_calls_are_hit(lab: Lab, nth: int, times: int, expected: list[int]) -> None:
    fault(lab, kind="status", method="GET", path="networks/nowhere$", nth=nth, times=times)
    assert lab.ask("GET", NETWORKS)[0] == 200
    assert lab.ask("DELETE", f"{NETWORKS}/nowhere")[0] == 404
    assert [lab.ask("GET", f"{NETWORKS}/nowhere")[0] for _ in expected] == expected
    assert counts(lab) == [(4, expected.count(503))]


def test_no_call_is_hit_that_was_not_let_in_or_is_the_labs_own(lab: Lab) -> None:
    fault(lab, kind="status", times=0)
    assert lab.ask("GET", NETWORKS, token="wrong")[0] == 401
    assert lab.get("/lab/faults")["faults"][0]["seen"] == 0
    assert lab.ask("GET", "/")[0] == 200


def test_of_two_the_older_one_hits_and_both_see(lab: Lab) -> None:
    fault(lab, kind="status", status=429)
    fault(lab, kind="status", status=500, times=2)
    assert [lab.ask("GET", NETWORKS)[0] for _ in range(3)] == [429, 500, 200]
    assert counts(lab) == [(3, 1), (3, 1)]


@pytest.mark.parametrize(
    ("asked", "reason", "canonical"),
    [
        ({"status": 503}, "backendError", "UNAVAILABLE"),
        ({"status": 429}, "rateLimitExceeded", "RESOURCE_EXHAUSTED"),
        ({"status": 400}, "failedPrecondition", "FAILED_PRECONDITION"),
        ({"status": 403, "code": "quotaExceeded", "message": "No more."}, "quotaExceeded", "PERMISSION_DENIED"),
    ],
)
def test_a_refusal_has_no_effect_and_the_apis_own_shape(
    lab: Lab, asked: dict[str, Any], reason: str, canonical: str
) -> None:
    fault(lab, kind="status", method="POST", times=2, **asked)
    status, compute = lab.ask("POST", NETWORKS, NETWORK)
    assert (status, compute["error"]["errors"][0]["reason"]) == (asked["status"], reason)
    assert "status" not in compute["error"]
    assert compute["error"]["message"] == asked.get("message", compute["error"]["message"])
    status, container = lab.ask("POST", CLUSTERS, CLUSTER)
    assert (status, container["error"]["status"]) == (asked["status"], canonical)
    assert not exists(lab, f"{NETWORKS}/vpc")
    assert not exists(lab, f"{CLUSTERS}/edge")


def test_html_has_no_effect(lab: Lab) -> None:
    fault(lab, kind="html", method="POST")
    request = urllib.request.Request(
        lab.url + NETWORKS, json.dumps(NETWORK).encode(), {"Authorization": f"Bearer {TOKEN}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 502
    assert refused.value.headers.get_content_type() == "text/html"
    assert b"<html>" in refused.value.read()
    assert not exists(lab, f"{NETWORKS}/vpc")


@pytest.mark.parametrize(("kind", "has_effect"), [("drop-before", False), ("drop-after", True)])
def test_a_closed_connection(lab: Lab, kind: str, has_effect: bool) -> None:
    fault(lab, kind=kind, method="POST")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        lab.ask("POST", NETWORKS, NETWORK)
    assert exists(lab, f"{NETWORKS}/vpc") == has_effect
    [entry] = request_log.read(lab.folder, writes=True)
    assert (entry["status"], entry["fault"], entry["request"]) == (0, {"id": "1", "kind": kind}, NETWORK)
    assert (entry["response"] is not None) == has_effect


def test_a_slow_answer(lab: Lab) -> None:
    fault(lab, kind="slow", method="POST", seconds=0.3)
    begin = time.monotonic()
    lab.done("POST", NETWORKS, NETWORK)
    assert time.monotonic() - begin >= 0.3
    assert exists(lab, f"{NETWORKS}/vpc")


def test_a_failed_operation_of_compute_leaves_what_was(lab: Lab) -> None:
    fault(lab, kind="operation-error", path="networks$", code="QUOTA_EXCEEDED", message="Quota 'NETWORKS' exceeded.")
    operation = lab.done("POST", NETWORKS, NETWORK)
    assert operation["error"] == {"errors": [{"code": "QUOTA_EXCEEDED", "message": "Quota 'NETWORKS' exceeded."}]}
    assert operation["httpErrorStatusCode"] == 403
    assert not exists(lab, f"{NETWORKS}/vpc")
    lab.done("POST", NETWORKS, NETWORK)
    network = lab.get(f"{NETWORKS}/vpc")
    fault(lab, kind="operation-error", times=3, path="networks")
    assert "error" in lab.done("PATCH", f"{NETWORKS}/vpc", {"routingConfig": {"routingMode": "GLOBAL"}})
    assert "error" in lab.done("DELETE", f"{NETWORKS}/vpc")
    assert lab.get(f"{NETWORKS}/vpc") == network
    fault(lab, kind="operation-error", path="subnetworks", times=0)
    assert "error" in lab.done("POST", SUBNETWORKS, SUBNETWORK)
    assert not exists(lab, f"{SUBNETWORKS}/sub")


def test_a_failed_creation_of_a_cluster_stays_in_error(lab: Lab) -> None:
    fault(lab, kind="operation-error", path="clusters$", code="GCE_QUOTA_EXCEEDED", message="Limit: 8.0.")
    operation = lab.done("POST", CLUSTERS, CLUSTER)
    condition = {"code": "GCE_QUOTA_EXCEEDED", "canonicalCode": "RESOURCE_EXHAUSTED", "message": "Limit: 8.0."}
    assert operation["error"] == {"code": 8, "message": "Limit: 8.0."}
    assert operation["clusterConditions"] == [condition]
    assert operation["statusMessage"] == operation["detail"] == "Limit: 8.0."
    cluster = lab.get(f"{CLUSTERS}/edge")
    assert (cluster["status"], cluster["conditions"]) == ("ERROR", [condition])
    assert cluster["nodePools"][0]["status"] == "ERROR"
    lab.done("DELETE", f"{CLUSTERS}/edge")
    assert not exists(lab, f"{CLUSTERS}/edge")


@pytest.fixture
def cluster(lab: Lab) -> Lab:
    lab.done("POST", CLUSTERS, CLUSTER)
    return lab


UPDATES = [
    ("PUT", f"{CLUSTERS}/edge", {"update": {"desiredReleaseChannel": {"channel": "RAPID"}}}),
    ("POST", f"{CLUSTERS}/edge:setResourceLabels", {"resourceLabels": {"a": "b"}}),
    ("POST", f"{POOLS}/default-pool:setSize", {"nodeCount": 3}),
    ("POST", f"{POOLS}/default-pool:setManagement", {"management": {"autoRepair": False}}),
    ("PUT", f"{POOLS}/default-pool", {"labels": {"labels": {"a": "b"}}}),
]


@pytest.mark.parametrize(("method", "path", "body"), UPDATES)
def test_a_failed_change_leaves_the_old_value(cluster: Lab, method: str, path: str, body: Any) -> None:
    before = cluster.get(f"{CLUSTERS}/edge")
    fault(cluster, kind="operation-error", method=method)
    operation = cluster.done(method, path, body)
    assert operation["error"]["code"] == 13
    assert cluster.get(f"{CLUSTERS}/edge") == before
    assert "error" not in cluster.done(method, path, body)
    assert cluster.get(f"{CLUSTERS}/edge") != before


@pytest.mark.parametrize(("code", "number"), [("", 13), ("ABORTED", 10), ("QUOTA_EXCEEDED", 13), ("GCE_STOCKOUT", 8)])
def test_codes_of_containers_errors(cluster: Lab, code: str, number: int) -> None:
    fault(cluster, kind="operation-error", method="POST", code=code)
    labels = cluster.done("POST", f"{CLUSTERS}/edge:setResourceLabels", {"resourceLabels": {"a": "b"}})
    assert labels["error"]["code"] == number
    condition = labels["clusterConditions"][0]
    assert condition.get("code") == (code if code.startswith("GCE_") else None)  # UNKNOWN is the proto's zero
    assert condition["canonicalCode"] == code_pb2.Code.Name(number)


def test_a_failed_pool_stays_in_error(cluster: Lab) -> None:
    fault(cluster, kind="operation-error", path="nodePools", code="RESOURCE_EXHAUSTED")
    operation = cluster.done("POST", POOLS, {"nodePool": {"name": "more", "initialNodeCount": 1}})
    assert operation["error"]["code"] == 8
    pool = cluster.get(f"{POOLS}/more")
    assert (pool["status"], pool["conditions"]) == ("ERROR", operation["nodepoolConditions"])
    assert cluster.get(f"{CLUSTERS}/edge")["status"] == "RUNNING"


def test_a_lost_operation_has_its_effect(lab: Lab) -> None:
    fault(lab, kind="operation-lost", times=2, method="POST", path="(networks|clusters)$")
    name = lab.started("POST", NETWORKS, NETWORK)["name"]
    place = f"projects/{P}/global/operations/{name}"
    for method, path in (("GET", ""), ("POST", "/wait")):
        status, reason, message = lab.refused(method, f"/compute/v1/{place}{path}")
        assert (status, reason, message) == (404, "notFound", f"The resource '{place}' was not found")
    assert name not in str(lab.get(f"{COMPUTE}/global/operations"))
    assert exists(lab, f"{NETWORKS}/vpc")
    name = lab.started("POST", CLUSTERS, CLUSTER)["name"]
    status, _, message = lab.refused("GET", f"{CONTAINER}/us-central1-c/operations/{name}")
    assert (status, message) == (404, f"Not found: projects/{P}/zones/us-central1-c/operations/{name}.")
    assert name not in str(lab.get(f"{CONTAINER}/-/operations"))
    assert exists(lab, f"{CLUSTERS}/edge")


def test_a_stuck_operation_goes_on_when_its_fault_is_deleted(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    stuck = fault(lab, kind="operation-stuck", path="clusters$")
    operation = lab.started("POST", CLUSTERS, CLUSTER)
    path = f"{CONTAINER}/us-central1-c/operations/{operation['name']}"
    lab = make_lab()
    assert lab.get(path)["status"] == "RUNNING"
    assert lab.get(f"{CLUSTERS}/edge")["status"] == "PROVISIONING"
    assert "incompatible operation" in lab.refused("DELETE", f"{CLUSTERS}/edge")[2]
    assert lab.ask("DELETE", f"/lab/faults/{stuck}")[0] == 200
    assert "error" not in lab.finished(lab.get(path))
    assert lab.get(f"{CLUSTERS}/edge")["status"] == "RUNNING"


def test_a_stale_fingerprint_is_refused_and_nothing_else_changes(cluster: Lab) -> None:
    cluster.done("POST", NETWORKS, NETWORK)
    cluster.done("POST", SUBNETWORKS, SUBNETWORK)
    before = cluster.get(f"{SUBNETWORKS}/sub")
    patch = {"fingerprint": before["fingerprint"], "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS"}
    fault(cluster, kind="stale-fingerprint", times=3)
    assert cluster.refused("PATCH", f"{SUBNETWORKS}/sub", patch)[:2] == (412, "conditionNotMet")
    after = cluster.get(f"{SUBNETWORKS}/sub")
    assert after.pop("fingerprint") != before.pop("fingerprint")
    assert after == before
    sent = cluster.get(f"{CLUSTERS}/edge")["labelFingerprint"]
    fault(cluster, kind="stale-fingerprint", method="POST")
    labels = {"resourceLabels": {"a": "b"}, "labelFingerprint": sent}
    assert cluster.refused("POST", f"{CLUSTERS}/edge:setResourceLabels", labels)[0] == 412
    assert "resourceLabels" not in cluster.get(f"{CLUSTERS}/edge")


def test_a_fault_that_finds_nothing_has_not_fired(lab: Lab) -> None:
    fault(lab, kind="stale-fingerprint", times=0)
    fault(lab, kind="operation-error", times=0, method="DELETE")
    lab.get(NETWORKS)
    lab.ask("DELETE", f"{NETWORKS}/nowhere")
    assert counts(lab) == [(2, 0), (1, 0)]
    assert all(entry["fault"] is None for entry in request_log.read(lab.folder))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "kind: '' is none of status, html,"),
        ({"kind": "status", "status": 200}, "status: 200 is no number from 400 on; status: the lab knows 400,"),
        ({"kind": "status", "status": 418}, "status: the lab knows 400,"),
        ({"kind": "slow", "seconds": "5", "nth": 0}, "nth: 0 is no number from 1 on; seconds: '5' is no number"),
        ({"kind": "slow", "path": "("}, "path: '(' is no regular expression"),
        ({"kind": "slow", "url": "x"}, "url: the lab knows only kind, method, path,"),
        ({"kind": "slow", "method": 1}, "method: 1 is no text"),
        ({"kind": ["slow"]}, "kind: ['slow'] is none of"),
    ],
)
def test_a_fault_that_cannot_be(lab: Lab, asked: dict[str, Any], said: str) -> None:
    assert said in lab.refused("POST", "/lab/faults", asked)[2]
    assert lab.get("/lab/faults") == {"faults": []}


def test_faults_are_remembered_and_deleted(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    first, second = fault(lab, kind="status"), fault(lab, kind="html", method="PUT")
    lab.ask("GET", NETWORKS)
    lab = make_lab()
    assert [one["id"] for one in lab.get("/lab/faults")["faults"]] == [first, second]
    assert counts(lab) == [(1, 1), (0, 0)]
    assert lab.refused("DELETE", "/lab/faults/99")[0] == 404
    assert lab.ask("DELETE", f"/lab/faults/{first}")[1]["faults"][0]["id"] == first
    assert lab.ask("DELETE", "/lab/faults")[0] == 200
    assert lab.get("/lab/faults") == {"faults": []}
    assert fault(lab, kind="html") not in (first, second)
