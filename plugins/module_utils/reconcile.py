# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observe, plan, apply: the only place that knows check mode, diff, changed and progress.

A resource says what is there (:meth:`Resource.observe`, reads only) and what would have to happen
(:meth:`Resource.plan`, pure). :func:`reconcile` decides whether it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from .errors import MultinetError, OperationFailed, Stale
from .waiting import Progress

Observed = TypeVar("Observed")
State = dict[str, Any]

MOST_ROUNDS = 5  # of reading and planning again, because others are at the same resource


class Context(Protocol):
    """How a run talks to whoever started it: an ordinary module, or an action in the controller."""

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be written."""

    @property
    def diff(self) -> bool:
        """Tell whether the difference is wanted."""

    @property
    def tmpdir(self) -> str:
        """Return a folder of this run alone (0700); it is removed after the run, whatever happens."""

    def warn(self, text: str) -> None:
        """Show a warning with the result."""

    def progress(self, now: Progress) -> None:
        """Say what is going on; shown live where that is possible, else nowhere."""

    def hide(self, *secrets: object) -> None:
        """Let nothing of this run show these, whatever else is said; what is empty does not count."""


@dataclass(frozen=True)
class Change:
    """One write, with the title under which the plan, the progress and the result name it."""

    title: str  # "create subnetwork my-subnet (10.0.1.0/24)"
    call: Callable[[], object]


@dataclass(frozen=True)
class Plan:
    """What would happen: the managed state before and after, in the words of the module's options."""

    before: State | None  # None: there is no such resource
    after: State | None
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    settle: Callable[[], object] | None = None  # waits, by reads, for what was started now or earlier
    overtaken: Callable[[], bool] = lambda: False  # asked at the end: did others do a part, so that more may be needed?


class Resource(Protocol[Observed]):
    """One thing that is brought into its desired state."""

    key: str  # under this name the state is returned: "vpc", "cluster", "nad", ...

    def observe(self) -> Observed:
        """Read what is there."""

    def plan(self, observed: Observed) -> Plan:
        """Return what would have to be done; no I/O. Raises Refused, Immutable or InvalidOptions."""

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return what else the module returns, for what was observed last (before the changes in check mode).

        What stands under "warnings" is shown as warnings.
        """


def reconcile(resource: Resource[Observed], context: Context) -> dict[str, Any]:
    """Bring a resource into its desired state, or in check mode say what that would take.

    Returns the module's result: ``changed``, ``actions`` (titles of the writes), ``diff`` if wanted, the state under
    the resource's key (the predicted one in check mode), and its facts.

    :raises MultinetError: with the titles of what was done or started beside what failed.
    """
    observed = resource.observe()
    plan = resource.plan(observed)
    for warning in plan.warnings:
        context.warn(warning)
    actions = [change.title for change in plan.changes]
    if (plan.changes or plan.settle) and not context.check_mode:
        done: dict[str, None] = {}
        try:
            _converge(resource, plan, context, done)
            observed = resource.observe()
        except MultinetError as error:
            failed = error.titles if isinstance(error, OperationFailed) else ()
            error.done = tuple(title for title in done if title not in failed)
            raise
        actions = list(done)
    facts = resource.facts(observed, plan)
    for warning in facts.pop("warnings", ()):
        context.warn(warning)
    result: dict[str, Any] = {
        "changed": bool(actions),
        "actions": actions,
        resource.key: plan.after,
        **facts,
    }
    if context.diff:
        result["diff"] = {"before": plan.before or {}, "after": plan.after or {}}
    return result


def _converge(resource: Resource[Observed], plan: Plan, context: Context, done: dict[str, None]) -> None:
    """Apply a plan, and a new one as long as others changed what it was made for.

    :param done: takes the titles of what is done, in order; what is done once more after others have undone it is named
        once.
    :raises Stale: others change it faster than we read it.
    :raises MultinetError: others undo what is done.
    """
    for rounds_left in reversed(range(MOST_ROUNDS)):
        title = perhaps = ""
        try:
            for change in plan.changes:
                title = change.title
                context.progress(Progress(title))
                change.call()
                done[title] = None
            if plan.settle:
                plan.settle()
            if not plan.overtaken():
                return
        except Stale as stale:
            if not rounds_left:
                raise
            context.progress(Progress(stale.what, "it has changed meanwhile, so it is read again"))
            perhaps = title if stale.perhaps_done else ""
        plan = resource.plan(resource.observe())
        if perhaps and all(change.title != perhaps for change in plan.changes):
            done[perhaps] = None
        if not plan.changes and not plan.settle:
            return
    if plan.changes:
        titles = "; ".join(change.title for change in plan.changes)
        raise MultinetError(f"{titles}: others undo it as often as it is done; run again when nobody else is at it")
