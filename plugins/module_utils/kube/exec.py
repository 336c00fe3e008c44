# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a command in a pod, over the API server's web socket.

The protocol is that of kubectl exec: the first byte of each message names its channel (k8s.io/apimachinery
pkg/util/remotecommand); the last message, on the error channel, is a Status that holds the exit code.
"""

from __future__ import annotations

import http
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from ..answers import cut
from ..errors import AccessError, ApiError, TimedOut, Unreachable
from ..libraries import library
from ..waiting import Deadline, backoff
from .client import ANSWER_TIMEOUT, LONGEST_PAUSE, USER_AGENT
from .connection import Connection
from .failures import no_answer, not_accepted, refusal
from .kinds import Ref

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, ERROR = 1, 2, 3
NOT_STARTED = (429, 503)  # the API server has refused for now, and has not asked the node


@dataclass(frozen=True)
class Completed:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str


def run(
    connection: Connection,
    pod: Ref,
    command: Sequence[str],
    *,
    timeout: float,
    container: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Completed:
    """Run a command in a pod and return what it said.

    A command that may have begun is not started again: what it does is not known here.

    :param timeout: for the whole of it, in seconds.
    :param container: in which; empty: the only one.
    :raises TimedOut: it did not end in time (it goes on in the pod).
    :raises ApiError: the API server refuses, or the command cannot be started.
    :raises Unreachable: the API server cannot be reached, or hangs up.
    :raises AccessError: it does not accept who we are.
    """
    websocket = library("websocket", "websocket-client")
    what = f"run {command[0]} in {pod}"
    query = [("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    if container:
        query.append(("container", container))
    url = f"ws{connection.host.removeprefix('http')}{pod.path}/exec?{urlencode(query)}"
    deadline = Deadline(timeout)
    try:
        socket = _open(connection, url, what, deadline, sleep)
        try:
            return _receive(socket, what, deadline)
        finally:
            socket.close(timeout=1)
    except websocket.WebSocketTimeoutException as error:
        raise TimedOut(what, timeout, "it was still running") from error
    except websocket.WebSocketException as error:
        raise Unreachable(f"{what}: the web socket to {connection.host} failed: {error}") from error
    except OSError as error:
        raise no_answer(what, connection, error) from error


def _open(connection: Connection, url: str, what: str, deadline: Deadline, sleep: Callable[[float], None]) -> Any:
    """Return a web socket; wait while the API server is busy, and renew a token that it refuses."""
    websocket = library("websocket", "websocket-client")
    failures, renewed = 0, False
    while True:
        who = connection.headers()
        try:
            return _connect(connection, url, who, min(ANSWER_TIMEOUT, max(deadline.left(), 0.1)))
        except websocket.WebSocketBadStatusException as error:
            body = error.resp_body or b""
            if error.status_code == http.HTTPStatus.UNAUTHORIZED:
                if renewed or not connection.renewed(who):
                    raise not_accepted(what, connection, body) from error
                renewed = True
                continue
            refused = refusal(what, error.status_code, body, error.resp_headers)
            failures += 1
            pause = max(backoff(failures, LONGEST_PAUSE), refused.retry_after)
            if error.status_code not in NOT_STARTED or pause > deadline.left():
                raise refused from error
        sleep(pause)


def _connect(connection: Connection, url: str, who: dict[str, str], timeout: float) -> Any:
    websocket = library("websocket", "websocket-client")
    return websocket.create_connection(
        url,
        timeout=timeout,
        header={"user-agent": USER_AGENT, **who},
        subprotocols=list(PROTOCOLS),
        sslopt=_tls(connection),
        suppress_origin=True,
        redirect_limit=0,  # the library would send the token there, too, even without TLS
        **_proxy(connection.proxy),
    )


def _tls(connection: Connection) -> dict[str, Any]:
    """Return the library's options for TLS; it sets those of the context anew, so each is told.

    To a context it adds the system's CAs unless a folder with others is named; a cluster has its own CA, and no other.
    """
    if connection.tls is None:
        return {}
    told = {
        "context": connection.tls,
        "cert_reqs": connection.tls.verify_mode,
        "check_hostname": connection.tls.check_hostname,
        "server_hostname": connection.server_name,
        "ca_cert_path": os.devnull,
    }
    return {name: value for name, value in told.items() if value is not None}


def _proxy(address: str | None) -> dict[str, Any]:
    """Return the library's options for a proxy, or for none: left alone it would take one from the environment."""
    if not address:
        return {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    proxy = urlsplit(address)
    if proxy.scheme != "http":
        raise AccessError(f"commands in pods take a proxy with an http:// address, not with {proxy.scheme}://")
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
            raise Unreachable(f"{what}: the API server closed the web socket before the command ended")
        data = message if isinstance(message, bytes) else message.encode()
        if data[0] in said:
            said[data[0]] += data[1:]
        elif data[0] == ERROR:
            code = _exit_code(what, data[1:])
            return Completed(code, *(said[channel].decode(errors="replace") for channel in (STDOUT, STDERR)))


def _exit_code(what: str, data: bytes) -> int:
    """Return the exit code that a Status holds.

    :raises ApiError: it holds none, because the command did not run.
    """
    try:
        status = json.loads(data)
        if status["status"] == "Success":
            return 0
        causes = (status.get("details") or {}).get("causes") or ()
        codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = cut(data.decode(errors="replace"), 200)
        raise Unreachable(f"{what}: the answer about its end is no Status: {words}") from error
    if codes:
        return codes[0]
    raise ApiError(what, status.get("code", 500), status.get("reason", ""), status.get("message", ""))
