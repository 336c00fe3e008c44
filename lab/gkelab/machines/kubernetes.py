# SPDX-License-Identifier: Apache-2.0
"""The little of the Kubernetes API that the lab itself uses, with the lab's token."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from gkelab.engine import EngineError

USER_AGENT = "gkelab"  # by which the audit log tells the lab's own requests from others
TIMEOUT = 10  # seconds
Object = dict[str, Any]


class NotFoundError(EngineError):
    """There is no such object."""


class ConflictError(EngineError):
    """There is one already, or it has changed meanwhile."""


class Api:
    """One cluster's API server."""

    def __init__(self, address: str, ca_certificate: Path, token: str) -> None:
        self.address = address
        self._token = token
        self._context = ssl.create_default_context(cafile=str(ca_certificate))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )

    def ready(self) -> bool:
        """Tell whether the API server is ready."""
        try:
            self._send("GET", "/readyz")
        except EngineError:
            return False
        return True

    def get(self, path: str) -> Object:
        """Return an object or a list."""
        return self._json("GET", path)

    def create(self, path: str, value: Object) -> Object:
        """Create an object in a collection."""
        return self._json("POST", path, value)

    def merge(self, path: str, value: Object) -> Object:
        """Change an object (JSON merge patch)."""
        return self._json("PATCH", path, value, "application/merge-patch+json")

    def delete(self, path: str, value: Object | None = None) -> None:
        """Delete an object, if it is there."""
        try:
            self._send("DELETE", path, value)
        except NotFoundError:
            return

    def _json(self, method: str, path: str, value: Object | None = None, kind: str = "application/json") -> Object:
        answer: Object = json.loads(self._send(method, path, value, kind))
        return answer

    def _send(self, method: str, path: str, value: Object | None = None, kind: str = "application/json") -> bytes:
        request = urllib.request.Request(
            f"https://{self.address}{path}",
            method=method,
            data=None if value is None else json.dumps(value).encode(),
            headers={"Authorization": f"Bearer {self._token}", "User-Agent": USER_AGENT, "Content-Type": kind},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            what = f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:500]}"
            raise {404: NotFoundError, 409: ConflictError}.get(error.code, EngineError)(what) from error
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"{method} {path}: {error}") from error
