# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a large matrix, an ordinary run takes a seeded sample: a test marked ``sample(12)`` runs with 12 of its cases.

Long tests may share a sample: of all that are marked ``sample(2, "long stories")`` two are run. The tests of a file
that tell one story go together, with ``by_file=True``. MULTINET_TEST_ALL=1 runs all of them, MULTINET_SEED=NUMBER
repeats a sample.
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
    matrices: dict[str, dict[str, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    sizes: dict[str, int] = {}
    for item in items:
        mark = item.get_closest_marker("sample")
        if mark:
            name = mark.args[1] if len(mark.args) > 1 else item.nodeid.partition("[")[0]
            sizes[name] = mark.args[0]
            matrices[name][str(item.path) if mark.kwargs.get("by_file") else item.nodeid].append(item)
    left_out: set[pytest.Item] = set()
    for name, cases in sorted(matrices.items()):
        size = len(cases) if WHOLE else min(len(cases), sizes[name])
        chosen = random.Random(f"{seed()} {name}").sample(sorted(cases), size)
        left_out |= {item for case in cases.keys() - set(chosen) for item in cases[case]}
        how = "" if size == len(cases) else f" (MULTINET_SEED={seed()} repeats it)"
        for case in chosen:
            for item in cases[case]:
                item.user_properties.append((SAMPLE, f"{name}: {size} of {len(cases)} cases{how}"))
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
