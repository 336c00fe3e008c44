# SPDX-License-Identifier: Apache-2.0
"""Google's own ClusterManagerClient over gRPC."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import Credentials
from google.auth.transport.grpc import secure_authorized_channel
from google.auth.transport.requests import Request
from google.cloud import container_v1
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerGrpcTransport, rest_base
from google.oauth2.credentials import Credentials as TokenCredentials

from gkelab.cloud import request_log
from gkelab.cloud.certificate import FILE
from gkelab.cloud.grpc_server import RULES
from gkelab.cloud.oauth import LAB_ACCOUNT

from .conftest import TOKEN, Lab, P

PARENT = f"projects/{P}/locations/us-central1-c"
EDGE = f"{PARENT}/clusters/edge"
POOL = f"{EDGE}/nodePools/default-pool"
DONE = container_v1.Operation.Status.DONE
CLUSTER = container_v1.Cluster(name="edge", initial_node_count=1, network_config={"datapath_provider": 2})


def client_of(lab: Lab, credentials: Credentials) -> container_v1.ClusterManagerClient:
    channel = secure_authorized_channel(
        credentials,
        Request(),
        f"127.0.0.1:{lab.grpc_port}",
        ssl_credentials=grpc.ssl_channel_credentials((lab.folder / FILE).read_bytes()),
    )
    return container_v1.ClusterManagerClient(transport=ClusterManagerGrpcTransport(channel=channel))


@pytest.fixture
def client(lab: Lab) -> Iterator[container_v1.ClusterManagerClient]:
    with client_of(lab, TokenCredentials(TOKEN)) as client:
        yield client


def done(client: container_v1.ClusterManagerClient, operation: container_v1.Operation) -> container_v1.Operation:
    deadline = time.monotonic() + 10
    while operation.status != DONE:
        assert time.monotonic() < deadline
        operation = client.get_operation(name=f"{PARENT}/operations/{operation.name}")
    return operation


@pytest.mark.usefixtures("lab")
def test_a_cluster_from_creation_to_deletion(client: container_v1.ClusterManagerClient, lab: Lab) -> None:
    operation = client.create_cluster(parent=PARENT, cluster=CLUSTER)
    assert operation.operation_type == container_v1.Operation.Type.CREATE_CLUSTER
    done(client, operation)
    cluster = client.get_cluster(name=EDGE)
    assert (cluster.status, cluster.endpoint != "") == (container_v1.Cluster.Status.RUNNING, True)
    assert client.list_clusters(parent=f"projects/{P}/locations/-").clusters == [cluster]
    assert client.get_cluster(project_id=P, zone="us-central1-c", cluster_id="edge") == cluster
    over_rest = lab.get(f"/v1/{EDGE}")
    assert (over_rest["id"], over_rest["etag"]) == (cluster.id, cluster.etag)

    update = container_v1.ClusterUpdate(desired_enable_multi_networking=True)
    done(client, client.update_cluster(name=EDGE, update=update))
    assert client.get_cluster(name=EDGE).network_config.enable_multi_networking
    update = container_v1.ClusterUpdate(desired_enable_multi_networking=False)
    done(client, client.update_cluster(name=EDGE, update=update))
    assert not client.get_cluster(name=EDGE).network_config.enable_multi_networking
    labels = container_v1.SetLabelsRequest(
        name=EDGE, resource_labels={"a": "b"}, label_fingerprint=cluster.label_fingerprint
    )
    done(client, client.set_labels(request=labels))
    assert client.get_cluster(name=EDGE).resource_labels == {"a": "b"}

    done(client, client.set_node_pool_size(request={"name": POOL, "node_count": 2}))
    assert client.get_node_pool(name=POOL).initial_node_count == 2
    pool = container_v1.NodePool(name="more", initial_node_count=0)
    done(client, client.create_node_pool(parent=EDGE, node_pool=pool))
    assert [item.name for item in client.list_node_pools(parent=EDGE).node_pools] == ["default-pool", "more"]
    done(client, client.delete_node_pool(name=f"{EDGE}/nodePools/more"))

    types = [item.operation_type.name for item in client.list_operations(parent=PARENT).operations]
    assert types.count("UPDATE_CLUSTER") == 3
    assert client.get_server_config(name=PARENT).valid_master_versions
    done(client, client.delete_cluster(name=EDGE))
    assert list(client.list_clusters(parent=PARENT).clusters) == []
    first = next(request_log.read(lab.folder, writes=True))
    assert (first["path"], first["principal"]) == (f"/v1/{PARENT}/clusters", LAB_ACCOUNT)
    assert first["user_agent"].startswith("grpc-python")


def test_refusals_have_the_same_words(client: container_v1.ClusterManagerClient, lab: Lab) -> None:
    with pytest.raises(exceptions.NotFound, match=f"Not found: projects/{P}/zones/us-central1-c/clusters/edge."):
        client.get_cluster(name=EDGE)
    with pytest.raises(exceptions.InvalidArgument, match="initial_node_count must be greater than zero"):
        client.create_cluster(parent=PARENT, cluster=container_v1.Cluster(name="edge"))
    done(client, client.create_cluster(parent=PARENT, cluster=CLUSTER))
    with pytest.raises(exceptions.AlreadyExists):
        client.create_cluster(parent=PARENT, cluster=CLUSTER)
    lab.ask("POST", "/lab/faults", {"kind": "operation-stuck", "method": "PUT"})
    update = container_v1.ClusterUpdate(desired_release_channel={"channel": "RAPID"})
    client.update_cluster(name=EDGE, update=update)
    with pytest.raises(exceptions.FailedPrecondition, match="incompatible operation"):
        client.delete_cluster(name=EDGE)
    lab.ask("POST", f"/lab/projects/{P}/services", {"disabled": ["container.googleapis.com"]})
    with pytest.raises(exceptions.PermissionDenied) as refused:
        client.get_cluster(name=EDGE)
    assert refused.value.reason == "SERVICE_DISABLED"


def test_a_token_is_needed(lab: Lab) -> None:
    with client_of(lab, TokenCredentials("wrong")) as client, pytest.raises(exceptions.Unauthenticated):
        client.get_cluster(name=EDGE)


@pytest.mark.parametrize(
    ("fault", "error", "has_effect"),
    [
        ({"kind": "status", "status": 429}, exceptions.ResourceExhausted, False),
        ({"kind": "html"}, exceptions.ServiceUnavailable, False),
        ({"kind": "drop-before"}, exceptions.ServiceUnavailable, False),
        ({"kind": "drop-after"}, exceptions.ServiceUnavailable, True),
    ],
)
def test_faults_hit_here_too(
    client: container_v1.ClusterManagerClient,
    lab: Lab,
    fault: dict[str, object],
    error: type[Exception],
    has_effect: bool,
) -> None:
    lab.ask("POST", "/lab/faults", {"method": "POST", **fault})
    with pytest.raises(error):
        client.create_cluster(parent=PARENT, cluster=CLUSTER)
    assert bool(client.list_clusters(parent=PARENT).clusters) == has_effect


def test_a_failed_operation_is_no_refusal(client: container_v1.ClusterManagerClient, lab: Lab) -> None:
    lab.ask("POST", "/lab/faults", {"kind": "operation-error", "code": "GCE_STOCKOUT", "message": "None left."})
    operation = done(client, client.create_cluster(parent=PARENT, cluster=CLUSTER))
    assert (operation.error.code, operation.error.message) == (8, "None left.")
    assert operation.cluster_conditions[0].code == container_v1.StatusCondition.Code.GCE_STOCKOUT


@pytest.mark.parametrize("method", RULES)
def test_the_rules_are_the_protos(method: str) -> None:
    rule = RULES[method]
    options = getattr(rest_base._BaseClusterManagerRestTransport, f"_Base{method}")._get_http_options()[0]
    field, _, rest = options["uri"].removeprefix("/v1/{").partition("=")
    assert (rule.verb.lower(), rule.field, rule.rest) == (options["method"], field, rest.partition("}")[2])
