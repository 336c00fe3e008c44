# SPDX-License-Identifier: Apache-2.0
"""The token endpoint, and the service account and the user that can use it.

Google's client libraries sign an assertion with a service account's key (RFC 7523), or show a user's refresh token
(RFC 6749, section 6), and get an access token for it at the ``token_uri``. Here that is the lab.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import json
import os
import pathlib
import secrets
import time
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gkelab.cloud import invented
from gkelab.cloud.errors import Json
from gkelab.files import write_secret

FILE = "service-account.json"
USER_FILE = "authorized-user.json"
LAB_ACCOUNT = "lab@test-project.iam.gserviceaccount.com"  # whose token the lab's own one is
USER = "user@example.com"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_LIFETIME = 3600  # seconds, as Google answers

Issue = Callable[[str], tuple[str, int]]  # from a principal to an access token and its seconds


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


def write_user(folder: pathlib.Path, url: str) -> pathlib.Path:
    """Write what ``gcloud auth application-default login`` writes (0600), for a user of the lab; return its path."""
    content = {
        "type": "authorized_user",
        "client_id": "lab.apps.googleusercontent.com",
        "client_secret": secrets.token_urlsafe(18),
        "refresh_token": f"1//{secrets.token_urlsafe(48)}",
        "token_uri": f"{url}/token",
        "universe_domain": "googleapis.com",
    }
    path = folder / USER_FILE
    write_secret(path, json.dumps(content, indent=1))
    return path


def grant(folder: pathlib.Path, form: Mapping[str, str], issue: Issue) -> Json:
    """Return the answer to a token request, refuse what Google would refuse: who is unknown, or proves nothing."""
    kind = form.get("grant_type", "")
    if kind == JWT_BEARER:
        principal = _account(folder, form)
    elif kind == "refresh_token":
        principal = _user(folder, form)
    else:
        raise OauthError("unsupported_grant_type", f"Invalid grant_type: {kind}")
    token, seconds = issue(principal)
    return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}


def signer(folder: pathlib.Path, token: str) -> str:
    """Return the service account that has signed a bearer token itself, if it is a valid JWT of the lab's account.

    Google's APIs take such tokens, and its generated clients send them instead of asking for an access token.
    """
    account = _read(folder / FILE)
    if account is None:
        return ""
    try:
        _check_signed(token, account)
    except OauthError:
        return ""
    return str(account["client_email"])


def _account(folder: pathlib.Path, form: Mapping[str, str]) -> str:
    account = _read(folder / FILE)
    if account is None:
        raise OauthError("invalid_grant", "Invalid grant: account not found")
    _check_signed(form.get("assertion", ""), account)
    return str(account["client_email"])


def _user(folder: pathlib.Path, form: Mapping[str, str]) -> str:
    user = _read(folder / USER_FILE)
    known = user is not None and all(
        hmac.compare_digest(form.get(name, "").encode(), user[name].encode()) for name in ("client_id", "client_secret")
    )
    if user is None or not known:
        raise OauthError("invalid_client", "The OAuth client was not found.")
    if not hmac.compare_digest(form.get("refresh_token", "").encode(), user["refresh_token"].encode()):
        raise OauthError("invalid_grant", "Token has been expired or revoked.")
    return USER


def _read(path: pathlib.Path) -> Json | None:
    if not path.exists():
        return None
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    return content


def _check_signed(token: str, account: Json) -> None:
    """Refuse a JWT that ``account`` has not signed, or that has expired."""
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    try:
        if _object(header).get("alg") != "RS256":
            raise OauthError("invalid_grant", invented.JWT_ALGORITHM)
        key = _public_key(account["private_key"])
        key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        expires = _object(claims).get("exp", 0)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise OauthError("invalid_grant", "Invalid JWT Signature.") from error
    if not isinstance(expires, int | float) or expires <= time.time():
        # Text: fastlane/fastlane#14972, googleapis/google-api-php-client#1501.
        text = (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat "
            "and exp values and use a clock with skew to account for clock differences between systems."
        )
        raise OauthError("invalid_grant", text)


@functools.lru_cache(maxsize=1)
def _public_key(pem: str) -> rsa.RSAPublicKey:
    """Return a key's public half; loading checks the primes, which takes a hundred times as long as a signature."""
    private = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise OauthError("invalid_grant", "Invalid JWT: the service account's key is no RSA key.")
    return private.public_key()


def _object(part: str) -> Json:
    """Return a part of a JWT, which must be a JSON object."""
    found = json.loads(_decoded(part))
    if not isinstance(found, dict):
        raise ValueError("a part of the JWT is no object")
    return found


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
