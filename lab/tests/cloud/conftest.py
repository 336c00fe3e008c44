# SPDX-License-Identifier: Apache-2.0
"""A cloud in a thread of its own, on a free port, and the means to ask it."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from gkelab.cloud.app import App
from gkelab.cloud.grpc_server import GrpcServer
from gkelab.engine import ApiEngine, Engine

TOKEN = "the-token"
REPOSITORY = pathlib.Path(__file__).parents[3]


class Lab:
    """A running cloud; ``ask`` sends a request and returns (status, body)."""

    def __init__(self, folder: pathlib.Path, engine: Engine, time_factor: float = 0.0) -> None:
        self.folder = folder
        self.engine = engine
        self.url = ""
        self.grpc_port = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop = asyncio.Event()
        (folder / "token").write_text(TOKEN)
        self.app = App(folder, "api", engine, time_factor)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._started.wait(10)

    async def _serve(self) -> None:
        runner = web.AppRunner(self.app.web_application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        grpc_server = await GrpcServer.start(self.folder, 0, self.url)
        self.grpc_port = grpc_server.port
        self._started.set()
        await self._stop.wait()
        await grpc_server.stop()
        await runner.cleanup()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def get(self, path: str) -> Any:
        status, body = self.ask("GET", path)
        assert status == 200, body
        return body

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Return (status, reason, message) of a refusal."""
        status, answer = self.ask(method, path, body)
        assert status >= 400, answer
        return status, answer["error"]["errors"][0]["reason"], answer["error"]["message"]

    def started(self, method: str, path: str, body: Any = None) -> Any:
        """Start an operation, return its first answer."""
        status, operation = self.ask(method, path, body)
        assert status == 200, operation
        return operation

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """Start an operation and return it when it is done."""
        return self.finished(self.started(method, path, body))

    def finished(self, operation: Any) -> Any:
        path = operation["selfLink"].replace("https://www.googleapis.com", "")
        path = path.replace("https://container.googleapis.com", "")
        deadline = time.monotonic() + 20
        while operation["status"] != "DONE":
            assert time.monotonic() < deadline, operation
            time.sleep(0.005)
            operation = self.get(path)
        return operation


P = "test-project"
COMPUTE = f"/compute/v1/projects/{P}"
CONTAINER = f"/v1/projects/{P}/locations"


@pytest.fixture
def make_lab(tmp_path: pathlib.Path) -> Iterator[Callable[..., Lab]]:
    """Start a lab; called again, it starts another one on the same folder."""
    labs: list[Lab] = []

    def make(engine: Engine | None = None, time_factor: float = 0.0) -> Lab:
        for lab in labs:
            lab.stop()
        labs.clear()
        labs.append(Lab(tmp_path, engine or ApiEngine(), time_factor))
        return labs[0]

    yield make
    for lab in labs:
        lab.stop()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """A lab whose operations take no time."""
    return make_lab()


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for all tests of a module that change nothing in it."""
    lab = Lab(tmp_path_factory.mktemp("shared"), ApiEngine())
    yield lab
    lab.stop()


@pytest.fixture
def data() -> pathlib.Path:
    """The folder of recordings; tests that need it are skipped where it is not."""
    folder = pathlib.Path(os.environ.get("MULTINET_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no recordings: {folder} is missing (set MULTINET_DATA)")
    return folder
