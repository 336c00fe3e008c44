# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a cluster or a node pool, whoever has started what is under way in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .nodes import UNSETTLED, refuse_unusable, status_of
from .operations import Operations


def settle(operations: Operations, what: str, find: Callable[[], Any | None]) -> Any:
    """Wait until nothing is under way in a cluster or node pool; return it.

    :param find: reads it; None if it is not there.
    :raises Refused: it is broken, or there no longer.
    """
    operations.finish()
    found = operations.wait_for(
        f"{what} is ready", find, lambda resource: status_of(resource) not in UNSETTLED, status_of
    )
    refuse_unusable(what, found)
    return found


def await_gone(operations: Operations, what: str, find: Callable[[], Any | None]) -> None:
    """Wait until a cluster or node pool is no longer there; see :func:`settle`."""
    operations.finish()
    operations.wait_for(f"{what} is gone", find, lambda resource: resource is None, status_of)
