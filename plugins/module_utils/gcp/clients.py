# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorised clients of Compute Engine and Kubernetes Engine, made when they are first used.

The libraries' own retries are switched off: by default they leave out 429, 500, 502 and broken connections, and try for
ten minutes per read whatever timeout is passed. Compute's mutations are called in their ``_unary`` form, because the
other one polls the operation at the public endpoint, whatever endpoint the client has.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from ..answers import is_passing
from ..errors import ApiError, MultinetError
from ..libraries import library
from ..waiting import Deadline, Progress, backoff
from .credentials import Credentials
from .failures import translated

ANSWER_TIMEOUT = 30.0  # seconds, for one answer
READ_PATIENCE = 30.0  # seconds, for all tries of one read
LONGEST_PAUSE = 5.0  # seconds, between two tries of a read
SHORTEST_LOOK = 1.0  # seconds that a last look may take after the deadline

METADATA = (("user-agent", "multinet.gke"),)  # for Google's audit log

Request = dict[str, Any]


class Google:
    """The clients of one project."""

    def __init__(
        self,
        project: str,
        credentials: Credentials,
        *,
        compute_endpoint: str | None,
        container_endpoint: str | None,
        progress: Callable[[Progress], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take where Google answers, and who asks."""
        self.project = project
        self.progress = progress
        self.deadline: Deadline | None = None  # of the run, once it has one: no request is awaited beyond it
        self._credentials = credentials
        self._compute_endpoint = compute_endpoint
        self._container_endpoint = container_endpoint
        self._sleep = sleep
        self._clients: dict[str, Any] = {}

    def compute(self, service: str) -> Any:
        """Return the client of a collection of Compute Engine: "Networks", "Subnetworks", "Firewalls", ..."""
        if service not in self._clients:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", service).lower()
            module = library(f"google.cloud.compute_v1.services.{name}", "google-cloud-compute")
            make = getattr(module, f"{service}Client")
            made = make(credentials=self._credentials, client_options=_client_options(self._compute_endpoint))
            self._clients[service] = _without_redirects(made)
        return self._clients[service]

    @property
    def compute_address(self) -> str:
        """Return where Compute Engine answers, without a slash at the end."""
        endpoint = self._compute_endpoint or "https://compute.googleapis.com"
        return endpoint.rstrip("/") if "://" in endpoint else f"https://{endpoint}"

    @property
    def session(self) -> Any:
        """Return an HTTP session with the credentials, for what the client libraries cannot say."""
        if "session" not in self._clients:
            requests = library("google.auth.transport.requests", "google-auth")
            self._clients["session"] = session = requests.AuthorizedSession(self._credentials)
            session.max_redirects = 0
        return self._clients["session"]

    @property
    def container(self) -> Any:
        """Return the client of Kubernetes Engine; over REST, because gRPC must not be used after a fork."""
        if "container" not in self._clients:
            make = library("google.cloud.container_v1", "google-cloud-container").ClusterManagerClient
            made = make(
                credentials=self._credentials,
                client_options=_client_options(self._container_endpoint),
                transport="rest",
            )
            self._clients["container"] = _without_redirects(made)
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
        return _none_if_missing(lambda: self.read(what, method, request))

    def read(self, what: str, method: Callable[..., Any], request: Request) -> Any:
        """Read, and try again for a while if the server is busy or broken."""
        return self._persist(lambda: self._ask(what, method, request, ANSWER_TIMEOUT))

    def look(self, what: str, method: Callable[..., Any], request: Request, timeout: float = ANSWER_TIMEOUT) -> Any:
        """Read once what is looked at again and again anyway; None if there is none.

        :param timeout: seconds.
        """
        return _none_if_missing(lambda: self._ask(what, method, request, timeout))

    def list(self, what: str, method: Callable[..., Any], request: Request) -> list[Any]:
        """Read all resources of a collection of Compute Engine, page by page."""

        def all_pages(**call: Any) -> list[Any]:
            return list(method(**call))

        found: list[Any] = self._persist(lambda: self._ask(what, all_pages, request, ANSWER_TIMEOUT))
        return found

    def write(self, what: str, method: Callable[..., Any], request: Request) -> Any:
        """Send a mutation once and return its operation; whether to send it again is for operations.py to say."""
        return self._ask(what, method, request, ANSWER_TIMEOUT)

    def _ask(self, what: str, method: Callable[..., Any], request: Request, timeout: float) -> Any:
        """Send one request; its answer is awaited until the deadline at the latest."""
        seconds = max(SHORTEST_LOOK, min(timeout, self._left()))
        with translated(what, self.project, self._credentials.caller):
            return method(request=request, retry=None, timeout=seconds, metadata=METADATA)

    def _persist(self, ask: Callable[[], Any]) -> Any:
        """Ask until there is an answer, or until patience or the deadline ends."""
        clock = self.deadline.clock if self.deadline else time.monotonic
        patience, failures = Deadline(min(READ_PATIENCE, self._left()), clock), 0
        while True:
            try:
                return ask()
            except MultinetError as error:
                failures += 1
                asked_for = error.retry_after if isinstance(error, ApiError) else 0.0
                pause = max(backoff(failures, LONGEST_PAUSE), asked_for)
                if not is_passing(error) or pause > patience.left():
                    raise
            self._sleep(pause)

    def _left(self) -> float:
        return self.deadline.left() if self.deadline else READ_PATIENCE


def _none_if_missing(read: Callable[[], Any]) -> Any | None:
    try:
        return read()
    except ApiError as error:
        # Compute says so, too, if there is no such project, in which nothing can be missing.
        if error.status != 404 or re.search(r"'projects/[^/']+' was not found", error.api_message):
            raise
        return None


def _without_redirects(client: Any) -> Any:
    """Let a client follow nobody: no API of Google's sends one elsewhere, and the way there may be without TLS."""
    client.transport._session.max_redirects = 0
    return client


def _client_options(endpoint: str | None) -> dict[str, str]:
    return {"api_endpoint": endpoint} if endpoint else {}
