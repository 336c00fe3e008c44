# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a release, check it and leave it in .build/release: python -m release [--draft] [--engine ENGINE]."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
import tempfile

from gates.running import GateFailed

from . import assembly
from .checkout import Checkout
from .commands import Failed
from .products import SUMS
from .rehearsal import ENGINES, rehearse

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASES = ROOT / ".build" / "release"


def say(text: str) -> None:
    """Show what is going on."""
    print(f"release: {text}", flush=True)


def make(checkout: Checkout, name: str, engine: str) -> pathlib.Path:
    """Build a release and rehearse it; it appears under its name when all of that has worked."""
    RELEASES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RELEASES) as folder:
        new = pathlib.Path(folder, "new")
        say(f"building {name} of commit {checkout.commit}")
        assembly.build(checkout, new)
        rehearse(new, engine, say)
        shutil.rmtree(RELEASES / name, ignore_errors=True)
        return new.rename(RELEASES / name)


def main() -> int:
    """Make the release that the checkout is ready for, or a draft; the exit code tells whether it can be published."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("--draft", action="store_true", help="build the commit although it is not ready for a release")
    parser.add_argument("--engine", choices=ENGINES, default="full", help="the lab that it is tried on; full")
    options = parser.parse_args()
    checkout = Checkout(ROOT)
    objections = checkout.objections()
    for objection in objections:
        say(f"not ready: {objection}")
    if objections and not options.draft:
        say('nothing was built; ARGS="--draft" builds what is committed all the same, to try it')
        return 1
    try:
        done = make(checkout, checkout.version + ("-draft" if options.draft else ""), options.engine)
    except (Failed, GateFailed) as failure:
        say(f"FAILED: {failure}")
        return 1
    say(f"{done.relative_to(ROOT)} is complete{': A DRAFT, NOT TO BE PUBLISHED' if options.draft else ''}")
    print((done / SUMS).read_text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
