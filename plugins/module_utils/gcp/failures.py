# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Google's libraries raise, said in our own classes: the only place that knows theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import AccessError, ApiError, MultinetError, Unreachable
from ..libraries import library

TRANSIENT = {408, 429, 500, 502, 503, 504}
_LONGEST_MESSAGE = 1000  # characters; a proxy's error page can be long


def is_transient(error: Exception) -> bool:
    """Tell whether the same read may succeed a moment later: a busy or broken server, or no answer at all."""
    requests, auth = _requests(), _auth()
    # A TransportError is a token endpoint that cannot be reached.
    if isinstance(error, (requests.ConnectionError, requests.Timeout, auth.TransportError)):
        return True
    return isinstance(error, _api().GoogleAPICallError) and _status(error) in TRANSIENT


@contextmanager
def translated(what: str, project: str) -> Iterator[None]:
    """Raise ApiError, AccessError or Unreachable in place of what Google's libraries raise.

    :param what: what is being done, as the user knows it: "read subnetwork my-subnet".
    """
    api, auth, requests = _api(), _auth(), _requests()
    try:
        yield
    except (api.GoogleAPICallError, api.RetryError) as error:
        raise _of_answer(what, project, error) from error
    except (requests.RequestException, auth.TransportError) as error:
        raise _no_answer(what, error) from error
    except auth.GoogleAuthError as error:
        raise AccessError(
            f"{what}: Google does not accept the credentials, or they cannot be renewed: "
            f"{error.args[0] if error.args else error}; get new ones (gcloud auth print-access-token, "
            "gcloud auth application-default login) or check auth_kind"
        ) from error


def is_passing(error: MultinetError) -> bool:
    """Tell the same of one of our own errors."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status in TRANSIENT)


def _of_answer(what: str, project: str, error: Any) -> MultinetError:
    if isinstance(error, _api().RetryError):
        cause = error.cause
        return _of_answer(what, project, cause) if hasattr(cause, "message") else _no_answer(what, cause)
    status, reason = _status(error), _reason(error)
    # The REST transports put "GET https://...: " before the server's words.
    message = re.sub(r"^[A-Z]+ https?://\S+: ", "", error.message)[:_LONGEST_MESSAGE]
    if status == 401:
        return AccessError(
            f"{what}: Google does not accept the credentials: {message}; get new ones or check auth_kind"
        )
    if reason in ("SERVICE_DISABLED", "accessNotConfigured"):
        service = re.search(r"[a-z]+\.googleapis\.com", f"{_metadata(error).get('service', '')} {message}")
        name = service[0] if service else "the API"
        return AccessError(
            f"{what}: {name} is not enabled in project {project}; enable it with: "
            f"gcloud services enable {name} --project {project}"
        )
    return ApiError(what, status, reason, message)


def _no_answer(what: str, error: Exception) -> Unreachable:
    return Unreachable(f"{what}: no answer from Google: {error}")


def _api() -> Any:
    return library("google.api_core.exceptions", "google-api-core")


def _auth() -> Any:
    return library("google.auth.exceptions", "google-auth")


def _requests() -> Any:
    return library("requests.exceptions", "requests")


def _status(error: Any) -> int:
    return int(error.code or 0)


def _reason(error: Any) -> str:
    """Return the reason in one word: of the ErrorInfo detail, or of the older list of errors."""
    return str(error.reason or next((each.get("reason") for each in error.errors if "reason" in each), ""))


def _metadata(error: Any) -> dict[str, str]:
    return dict(error.metadata or {})
