# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One answer to one question about a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["pass", "fail", "warn", "skip"]


@dataclass(frozen=True)
class Result:
    """What a check found."""

    check: str  # "ip_in_pool"
    status: Status
    subject: str  # what was looked at: "default/my-nad", "default/samplepod"
    msg: str
    remedy: str = ""  # what to do, if anything is to be done
    data: Mapping[str, Any] = field(default_factory=dict)  # what msg is made of: "ip", "node", "pool", ...

    def __str__(self) -> str:
        return f"{self.subject}: {self.msg}"


def settled(check: str, subject: str, msg: str, findings: Iterable[Result]) -> Iterator[Result]:
    """Yield findings, or that all is well if there are none.

    :param msg: what is well: "4 pods have their network-status".
    """
    found = list(findings)
    yield from found or [Result(check, "pass", subject, msg)]


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: "1 pod", "2 pods"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
