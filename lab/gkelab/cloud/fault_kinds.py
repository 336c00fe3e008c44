# SPDX-License-Identifier: Apache-2.0
"""The kinds of faults: what happens to a call that one hits."""

from __future__ import annotations

STATUS, HTML, DROP_BEFORE, DROP_AFTER, SLOW = "status", "html", "drop-before", "drop-after", "slow"
STALE = "stale-fingerprint"
OPERATION_ERROR, OPERATION_LOST, OPERATION_STUCK = "operation-error", "operation-lost", "operation-stuck"
KINDS = {
    STATUS: "refused with --status, no effect",
    HTML: "refused with status 502 and an HTML page, no effect",
    DROP_BEFORE: "connection closed, no effect",
    DROP_AFTER: "has its effect, connection closed without an answer",
    SLOW: "has its effect, the answer comes after --seconds",
    STALE: "the resource's fingerprint and etag change just before",
    OPERATION_ERROR: "accepted, the operation fails with --code and --message",
    OPERATION_LOST: "has its effect, nobody can find the operation",
    OPERATION_STUCK: "accepted, the operation goes on when the fault is cleared",
}
REFUSALS = {STATUS, HTML, DROP_BEFORE}  # no effect
DROPS = {DROP_BEFORE, DROP_AFTER}  # no answer
IN_TRANSIT = REFUSALS | DROPS | {SLOW}  # may happen to any call, whatever it asks for
OF_OPERATIONS = {OPERATION_ERROR, OPERATION_LOST, OPERATION_STUCK}
