# SPDX-License-Identifier: Apache-2.0
"""Who gets in, what is written down, and Google's own clients."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime

import google.auth.transport.requests
import pytest
from google.api_core import exceptions
from google.auth.credentials import Credentials
from google.cloud import compute_v1, container_v1
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials as TokenCredentials

from gkelab.cloud import request_log
from gkelab.cloud.oauth import write_service_account

from .conftest import COMPUTE, CONTAINER, REPOSITORY, TOKEN, Lab, P
from .test_compute import NETWORK, SUBNETWORK

OPERATION_DEADLINE = 10


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "Request is missing required authentication credential. Expected OAuth 2"),
        ("", "Request is missing required authentication credential. Expected OAuth 2"),
        ("wrong", "Request had invalid authentication credentials. Expected OAuth 2"),
    ],
)
@pytest.mark.parametrize("path", [f"{COMPUTE}/global/networks", f"{CONTAINER}/-/clusters"])
def test_a_token_is_needed(lab: Lab, token: str | None, said: str, path: str) -> None:
    status, answer = lab.ask("GET", path, token=token)
    assert status == 401
    assert answer["error"]["message"].startswith(said)
    assert answer["error"].get("status") == (None if "compute" in path else "UNAUTHENTICATED")


def test_the_probe_needs_none(lab: Lab) -> None:
    assert lab.ask("GET", "/", token=None) == (200, {"kind": "gkelab", "engine": "api"})


def test_an_api_that_is_not_enabled(lab: Lab) -> None:
    name = "container.googleapis.com"
    service = f"/v1/projects/{P}/services/{name}"
    assert lab.get(service)["state"] == "ENABLED"
    assert lab.ask("POST", f"/lab/projects/{P}/services", {"disabled": [name]})[0] == 200
    assert lab.get(service)["state"] == "DISABLED"
    status, answer = lab.ask("GET", f"{CONTAINER}/-/clusters")
    error = answer["error"]
    assert (status, error["status"]) == (403, "PERMISSION_DENIED")
    page = "https://console.developers.google.com/apis/api/container.googleapis.com/overview?project=123456789012"
    assert error["message"].startswith(
        "Kubernetes Engine API has not been used in project 123456789012 before or it is disabled. "
        f"Enable it by visiting {page} then retry."
    )
    info = error["details"][0]
    assert (info["reason"], info["metadata"]["service"]) == ("SERVICE_DISABLED", name)
    assert lab.ask("GET", "/v1/projects/other/locations/-/clusters")[0] == 200


def test_what_the_log_says(lab: Lab) -> None:
    lab.done("POST", f"{COMPUTE}/global/networks", NETWORK)
    operation = lab.started("POST", f"{COMPUTE}/regions/us-central1/subnetworks", SUBNETWORK)
    lab.ask("POST", f"{COMPUTE}/regions/us-central1/operations/{operation['name']}/wait")
    middle = datetime.now(UTC)
    lab.ask("GET", f"{COMPUTE}/global/networks/vpc", token="wrong")
    lab.done("DELETE", f"{COMPUTE}/regions/us-central1/subnetworks/sub")
    writes = list(request_log.read(lab.folder, writes=True))
    assert [entry["method"] for entry in writes] == ["POST", "POST", "DELETE"]
    assert writes[0]["api"] == "compute"
    assert writes[0]["request"] == NETWORK
    assert writes[0]["response"]["operationType"] == "insert"
    assert "urllib" in writes[0]["user_agent"]
    later = list(request_log.read(lab.folder, since=middle))
    assert [entry["status"] for entry in later][:2] == [401, 200]
    assert [entry["method"] for entry in request_log.read(lab.folder, writes=True, since=middle)] == ["DELETE"]
    path = lab.folder / request_log.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in path.read_text()


@pytest.fixture
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account's credentials look for regional boundaries at Google, in a thread: let them find nothing."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


@pytest.mark.usefixtures("only_loopback")
def test_a_service_account_gets_a_token(lab: Lab) -> None:
    path = write_service_account(lab.folder, lab.url, P)
    assert path.stat().st_mode & 0o777 == 0o600
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = service_account.Credentials.from_service_account_file(str(path), scopes=scopes)
    credentials.refresh(google.auth.transport.requests.Request())
    assert credentials.token not in (None, TOKEN)
    network = networks(lab, credentials).get(project=P, network="default")
    assert network.auto_create_subnetworks
    assert TOKEN not in (lab.folder / request_log.FILE).read_text()


@pytest.mark.usefixtures("only_loopback")
def test_a_forged_assertion_gets_none(lab: Lab, tmp_path: pathlib.Path) -> None:
    write_service_account(lab.folder, lab.url, P)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    path = write_service_account(foreign, lab.url, P)
    credentials = service_account.Credentials.from_service_account_file(str(path), scopes=["x"])
    with pytest.raises(google.auth.exceptions.RefreshError, match="Invalid JWT Signature"):
        credentials.refresh(google.auth.transport.requests.Request())
    with pytest.raises(exceptions.Unauthorized):
        networks(lab, credentials).get(project=P, network="default")


def networks(lab: Lab, credentials: Credentials) -> compute_v1.NetworksClient:
    return compute_v1.NetworksClient(credentials=credentials, client_options={"api_endpoint": lab.url})


def test_googles_compute_client(lab: Lab) -> None:
    credentials = TokenCredentials(token=TOKEN)
    client = networks(lab, credentials)
    operations = compute_v1.GlobalOperationsClient(credentials=credentials, client_options={"api_endpoint": lab.url})
    resource = compute_v1.Network(name="vpc", auto_create_subnetworks=False)
    operation = client.insert_unary(project=P, network_resource=resource)
    operation = operations.wait(project=P, operation=operation.name)
    assert operation.status == compute_v1.Operation.Status.DONE
    assert client.get(project=P, network="vpc").routing_config.routing_mode == "REGIONAL"
    assert {network.name for network in client.list(project=P)} == {"default", "vpc"}
    with pytest.raises(exceptions.Conflict) as conflict:
        client.insert_unary(project=P, network_resource=resource)
    assert conflict.value.errors[0]["reason"] == "alreadyExists"
    with pytest.raises(exceptions.NotFound):
        client.get(project=P, network="nowhere")


def test_googles_container_client(lab: Lab) -> None:
    client = container_v1.ClusterManagerClient(
        credentials=TokenCredentials(token=TOKEN), client_options={"api_endpoint": lab.url}, transport="rest"
    )
    parent = f"projects/{P}/locations/us-central1-c"
    wanted = container_v1.Cluster(name="edge", initial_node_count=1)
    operation = client.create_cluster(parent=parent, cluster=wanted)
    assert operation.operation_type == container_v1.Operation.Type.CREATE_CLUSTER
    deadline = time.monotonic() + OPERATION_DEADLINE
    while operation.status != container_v1.Operation.Status.DONE:
        assert time.monotonic() < deadline
        operation = client.get_operation(name=f"{parent}/operations/{operation.name}")
    cluster = client.get_cluster(name=f"{parent}/clusters/edge")
    assert cluster.status == container_v1.Cluster.Status.RUNNING
    assert cluster.node_pools[0].config.machine_type == "e2-medium"
    pool = container_v1.NodePool(name="more", initial_node_count=0)
    assert client.create_node_pool(parent=f"{parent}/clusters/edge", node_pool=pool).name
    assert client.get_server_config(name=parent).valid_master_versions
    with pytest.raises(exceptions.NotFound):
        client.get_cluster(name=f"{parent}/clusters/nowhere")


def test_the_process(tmp_path: pathlib.Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gkelab.cloud", "--dir", str(tmp_path), "--port", str(port), "--engine", "api"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "lab")}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        assert answer(f"http://127.0.0.1:{port}/")["kind"] == "gkelab"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, b"")


def answer(url: str) -> dict:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return json.loads(reply.read())
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
