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
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a terminal would obey
# A JSON web token (RFC 7519): an assertion that a token endpoint was sent, for one.
_TOKEN = re.compile(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


def is_passing(error: MultinetError) -> bool:
    """Tell whether the same may succeed a moment later: a busy or broken server, or no answer at all."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status in TRANSIENT)


def seconds_of(retry_after: str | None) -> float:
    """Return the seconds of HTTP's Retry-After (RFC 9110, 10.2.3), 0 without one; neither API sends dates there."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def shortened(message: str, whose: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return a server's words, cut; of an HTML page (a proxy's, a load balancer's) only the title.

    :param whose: the API that was expected to answer, "Google's API".
    :param longest: in characters.
    """
    message = _TOKEN.sub("********", _CONTROL.sub("", message))
    if re.match(r"\s*<(!doctype|html|head|body|\?xml)\b", message, re.IGNORECASE):
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", message, re.IGNORECASE | re.DOTALL)
        words = cut(" ".join(title[2].split()), _LONGEST_TITLE) if title else "without a title"
        return f"an HTML page ({words}), not an answer of {whose}"
    return cut(message, longest)


def cut(text: str, longest: int) -> str:
    """Return the beginning of a text, whole words only: half a secret would not be known for one, and be shown."""
    whole_words = re.sub(r"\s*\S*$", "", text[:longest])
    return text if len(text) <= longest else f"{whole_words}..."
