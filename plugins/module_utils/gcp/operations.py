# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long-running operations: one way to start them and one loop to await them, for Compute and for Kubernetes Engine.

A mutation is started with :meth:`Operations.start_compute` or :meth:`Operations.start_container` and awaited by
:meth:`Operations.finish`; what does not depend on each other may be under way together.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import ApiError, MultinetError, OperationFailed, Unreachable
from ..libraries import library
from ..reconcile import Change
from ..waiting import Deadline, poll
from .clients import ANSWER_TIMEOUT, Google
from .failures import is_passing

MOST_DOUBTS = 10  # answers lost or broken, in a row, until we give up a mutation
LONGEST_LONG_POLL = 130.0  # seconds; Compute's "wait" answers after 2 minutes at the latest
SHORTEST_LOOK = 1.0  # seconds that a last look may take

Remake = Callable[[], dict[str, Any] | None]  # the fields of a request; None: there is nothing left to do


@dataclass(frozen=True)
class Seen:
    """What an operation looks like, whichever API it is of."""

    done: bool
    text: str  # "RUNNING, cluster deploying, 60 %"
    errors: tuple[dict[str, str], ...] = ()  # code and message


@dataclass(frozen=True)
class _Started:
    title: str
    name: str
    look: Callable[[], Seen]
    record: dict[str, Any]
    since: float


@dataclass(frozen=True)
class _Try:
    """One attempt to start or to see something; an obstacle means that it is worth another one."""

    result: Any = None
    obstacle: str = ""


class Operations:
    """The operations of one module run, under one deadline."""

    def __init__(self, google: Google, deadline: Deadline, sleep: Callable[[float], None] = time.sleep) -> None:
        self.deadline = deadline
        self.records: list[dict[str, Any]] = []  # name, type and duration_s (None: not awaited), to be returned
        self.overtaken = False  # something that was to be created was there already: it may not be as we want it
        self._google = google
        self._sleep = sleep
        self._started: list[_Started] = []

    @property
    def under_way(self) -> bool:
        """Tell whether something was started that nobody has awaited."""
        return bool(self._started)

    def in_compute(self, title: str, service: str, method: str, *, alone: bool = False, **request: Any) -> Change:
        """Return the change that starts a mutation of Compute Engine.

        :param alone: wait for what was started before, and for this one: others depend on it, or it on others.
        """

        def call() -> None:
            if alone:
                self.finish()
            self.start_compute(title, service, method, **request)
            if alone:
                self.finish()

        return Change(title, call)

    def in_container(self, title: str, method: str, **request: Any) -> Change:
        """Return the change that starts a mutation of Kubernetes Engine, which does one at a time per cluster."""

        def call() -> None:
            self.finish()
            self.start_container(title, method, **request)

        return Change(title, call)

    def start_compute(self, title: str, service: str, method: str, **request: Any) -> None:
        """Start a mutation of Compute Engine.

        :param service: "Networks".
        :param method: "insert".
        :param request: fields of the request message, without the project.
        """
        # The same request_id in every try lets Google recognise a mutation whose answer was lost.
        fields = {"request_id": str(uuid.uuid4()), **request}
        self._start_compute(title, service, method, lambda: fields, remade=False)

    def rewrite_in_compute(self, title: str, service: str, method: str, request: Remake) -> None:
        """Start a mutation that replaces what is there, out of what was read.

        :param request: reads and returns the fields of the request message without the project, None if there is
            nothing left to do. It is called for each try: what was read before somebody else's change would undo it.
            So a fingerprint that is no longer current (412) is only a reason to try again.
        """
        self._start_compute(title, service, method, request, remade=True)

    def _start_compute(self, title: str, service: str, method: str, request: Remake, *, remade: bool) -> None:
        call = getattr(self._google.compute(service), f"{method}_unary")

        def fields() -> dict[str, Any] | None:
            made = request()
            return None if made is None else {"project": self._google.project, **made}

        operation = self._send(title, call, fields, remade=remade)
        if operation is not None:
            self._note(title, operation, lambda: _compute_seen(self._wait_compute(title, operation)))

    def start_container(self, title: str, method: str, **request: Any) -> None:
        """Start a mutation of Kubernetes Engine.

        :param method: "create_cluster".
        :param request: fields of the request message.
        """
        operation = self._send(title, getattr(self._google.container, method), lambda: request)
        if operation is not None:
            self._note(title, operation, lambda: _container_seen(self._get_container(title, operation)))

    def finish(self) -> None:
        """Wait for everything that was started.

        :raises OperationFailed: with the server's codes and messages.
        :raises TimedOut: at the deadline.
        """
        while self._started:
            started = self._started.pop(0)
            seen = self.wait_for(started.title, started.look, lambda seen: seen.done, lambda seen: seen.text)
            started.record["duration_s"] = round(self.deadline.elapsed() - started.since, 1)
            if seen.errors:
                raise OperationFailed(started.name, started.title, list(seen.errors))

    def wait_for(
        self, what: str, look: Callable[[], Any], is_done: Callable[[Any], bool], describe: Callable[[Any], str]
    ) -> Any:
        """Look until it is done, under the deadline of this run; a look that fails for a while means: not yet."""

        def attempt() -> _Try:
            try:
                return _Try(look())
            except MultinetError as error:
                if not is_passing(error):
                    raise
                return _Try(obstacle=str(error))

        seen = self._poll(
            what,
            attempt,
            lambda seen: not seen.obstacle and is_done(seen.result),
            lambda seen: seen.obstacle or describe(seen.result),
        )
        return seen.result

    def _poll(
        self, what: str, attempt: Callable[[], _Try], is_done: Callable[[_Try], bool], describe: Callable[[_Try], str]
    ) -> _Try:
        return poll(
            attempt,
            is_done,
            what=what,
            deadline=self.deadline,
            describe=describe,
            progress=self._google.progress,
            sleep=self._sleep,
        )

    def _note(self, title: str, operation: Any, look: Callable[[], Seen]) -> None:
        kind = operation.operation_type
        record = {"name": operation.name, "type": getattr(kind, "name", kind), "duration_s": None}
        self.records.append(record)
        self._started.append(_Started(title, operation.name, look, record, self.deadline.elapsed()))

    def _send(self, title: str, call: Callable[..., Any], request: Remake, *, remade: bool = False) -> Any | None:
        """Send a mutation until it is accepted; return its operation, None if what it should do is already so.

        A lost answer leaves in doubt whether the mutation took effect. It is sent again: that is safe, since setting
        the same value twice does no harm, a second deletion finds nothing (404), and a second creation finds the first
        one's result (409). The same 409 says that somebody else was faster: that, too, counts as created, and what was
        created so is noted in :attr:`overtaken`.

        :param request: called for each try; None ends them.
        :param remade: whether it returns something new each time, so that 412 is worth another try.
        """
        deleting = call.__name__.startswith("delete")
        creating = call.__name__.startswith(("create", "insert"))
        doubts = 0

        def attempt() -> _Try:
            nonlocal doubts
            try:
                fields = request()
                return _Try(self._google.write(title, call, fields) if fields is not None else None)
            except Unreachable as error:
                doubts += 1
                if doubts >= MOST_DOUBTS:
                    raise
                return _Try(obstacle=str(error))
            except ApiError as error:
                if error.status == 409 and creating:
                    self.overtaken = True
                    return _Try()
                if error.status == 404 and deleting:
                    return _Try()
                worth_another = error.status >= 500 or (error.status == 412 and remade)
                doubts += worth_another
                if _is_in_the_way(error) or (worth_another and doubts < MOST_DOUBTS):
                    return _Try(obstacle=error.api_message)
                raise

        return self._poll(title, attempt, lambda tried: not tried.obstacle, lambda tried: tried.obstacle).result

    def _wait_compute(self, title: str, operation: Any) -> Any | None:
        """Return the operation when it is done, or after two minutes; None if it is no longer known.

        Near the deadline it is only looked at: the answer to a wait would come too late.
        """
        where = {"project": self._google.project, "operation": operation.name}
        service = "GlobalOperations"
        if operation.region:
            service, where["region"] = "RegionOperations", operation.region.rsplit("/", 1)[-1]
        client = self._google.compute(service)
        if self.deadline.left() > LONGEST_LONG_POLL:
            return self._google.look(title, client.wait, where, LONGEST_LONG_POLL)
        return self._look(title, client.get, where)

    def _get_container(self, title: str, operation: Any) -> Any | None:
        """Return the operation as it is now; None if it is no longer known."""
        name = f"projects/{self._google.project}/locations/{operation.zone}/operations/{operation.name}"
        return self._look(title, self._google.container.get_operation, {"name": name})

    def _look(self, title: str, method: Callable[..., Any], request: dict[str, Any]) -> Any | None:
        timeout = max(SHORTEST_LOOK, min(ANSWER_TIMEOUT, self.deadline.left()))
        return self._google.look(title, method, request, timeout)


