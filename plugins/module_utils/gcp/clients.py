# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorised clients of Compute Engine and Kubernetes Engine, made when they are first used.

The libraries' own retries are replaced: by default they leave out 429, 500, 502 and broken connections, and try for ten
minutes per read whatever timeout is passed. Compute's mutations are called in their ``_unary`` form, because the other
one polls the operation at the public endpoint, whatever endpoint the client has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ApiError
from ..libraries import library
from .credentials import Credentials
from .failures import is_transient, translated

ANSWER_TIMEOUT = 30.0  # seconds, for one answer
READ_PATIENCE = 30.0  # seconds, for all tries of one read

METADATA = (("user-agent", "multinet.gke"),)  # for Google's audit log

Request = dict[str, Any]


class Google:
    """The clients of one project."""

    def __init__(
        self,
        project: str,
        credentials: Credentials,
        compute_endpoint: str | None,
        container_endpoint: str | None,
        progress: Callable[[str], None],
    ) -> None:
        self.project = project
        self.progress = progress
        self._credentials = credentials
        self._compute_endpoint = compute_endpoint
        self._container_endpoint = container_endpoint
        self._clients: dict[str, Any] = {}

    def compute(self, service: str) -> Any:
        """Return the client of a collection of Compute Engine: "Networks", "Subnetworks", "Firewalls", ..."""
        if service not in self._clients:
            make = getattr(library("google.cloud.compute_v1", "google-cloud-compute"), f"{service}Client")
            self._clients[service] = make(
                credentials=self._credentials, client_options=_client_options(self._compute_endpoint)
            )
        return self._clients[service]

    @property
    def container(self) -> Any:
        """Return the client of Kubernetes Engine; over REST, because gRPC must not be used after a fork."""
        if "container" not in self._clients:
            make = library("google.cloud.container_v1", "google-cloud-container").ClusterManagerClient
            self._clients["container"] = make(
                credentials=self._credentials,
                client_options=_client_options(self._container_endpoint),
                transport="rest",
            )
        return self._clients["container"]

    def find_cluster(self, location: str, name: str) -> Any | None:
        """Return a cluster (container_v1.Cluster) with its node pools, None if there is none."""
        path = f"projects/{self.project}/locations/{location}/clusters/{name}"
        return self.find(f"read cluster {name}", self.container.get_cluster, {"name": path})

    def find(self, what: str, method: Callable[..., Any], request: Request) -> Any | None:
        """Read one resource; None if there is none.

        :param what: for the error: "read cluster edge".
        :param method: a bound method of one of the clients.
        """
        try:
            return self.read(what, method, request)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def read(self, what: str, method: Callable[..., Any], request: Request) -> Any:
        """Read, and try again for a while if the server is busy or broken."""
        retry = library("google.api_core.retry", "google-api-core").Retry(
            predicate=is_transient, initial=0.5, maximum=5.0, timeout=READ_PATIENCE
        )
        with translated(what, self.project):
            return method(request=request, retry=retry, timeout=ANSWER_TIMEOUT, metadata=METADATA)

    def look(self, what: str, method: Callable[..., Any], request: Request, timeout: float) -> Any | None:
        """Read once what is looked at again and again anyway; None if there is none.

        :param timeout: seconds.
        """
        try:
            with translated(what, self.project):
                return method(request=request, retry=None, timeout=timeout, metadata=METADATA)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def list(self, what: str, method: Callable[..., Any], request: Request) -> list[Any]:
        """Read all resources of a collection of Compute Engine, page by page."""
        with translated(what, self.project):
            return list(self.read(what, method, request))

    def write(self, what: str, method: Callable[..., Any], request: Request) -> Any:
        """Send a mutation once and return its operation; whether to send it again is for operations.py to say."""
        with translated(what, self.project):
            return method(request=request, retry=None, timeout=ANSWER_TIMEOUT, metadata=METADATA)


def _client_options(endpoint: str | None) -> dict[str, str]:
    return {"api_endpoint": endpoint} if endpoint else {}
