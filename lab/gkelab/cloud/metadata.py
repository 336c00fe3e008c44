# SPDX-License-Identifier: Apache-2.0
"""The metadata server: what a program on a Google machine asks for the machine's own account.

Google's libraries find it by GCE_METADATA_HOST and GCE_METADATA_IP. As on a machine, whoever may run a program on it
gets the account's tokens; so only the engine ``api`` has it, whose tokens open no cluster.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs

from aiohttp import web

from gkelab.cloud.cloud import Cloud
from gkelab.cloud.errors import Json
from gkelab.cloud.tokens import Tokens

FLAVOR = {"Metadata-Flavor": "Google"}
HEADERS = {**FLAVOR, "Server": "Metadata Server for VM", "X-XSS-Protection": "0", "X-Frame-Options": "SAMEORIGIN"}
PREFIX = "/computeMetadata/v1/"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
PROJECT, ZONE = "test-project", "us-central1-c"


class Metadata:
    """A machine's metadata."""

    def __init__(self, cloud: Cloud, tokens: Tokens) -> None:
        self._cloud = cloud
        self._tokens = tokens

    @property
    def account(self) -> str:
        """The machine's account: Compute Engine's default one."""
        return f"{self._cloud.project(PROJECT).number}-compute@developer.gserviceaccount.com"

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a question about the machine; refuse one that a browser could ask for somebody else."""
        if request.headers.get("Metadata-Flavor") != "Google" or "X-Forwarded-For" in request.headers:
            return web.Response(status=HTTPStatus.FORBIDDEN, text="Missing Metadata-Flavor:Google header.\n")
        path, query = request.path.removeprefix(PREFIX), parse_qs(request.query_string)
        found = self._found(path, recursive=query.get("recursive") == ["true"])
        if found is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="Not Found\n", headers=HEADERS)
        if isinstance(found, str):
            return web.Response(text=found, content_type="application/text", headers=HEADERS)
        return web.json_response(found, headers=HEADERS)

    def _found(self, path: str, *, recursive: bool) -> str | Json | None:
        number = self._cloud.project(PROJECT).number
        plain = {
            "": "instance/\nproject/\nuniverse/\n",
            "project/project-id": PROJECT,
            "project/numeric-project-id": number,
            "universe/universe-domain": "googleapis.com",
            "instance/zone": f"projects/{number}/zones/{ZONE}",
            "instance/service-accounts/": f"default/\n{self.account}/\n",
        }
        if path in plain:
            return plain[path]
        for name in ("default", self.account):
            base = f"instance/service-accounts/{name}/"
            if path.startswith(base):
                return self._of_account(path.removeprefix(base), recursive=recursive)
        return None

    def _of_account(self, item: str, *, recursive: bool) -> str | Json | None:
        if item == "token":
            token, seconds = self._tokens.issue(self.account)
            return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}
        if item == "":
            whole = {"aliases": ["default"], "email": self.account, "scopes": SCOPES}
            return whole if recursive else "aliases\nemail\nidentity\nscopes\ntoken\n"
        return {"email": self.account, "scopes": "\n".join([*SCOPES, ""]), "aliases": "default\n"}.get(item)
