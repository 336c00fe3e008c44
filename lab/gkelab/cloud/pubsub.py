# SPDX-License-Identifier: Apache-2.0
"""Pub/Sub topics, as far as clients make them for a cluster's notifications: get, create, delete (recorded)."""

from __future__ import annotations

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import ApiError, Json
from gkelab.cloud.state import Resource


class Topics:
    """The topics of all projects; nothing is ever published."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get(self, call: Call) -> Json:
        """Answer a topic."""
        return self._existing(call).body

    def create(self, call: Call) -> Json:
        """Make a topic."""
        name = call.params["topic"]
        body = call.json | {"name": f"projects/{call.project}/topics/{name}"}
        self._cloud.project(call.project).topics[name] = Resource(body)
        return body

    def delete(self, call: Call) -> Json:
        """Delete a topic."""
        self._existing(call)
        del self._cloud.project(call.project).topics[call.params["topic"]]
        return {}

    def _existing(self, call: Call) -> Resource:
        name = call.params["topic"]
        topic = self._cloud.project(call.project).topics.get(name)
        if topic is None:
            raise ApiError(404, "notFound", f"Resource not found (resource={name}).")
        return topic
