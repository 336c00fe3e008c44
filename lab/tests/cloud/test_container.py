# SPDX-License-Identifier: Apache-2.0
"""Clusters and node pools: read-back, operations, the lock, refusals, updates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gkelab.engine import ApiEngine, EngineError

from .conftest import COMPUTE, CONTAINER, Lab, P

ZONE = f"{CONTAINER}/us-central1-c"
CLUSTER = f"{ZONE}/clusters/edge"
SUBNETWORKS = f"{COMPUTE}/regions/us-central1/subnetworks"
MULTI = {"networkConfig": {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": True}}
POOL = {
    "name": "multinet",
    "initialNodeCount": 2,
    "config": {"machineType": "e2-standard-4"},
    "networkConfig": {
        "additionalNodeNetworkConfigs": [{"network": "vpc", "subnetwork": "sub"}],
        "additionalPodNetworkConfigs": [
            {"subnetwork": "sub", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": 8}}
        ],
    },
}


def cluster(**fields: object) -> dict:
    return {"cluster": {"name": "edge", "initialNodeCount": 1, **MULTI, **fields}}


def pool(**fields: object) -> dict:
    return {"nodePool": POOL | fields}


def network_config(**fields: object) -> dict:
    return {"networkConfig": POOL["networkConfig"] | fields}


@pytest.fixture
def vpc(lab: Lab) -> Lab:
    return with_vpc(lab)


def with_vpc(lab: Lab) -> Lab:
    for name, third in (("vpc", 1), ("vpc2", 2)):
        lab.done("POST", f"{COMPUTE}/global/networks", {"name": name, "autoCreateSubnetworks": False})
        body = {
            "name": name.replace("vpc", "sub"),
            "network": name,
            "ipCidrRange": f"10.0.{third}.0/24",
            "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": f"172.16.{third}.0/24"}],
        }
        lab.done("POST", SUBNETWORKS, body)
    return lab


@pytest.fixture
def edge(vpc: Lab) -> Lab:
    vpc.done("POST", f"{ZONE}/clusters", cluster())
    return vpc


@pytest.fixture(scope="module")
def refusing(shared_lab: Lab) -> Lab:
    """What ``vpc`` is, for refusals only."""
    return with_vpc(shared_lab)


@pytest.fixture(scope="module")
def refusing_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """What ``edge`` is, for refusals and questions only."""
    lab = with_vpc(Lab(tmp_path_factory.mktemp("edge"), ApiEngine()))
    lab.done("POST", f"{ZONE}/clusters", cluster())
    yield lab
    lab.stop()


def test_what_gke_adds_to_a_cluster(refusing_edge: Lab) -> None:
    body = refusing_edge.get(CLUSTER)
    assert body["status"] == "RUNNING"
    assert body["currentMasterVersion"] == refusing_edge.get(f"{ZONE}/serverConfig")["defaultClusterVersion"]
    assert body["currentMasterVersion"].startswith("1.35.1-gke.")
    assert (body["network"], body["subnetwork"]) == ("default", "default")
    assert body["networkConfig"]["network"] == f"projects/{P}/global/networks/default"
    assert body["networkConfig"]["enableMultiNetworking"] is True
    assert body["servicesIpv4Cidr"] == "34.118.224.0/20"
    assert body["ipAllocationPolicy"]["useIpAliases"] is True
    assert body["ipAllocationPolicy"]["clusterIpv4CidrBlock"].endswith("/14")
    assert body["defaultMaxPodsConstraint"] == {"maxPodsPerNode": "110"}
    assert body["masterAuth"]["clusterCaCertificate"].startswith("LS0tLS1CRUdJTi")
    assert body["endpoint"] == "192.0.2.1"
    assert body["selfLink"] == f"https://container.googleapis.com/v1/projects/{P}/zones/us-central1-c/clusters/edge"
    assert [item["name"] for item in body["nodePools"]] == ["default-pool"]
    assert body["nodePools"][0]["podIpv4CidrSize"] == 24
    assert "master" not in body  # v1beta1 only
    assert "master" in refusing_edge.get(CLUSTER.replace("/v1/", "/v1beta1/"))


def test_what_gke_does_to_the_subnetwork(edge: Lab) -> None:
    subnetwork = edge.get(f"{SUBNETWORKS}/default")
    assert subnetwork["privateIpGoogleAccess"] is True
    (added,) = subnetwork["secondaryIpRanges"]
    assert added["rangeName"].startswith("gke-edge-pods-")
    assert added["reservedInternalRange"].endswith(added["rangeName"])
    rules = {item["name"] for item in edge.get(f"{COMPUTE}/global/firewalls")["items"]}
    assert {name.rpartition("-")[2] for name in rules if name.startswith("gke-edge-")} == {
        "all",
        "vms",
        "inkubelet",
        "exkubelet",
    }
    edge.done("DELETE", CLUSTER)
    subnetwork = edge.get(f"{SUBNETWORKS}/default")
    assert subnetwork["privateIpGoogleAccess"] is True
    assert "secondaryIpRanges" not in subnetwork
    rules = {item["name"] for item in edge.get(f"{COMPUTE}/global/firewalls")["items"]}
    assert not [name for name in rules if name.startswith("gke-")]
    assert edge.refused("GET", CLUSTER) == (
        404,
        "notFound",
        f"Not found: projects/{P}/zones/us-central1-c/clusters/edge.",
    )


def test_a_creation_has_phases(make_lab) -> None:
    lab = make_lab(time_factor=0.003)
    first = lab.started("POST", f"{ZONE}/clusters", cluster())
    assert first["status"] == "RUNNING"
    assert "progress" not in first
    assert lab.get(CLUSTER)["status"] == "PROVISIONING"
    seen = []
    path = f"{ZONE}/operations/{first['name']}"
    while (operation := lab.get(path))["status"] != "DONE":
        seen.append(
            sum(
                int(item["intValue"])
                for item in operation.get("progress", {}).get("metrics", ())
                if not item["name"].endswith("_TOTAL")
            )
        )
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    metrics = {item["name"]: item["intValue"] for item in operation["progress"]["metrics"]}
    assert metrics == {
        "CLUSTER_CONFIGURING": "8",
        "CLUSTER_CONFIGURING_TOTAL": "8",
        "CLUSTER_DEPLOYING": "10",
        "CLUSTER_DEPLOYING_TOTAL": "10",
        "CLUSTER_HEALTHCHECKING": "1",
        "CLUSTER_HEALTHCHECKING_TOTAL": "2",
    }
    assert operation["selfLink"].startswith("https://container.googleapis.com/v1/projects/123456789012/zones/")
    assert "statusMessage" not in operation


def test_one_change_at_a_time(make_lab) -> None:
    lab = with_vpc(make_lab(time_factor=0.005))
    running = lab.started("POST", f"{ZONE}/clusters", cluster())
    for method, path, body in (
        ("POST", f"{CLUSTER}/nodePools", pool()),
        ("PUT", CLUSTER, {"update": {"desiredLoggingService": "none"}}),
        ("DELETE", CLUSTER, None),
    ):
        status, answer = lab.ask(method, path, body)
        assert (status, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
        assert answer["error"]["message"] == f"Cluster is running incompatible operation {running['name']}."
    lab.finished(running)
    assert lab.started("POST", f"{CLUSTER}/nodePools", pool())["status"] == "PENDING"
    assert lab.get(f"{CLUSTER}/nodePools/multinet")["status"] == "PROVISIONING"
    assert lab.get(CLUSTER)["status"] == "RECONCILING"


def test_a_pool_comes_and_goes(edge: Lab) -> None:
    edge.done("POST", f"{CLUSTER}/nodePools", pool())
    body = edge.get(f"{CLUSTER}/nodePools/multinet")
    assert body["status"] == "RUNNING"
    assert body["networkConfig"]["additionalNodeNetworkConfigs"] == [{"network": "vpc", "subnetwork": "sub"}]
    assert body["config"]["diskType"] == "pd-balanced"
    assert edge.get(CLUSTER)["currentNodeCount"] == 3
    instance = "projects/test-project/zones/us-central1-c/instances/gke-edge-multinet-"
    status, reason, message = edge.refused("DELETE", f"{SUBNETWORKS}/sub")
    assert (status, reason) == (400, "resourceInUseByAnotherResource")
    path = f"projects/{P}/regions/us-central1/subnetworks/sub"
    assert message.startswith(f"The subnetwork resource '{path}' is already being used by '{instance}")
    edge.done("POST", f"{CLUSTER}/nodePools/multinet:setSize", {"nodeCount": 1})
    assert edge.get(f"{CLUSTER}/nodePools/multinet")["initialNodeCount"] == 1
    assert edge.get(CLUSTER)["currentNodeCount"] == 2
    edge.done("DELETE", f"{CLUSTER}/nodePools/multinet")
    assert edge.refused("GET", f"{CLUSTER}/nodePools/multinet") == (
        404,
        "notFound",
        'Not found: node pool "multinet" not found.',
    )
    assert "error" not in edge.done("DELETE", f"{SUBNETWORKS}/sub")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"config": {"machineType": "e2-medium"}}
            | network_config(
                additionalNodeNetworkConfigs=[
                    {"network": "vpc", "subnetwork": "sub"},
                    {"network": "vpc2", "subnetwork": "sub2"},
                ]
            ),
            'Machine type "e2-medium" supports at most 2 network interfaces, 3 are requested.',
        ),
        (
            network_config(additionalNodeNetworkConfigs=[{"network": "vpc", "subnetwork": "sub"}] * 2),
            'Network "projects/test-project/global/networks/vpc" is given more than once',
        ),
        (
            network_config(additionalNodeNetworkConfigs=[{"network": "default", "subnetwork": "default"}]),
            'Network "projects/test-project/global/networks/default" is given more than once',
        ),
        (
            network_config(additionalNodeNetworkConfigs=[{"network": "nowhere", "subnetwork": "sub"}]),
            'network "nowhere" does not exist.',
        ),
        (
            network_config(additionalNodeNetworkConfigs=[{"network": "vpc", "subnetwork": "sub2"}]),
            'Subnetwork "projects/test-project/regions/us-central1/subnetworks/sub2" is not valid for Network "vpc".',
        ),
        (
            network_config(additionalPodNetworkConfigs=[{"subnetwork": "sub", "secondaryPodRange": "p"}]),
            'Pod secondary range "p" not found in network '
            '"https://www.googleapis.com/compute/v1/projects/test-project/global/networks/vpc", subnetwork "sub".',
        ),
        (
            network_config(additionalPodNetworkConfigs=[{"subnetwork": "sub2", "secondaryPodRange": "pods"}]),
            'Subnetwork "projects/test-project/regions/us-central1/subnetworks/sub2" of an additional pod network',
        ),
        (
            network_config(
                additionalPodNetworkConfigs=[
                    {"subnetwork": "sub", "secondaryPodRange": "pods", "maxPodsPerNode": {"maxPodsPerNode": 300}}
                ]
            ),
            "Max pods per node must be between 8 and 256, got 300.",
        ),
        ({"config": {"imageType": "DEBIAN"}}, 'Image type "DEBIAN" is not supported.'),
        ({"config": {"labels": {"-a": "1"}}}, 'Invalid label "-a=1".'),
        ({"config": {"resourceLabels": {"Team": "a"}}}, 'Invalid label "Team=a".'),
        ({"config": {"tags": ["A"]}}, 'Invalid network tag "A".'),
        (
            {"autoscaling": {"enabled": True, "minNodeCount": 3, "maxNodeCount": 2}},
            "a minimum of at most its maximum of nodes, got 3 and 2.",
        ),
        (
            {"version": "1.31", "config": {"machineType": "e2-standard-4", "imageType": "UBUNTU_CONTAINERD"}},
            'image type "UBUNTU_CONTAINERD" requires node version 1.32.3-gke.1785000 or later.',
        ),
        (
            network_config(additionalNodeNetworkConfigs=[{"network": "vpc", "subnetwork": "sub"}] * 8),
            "A node pool can have at most 7 additional node networks.",
        ),
        (
            network_config(
                additionalPodNetworkConfigs=[{"subnetwork": "sub", "secondaryPodRange": f"p{n}"} for n in range(36)]
            ),
            "A node pool can have at most 35 additional pod networks.",
        ),
        (
            network_config(additionalPodNetworkConfigs=[{"subnetwork": "sub", "secondaryPodRange": "pods"}] * 2),
            'Pod secondary range "pods" is used by more than one pod network.',
        ),
        (
            network_config(
                additionalNodeNetworkConfigs=[
                    {"network": "projects/other/global/networks/default", "subnetwork": "default"}
                ]
            ),
            'must be in project "test-project", as the cluster\'s network is.',
        ),
        ({"config": {"machineType": "big"}}, 'Machine type with name "big" does not exist'),
        ({"version": "1.27"}, 'No valid versions with the prefix "1.27" found.'),
        ({"name": "A"}, 'Invalid value for field "node_pool.name": "A".'),
        ({"locations": ["europe-west1-b"]}, 'Node location "europe-west1-b"'),
    ],
)
def test_what_is_refused_of_a_pool(refusing_edge: Lab, change: dict, text: str) -> None:
    status, reason, message = refusing_edge.refused("POST", f"{CLUSTER}/nodePools", pool(**change))
    assert (status, reason) == (400, "badRequest")
    assert text in message
    assert "nodePools" in refusing_edge.get(CLUSTER)
    assert len(refusing_edge.get(CLUSTER)["nodePools"]) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"networkConfig": {"enableMultiNetworking": True}}, "Multi-networking requires GKE Dataplane V2"),
        ({"ipAllocationPolicy": {"stackType": "IPV4_IPV6"}}, "not supported in dual-stack clusters."),
        ({"ipAllocationPolicy": {"useRoutes": True}}, "Multi-networking requires a VPC-native cluster."),
        ({"resourceLabels": {"a": "B"}}, 'Invalid label "a=B".'),
        (
            {"ipAllocationPolicy": {"clusterSecondaryRangeName": "p", "servicesSecondaryRangeName": "p"}},
            "Pod secondary range name (p) should not be the same as service secondary range name.",
        ),
        ({"network": "nowhere"}, 'network "nowhere" does not exist.'),
        ({"network": "vpc", "subnetwork": "sub2"}, 'is not valid for Network "vpc".'),
        ({"network": "vpc"}, 'Network "vpc" requires specifying a subnetwork.'),
        ({"ipAllocationPolicy": {"clusterSecondaryRangeName": "p"}}, 'Pod secondary range "p" not found'),
        ({"initialClusterVersion": "1.29.1-gke.1"}, 'Master version "1.29.1-gke.1" is unsupported.'),
        ({"initialNodeCount": 0}, "Cluster.initial_node_count must be greater than zero."),
        ({"name": "a" * 41}, 'Invalid value for field "cluster.name"'),
    ],
)
def test_what_is_refused_of_a_cluster(refusing: Lab, change: dict, text: str) -> None:
    status, _, message = refusing.refused("POST", f"{ZONE}/clusters", cluster(**change))
    assert status == 400
    assert text in message
    assert refusing.get(f"{CONTAINER}/-/clusters") == {}
    assert "secondaryIpRanges" not in refusing.get(f"{SUBNETWORKS}/default")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"privateClusterConfig": {"masterIpv4CidrBlock": "foo"}}, 'Invalid CIDR block "foo".'),
        ({"privateClusterConfig": {"masterIpv4CidrBlock": "10.9.0.0/24"}}, "it must have a /28 netmask."),
        ({"privateClusterConfig": {"masterIpv4CidrBlock": "10.128.0.0/28"}}, "conflicts with range"),
        ({"ipAllocationPolicy": {"clusterIpv4CidrBlock": "/33"}}, 'Invalid CIDR block "/33".'),
        ({"nodeConfig": {"taints": [{"key": "k"}]}}, "must have a key and one of the effects NO_SCHEDULE,"),
    ],
)
def test_what_used_to_break_the_lab_is_refused(refusing: Lab, change: dict, text: str) -> None:
    status, reason, message = refusing.refused("POST", f"{ZONE}/clusters", cluster(**change))
    assert (status, reason) == (400, "badRequest")
    assert text in message
    assert "secondaryIpRanges" not in refusing.get(f"{SUBNETWORKS}/default")


def test_refusals_of_gke_carry_the_requests_id(refusing_edge: Lab) -> None:
    taints = {"taints": {"taints": [{"effect": "NO_EXECUTE"}]}}
    status, answer = refusing_edge.ask("PUT", f"{CLUSTER}/nodePools/default-pool", taints)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    (info,) = answer["error"]["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.RequestInfo"
    assert info["requestId"].startswith("0x")
    assert "details" not in refusing_edge.ask("GET", CLUSTER, token="x")[1]["error"]


def test_pod_networks_need_a_multi_networking_cluster(vpc: Lab) -> None:
    vpc.done("POST", f"{ZONE}/clusters", cluster(networkConfig={"datapathProvider": "ADVANCED_DATAPATH"}))
    assert "multi-networking" in vpc.refused("POST", f"{CLUSTER}/nodePools", pool())[2]
    vpc.done("PUT", CLUSTER, {"update": {"desiredEnableMultiNetworking": True}})
    vpc.done("POST", f"{CLUSTER}/nodePools", pool())
    assert "in use" in vpc.refused("PUT", CLUSTER, {"update": {"desiredEnableMultiNetworking": False}})[2]
    vpc.done("DELETE", f"{CLUSTER}/nodePools/multinet")
    vpc.done("PUT", CLUSTER, {"update": {"desiredEnableMultiNetworking": False}})
    assert "enableMultiNetworking" not in vpc.get(CLUSTER)["networkConfig"]


def test_names_are_taken_once(edge: Lab) -> None:
    path = "projects/test-project/zones/us-central1-c/clusters/edge"
    assert edge.refused("POST", f"{ZONE}/clusters", cluster()) == (409, "alreadyExists", f"Already exists: {path}.")
    edge.done("POST", f"{CLUSTER}/nodePools", pool())
    assert edge.refused("POST", f"{CLUSTER}/nodePools", pool())[:2] == (409, "alreadyExists")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("1.34", "1.34.8-gke.1278000"),
        ("latest", "1.35.6-gke.1127000"),
        ("-", "1.35.1-gke.1396002"),
        ("1.33.5", "1.33.5-gke.2392000"),
        ("1.33.1-gke.1000", "1.33.1-gke.1000"),
        ("1.32.3-gke.1785000", "1.32.3-gke.1785000"),  # not listed; GKE has many more
    ],
)
def test_version_aliases(lab: Lab, asked: str, wanted: str) -> None:
    lab.done("POST", f"{ZONE}/clusters", cluster(initialClusterVersion=asked))
    assert lab.get(CLUSTER)["currentMasterVersion"] == wanted


def test_updates(edge: Lab) -> None:
    def updated(**update: object) -> dict:
        assert "error" not in edge.done("PUT", CLUSTER, {"update": update})
        return edge.get(CLUSTER)

    assert updated(desiredReleaseChannel={"channel": "RAPID"})["releaseChannel"] == {"channel": "RAPID"}
    assert updated(desiredWorkloadIdentityConfig={"workloadPool": "p.svc.id.goog"})["workloadIdentityConfig"]
    networks = {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]}
    body = updated(desiredControlPlaneEndpointsConfig={"ipEndpointsConfig": {"authorizedNetworksConfig": networks}})
    assert body["masterAuthorizedNetworksConfig"]["cidrBlocks"] == networks["cidrBlocks"]
    body = updated(desiredNodePoolId="default-pool", desiredNodePoolAutoscaling={"enabled": True, "maxNodeCount": 3})
    assert body["nodePools"][0]["autoscaling"] == {"enabled": True, "maxNodeCount": 3, "locationPolicy": "BALANCED"}
    fingerprint = body["labelFingerprint"]
    edge.done("POST", f"{CLUSTER}:setResourceLabels", {"resourceLabels": {"a": "b"}, "labelFingerprint": fingerprint})
    assert edge.get(CLUSTER)["resourceLabels"] == {"a": "b"}
    assert edge.refused("PUT", CLUSTER, {"update": {}})[2] == "Must specify a field to update."
    assert edge.refused("PUT", CLUSTER, {"update": {"desiredMasterVersion": "1.33"}})[0] == 400
    stale = {"update": {"desiredLoggingService": "none", "etag": "x"}}
    assert edge.refused("PUT", CLUSTER, stale)[0] == 409
    path = f"{CLUSTER}/nodePools/default-pool"
    edge.done("POST", f"{path}:setManagement", {"management": {"autoUpgrade": False, "autoRepair": True}})
    assert edge.get(path)["management"] == {"autoRepair": True}
    edge.done("PUT", path, {"labels": {"labels": {"k": "v"}}})
    edge.done("PUT", path, {"taints": {"taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]}})
    assert edge.get(path)["config"]["labels"] == {"k": "v"}
    edge.done("PUT", path, {"taints": {}})
    assert "taints" not in edge.get(path)["config"]


def test_legacy_urls_and_both_versions(edge: Lab) -> None:
    legacy = f"/v1/projects/{P}/zones/us-central1-c/clusters/edge"
    assert edge.get(legacy)["name"] == "edge"
    edge.done("POST", f"{legacy}/nodePools/default-pool/setSize", {"nodeCount": 2})
    assert edge.get(CLUSTER)["currentNodeCount"] == 2
    assert edge.get(f"/v1beta1/projects/{P}/locations/-/clusters")["clusters"][0]["selfLink"].startswith(
        "https://container.googleapis.com/v1beta1/"
    )


def test_enums_as_integers(refusing_edge: Lab) -> None:
    assert refusing_edge.get(f"{CLUSTER}?$alt=json;enum-encoding=int")["status"] == 2
    assert refusing_edge.get(f"{CLUSTER}?%24alt=json%3Benum-encoding%3Dint")["status"] == 2


def test_bad_enums_are_listed_one_a_line(refusing_edge: Lab) -> None:
    hosts = [{"server": "s", "hosts": [{"host": "h", "capabilities": ["PULL", "RESOLVE"]}]}]
    body = pool(config={"containerdConfig": {"registryHosts": hosts}})
    status, answer = refusing_edge.ask("POST", f"{CLUSTER.replace('/v1/', '/v1beta1/')}/nodePools", body)
    kind = "type.googleapis.com/google.container.v1beta1.ContainerdConfig.RegistryHostConfig.HostCapability"
    field = "node_pool.config.containerd_config.registry_hosts[0].hosts[0].capabilities"
    message = f"Invalid value at '{field}[0]' ({kind}), \"PULL\"\nInvalid value at '{field}[1]' ({kind}), \"RESOLVE\""
    assert status == 400
    assert answer == {
        "error": {
            "code": 400,
            "message": message,
            "status": "INVALID_ARGUMENT",
            "errors": [{"message": message, "reason": "invalid"}],
        }
    }


class Broken(ApiEngine):
    """An engine whose nodes do not start."""

    def start_nodes(self, nodes: object) -> None:
        raise EngineError("kernel did not boot, see node.log")


def test_what_the_engine_cannot_do_ends_up_in_the_operation(make_lab) -> None:
    lab = make_lab(Broken())
    operation = lab.done("POST", f"{ZONE}/clusters", cluster())
    assert operation["error"] == {"code": 13, "message": "kernel did not boot, see node.log"}
    assert operation["statusMessage"] == "kernel did not boot, see node.log"
    assert operation["clusterConditions"][0]["canonicalCode"] == "INTERNAL"
    body = lab.get(CLUSTER)
    assert body["status"] == body["nodePools"][0]["status"] == "ERROR"
    assert body["conditions"][0]["message"] == "kernel did not boot, see node.log"
    assert "error" not in lab.done("DELETE", CLUSTER)


def test_what_a_deleted_cluster_can_leave_behind(vpc: Lab) -> None:
    kinds = ["firewalls", "subnetworks", "networkEndpointGroups"]
    assert vpc.ask("POST", f"/lab/projects/{P}/leftovers", {"kinds": ["routes"]})[0] == 400
    assert vpc.ask("POST", f"/lab/projects/{P}/leftovers", {"kinds": kinds})[0] == 200
    private = {"masterIpv4CidrBlock": "172.20.0.0/28"}
    vpc.done("POST", f"{ZONE}/clusters", cluster(network="vpc", subnetwork="sub", privateClusterConfig=private))
    vpc.done("DELETE", CLUSTER)
    assert "error" not in vpc.done("DELETE", f"{SUBNETWORKS}/sub")
    network = f"{COMPUTE}/global/networks/vpc"
    groups = vpc.get(f"{COMPUTE}/aggregated/networkEndpointGroups")["items"]
    assert {scope for scope, found in groups.items() if "networkEndpointGroups" in found} == {"zones/us-central1-c"}
    left = []
    while error := vpc.done("DELETE", network).get("error"):
        path = error["errors"][0]["message"].rpartition("already being used by ")[2].strip("'")
        left.append(path)
        assert vpc.ask("GET", f"/compute/v1/{path}")[0] == 200
        assert "error" not in vpc.done("DELETE", f"/compute/v1/{path}")
    names = [path.rpartition("/")[2] for path in left]
    assert [name.rpartition("-")[2] for name in names[:-1]] == ["all", "vms", "inkubelet", "exkubelet", "subnet"]
    assert "/zones/us-central1-c/networkEndpointGroups/k8s1-" in left[-1]
    assert vpc.ask("GET", network)[0] == 404


def test_a_private_endpoint_in_a_subnetwork_of_ones_own(vpc: Lab) -> None:
    asked = {"networkConfig": MULTI["networkConfig"] | {"defaultEnablePrivateNodes": True}}
    asked |= {"network": "vpc", "subnetwork": "sub"}
    wrong = {"ipEndpointsConfig": {"privateEndpointSubnetwork": "sub2"}}
    status, _, message = vpc.refused("POST", f"{ZONE}/clusters", cluster(**asked, controlPlaneEndpointsConfig=wrong))
    assert (status, message.endswith('is not valid for Network "vpc".')) == (400, True)
    vpc.done("POST", SUBNETWORKS, {"name": "endpoints", "network": "vpc", "ipCidrRange": "10.9.0.0/28"})
    own = {"privateEndpointSubnetwork": f"projects/{P}/regions/us-central1/subnetworks/endpoints"}
    vpc.done("POST", f"{ZONE}/clusters", cluster(**asked, privateClusterConfig=own))
    body = vpc.get(CLUSTER)
    assert body["privateClusterConfig"]["enablePrivateNodes"] is True
    assert body["privateClusterConfig"]["privateEndpoint"] == "10.9.0.2"
    assert body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["privateEndpoint"] == "10.9.0.2"
    assert body["nodePools"][0]["networkConfig"]["enablePrivateNodes"] is True


def test_a_cluster_in_the_vpc_of_a_host_project(lab: Lab) -> None:
    host = COMPUTE.replace(P, "host-project")
    for name, third in (("vpc", 1), ("extra", 2)):
        lab.done("POST", f"{host}/global/networks", {"name": name, "autoCreateSubnetworks": False})
        body = {"name": name, "network": name, "ipCidrRange": f"10.0.{third}.0/24"}
        ranges = [{"rangeName": "pods", "ipCidrRange": f"172.16.{16 * third}.0/20"}]
        lab.done("POST", f"{host}/regions/us-central1/subnetworks", body | {"secondaryIpRanges": ranges})

    def named(name: str) -> dict[str, str]:
        path = f"projects/host-project/regions/us-central1/subnetworks/{name}"
        return {"network": f"projects/host-project/global/networks/{name}", "subnetwork": path}

    policy = {"clusterSecondaryRangeName": "pods"}
    lab.done("POST", f"{ZONE}/clusters", cluster(**named("vpc"), ipAllocationPolicy=policy))
    assert lab.get(CLUSTER)["networkConfig"]["network"] == named("vpc")["network"]
    networks = {
        "additionalNodeNetworkConfigs": [named("extra")],
        "additionalPodNetworkConfigs": [{"subnetwork": named("extra")["subnetwork"], "secondaryPodRange": "pods"}],
    }
    assert "error" not in lab.done("POST", f"{CLUSTER}/nodePools", pool(networkConfig=networks))
    assert lab.get(f"{CLUSTER}/nodePools/multinet")["networkConfig"]["additionalNodeNetworkConfigs"] == [named("extra")]
    used = lab.refused("DELETE", f"{host}/regions/us-central1/subnetworks/extra")[2]
    assert f"is already being used by 'projects/{P}/zones/us-central1-c/instances/" in used


def test_a_pool_gets_a_range_of_its_own(edge: Lab) -> None:
    default = f"{SUBNETWORKS}/default"
    before = edge.get(default)["secondaryIpRanges"]
    for config, cidr in (({"podRange": "own", "podIpv4CidrBlock": "10.20.0.0/20"}, "10.20.0.0/20"), ({}, "/14")):
        asked = pool(networkConfig={"createPodRange": True, **config})
        assert "error" not in edge.done("POST", f"{CLUSTER}/nodePools", asked)
        network = edge.get(f"{CLUSTER}/nodePools/multinet")["networkConfig"]
        assert network["podIpv4CidrBlock"].endswith(cidr)
        (added,) = [item for item in edge.get(default)["secondaryIpRanges"] if item not in before]
        assert (added["rangeName"], added["ipCidrRange"]) == (network["podRange"], network["podIpv4CidrBlock"])
        edge.done("POST", f"{CLUSTER}/nodePools/multinet:setSize", {"nodeCount": 1})
        edge.done("DELETE", f"{CLUSTER}/nodePools/multinet")
        assert edge.get(default)["secondaryIpRanges"] == before
