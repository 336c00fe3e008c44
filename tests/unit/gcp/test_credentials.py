# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials: each kind is found, and what is missing or broken is said with what to do, never with a secret."""

from __future__ import annotations

import base64
import json
import pathlib
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import AuthorizedSession

from ansible_collections.multinet.gke.plugins.module_utils.answers import is_passing
from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError, InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.gcp.credentials import (
    SCOPES,
    Credentials,
    find_credentials,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.failures import Caller, NotAccepted
from answering import http, serving

SECRET = "very-secret"
EMAIL = "lab@my-project.iam.gserviceaccount.com"
OTHER = "other@my-project.iam.gserviceaccount.com"
TOKEN_URI = "https://oauth2.googleapis.com/token"


class Endpoint:
    """A transport of google-auth that hands out tokens, and remembers who was asked."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers = list(answers)

    def __call__(self, url: str, method: str = "GET", **rest: Any) -> Any:
        self.asked.append({"url": url, "method": method, **rest})
        number = len(self.asked)
        status, body = (
            self.answers.pop(0)
            if self.answers
            else (200, {"access_token": f"token-{number}", "expires_in": 3600, "token_type": "Bearer"})
        )
        return SimpleNamespace(status=status, headers={}, data=json.dumps(body).encode())


@pytest.fixture(scope="module")
def key() -> dict[str, str]:
    """Return a service account key as AWX writes it from its credential: without an id of the key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "project_id": "my-project",
        "token_uri": TOKEN_URI,
    }


