# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab under Google's own names: an HTTPS proxy that answers for every host itself and passes requests to the lab.

What has https://compute.googleapis.com built in is led here by HTTPS_PROXY and believes it by REQUESTS_CA_BUNDLE.
"""

from __future__ import annotations

import datetime
import pathlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ("compute.googleapis.com", "container.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com")
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
SILENCE = 60  # seconds without a byte, until a connection is given up


@contextmanager
def google_front(folder: pathlib.Path, lab_port: int) -> Iterator[dict[str, str]]:
    """Serve while the context lasts; yield the environment that leads a client here."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            host = self.rfile.readline().split()[1].decode().rpartition(":")[0]
            while self.rfile.readline().strip():
                pass
            if host not in HOSTS:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            self.wfile.write(CONNECTED)
            with (
                context.wrap_socket(self.connection, server_side=True) as client,
                socket.create_connection(("127.0.0.1", lab_port)) as lab,
            ):
                back = threading.Thread(target=_pass, args=(lab, client), daemon=True)
                back.start()
                _pass(client, lab)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        try:
            yield {
                "HTTPS_PROXY": f"http://127.0.0.1:{port}",
                "https_proxy": f"http://127.0.0.1:{port}",
                "REQUESTS_CA_BUNDLE": str(certificate),
            }
        finally:
            server.shutdown()


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one side has had enough, and say so to the other."""
    source.settimeout(SILENCE)
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Make a certificate for Google's names that is its own authority; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "google.crt", folder / "google.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
