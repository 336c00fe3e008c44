# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amounts of CPU and memory as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")
_SCALE: dict[str | None, Decimal] = {
    None: Decimal(1),
    **{suffix: Decimal(1000) ** -power for power, suffix in enumerate("mun", start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}


def quantity(value: object) -> Decimal:
    """Return the number that a quantity stands for: 100m is 0.1, 50Mi is 52428800.

    :raises ValueError: it is none; apimachinery/pkg/api/resource.
    """
    match = _QUANTITY.fullmatch(str(value))
    if not match:
        raise ValueError("is not a quantity; write for example 100m or 50Mi")
    number, exponent, suffix = match.groups()
    return Decimal(number + (exponent or "")) * _SCALE[suffix]
