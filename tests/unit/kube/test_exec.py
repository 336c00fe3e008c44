# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in pods, against a small web socket server that speaks the API server's part."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError, ApiError, TimedOut
from ansible_collections.multinet.gke.plugins.module_utils.kube.connection import Connection
from ansible_collections.multinet.gke.plugins.module_utils.kube.exec import Completed, run
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import POD, Ref

pytest.importorskip("websocket")

PODREF = Ref(POD, "samplepod", "default")
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
SUCCESS = json.dumps({"status": "Success"}).encode()
HANG_UP = b"hang up"


def failure(reason: str, **more: Any) -> bytes:
    return json.dumps({"status": "Failure", "reason": reason, **more}).encode()


@dataclass
class Server:
    """Answers one request: with frames after a handshake, or with a refusal."""

    frames: list[bytes]
    refusal: bytes | None = None
    request: list[str] = field(default_factory=list)  # lines
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        client, _address = listener.accept()
        with client:
            text = b""
            while b"\r\n\r\n" not in text:
                text += client.recv(4096)
            self.request = text.decode().split("\r\n")
            if self.request[0].startswith("CONNECT"):  # be the proxy, too
                first, self.request = self.request, []
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                text = b""
                while b"\r\n\r\n" not in text:
                    text += client.recv(4096)
                self.request = [*first, *text.decode().split("\r\n")]
            if self.refusal is not None:
                head = f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(self.refusal)}\r\n\r\n"
                client.sendall(head.encode() + self.refusal)
                return
            key = next(line.split(": ")[1] for line in self.request if line.lower().startswith("sec-websocket-key"))
            token = base64.b64encode(hashlib.sha1((key + ACCEPT).encode()).digest()).decode()
            client.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {token}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n".encode()
            )
            for frame in self.frames:
                if frame == HANG_UP:
                    return
                client.sendall(bytes([0x82, 126]) + len(frame).to_bytes(2, "big") + frame)
            client.settimeout(5)
            client.recv(100)  # until the other side is done


@contextmanager
def served(*frames: bytes, refusal: bytes | None = None) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(list(frames), refusal, port=listener.getsockname()[1])
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        thread.join(5)


def connection(port: int, proxy: str | None = None) -> Connection:
    return Connection(
        host=f"http://127.0.0.1:{port}",
        pool=None,
        tls=None,  # type: ignore[arg-type]  # plain ws:// here
        headers=lambda: {"authorization": "Bearer secret"},
        proxy=proxy,
    )


def test_a_command_gives_its_output_and_success() -> None:
    with served(b"\x01he", b"\x02oh", b"\x01llo", b"\x03" + SUCCESS) as server:
        done = run(connection(server.port), PODREF, ["echo", "a b&c"], timeout=5)
    assert done == Completed(0, "hello", "oh")
    path = "/api/v1/namespaces/default/pods/samplepod/exec?stdout=true&stderr=true&command=echo&command=a+b%26c"
    assert server.request[0] == f"GET {path} HTTP/1.1"
    assert "authorization: Bearer secret" in server.request
    assert "Sec-WebSocket-Protocol: v5.channel.k8s.io,v4.channel.k8s.io" in server.request


def test_a_command_runs_in_the_container_that_is_named() -> None:
    with served(b"\x03" + SUCCESS) as server:
        run(connection(server.port), PODREF, ["cat"], timeout=5, container="app")
    assert "&command=cat&container=app " in server.request[0]


def test_a_command_that_fails_gives_its_exit_code() -> None:
    status = failure("NonZeroExitCode", details={"causes": [{"reason": "ExitCode", "message": "7"}]})
    with served(b"\x02no", b"\x03" + status) as server:
        assert run(connection(server.port), PODREF, ["false"], timeout=5) == Completed(7, "", "no")


def test_a_command_that_cannot_be_started_is_an_error_in_the_servers_words() -> None:
    with (
        served(b"\x03" + failure("InternalError", message="no such file", code=500)) as server,
        pytest.raises(ApiError, match="run nope in Pod default/samplepod: HTTP 500 InternalError: no such file"),
    ):
        run(connection(server.port), PODREF, ["nope"], timeout=5)


def test_a_refusal_is_an_error_in_the_servers_words() -> None:
    refusal = failure("NotFound", message='pods "samplepod" not found', code=404)
    with (
        served(refusal=refusal) as server,
        pytest.raises(ApiError, match='HTTP 404 NotFound: pods "samplepod" not found'),
    ):
        run(connection(server.port), PODREF, ["true"], timeout=5)


def test_a_server_that_hangs_up_is_an_error() -> None:
    with served(b"\x01half", HANG_UP) as server, pytest.raises(AccessError, match="run true in Pod default/samplepod"):
        run(connection(server.port), PODREF, ["true"], timeout=5)


def test_a_command_that_does_not_end_is_given_up() -> None:
    with (
        served(b"\x01half") as server,
        pytest.raises(TimedOut, match="run sleep in Pod default/samplepod did not happen within 0 s"),
    ):
        run(connection(server.port), PODREF, ["sleep"], timeout=0.3)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(AccessError, match=f"the web socket to http://127.0.0.1:{port} failed"):
        run(connection(port), PODREF, ["true"], timeout=5)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with served(b"\x03" + SUCCESS) as server:
        assert run(connection(server.port), PODREF, ["true"], timeout=5).exit_code == 0


def test_a_proxy_of_the_connection_is_used_with_its_login() -> None:
    with served(b"\x03" + SUCCESS) as server:
        way = connection(9, proxy=f"http://me:p%40ss@127.0.0.1:{server.port}")
        assert run(way, PODREF, ["true"], timeout=5).exit_code == 0
    assert server.request[0] == "CONNECT 127.0.0.1:9 HTTP/1.1"
    login = base64.b64encode(b"me:p@ss").decode()
    assert f"Proxy-Authorization: Basic {login}" in server.request
