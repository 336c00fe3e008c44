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


def answers(lab: Lab) -> bool:
    """Tell whether the Google APIs of this lab answer; another lab at the same port does not know the token."""
    try:
        status, _ = _ask(lab.settings(), "GET", "/lab/faults", seconds=ANSWERED_WITHIN, token=lab.token)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return status == http.HTTPStatus.OK


def repair(lab: Lab) -> tuple[int, int]:
    """Let the cloud start what should run and does not; return how many clusters and nodes run then."""
    try:
        status, answer = _ask(lab.settings(), "POST", "/lab/repair", seconds=REPAIRED_WITHIN, token=lab.token)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise LabError(f"the cloud ended or did not answer while it repaired the lab ({error})") from error
    if status != http.HTTPStatus.OK:
        raise LabError(f"not all of the lab could be repaired: {answer['error']['message']}")
    return answer["clusters"], answer["nodes"]


def ask(lab: Lab, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Send the cloud a request of the lab's own; return the answer's JSON."""
    try:
        status, answer = _ask(lab.settings(), method, path, seconds=ANSWERED_WITHIN, token=lab.token, body=body)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise LabError(f"the cloud of the lab in {lab.folder} does not answer ({error})") from error
    if status != http.HTTPStatus.OK:
        raise LabError(answer["error"]["message"])
    return answer


def _ask(
    settings: Settings,
    method: str,
    path: str,
    *,
    seconds: float,
    token: str = "",
    body: Mapping[str, Any] | None = None,
) -> tuple[int, Any]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", settings.port, timeout=seconds)) as connection:
        connection.request(
            method, path, None if body is None else json.dumps(body), {"Authorization": f"Bearer {token}"}
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
