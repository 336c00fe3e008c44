# SPDX-License-Identifier: Apache-2.0
"""Identities, fingerprints and times in the forms of Google's APIs.

All of them come from a counter of the state and a hash, so that they are unique and survive a restart.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta, timezone

from gkelab.cloud.errors import Json
from gkelab.cloud.state import State

_PACIFIC = timezone(timedelta(hours=-7))
# Published recordings of real traffic carry this in place of every fingerprint, in answers and in requests alike: what
# their client sent was the current one. No fingerprint of the lab is ever this one.
RECORDED_FINGERPRINT = "abcdef0123A="
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def digest(*parts: object) -> str:
    """Return 64 hexadecimal digits that depend on ``parts`` alone."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def numeric_id(state: State) -> str:
    """Return the next numeric identity, 19 digits."""
    state.counter += 1
    spread = int(digest("id", state.counter)[:8], 16) % 10**6
    return str(10**18 + state.counter * 10**9 + spread)


def fingerprint(body: Json) -> str:
    """Return the fingerprint of a body: base64 of eight bytes."""
    plain = {key: value for key, value in body.items() if key != "fingerprint"}
    return base64.b64encode(bytes.fromhex(digest(json.dumps(plain, sort_keys=True))[:16])).decode()


def is_current(sent: str, current: str) -> bool:
    """Tell whether a fingerprint that a client sent is the current one, or the recordings' word for it.

    They are bytes in base64, of which JSON may have either alphabet: gcloud writes - for +.
    """
    alphabet = str.maketrans("-_", "+/")
    return sent.translate(alphabet) in (current.translate(alphabet), RECORDED_FINGERPRINT)


def uuid_of(*parts: object) -> str:
    """Return a UUID that depends on ``parts`` alone, the form of GKE's etags."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def base36(length: int, *parts: object) -> str:
    """Return ``length`` letters and digits that depend on ``parts`` alone, as in the names of instances."""
    number = int(digest(*parts), 16)
    letters = []
    for _ in range(length):
        number, rest = divmod(number, 36)
        letters.append(_BASE36[rest])
    return "".join(letters)


def operation_name(state: State) -> tuple[str, str]:
    """Return the name and the numeric identity of the next operation."""
    identity = numeric_id(state)
    text = digest("operation", identity)
    return f"operation-{int(time.time() * 1000)}-{text[:13]}-{text[13:21]}-{text[21:29]}", identity


def compute_time(seconds: float) -> str:
    """Return a time as Compute prints it: milliseconds, Pacific time."""
    return datetime.fromtimestamp(seconds, _PACIFIC).isoformat(timespec="milliseconds")


def container_time(seconds: float) -> str:
    """Return a time as Container prints those of operations: nanoseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def cluster_time(seconds: float) -> str:
    """Return a time as Container prints a cluster's createTime: seconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
