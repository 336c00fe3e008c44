# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Google's libraries raise becomes one of our errors, with the server's words and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError

from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError, ApiError, Unreachable
from ansible_collections.multinet.gke.plugins.module_utils.gcp.failures import is_passing, is_transient, translated

WHAT = "read cluster edge"


def answer(status: int, body: object) -> exceptions.GoogleAPICallError:
    """Return what the REST transports raise for an answer."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.request = requests.Request("GET", "https://container.googleapis.com/v1/x").prepare()
    error: exceptions.GoogleAPICallError = exceptions.from_http_response(response)
    return error


def error_body(code: int, message: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": [{"message": message, "reason": reason}], **more}}


def raised(error: Exception) -> ApiError | AccessError:
    with pytest.raises((ApiError, AccessError)) as caught, translated(WHAT, "my-project"):
        raise error
    return caught.value


def test_the_servers_words_and_reason_are_kept_without_the_address() -> None:
    error = raised(answer(409, error_body(409, "Already exists: x.", "alreadyExists")))
    assert isinstance(error, ApiError)
    assert str(error) == "read cluster edge: HTTP 409 alreadyExists: Already exists: x."
    assert error.details() == {"api_error": {"status": 409, "reason": "alreadyExists", "message": "Already exists: x."}}


def test_a_missing_permission_is_named_in_the_servers_words() -> None:
    message = 'Required "container.clusters.get" permission(s) for "projects/p/locations/l/clusters/c".'
    error = raised(answer(403, error_body(403, message, "forbidden", status="PERMISSION_DENIED")))
    assert isinstance(error, ApiError)
    assert "container.clusters.get" in str(error)


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
    assert "get new ones" in str(raised(answer(401, error_body(401, "Invalid Credentials", "authError"))))
    assert "get new ones" in str(raised(RefreshError("no refresh token")))


@pytest.mark.parametrize(
    "error",
    [requests.ConnectionError("refused"), requests.ReadTimeout("slow"), TransportError("no token endpoint")],
)
def test_no_answer_is_unreachable(error: Exception) -> None:
    assert isinstance(raised(error), Unreachable)
    assert is_transient(error)
    assert "credentials" not in str(raised(error))


def test_the_last_failure_of_many_tries_is_told() -> None:
    cause = answer(503, error_body(503, "try later", "backendError"))
    error = raised(exceptions.RetryError("gave up", cause))
    assert isinstance(error, ApiError)
    assert error.status == 503
    assert isinstance(raised(exceptions.RetryError("gave up", requests.ConnectionError("refused"))), Unreachable)


def test_an_error_page_of_a_proxy_is_cut_short() -> None:
    error = raised(answer(502, b"<html>" + b"x" * 5000))
    assert isinstance(error, ApiError)
    assert len(str(error)) < 1100


@pytest.mark.parametrize(("status", "expected"), [(429, True), (500, True), (502, True), (503, True), (404, False)])
def test_reads_are_tried_again_only_where_that_can_help(status: int, expected: bool) -> None:
    error = answer(status, error_body(status, "m", "r"))
    assert is_transient(error) is expected
    assert is_passing(raised(error)) is expected