def _is_in_the_way(error: ApiError) -> bool:
    """Tell whether something else has to end first, or there were too many requests.

    Kubernetes Engine runs one operation per cluster at a time and refuses others with 400 FAILED_PRECONDITION; all its
    texts for that name the operation that is running. Compute says resourceNotReady while a part is being deleted.
    """
    return (
        error.status == 429
        or error.reason in ("rateLimitExceeded", "resourceNotReady")
        or (error.status == 400 and re.search(r"\boperation-\d", error.api_message) is not None)
    )


def _compute_seen(operation: Any | None) -> Seen:
    """Read compute_v1.Operation; its error has the server's words, http_error_message only "BAD REQUEST"."""
    if operation is None:
        return Seen(done=True, text="DONE")
    return Seen(
        done=operation.status.name == "DONE",
        text=f"{operation.status.name}, {operation.progress} %",
        errors=tuple({"code": each.code, "message": each.message} for each in operation.error.errors),
    )


def _container_seen(operation: Any | None) -> Seen:
    """Read container_v1.Operation."""
    if operation is None:
        return Seen(done=True, text="DONE")
    return Seen(
        done=operation.status.name == "DONE",
        text=", ".join([operation.status.name, *_metrics(operation.progress.metrics)]),
        errors=tuple(_container_errors(operation)),
    )


def _metrics(metrics: Any) -> list[str]:
    """Return the phase and the percentage of CLUSTER_DEPLOYING=7, CLUSTER_DEPLOYING_TOTAL=12 and the like."""
    values = {metric.name: metric.int_value for metric in metrics}
    phases = [(name, values[name], values[f"{name}_TOTAL"]) for name in values if values.get(f"{name}_TOTAL")]
    if not phases:
        return []
    current = next((name for name, done, total in phases if done < total), phases[-1][0])
    percent = 100 * sum(phase[1] for phase in phases) // sum(phase[2] for phase in phases)
    return [current.lower().replace("_", " "), f"{percent} %"]


def _container_errors(operation: Any) -> list[dict[str, str]]:
    codes = library("google.rpc.code_pb2", "googleapis-common-protos").Code
    errors = []
    if operation.error.code or operation.status_message:
        name = codes.Name(operation.error.code) if operation.error.code else ""
        errors.append({"code": name, "message": operation.error.message or operation.status_message})
    for condition in (*operation.cluster_conditions, *operation.nodepool_conditions):
        errors.append({"code": condition.code.name, "message": condition.message})
    return errors
