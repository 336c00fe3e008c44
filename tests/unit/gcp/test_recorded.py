# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real service returned is adopted: what was asked for is found in it, and nothing is to be changed."""

from __future__ import annotations

import json
import os
import pathlib
import re
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import compute_v1, container_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster import cluster, cluster_options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool import nodepool, pool_options
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import vpc
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline
from ansible_collections.multinet.gke.plugins.modules import (
    gke_multinet_cluster,
    gke_multinet_nodepool,
    gke_multinet_vpc,
)

ROOT = pathlib.Path(__file__).resolve().parents[3]
TRAFFIC = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "gcp-traffic"
GOOGLE: Any = SimpleNamespace(project="p")

pytestmark = pytest.mark.skipif(not TRAFFIC.is_dir(), reason="no gcp-traffic: set MULTINET_DATA")


def answers(log: str, path: str) -> list[dict[str, Any]]:
    """Return the bodies of the successful GETs whose URL matches, in the order of the recording."""
    (file,) = TRAFFIC.glob(f"{log}-*.log")
    text = re.sub(r"\$\{projectId\}", "p", file.read_text())
    text = re.sub(r"\$\{(\w+?)(?:ID|Id)\}", lambda match: match[1].lower(), text)
    found = []
    for exchange in text.split("\n---\n"):
        if re.match(rf"GET \S*{path}\?", exchange.strip()) and "\n200 OK" in exchange:
            found.append(json.loads(exchange[exchange.index("\n{") :]))
    return found


def operations() -> Operations:
    return Operations(GOOGLE, Deadline(1))


