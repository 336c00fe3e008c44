# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which skips a run accepts, of tests and of gates: those on the list that MULTINET_ALLOWED_SKIPS names (.ci/run)."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable


def unexpected(skips: Iterable[str]) -> list[str]:
    """Return the skips ("NAME: REASON") that no line of the list matches; none if there is no list."""
    file = os.environ.get("MULTINET_ALLOWED_SKIPS")
    if not file:
        return []
    lines = pathlib.Path(file).read_text(encoding="utf-8").splitlines()
    patterns = [re.compile(line) for line in lines if line and not line.startswith("#")]
    return [skip for skip in skips if not any(pattern.fullmatch(skip) for pattern in patterns)]
