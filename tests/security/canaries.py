# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are looked for wherever they must not be, and the ways in which modules get them."""

from __future__ import annotations

import base64
import datetime
import json
import pathlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from hostile import Hostile

LENGTH = 12  # characters of a secret that are one
# The names of all ways in which modules get secrets.
TO_GOOGLE = (
    *("access_token", "GCP_ACCESS_TOKEN", "service_account_contents", "GCP_SERVICE_ACCOUNT_FILE", "application"),
    *("impersonation", "address", "document", "document of the environment", "no JSON"),
)
TO_KUBERNETES = (
    *("api_key", "K8S_AUTH_API_KEY", "proxy", "K8S_AUTH_PROXY", "address", "token", "password", "exec", "GKE"),
    *("bad proxy", "odd user", "document", "no YAML", "key in place of path"),
)
NOT_SENT = (  # since it is refused before
    *("document", "document of the environment", "no JSON", "bad proxy", "no YAML", "key in place of path"),
)
PLUGIN = """#!/bin/sh
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}'
"""


@dataclass
class Canaries:
    """Secrets, and the pieces by which they are found."""

    secrets: dict[str, str] = field(default_factory=dict)
    _pieces: dict[str, str] = field(default_factory=dict, repr=False)  # with the name of the secret
    scanned: int = 0  # characters

    def add(self, name: str, secret: str) -> str:
        """Look for a secret from now on; return it."""
        self.secrets[name] = secret
        for line in private_lines(secret):
            for form in _forms(line):
                self._pieces.update((form[at : at + LENGTH], name) for at in range(len(form) - LENGTH + 1))
        return secret

    def new(self, name: str) -> str:
        """Return a secret that nobody else has; it has letters that URLs and JSON write otherwise."""
        return self.add(name, f'{secrets.token_urlsafe(12)}/+"{secrets.token_urlsafe(12)}')

    def token(self, name: str) -> str:
        """Return a secret that a header can hold."""
        return self.add(name, f"ya29.{secrets.token_urlsafe(24)}")

    def found(self, text: str | bytes) -> set[str]:
        """Return the names of the secrets that are in a text, or twelve characters of them."""
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        self.scanned += len(text)
        pieces = {text[at : at + LENGTH] for at in range(len(text) - LENGTH + 1)}
        return {self._pieces[piece] for piece in pieces & self._pieces.keys()}


def private_lines(secret: str) -> list[str]:
    """Return the lines of a secret; those of an RSA key that say what its certificate says as well are none."""
    lines = secret.splitlines()
    return lines[8:-1] if lines[0].startswith("-----BEGIN") else lines


def _forms(line: str) -> Iterator[str]:
    """Yield a secret as it is, in URLs, in JSON, and in base64 wherever in a text it stands."""
    yield from (line, quote(line, safe=""), json.dumps(line)[1:-1])
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + line.encode()).decode()
        yield encoded[4 if before else 0 :].rstrip("=")[:-1]


@dataclass(frozen=True)
class Way:
    """How a module gets a secret."""

    name: str
    options: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


