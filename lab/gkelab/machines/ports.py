# SPDX-License-Identifier: Apache-2.0
"""The lab's ports, all on 127.0.0.1: the Google APIs at the base port, gRPC and what machines need above it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from gkelab.engine import EngineError
from gkelab.files import write_secret
from gkelab.locks import locked
from gkelab.processes import start_time

REGISTRY_OFFSET = 1
GRPC_OFFSET = 2
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


def claim(base: int, count: int, taken: Iterable[int], cache: Path) -> list[int]:
    """Return ports above the base that are this process's own from now on: no other lab of the user gets them.

    The ranges of labs overlap, and a port that was chosen is free until its program runs.
    """
    cache.mkdir(parents=True, exist_ok=True)
    register = cache / "ports.json"
    me = (os.getpid(), start_time(os.getpid()))
    with locked(cache / "locks" / "ports", "ports"):
        claims = {int(port): (pid, started) for port, (pid, started) in _read(register).items()}
        valid = {port: owner for port, owner in claims.items() if start_time(owner[0]) == owner[1]}
        chosen = choose(base, count, {*taken, *(port for port, owner in valid.items() if owner != me)})
        write_secret(register, json.dumps(valid | dict.fromkeys(chosen, me)))
    return chosen


def _read(register: Path) -> dict[str, tuple[int, str]]:
    try:
        claims: dict[str, tuple[int, str]] = json.loads(register.read_text())
    except (OSError, ValueError):  # nobody has claimed anything yet
        return {}
    return claims


def choose(base: int, count: int, taken: Iterable[int]) -> list[int]:
    """Return ports above the base that nobody listens on and that are not taken."""
    known = set(taken)
    free = (port for port in range(base + FIRST_OFFSET, base + SPAN) if port not in known and is_free(port))
    chosen = [port for port, _ in zip(free, range(count), strict=False)]
    if len(chosen) < count:
        raise EngineError(
            f"no {count} free ports between {base + FIRST_OFFSET} and {base + SPAN} on 127.0.0.1: choose another --port"
        )
    return chosen
