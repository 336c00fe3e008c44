# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Google's libraries raise, said in our own classes: the only place that knows theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..answers import seconds_of, shortened
from ..errors import AccessError, ApiError, MultinetError, ServiceDisabled, Stale, Unreachable
from ..libraries import library
from .permissions import missing_permission, remedy_for


@dataclass(frozen=True)
class Caller:
    """Who we are to Google, for messages; nothing in it is secret."""

    name: str  # "service account lab@my-project.iam.gserviceaccount.com"
    remedy: str  # what to do if Google does not accept us
    member: str = ""  # as an IAM policy names it, "serviceAccount:lab@..."; empty if we do not know


class NotAccepted(Exception):
    """Google has refused our access token, and there is no other one; the text says which ones."""


@contextmanager
def translated(what: str, project: str, caller: Caller) -> Iterator[None]:
    """Raise ApiError, AccessError or Unreachable in place of what Google's libraries raise.

    :param what: what is being done, as the user knows it: "read subnetwork my-subnet".
    """
    auth = library("google.auth.exceptions", "google-auth")
    try:
        yield
    except library("google.api_core.exceptions", "google-api-core").GoogleAPICallError as error:
        raise _of_answer(what, project, caller, error) from error
    except library("requests.exceptions", "requests").RequestException as error:
        raise _no_answer(what, error) from error
    except library("google.protobuf.json_format", "protobuf").ParseError as error:
        raise Unreachable(
            f"{what}: the answer is not one of Google's API (it is no JSON); is there a proxy in between?"
        ) from error
    except NotAccepted as error:
        raise AccessError(f"{what}: Google does not accept {caller.name} ({error}); {caller.remedy}") from error
    except auth.TransportError as error:
        redirects = isinstance(error.__cause__, library("requests.exceptions", "requests").TooManyRedirects)
        kind = AccessError if redirects else Unreachable
        raise kind(f"{what}: no access token for {caller.name}: {error}; {caller.remedy}") from error
    except auth.GoogleAuthError as error:
        raise _no_token(what, project, caller, error) from error


_PROXY = "and the proxy's (in its password, # / ? @ and : are written %23 %2F %3F %40 and %3A)"


def _of_answer(what: str, project: str, caller: Caller, error: Any) -> MultinetError:
    """Return our error for a refusal (google.api_core's GoogleAPICallError)."""
    status, reason = int(error.code or 0), _reason(error)
    # The REST transports put "GET https://...: " before the server's words.
    message = shortened(re.sub(r"^[A-Z]+ https?://\S+: ", "", error.message), "Google's API")
    if status == 401:
        return AccessError(f"{what}: Google does not accept {caller.name}: {message}; {caller.remedy}")
    if reason in ("SERVICE_DISABLED", "accessNotConfigured"):
        service = re.search(r"[a-z]+\.googleapis\.com", f"{_metadata(error).get('service', '')} {message}")
        name = service[0] if service else "the API"
        return ServiceDisabled(
            f"{what}: {name} is not enabled in project {project}; enable it with: "
            f"gcloud services enable {name} --project {project}"
        )
    if status == 412 or (status == 409 and "ABORTED" in (reason.upper(), _canonical_code(error))):
        return Stale(what, status, reason, message)
    remedy = ""
    if status == 403:
        permission = _metadata(error).get("permission") or missing_permission(message)
        remedy = remedy_for(permission, project, caller.member) if permission else ""
    return ApiError(what, status, reason, message, remedy=remedy, retry_after=_retry_after(error))


def _no_answer(what: str, error: Exception) -> AccessError:
    """Return our error for a request without an answer (of the package requests)."""
    requests = library("requests.exceptions", "requests")
    if isinstance(error, requests.SSLError):
        return AccessError(
            f"{what}: the server's certificate is not trusted: {error}; a CA of one's own, or that of a proxy, "
            "is named by REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, (requests.InvalidURL, requests.MissingSchema, requests.InvalidSchema)):
        # The library quotes a part of the address, which may be one of a proxy's password.
        return AccessError(f"{what}: an address cannot be used; check compute_endpoint, container_endpoint, {_PROXY}")
    if isinstance(error, requests.TooManyRedirects):
        return AccessError(f"{what}: {error}; check compute_endpoint and container_endpoint")
    return Unreachable(f"{what}: no answer from Google: {error}")


def _no_token(what: str, project: str, caller: Caller, error: Any) -> MultinetError:
    """Return our error for credentials that give no access token (google.auth's GoogleAuthError).

    Its second argument, if any, is what the token endpoint answered.
    """
    words = str(error.args[0]) if error.args else ""
    answer = _error_of(error.args[1]) if len(error.args) > 1 else {}
    message = shortened(str(answer.get("message") or words), "Google's API")
    if getattr(error, "retryable", False):
        return Unreachable(f"{what}: no access token for {caller.name}: {message}")
    permission = missing_permission(message)
    remedy = remedy_for(permission, project) if permission else caller.remedy
    return AccessError(f"{what}: Google gives no access token to {caller.name}: {message}; {remedy}")


def _error_of(body: object) -> dict[str, Any]:
    """Return the "error" of an API's answer, empty if there is none."""
    try:
        document = json.loads(body) if isinstance(body, (str, bytes)) else body
    except ValueError:
        return {}
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def _reason(error: Any) -> str:
    """Return the reason in one word: of the ErrorInfo detail, of the older list of errors, or the canonical code."""
    listed = next((each.get("reason") for each in error.errors if "reason" in each), "")
    return str(_error_info(error).get("reason") or listed or _canonical_code(error))


def _error_info(error: Any) -> dict[str, Any]:
    """Return google.rpc.ErrorInfo, empty if there is none; older libraries cannot read it in answers in JSON."""
    details = (each for each in error.details if isinstance(each, dict))
    return next((each for each in details if str(each.get("@type")).endswith("/google.rpc.ErrorInfo")), {})


def _canonical_code(error: Any) -> str:
    """Return google.rpc.Code by name, "ABORTED"; empty for Compute Engine, which does not send it."""
    return str(_error_of(getattr(error.response, "text", "")).get("status", ""))


def _metadata(error: Any) -> dict[str, str]:
    return dict(_error_info(error).get("metadata") or {})


def _retry_after(error: Any) -> float:
    return seconds_of(getattr(error.response, "headers", {}).get("Retry-After"))
