# SPDX-License-Identifier: Apache-2.0
"""What the machines are made of: fetched and built once, then shared by all labs of a user, read only.

Nothing is installed on the machine and root is not needed: see :mod:`.programs` (Go), :mod:`.tree` (Debian packages),
:mod:`.contents` (images) and :mod:`.disk` (the nodes' disk).
"""

from __future__ import annotations

from gkelab.supplies.store import Supplies, cache_folder

__all__ = ["Supplies", "cache_folder"]
