# SPDX-License-Identifier: Apache-2.0
"""Long-running operations: they take their time, do their work, and go on after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.rpc import code_pb2

from gkelab.cloud.errors import Json
from gkelab.cloud.fault_kinds import OPERATION_LOST
from gkelab.cloud.identity import operation_name
from gkelab.cloud.state import Operation, Project, State
from gkelab.engine import EngineError

KEPT_OPERATIONS = 1000  # per project; the oldest finished ones are forgotten

# Seconds that operations take on Google Cloud. Clusters: terraform outputs in public repositories (3m33s to 9m22s);
# the rest is of the same order as what users report, not recorded.
LATENCY = {
    "network.insert": 12.0,
    "network.updateNetwork": 6.0,
    "network.switchToCustomMode": 6.0,
    "network.delete": 20.0,
    "subnetwork.insert": 18.0,
    "subnetwork.patch": 12.0,
    "subnetwork.expandIpCidrRange": 12.0,
    "subnetwork.setPrivateIpGoogleAccess": 10.0,
    "subnetwork.delete": 20.0,
    "firewall.insert": 8.0,
    "firewall.patch": 8.0,
    "firewall.update": 8.0,
    "firewall.delete": 10.0,
    "networkEndpointGroup.delete": 5.0,
    "CREATE_CLUSTER": 240.0,
    "UPDATE_CLUSTER": 30.0,
    "UPGRADE_MASTER": 240.0,
    "DELETE_CLUSTER": 200.0,
    "CREATE_NODE_POOL": 90.0,
    "UPGRADE_NODES": 120.0,
    "SET_NODE_POOL_SIZE": 60.0,
    "SET_NODE_POOL_MANAGEMENT": 10.0,
    "DELETE_NODE_POOL": 120.0,
}

RPC_CODES: dict[str, int] = {
    value.name: value.number for value in code_pb2.DESCRIPTOR.enum_types_by_name["Code"].values
}


class OperationError(Exception):
    """An operation ends with an error. ``code`` is Compute's (a word) or Container's (a google.rpc.Code as text)."""

    def __init__(
        self, code: str, message: str, *, http: tuple[int, str] = (400, "BAD REQUEST"), condition: str = "UNKNOWN"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http = http
        self.condition = condition  # Container: the code of the condition that says what is wrong


class Undone(Exception):
    """An operation ends with ``error``, and what it had begun is taken back already."""

    def __init__(self, error: OperationError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True)
class Effect:
    """What an operation does.

    ``work`` asks the engine, and may take long; ``finish`` changes the state when both the work and the latency are
    over; ``fail`` says in the state what went wrong. Work may run twice with the same arguments (after a restart).
    """

    finish: Callable[[Operation], Awaitable[None] | None]
    work: Callable[[Operation], Awaitable[None]] | None = None
    fail: Callable[[Operation, OperationError], None] | None = None


class Operations:
    """The operations of all projects."""

    def __init__(self, state: State, save: Callable[[], None], time_factor: float) -> None:
        self._state = state
        self._save = save
        self._time_factor = time_factor
        self._effects: dict[str, Effect] = {}
        self._done: dict[str, asyncio.Event] = {}
        self._holders: dict[str, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.before_work: Callable[[Operation], Awaitable[None]] | None = None  # for faults

    def register(self, name: str, effect: Effect) -> None:
        """Make an effect known under a name that survives a restart."""
        self._effects[name] = effect

    def start(
        self,
        project_id: str,
        *,
        api: str,
        scope: str,
        user: str,
        kind: str,
        target: str,
        target_id: str,
        effect: str,
        latency: str,
        arguments: Json | None = None,
        status: str = "RUNNING",
        request_id: str = "",
        locks: Sequence[str] = (),
        nodes_total: int | None = None,
    ) -> Operation:
        """Start an operation and return it in the state of its first answer."""
        project = self._state.projects[project_id]
        name, identity = operation_name(self._state)
        now = time.time()
        operation = Operation(
            name=name,
            identity=identity,
            api=api,
            project=project_id,
            scope=scope,
            user=user,
            kind=kind,
            target=target,
            target_id=target_id,
            started=now,
            due=now + LATENCY[latency] * self._time_factor,
            effect=effect,
            arguments=arguments or {},
            status=status,
            locks=list(locks),
            nodes_total=nodes_total,
        )
        project.operations[name] = operation
        if request_id:
            project.requests[request_id] = name
        _forget_oldest(project)
        self._drive(operation)
        return operation

    def find(self, project_id: str, name: str) -> Operation | None:
        """Return an operation, if it exists and no fault has lost it."""
        operation = self._state.projects[project_id].operations.get(name)
        return None if operation is None or is_lost(operation) else operation

    def holder(self, lock: str) -> str:
        """Return the name of the running operation that works on ``lock``, or nothing."""
        return next(iter(self._holders.get(lock, ())), "")

    @contextlib.contextmanager
    def held(self, lock: str, holder: str) -> Iterator[None]:
        """Keep operations off ``lock`` for something that is none."""
        self._holders.setdefault(lock, []).append(holder)
        try:
            yield
        finally:
            self._holders[lock].remove(holder)

    def resume(self) -> None:
        """Go on with every operation that a former process left unfinished."""
        for project in self._state.projects.values():
            for operation in list(project.operations.values()):
                if operation.status != "DONE":
                    self._drive(operation)

    async def wait(self, operation: Operation, seconds: float) -> None:
        """Return when the operation is done, or after ``seconds``."""
        event = self._done.get(operation.name)
        if operation.status == "DONE" or event is None:
            return
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    async def stop(self) -> None:
        """Let go of all operations; a later process resumes them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _drive(self, operation: Operation) -> None:
        self._done[operation.name] = asyncio.Event()
        for lock in operation.locks:
            self._holders.setdefault(lock, []).append(operation.name)
        task = asyncio.get_running_loop().create_task(self._run(operation))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, operation))

    async def _run(self, operation: Operation) -> None:
        await asyncio.sleep(0)
        operation.status = "RUNNING"
        effect = self._effects[operation.effect]
        try:
            if self.before_work is not None:
                await self.before_work(operation)
            if effect.work is not None:
                await effect.work(operation)
            await asyncio.sleep(max(0.0, operation.due - time.time()))
            finishing = effect.finish(operation)
            if finishing is not None:
                await finishing
        except EngineError as error:
            self._fail(operation, _internal(operation, str(error)))
        except OperationError as error:
            self._fail(operation, error)
        except Undone as undone:
            _end_with(operation, undone.error)
        _close(operation)  # in one step with the effect: no state is saved that has the one without the other

    def _fail(self, operation: Operation, error: OperationError) -> None:
        _end_with(operation, error)
        fail = self._effects[operation.effect].fail
        if fail is not None:
            fail(operation, error)

    def _ended(self, task: asyncio.Task[Any], operation: Operation) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        defect = task.exception()
        try:
            if defect is not None:
                asyncio.get_running_loop().call_exception_handler({"message": operation.name, "exception": defect})
                self._fail(operation, _internal(operation, f"The lab itself failed: {defect!r}"))
        finally:  # whatever fails on the way, the locks do not stay and nobody waits for ever
            for lock in operation.locks:
                self._holders[lock].remove(operation.name)
            _close(operation)
            self._done.pop(operation.name).set()
            self._save()


def is_lost(operation: Operation) -> bool:
    """Tell whether a fault keeps an operation from being found."""
    return operation.fault is not None and operation.fault["kind"] == OPERATION_LOST


def _close(operation: Operation) -> None:
    operation.status = "DONE"
    operation.ended = operation.ended or time.time()


def _end_with(operation: Operation, error: OperationError) -> None:
    operation.error = {
        "code": error.code,
        "message": error.message,
        "http": list(error.http),
        "condition": error.condition,
    }


def _internal(operation: Operation, text: str) -> OperationError:
    code = "INTERNAL_ERROR" if operation.api == "compute" else "13"
    return OperationError(code, text, http=(500, "INTERNAL SERVER ERROR"))


def _forget_oldest(project: Project) -> None:
    finished = [name for name, operation in project.operations.items() if operation.status == "DONE"]
    for name in finished[: max(0, len(project.operations) - KEPT_OPERATIONS)]:
        del project.operations[name]
        project.requests = {key: value for key, value in project.requests.items() if value != name}
