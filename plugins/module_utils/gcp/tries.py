# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending a mutation more than once: after which failures, after which pause, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..answers import is_passing
from ..errors import ApiError, Stale, Unreachable
from ..waiting import Deadline, backoff

DOUBT_PATIENCE = 60.0  # seconds for which answers may be lost or broken, until we give up
LONGEST_PAUSE = 16.0  # seconds, between two tries that were not answered, or were one too many
MOST_STALE = 10  # times that others may change a thing between our read and our write


@dataclass(frozen=True)
class Try:
    """One attempt to start or to see something; an obstacle means that it is worth another one."""

    result: Any = None
    obstacle: str = ""
    pause: float = 0.0  # seconds until the next attempt, at least


class Tries:
    """The tries of one mutation that came to nothing, and what that says about the next one."""

    def __init__(self, deadline: Deadline, *, creating: bool = False, remade: bool = False) -> None:
        """Take what kind of mutation it is.

        :param creating: whether it makes something that is not there yet.
        :param remade: whether each try is made of what was read anew.
        """
        self.in_doubt = False  # it may have happened: an answer was lost, or it is said to be there already
        self._deadline = deadline
        self._creating = creating
        self._remade = remade
        self._failures = 0
        self._lost_since: float | None = None
        self._said = ""  # by the last failure of a server, or of the way to it

    def in_vain(self, error: ApiError | Unreachable) -> Try:
        """Return the obstacle, if it is worth another try; otherwise raise the error.

        :raises Stale: the resource has changed, perhaps by an earlier try of ours; only it can tell.
        """
        self._failures += 1
        pause = backoff(self._failures, LONGEST_PAUSE)
        if isinstance(error, Unreachable):
            return self._after_a_loss(error, pause)
        pause = max(pause, error.retry_after)
        if self._remade and isinstance(error, Stale):
            return self._after_a_change(error)
        if _is_one_too_many(error):
            return Try(obstacle=error.api_message, pause=pause)
        if is_passing(error):
            return self._after_a_loss(error, pause)
        self._lost_since = None
        if error.status == 409 and self._creating and not isinstance(error, Stale):
            self.in_doubt = True
            return Try(obstacle=error.api_message)
        if _is_in_the_way(error):
            return Try(obstacle=error.api_message, pause=error.retry_after)
        if self.in_doubt and not self._creating and (isinstance(error, Stale) or error.status in (400, 409)):
            stale = Stale(error.what, error.status, error.reason, error.api_message)
            stale.perhaps_done = True
            raise stale from error
        raise error

    def _after_a_change(self, error: Stale) -> Try:
        if self._failures < MOST_STALE:
            # The sooner it is read and sent again, the less likely is it that others come in between once more.
            return Try(obstacle=error.api_message, pause=error.retry_after)
        # Not as Stale, which would have it all planned anew: each try was made of what was just read.
        remedy = "it changes each time between our read and our write: see who else is at it, and run again"
        raise ApiError(error.what, error.status, error.reason, error.api_message, remedy=remedy) from error

    def _after_a_loss(self, error: ApiError | Unreachable, pause: float) -> Try:
        self.in_doubt = True
        now = self._deadline.elapsed()
        self._lost_since = now if self._lost_since is None else self._lost_since
        if now + pause - self._lost_since > DOUBT_PATIENCE:
            raise error
        # If it was our deadline that ended the last try, then what was said before tells more.
        if not (self._said and isinstance(error, Unreachable) and self._deadline.left() <= 0):
            self._said = str(error)
        return Try(obstacle=self._said, pause=pause)


def _is_one_too_many(error: ApiError) -> bool:
    """Tell whether there were too many requests or operations; Compute says so with 403, too."""
    return error.status == 429 or error.reason in ("rateLimitExceeded", "userRateLimitExceeded")


def _is_in_the_way(error: ApiError) -> bool:
    """Tell whether something else has to end first.

    Kubernetes Engine runs one operation per cluster at a time and refuses others with 400 FAILED_PRECONDITION; all its
    texts for that name the operation that is running. Compute says resourceNotReady while a part is being deleted.
    """
    return error.reason == "resourceNotReady" or (
        error.status == 400 and re.search(r"\boperation-\d", error.api_message) is not None
    )
