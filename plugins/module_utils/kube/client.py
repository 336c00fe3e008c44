# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small client for Kubernetes objects as plain dictionaries.

Paths are known (:mod:`kinds`), so nothing is discovered; objects are what the API says, so there are no models: both
cost more than all our requests together. TLS, proxies and kubeconfigs are the kubernetes library's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from ..errors import AccessError, ApiError, Refused
from ..libraries import library
from .connection import Connection
from .kinds import Kind, Ref

Object = dict[str, Any]

FIELD_MANAGER = "multinet.gke"
USER_AGENT = "multinet.gke"
REQUEST_TIMEOUT = 30.0  # seconds, for one answer
PAGE = 500  # objects in one answer of a list, as kubectl asks
APPLY, MERGE, JSON = (
    "application/apply-patch+yaml",
    "application/merge-patch+json",
    "application/json-patch+json",
)


class Kube:
    """The objects of one cluster."""

    exists = True

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def get(self, ref: Ref) -> Object | None:
        """Return an object, None if there is none (or its kind is not defined in this cluster)."""
        found: Object | None = self._request("GET", ref.path, f"read {ref}", missing_ok=True)
        return found

    def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str | None = None, fields: str | None = None
    ) -> Iterator[Object]:
        """Yield all objects of a kind, page by page; none if the kind is not defined in this cluster.

        :param namespace: None for all.
        :param labels: label selector, "app=gke-multinet".
        :param fields: field selector, "spec.nodeName=node-1".
        """
        query = {"limit": PAGE, "labelSelector": labels, "fieldSelector": fields, "continue": None}
        while True:
            page = self._request("GET", kind.path(namespace), f"list {kind.plural}", query=query, missing_ok=True)
            if page is None:
                return
            for item in page["items"]:
                yield {"apiVersion": kind.api_version, "kind": kind.kind, **item}
            query["continue"] = page["metadata"].get("continue")
            if not query["continue"]:
                return

    def log(self, pod: Ref, container: str, *, since_seconds: int, lines: int) -> str:
        """Return the end of a container's log, each line with the time at which it was written; empty if there is none.

        :param since_seconds: how old its lines may be.
        """
        query = {"container": container, "sinceSeconds": since_seconds, "tailLines": lines, "timestamps": "true"}
        text: str | None = self._request(
            "GET", f"{pod.path}/log", f"read the log of {pod}", query=query, missing_ok=True, parse=bytes.decode
        )
        return text or ""

    def create(self, obj: Object) -> Object:
        """Create an object; ApiError 409 if it exists."""
        ref = Ref.of(obj)
        return self._must("POST", ref.kind.path(ref.namespace), f"create {ref}", body=obj)

    def apply(self, obj: Object) -> Object:
        """Apply an object on the server's side: create it, or give it these fields and leave the others."""
        ref = Ref.of(obj)
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self._must("PATCH", ref.path, f"apply {ref}", body=obj, query=query, content_type=APPLY)

    def patch(self, ref: Ref, patch: object, content_type: str = MERGE) -> Object:
        """Change an object by a merge patch (default) or a JSON patch."""
        return self._must("PATCH", ref.path, f"patch {ref}", body=patch, content_type=content_type)

    def delete(
        self, ref: Ref, *, grace_seconds: int | None = None, uid: str | None = None, version: str | None = None
    ) -> None:
        """Delete an object; it is no error if there is none.

        :param uid: delete only the object with this uid, not another one that took its name.
        :param version: delete it only as it was at this resourceVersion; ApiError 409 if it has changed since.
        """
        body: Object = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        preconditions = {"uid": uid, "resourceVersion": version}
        if any(preconditions.values()):
            body["preconditions"] = {key: value for key, value in preconditions.items() if value}
        self._request("DELETE", ref.path, f"delete {ref}", body=body, missing_ok=True)

    def _must(self, method: str, path: str, what: str, **kwargs: Any) -> Object:
        answer: Object | None = self._request(method, path, what, **kwargs)
        if answer is None:  # only with missing_ok, which nobody passes here
            raise ApiError(what, 404, "NotFound", path)
        return answer

    def _request(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: object = None,
        query: dict[str, Any] | None = None,
        content_type: str = "application/json",
        missing_ok: bool = False,
        parse: Callable[[bytes], Any] = json.loads,
    ) -> Any:
        urllib3 = library("urllib3", "kubernetes")
        words = urlencode({key: value for key, value in (query or {}).items() if value is not None})
        headers = {"accept": "application/json", "user-agent": USER_AGENT, **self.connection.headers()}
        if body is not None:
            headers["content-type"] = content_type
        try:
            answer = self.connection.pool.request(
                method,
                f"{self.connection.host}{path}" + (f"?{words}" if words else ""),
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(total=REQUEST_TIMEOUT),
                retries=urllib3.Retry(connect=2, read=2 if method == "GET" else 0, redirect=0, backoff_factor=0.2),
            )
        except urllib3.exceptions.HTTPError as error:
            raise AccessError(f"{what}: the API server at {self.connection.host} cannot be reached: {error}") from error
        if answer.status == 404 and missing_ok:
            return None
        if answer.status >= 400:
            raise refusal(what, answer.status, answer.data)
        return parse(answer.data)


class Nowhere(Kube):
    """The client of a cluster that is still to be made: there is nothing in it, and nobody to write to."""

    exists = False

    def __init__(self) -> None:
        """Connect to nobody."""

    def _request(self, method: str, path: str, what: str, **kwargs: Any) -> None:
        """Find nothing; a write is a fault of ours, because check mode plans but never writes."""
        if method != "GET":
            raise Refused(f"{what}: the cluster is still to be made")


def refusal(what: str, status: int, data: bytes) -> ApiError:
    """Return the error for an answer with a Status object (or, from a proxy on the way, some other text)."""
    try:
        answer = json.loads(data)
        return ApiError(what, status, answer.get("reason", ""), answer.get("message", ""))
    except (ValueError, AttributeError):
        return ApiError(what, status, "", data[:300].decode(errors="replace"))
