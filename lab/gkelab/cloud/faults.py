# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: what a network, a front end or a service does to a request once in a while.

A fault waits for the calls of its method whose path its pattern is found in, lets the first of them pass and hits the
``nth`` one, and as many after it as ``times`` says. It hits calls to Google's APIs only, and only calls that were let
in. Of several that are due for a call the oldest hits it. Faults are part of the lab's state: a restart forgets none.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import INVALID_TOKEN, STATUS_OF_CODE, ApiError, Json, bad_request
from gkelab.cloud.fault_kinds import DROPS, IN_TRANSIT, KINDS, OF_OPERATIONS, OPERATION_ERROR, OPERATION_STUCK, STALE
from gkelab.cloud.identity import uuid_of
from gkelab.cloud.operations import RPC_CODES, OperationError, Undone
from gkelab.cloud.state import Cluster, Fault, Operation, as_json, decode

_LABS_OWN = {"identity", "seen", "fired"}  # fields that nobody sets

# The reasons that Google's APIs give with a status; 400 is what GKE answers while another operation runs.
_REASONS = {
    400: "failedPrecondition",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "alreadyExists",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "internalError",
}
# What Google's front end says of itself (public reports have no other text for them).
_TEXTS = {
    401: INVALID_TOKEN,
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}
_CANONICAL = {"failedPrecondition": "FAILED_PRECONDITION", "aborted": "ABORTED"}
# What an operation's error is worth as an HTTP status; Compute says 400 of the others.
_HTTP = {
    "INTERNAL_ERROR": (500, "INTERNAL SERVER ERROR"),
    "QUOTA_EXCEEDED": (403, "FORBIDDEN"),
    "ZONE_RESOURCE_POOL_EXHAUSTED": (503, "SERVICE UNAVAILABLE"),
}
# Codes of GKE's StatusCondition (proto) with the google.rpc.Code that a failed operation shows beside them.
_CONDITIONS = {"GCE_QUOTA_EXCEEDED": 8, "GCE_STOCKOUT": 8, "CLOUD_KMS_KEY_ERROR": 9, "UNKNOWN": 13}


@dataclass
class Hit:
    """A call and the fault that hits it; some faults find nothing in a call that they could do something to."""

    fault: Fault
    has_fired: bool = False

    @property
    def kind(self) -> str:
        """The fault's kind."""
        return self.fault.kind

    @property
    def is_dropped(self) -> bool:
        """Whether the call gets no answer."""
        return self.kind in DROPS

    def shown(self) -> Json:
        """Return what the request log says of it."""
        return {"id": self.fault.identity, "kind": self.kind}


