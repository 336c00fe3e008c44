# SPDX-License-Identifier: Apache-2.0
"""What to type next, as the user calls this program: by its name, as a module, or through make."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

# Set to "make" by a Makefile that has these targets; its `make -s env` tells the shell what `gkelab` is.
VARIABLE = "GKELAB_HINT"
TARGETS = {"up": "lab", "down": "down", "env": "-s env"}


def command(name: str, *options: str) -> str:
    """Return the shell command for one of gkelab's commands."""
    through_make = os.environ.get(VARIABLE) == "make"
    if through_make and name in TARGETS:
        return " ".join(("make", TARGETS[name], *([f"ARGS={shlex.quote(shlex.join(options))}"] if options else ())))
    as_module = Path(sys.argv[0]).name == "__main__.py" and not through_make
    own = [Path(sys.executable).name, "-m", "gkelab"] if as_module else ["gkelab"]
    return shlex.join([*own, name, *options])
