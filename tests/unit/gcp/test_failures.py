# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Google's libraries raise becomes one of our errors, with the server's words and what to do."""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError
from google.protobuf.json_format import ParseError

from ansible_collections.multinet.gke.plugins.module_utils.answers import is_passing
from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    AccessError,
    ApiError,
    MultinetError,
    Stale,
    Unreachable,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.failures import (
    Caller,
    NotAccepted,
    translated,
)

WHAT = "read cluster edge"
CALLER = Caller("service account s@p.iam.gserviceaccount.com", "check its key", "serviceAccount:s@p")


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> exceptions.GoogleAPICallError:
    """Return what the REST transports raise for an answer."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update(headers or {})
    response.request = requests.Request("GET", "https://container.googleapis.com/v1/x").prepare()
    error: exceptions.GoogleAPICallError = exceptions.from_http_response(response)
    return error


def error_body(code: int, message: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": [{"message": message, "reason": reason}], **more}}


def raised(error: Exception) -> MultinetError:
    with pytest.raises(MultinetError) as caught, translated(WHAT, "my-project", CALLER):
        raise error
    return caught.value


def test_the_servers_words_and_reason_are_kept_without_the_address() -> None:
    error = raised(answer(409, error_body(409, "Already exists: x.", "alreadyExists")))
    assert isinstance(error, ApiError)
    assert str(error) == "read cluster edge: HTTP 409 alreadyExists: Already exists: x."
    assert error.details() == {"api_error": {"status": 409, "reason": "alreadyExists", "message": "Already exists: x."}}


ROOT = pathlib.Path(__file__).resolve().parents[3]
TRAFFIC = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "gcp-traffic"
NETWORK = "projects/p/global/networks/n"
SUBNET = "projects/p/regions/us-west3/subnetworks/s"
# Messages of the real services, as recorded or as quoted in public issues: status, reason, message.
WORDS = [
    (404, "notFound", f"The resource '{NETWORK}' was not found"),
    (404, "notFound", "Not found: projects/p/zones/us-central1-c/clusters/c."),
    (404, "notFound", 'Not found: node pool "n" not found.'),
    (409, "alreadyExists", f"The resource '{NETWORK}' already exists"),
    (
        400,
        "resourceInUseByAnotherResource",
        f"The subnetwork resource '{SUBNET}' is already being used by 'projects/p/zones/us-west3-a/instances/i'",
    ),
    (400, "resourceNotReady", f"The resource '{NETWORK}' is not ready"),
    (
        400,
        "invalid",
        "Invalid value for field 'resource.ipCidrRange': '192.168.0.0/28'. Invalid IPCidrRange: 192.168.0.0/28 "
        "conflicts with existing subnetwork 'x' in region 'us-west3'.",
    ),
    (
        400,
        "invalid",
        "Invalid value for field 'resource.secondaryIpRanges': ''. Cannot add and remove secondary IP ranges in the "
        "same request. Added ranges: [a]. Removed ranges: [b].",
    ),
    (400, "required", "Required field 'resource.fingerprint' not specified"),
    (400, "badRequest", f'Subnetwork "{SUBNET}" is not valid for Network "n".'),
    (400, "failedPrecondition", "Cluster is running incompatible operation operation-1718024305921-fd4f65ea-1-2."),
    (
        403,
        "forbidden",
        "Insufficient regional quota to satisfy request: resource \"IN_USE_ADDRESSES\": request requires '5.0' and is "
        "short '1.0'. project has a quota of '4.0' with '4.0' available. View and manage quotas at "
        "https://console.cloud.google.com/iam-admin/quotas?usage=USED&project=p.",
    ),
    (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'"),
    (500, "backendError", "Internal error."),
]


@pytest.mark.parametrize(("status", "reason", "message"), WORDS)
def test_what_the_services_say_is_said_as_it_is(status: int, reason: str, message: str) -> None:
    error = raised(answer(status, error_body(status, message, reason)))
    assert str(error) == f"read cluster edge: HTTP {status} {reason}: {message}"
    assert type(error) is ApiError


def recorded() -> Iterator[tuple[int, str]]:
    """Yield status and body of each refusal in the recordings of real traffic."""
    pattern = re.compile(r"^(4\d\d|5\d\d) [^\n]*\n(?:[\w-]+: [^\n]*\n)*\n(\{.*?^\})", re.MULTILINE | re.DOTALL)
    for path in sorted(TRAFFIC.glob("*.log")):
        for found in pattern.finditer(path.read_text()):
            yield int(found[1]), found[2]


RECORDED = sorted(set(recorded()))


@pytest.mark.skipif(not RECORDED, reason="no gcp-traffic: set MULTINET_DATA")
def test_recorded_refusals_are_told_in_googles_words() -> None:
    for status, body in RECORDED:
        words = json.loads(body)["error"]["message"]
        error = raised(answer(status, body.encode()))
        assert isinstance(error, ApiError)
        assert error.status == status
        assert error.reason
        assert error.api_message == words


@pytest.mark.parametrize(
    ("message", "permission", "role"),
    [
        (f"Required 'compute.networks.create' permission for '{NETWORK}'", "compute.networks.create", "networkAdmin"),
        (f"Required 'compute.networks.get' permission for '{NETWORK}'", "compute.networks.get", "networkViewer"),
        ("Required 'compute.firewalls.create' permission for 'x'", "compute.firewalls.create", "securityAdmin"),
        ("Required 'compute.subnetworks.use' permission for 'x'", "compute.subnetworks.use", "networkUser"),
        (
            'Required "container.clusters.get" permission(s) for "projects/p/locations/l/clusters/c".',
            "container.clusters.get",
            "container.clusterViewer",
        ),
        (
            'Required "container.clusters.update" permission(s) for "projects/p/locations/l/clusters/c".',
            "container.clusters.update",
            "container.clusterAdmin",
        ),
        (
            "Caller does not have required permission to use project q. Grant the caller the "
            "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use "
            "permission, by visiting https://console.developers.google.com/iam-admin/iam/project?project=q",
            "serviceusage.services.use",
            "serviceusage.serviceUsageConsumer",
        ),
    ],
)
def test_a_missing_permission_is_named_with_a_role_that_has_it(message: str, permission: str, role: str) -> None:
    error = raised(answer(403, error_body(403, message, "forbidden", status="PERMISSION_DENIED")))
    assert isinstance(error, ApiError)
    assert error.api_message == message
    text = f"; the permission {permission} is missing; roles/{role if '.' in role else f'compute.{role}'} gives it: "
    assert text in str(error)
    assert "--member=serviceAccount:s@p" in str(error)


def test_the_permission_to_act_as_a_service_account_is_given_on_that_account() -> None:
    body = {
        "error": {
            "code": 403,
            "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
            "status": "PERMISSION_DENIED",
        }
    }
    error = raised(RefreshError("Unable to acquire impersonated credentials", json.dumps(body)))
    assert isinstance(error, AccessError)
    assert str(error) == (
        "read cluster edge: Google gives no access token to service account s@p.iam.gserviceaccount.com: Permission "
        "'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).; the permission "
        "iam.serviceAccounts.getAccessToken is missing; on the service account, "
        "roles/iam.serviceAccountTokenCreator gives it"
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (412, error_body(412, "Invalid fingerprint.", "conditionNotMet")),
        (409, {"error": {"code": 409, "message": "etag mismatch", "status": "ABORTED"}}),
        (409, error_body(409, "etag mismatch", "aborted", status="ABORTED")),
    ],
)
def test_what_others_have_changed_is_stale(status: int, body: object) -> None:
    error = raised(answer(status, body))
    assert isinstance(error, Stale)
    assert error.status == status


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("", 0.0), ("Fri, 31 Dec 2027 23:59:59 GMT", 0.0)])
def test_the_server_says_when_to_come_back(value: str, seconds: float) -> None:
    error = raised(answer(429, error_body(429, "slow down", "rateLimitExceeded"), {"Retry-After": value}))
    assert isinstance(error, ApiError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "details",
    [
        [],
        [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"service": "container.googleapis.com", "consumer": "projects/1"},
            }
        ],
    ],
)
def test_an_api_that_is_not_enabled_is_named_with_the_command(details: list[object]) -> None:
    message = (
        "Kubernetes Engine API has not been used in project 1 before or it is disabled. Enable it by visiting "
        "https://console.developers.google.com/apis/api/container.googleapis.com/overview?project=1 then retry."
    )
    error = raised(answer(403, error_body(403, message, "accessNotConfigured", details=details)))
    assert isinstance(error, AccessError)
    assert str(error).endswith("gcloud services enable container.googleapis.com --project my-project")


def test_refused_credentials_are_no_api_error() -> None:
    error = raised(answer(401, error_body(401, "Invalid Credentials", "authError")))
    assert isinstance(error, AccessError)
    assert str(error) == f"read cluster edge: Google does not accept {CALLER.name}: Invalid Credentials; check its key"
    error = raised(NotAccepted("nor a new token"))
    assert str(error) == f"read cluster edge: Google does not accept {CALLER.name} (nor a new token); check its key"


def test_credentials_that_give_no_token_are_no_api_error() -> None:
    error = raised(RefreshError("invalid_grant: Invalid JWT Signature.", {"error": "invalid_grant"}))
    assert isinstance(error, AccessError)
    assert str(error) == (
        f"read cluster edge: Google gives no access token to {CALLER.name}: invalid_grant: Invalid JWT Signature.; "
        "check its key"
    )


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("half an answer"),
        ParseError("no JSON"),
        TransportError("no token endpoint"),
        RefreshError("try later", retryable=True),
    ],
)
def test_no_answer_is_unreachable(error: Exception) -> None:
    ours = raised(error)
    assert isinstance(ours, Unreachable)
    assert is_passing(ours)
    assert "does not accept" not in str(ours)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (requests.exceptions.SSLError("certificate verify failed"), "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.InvalidURL("no host"), "compute_endpoint"),
        (requests.TooManyRedirects("30 redirects"), "compute_endpoint"),
    ],
)
def test_what_will_not_pass_is_told_with_what_to_do(error: Exception, remedy: str) -> None:
    ours = raised(error)
    assert not is_passing(ours)
    assert remedy in str(ours)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<!DOCTYPE html><html><head><title>502\n Bad Gateway</title>" + "x" * 5000, "502 Bad Gateway"),
        ("<html><body><h1>Access denied</h1>" + "x" * 5000, "Access denied"),
        ("\n<HTML>" + "x" * 5000, "without a title"),
    ],
)
def test_of_a_page_of_a_proxy_only_the_title_is_told(page: str, words: str) -> None:
    error = raised(answer(502, page.encode()))
    assert str(error) == f"read cluster edge: HTTP 502: an HTML page ({words}), not an answer of Google's API"


def test_long_words_are_cut() -> None:
    assert len(str(raised(answer(502, b"x" * 5000)))) < 1100


@pytest.mark.parametrize(("status", "expected"), [(429, True), (500, True), (502, True), (503, True), (404, False)])
def test_what_may_succeed_a_moment_later(status: int, expected: bool) -> None:
    assert is_passing(raised(answer(status, error_body(status, "m", "r")))) is expected
