# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules of five fields, as Whereabouts reads them (robfig/cron v3, ParseStandard)."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# The least and the largest number of minute, hour, day of the month, month, day of the week, and names for them.
_FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def is_schedule(text: str) -> bool:
    """Tell whether a text is a schedule of five fields."""
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(
        all(_is_part(part, *limits) for part in field.split(",")) for field, limits in zip(fields, _FIELDS, strict=True)
    )


def _is_part(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if not match or (match["step"] is not None and int(match["step"]) == 0):
        return False
    ends = [_number(end, least, names) for end in (match["first"], match["last"]) if end is not None]
    return all(end is not None and least <= end <= most for end in ends) and ends == sorted(
        ends, key=lambda end: end or 0
    )


def _number(text: str, least: int, names: tuple[str, ...]) -> int | None:
    """Return the number of a day, a month or a minute; None if it is none of these."""
    if text.lower() in names:
        return names.index(text.lower()) + least
    return int(text) if text.isascii() and text.isdigit() else None
