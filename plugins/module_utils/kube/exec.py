# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a command in a pod, over the API server's web socket.

The protocol is that of kubectl exec: the first byte of each message names its channel (k8s.io/apimachinery
pkg/util/remotecommand); the last message, on the error channel, is a Status that holds the exit code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from ..errors import AccessError, ApiError, TimedOut
from ..libraries import library
from ..waiting import Deadline
from .client import REQUEST_TIMEOUT, USER_AGENT, refusal
from .connection import Connection
from .kinds import Ref

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, ERROR = 1, 2, 3


@dataclass(frozen=True)
class Completed:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str


def run(connection: Connection, pod: Ref, command: Sequence[str], *, timeout: float, container: str = "") -> Completed:
    """Run a command in a pod and return what it said.

    :param timeout: for the whole of it, in seconds.
    :param container: in which; empty: the only one.
    :raises TimedOut: it did not end in time (it goes on in the pod).
    :raises ApiError: the API server refuses, or the command cannot be started.
    :raises AccessError: the API server cannot be reached, or hangs up.
    """
    websocket = library("websocket", "websocket-client")
    what = f"run {command[0]} in {pod}"
    deadline = Deadline(timeout)
    try:
        socket = _connect(
            websocket, connection, pod, command, container=container, timeout=min(REQUEST_TIMEOUT, timeout)
        )
        try:
            return _receive(socket, what, deadline)
        finally:
            socket.close(timeout=1)
    except websocket.WebSocketTimeoutException as error:
        raise TimedOut(what, timeout, "it was still running") from error
    except websocket.WebSocketBadStatusException as error:
        raise refusal(what, error.status_code, error.resp_body or b"") from error
    except (websocket.WebSocketException, OSError) as error:
        raise AccessError(f"{what}: the web socket to {connection.host} failed: {error}") from error


def _connect(
    websocket: Any, connection: Connection, pod: Ref, command: Sequence[str], *, container: str, timeout: float
) -> Any:
    query = [("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    if container:
        query.append(("container", container))
    headers = {"user-agent": USER_AGENT, **connection.headers()}
    return websocket.create_connection(
        f"ws{connection.host.removeprefix('http')}{pod.path}/exec?{urlencode(query)}",
        timeout=timeout,
        header=headers,
        subprotocols=list(PROTOCOLS),
        sslopt={"context": connection.tls},
        suppress_origin=True,
        **_proxy(connection.proxy),
    )


def _proxy(address: str | None) -> dict[str, Any]:
    """Return the library's options for a proxy, or for none: left alone it would take one from the environment."""
    if not address:
        return {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    proxy = urlsplit(address)
    login = (unquote(proxy.username), unquote(proxy.password or "")) if proxy.username else None
    return {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port or 80, "http_proxy_auth": login}


def _receive(socket: Any, what: str, deadline: Deadline) -> Completed:
    """Read messages until the one with the exit code."""
    said: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
    while True:
        if not deadline.left():
            raise TimedOut(what, deadline.seconds, "it was still running")
        socket.settimeout(deadline.left())
        message = socket.recv()
        if not message:  # the library answers so when the other side hangs up
            raise AccessError(f"{what}: the API server closed the web socket before the command ended")
        data = message if isinstance(message, bytes) else message.encode()
        if data[0] in said:
            said[data[0]] += data[1:]
        elif data[0] == ERROR:
            code = _exit_code(what, json.loads(data[1:]))
            return Completed(code, *(said[channel].decode(errors="replace") for channel in (STDOUT, STDERR)))


def _exit_code(what: str, status: dict[str, Any]) -> int:
    """Return the exit code that a Status holds.

    :raises ApiError: it holds none, because the command did not run.
    """
    if status.get("status") == "Success":
        return 0
    for cause in status.get("details", {}).get("causes", ()):
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ApiError(what, status.get("code", 500), status.get("reason", ""), status.get("message", ""))
