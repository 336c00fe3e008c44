# SPDX-License-Identifier: Apache-2.0
"""The certificate of the gRPC port: self-signed, for this machine's own addresses; clients take it as their root."""

from __future__ import annotations

import pathlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gkelab.files import write_secret

FILE, KEY_FILE = "grpc.pem", "grpc.key"
LIFETIME = timedelta(days=30 * 365)


def certificate(folder: pathlib.Path) -> tuple[bytes, bytes]:
    """Return certificate and key (PEM) of a lab; they are made where there are none, the key for its owner only."""
    path, key_path = folder / FILE, folder / KEY_FILE
    if not (path.exists() and key_path.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        write_secret(key_path, pem.decode())
        path.write_bytes(_signed(key).public_bytes(serialization.Encoding.PEM))
    return path.read_bytes(), key_path.read_bytes()


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gkelab")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
