# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in pods, against a small web socket server that speaks the API server's part."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError, ApiError, TimedOut, Unreachable
from ansible_collections.multinet.gke.plugins.module_utils.kube.connection import Connection, Identity
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
    """Answers a request with frames after a handshake; those before with refusals, each a status and a Status."""

    frames: list[bytes]
    refusals: list[tuple[str, bytes]] = field(default_factory=list)
    request: list[str] = field(default_factory=list)  # lines of the last one
    tokens: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while self._serve_one(*listener.accept()):
            pass

    def _serve_one(self, client: socket.socket, _address: object) -> bool:
        """Serve a connection; tell whether that was a refusal with more to come."""
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
            self.tokens += [line[22:] for line in self.request if line.startswith("authorization: Bearer ")]
            if self.refusals:
                status, body = self.refusals.pop(0)
                client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                return bool(self.refusals or self.frames)
            key = next(line.split(": ")[1] for line in self.request if line.lower().startswith("sec-websocket-key"))
            token = base64.b64encode(hashlib.sha1((key + ACCEPT).encode()).digest()).decode()
            client.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {token}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n".encode()
            )
            for frame in self.frames:
                if frame == HANG_UP:
                    return False
                client.sendall(bytes([0x82, 126]) + len(frame).to_bytes(2, "big") + frame)
            client.settimeout(5)
            client.recv(100)  # until the other side is done
        return False


@contextmanager
def served(*frames: bytes, refusals: Sequence[tuple[str, bytes]] = ()) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(list(frames), list(refusals), port=listener.getsockname()[1])
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        thread.join(5)


def connection(port: int, proxy: str | None = None, tokens: Sequence[str] = ("secret",)) -> Connection:
    """Return a connection whose token can be renewed as often as there are more."""
    left = list(tokens)
    identity = Identity(
        "the token",
        lambda: {"authorization": f"Bearer {left[0]}"},
        "get a new one",
        lambda: left.__setitem__(slice(0, len(left) - 1 and 1), []),
    )
    return Connection(host=f"http://127.0.0.1:{port}", pool=None, tls=None, identity=identity, proxy=proxy)


def test_a_command_gives_its_output_and_success() -> None:
    with served(b"\x01he", b"\x02oh", b"\x01llo", b"\x03" + SUCCESS) as server:
        done = run(connection(server.port), PODREF, ["echo", "a b&c"], timeout=5)
    assert done == Completed(0, "hello", "oh")
    path = "/api/v1/namespaces/default/pods/samplepod/exec?stdout=true&stderr=true&command=echo&command=a+b%26c"
    assert server.request[0] == f"GET {path} HTTP/1.1"
    assert "authorization: Bearer secret" in server.request
    assert "Sec-WebSocket-Protocol: v5.channel.k8s.io,v4.channel.k8s.io" in server.request


def test_a_container_can_be_named() -> None:
    with served(b"\x03" + SUCCESS) as server:
        run(connection(server.port), PODREF, ["true"], timeout=5, container="main")
    assert server.request[0].endswith("&command=true&container=main HTTP/1.1")


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
        served(refusals=[("404 Not Found", refusal)]) as server,
        pytest.raises(ApiError, match='HTTP 404 NotFound: pods "samplepod" not found'),
    ):
        run(connection(server.port), PODREF, ["true"], timeout=5)


def test_a_server_that_hangs_up_is_an_error() -> None:
    with served(b"\x01half", HANG_UP) as server, pytest.raises(Unreachable, match="run true in Pod default/samplepod"):
        run(connection(server.port), PODREF, ["true"], timeout=5)


@pytest.mark.parametrize(
    "end", [b"", b"no JSON", b"[]", b"{}", failure("X", details={"causes": [{"reason": "ExitCode"}]})]
)
def test_an_end_that_is_no_status_is_an_error(end: bytes) -> None:
    with served(b"\x03" + end) as server, pytest.raises(Unreachable, match="the answer about its end is no Status: "):
        run(connection(server.port), PODREF, ["true"], timeout=5)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_busy_server_is_asked_again(status: str) -> None:
    pauses: list[float] = []
    with served(b"\x03" + SUCCESS, refusals=[(status, b""), (f"{status}\r\nRetry-After: 3", b"")]) as server:
        assert run(connection(server.port), PODREF, ["true"], timeout=60, sleep=pauses.append).exit_code == 0
    assert pauses == [0.5, 3.0]


def test_a_busy_server_is_not_waited_for_longer_than_there_is_time() -> None:
    busy = ("429 Too Many Requests\r\nRetry-After: 30", b"")
    with served(refusals=[busy]) as server, pytest.raises(ApiError, match="HTTP 429"):
        run(connection(server.port), PODREF, ["true"], timeout=5)


def test_a_command_that_may_have_begun_is_not_started_again() -> None:
    with served(refusals=[("500 Internal Server Error", b"dialing backend")]) as server:
        with pytest.raises(ApiError, match="HTTP 500: dialing backend"):
            run(connection(server.port), PODREF, ["true"], timeout=5)
        assert server.tokens == ["secret"]


def test_a_token_that_is_refused_is_renewed_once() -> None:
    unauthorized = ("401 Unauthorized", failure("Unauthorized", message="Unauthorized"))
    with served(b"\x03" + SUCCESS, refusals=[unauthorized]) as server:
        assert run(connection(server.port, tokens=("a", "b")), PODREF, ["true"], timeout=5).exit_code == 0
    assert server.tokens == ["a", "b"]
    for tokens in (("a",), ("a", "b", "c")):
        with (
            served(refusals=[unauthorized] * min(2, len(tokens))) as server,
            pytest.raises(AccessError, match="does not accept the token: Unauthorized; get a new one"),
        ):
            run(connection(server.port, tokens=tokens), PODREF, ["true"], timeout=5)
        assert server.tokens == list(tokens[:2])


def test_a_missing_permission_is_named_with_what_grants_it() -> None:
    message = 'pods "p" is forbidden: User "me" cannot create resource "pods/exec" in API group "" in the namespace "d"'
    forbidden = ("403 Forbidden", failure("Forbidden", message=message))
    with (
        served(refusals=[forbidden]) as server,
        pytest.raises(ApiError, match=r"the permission to create pods/exec in namespace d is missing .* --verb=create"),
    ):
        run(connection(server.port), PODREF, ["true"], timeout=5)


def test_a_proxy_with_tls_is_refused() -> None:
    with pytest.raises(AccessError, match="commands in pods take a proxy with an http:// address, not with https://"):
        run(connection(9, proxy="https://proxy.example:3128"), PODREF, ["true"], timeout=5)


def test_a_command_that_does_not_end_is_given_up() -> None:
    with (
        served(b"\x01half") as server,
        pytest.raises(TimedOut, match="run sleep in Pod default/samplepod did not happen within 0 s"),
    ):
        run(connection(server.port), PODREF, ["sleep"], timeout=0.3)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(
        Unreachable, match=f"the API server at http://127.0.0.1:{port} cannot be reached: Connection refused; check"
    ):
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
