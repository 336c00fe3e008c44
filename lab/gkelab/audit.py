# SPDX-License-Identifier: Apache-2.0
"""What the Kubernetes API servers of a lab were asked, out of their audit logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gkelab.machines.cluster import clusters
from gkelab.state import Lab

WRITES = ("create", "update", "patch", "delete", "deletecollection")
# Creating one of these asks a question or hands out a token: nothing is stored.
QUESTIONS = (
    "selfsubjectreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "subjectaccessreviews",
    "localsubjectaccessreviews",
    "tokenreviews",
    "serviceaccounts/token",
)


@dataclass(frozen=True)
class Request:
    """One request to an API server."""

    time: datetime
    cluster: str
    agent: str
    user: str
    verb: str
    resource: str  # "pods/exec", or the path of what is no resource
    name: str  # NAMESPACE/NAME, as far as there are any
    code: int

    @property
    def writes(self) -> bool:
        """Tell whether something was to be stored or changed."""
        return self.verb in WRITES and self.resource not in QUESTIONS


def requests(lab: Lab) -> Iterator[Request]:
    """Yield all requests, cluster by cluster, each in the order of its log."""
    for place in clusters(lab):
        for path in place.audit_logs:
            with path.open() as log:
                for line in log:
                    if line.endswith("\n"):  # the last one may not be complete yet
                        yield _request(place.key, line)


def _request(cluster: str, line: str) -> Request:
    event = json.loads(line)
    reference = event.get("objectRef", {})
    parts = (reference.get("resource"), reference.get("subresource"))
    return Request(
        datetime.fromisoformat(event["requestReceivedTimestamp"]),
        cluster,
        event.get("userAgent", ""),
        event.get("user", {}).get("username", ""),
        event["verb"],
        "/".join(filter(None, parts)) or event["requestURI"].partition("?")[0],
        "/".join(filter(None, (reference.get("namespace"), reference.get("name")))),
        event.get("responseStatus", {}).get("code", 0),
    )
