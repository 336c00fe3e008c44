# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of others: quiet while they work, and all that they said if they fail."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Mapping


class Failed(Exception):
    """A step of the release has failed; the text says how."""


def run(*command: object, cwd: pathlib.Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Return what a command printed, without its warnings; Failed, with all that it said, if it failed."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ} if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,  # the modes of what is made end up in archives
    )
    if result.returncode:
        raise Failed(f"{result.stdout}{result.stderr}\nthis failed ({result.returncode}): {' '.join(words)}")
    return result.stdout
