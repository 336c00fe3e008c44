# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a large matrix, an ordinary run takes a seeded sample: a test marked ``sample(12)`` runs with 12 of its cases.

Long tests may share a sample: of all that are marked ``sample(2, "long stories")`` two are run. MULTINET_TEST_ALL=1
runs all of them, MULTINET_SEED=NUMBER repeats a sample.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict

import pytest

SAMPLE = "sample"  # the property of a report that says what sample its case is of
WHOLE = os.environ.get("MULTINET_TEST_ALL") == "1"


def seed() -> int:
    """Return the seed of this run; the processes of one run share it."""
    return int(os.environ.setdefault("MULTINET_SEED", str(random.randrange(10**6))))


def take(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the sample; each case that stays says how large it is."""
    matrices: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("sample")
        if mark:
            matrices[mark.args[1] if len(mark.args) > 1 else item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    for name, cases in sorted(matrices.items()):
        mark = cases[0].get_closest_marker("sample")
        assert mark is not None
        size = len(cases) if WHOLE else min(len(cases), int(mark.args[0]))
        chosen = random.Random(f"{seed()} {name}").sample(cases, size)
        left_out |= set(cases) - set(chosen)
        how = "" if size == len(cases) else f" (MULTINET_SEED={seed()} repeats it)"
        for case in chosen:
            case.user_properties.append((SAMPLE, f"{name}: {size} of {len(cases)} cases{how}"))
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
