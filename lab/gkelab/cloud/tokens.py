# SPDX-License-Identifier: Apache-2.0
"""Who a bearer token belongs to: access tokens that the lab has issued, its own one, and JWTs signed by its account.

The state keeps the hashes of tokens, never a token. With engines other than ``api`` every grant answers the lab's own
token, as that is the one which the clusters' API servers know.
"""

from __future__ import annotations

import hashlib
import hmac
import pathlib
import secrets
import time

from gkelab.cloud import oauth
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.oauth import LONGEST_LIFETIME
from gkelab.cloud.state import Token

EVERYBODY = "all"


class Tokens:
    """The access tokens of a lab."""

    def __init__(self, cloud: Cloud, folder: pathlib.Path, *, own: bool) -> None:
        self._cloud = cloud
        self._folder = folder
        self._static = (folder / "token").read_text(encoding="utf-8").strip()
        self._own = own

    def issue(self, principal: str, lifetime: float | None = None) -> tuple[str, int]:
        """Return an access token for ``principal`` and the seconds that it lives (as the lab is set, if not given)."""
        seconds = int(self._cloud.state.token_lifetime if lifetime is None else lifetime)
        if not self._own:
            return self._static, seconds
        token = f"ya29.{secrets.token_urlsafe(32)}"
        now = time.time()
        known = self._cloud.state.tokens
        for key in [key for key, item in known.items() if item.expires <= now]:
            del known[key]
        known[_hash(token)] = Token(principal, now, now + seconds)
        self._cloud.save()
        return token, seconds

    def principal(self, token: str) -> str:
        """Return whose token this is; nobody's if it is unknown, has expired or was revoked."""
        if self.is_static(token):
            return oauth.LAB_ACCOUNT
        known = self._cloud.state.tokens.get(_hash(token))
        if known is not None:
            return known.principal if known.expires > time.time() else ""
        return oauth.signer(self._folder, token)

    def is_static(self, token: str) -> bool:
        """Tell whether this is the lab's own token, which always works."""
        return hmac.compare_digest(token.encode(), self._static.encode())

    def list_all(self, _: Call) -> Json:
        """Answer whom tokens were issued to, and until when they work."""
        state = self._cloud.state
        return {"lifetime": state.token_lifetime, "tokens": [vars(token) for token in state.tokens.values()]}

    def change(self, call: Call) -> Json:
        """Revoke the tokens of a principal, or of all; set how long later ones live."""
        state, asked = self._cloud.state, call.json
        lifetime, whose = asked.get("lifetime", state.token_lifetime), asked.get("revoke")
        is_number = isinstance(lifetime, int | float) and not isinstance(lifetime, bool)
        if asked.keys() - {"lifetime", "revoke"} or not is_number or not 0 <= lifetime <= LONGEST_LIFETIME:
            raise bad_request(
                'The lab expects {"revoke": "all" or a principal} and {"lifetime": seconds}, of at most '
                f"{LONGEST_LIFETIME}."
            )
        state.token_lifetime = lifetime
        gone = [key for key, item in state.tokens.items() if whose in (EVERYBODY, item.principal)]
        for key in gone:
            del state.tokens[key]
        return {"lifetime": state.token_lifetime, "revoked": len(gone)}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
