# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: authentication, error bodies, the request log, the readiness probe."""

from __future__ import annotations

import asyncio
import hmac
import inspect
import json
import logging
import pathlib
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from aiohttp import web

from gkelab.cloud import faults, oauth
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container.recovery import recover
from gkelab.cloud.errors import ApiError, Json, service_disabled, unauthenticated
from gkelab.cloud.faults import Faults, Hit
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
# The fault that hits the request of this task.
_HIT: ContextVar[Hit | None] = ContextVar("hit", default=None)
NO_ANSWER = 0  # the status that the log has of a request whose connection was closed
# Invented text: the front end's own page is not recorded, only that it is HTML.
_BAD_GATEWAY = "<!DOCTYPE html>\n<html><title>Error 502 (Server Error)!!1</title><p><b>502.</b> That\u2019s an error.\n"
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
        self._faults = Faults(self.cloud)

    def web_application(self) -> web.Application:
        """Return the aiohttp application; it is ready when its startup has brought the machines back."""
        application = web.Application(middlewares=[self._exchange], client_max_size=LARGEST_REQUEST)
        application.router.add_get("/", self._probe)
        application.router.add_post("/token", self._issue_token)
        application.router.add_post("/lab/repair", self._repair)
        for route in routes(self.cloud) + self._fault_routes():
            application.router.add_route(route.method, route.path, self._adapter(route))
        application.on_startup.append(self._start)
        application.on_cleanup.append(self._stop)
        return application

    def _fault_routes(self) -> list[Route]:
        return [
            Route("POST", "/lab/faults", self._faults.add, "lab"),
            Route("GET", "/lab/faults", self._faults.list_all, "lab"),
            Route("DELETE", "/lab/faults", self._faults.clear, "lab"),
            Route("DELETE", "/lab/faults/{fault}", self._faults.clear, "lab"),
        ]

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
            result = self._faults.answered(call, _HIT.get(), lambda: route.handler(call))
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
        _HIT.set(None)  # the task is that of the connection
        response = await self._answered(request, handler, api)
        hit = _HIT.get()
        self._write_down(request, api, response, await _logged_body(request, api), time.monotonic() - started)
        if hit is not None and hit.kind == faults.SLOW:
            await asyncio.sleep(hit.fault.seconds)
        if hit is not None and hit.is_dropped and request.transport is not None:
            request.transport.abort()
        return response

    async def _answered(self, request: web.Request, handler: AiohttpHandler, api: str) -> web.StreamResponse:
        try:
            if api != "oauth":
                self._authenticate(request)
            if api != "lab":
                hit = self._faults.meet(request.method, request.path)
                _HIT.set(hit)
                if hit is not None and hit.kind in faults.REFUSALS:
                    return _refused(hit, api)
            return await handler(request)
        except ApiError as error:
            return _answer(error.code, error.body(api))
        except web.HTTPException as error:
            return _answer(error.status, _no_such_method(request, error.status))
        except Exception as error:
            # The boundary of the process: a defect of the lab is answered and written down like any other refusal.
            LOG.exception("%s %s", request.method, request.path)
            return _answer(500, ApiError(500, "backendError", f"The lab itself failed: {error!r}").body(api))

    def _authenticate(self, request: web.Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(token.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not (known or oauth.is_signed(self._folder, token.strip())):
            raise unauthenticated()

    def _write_down(
        self, request: web.Request, api: str, response: web.StreamResponse, body: object, seconds: float
    ) -> None:
        hit = _HIT.get()
        keeps = api != "oauth" and response.content_type == "application/json"
        text = response.text if keeps and isinstance(response, web.Response) else None
        self._log.add(
            api=api,
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=NO_ANSWER if hit is not None and hit.is_dropped else response.status,
            agent=request.headers.get("User-Agent", ""),
            request=body,
            response=json.loads(text) if text else None,
            milliseconds=seconds * 1000,
            fault=hit.shown() if hit is not None and hit.has_fired else None,
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


def _refused(hit: Hit, api: str) -> web.Response:
    if hit.kind == faults.STATUS:
        error = faults.refusal(hit.fault)
        return _answer(error.code, error.body(api))
    return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html", charset="UTF-8", headers=HEADERS)


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
