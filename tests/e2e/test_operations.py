# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a run when answers are lost, operations fail, get lost or stuck, and servers are busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloud import Cloud
from installed import Asked

VPC = {
    "name": "my-vpc",
    "subnetworks": [
        {
            "name": "my-subnet",
            "region": "us-central1",
            "ip_cidr_range": "10.0.1.0/24",
            "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
        }
    ],
}
PLACE = {"location": "us-central1-c"}
EDGE = {**PLACE, "name": "edge", "default_pool": {"node_count": 1}}
POOL = {
    **PLACE,
    "name": "multinet",
    "cluster": "edge",
    "node_count": 1,
    "machine_type": "e2-standard-4",
    "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
    "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
}
MODULES = {
    "vpc": ("gke_multinet_vpc", VPC),
    "cluster": ("gke_multinet_cluster", EDGE),
    "pool": ("gke_multinet_nodepool", POOL),
}
# What creates each thing: the module, and the end of the path of the POST.
CREATIONS = {
    "network": ("vpc", "global/networks$"),
    "subnetwork": ("vpc", "subnetworks$"),
    "rule": ("vpc", "global/firewalls$"),
    "cluster": ("cluster", "clusters$"),
    "pool": ("pool", "nodePools$"),
}


def run(cloud: Cloud, which: str, **options: Any) -> dict[str, Any]:
    """Run one of the three modules."""
    module, given = MODULES[which]
    return cloud.module(module, **{**given, **options})


def before(cloud: Cloud, which: str) -> None:
    """Make what has to be there before."""
    for other in list(MODULES)[: list(MODULES).index(which)]:
        result = run(cloud, other)
        assert not result.get("failed"), result["msg"]


def fault(cloud: Cloud, method: str, path: str, kind: str, **more: Any) -> str:
    """Let calls about this project fail."""
    return cloud.fault(method=method, path=f"/projects/{cloud.project}/.*{path}", kind=kind, **more)


def made(asked: Asked, path: str) -> int:
    """Return how many different operations of the POSTs at the end of a path were accepted."""
    answers = [each for each in asked.requests if each["method"] == "POST" and each["path"].endswith(path.rstrip("$"))]
    return len({each["response"]["name"] for each in answers if each["response"] and "name" in each["response"]})


@pytest.mark.sample(8)
@pytest.mark.parametrize("thing", CREATIONS)
@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "drop-after"},
        {"kind": "drop-before"},
        {"kind": "html"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "times": 2},
        {"kind": "operation-lost"},
    ],
    ids=lambda kind: kind["kind"] + str(kind.get("status", "")),
)
def test_a_creation_that_is_disturbed_ends_as_one_that_is_not(cloud: Cloud, thing: str, kind: dict[str, Any]) -> None:
    which, path = CREATIONS[thing]
    before(cloud, which)
    fault(cloud, "POST", path, **kind)
    with cloud.asked() as asked:
        result = run(cloud, which)
    assert not result.get("failed"), result["msg"]
    assert any(
        title.startswith(("create network", "create cluster", "create node pool")) for title in result["actions"]
    )
    assert len(result["actions"]) == len(set(result["actions"]))
    assert made(asked, path) == 1
    module, options = MODULES[which]
    cloud.unchanged(module, **options)


@pytest.mark.sample(3)
@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "operation-lost"])
@pytest.mark.parametrize(
    ("which", "path", "read"),
    [
        ("pool", "nodePools/multinet$", "locations/us-central1-c/clusters/edge/nodePools/multinet"),
        ("cluster", "clusters/edge$", "locations/us-central1-c/clusters/edge"),
        ("vpc", "global/networks/my-vpc$", "global/networks/my-vpc"),
    ],
)
def test_a_deletion_that_is_disturbed_ends_as_one_that_is_not(
    cloud: Cloud, kind: str, which: str, path: str, read: str
) -> None:
    before(cloud, which)
    assert not run(cloud, which).get("failed")
    fault(cloud, "DELETE", path, kind)
    result = run(cloud, which, state="absent")
    assert not result.get("failed"), result["msg"]
    ask: Callable[..., Any] = cloud.compute if which == "vpc" else cloud.container
    assert ask("GET", read) is None


@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "operation-lost"])
def test_a_change_that_is_disturbed_ends_as_one_that_is_not(cloud: Cloud, kind: str) -> None:
    assert not run(cloud, "cluster").get("failed")
    fault(cloud, "POST", "edge:setResourceLabels$", kind)
    result = run(cloud, "cluster", labels={"team": "net"})
    assert not result.get("failed"), result["msg"]
    assert result["actions"] == ["set labels of cluster edge to team=net"]
    cluster = cloud.container("GET", "locations/us-central1-c/clusters/edge")
    assert cluster["resourceLabels"]["team"] == "net"


