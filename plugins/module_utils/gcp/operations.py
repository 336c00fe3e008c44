# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long-running operations: one way to start them and one loop to await them, for Compute and for Kubernetes Engine.

A mutation is started with :meth:`Operations.start_compute` or :meth:`Operations.start_container` and awaited by
:meth:`Operations.finish`; what does not depend on each other may be under way together.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..answers import is_passing
from ..errors import ApiError, MultinetError, OperationFailed, TimedOut, Unreachable
from ..reconcile import Change
from ..waiting import Deadline, poll
from . import targets
from .clients import ANSWER_TIMEOUT, Google
from .operation_messages import Seen, compute_seen, container_seen
from .targets import Target
from .tries import Tries, Try

LOST_PATIENCE = 30.0  # seconds in which the effect of an operation must show that is no longer known
LONGEST_LONG_POLL = 130.0  # seconds; Compute's "wait" answers after 2 minutes at the latest

GOES_ON = "what was started goes on: run again to wait for it, with a longer wait_timeout if need be"
NOT_TAKEN = "Google has not accepted it: run again, with a longer wait_timeout if need be"

Fields = dict[str, Any]  # of a request message
Remake: TypeAlias = "Callable[[], Fields | None]"  # the fields of a request; None: there is nothing left to do


@dataclass(frozen=True)
class _Started:
    title: str
    name: str
    target: Target
    look: Callable[[], Seen]
    record: dict[str, Any]
    since: float


@dataclass(frozen=True)
class _Mutation:
    title: str
    call: Callable[..., Any]  # a method of one of the clients
    request: Remake
    target_of: Callable[[Fields], Target]
    tries: Tries


