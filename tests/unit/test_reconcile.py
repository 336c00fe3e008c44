# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that decides whether changes happen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError, OperationFailed, Stale
from ansible_collections.multinet.gke.plugins.module_utils.module import failure
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import MOST_ROUNDS, Change, Plan, reconcile
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Progress


class Talk:
    """A context that remembers what it was told."""

    diff = False
    tmpdir = ""

    def __init__(self, check_mode: bool = False) -> None:
        self.check_mode = check_mode
        self.warned: list[str] = []
        self.said: list[Progress] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def progress(self, now: Progress) -> None:
        self.said.append(now)

    def hide(self, *secrets: object) -> None:
        pass


class Parts:
    """Parts that are to be there; others make some while we are about to, and not as we want them."""

    key = "parts"

    def __init__(self, others_make: str = "") -> None:
        self.have: dict[str, str] = {}
        self.others_make = others_make
        self.overtaken = False

    def observe(self) -> dict[str, str]:
        return dict(self.have)

    def plan(self, observed: dict[str, str]) -> Plan:
        changes = [
            Change(f"{'change' if name in observed else 'create'} {name}", lambda name=name: self.make(name))  # type: ignore[misc]
            for name in ("a", "b")
            if observed.get(name) != "ours"
        ]
        return Plan(observed, {}, tuple(changes), ("before",), overtaken=lambda: self.overtaken)

    def make(self, name: str) -> None:
        if name == self.others_make and not self.overtaken:
            self.have[name], self.overtaken = "theirs", True
        else:
            self.have[name] = "ours"

    def facts(self, observed: dict[str, str], plan: Plan) -> dict[str, Any]:
        return {"seen": observed, "warnings": [f"seen {len(observed)}"]}


@pytest.mark.parametrize(
    ("others_make", "actions"),
    [("", ["create a", "create b"]), ("a", ["create a", "create b", "change a"])],
)
def test_what_others_made_meanwhile_is_looked_at_once_more(others_make: str, actions: list[str]) -> None:
    result = reconcile(Parts(others_make), Talk())
    assert result["actions"] == actions
    assert result["seen"] == {"a": "ours", "b": "ours"}


@pytest.mark.parametrize(("check_mode", "seen"), [(False, 2), (True, 0)])
def test_warnings_tell_what_was_seen_last(check_mode: bool, seen: int) -> None:
    talk = Talk(check_mode)
    result = reconcile(Parts(), talk)
    assert talk.warned == ["before", f"seen {seen}"]
    assert "warnings" not in result
    assert result["changed"]


class Fought(Parts):
    """Parts that others change between our read and our write, so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.reads = times, 0

    def observe(self) -> dict[str, str]:
        self.reads += 1
        return super().observe()

    def make(self, name: str) -> None:
        if name == "b" and self.times:
            self.times -= 1
            raise Stale("change b", 412, "conditionNotMet", "Invalid fingerprint.")
        super().make(name)


def test_what_others_changed_between_read_and_write_is_read_and_planned_again() -> None:
    parts, talk = Fought(2), Talk()
    result = reconcile(parts, talk)
    assert parts.have == {"a": "ours", "b": "ours"}
    assert result["actions"] == ["create a", "create b"]
    assert parts.reads == 1 + 2 + 1
    assert Progress("change b", "it has changed meanwhile, so it is read again") in talk.said


class Unheard(Parts):
    """Parts of which one is made without an answer, and then refused because it is there."""

    def __init__(self, *, works: bool) -> None:
        super().__init__()
        self.works, self.tried = works, False

    def make(self, name: str) -> None:
        if name == "b" and not self.tried:
            self.tried = True
            if self.works:
                super().make(name)
            stale = Stale("change b", 412, "conditionNotMet", "Invalid fingerprint.")
            stale.perhaps_done = True
            raise stale
        super().make(name)


@pytest.mark.parametrize("works", [True, False])
def test_what_was_done_without_an_answer_is_named_once(works: bool) -> None:
    parts = Unheard(works=works)
    result = reconcile(parts, Talk())
    assert parts.have == {"a": "ours", "b": "ours"}
    assert (result["changed"], result["actions"]) == (True, ["create a", "create b"])


def test_a_fight_without_an_end_is_given_up() -> None:
    parts = Fought(MOST_ROUNDS)
    with pytest.raises(Stale, match="Invalid fingerprint"):
        reconcile(parts, Talk())
    assert parts.reads == MOST_ROUNDS


class Undone(Parts):
    """Parts of which others undo one whenever the other one is made."""

    def make(self, name: str) -> None:
        self.have = {name: "ours"}
        self.overtaken = True


def test_what_others_undo_each_time_is_no_success() -> None:
    parts = Undone()
    with pytest.raises(MultinetError, match=r"create \w: others undo it .* run again when nobody else is at it"):
        reconcile(parts, Talk())


class Failing(Parts):
    """Parts of which one cannot be made, or cannot be read when all are made."""

    def __init__(self, *, last: bool) -> None:
        super().__init__()
        self.last = last

    def observe(self) -> dict[str, str]:
        if len(self.have) == 2:
            raise MultinetError("no answer")
        return super().observe()

    def make(self, name: str) -> None:
        if name == "b" and not self.last:
            raise MultinetError("quota exceeded")
        super().make(name)


@pytest.mark.parametrize(
    ("last", "text", "done"),
    [(False, "quota exceeded", ["create a"]), (True, "no answer", ["create a", "create b"])],
)
def test_a_failure_tells_what_was_done_beside_it(last: bool, text: str, done: list[str]) -> None:
    with pytest.raises(MultinetError) as caught:
        reconcile(Failing(last=last), Talk())
    result = failure(caught.value)
    assert result["msg"] == f"{text}\nThis run has also done or started: {'; '.join(done)}"
    assert (result["changed"], result["actions"]) == (True, done)


class FailingLate(Parts):
    """Parts that are all started before one of them fails."""

    def plan(self, observed: dict[str, str]) -> Plan:
        def settle() -> None:
            raise OperationFailed("operation-1", "create b", [{"code": "QUOTA_EXCEEDED", "message": "no more"}])

        return replace(super().plan(observed), settle=settle)


def test_what_failed_is_not_among_what_was_done() -> None:
    with pytest.raises(OperationFailed) as caught:
        reconcile(FailingLate(), Talk())
    assert caught.value.done == ("create a",)


def test_a_failure_before_the_first_change_says_nothing_of_changes() -> None:
    assert failure(MultinetError("no answer")) == {"msg": "no answer"}
