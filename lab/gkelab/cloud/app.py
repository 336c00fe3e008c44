# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: authentication, error bodies, the request log, the readiness probe."""

from __future__ import annotations

import hmac
import inspect
import json
import logging
import pathlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gkelab.cloud import oauth
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container.recovery import recover
from gkelab.cloud.errors import ApiError, Json, service_disabled, unauthenticated
from gkelab.cloud.request_log import WRITES, RequestLog
from gkelab.cloud.routes import Route, routes
from gkelab.engine import Engine

# The front end's headers on every recorded answer.
HEADERS = {
    "Server": "ESF",
    "Vary": "Origin, X-Origin, Referer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Xss-Protection": "0",
}
LARGEST_REQUEST = 10 * 1024 * 1024  # bytes
_COMPUTE = "compute.googleapis.com"
_APIS = (("/compute/", "compute"), ("/token", "oauth"), ("/lab/", "lab"))

LOG = logging.getLogger(__name__)

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class App:
    """The cloud behind a socket."""

    def __init__(self, folder: pathlib.Path, engine_name: str, engine: Engine, time_factor: float) -> None:
        self._folder = folder
        self._engine_name = engine_name
        self._token = (folder / "token").read_text(encoding="utf-8").strip()
        self._log = RequestLog(folder)
        self.cloud = Cloud(folder, engine, time_factor)

    def web_application(self) -> web.Application:
        """Return the aiohttp application; it is ready when its startup has brought the machines back."""
        application = web.Application(middlewares=[self._exchange], client_max_size=LARGEST_REQUEST)
        application.router.add_get("/", self._probe)
        application.router.add_post("/token", self._issue_token)
        application.router.add_post("/lab/repair", self._repair)
        for route in routes(self.cloud):
            application.router.add_route(route.method, route.path, self._adapter(route))
        application.on_startup.append(self._start)
        application.on_cleanup.append(self._stop)
        return application

    async def _start(self, _: web.Application) -> None:
        await recover(self.cloud)
        self.cloud.operations.resume()

    async def _repair(self, _: web.Request) -> web.Response:
        """Bring back what has died while the cloud ran. Only the cloud knows what its operations are at: it asks."""
        result = await recover(self.cloud)
        if result.problems:
            raise ApiError(500, "backendError", "; ".join(result.problems))
        return _answer(200, {"clusters": result.clusters, "nodes": result.nodes})

    async def _stop(self, _: web.Application) -> None:
        await self.cloud.operations.stop()
        self.cloud.save()
        self._log.close()

    async def _probe(self, _: web.Request) -> web.Response:
        return _answer(200, {"kind": "gkelab", "engine": self._engine_name})

    async def _issue_token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        try:
            return _answer(200, oauth.grant(self._folder, form, self._token))
        except oauth.OauthError as error:
            return _answer(400, error.body())

    def _adapter(self, route: Route) -> AiohttpHandler:
        """Return an aiohttp handler around a service's method."""

        async def handle(request: web.Request) -> web.StreamResponse:
            params = dict(request.match_info)
            if "project" in params:
                params["project"] = self.cloud.project_id(params["project"])
            call = Call(params, request.query, await _body(request), params.pop("version", "v1"))
            if route.api == "compute":
                project = self.cloud.project(call.project)
                if _COMPUTE in project.disabled_services:
                    raise service_disabled(_COMPUTE, project.number)
            result = route.handler(call)
            body: Json = await result if inspect.isawaitable(result) else result
            if request.method in WRITES and not request.path.endswith("/wait"):
                self.cloud.save()
            return _answer(200, body)

        return handle

    @web.middleware
    async def _exchange(self, request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
        """Let a request in if it has the token, turn refusals into answers, write the exchange down."""
        if request.path == "/":
            return await handler(request)
        started = time.monotonic()
        api = _api(request.path)
        try:
            if api != "oauth":
                self._authenticate(request)
            response = await handler(request)
        except ApiError as error:
            response = _answer(error.code, error.body(api))
        except web.HTTPException as error:
            response = _answer(error.status, _no_such_method(request, error.status))
        except Exception as error:
            # The boundary of the process: a defect of the lab is answered and written down like any other refusal.
            LOG.exception("%s %s", request.method, request.path)
            response = _answer(500, ApiError(500, "backendError", f"The lab itself failed: {error!r}").body(api))
        self._write_down(request, api, response, await _logged_body(request, api), time.monotonic() - started)
        return response

    def _authenticate(self, request: web.Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(token.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not (known or oauth.is_signed(self._folder, token.strip())):
            raise unauthenticated()

    def _write_down(
        self, request: web.Request, api: str, response: web.StreamResponse, body: object, seconds: float
    ) -> None:
        text = response.text if isinstance(response, web.Response) and api != "oauth" else None
        self._log.add(
            api=api,
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=response.status,
            agent=request.headers.get("User-Agent", ""),
            request=body,
            response=json.loads(text) if text else None,
            milliseconds=seconds * 1000,
        )


async def _body(request: web.Request) -> object:
    """Return a request's JSON, None if it has no body."""
    text = await request.text()
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"Invalid JSON payload received. {error}"
        raise ApiError(400, "parseError", message) from error


async def _logged_body(request: web.Request, api: str) -> object:
    """Return what the log keeps of a request's body; a token request has none that it may keep."""
    if api == "oauth" or not request.body_exists:
        return None
    text = await request.text()
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


def _api(path: str) -> str:
    for prefix, name in _APIS:
        if path.startswith(prefix):
            return name
    return "serviceusage" if "/services/" in path else "container"


def _no_such_method(request: web.Request, status: int) -> Json:
    # Invented text: Google answers unknown paths with an HTML page.
    text = f"The lab does not serve {request.method} {request.path}."
    return {"error": {"code": status, "message": text, "errors": [{"message": text, "reason": "notFound"}]}}


def _answer(status: int, body: Any) -> web.Response:
    return web.json_response(body, status=status, headers=HEADERS)
