# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small client for Kubernetes objects as plain dictionaries.

Paths are known (:mod:`kinds`), so nothing is discovered; objects are what the API says, so there are no models: both
cost more than all our requests together. TLS, proxies and kubeconfigs are the kubernetes library's.
"""

from __future__ import annotations

import http
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from ..answers import is_passing
from ..errors import ApiError, MultinetError, Refused, Stale
from ..libraries import library
from ..waiting import Deadline, Progress, backoff
from .connection import Connection, Headers
from .failures import Expired, incomplete, is_cut, is_missing, no_answer, not_accepted, refusal, value_of
from .kinds import Kind, Ref
from .objects import drift

Object = dict[str, Any]

FIELD_MANAGER = "multinet.gke"
USER_AGENT = "multinet.gke"
CONNECT_TIMEOUT = 10.0  # seconds, for a connection
ANSWER_TIMEOUT = 30.0  # seconds without a byte of an answer
SHORTEST_LOOK = 5.0  # seconds that a last request may take after the deadline
PATIENCE = 60.0  # seconds, for all tries of one request
PATIENCE_FOR_LOGS = 5.0  # seconds; a kubelet gives them, and that of a lost node never will
LONGEST_PAUSE = 8.0  # seconds, between two tries
FIRST_TRIES = 3  # to reach a server that has not answered yet: the address may be wrong
MOST_EXPIRIES = 5  # of the snapshots that one list reads
PAGE = 500  # objects in one answer of a list, as kubectl asks
APPLY, MERGE, JSON = (
    "application/apply-patch+yaml",
    "application/merge-patch+json",
    "application/json-patch+json",
)
ANY = "application/json"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"  # the metadata of each object, and cells for people


class Kube:
    """The objects of one cluster.

    What gets no answer, or one that may pass, is sent again: a second read, apply or deletion does no harm, a second
    creation finds the object of the first, and a JSON patch tests what it was made for.
    """

    exists = True

    def __init__(
        self,
        connection: Connection,
        *,
        deadline: Deadline | None = None,
        progress: Callable[[Progress], None] = lambda now: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take how the cluster is reached.

        :param deadline: of the run; after it, each request is sent once.
        """
        self.connection = connection
        self._deadline, self._progress, self._sleep = deadline, progress, sleep
        self._has_answered = False

    def get(self, ref: Ref) -> Object | None:
        """Return an object, None if there is none (or its kind is not defined in this cluster)."""
        found: Object | None = self._request("GET", ref.path, f"read {ref}", missing_ok=True)
        return found

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
    ) -> Iterator[Object]:
        """Yield all objects of a kind, page by page; none if the kind is not defined in this cluster.

        :param namespace: None for all.
        :param labels: label selector, "app=gke-multinet".
        :param fields: field selector, "spec.nodeName=node-1".
        :param metadata_only: ask for the objects' metadata, and what the server prints of the rest: under "cells", by
            the names of kubectl's columns.
        """
        query = {"limit": PAGE, "labelSelector": labels, "fieldSelector": fields, "continue": None}
        accept, field = (TABLE, "rows") if metadata_only else (ANY, "items")
        path, what = kind.path(namespace), f"list {kind.plural}"
        last = skipped = ""  # places in the order of the list
        expiries = 0
        while True:
            try:
                page = self._request("GET", path, what, query=query, missing_ok=True, accept=accept, field=field)
            except Expired as expired:
                expiries += 1
                if expiries > MOST_EXPIRIES:
                    raise
                # Whatever was there all the time is in one part or the other, and nothing is in both.
                query["continue"], skipped = expired.continuation, last
                continue
            if page is None:
                return
            for item in _rows(page) if metadata_only else page["items"]:
                last = f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
                if last > skipped:
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
            "GET",
            f"{pod.path}/log",
            f"read the log of {pod}",
            query=query,
            missing_ok=True,
            parse=_text,
            patience=PATIENCE_FOR_LOGS,
        )
        return text or ""

    def create(self, obj: Object) -> Object:
        """Create an object; Stale if there is one, unless it is ours: the answer to our own creation may be lost."""
        ref = Ref.of(obj)
        try:
            return self._must("POST", ref.kind.path(ref.namespace), f"create {ref}", body=obj)
        except Stale as stale:
            found = self.get(ref) if stale.perhaps_done else None
            if found is None or "deletionTimestamp" in found["metadata"] or drift(obj, found):
                raise
            return found

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
        accept: str = ANY,
        field: str = "kind",
        parse: Callable[[bytes], Any] | None = None,
        patience: float = PATIENCE,
    ) -> Any:
        """Return what is answered, None for a 404 that may be.

        :param field: that the answer must have; whoever sends another one is not an API server.
        :param parse: reads an answer that is no JSON.
        :param patience: seconds, for all tries.
        """
        words = urlencode({key: value for key, value in (query or {}).items() if value is not None})
        url = f"{self.connection.host}{path}" + (f"?{words}" if words else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"accept": accept, "user-agent": USER_AGENT}
        if data is not None:
            headers["content-type"] = content_type

        def ask() -> Any:
            answer = self._ask(method, url, what, data, headers)
            if answer.status == http.HTTPStatus.NOT_FOUND and missing_ok and is_missing(answer.data):
                return None
            if answer.status >= http.HTTPStatus.MULTIPLE_CHOICES:
                if is_cut(answer.data):
                    raise incomplete(what, self.connection)
                raise refusal(what, answer.status, answer.data, answer.headers)
            return parse(answer.data) if parse else value_of(what, self.connection, answer.data, field)

        # A test of a JSON patch that fails is 422, a conflict 409.
        return self._persist(ask, patience, overtaken_by=(409, 422) if content_type == JSON else (409,))

    def _ask(self, method: str, url: str, what: str, data: bytes | None, headers: Headers) -> Any:
        """Send a request, once more with another token if this one is refused; return what is answered."""
        who = self.connection.headers()
        answer = self._send(method, url, what, data, {**headers, **who})
        if answer.status == http.HTTPStatus.UNAUTHORIZED and self.connection.renewed(who):
            answer = self._send(method, url, what, data, {**headers, **self.connection.headers()})
        if answer.status == http.HTTPStatus.UNAUTHORIZED:
            raise not_accepted(what, self.connection, answer.data)
        return answer

    def _send(self, method: str, url: str, what: str, data: bytes | None, headers: Headers) -> Any:
        urllib3 = library("urllib3", "kubernetes")
        seconds = max(SHORTEST_LOOK, min(ANSWER_TIMEOUT, self._left()))
        timeout = urllib3.Timeout(connect=min(CONNECT_TIMEOUT, seconds), read=seconds)
        try:
            answer = self.connection.pool.request(
                method, url, body=data, headers=headers, timeout=timeout, retries=False, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise no_answer(what, self.connection, error) from error
        self._has_answered = True
        return answer

    def _persist(self, ask: Callable[[], Any], seconds: float, overtaken_by: tuple[int, ...]) -> Any:
        """Ask until there is an answer, or until patience or the deadline ends.

        :param seconds: of patience.
        :param overtaken_by: statuses that say: it has changed, perhaps by an earlier try of ours.
        :raises Stale: such an answer to what was sent before and got none; only the object itself can tell.
        """
        clock = self._deadline.clock if self._deadline else time.monotonic
        patience, failures = Deadline(min(seconds, self._left()), clock), 0
        while True:
            try:
                return ask()
            except MultinetError as error:
                if failures and isinstance(error, ApiError) and error.status in overtaken_by:
                    stale = Stale(error.what, error.status, error.reason, error.api_message)
                    stale.perhaps_done = True
                    raise stale from error
                failures += 1
                asked_for = error.retry_after if isinstance(error, ApiError) else 0.0
                pause = max(backoff(failures, LONGEST_PAUSE), asked_for)
                is_hopeless = not self._has_answered and failures >= FIRST_TRIES
                if not is_passing(error) or is_hopeless or pause > patience.left():
                    raise
                self._progress(Progress(f"{error}; again in {pause:.0f} s"))
            self._sleep(pause)

    def _left(self) -> float:
        return self._deadline.left() if self._deadline else PATIENCE


class Nowhere(Kube):
    """The client of a cluster that is still to be made: there is nothing in it, and nobody to write to."""

    exists = False

    def __init__(self) -> None:
        """Connect to nobody."""

    def _request(self, method: str, path: str, what: str, **kwargs: Any) -> None:
        """Find nothing; a write is a fault of ours, because check mode plans but never writes."""
        if method != "GET":
            raise Refused(f"{what}: the cluster is still to be made")


def _text(data: bytes) -> str:
    """Return what a log says, whatever it is written in."""
    return data.decode(errors="replace")


def _rows(table: Object) -> Iterator[Object]:
    """Yield the metadata of each object of a table, with its cells by the names of their columns."""
    names = [column["name"] for column in table["columnDefinitions"]]
    for row in table["rows"]:
        yield {"metadata": row["object"]["metadata"], "cells": dict(zip(names, row["cells"], strict=True))}
