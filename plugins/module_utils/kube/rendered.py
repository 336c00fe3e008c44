# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a module that only shows what it would write, and contacts nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..reconcile import Context, State
from .client import Object


def rendered(
    key: str, state: State, manifest: list[Object] | None, warnings: Iterable[str], context: Context
) -> dict[str, Any]:
    """Return the result of ``state=rendered``, or of one that only looks at the options.

    :param key: under which the module returns its state, "nad".
    :param manifest: the documents that ``state=present`` would write, None to show none.
    """
    for warning in warnings:
        context.warn(warning)
    shown = {} if manifest is None else {"manifest": manifest}
    return {"changed": False, "actions": [], key: state, **shown}
