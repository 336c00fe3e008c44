# SPDX-License-Identifier: Apache-2.0
"""Asking the lab's own cloud: whether it answers, and to repair what it has lost."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import Any

from gkelab.state import Lab, LabError, Settings

ANSWERED_WITHIN = 5  # seconds
REPAIRED_WITHIN = 600  # seconds; nodes may have to boot


def answers(settings: Settings) -> bool:
    """Tell whether the Google APIs of a lab answer."""
    try:
        status, answer = _ask(settings, "GET", "/", {}, ANSWERED_WITHIN)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return status == http.HTTPStatus.OK and isinstance(answer, dict) and answer.get("kind") == "gkelab"


def repair(lab: Lab) -> tuple[int, int]:
    """Let the cloud start what should run and does not; return how many clusters and nodes run then."""
    token = {"Authorization": f"Bearer {lab.token}"}
    try:
        status, answer = _ask(lab.settings(), "POST", "/lab/repair", token, REPAIRED_WITHIN)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise LabError(f"the cloud ended or did not answer while it repaired the lab ({error})") from error
    if status != http.HTTPStatus.OK:
        raise LabError(f"not all of the lab could be repaired: {answer['error']['message']}")
    return answer["clusters"], answer["nodes"]


def _ask(settings: Settings, method: str, path: str, headers: Mapping[str, str], seconds: float) -> tuple[int, Any]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", settings.port, timeout=seconds)) as connection:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
