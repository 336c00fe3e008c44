# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: which path is answered by what."""

from __future__ import annotations

import inspect
import pathlib

from aiohttp import web

from gkelab.cloud import oauth
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container.recovery import recover
from gkelab.cloud.door import AiohttpHandler, Door, answer, json_body, probe, visit
from gkelab.cloud.errors import ApiError, Json, service_disabled
from gkelab.cloud.faults import Faults
from gkelab.cloud.iam import Iam
from gkelab.cloud.metadata import Metadata
from gkelab.cloud.request_log import WRITES
from gkelab.cloud.routes import Route, routes
from gkelab.cloud.tokens import Tokens
from gkelab.engine import Engine

LARGEST_REQUEST = 10 * 1024 * 1024  # bytes
_COMPUTE = "compute.googleapis.com"


class App:
    """The cloud behind a socket."""

    def __init__(self, folder: pathlib.Path, engine_name: str, engine: Engine, time_factor: float) -> None:
        self._folder = folder
        self._engine_name = engine_name
        self.cloud = Cloud(folder, engine, time_factor)
        self._tokens = Tokens(self.cloud, folder, own=engine_name == "api")
        self._iam = Iam(self.cloud, self._tokens)
        self._faults = Faults(self.cloud)
        self._door = Door(folder, self._tokens, self._iam, self._faults)

    def web_application(self) -> web.Application:
        """Return the aiohttp application; it is ready when its startup has brought the machines back."""
        application = web.Application(middlewares=[self._door.exchange], client_max_size=LARGEST_REQUEST)
        application.router.add_get("/", self._probe)
        application.router.add_post("/token", self._issue_token)
        application.router.add_post("/lab/repair", self._repair)
        if self._engine_name == "api":
            application.router.add_get("/computeMetadata/v1/{item:.*}", Metadata(self.cloud, self._tokens).answer)
        for route in routes(self.cloud) + self._own_routes():
            application.router.add_route(route.method, route.path, self._adapter(route))
        application.on_startup.append(self._start)
        application.on_cleanup.append(self._stop)
        return application

    def _own_routes(self) -> list[Route]:
        """Return the routes of what belongs to no service: credentials, and the lab's own switches."""
        account = "/v1/projects/-/serviceAccounts/{account:[^/:]+}"
        return [
            Route("POST", f"{account}:generateAccessToken", self._iam.generate_access_token, "iamcredentials"),
            Route("POST", "/lab/faults", self._faults.add, "lab"),
            Route("GET", "/lab/faults", self._faults.list_all, "lab"),
            Route("DELETE", "/lab/faults", self._faults.clear, "lab"),
            Route("DELETE", "/lab/faults/{fault}", self._faults.clear, "lab"),
            Route("GET", "/lab/tokens", self._tokens.list_all, "lab"),
            Route("POST", "/lab/tokens", self._tokens.change, "lab"),
            Route("GET", "/lab/denials", self._iam.denials, "lab"),
            Route("POST", "/lab/denials", self._iam.deny, "lab"),
            Route("DELETE", "/lab/denials", self._iam.restore, "lab"),
            Route("DELETE", "/lab/denials/{denial}", self._iam.restore, "lab"),
        ]

    async def _start(self, _: web.Application) -> None:
        await recover(self.cloud)
        self.cloud.operations.resume()

    async def _repair(self, _: web.Request) -> web.Response:
        """Bring back what has died while the cloud ran. Only the cloud knows what its operations are at: it asks."""
        result = await recover(self.cloud)
        if result.problems:
            raise ApiError(500, "backendError", "; ".join(result.problems))
        return answer(200, {"clusters": result.clusters, "nodes": result.nodes})

    async def _stop(self, _: web.Application) -> None:
        await self.cloud.operations.stop()
        self.cloud.save()
        self._door.close()

    async def _probe(self, _: web.Request) -> web.Response:
        return probe(self._engine_name)

    async def _issue_token(self, request: web.Request) -> web.Response:
        try:
            form = {key: str(value) for key, value in (await request.post()).items()}
            return answer(200, oauth.grant(self._folder, form, self._tokens.issue))
        except UnicodeDecodeError:  # whose text quotes the whole form, secrets and all: it goes nowhere
            return answer(400, oauth.OauthError("invalid_request", "The form is not in UTF-8.").body())
        except oauth.OauthError as error:
            return answer(400, error.body())

    def _adapter(self, route: Route) -> AiohttpHandler:
        """Return an aiohttp handler around a service's method."""

        async def handle(request: web.Request) -> web.StreamResponse:
            params, path = dict(request.match_info), request.path
            if "project" in params:
                named = params["project"]
                params["project"] = self.cloud.project_id(named)
                path = path.replace(f"/projects/{named}", f"/projects/{params['project']}", 1)
            version = params.pop("version", "v1")
            call = Call(params, request.query, await json_body(request), version, visit().principal)
            if route.api == "compute":
                project = self.cloud.project(call.project)
                if _COMPUTE in project.disabled_services:
                    raise service_disabled(_COMPUTE, project.number)
            self._iam.check(call.principal, request.method, path, call.json)
            result = self._faults.answered(call, visit().hit, lambda: route.handler(call))
            body: Json = await result if inspect.isawaitable(result) else result
            if request.method in WRITES and not request.path.endswith("/wait"):
                self.cloud.save()
            return answer(200, body)

        return handle