class Secrets:
    """What modules are given."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.canaries = Canaries()
        self.folder = folder
        self.minted = self.canaries.token("minted access token")
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._private_key = self.canaries.add("private key", pem.decode())
        self._account = {
            "type": "service_account",
            "project_id": "test-project",
            "private_key_id": "1",
            "private_key": self._private_key,
            "client_email": "lab@test-project.iam.gserviceaccount.com",
        }
        self._certificate = _certificate(key)
        self.token = self.canaries.token("access token")
        self.in_environment = self.canaries.token("access token of the environment")
        self.api_key = self.canaries.token("api_key")
        self._exec = self.canaries.token("token of a plugin")
        self._config = self.canaries.token("token of a kubeconfig")
        self._password = self.canaries.new("password of a kubeconfig")
        self._proxy = self.canaries.new("password of a proxy")

    def key(self, hostile: Hostile) -> str:
        """Return a service account's key, whose token endpoint is the hostile server's."""
        return json.dumps({**self._account, "token_uri": f"{hostile.address}/token"})

    def to_google(self, hostile: Hostile) -> Iterator[Way]:
        """Yield the ways to be known to Google."""
        at = {"compute_endpoint": hostile.address, "container_endpoint": hostile.address, "project": "p"}
        token, account = {"auth_kind": "accesstoken"}, {"auth_kind": "serviceaccount"}
        path = self._write(f"key-{hostile.port}", self.key(hostile))
        yield Way("access_token", {**at, **token, "access_token": self.token})
        yield Way("GCP_ACCESS_TOKEN", {**at, **token}, {"GCP_ACCESS_TOKEN": self.in_environment})
        yield Way("service_account_contents", {**at, **account, "service_account_contents": self.key(hostile)})
        yield Way("GCP_SERVICE_ACCOUNT_FILE", {**at, **account}, {"GCP_SERVICE_ACCOUNT_FILE": path})
        yield Way("application", {**at, "auth_kind": "application"}, {"GOOGLE_APPLICATION_CREDENTIALS": path})
        other = {"impersonate_service_account": "o@p.iam.gserviceaccount.com", "iam_endpoint": hostile.address}
        yield Way("impersonation", {**at, **account, **other, "service_account_file": path})
        yield Way("document", {**at, **account, "service_account_file": self.key(hostile)})
        in_place = {"GOOGLE_APPLICATION_CREDENTIALS": self.key(hostile)}
        yield Way("document of the environment", {**at, "auth_kind": "application"}, in_place)
        yield Way("no JSON", {**at, **account, "service_account_contents": self.key(hostile)[:-1]})
        with_login = self._with_login(hostile)
        at_login = {**at, "compute_endpoint": with_login, "container_endpoint": with_login}
        yield Way("address", {**at_login, **token, "access_token": self.token})

    def to_kubernetes(self, hostile: Hostile) -> Iterator[Way]:
        """Yield the ways to be known to an API server."""
        at = {"host": hostile.address, "validate_certs": False}
        yield Way("api_key", {**at, "api_key": self.api_key})
        yield Way("K8S_AUTH_API_KEY", at, {"K8S_AUTH_API_KEY": self.api_key})
        yield Way("proxy", {**at, "proxy": self._with_login(hostile)})
        yield Way("K8S_AUTH_PROXY", at, {"K8S_AUTH_PROXY": self._with_login(hostile)})
        yield Way("bad proxy", {**at, "proxy": f"http://me:{self.token}#{self.api_key}@127.0.0.1:1"})
        yield Way("address", {**at, "host": self._with_login(hostile)})
        inline = {
            "client-certificate-data": base64.b64encode(self._certificate.encode()).decode(),
            "client-key-data": base64.b64encode(self._private_key.encode()).decode(),
        }
        plugin = self.folder / "plugin"
        plugin.write_text(PLUGIN % self._exec)
        plugin.chmod(0o700)
        program = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
        users: dict[str, dict[str, Any]] = {
            "token": {"token": self._config, **inline},
            "password": {"username": "me", "password": self._password},
            "exec": {"exec": {**program, "provideClusterInfo": False}},
            "odd user": {"token": {"a": self._config}, **inline},
        }
        for name, user in users.items():
            yield Way(name, {"kubeconfig": self._write(f"{name}-{hostile.port}", self._kubeconfig(hostile, user))})
        document = self._kubeconfig(hostile, users["token"])
        broken = f"users: [{{token: {self._config}: x}}]"
        yield Way("document", {"kubeconfig": document})
        yield Way("no YAML", {"kubeconfig": self._write("broken", broken)})
        yield Way("key in place of path", {**at, "client_cert": "/none", "client_key": self._private_key})
        gke = {"name": "c", "location": "l", "project": "p", "endpoint": hostile.address.removeprefix("https://")}
        trusted = {"gke_cluster": {**gke, "ca_data": base64.b64encode(hostile.ca.encode()).decode()}}
        yield Way("GKE", {**trusted, "auth_kind": "accesstoken", "access_token": self.token})

    def _kubeconfig(self, hostile: Hostile, user: dict[str, Any]) -> str:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": hostile.address, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "u", "user": user}],
        }
        return json.dumps(config)

    def _with_login(self, hostile: Hostile) -> str:
        return hostile.address.replace("://", f"://me:{quote(self._proxy, safe='')}@")

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


def _certificate(key: rsa.RSAPrivateKey) -> str:
    """Return a client's certificate (PEM)."""
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")]), datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