class Faults:
    """All faults of a lab."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._released = asyncio.Condition()
        cloud.operations.before_work = self._interfere

    def add(self, call: Call) -> Json:
        """Take in a fault; answer its id."""
        fault = _fault(call.json)
        state = self._cloud.state
        state.faults_made += 1
        fault.identity = str(state.faults_made)
        state.faults.append(fault)
        return {"id": fault.identity}

    def list_all(self, _: Call) -> Json:
        """Answer all faults, with how many calls each has seen and how many it has hit."""
        return {"faults": [_shown(fault) for fault in self._cloud.state.faults]}

    async def clear(self, call: Call) -> Json:
        """Delete one fault, or all; operations that were stuck by them go on."""
        faults = self._cloud.state.faults
        wanted = call.params.get("fault")
        gone = [fault for fault in faults if wanted in (None, fault.identity)]
        if wanted is not None and not gone:
            raise ApiError(404, "notFound", f"The lab has no fault {wanted}.")
        faults[:] = [fault for fault in faults if fault not in gone]
        async with self._released:
            self._released.notify_all()
        return {"faults": [_shown(fault) for fault in gone]}

    def meet(self, method: str, path: str) -> Hit | None:
        """Let the faults see a call; return the one that hits it."""
        found = None
        for fault in self._cloud.state.faults:
            if fault.method in ("", method) and re.search(fault.path, path):
                fault.seen += 1
                is_due = fault.seen >= fault.nth and (not fault.times or fault.seen < fault.nth + fault.times)
                found = found or (fault if is_due else None)
        if found is None:
            return None
        hit = Hit(found)
        if hit.kind in IN_TRANSIT:
            self._fire(hit)
        return hit

    def _fire(self, hit: Hit) -> None:
        hit.has_fired = True
        hit.fault.fired += 1
        self._cloud.save()

    def answered(self, call: Call, hit: Hit | None, work: Callable[[], Any]) -> Any:
        """Return what ``work`` answers to a call, with what the fault does to resources and operations."""
        if hit is None or "project" not in call.params:
            return work()
        fault = hit.fault
        if fault.kind == STALE and _make_stale(self._cloud, call.params):
            self._fire(hit)
        if fault.kind not in OF_OPERATIONS:
            return work()
        project = self._cloud.project(call.project)
        known = set(project.operations)
        cluster = project.clusters.get(f"{call.params.get('location')}/{call.params.get('cluster')}")
        before = as_json(cluster) if cluster else None
        answer = work()
        for name in project.operations.keys() - known:
            operation = project.operations[name]
            operation.fault = {"id": fault.identity, "kind": fault.kind, "code": fault.code, "message": fault.message}
            if fault.kind == OPERATION_ERROR and not operation.kind.startswith(("CREATE_", "DELETE_")):
                operation.fault["before"] = before
            self._fire(hit)
        return answer

    async def _interfere(self, operation: Operation) -> None:
        """Do to a running operation what its fault wants, before it does its work."""
        fault = operation.fault or {}
        if fault.get("kind") == OPERATION_STUCK:
            async with self._released:
                await self._released.wait_for(lambda: not self._has(fault["id"]))
        if fault.get("kind") != OPERATION_ERROR:
            return
        await asyncio.sleep(max(0.0, operation.due - time.time()))
        error = _operation_error(operation.api, fault["code"], fault["message"])
        if fault.get("before") is None:
            raise error
        place = f"{operation.arguments['location']}/{operation.arguments['cluster']}"
        self._cloud.project(operation.project).clusters[place] = decode(Cluster, fault["before"])
        raise Undone(error)

    def _has(self, identity: str) -> bool:
        return any(fault.identity == identity for fault in self._cloud.state.faults)


def refusal(fault: Fault) -> ApiError:
    """Return the refusal of a fault of kind ``status``."""
    reason = fault.code or _REASONS.get(fault.status, "backendError")
    # Invented text: it says what it is.
    message = fault.message or _TEXTS.get(fault.status, f"The lab refuses this request with status {fault.status}.")
    return ApiError(fault.status, reason, message, status=_CANONICAL.get(reason, ""))


def _operation_error(api: str, code: str, message: str) -> OperationError:
    text = message or "The lab lets this operation fail."  # Invented text: it says what it is.
    if api == "compute":
        name = code or "INTERNAL_ERROR"
        return OperationError(name, text, http=_HTTP.get(name, (400, "BAD REQUEST")))
    if code in _CONDITIONS:
        return OperationError(str(_CONDITIONS[code]), text, condition=code)
    return OperationError(str(RPC_CODES.get(code, RPC_CODES["INTERNAL"])), text)


def _make_stale(cloud: Cloud, params: Mapping[str, str]) -> bool:
    """Change the fingerprint of the resource in a path as another writer would; tell whether it has one."""
    project = cloud.project(params["project"])
    subnetwork = project.subnetworks.get(f"{params.get('region')}/{params.get('subnetwork')}")
    if subnetwork is not None:
        subnetwork.body["fingerprint"] = b64encode(secrets.token_bytes(8)).decode()
        return True
    cluster = project.clusters.get(f"{params.get('location')}/{params.get('cluster')}")
    if cluster is None:
        return False
    body = cluster.pools[params["pool"]].body if params.get("pool") in cluster.pools else cluster.body
    body["etag"] = uuid_of(secrets.token_hex(8))
    if "labelFingerprint" in body:
        body["labelFingerprint"] = secrets.token_hex(4)
    return True


def _fault(asked: Json) -> Fault:
    """Return the fault that somebody asks for; refuse one that cannot be."""
    known = {item.name: item for item in fields(Fault) if item.name not in _LABS_OWN}
    problems = [f"{name}: the lab knows only {', '.join(known)}" for name in asked.keys() - known]
    fault = Fault(identity="", **{"kind": "", **{name: asked[name] for name in known.keys() & asked.keys()}})
    if not isinstance(fault.kind, str) or fault.kind not in KINDS:
        problems.append(f"kind: {fault.kind!r} is none of {', '.join(KINDS)}")
    for name, kinds, least in (("nth", int, 1), ("times", int, 0), ("status", int, 400), ("seconds", (int, float), 0)):
        value = getattr(fault, name)
        if not isinstance(value, kinds) or isinstance(value, bool) or not value >= least:
            problems.append(f"{name}: {value!r} is no number from {least} on")
    if isinstance(fault.status, int) and fault.status not in STATUS_OF_CODE:
        problems.append(f"status: the lab knows {', '.join(map(str, STATUS_OF_CODE))}")
    for name in ("method", "path", "code", "message"):
        if not isinstance(getattr(fault, name), str):
            problems.append(f"{name}: {getattr(fault, name)!r} is no text")
    try:
        re.compile(fault.path)
    except (re.error, TypeError) as error:
        problems.append(f"path: {fault.path!r} is no regular expression ({error})")
    if problems:
        raise bad_request("; ".join(problems))
    return fault


def _shown(fault: Fault) -> Json:
    shown = asdict(fault)
    return {"id": shown.pop("identity"), **shown}