def parameters(module: Any, **options: Any) -> dict[str, Any]:
    checked = ArgumentSpecValidator(module.SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return checked.validated_parameters


def message(kind: Any, body: dict[str, Any]) -> Any:
    return kind.from_json(json.dumps(body), ignore_unknown_fields=True)


def test_a_network_and_a_subnetwork_that_gke_changed_are_left_alone() -> None:
    network = answers("02", "/global/networks/network")[0]
    before, *later = answers("02", "/subnetworks/subnetwork")
    assert any(each["privateIpGoogleAccess"] for each in later)
    wanted = vpc.Desired.from_params(
        parameters(
            gke_multinet_vpc,
            name=network["name"],
            routing_mode="REGIONAL",
            subnetworks=[
                {
                    "name": before["name"],
                    "region": "us-central1",
                    "ip_cidr_range": before["ipCidrRange"],
                    "allow_multinet": False,
                }
            ],
        )
    )
    for each in (before, *later):
        found = vpc.Observed(
            message(compute_v1.Network, network),
            {("us-central1", before["name"]): message(compute_v1.Subnetwork, each)},
        )
        plan = vpc.Vpc(wanted, GOOGLE, operations()).plan(found)
        assert plan.changes == ()
        assert plan.before == plan.after


def test_secondary_ranges_are_found() -> None:
    for body in answers("03", "/subnetworks/subnetwork"):
        ranges = [
            {"name": each["rangeName"], "ip_cidr_range": each["ipCidrRange"]}
            for each in body.get("secondaryIpRanges", [])
        ]
        wanted = vpc.Desired.from_params(
            parameters(
                gke_multinet_vpc,
                name="network",
                subnetworks=[
                    {
                        "name": body["name"],
                        "region": "us-central1",
                        "ip_cidr_range": body["ipCidrRange"],
                        "secondary_ranges": ranges,
                        "allow_multinet": False,
                    }
                ],
            )
        )
        network = message(compute_v1.Network, answers("03", "/global/networks/network")[0])
        found = vpc.Observed(network, {("us-central1", body["name"]): message(compute_v1.Subnetwork, body)})
        assert vpc.Vpc(wanted, GOOGLE, operations()).plan(found).changes == ()


def test_a_cluster_with_multi_networking_is_adopted() -> None:
    (golden,) = TRAFFIC.glob("golden-v1-cluster-*.json")
    found = message(container_v1.Cluster, json.loads(golden.read_text().replace("PROJECT_ID", "p")))
    wanted = cluster_options.Desired.from_params(
        parameters(
            gke_multinet_cluster,
            name="edge",
            location="us-central1",
            version="1.33",
            release_channel="REGULAR",
            network="cft-gke-test-2sv7",
            subnetwork="cft-gke-test-2sv7",
            pods_range="cft-gke-test-pods-2sv7",
            services_range="cft-gke-test-services-2sv7",
            default_max_pods_per_node=110,
            node_locations=["us-central1-a", "us-central1-b", "us-central1-c"],
            private={"nodes": True, "endpoint": True, "master_cidr": "172.16.0.0/28"},
            authorized_networks=[{"cidr": "10.0.0.0/17"}],
            dns_endpoint=False,
            endpoint_kind="private",
            labels={"goog-terraform-provisioned": "true"},
            workload_pool="p.svc.id.goog",
            description="",
            default_pool={"state": "absent"},
        )
    )
    resource = cluster.Cluster(wanted, GOOGLE, operations(), check_mode=False)
    plan = resource.plan(found)
    assert plan.changes == ()
    assert plan.warnings == ()
    assert plan.before == plan.after
    facts = resource.facts(found, plan)
    assert facts["status"] == "RUNNING"
    assert facts["endpoint"] == "172.16.0.2"
    assert facts["endpoints"] == {"public": "", "private": "172.16.0.2", "dns": ""}


@pytest.mark.parametrize("log", ["02", "04", "05", "06", "07"])
def test_every_reading_of_a_recorded_cluster_is_understood(log: str) -> None:
    bodies = answers(log, r"/clusters/[^/?]+")
    assert bodies
    for body in bodies:
        found = message(container_v1.Cluster, body)
        v2 = body.get("networkConfig", {}).get("datapathProvider") == "ADVANCED_DATAPATH"
        closed = body.get("endpoint", "") == body["privateClusterConfig"]["privateEndpoint"]
        networks = {"authorized_networks": []} if closed else {}
        wanted = cluster_options.Desired.from_params(
            parameters(
                gke_multinet_cluster,
                name="edge",
                location=body["location"],
                network=body["network"],
                subnetwork=body["subnetwork"],
                pods_cidr=body["ipAllocationPolicy"]["clusterIpv4CidrBlock"],
                services_cidr=body["ipAllocationPolicy"]["servicesIpv4CidrBlock"],
                node_locations=body["locations"],
                private={"nodes": log == "06", "endpoint": closed},
                **networks,
                labels=body.get("resourceLabels", {}),
                workload_pool=body.get("workloadIdentityConfig", {}).get("workloadPool", ""),
                dns_endpoint=False,
                description="",
                dataplane_v2=v2,
                multi_networking=False,
            )
        )
        assert cluster.Cluster(wanted, GOOGLE, operations(), check_mode=False).plan(found).changes == ()


def test_a_node_pool_is_adopted_at_every_stage_of_its_recording() -> None:
    bodies = answers("05", r"/nodePools/[^/?]+")
    assert len(bodies) > 3
    for body in bodies:
        pool = message(container_v1.NodePool, body)
        scaling = body.get("autoscaling", {})
        wanted = pool_options.Desired.from_params(
            parameters(
                gke_multinet_nodepool,
                name="multinet",
                cluster="edge",
                location="us-central1-a",
                machine_type=body["config"]["machineType"],
                disk_size_gb=body["config"]["diskSizeGb"],
                disk_type=body["config"]["diskType"],
                image_type=body["config"]["imageType"],
                max_pods_per_node=int(body["maxPodsConstraint"]["maxPodsPerNode"]),
                taints=body["config"].get("taints"),
                management={"auto_repair": True, "auto_upgrade": True},
                autoscaling={"min": scaling.get("minNodeCount", 0), "max": scaling["maxNodeCount"]}
                if scaling.get("enabled")
                else {"enabled": False},
            )
        )
        found = nodepool.Observed(pool, container_v1.Cluster({"name": "edge", "status": "RUNNING"}))
        resource = nodepool.NodePool(wanted, GOOGLE, operations(), check_mode=False)
        plan = resource.plan(found)
        assert [change.title for change in plan.changes] == []
        assert plan.before == plan.after
