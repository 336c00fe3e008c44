# SPDX-License-Identifier: Apache-2.0
"""The machines behind the cloud: control planes as processes, nodes as kernels, networks as one more process."""

from __future__ import annotations

import sys
from pathlib import Path

from gkelab import engine
from gkelab.engine import ApiEngine, Engine, EngineError
from gkelab.machines.engines import ControlPlaneEngine, FullEngine
from gkelab.state import Lab
from gkelab.supplies import Supplies, cache_folder

ENGINES = engine.NAMES


def engine_for(name: str, folder: Path) -> Engine:
    """Return the engine of a lab's folder, which `gkelab up` has prepared."""
    if name == "api":
        return ApiEngine()
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name!r}, only {', '.join(ENGINES)}")
    supplies = Supplies(cache_folder(), print_line)
    return (FullEngine if name == "full" else ControlPlaneEngine)(Lab(folder), supplies)


def print_line(text: str) -> None:
    """Add a line to the log of the process that uses the engine."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
