# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever started a run: it keeps what it is warned of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Context:
    """As reconcile.Context has it."""

    check_mode: bool = False
    diff: bool = True
    tmpdir: str = ""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, now: object) -> None:
        pass

    def hide(self, *secrets: object) -> None:
        pass
