# SPDX-License-Identifier: Apache-2.0
"""Each way to an access token, whose it is, and what it may do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import google.auth.transport.requests
import pytest
from google.api_core import exceptions
from google.auth import impersonated_credentials, jwt
from google.cloud import compute_v1
from google.oauth2 import _client, service_account
from google.oauth2.credentials import Credentials

from gkelab.cloud import request_log
from gkelab.cloud.oauth import LAB_ACCOUNT, USER, USER_FILE, write_service_account, write_user

from .conftest import COMPUTE, CONTAINER, TOKEN, Lab, P
from .test_compute import NETWORK, SUBNETWORK

NETWORKS = f"{COMPUTE}/global/networks"
SUBNETWORKS = f"{COMPUTE}/regions/us-central1/subnetworks"
MACHINE = "123456789012-compute@developer.gserviceaccount.com"
DEPLOYER = f"deployer@{P}.iam.gserviceaccount.com"
CLOUD_PLATFORM = ["https://www.googleapis.com/auth/cloud-platform"]
FLAVOR = {"Metadata-Flavor": "Google"}


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's libraries look for regional boundaries at Google, in a thread: let them find nothing."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def user(lab: Lab) -> Credentials:
    path = lab.folder / USER_FILE
    content = json.loads((path if path.exists() else write_user(lab.folder, lab.url)).read_text())
    names = ("refresh_token", "token_uri", "client_id", "client_secret")
    return Credentials(None, **{name: content[name] for name in names})


def token_of(lab: Lab, credentials: Any) -> str:
    credentials.refresh(google.auth.transport.requests.Request())
    assert lab.ask("GET", NETWORKS, token=credentials.token)[0] == 200
    return str(credentials.token)


def impersonated(lab: Lab, source: Any, target: str = DEPLOYER, **more: Any) -> impersonated_credentials.Credentials:
    override = f"{lab.url}/v1/projects/-/serviceAccounts/{target}:generateAccessToken"
    return impersonated_credentials.Credentials(source, target, CLOUD_PLATFORM, iam_endpoint_override=override, **more)


def last(lab: Lab) -> dict[str, Any]:
    return list(request_log.read(lab.folder))[-1]


def machine(lab: Lab, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(lab.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, dict(reply.headers), reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def test_each_grant_gives_a_token_of_its_own(lab: Lab) -> None:
    credentials = user(lab)
    first, second = token_of(lab, credentials), token_of(lab, credentials)
    assert len({first, second, TOKEN}) == 3
    assert last(lab)["principal"] == USER
    assert lab.get(NETWORKS)
    assert last(lab)["principal"] == LAB_ACCOUNT
    kept = (lab.folder / "cloud.json").read_text() + (lab.folder / request_log.FILE).read_text()
    for secret in (first, second, credentials.refresh_token, credentials.client_secret):
        assert secret not in kept


def test_tokens_survive_a_restart(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    token = token_of(lab, user(lab))
    lab = make_lab()
    assert lab.ask("GET", NETWORKS, token=token)[0] == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"_refresh_token": "other"}, "invalid_grant: Token has been expired or revoked"),
        ({"_client_secret": "other"}, "invalid_client"),
    ],
)
def test_a_user_must_prove_who_it_is(lab: Lab, changed: dict[str, str], error: str) -> None:
    credentials = user(lab)
    vars(credentials).update(changed)
    with pytest.raises(google.auth.exceptions.RefreshError, match=error):
        credentials.refresh(google.auth.transport.requests.Request())


def test_an_expired_assertion_gets_no_token(lab: Lab) -> None:
    path = write_service_account(lab.folder, lab.url, P)
    account = service_account.Credentials.from_service_account_file(path)
    past = int(time.time()) - 10
    claims = {"iss": account.service_account_email, "aud": f"{lab.url}/token", "iat": past - 3600, "exp": past}
    assertion = jwt.encode(account.signer, claims)
    request = google.auth.transport.requests.Request()
    with pytest.raises(google.auth.exceptions.RefreshError, match="must be a short-lived token"):
        _client.jwt_grant(request, f"{lab.url}/token", assertion)
    assert lab.ask("GET", NETWORKS, token=assertion.decode())[0] == 401
    _client.jwt_grant(request, f"{lab.url}/token", jwt.encode(account.signer, claims | {"exp": past + 60}))


@pytest.mark.parametrize("token", ["W10.e30.eA", "W10.x.y", "a.b.c", "\u00ff\u00fe"])
def test_what_is_no_token_is_refused_as_one(lab: Lab, token: str) -> None:
    write_service_account(lab.folder, lab.url, P)
    assert lab.ask("GET", NETWORKS, token=token)[0] == 401


def test_a_form_that_nobody_can_read_is_not_quoted(lab: Lab) -> None:
    request = urllib.request.Request(f"{lab.url}/token", b"client_secret=hidden&refresh_token=\xff")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    text = refused.value.read().decode()
    assert (refused.value.code, json.loads(text)["error"]) == (400, "invalid_request")
    assert "hidden" not in text


@pytest.mark.parametrize(
    "asked", [{}, {"scope": "x"}, {"scope": ["x"], "lifetime": 5}, {"scope": ["x"], "delegates": 1}]
)
def test_what_is_no_request_for_a_token(lab: Lab, asked: dict[str, object]) -> None:
    path = f"/v1/projects/-/serviceAccounts/{DEPLOYER}:generateAccessToken"
    assert lab.ask("POST", path, asked)[0] == 400


def test_an_unknown_grant(lab: Lab) -> None:
    request = urllib.request.Request(f"{lab.url}/token", b"grant_type=password")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert json.loads(refused.value.read())["error"] == "unsupported_grant_type"


def test_a_fault_at_the_token_endpoint_speaks_its_language(lab: Lab) -> None:
    lab.ask("POST", "/lab/faults", {"kind": "status", "path": "^/token$", "status": 400, "code": "invalid_grant"})
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        user(lab).refresh(google.auth.transport.requests.Request())


def test_a_revoked_token_is_refused_and_a_new_one_is_not(lab: Lab) -> None:
    credentials = user(lab)
    token = token_of(lab, credentials)
    assert lab.ask("POST", "/lab/tokens", {"revoke": "somebody@example.com"})[1]["revoked"] == 0
    assert lab.ask("GET", NETWORKS, token=token)[0] == 200
    assert lab.ask("POST", "/lab/tokens", {"revoke": USER})[1]["revoked"] == 1
    status, answer = lab.ask("GET", f"{CONTAINER}/-/clusters", token=token)
    assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert answer["error"]["message"].startswith("Request had invalid authentication credentials. ")
    token_of(lab, credentials)


def test_a_token_expires(lab: Lab) -> None:
    assert lab.ask("POST", "/lab/tokens", {"lifetime": 0})[0] == 200
    credentials = user(lab)
    credentials.refresh(google.auth.transport.requests.Request())
    assert lab.ask("GET", NETWORKS, token=credentials.token)[0] == 401
    [token] = lab.get("/lab/tokens")["tokens"]
    assert (token["principal"], token["expires"]) == (USER, token["issued"])
    assert lab.ask("POST", "/lab/tokens", {"lifetime": 1800})[0] == 200
    token_of(lab, credentials)
    assert [item["expires"] - item["issued"] for item in lab.get("/lab/tokens")["tokens"]] == [1800]


@pytest.mark.parametrize("asked", [{"lifetime": "1"}, {"lifetime": 3601}, {"lifetime": True}, {"revok": "all"}])
def test_a_change_of_tokens_that_cannot_be(lab: Lab, asked: dict[str, Any]) -> None:
    assert "The lab expects" in lab.refused("POST", "/lab/tokens", asked)[2]


def test_the_lab_obeys_its_own_token_only(lab: Lab) -> None:
    token = token_of(lab, user(lab))
    assert lab.ask("POST", "/lab/faults", {"kind": "html"}, token=token)[0] == 403
    assert lab.get("/lab/faults") == {"faults": []}


def test_a_machine_tells_who_it_is(lab: Lab) -> None:
    base = "/computeMetadata/v1"
    account = f"{base}/instance/service-accounts/default"
    assert machine(lab, "/", **FLAVOR)[1]["Metadata-Flavor"] == "Google"
    assert machine(lab, f"{base}/project/project-id")[0] == 403
    assert machine(lab, f"{base}/project/project-id", **FLAVOR, **{"X-Forwarded-For": "10.0.0.1"})[0] == 403
    assert machine(lab, f"{base}/nothing", **FLAVOR)[0] == 404
    status, headers, text = machine(lab, f"{base}/project/project-id", **FLAVOR)
    assert (status, headers["Metadata-Flavor"], text) == (200, "Google", P)
    assert machine(lab, f"{base}/project/numeric-project-id", **FLAVOR)[2] == "123456789012"
    assert machine(lab, f"{base}/universe/universe-domain", **FLAVOR)[2] == "googleapis.com"
    assert machine(lab, f"{base}/instance/service-accounts/", **FLAVOR)[2] == f"default/\n{MACHINE}/\n"
    assert machine(lab, f"{account}/email", **FLAVOR)[2] == MACHINE
    assert machine(lab, f"{account}/scopes", **FLAVOR)[2].split() == CLOUD_PLATFORM
    whole = json.loads(machine(lab, f"{account}/?recursive=true", **FLAVOR)[2])
    assert whole == {"aliases": ["default"], "email": MACHINE, "scopes": CLOUD_PLATFORM}
    for name in ("default", MACHINE):
        answer = json.loads(machine(lab, f"{base}/instance/service-accounts/{name}/token", **FLAVOR)[2])
        assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
        assert lab.ask("GET", NETWORKS, token=answer["access_token"])[0] == 200
        assert last(lab)["principal"] == MACHINE
        assert answer["access_token"] not in (lab.folder / request_log.FILE).read_text()


def test_googles_library_finds_the_machine(lab: Lab) -> None:
    host = lab.url.removeprefix("http://")
    script = (
        "import google.auth, google.auth.transport.requests as transport\n"
        "credentials, project = google.auth.default(scopes=['https://www.googleapis.com/auth/cloud-platform'])\n"
        "credentials.refresh(transport.Request())\n"
        "print(project, credentials.service_account_email, credentials.token)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GOOGLE_", "CLOUDSDK_"))}
    environment |= {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "HOME": str(lab.folder)}
    environment |= {"CLOUDSDK_CONFIG": str(lab.folder / "gcloud"), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    project, account, token = done.stdout.split()
    assert (project, account) == (P, MACHINE)
    assert lab.ask("GET", NETWORKS, token=token)[0] == 200


def test_impersonation(lab: Lab) -> None:
    token_of(lab, impersonated(lab, Credentials(TOKEN)))
    assert last(lab)["principal"] == DEPLOYER
    chain = [f"first@{P}.iam.gserviceaccount.com"]
    token_of(lab, impersonated(lab, user(lab), delegates=chain))
    asked = next(entry for entry in request_log.read(lab.folder) if entry["api"] == "iamcredentials")
    assert (asked["request"], asked["response"]) == (None, None)
    resource = f"projects/-/serviceAccounts/{DEPLOYER}"
    for actor, source in (
        (chain[0], impersonated(lab, user(lab), delegates=chain)),
        (USER, impersonated(lab, user(lab))),
    ):
        denied = {"permission": "iam.serviceAccounts.getAccessToken", "resource": resource, "principal": actor}
        assert lab.ask("POST", "/lab/denials", denied)[0] == 200
        with pytest.raises(google.auth.exceptions.RefreshError) as refused:
            source.refresh(google.auth.transport.requests.Request())
        error = json.loads(refused.value.args[1])["error"]
        assert error == {
            "code": 403,
            "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
            "status": "PERMISSION_DENIED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "IAM_PERMISSION_DENIED",
                    "domain": "iam.googleapis.com",
                    "metadata": {"permission": "iam.serviceAccounts.getAccessToken"},
                }
            ],
        }


@pytest.mark.parametrize("body", [{}, {"scope": ["x"], "lifetime": "7200s"}, {"scope": ["x"], "lifetime": "1h"}])
def test_impersonation_wants_scopes_and_a_lifetime(lab: Lab, body: dict[str, Any]) -> None:
    path = f"/v1/projects/-/serviceAccounts/{DEPLOYER}:generateAccessToken"
    status, answer = lab.ask("POST", path, body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_quota_project(lab: Lab) -> None:
    client = compute_v1.NetworksClient(
        credentials=Credentials(TOKEN, quota_project_id="paying"), client_options={"api_endpoint": lab.url}
    )
    assert client.get(project=P, network="default").name == "default"
    assert last(lab)["quota_project"] == "paying"
    denied = {"permission": "serviceusage.services.use", "resource": "projects/paying"}
    assert lab.ask("POST", "/lab/denials", denied)[0] == 200
    with pytest.raises(exceptions.Forbidden) as refused:
        client.get(project=P, network="default")
    assert "Caller does not have required permission to use project paying. Grant the caller" in refused.value.message
    assert (refused.value.reason, refused.value.metadata["consumer"]) == ("USER_PROJECT_DENIED", "projects/paying")
    lab.ask("DELETE", "/lab/denials")
    assert client.get(project=P, network="default").name == "default"


CLUSTERS = f"{CONTAINER}/us-central1-c/clusters"
EDGE = f"projects/{P}/zones/us-central1-c/clusters/edge"
PERMISSIONS = [
    ("GET", COMPUTE, None, "compute.projects.get", f"projects/{P}"),
    ("GET", NETWORKS, None, "compute.networks.list", f"projects/{P}"),
    ("GET", f"{NETWORKS}/vpc", None, "compute.networks.get", f"projects/{P}/global/networks/vpc"),
    ("POST", NETWORKS, NETWORK, "compute.networks.create", f"projects/{P}/global/networks/vpc"),
    ("PATCH", f"{NETWORKS}/vpc", {}, "compute.networks.update", f"projects/{P}/global/networks/vpc"),
    ("DELETE", f"{NETWORKS}/vpc", None, "compute.networks.delete", f"projects/{P}/global/networks/vpc"),
    ("GET", f"{COMPUTE}/regions", None, "compute.regions.list", f"projects/{P}"),
    ("GET", f"{COMPUTE}/aggregated/subnetworks", None, "compute.subnetworks.list", f"projects/{P}"),
    ("GET", SUBNETWORKS, None, "compute.subnetworks.list", f"projects/{P}"),
    (
        "POST",
        SUBNETWORKS,
        SUBNETWORK,
        "compute.subnetworks.create",
        f"projects/{P}/regions/us-central1/subnetworks/sub",
    ),
    ("POST", SUBNETWORKS, SUBNETWORK, "compute.networks.updatePolicy", f"projects/{P}/global/networks/vpc"),
    (
        "POST",
        f"{SUBNETWORKS}/sub/expandIpCidrRange",
        {},
        "compute.subnetworks.expandIpCidrRange",
        f"projects/{P}/regions/us-central1/subnetworks/sub",
    ),
    (
        "GET",
        f"{COMPUTE}/regions/us-central1/operations/x",
        None,
        "compute.regionOperations.get",
        f"projects/{P}/regions/us-central1/operations/x",
    ),
    (
        "POST",
        f"{COMPUTE}/global/operations/x/wait",
        None,
        "compute.globalOperations.get",
        f"projects/{P}/global/operations/x",
    ),
    ("GET", CLUSTERS, None, "container.clusters.list", f"projects/{P}"),
    ("POST", CLUSTERS, {}, "container.clusters.create", f"projects/{P}"),
    ("GET", f"{CLUSTERS}/edge", None, "container.clusters.get", EDGE),
    ("PUT", f"{CLUSTERS}/edge", {}, "container.clusters.update", EDGE),
    ("DELETE", f"{CLUSTERS}/edge", None, "container.clusters.delete", EDGE),
    ("POST", f"{CLUSTERS}/edge:setResourceLabels", {}, "container.clusters.update", EDGE),
    ("GET", f"{CLUSTERS}/edge/nodePools/x", None, "container.clusters.get", EDGE),
    ("POST", f"{CLUSTERS}/edge/nodePools/x:setSize", {}, "container.clusters.update", EDGE),
    ("DELETE", f"{CLUSTERS}/edge/nodePools/x", None, "container.clusters.update", EDGE),
    ("GET", f"{CONTAINER}/us-central1-c/operations/x", None, "container.operations.get", f"projects/{P}"),
]


@pytest.mark.parametrize("request_and_need", PERMISSIONS)
def test_a_permission_that_is_needed(shared_lab: Lab, request_and_need: tuple[str, str, Any, str, str]) -> None:
    method, path, body, permission, resource = request_and_need
    quoted = f"'{permission}' permission for '{resource}'"
    if permission.startswith("container."):
        quoted = f'"{permission}" permission(s) for "{resource}".'
    identity = shared_lab.ask("POST", "/lab/denials", {"permission": permission, "principal": LAB_ACCOUNT})[1]["id"]
    assert shared_lab.refused(method, path, body) == (403, "forbidden", f"Required {quoted}")
    assert shared_lab.ask("DELETE", f"/lab/denials/{identity}")[0] == 200
    assert shared_lab.ask(method, path, body)[0] != 403


def test_an_operation_says_who_started_it(lab: Lab) -> None:
    token = token_of(lab, user(lab))
    operation = lab.ask("POST", NETWORKS, NETWORK, token=token)[1]
    assert operation["user"] == USER
    assert lab.finished(operation)["user"] == USER


def test_a_project_is_the_same_by_its_number(lab: Lab) -> None:
    lab.get(NETWORKS)
    lab.ask("POST", "/lab/denials", {"permission": "compute.networks.list", "resource": f"projects/{P}"})
    path = "/compute/v1/projects/123456789012/global/networks"
    said = f"Required 'compute.networks.list' permission for 'projects/{P}'"
    assert lab.refused("GET", path) == (403, "forbidden", said)


def test_denials_have_patterns_and_concern_whom_they_say(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    denied = {"permission": "compute.*.create", "principal": "user@*", "resource": "*/v*"}
    identity = lab.ask("POST", "/lab/denials", denied)[1]["id"]
    lab = make_lab()
    assert lab.get("/lab/denials") == {"denials": [{"id": identity, **denied}]}
    token = token_of(lab, user(lab))
    status, answer = lab.ask("POST", NETWORKS, NETWORK, token=token)
    assert (status, answer["error"]["errors"][0]["reason"]) == (403, "forbidden")
    assert lab.ask("POST", NETWORKS, {**NETWORK, "name": "other"}, token=token)[0] == 200
    assert lab.ask("POST", NETWORKS, NETWORK)[0] == 200
    assert lab.refused("DELETE", "/lab/denials/99")[0] == 404


@pytest.mark.parametrize("asked", [{}, {"permission": 1}, {"permission": "x", "who": "y"}])
def test_a_denial_that_cannot_be(lab: Lab, asked: dict[str, Any]) -> None:
    assert "The lab expects" in lab.refused("POST", "/lab/denials", asked)[2]
