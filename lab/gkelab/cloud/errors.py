# SPDX-License-Identifier: Apache-2.0
"""Refusals in the words and the shapes of Google's APIs.

Texts come from recorded answers or from public reports that quote them; those without a source are in :mod:`invented`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]

STATUS_OF_CODE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
UNAUTHENTICATED = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
INVALID_TOKEN = UNAUTHENTICATED.replace("is missing required", "had invalid").replace("credential.", "credentials.", 1)
SERVICE_TITLES = {"container.googleapis.com": "Kubernetes Engine API", "compute.googleapis.com": "Compute Engine API"}


class ApiError(Exception):
    """A request is refused.

    ``code`` is the HTTP status, ``reason`` the entry of ``errors[]``, ``status`` the canonical name that only APIs
    other than Compute return, ``details`` the typed details, ``domain`` is None where Google sends none.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        status: str = "",
        domain: str | None = "global",
        details: Sequence[Json] = (),
        extra: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.status = status or STATUS_OF_CODE[code]
        self.domain = domain
        self.details = list(details)
        self.extra = dict(extra or {})

    def body(self, api: str) -> Json:
        """Return the answer's body; ``api`` is compute, container, serviceusage, pubsub or oauth."""
        entry: Json = {"message": self.message, "reason": self.reason, **self.extra}
        if self.domain is not None:
            entry["domain"] = self.domain
        error: Json = {"code": self.code, "message": self.message}
        if api not in ("iamcredentials", "pubsub"):
            error["errors"] = [entry]
        if api != "compute" or self.details:
            error["status"] = self.status
        details = self.details or ([_request_info()] if api == "container" and self._is_gkes_own else [])
        if details:
            error["details"] = details
        return {"error": error}

    @property
    def _is_gkes_own(self) -> bool:
        """Whether GKE refuses, and not the front end, which knows no request ids: it sees credentials and JSON."""
        return self.domain is not None and self.code != HTTPStatus.UNAUTHORIZED


def _request_info() -> Json:
    return {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": f"0x{secrets.token_hex(8)}"}


def not_found(path: str) -> ApiError:
    """Compute: no such resource; ``path`` is projects/P/global/networks/N and the like."""
    return ApiError(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> ApiError:
    """Compute: the name is taken."""
    return ApiError(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> ApiError:
    """Compute: another operation works on the resource (recorded for networks)."""
    return ApiError(400, "resourceNotReady", f"The resource '{path}' is not ready")


def invalid_field(field: str, value: str, text: str) -> ApiError:
    """Compute: a field's value is refused; ``field`` is a path such as resource.ipCidrRange."""
    return ApiError(400, "invalid", f"Invalid value for field '{field}': '{value}'. {text}")


def required_field(field: str) -> ApiError:
    """Compute: a field is missing."""
    return ApiError(400, "required", f"Required field '{field}' not specified")


def in_use(kind: str, path: str, user: str) -> ApiError:
    """Compute: the resource cannot go because ``user`` needs it; ``kind`` is network or subnetwork."""
    return ApiError(400, "resourceInUseByAnotherResource", in_use_text(kind, path, user))


def in_use_text(kind: str, path: str, user: str) -> str:
    """Return the text that Compute has for a resource in use, in a refusal and in a failed operation alike."""
    return f"The {kind} resource '{path}' is already being used by '{user}'"


def bad_request(message: str) -> ApiError:
    """Container: the request makes no sense in the state of things."""
    return ApiError(400, "badRequest", message)


def incompatible_operation(operation: str) -> ApiError:
    """Container: the cluster is held by another operation."""
    text = f"Cluster is running incompatible operation {operation}."
    return ApiError(400, "failedPrecondition", text, status="FAILED_PRECONDITION")


def service_disabled(service: str, project_number: str) -> ApiError:
    """Any API: the service is not enabled in the project (text: banzaicloud/cloudinfo#378; details: AIP-193)."""
    page = f"https://console.developers.google.com/apis/api/{service}/overview?project={project_number}"
    title = SERVICE_TITLES.get(service, service)
    text = (
        f"{title} has not been used in project {project_number} before or it is disabled. Enable it by visiting {page} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems "
        "and retry."
    )
    details: list[Json] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {
                "service": service,
                "serviceTitle": title,
                "consumer": f"projects/{project_number}",
                "containerInfo": project_number,
                "activationUrl": page,
            },
        },
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": text},
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": "Google developers console API activation", "url": page}],
        },
    ]
    extra = {"extendedHelp": "https://console.developers.google.com"}
    return ApiError(403, "accessNotConfigured", text, domain="usageLimits", details=details, extra=extra)


def invalid_token() -> ApiError:
    """Any API: a token that is unknown, has expired or was revoked."""
    return ApiError(401, "authError", INVALID_TOKEN, extra={"location": "Authorization", "locationType": "header"})


def unauthenticated() -> ApiError:
    """Any API: no token."""
    return ApiError(
        401,
        "required",
        UNAUTHENTICATED,
        extra={"location": "Authorization", "locationType": "header"},
    )
