# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server whose answers are given one by one, good ones and bad ones; and time that is not waited for."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Kube
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

Object = dict[str, Any]

TLS_HELLO = b"\x16"  # the first byte of a client that wants a secure connection (RFC 8446, 5.1)


@dataclass(frozen=True)
class Request:
    """One request, as the server has read it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        """Return the bearer token."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


# The bytes to send (None: hang up without a word), or what makes them of a request, all at once or bit by bit.
Answer = bytes | None | Callable[[Request], bytes | Iterator[bytes] | None]


def http(status: int, body: object, **headers: str) -> bytes:
    """Return an answer; a text or bytes as they are, everything else as JSON."""
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


def failure(status: int, reason: str, message: str = "no", **more: Any) -> bytes:
    """Return an answer with a Status, as an API server refuses."""
    headers = more.pop("headers", {})
    body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message, **more}
    return http(status, body, **headers)


def cut(answer: bytes) -> bytes:
    """Return the first half of an answer."""
    return answer[: -len(answer.partition(b"\r\n\r\n")[2]) // 2 or None]


@dataclass
class Server:
    """Gives its answers in order; with the last one for all requests that come later."""

    answers: list[Answer]
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None

    @property
    def seen(self) -> list[str]:
        """Return methods and paths."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def serve(self, listener: socket.socket) -> None:
        """Serve one connection after the other, until the listener is closed."""
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            with client:
                try:
                    self._answer(self.tls.wrap_socket(client, server_side=True) if self.tls else client)
                except OSError:  # the client does not trust us, or has gone
                    continue

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as file:
            if self.tls is None and client.recv(1, socket.MSG_PEEK) == TLS_HELLO:  # it has no line to wait for
                client.sendall(http(400, "HTTP, please"))
                return
            first = file.readline().decode(errors="replace").split()
            if len(first) != 3:  # no HTTP
                return
            headers = {}
            while line := file.readline().decode(errors="replace").strip():
                name, _colon, value = line.partition(": ")
                headers[name.lower()] = value
            body = file.read(int(headers.get("content-length", 0)))
            request = Request(first[0], first[1], headers, body)
            answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
            self.requests.append(request)
            data = answer(request) if callable(answer) else answer
            for part in (data or b"",) if isinstance(data, bytes | None) else data:
                client.sendall(part)


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve while the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(list(answers), port=listener.getsockname()[1], tls=tls)
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@dataclass
class Time:
    """Time that passes only where somebody sleeps."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.pauses.append(seconds)
        self.now += seconds

    def kube(self, connection: Any, seconds: float = 300.0) -> Kube:
        """Return a client that lives in this time, with a deadline."""
        return Kube(connection, deadline=Deadline(seconds, lambda: self.now), sleep=self.sleep)
