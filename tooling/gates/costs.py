# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each gate costs and how it ended, as a table."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .running import Gate, GateFailed, GateSkipped, Outcome, Tree
from .skips import unexpected


@dataclass(frozen=True)
class Cost:
    """One gate's row."""

    name: str
    seconds: float
    cpu: float  # of the processes that it has waited for; a lab runs beside them
    outcome: Outcome
    failed: bool
    said: str = ""  # what there is to show of it, as it failed


def measured(name: str, gate: Gate, tree: Tree) -> Cost:
    """Run a gate; keep what it printed if it fails. One that is skipped fails if its reason is not on the list."""
    begin, before = time.monotonic(), _cpu()
    failed, said = False, ""
    try:
        outcome = gate(tree) or Outcome()
    except GateSkipped as skipped:
        outcome = Outcome("skipped", skips=Counter([str(skipped)]))
        for skip in unexpected([f"{name}: {skipped}"]):
            failed, said = True, f"this skip is not on the list: {skip}\n{name}: FAILED"
    except GateFailed as failure:
        outcome, failed, said = failure.outcome, True, f"{failure}\n{name}: FAILED"
    return Cost(name, time.monotonic() - begin, _cpu() - before, outcome, failed, said)


def table(costs: list[Cost], seconds: float) -> Iterator[str]:
    """Yield the lines: a row for each gate, each skip with its reason, and a last one, which ends as pytest's does.

    :param seconds: that all of it took, which is less than the sum where gates ran side by side.
    """
    yield f"{'gate':18} {'seconds':>8} {'CPU':>8}  result"
    yield from map(row, costs)
    yield f"{'all':18} {seconds:8.1f} {sum(cost.cpu for cost in costs):8.1f}"
    for cost in costs:
        for reason, number in cost.outcome.skips.items():
            yield f"{cost.name}: {number} skipped: {reason}"
    tests = sum((cost.outcome.tests for cost in costs), Counter[str]())
    if tests:
        yield f"{in_words(tests)} in {seconds:.2f}s"


def row(cost: Cost) -> str:
    """Return what a gate cost, and how it ended."""
    result = f"FAILED {cost.outcome.words}" if cost.failed else cost.outcome.words
    return f"{cost.name:18} {cost.seconds:8.1f} {cost.cpu:8.1f}  {result}"


def in_words(tests: Counter[str]) -> str:
    """Return how tests ended, in pytest's words."""
    return ", ".join(f"{number} {word}" for word, number in tests.items() if number)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
