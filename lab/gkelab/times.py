# SPDX-License-Identifier: Apache-2.0
"""Points in time as a user writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def since(text: str) -> datetime:
    """Return the time that "90s", "10m", "2h" (ago), "1764000000" (seconds of 1970) or an RFC 3339 time means.

    A time without zone is UTC. Raises ValueError for anything else.
    """
    ago = re.fullmatch(r"([0-9]+)([smh])", text)
    if ago:
        return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