def sent(credentials: Credentials, endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that a request gets."""
    headers: dict[str, str] = {}
    credentials.before_request(endpoint, "GET", "https://compute.googleapis.com/", headers)
    return headers


def claims(bearer: str) -> dict[str, Any]:
    """Return what a signed assertion says."""
    part = bearer.removeprefix("Bearer ").split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def params(auth_kind: str, **given: Any) -> dict[str, Any]:
    return {
        "auth_kind": auth_kind,
        "access_token": None,
        "service_account_file": None,
        "service_account_contents": None,
        "service_account_email": None,
        "impersonate_service_account": None,
        "scopes": None,
        "quota_project": None,
        "compute_endpoint": None,
        "container_endpoint": None,
        "iam_endpoint": None,
        **given,
    }


def test_an_access_token_is_used_as_it_is() -> None:
    credentials = find_credentials(params("accesstoken", access_token=SECRET))
    assert credentials.access_token() == SECRET
    assert sent(credentials, Endpoint()) == {"authorization": f"Bearer {SECRET}"}


def test_without_a_token_the_command_that_prints_one_is_named() -> None:
    with pytest.raises(AccessError, match="gcloud auth print-access-token"):
        find_credentials(params("accesstoken"))


def test_a_service_account_needs_a_key() -> None:
    with pytest.raises(AccessError, match="service_account_file or service_account_contents"):
        find_credentials(params("serviceaccount"))


def test_a_missing_key_file_is_named(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "key.json")
    with pytest.raises(AccessError, match=r"key\.json"):
        find_credentials(params("serviceaccount", service_account_file=path))


@pytest.mark.parametrize("contents", [f"not JSON {SECRET}", json.dumps({"private_key": SECRET})])
def test_a_broken_key_is_refused_without_showing_it(contents: str) -> None:
    with pytest.raises(AccessError, match="service_account_contents") as caught:
        find_credentials(params("serviceaccount", service_account_contents=contents))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_without_default_credentials_the_login_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(AccessError, match="gcloud auth application-default login"):
        find_credentials(params("application"))


@pytest.mark.parametrize("indent", [None, 1])
def test_a_key_in_place_of_the_path_of_default_credentials_is_refused_without_showing_it(
    key: dict[str, str], indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", json.dumps(key, indent=indent))
    with pytest.raises(AccessError, match="GOOGLE_APPLICATION_CREDENTIALS is a document") as caught:
        find_credentials(params("application"))
    assert key["private_key"].splitlines()[1] not in "".join(traceback.format_exception(caught.value))


def test_a_service_account_signs_for_itself_and_asks_nobody(key: dict[str, str]) -> None:
    credentials, endpoint = (
        find_credentials(params("serviceaccount", service_account_contents=json.dumps(key))),
        Endpoint(),
    )
    said = claims(sent(credentials, endpoint)["authorization"])
    assert (said["iss"], said["scope"]) == (EMAIL, " ".join(SCOPES))
    assert endpoint.asked == []


def test_a_signature_that_is_refused_is_changed_for_a_token_once(key: dict[str, str]) -> None:
    credentials, endpoint = (
        find_credentials(params("serviceaccount", service_account_contents=json.dumps(key))),
        Endpoint(),
    )
    sent(credentials, endpoint)
    credentials.refresh(endpoint)
    assert sent(credentials, endpoint)["authorization"] == "Bearer token-1"
    assert [each["url"] for each in endpoint.asked] == [TOKEN_URI]
    with pytest.raises(NotAccepted, match="nor a new one"):
        credentials.refresh(endpoint)
    assert len(endpoint.asked) == 1


def test_scopes_are_asked_for_as_given(key: dict[str, str]) -> None:
    given = params("serviceaccount", service_account_contents=json.dumps(key), scopes=["https://example/scope"])
    assert claims(sent(find_credentials(given), Endpoint())["authorization"])["scope"] == "https://example/scope"


def test_the_quota_project_is_sent() -> None:
    credentials = find_credentials(params("accesstoken", access_token=SECRET, quota_project="payer"))
    assert sent(credentials, Endpoint())["x-goog-user-project"] == "payer"


def test_an_access_token_that_is_refused_cannot_be_renewed() -> None:
    credentials, endpoint = find_credentials(params("accesstoken", access_token=SECRET)), Endpoint()
    with pytest.raises(NotAccepted) as caught:
        credentials.refresh(endpoint)
    assert SECRET not in str(caught.value)
    assert endpoint.asked == []


def test_another_account_is_impersonated_at_the_given_endpoint() -> None:
    given = params(
        "accesstoken", access_token=SECRET, impersonate_service_account=OTHER, iam_endpoint="http://127.0.0.1:1/"
    )
    credentials = find_credentials(given)
    endpoint = Endpoint((200, {"accessToken": "theirs", "expireTime": "2099-01-01T00:00:00Z"}))
    assert sent(credentials, endpoint)["authorization"] == "Bearer theirs"
    (asked,) = endpoint.asked
    assert asked["url"] == f"http://127.0.0.1:1/v1/projects/-/serviceAccounts/{OTHER}:generateAccessToken"
    assert asked["headers"]["authorization"] == f"Bearer {SECRET}"
    assert json.loads(asked["body"])["scope"] == SCOPES
    assert credentials.caller.member == f"serviceAccount:{OTHER}"
    assert "the access token may act as it (roles/iam.serviceAccountTokenCreator" in credentials.caller.remedy


def test_one_of_the_machines_accounts_is_used_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "metadata.test")
    credentials = find_credentials(params("machineaccount", service_account_email=EMAIL))
    endpoint = Endpoint()
    assert sent(credentials, endpoint)["authorization"] == "Bearer token-1"
    (asked,) = endpoint.asked
    account = "lab%40my-project.iam.gserviceaccount.com"
    assert asked["url"].startswith(
        f"http://metadata.test/computeMetadata/v1/instance/service-accounts/{account}/token?scopes="
    )
    assert asked["headers"] == {"Metadata-Flavor": "Google"}


def test_a_machine_without_the_account_has_no_token() -> None:
    credentials = find_credentials(params("machineaccount", service_account_email=EMAIL))
    with pytest.raises(RefreshError, match="the metadata server answers 404"):
        sent(credentials, Endpoint((404, {})))

    def nobody(**request: Any) -> None:
        raise TransportError("no such host")

    with pytest.raises(RefreshError, match="no such host"):
        credentials.before_request(nobody, "GET", "https://compute.googleapis.com/", {})


def test_a_file_of_another_type_is_sent_to_where_it_works(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "user.json"
    path.write_text(json.dumps({"type": "authorized_user", "refresh_token": SECRET}))
    with pytest.raises(AccessError, match=r"authorized_user.*auth_kind=application") as caught:
        find_credentials(params("serviceaccount", service_account_file=str(path)))
    assert SECRET not in str(caught.value)


def test_a_kubernetes_server_gets_an_access_token_and_no_signature(key: dict[str, str]) -> None:
    source = SimpleNamespace(token=None, valid=False, with_always_use_jwt_access=lambda wanted: None)

    def refresh(request: object) -> None:
        source.token, source.valid = "a token", True

    source.refresh = refresh
    assert Credentials(source, Caller("x", "y")).access_token() == "a token"


def test_a_token_that_a_kubernetes_server_refuses_is_renewed_if_there_can_be_another() -> None:
    tokens = iter(["first", "second"])
    source = SimpleNamespace(token=None, valid=False, with_always_use_jwt_access=lambda wanted: None)

    def refresh(request: object) -> None:
        source.token, source.valid = next(tokens), True

    source.refresh = refresh
    credentials = Credentials(source, Caller("x", "y"))
    assert credentials.access_token() == "first"
    credentials.renew()
    assert credentials.access_token() == "second"
    Credentials(source, Caller("x", "y"), renewable=False).renew()
    assert credentials.access_token() == "second"


def test_a_renewal_that_google_refuses_is_an_error() -> None:
    def refresh(request: object) -> None:
        raise RefreshError("invalid_grant: gone")

    source = SimpleNamespace(token="t", valid=True, refresh=refresh, with_always_use_jwt_access=lambda wanted: None)
    with pytest.raises(AccessError, match="get another access token: Google gives no access token to x: invalid_grant"):
        Credentials(source, Caller("x", "y")).renew()


@pytest.mark.parametrize("status", [302, 307])
def test_a_token_endpoint_that_sends_elsewhere_is_not_followed(key: dict[str, str], status: int) -> None:
    with serving(lambda request: http(status, "", Location=f"http://127.0.0.1:{server.port}/elsewhere")) as server:
        contents = json.dumps({**key, "token_uri": f"http://127.0.0.1:{server.port}/token"})
        credentials = find_credentials(params("serviceaccount", service_account_contents=contents))
        for ask in (credentials.access_token, credentials.renew):
            with pytest.raises(AccessError, match="redirects") as caught:
                ask()
            assert not is_passing(caught.value)
        assert server.seen == ["POST /token"] * 2


def test_a_token_endpoint_is_not_followed_after_a_refusal_either(key: dict[str, str]) -> None:
    """google-auth's session asks in its own way, with its time limit around it."""
    with serving(http(401, ""), lambda request: http(302, "", Location=f"{address}/elsewhere")) as server:
        address = f"http://127.0.0.1:{server.port}"
        contents = json.dumps({**key, "token_uri": f"{address}/token"})
        credentials = find_credentials(params("serviceaccount", service_account_contents=contents))
        with pytest.raises(TransportError, match="redirects"):
            AuthorizedSession(credentials, refresh_timeout=5).get(address, timeout=5)
        assert server.seen == ["GET /", "POST /token"]


STS = "https://sts.googleapis.com/v1/token"
IMPERSONATION = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{OTHER}:generateAccessToken"
USER = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "client-secret",
    "refresh_token": SECRET,
}
FEDERATED = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": STS,
    "credential_source": {"file": "subject"},
}
IMPERSONATING = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": IMPERSONATION,
    "source_credentials": USER,
}


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        (USER, [TOKEN_URI]),
        (FEDERATED, [STS]),
        (IMPERSONATING, [TOKEN_URI, IMPERSONATION]),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_default_credentials_may_be_of_any_type(
    document: dict[str, Any], asked: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subject").write_text("a subject's token")
    (tmp_path / "credentials.json").write_text(json.dumps(document))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "credentials.json"))
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    token = {"access_token": "granted", "expires_in": 3600, "token_type": "Bearer", "issued_token_type": "x"}
    impersonated = {"accessToken": "granted", "expireTime": "2099-01-01T00:00:00Z"}
    endpoint = Endpoint(*((200, impersonated if url == IMPERSONATION else token) for url in asked))
    credentials = find_credentials(params("application"))
    assert sent(credentials, endpoint)["authorization"] == "Bearer granted"
    assert [each["url"] for each in endpoint.asked] == asked


