# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that nobody should tell a secret: it is an API of Google's, an API server, a token endpoint and a proxy, and
says in its answers whatever it was sent.
"""

from __future__ import annotations

import json
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fault_proxy import certificate

REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "AlreadyExists", 412: "conditionNotMet"}
# How it fails; those that are numbers are statuses.
MOODS = (
    *("400", "401", "403", "404", "409", "412", "422", "429", "500", "503"),
    *("long", "html", "text", "garbage", "half", "strange", "redirect", "token", "drop", "silent"),
)
TRIED_AGAIN = ("garbage", "half", "strange", "drop", "silent")  # it has not said that nobody is to come back soon
SILENCE = 5  # seconds, longer than those wait for an answer who are told how long


@dataclass
class Hostile:
    """The server."""

    mood: str
    minted: str  # the access token that its token endpoint gives
    address: str = ""  # "http://127.0.0.1:40000"
    ca: str = ""  # PEM of the certificate, if it has one
    asked: list[str] = field(default_factory=list)  # the first line of each request
    while_asked: Callable[[], None] = lambda: None  # is called in the middle of each

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.address.rpartition(":")[2])


class Handler(BaseHTTPRequestHandler):
    """Answers one request with itself."""

    hostile: Hostile

    def handle_any(self) -> None:
        """Answer as the mood is."""
        self.hostile.asked.append(self.requestline)
        self.hostile.while_asked()
        length = int(self.headers.get("content-length", 0))
        sent = {**self.headers, "body": self.rfile.read(length).decode(errors="replace"), "path": self.path}
        self.echo = " ".join(f"{name}={value}" for name, value in sent.items())
        mood = self.hostile.mood
        if self.path.startswith("/token") and mood not in ("token", "redirect"):
            token = {"access_token": self.hostile.minted, "expires_in": 3600, "token_type": "Bearer"}
            self.reply(200, json.dumps(token))
        elif mood == "token":
            self.reply(401, json.dumps({"error": "invalid_grant", "error_description": self.echo}))
        elif mood.isdecimal():
            self.refuse(int(mood), self.echo)
        else:
            getattr(self, mood)()

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def reply(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        """Send an answer; nobody is to come back soon."""
        self.send_response(status)
        data = body.encode()
        about = {"Content-Type": kind, "Content-Length": str(len(data)), "Retry-After": "3600", "Connection": "close"}
        for name, value in {**about, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, message: str) -> None:
        """Send what is an error to Google's clients, and a Status to those of Kubernetes."""
        reason = REASONS.get(status, "InternalError")
        google = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
        body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message}
        self.reply(status, json.dumps({**body, "error": google}))

    def long(self) -> None:
        """Refuse in so many words that they have to be cut, somewhere in the headers."""
        self.refuse(403, ("x" * 80 + " ") * 11 + self.echo)

    def html(self) -> None:
        """Answer as a proxy does that shows the request."""
        self.reply(502, f"<html><head><title>{self.echo}</title></head><body>{self.echo}</body></html>", "text/html")

    def text(self) -> None:
        """Answer as a program does that has crashed."""
        self.reply(500, f"Traceback: {self.echo}", "text/plain")

    def garbage(self) -> None:
        """Succeed with what is none of the API's answers."""
        self.reply(200, self.echo, "text/plain")

    def half(self) -> None:
        """Succeed with JSON that ends too early."""
        self.reply(200, json.dumps({"kind": self.echo, "items": []})[:-10])

    def strange(self) -> None:
        """Succeed with an answer of the right kind whose parts are not."""
        odd: dict[str, Any] = {"kind": "X", "items": [self.echo], "rows": [self.echo], "metadata": {"name": self.echo}}
        self.reply(200, json.dumps({**odd, "clusters": [self.echo], "status": self.echo, "spec": self.echo}))

    def drop(self) -> None:
        """Hang up."""
        self.close_connection = True

    def silent(self) -> None:
        """Keep who asks waiting."""
        time.sleep(SILENCE)
        self.close_connection = True

    def redirect(self) -> None:
        """Send it away, with what it was sent."""
        self.reply(302, "", Location=f"{self.hostile.address}/elsewhere?{self.echo}")


for _method in ("GET", "POST", "PATCH", "PUT", "DELETE", "CONNECT"):
    setattr(Handler, f"do_{_method}", Handler.handle_any)


@contextmanager
def listening(mood: str, minted: str = "", folder: pathlib.Path | None = None) -> Iterator[Hostile]:
    """Let it listen while the context lasts.

    :param folder: for its certificate; None: without TLS.
    """
    hostile = Hostile(mood, minted)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hostile": hostile}))
    listener.daemon_threads = True
    scheme = "http"
    if folder:
        scheme, path = "https", folder / f"hostile-{listener.server_address[1]}.pem"
        context = certificate(path)
        listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
        hostile.ca = path.read_text().partition("-----BEGIN PRIVATE")[0]
    hostile.address = f"{scheme}://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hostile
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
