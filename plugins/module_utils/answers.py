# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers of all HTTP APIs have in common, Google's and Kubernetes': which failures pass, and when to come
back.
"""

from __future__ import annotations

import re

from .errors import ApiError, MultinetError, Unreachable

TRANSIENT = {408, 429, 500, 502, 503, 504}
_LONGEST_MESSAGE = 1000  # characters
_LONGEST_TITLE = 100  # of an HTML page


def is_passing(error: MultinetError) -> bool:
    """Tell whether the same may succeed a moment later: a busy or broken server, or no answer at all."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status in TRANSIENT)


def seconds_of(retry_after: str | None) -> float:
    """Return the seconds of HTTP's Retry-After (RFC 9110, 10.2.3), 0 without one; neither API sends dates there."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def shortened(message: str, whose: str) -> str:
    """Return a server's words, cut; of an HTML page (a proxy's, a load balancer's) only the title.

    :param whose: the API that was expected to answer, "Google's API".
    """
    if re.match(r"\s*<(!doctype|html|head|body|\?xml)\b", message, re.IGNORECASE):
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", message, re.IGNORECASE | re.DOTALL)
        words = " ".join(title[2].split())[:_LONGEST_TITLE] if title else "without a title"
        return f"an HTML page ({words}), not an answer of {whose}"
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
