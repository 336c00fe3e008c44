# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found in a CNI configuration: what is refused, and what is allowed and perhaps not meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from ..errors import Problems

Path = Callable[[str], str]  # from a key of a section to its path in the options

_WORDS = {str: "a text", list: "a list", dict: "an object", bool: "true or false", int: "a number"}


class Findings(Problems):
    """Problems, and beside them warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Note what is allowed, and perhaps not meant."""
        self.warnings.append(text)

    def check_type(self, path: str, value: object, wanted: type) -> bool:
        """Tell whether a JSON value has a type, and note it if not; true and false are no numbers."""
        if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
            return True
        self.add(path, value, f"must be {_WORDS[wanted]}")
        return False

    def check_key(
        self, path: Path, key: str, value: object, *, kind: str, known: Collection[str], rules: Rules
    ) -> None:
        """Note a key that nobody reads: as a problem, or as a warning if the rules are not strict.

        :param kind: of the section, for the message: "ipam".
        """
        snake = re.sub("([A-Z])", r"_\1", key).lower()
        near = difflib.get_close_matches(snake, known, n=1) or difflib.get_close_matches(key, known, n=1)
        text = f'unknown {kind} key "{key}"' + (f' (did you mean "{near[0]}"?)' if near else "")
        if rules.strict:
            self.add(path(key), value, text)
        else:
            self.warn(f"{path(key)}: {text}; it is ignored when a pod starts")


@dataclass(frozen=True)
class Rules:
    """How strictly a configuration is judged, and for whom."""

    strict: bool = True  # unknown keys are refused
    whereabouts_version: str = "0.7.0"  # that of the guide
    range_follows: bool = False  # it is not known yet, so what depends on it is checked later