IN_THE_CLEAR = IMPERSONATION.replace("https://", "http://")


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (lambda key: {**key, "token_uri": IN_THE_CLEAR}, "token_uri"),
        (lambda key: {**IMPERSONATING, "source_credentials": {**key, "token_uri": IN_THE_CLEAR}}, "token_uri"),
        (lambda key: {**FEDERATED, "token_url": IN_THE_CLEAR}, "token_url"),
        (
            lambda key: {**FEDERATED, "service_account_impersonation_url": IN_THE_CLEAR},
            "service_account_impersonation_url",
        ),
    ],
    ids=["key", "source", "federation", "impersonation"],
)
def test_no_token_comes_in_the_clear_whatever_the_credentials(
    key: dict[str, str],
    document: Callable[[dict[str, str]], dict[str, Any]],
    name: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps(document(key)))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "credentials.json"))
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(AccessError, match=f"its {name} is without TLS"):
        find_credentials(params("application"))


def test_no_token_comes_from_what_is_no_address(key: dict[str, str]) -> None:
    contents = json.dumps({**key, "token_uri": "https://[::1"})
    with pytest.raises(AccessError, match="its token_uri is no address"):
        find_credentials(params("serviceaccount", service_account_contents=contents))


def test_no_token_goes_out_in_the_clear_and_all_endpoints_are_told_at_once() -> None:
    endpoints = {"compute_endpoint": IN_THE_CLEAR, "container_endpoint": "http://[::1", "iam_endpoint": IN_THE_CLEAR}
    with pytest.raises(InvalidOptions) as refused:
        find_credentials(params("accesstoken", access_token=SECRET, **endpoints))
    assert [(problem.path, problem.message.partition(",")[0]) for problem in refused.value.problems] == [
        ("compute_endpoint", "is without TLS"),
        ("container_endpoint", "is no address"),
        ("iam_endpoint", "is without TLS"),
    ]


def test_a_federation_that_does_not_answer_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    federated = {**FEDERATED, "credential_source": {"file": str(tmp_path / "missing")}}
    (tmp_path / "credentials.json").write_text(json.dumps(federated))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "credentials.json"))
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    credentials = find_credentials(params("application"))
    with pytest.raises(AccessError, match=r"Google gives no access token to .*missing.*log in again"):
        credentials.access_token()
