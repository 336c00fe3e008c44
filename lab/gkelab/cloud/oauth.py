# SPDX-License-Identifier: Apache-2.0
"""The token endpoint, and a service account that uses it.

Google's client libraries sign an assertion with a service account's key and change it for an access token at the
key file's ``token_uri`` (RFC 7523). Here that is the lab.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import pathlib
import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gkelab.cloud.errors import Json
from gkelab.files import write_secret

FILE = "service-account.json"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3600  # seconds, as Google answers


class OauthError(Exception):
    """The token endpoint refuses; ``error`` is a code of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def body(self) -> Json:
        """Return the answer's body."""
        return {"error": self.error, "error_description": self.description}


def write_service_account(folder: pathlib.Path, url: str, project: str) -> pathlib.Path:
    """Write a service account key file (0600) into ``folder`` and return its path.

    ``url`` is the lab's own address, where the file sends its bearer for tokens.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    email = f"lab@{project}.iam.gserviceaccount.com"
    content = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": os.urandom(20).hex(),
        "private_key": pem.decode(),
        "client_email": email,
        "client_id": "100000000000000000001",
        "auth_uri": f"{url}/auth",
        "token_uri": f"{url}/token",
        "universe_domain": "googleapis.com",
    }
    path = folder / FILE
    write_secret(path, json.dumps(content, indent=1))
    return path


def grant(folder: pathlib.Path, form: Mapping[str, str], token: str) -> Json:
    """Return the answer to a token request, refuse what Google would refuse: who is unknown, or signs wrongly."""
    if form.get("grant_type") != GRANT_TYPE:
        raise OauthError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
    path = folder / FILE
    if not path.exists():
        raise OauthError("invalid_grant", "Invalid grant: account not found")
    _check_signature(form.get("assertion", ""), json.loads(path.read_text(encoding="utf-8")))
    return {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}


def is_signed(folder: pathlib.Path, token: str) -> bool:
    """Tell whether a bearer token is a JWT that the lab's service account has signed itself.

    Google's APIs take such tokens, and its generated clients send them instead of asking for an access token.
    """
    path = folder / FILE
    if token.count(".") != 2 or not path.exists():
        return False
    try:
        _check_signature(token, json.loads(path.read_text(encoding="utf-8")))
    except OauthError:
        return False
    expires = json.loads(_decoded(token.split(".")[1])).get("exp", 0)
    return isinstance(expires, int | float) and expires > time.time()


def _check_signature(assertion: str, account: Json) -> None:
    signed, _, signature = assertion.rpartition(".")
    private = serialization.load_pem_private_key(account["private_key"].encode(), None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise OauthError("invalid_grant", "Invalid JWT: the service account's key is no RSA key.")
    try:
        header = json.loads(_decoded(signed.partition(".")[0]))
        if header.get("alg") != "RS256":
            raise OauthError("invalid_grant", "Invalid JWT: unsupported algorithm.")
        private.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise OauthError("invalid_grant", "Invalid JWT Signature.") from error


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
