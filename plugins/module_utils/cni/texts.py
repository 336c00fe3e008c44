# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts as Kubernetes wants them (names, values of labels), and as people do (short lists, tables)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# RFC 1123. Multus looks for it in names of attachments without a limit to its length.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
LABEL = re.compile(_LABEL)
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
LONGEST_LABEL, LONGEST_SUBDOMAIN = 63, 253


def is_label(name: str) -> bool:
    """Tell whether a name is an RFC 1123 label: that of a namespace, or of an attachment."""
    return len(name) <= LONGEST_LABEL and bool(LABEL.fullmatch(name))


def is_object_name(name: str) -> bool:
    """Tell whether a name is an RFC 1123 subdomain, which Kubernetes takes for most objects: that of a pod, a pool."""
    return len(name) <= LONGEST_SUBDOMAIN and bool(_SUBDOMAIN.fullmatch(name))


def texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Return labels, annotations or selectors as Kubernetes wants them; None if they were not given.

    YAML makes booleans and numbers of unquoted words; Kubernetes has texts there, and spells true and false in lower
    case.
    """
    if values is None:
        return None
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}


def some(items: Iterable[str], most: int = 5, *, separator: str = ", ") -> str:
    """Return the first few of several texts, and how many more there are."""
    found = list(items)
    return separator.join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return a table for people: rows, the heading first, as lines with aligned columns."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
