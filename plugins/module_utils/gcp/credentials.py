# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google credentials from the options that google.cloud has, too, and what more is known of impersonation and quotas.

A service account's key signs for itself at first (AIP-4111: no token endpoint is asked); if Google does not take that,
the key is changed for an access token, as it is from the beginning for Kubernetes' API servers.
"""

from __future__ import annotations

import datetime
import http
import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from ..errors import AccessError, Problems
from ..libraries import library
from ..secrecy import IS_DOCUMENT, is_document, is_open
from .failures import Caller, NotAccepted, translated

# With the address, a cluster's RBAC rules know the caller by its e-mail, as they do with kubectl.
SCOPES = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"]
# Attributes of google-auth's credentials, and what a file of credentials calls them.
_WHERE_TOKENS_ARE_FROM = {
    "_token_uri": "token_uri",
    "_token_url": "token_url",
    "_service_account_impersonation_url": "service_account_impersonation_url",
}
_FILE = "GOOGLE_APPLICATION_CREDENTIALS"  # google-auth's variable of the environment

Hide = Callable[..., None]  # takes secrets


class Credentials:
    """What Google's clients need of credentials (google.auth.credentials.Credentials), and what messages need.

    They are wrapped because google-auth's own start a thread with each service account that asks a host of Google's
    about it, whatever endpoint the clients have; and because a token that is refused is to be renewed once, not twice.
    """

    def __init__(
        self,
        source: Any,
        caller: Caller,
        quota_project: str | None = None,
        *,
        renewable: bool = True,
        hide: Hide = lambda *secrets: None,
    ) -> None:
        """Take google-auth's credentials.

        :param quota_project: is charged for the requests in place of the project of the credentials.
        :param renewable: whether another access token can be had.
        :param hide: is told each token, since Google, or who takes its place, may repeat it in an answer.
        """
        self.caller = caller
        self._source = source
        self._signing = _signing_itself(source)
        self._quota_project = quota_project
        self._renewable = renewable
        self._renewed: str | None = None  # the token that came in place of a refused one
        self._hide = hide

    @property
    def universe_domain(self) -> str:
        """Return the domain that the credentials are for; the clients compare it with theirs."""
        return str(self._source.universe_domain)

    def before_request(self, request: Any, method: str, url: str, headers: dict[str, str]) -> None:
        """Put a token that has not expired into the headers of a request (google-auth's protocol)."""
        if not self._signing.valid:
            self._refresh(self._signing, request)
        self._signing.apply(headers)
        if self._quota_project:
            headers["x-goog-user-project"] = self._quota_project

    def refresh(self, request: Any) -> None:
        """Get another token: Google has refused this one (google-auth's protocol).

        :raises NotAccepted: there is none, or this one is already the second.
        """
        if not self._renewable:
            raise NotAccepted("it has expired or was revoked, or is none")
        if self._renewed is not None and self._renewed == self._signing.token:
            raise NotAccepted("neither the first access token nor a new one")
        self._refresh(self._source, request)
        self._signing, self._renewed = self._source, self._source.token

    def access_token(self) -> str:
        """Return an access token that is still valid.

        :raises AccessError: a new one was needed and Google did not give it.
        """
        if not self._source.valid:
            with translated("get an access token", "", self.caller):
                self._refresh(self._source, library("google.auth.transport.requests", "google-auth").Request())
        return str(self._source.token)

    def renew(self) -> None:
        """Get another access token, if there can be one: an API server of a cluster has refused this one.

        :raises AccessError: Google did not give it.
        """
        if self._renewable:
            with translated("get another access token", "", self.caller):
                self._refresh(self._source, library("google.auth.transport.requests", "google-auth").Request())

    def _refresh(self, credentials: Any, request: Any) -> None:
        """Let credentials get another token, by tokens of those that they impersonate for."""
        _follow_nobody(request)
        try:
            credentials.refresh(request)
        finally:
            self._hide(*(getattr(each, "token", None) for each in (credentials, *_behind(credentials))))


def find_credentials(params: dict[str, Any], hide: Hide = lambda *secrets: None) -> Credentials:
    """Return the credentials that auth_kind asks for; no secret is sent for that.

    :param params: validated options, with those of options.google().
    :param hide: is told what of them, and of what is made of them, nobody shall see.
    :raises InvalidOptions: an endpoint to which a token would go in the clear.
    :raises AccessError: there are no credentials, or they cannot be read, or their token would come in the clear.
    """
    _refuse_open_endpoints(params)
    kind, scopes = params["auth_kind"], params["scopes"] or SCOPES
    source, caller = {
        "application": _application_default,
        "serviceaccount": _service_account,
        "accesstoken": _access_token,
        "machineaccount": _machine_account,
    }[kind](params, scopes)
    _refuse_open_source(source, caller)
    hide(*(getattr(source, secret, None) for secret in ("refresh_token", "client_secret")))
    target, quota_project = params["impersonate_service_account"], params["quota_project"]
    if target:
        impersonated = _impersonated(source, target, scopes, params["iam_endpoint"])
        return Credentials(impersonated, _as(target, caller), quota_project, hide=hide)
    return Credentials(source, caller, quota_project, renewable=kind != "accesstoken", hide=hide)


def _refuse_open_endpoints(params: dict[str, Any]) -> None:
    problems = Problems()
    for option in ("compute_endpoint", "container_endpoint", "iam_endpoint"):
        if params[option] and (why := _unsafe(params[option])):
            problems.add(option, params[option], why)
    problems.raise_if_any()


def _refuse_open_source(source: Any, caller: Caller) -> None:
    """Refuse credentials that ask for their token where it could be read on the way; the files may be anybody's."""
    for each in (source, *_behind(source)):
        for attribute, name in _WHERE_TOKENS_ARE_FROM.items():
            address = getattr(each, attribute, None)
            if address and (why := _unsafe(address)):
                raise AccessError(f"{caller.name}: its {name} {why}")


def _unsafe(address: str) -> str:
    """Return why no token is to go to or to come from an address; empty: it may."""
    try:
        return "is without TLS, and not on this machine; the token could be read on the way" * is_open(address)
    except ValueError:
        return "is no address"


def _follow_nobody(request: Any) -> None:
    """Let google-auth's way to ask for a token go nowhere else: who it is sent to may be without TLS."""
    whole = getattr(request, "func", request)  # google-auth's session puts its time limit around it
    if session := getattr(whole, "session", None):
        session.max_redirects = 0


def _behind(credentials: Any) -> list[Any]:
    """Return the credentials that ask for the token of others."""
    source = getattr(credentials, "_source_credentials", None)
    return [source] if source else []


def _signing_itself(source: Any) -> Any:
    """Return credentials that sign for themselves, if they are of a kind that can."""
    return source.with_always_use_jwt_access(True) if hasattr(source, "with_always_use_jwt_access") else source


def _application_default(params: dict[str, Any], scopes: list[str]) -> tuple[Any, Caller]:
    auth = library("google.auth", "google-auth")
    remedy = f"log in again (gcloud auth application-default login) or check {_FILE}"
    anybody = Caller("the application default credentials", remedy)
    if is_document(os.environ.get(_FILE)):  # google-auth would quote it
        raise AccessError(f"{_FILE} {IS_DOCUMENT}")
    with translated("find the application default credentials", "", anybody):
        try:
            source, _project = auth.default()  # with scopes, those of a federation would get a token here
        except auth.exceptions.DefaultCredentialsError as error:
            raise AccessError(
                f"there are no application default credentials: {error}; run gcloud auth application-default login, "
                "or choose another auth_kind (serviceaccount, accesstoken, machineaccount)"
            ) from error
    source = library("google.auth.credentials", "google-auth").with_scopes_if_required(source, scopes)
    email = getattr(source, "service_account_email", None)
    if email and "@" in email:
        return source, Caller(f"service account {email}", remedy, f"serviceAccount:{email}")
    return source, anybody


def _service_account(params: dict[str, Any], scopes: list[str]) -> tuple[Any, Caller]:
    make = library("google.oauth2.service_account", "google-auth").Credentials.from_service_account_info
    where, key = _read_key(params["service_account_contents"], params["service_account_file"])
    if key.get("type", "service_account") != "service_account":
        raise AccessError(
            f"{where} is of type {key['type']}, not service_account; name it in {_FILE} and set auth_kind=application"
        )
    try:
        source = make(key, scopes=scopes)
    except ValueError as error:
        raise AccessError(f"{where} is no service account key: {error}") from error
    email = source.service_account_email
    remedy = f"see whether its key still exists: gcloud iam service-accounts keys list --iam-account={email}"
    return source, Caller(f"service account {email}", remedy, f"serviceAccount:{email}")


def _read_key(contents: str | None, path: str | None) -> tuple[str, dict[str, Any]]:
    """Return where the key is from, and the key."""
    where = "service_account_contents" if contents else path
    if not where:
        raise AccessError("auth_kind=serviceaccount needs service_account_file or service_account_contents")
    try:
        if not contents:
            with open(where, encoding="utf-8") as file:
                contents = file.read()
        key = json.loads(contents)
    except (json.JSONDecodeError, UnicodeDecodeError):
        # The decoder's words quote nothing, but its exception holds the whole text: it must not be chained.
        raise AccessError(f"{where} is not JSON; it must be a service account key") from None
    except OSError as error:
        raise AccessError(f"the service account key {where} cannot be read: {error.strerror}") from error
    if not isinstance(key, dict):
        raise AccessError(f"{where} is no service account key: it must be a JSON object")
    return where, key


def _access_token(params: dict[str, Any], scopes: list[str]) -> tuple[Any, Caller]:
    if not params["access_token"]:
        raise AccessError(
            "auth_kind=accesstoken needs access_token (or GCP_ACCESS_TOKEN); gcloud auth print-access-token prints one"
        )
    source = library("google.oauth2.credentials", "google-auth").Credentials(token=params["access_token"])
    return source, Caller("the access token", "get a new one, it lasts an hour: gcloud auth print-access-token")


def _machine_account(params: dict[str, Any], scopes: list[str]) -> tuple[Any, Caller]:
    email = params["service_account_email"]
    remedy = (
        "auth_kind=machineaccount needs a machine of Google's (Compute Engine, GKE, Cloud Build) that has this account"
    )
    if not email:
        source = library("google.auth.compute_engine", "google-auth").Credentials(scopes=scopes)
        return source, Caller("the service account of this machine", remedy)
    # google-auth's class for machines takes an address, and then gets the default account's token all the same.
    source = library("google.oauth2.credentials", "google-auth").Credentials(
        token=None, scopes=scopes, refresh_handler=lambda request, scopes: _token_of_machine(request, email, scopes)
    )
    return source, Caller(f"service account {email} of this machine", remedy, f"serviceAccount:{email}")


def _token_of_machine(request: Any, email: str, scopes: list[str]) -> tuple[str, datetime.datetime]:
    """Return an access token of one of the machine's service accounts, and when it expires (UTC, without a zone)."""
    auth = library("google.auth.exceptions", "google-auth")
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/{quote(email)}/token?scopes={','.join(scopes)}"
    try:
        answer = request(url=url, method="GET", headers={"Metadata-Flavor": "Google"})
    except auth.TransportError as error:
        raise auth.RefreshError(str(error)) from error
    if answer.status != http.HTTPStatus.OK:
        raise auth.RefreshError(f"the metadata server answers {answer.status}")
    token = json.loads(answer.data)
    expiry = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=token["expires_in"])
    return token["access_token"], expiry.replace(tzinfo=None)


def _impersonated(source: Any, target: str, scopes: list[str], endpoint: str | None) -> Any:
    url = f"{endpoint.rstrip('/')}/v1/projects/-/serviceAccounts/{target}:generateAccessToken" if endpoint else None
    make = library("google.auth.impersonated_credentials", "google-auth").Credentials
    return make(source_credentials=source, target_principal=target, target_scopes=scopes, iam_endpoint_override=url)


def _as(target: str, caller: Caller) -> Caller:
    """Return who we are when we act as another."""
    remedy = f"see whether {caller.name} may act as it (roles/iam.serviceAccountTokenCreator on it); {caller.remedy}"
    return Caller(f"service account {target} (impersonated)", remedy, f"serviceAccount:{target}")
