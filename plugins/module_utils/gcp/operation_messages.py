# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of both APIs in one form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..libraries import library


@dataclass(frozen=True)
class Seen:
    """What an operation looks like, whichever API it is of."""

    done: bool
    phase: str  # "cluster deploying", or only the status: "RUNNING"
    percent: int | None = None
    errors: tuple[dict[str, str], ...] = ()  # code and message
    lost: bool = False  # the API does not know it any more: how it ended is unknown


LOST = Seen(done=True, phase="no longer known", lost=True)


def compute_seen(operation: Any | None) -> Seen:
    """Read compute_v1.Operation, None if there is none.

    Its ``error`` has the server's words; ``http_error_message`` has only "BAD REQUEST", for want of better.
    """
    if operation is None:
        return LOST
    errors = tuple({"code": each.code, "message": each.message} for each in operation.error.errors)
    if not errors and operation.http_error_status_code:
        errors = ({"code": str(operation.http_error_status_code), "message": operation.http_error_message},)
    return Seen(
        done=operation.status.name == "DONE",
        phase=operation.status.name,
        percent=operation.progress,
        errors=errors,
    )


def container_seen(operation: Any | None) -> Seen:
    """Read container_v1.Operation, None if there is none."""
    if operation is None:
        return LOST
    phase, percent = _phase(operation)
    return Seen(
        done=operation.status.name == "DONE",
        phase=phase,
        percent=percent,
        errors=tuple({"code": code, "message": message} for code, message in dict.fromkeys(_errors(operation))),
    )


def _phase(operation: Any) -> tuple[str, int | None]:
    """Return the phase and the percentage of CLUSTER_DEPLOYING=7, CLUSTER_DEPLOYING_TOTAL=12 and the like.

    An operation without such metrics may have a detail, and always has a status.
    """
    values = {metric.name: metric.int_value for metric in operation.progress.metrics}
    phases = [(name, values[name], values[f"{name}_TOTAL"]) for name in values if values.get(f"{name}_TOTAL")]
    if not phases:
        return operation.detail or operation.status.name, None
    current = next((name for name, done, total in phases if done < total), phases[-1][0])
    percent = 100 * sum(phase[1] for phase in phases) // sum(phase[2] for phase in phases)
    return current.lower().replace("_", " "), percent


def _errors(operation: Any) -> Iterator[tuple[str, str]]:
    """Yield code and message of the error, and of the conditions, which may say the same.

    The older status_message is an error, too, wherever it is set.
    """
    codes = library("google.rpc.code_pb2", "googleapis-common-protos").Code
    if operation.error.code or operation.status_message:
        name = codes.Name(operation.error.code) if operation.error.code else ""
        yield name, operation.error.message or operation.status_message
    for condition in (*operation.cluster_conditions, *operation.nodepool_conditions):
        name = codes.Name(condition.canonical_code) if condition.canonical_code else ""
        yield condition.code.name if condition.code else name, condition.message