class Operations:
    """The operations of one module run, under one deadline."""

    def __init__(self, google: Google, deadline: Deadline, sleep: Callable[[float], None] = time.sleep) -> None:
        self.deadline = google.deadline = deadline  # reads, too, end with it
        self.records: list[dict[str, Any]] = []  # name, type and duration_s (None: not awaited), to be returned
        self.overtaken = False  # something was not done by us, or nobody says how it ended: it may not be as we want it
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
        tries = Tries(self.deadline, creating=method == "insert")
        self._start_compute(title, service, method, lambda: fields, tries=tries)

    def rewrite_in_compute(
        self, title: str, service: str, method: str, request: Remake, *, call: Callable[..., Any] | None = None
    ) -> None:
        """Start a mutation that replaces what is there, out of what was read.

        :param call: sends it, if the client's own method cannot; it is called as that.
        :param request: reads and returns the fields of the request message without the project, None if there is
            nothing left to do. It is called for each try: what was read before somebody else's change would undo it.
            So a fingerprint that is no longer current (412) is only a reason to try again.
        """
        self._start_compute(title, service, method, request, tries=Tries(self.deadline, remade=True), call=call)

    def start_container(self, title: str, method: str, **request: Any) -> None:
        """Start a mutation of Kubernetes Engine.

        :param method: "create_cluster".
        :param request: fields of the request message.
        """
        target = targets.of_container(self._google, method, request)
        call, tries = getattr(self._google.container, method), Tries(self.deadline, creating=target.creates)
        sent = self._send(_Mutation(title, call, lambda: request, lambda fields: target, tries))
        if sent is not None:
            operation = sent[0]
            self._note(title, operation, target, lambda: container_seen(self._get_container(title, operation)))

    def _start_compute(
        self,
        title: str,
        service: str,
        method: str,
        request: Remake,
        *,
        tries: Tries,
        call: Callable[..., Any] | None = None,
    ) -> None:
        def with_project() -> Fields | None:
            fields = request()
            return None if fields is None else {"project": self._google.project, **fields}

        def target_of(fields: Fields) -> Target:
            return targets.of_compute(self._google, service, method, fields)

        call = call or getattr(self._google.compute(service), f"{method}_unary")
        sent = self._send(_Mutation(title, call, with_project, target_of, tries))
        if sent is not None:
            operation, target = sent
            self._note(title, operation, target, lambda: compute_seen(self._wait_compute(title, operation)))

    def finish(self) -> None:
        """Wait for everything that was started, also if a part of it fails.

        :raises OperationFailed: with the server's codes and messages.
        :raises TimedOut: at the deadline.
        """
        failures = []
        while self._started:
            started = self._started.pop(0)
            seen = self.wait_for(
                started.title, started.look, lambda seen: seen.done, lambda seen: seen.phase, lambda seen: seen.percent
            )
            started.record["duration_s"] = round(self.deadline.elapsed() - started.since, 1)
            if seen.errors:
                failures.append(OperationFailed(started.name, started.title, list(seen.errors)))
            if seen.lost:
                self._find_out(started)
        if failures:
            raise failures[0] if len(failures) == 1 else OperationFailed.of_several(failures)

    def wait_for(
        self,
        what: str,
        look: Callable[[], Any],
        is_done: Callable[[Any], bool],
        describe: Callable[[Any], str],
        percent_of: Callable[[Any], int | None] = lambda seen: None,
    ) -> Any:
        """Look until it is done, under the deadline of this run; a look that fails for a while means: not yet."""

        def attempt() -> Try:
            try:
                return Try(look())
            except MultinetError as error:
                if not is_passing(error):
                    raise
                return Try(obstacle=str(error))

        return self._poll(what, attempt, is_done, describe, percent_of, remedy=GOES_ON)

    def _poll(
        self,
        what: str,
        attempt: Callable[[], Try],
        is_done: Callable[[Any], bool] = lambda result: True,
        describe: Callable[[Any], str] = str,
        percent_of: Callable[[Any], int | None] = lambda seen: None,
        *,
        remedy: str,
    ) -> Any:
        """Attempt it until nothing is in the way and the result is done; return the result."""
        try:
            return poll(
                attempt,
                lambda tried: not tried.obstacle and is_done(tried.result),
                what=what,
                deadline=self.deadline,
                pause_after=lambda tried: tried.pause,
                describe=lambda tried: tried.obstacle or describe(tried.result),
                percent_of=lambda tried: None if tried.obstacle else percent_of(tried.result),
                progress=self._google.progress,
                sleep=self._sleep,
            ).result
        except TimedOut as late:
            raise TimedOut(late.what, late.seconds, late.last_seen, remedy=remedy) from late

    def _note(self, title: str, operation: Any, target: Target, look: Callable[[], Seen]) -> None:
        kind = operation.operation_type
        record = {"name": operation.name, "type": getattr(kind, "name", kind), "duration_s": None}
        self.records.append(record)
        self._started.append(_Started(title, operation.name, target, look, record, self.deadline.elapsed()))

    def _find_out(self, started: _Started) -> None:
        """See whether an operation that is no longer known has had its effect.

        :raises OperationFailed: the resource does not show it.
        """
        self.overtaken = True
        patience = Deadline(min(LOST_PATIENCE, self.deadline.left()), self.deadline.clock)
        try:
            poll(started.target.is_as_expected, bool, what=started.title, deadline=patience, sleep=self._sleep)
        except TimedOut as error:
            state = "still there" if started.target.deletes else "not there"
            message = f"the operation is no longer known, and {started.target.name} is {state}; run it again"
            raise OperationFailed(started.name, started.title, [{"code": "NOT_FOUND", "message": message}]) from error

    def _send(self, mutation: _Mutation) -> tuple[Any, Target] | None:
        """Send a mutation until it is accepted; return its operation, None if what it should do is already so.

        A lost answer leaves in doubt whether the mutation took effect. Compute Engine knows it again by its request_id.
        For Kubernetes Engine a creation is sent again only if there is nothing to be seen of it; setting the same value
        twice does no harm, and a second deletion finds nothing (404). A resource that is there already, made by us or
        by somebody who was faster, counts as created, which is noted in :attr:`overtaken`.

        :raises Stale: the resource is to be read again before anything is sent again.
        """
        tries = mutation.tries

        def attempt() -> Try:
            target = None
            try:
                fields = mutation.request()
                if fields is None:
                    return Try()
                target = mutation.target_of(fields)
                if tries.in_doubt and target.creates and target.find() is not None:
                    self.overtaken = True
                    return Try()
                operation = self._google.write(mutation.title, mutation.call, fields)
                if operation.name:
                    return Try((operation, target))
                return tries.in_vain(Unreachable(f"{mutation.title}: the answer is no operation"))
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and error.status == 404 and target is not None and target.deletes:
                    return Try()
                return tries.in_vain(error)

        sent: tuple[Any, Target] | None = self._poll(mutation.title, attempt, remedy=NOT_TAKEN)
        return sent

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

    def _look(self, title: str, method: Callable[..., Any], request: Fields) -> Any | None:
        return self._google.look(title, method, request, ANSWER_TIMEOUT)
