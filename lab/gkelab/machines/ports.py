# SPDX-License-Identifier: Apache-2.0
"""The lab's ports, all on 127.0.0.1: the Google APIs at the base port, and what the machines need above it."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from gkelab.engine import EngineError

REGISTRY_OFFSET = 1
FIRST_OFFSET = 10  # of the clusters
SPAN = 500


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(base: int, count: int, taken: Iterable[int]) -> list[int]:
    """Return ports above the base that nobody listens on and no other cluster of the lab has."""
    known = set(taken)
    free = (port for port in range(base + FIRST_OFFSET, base + SPAN) if port not in known and is_free(port))
    chosen = [port for port, _ in zip(free, range(count), strict=False)]
    if len(chosen) < count:
        raise EngineError(f"no {count} free ports between {base + FIRST_OFFSET} and {base + SPAN} on 127.0.0.1")
    return chosen