def test_an_old_fingerprint_makes_the_module_read_again(cloud: Cloud) -> None:
    assert not run(cloud, "cluster", labels={"team": "net"}).get("failed")
    fault(cloud, "POST", "edge:setResourceLabels$", "stale-fingerprint")
    result = run(cloud, "cluster", labels={"team": "core"})
    assert not result.get("failed"), result["msg"]
    assert cloud.container("GET", "locations/us-central1-c/clusters/edge")["resourceLabels"]["team"] == "core"


def test_an_operation_of_compute_that_fails_is_told_with_its_name(cloud: Cloud) -> None:
    message = "Quota 'SUBNETWORKS' exceeded.  Limit: 275.0 globally."
    fault(cloud, "POST", "subnetworks$", "operation-error", code="QUOTA_EXCEEDED", message=message)
    result = run(cloud, "vpc")
    assert result["failed"]
    title = "create subnetwork my-subnet (10.0.1.0/24)"
    failed, beside = result["msg"].splitlines()
    assert failed == f"{title} failed (operation {result['operation']}): QUOTA_EXCEEDED: {message}"
    assert beside == f"This run has also done or started: {'; '.join(result['actions'])}"
    assert result["actions"] == [
        "create network my-vpc",
        "create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)",
    ]
    assert result["operation_errors"] == [{"code": "QUOTA_EXCEEDED", "message": message}]
    assert not run(cloud, "vpc").get("failed")


@pytest.mark.parametrize("which", ["cluster", "pool"])
def test_an_operation_of_kubernetes_engine_that_fails_is_told_with_its_conditions(cloud: Cloud, which: str) -> None:
    before(cloud, which)
    message = "Instance 'gke-x' creation failed: Quota 'CPUS' exceeded.  Limit: 8.0 in region us-central1."
    path = CREATIONS[which][1]
    fault(cloud, "POST", path, "operation-error", code="GCE_QUOTA_EXCEEDED", message=message)
    result = run(cloud, which)
    assert result["failed"]
    assert result["msg"].startswith(f"create {'node pool multinet' if which == 'pool' else 'cluster edge'} ")
    assert f"(operation {result['operation']})" in result["msg"]
    assert f"GCE_QUOTA_EXCEEDED: {message}" in result["msg"]
    again = run(cloud, which)
    assert "is in state ERROR" in again["msg"]
    assert message in again["msg"]


@pytest.mark.parametrize("thing", ["network", "cluster", "pool"])
def test_what_is_stuck_is_waited_for_until_the_deadline_and_then_goes_on(cloud: Cloud, thing: str) -> None:
    which, path = CREATIONS[thing]
    before(cloud, which)
    stuck = fault(cloud, "POST", path, "operation-stuck")
    result = run(cloud, which, wait_timeout=2)
    assert result["failed"]
    assert "did not happen within 2 s; last seen: " in result["msg"]
    cloud.lab.google("DELETE", f"/lab/faults/{stuck}")
    result = run(cloud, which)
    assert not result.get("failed"), result["msg"]
    module, options = MODULES[which]
    cloud.unchanged(module, **options)


@pytest.mark.parametrize("which", ["cluster", "pool"])
def test_an_outage_while_it_waits_ends_with_the_deadline(cloud: Cloud, which: str) -> None:
    before(cloud, which)
    stuck = fault(cloud, "POST", CREATIONS[which][1], "operation-stuck")
    dead = fault(cloud, "GET", "operations/", "status", status=503, times=0)
    result = run(cloud, which, wait_timeout=2)
    assert "did not happen within 2 s; last seen: " in result["msg"]
    assert "HTTP 503" in result["msg"]
    for each in (dead, stuck):
        cloud.lab.google("DELETE", f"/lab/faults/{each}")
    assert not run(cloud, which).get("failed")


def test_the_page_of_a_proxy_is_told_in_short(cloud: Cloud) -> None:
    fault(cloud, "GET", "global/networks/my-vpc$", "html", times=0)
    result = run(cloud, "vpc", wait_timeout=1)
    assert result["msg"].startswith("read network my-vpc: HTTP 502: an HTML page (")
    assert result["msg"].endswith("), not an answer of Google's API")
    assert "<" not in result["msg"]
