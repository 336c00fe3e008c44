# SPDX-License-Identifier: Apache-2.0
"""The front end that every request passes: who sends it, which fault hits it, and what is written down of it."""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gkelab.cloud.errors import ApiError, Json, invalid_token, unauthenticated
from gkelab.cloud.fault_kinds import REFUSALS, SLOW, STATUS
from gkelab.cloud.faults import Faults, Hit, refusal
from gkelab.cloud.iam import Iam
from gkelab.cloud.metadata import FLAVOR
from gkelab.cloud.oauth import OauthError
from gkelab.cloud.request_log import RequestLog
from gkelab.cloud.tokens import Tokens

# The front end's headers on every recorded answer.
HEADERS = {
    "Server": "ESF",
    "Vary": "Origin, X-Origin, Referer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Xss-Protection": "0",
}
NO_ANSWER = 0  # the status that the log has of a request whose connection was closed
# Invented text: the front end's own page is not recorded, only that it is HTML.
_BAD_GATEWAY = "<!DOCTYPE html>\n<html><title>Error 502 (Server Error)!!1</title><p><b>502.</b> That\u2019s an error.\n"
_APIS = (("/compute/", "compute"), ("/token", "oauth"), ("/lab/", "lab"), ("/computeMetadata/", "metadata"))
_OPEN = {"oauth", "metadata"}  # who comes here has no access token yet
_SECRET = _OPEN | {"iamcredentials"}  # their requests and answers hold what opens doors
_SERVICES = {
    "compute": "compute.googleapis.com",
    "container": "container.googleapis.com",
    "pubsub": "pubsub.googleapis.com",
    "serviceusage": "serviceusage.googleapis.com",
    "iamcredentials": "iamcredentials.googleapis.com",
}

LOG = logging.getLogger(__name__)

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Visit:
    """A request on its way: who sends it, and the fault that hits it."""

    principal: str = ""
    hit: Hit | None = None


_VISIT: ContextVar[Visit] = ContextVar("visit")


def visit() -> Visit:
    """Return what is known of the request that this task answers."""
    return _VISIT.get()


class Door:
    """Lets requests in, turns refusals into answers, writes exchanges down."""

    def __init__(self, folder: pathlib.Path, tokens: Tokens, iam: Iam, faults: Faults) -> None:
        self._tokens = tokens
        self._iam = iam
        self._faults = faults
        self._log = RequestLog(folder)

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    @web.middleware
    async def exchange(self, request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
        """Answer a request, or fail to as a fault wants it."""
        if request.path == "/":
            return await handler(request)
        started = time.monotonic()
        api = _api(request.path)
        _VISIT.set(Visit())  # the task is that of the connection: it may have had a request before
        response = await self._answered(request, handler, api)
        hit = visit().hit
        self._write_down(request, api, response, await _logged_body(request, api), time.monotonic() - started)
        if hit is not None and hit.kind == SLOW:
            await asyncio.sleep(hit.fault.seconds)
        if hit is not None and hit.is_dropped and request.transport is not None:
            request.transport.abort()
        return response

    async def _answered(self, request: web.Request, handler: AiohttpHandler, api: str) -> web.StreamResponse:
        try:
            if api not in _OPEN:
                visit().principal = self._authenticated(request, api)
            if api != "lab":
                hit = visit().hit = self._faults.meet(request.method, request.path)
                if hit is not None and hit.kind in REFUSALS:
                    return _refused(hit, api)
            return await handler(request)
        except ApiError as error:
            return answer(error.code, error.body(api))
        except web.HTTPException as error:
            return answer(error.status, _no_such_method(request, error.status))
        except Exception as error:
            # The boundary of the process: a defect of the lab is answered and written down like any other refusal.
            LOG.exception("%s %s", request.method, request.path)
            return answer(500, ApiError(500, "backendError", f"The lab itself failed: {error!r}").body(api))

    def _authenticated(self, request: web.Request, api: str) -> str:
        """Return who sends a request; refuse it if that is nobody, or somebody who may not."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise unauthenticated()
        principal = self._tokens.principal(token) if token.isascii() else ""
        if not principal:
            raise invalid_token()
        if api == "lab" and not self._tokens.is_static(token):
            raise ApiError(403, "forbidden", "The lab obeys only who has its own token.")
        quota_project = request.headers.get("X-Goog-User-Project", "")
        if quota_project and api in _SERVICES:
            self._iam.check_quota_project(principal, quota_project, _SERVICES[api])
        return principal

    def _write_down(
        self, request: web.Request, api: str, response: web.StreamResponse, body: object, seconds: float
    ) -> None:
        hit = visit().hit
        keeps = api not in _SECRET and response.content_type == "application/json"
        text = response.text if keeps and isinstance(response, web.Response) else None
        self._log.add(
            api=api,
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=NO_ANSWER if hit is not None and hit.is_dropped else response.status,
            agent=request.headers.get("User-Agent", ""),
            principal=visit().principal,
            quota_project=request.headers.get("X-Goog-User-Project", ""),
            request=body,
            response=json.loads(text) if text else None,
            milliseconds=seconds * 1000,
            fault=hit.shown() if hit is not None and hit.has_fired else None,
        )


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer in JSON with the front end's headers."""
    return web.json_response(body, status=status, headers=HEADERS | (headers or {}))


def probe(engine: str) -> web.Response:
    """Answer that this is a lab, and where there is a metadata server that this is a machine."""
    return answer(200, {"kind": "gkelab", "engine": engine}, FLAVOR if engine == "api" else None)


async def json_body(request: web.Request) -> object:
    """Return a request's JSON, None if it has no body."""
    content = await request.read()
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError as error:  # no JSON, or no UTF-8
        message = f"Invalid JSON payload received. {error}"
        raise ApiError(400, "parseError", message) from error


async def _logged_body(request: web.Request, api: str) -> object:
    """Return what the log keeps of a request's body; one that may hold secrets is not kept."""
    if api in _SECRET or not request.body_exists:
        return None
    content = await request.read()
    try:
        return json.loads(content) if content.strip() else None
    except ValueError:
        return content.decode(errors="replace")


def _refused(hit: Hit, api: str) -> web.Response:
    if hit.kind != STATUS:
        return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html", charset="UTF-8", headers=HEADERS)
    error = refusal(hit.fault)
    body = OauthError(error.reason, error.message).body() if api == "oauth" else error.body(api)
    return answer(error.code, body)


def _api(path: str) -> str:
    for prefix, name in _APIS:
        if path.startswith(prefix):
            return name
    if path.endswith(":generateAccessToken"):
        return "iamcredentials"
    if "/topics/" in path:
        return "pubsub"
    return "serviceusage" if "/services/" in path else "container"


def _no_such_method(request: web.Request, status: int) -> Json:
    # Invented text: Google answers unknown paths with an HTML page.
    text = f"The lab does not serve {request.method} {request.path}."
    return {"error": {"code": status, "message": text, "errors": [{"message": text, "reason": "notFound"}]}}
