# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between modules and an API server, with a certificate of its own, and lets requests fail as it is told."""

from __future__ import annotations

import base64
import datetime
import http.client
import ipaddress
import json
import pathlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSED_ON = ("accept", "authorization", "content-type", "user-agent")  # headers
HTML = b"<html><head><title>Sign in</title></head><body>No entry</body></html>"


@dataclass
class Fault:
    """What happens to some requests, and to how many it has happened."""

    kind: str  # a method of Handler is named so, with _ in place of -
    method: str = ".*"  # a regular expression; "POST"
    path: str = "."  # the same, found anywhere in the path and the query
    nth: int = 1  # of these requests
    times: int = 1  # in a row; 0: all from then on
    status: int = 503
    reason: str = "ServiceUnavailable"
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def hits(self, method: str, path: str) -> bool:
        """Count a request, and tell whether it is one of those."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        self.seen += 1
        hit = self.seen >= self.nth and not 0 < self.times <= self.fired
        self.fired += hit
        return hit


@dataclass
class FaultProxy:
    """The proxy of one API server."""

    server: str  # "https://127.0.0.1:29510"
    trust: ssl.SSLContext
    ca: pathlib.Path  # of the proxy's own certificate
    page: int | None = None  # objects in one answer of a list, in place of what is asked for
    host: str = ""  # its address, "https://127.0.0.1:40000"
    faults: list[Fault] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def fault(self, kind: str, **about: Any) -> Iterator[Fault]:
        """Let requests meet a fault while the context lasts; it has to happen."""
        planted = Fault(kind, **about)
        self.faults.append(planted)
        try:
            yield planted
        finally:
            self.faults.remove(planted)
        assert planted.fired, f"{planted} did not happen"

    def due(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits a request."""
        with self.lock:
            return next((fault for fault in self.faults if fault.hits(method, path)), None)

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes, str]:
        """Ask the API server; return status, body and content type of its answer."""
        host = self.server.removeprefix("https://")
        connection = http.client.HTTPSConnection(host, context=self.trust, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("content-type", "application/json")
        finally:
            connection.close()


class Handler(BaseHTTPRequestHandler):
    """Answers one request, and closes the connection."""

    protocol_version = "HTTP/1.1"
    proxy: FaultProxy
    fault: Fault

    def handle_any(self) -> None:
        """Pass a request on, or let it fail."""
        length = int(self.headers.get("content-length", 0))
        self.body = self.rfile.read(length) if length else None
        fault = self.proxy.due(self.command, self.path)
        self.close_connection = True
        if fault is None:
            self.reply(*self.passed_on())
            return
        self.fault = fault
        getattr(self, fault.kind.replace("-", "_"))()

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def passed_on(self) -> tuple[int, bytes, str]:
        """Return the API server's answer."""
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        path = self.path
        if self.proxy.page:
            path = re.sub(r"\blimit=\d+", f"limit={self.proxy.page}", path)
        return self.proxy.ask(self.command, path, headers, self.body)

    def reply(self, status: int, body: bytes, kind: str = "application/json", length: int | None = None) -> None:
        """Send an answer; with another length than the body has, it is cut."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in (self.fault.headers if hasattr(self, "fault") else {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def refuse(self, status: int, reason: str, message: str, **more: Any) -> None:
        """Send a Status."""
        body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message, **more}
        self.reply(status, json.dumps(body).encode())

    # --- the faults

    def status(self) -> None:
        """Refuse; nothing has happened."""
        self.refuse(self.fault.status, self.fault.reason, "the fault proxy says so")

    def drop_before(self) -> None:
        """Hang up; nothing has happened."""

    def drop_after(self) -> None:
        """Hang up; everything has happened."""
        self.passed_on()

    def half_open(self) -> None:
        """Say nothing and keep the connection; nothing has happened."""
        self.proxy.over.wait(90)

    def slow(self) -> None:
        """Answer late."""
        answer = self.passed_on()
        self.proxy.over.wait(2)
        self.reply(*answer)

    def truncate(self) -> None:
        """Hang up in the middle of the answer; everything has happened."""
        status, body, kind = self.passed_on()
        self.reply(status, body[: len(body) // 2], kind, len(body))

    def stall(self) -> None:
        """Say no more in the middle of the answer; everything has happened."""
        self.truncate()
        self.proxy.over.wait(90)

    def half_json(self) -> None:
        """Answer with what ends too early, but says that it is whole; everything has happened."""
        status, body, kind = self.passed_on()
        self.reply(status, body[: len(body) // 2], kind)

    def garbage(self) -> None:
        """Answer with a page for people; nothing has happened."""
        self.reply(200, HTML, "text/html")

    def html(self) -> None:
        """Answer as a load balancer does whose server is away; nothing has happened."""
        self.reply(502, HTML, "text/html")

    def expired(self) -> None:
        """Refuse to read on in a list: its snapshot is gone."""
        token = re.search(r"continue=([\w-]+)", self.path)
        assert token, "only the second page of a list can expire"
        padded = token[1] + "=" * (-len(token[1]) % 4)
        place = {**json.loads(base64.urlsafe_b64decode(padded)), "rv": -1}  # from there on in what is there now
        offered = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
        text = "The provided continue parameter is too old to display a consistent list result."
        self.refuse(410, "Expired", text, metadata={"continue": offered})


for _method in ("GET", "POST", "PATCH", "DELETE"):
    setattr(Handler, f"do_{_method}", Handler.handle_any)


@contextmanager
def proxying(server: str, ca: pathlib.Path, folder: pathlib.Path) -> Iterator[FaultProxy]:
    """Stand before an API server while the context lasts.

    :param ca: of the API server.
    :param folder: for the proxy's own certificate.
    """
    context = certificate(folder / "fault-proxy.pem")
    proxy = FaultProxy(server, ssl.create_default_context(cafile=str(ca)), folder / "fault-proxy.pem")
    listener = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"proxy": proxy}))
    listener.daemon_threads = True
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    proxy.host = f"https://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


def certificate(path: pathlib.Path) -> ssl.SSLContext:
    """Write a certificate for 127.0.0.1 that is its own CA, with its key; return a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fault proxy")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
