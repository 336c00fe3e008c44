# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a write, and how a run may end then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stories import Write

REASON = "because the matrix wants it"
PERMISSION = "Required 'compute.networks.create' permission for 'projects/test'"
SHORT = 4  # seconds to wait for what does not come
LONG = 120  # seconds to wait for what comes, on a busy machine
AGAIN = "run again"


@dataclass(frozen=True)
class Fault:
    """One kind of fault, with the words that a clear failure needs."""

    name: str  # as the table heads its column
    request: dict[str, Any]  # what the lab is asked for
    cause: str = REASON  # a regular expression: what a failure has to quote
    remedy: str = ""  # the same: what it has to say that one can do, where Google's own words do not
    heals: bool = False  # whether a run has to cope with it by itself
    on_fingerprints: bool = False  # whether it is for writes that send one only

    def __str__(self) -> str:
        return self.name

    @property
    def timeout(self) -> int:
        """Return the wait_timeout of a run under this fault: the ends of the others do not depend on it."""
        return LONG if self.heals else SHORT

    def fits(self, write: Write) -> bool:
        """Tell whether it can happen to a write."""
        return write.has_fingerprint or not self.on_fingerprints


def _status(status: int, message: str = REASON) -> dict[str, Any]:
    return {"kind": "status", "status": status, "message": message}


# A name with a star: it goes on until somebody does something about it.
FAULTS = (
    Fault("401", _status(401), cause="does not accept", remedy="gcloud auth print-access-token"),
    Fault("403", _status(403, PERMISSION), cause="compute.networks.create", remedy="roles/compute.networkAdmin"),
    Fault("409", _status(409), cause=f"{REASON}|not found|missing"),
    Fault("412", _status(412)),
    Fault("429", _status(429), heals=True),
    Fault("429*", {**_status(429), "times": 0}, remedy=AGAIN),
    Fault("500", _status(500), heals=True),
    Fault("502", _status(502), heals=True),
    Fault("503", _status(503), heals=True),
    Fault("503*", {**_status(503), "times": 0}, remedy=AGAIN),
    Fault("html", {"kind": "html"}, heals=True),
    Fault("html*", {"kind": "html", "times": 0}, cause="502", remedy=AGAIN),
    Fault("drop<", {"kind": "drop-before"}, heals=True),
    Fault("drop<*", {"kind": "drop-before", "times": 0}, cause="no answer", remedy=AGAIN),
    Fault("drop>", {"kind": "drop-after"}, heals=True),
    Fault("slow", {"kind": "slow", "seconds": 1}, heals=True),
    Fault("opfail", {"kind": "operation-error", "message": REASON}),
    Fault("oplost", {"kind": "operation-lost"}, heals=True),
    Fault("opstuck", {"kind": "operation-stuck"}, cause="RUNNING|PENDING|PROVISIONING|STOPPING", remedy=AGAIN),
    Fault("stale", {"kind": "stale-fingerprint"}, heals=True, on_fingerprints=True),
)
# Those that the site playbook meets itself: it waits as long as the modules do by default, so none that stays.
SITE_FAULTS = tuple(fault for fault in FAULTS if fault.name in ("403", "503", "drop>", "opfail", "oplost"))
# Not faults of the lab's: it only gives one the time to kill the playbook before the answer, or while it waits for the
# operation.
KILLS = (
    Fault("kill<", {"kind": "slow", "seconds": 60}, heals=True),
    Fault("kill>", {"kind": "operation-stuck"}, heals=True),
)
COLUMNS = tuple(fault.name for fault in (*FAULTS, *KILLS))
