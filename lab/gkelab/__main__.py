# SPDX-License-Identifier: Apache-2.0
"""`python -m gkelab` is `gkelab`."""

import importlib
import importlib.util
import sys

# What pip would have installed with the package; here it may run from its sources.
NEEDED = ("aiohttp", "cryptography", "google.cloud.compute_v1", "google.cloud.container_v1")


def is_there(name: str) -> bool:
    """Tell whether this Python has a package, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # not even google or google.cloud
        return False


def main() -> None:
    """Run the command line, if this Python can."""
    absent = [name for name in NEEDED if not is_there(name)]
    if absent:
        sys.exit(
            f"gkelab: {sys.executable} has no {', '.join(absent)}: use a Python that does (`pip install ./lab` in the "
            "repository gives it the lab and what it needs; `make lab` sets one up by itself)"
        )
    importlib.import_module("gkelab.cli").main()


if __name__ == "__main__":
    main()
