# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure says: all of it at once, and in fields for programs."""

from __future__ import annotations

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    Immutable,
    InUse,
    InvalidOptions,
    OperationFailed,
    Problems,
    Refusals,
    Refused,
    TimedOut,
    refuse,
)

REGION = Immutable("subnetwork s", {"region": ("a", "b")}, "delete it first")


def test_problems_are_said_together() -> None:
    problems = Problems()
    problems.raise_if_any()
    assert not problems
    problems.add("a.b", 1, "must be 2")
    problems.add("c", None, "is needed")
    with pytest.raises(InvalidOptions) as raised:
        problems.raise_if_any()
    assert str(raised.value).splitlines()[1:] == ["- a.b: 1: must be 2", "- c: is needed"]
    assert raised.value.details()["errors"] == [
        {"path": "a.b", "value": 1, "msg": "must be 2"},
        {"path": "c", "value": None, "msg": "is needed"},
    ]


def test_what_cannot_be_changed_is_named_with_both_values() -> None:
    assert str(REGION) == "subnetwork s: region cannot be changed (have 'a', want 'b'); delete it first"
    difference = {"field": "region", "have": "a", "want": "b"}
    assert REGION.details() == {"resource": "subnetwork s", "immutable": [difference]}


def test_nothing_is_refused_without_a_reason_and_all_reasons_are_said() -> None:
    refuse([])
    with pytest.raises(Immutable) as alone:
        refuse([REGION])
    assert alone.value is REGION
    with pytest.raises(Refusals) as together:
        refuse(iter([REGION, Refused("no")]))
    assert all(str(each) in str(together.value) for each in together.value.refusals)
    first, second = together.value.details()["refusals"]
    assert first == {"msg": str(REGION), **REGION.details()}
    assert second == {"msg": "no"}


def test_users_are_all_named() -> None:
    error = InUse("network n", ["cluster a", "cluster b"], "delete these first")
    assert str(error).splitlines()[1:] == ["- cluster a", "- cluster b", "delete these first"]
    assert error.details() == {"resource": "network n", "users": ["cluster a", "cluster b"]}


def test_who_waited_too_long_says_what_for() -> None:
    error = TimedOut("cluster edge running", 60, "PROVISIONING", remedy="set wait_timeout")
    assert error.details() == {"waited_for": "cluster edge running", "last_seen": "PROVISIONING"}
    assert str(error).endswith("; set wait_timeout")


def test_a_failed_operation_keeps_what_google_said() -> None:
    errors = [{"code": "QUOTA", "message": "8 CPUs"}]
    error = OperationFailed("operation-1", "create cluster edge", errors)
    assert error.details() == {"operation": "operation-1", "operation_errors": errors}
