# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google credentials from the options that google.cloud has, too."""

from __future__ import annotations

import json
from typing import Any, Protocol

from ..errors import AccessError
from ..libraries import library
from .failures import translated

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class Credentials(Protocol):
    """What we use of google.auth.credentials.Credentials."""

    token: str | None

    @property
    def valid(self) -> bool:
        """Tell whether there is a token that has not expired."""

    def refresh(self, request: object) -> None:
        """Get a new token."""


def find_credentials(params: dict[str, Any]) -> Credentials:
    """Return the credentials that auth_kind asks for; nothing is sent except by auth_kind=application outside Google.

    :param params: validated options, with those of options.google().
    :raises AccessError: there are none, or they cannot be read.
    """
    credentials: Credentials = {
        "application": _application_default,
        "serviceaccount": _service_account,
        "accesstoken": _access_token,
    }[params["auth_kind"]](params)
    return credentials


def current_token(credentials: Credentials) -> str:
    """Return an access token that is still valid.

    :raises AccessError: a new one was needed and Google did not give it.
    """
    if not credentials.valid:
        with translated("get an access token", ""):
            credentials.refresh(library("google.auth.transport.requests", "google-auth").Request())
    return str(credentials.token)


def _application_default(params: dict[str, Any]) -> Any:
    auth = library("google.auth", "google-auth")
    try:
        credentials, _project = auth.default(scopes=SCOPES)
    except auth.exceptions.DefaultCredentialsError as error:
        raise AccessError(
            f"there are no application default credentials: {error}; run gcloud auth application-default login, "
            "or choose another auth_kind (serviceaccount, accesstoken)"
        ) from error
    return credentials


def _service_account(params: dict[str, Any]) -> Any:
    service_account = library("google.oauth2.service_account", "google-auth")
    contents, path = params["service_account_contents"], params["service_account_file"]
    if not contents and not path:
        raise AccessError("auth_kind=serviceaccount needs service_account_file or service_account_contents")
    try:
        if contents:
            return service_account.Credentials.from_service_account_info(json.loads(contents), scopes=SCOPES)
        return service_account.Credentials.from_service_account_file(path, scopes=SCOPES)
    except json.JSONDecodeError:
        # The decoder's words quote nothing, but its exception holds the whole text: it must not be chained.
        raise AccessError(
            f"{path or 'service_account_contents'} is not JSON; it must be a service account key"
        ) from None
    except (OSError, ValueError) as error:
        raise AccessError(f"{path or 'service_account_contents'} is no service account key: {error}") from error


def _access_token(params: dict[str, Any]) -> Any:
    if not params["access_token"]:
        raise AccessError(
            "auth_kind=accesstoken needs access_token (or GCP_ACCESS_TOKEN); gcloud auth print-access-token prints one"
        )
    return library("google.oauth2.credentials", "google-auth").Credentials(token=params["access_token"])
