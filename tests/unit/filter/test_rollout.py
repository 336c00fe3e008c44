# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the summary at the end of a run says of results as Ansible registers them, and the audit of pools."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.filter.fleet_summary import fleet_summary
from ansible_collections.multinet.gke.plugins.filter.outcome import outcome
from ansible_collections.multinet.gke.plugins.filter.pools_audit import pools_audit


def looped(*items: dict[str, Any]) -> dict[str, Any]:
    """Return what Ansible registers of a loop."""
    return {"results": [{"ansible_loop_var": "item", "failed": False, **item} for item in items], "msg": "All items"}


def failed(message: str, **more: Any) -> dict[str, Any]:
    """Return what is kept of a task that failed."""
    return {"task": "Make it", "tags": ["always", "vpc"], "result": {"failed": True, "msg": message, **more}}


def test_each_change_is_named_once_and_what_was_skipped_says_nothing() -> None:
    started = {"actions": ["create cluster edge"], "pending": True}
    loop = looped({"actions": ["create network a"]}, {"skipped": True}, {"actions": ["create network b"]})
    found = outcome([started, started, loop, {"skipped": True, "results": []}, {}])
    assert found["changes"] == ["create cluster edge", "create network a", "create network b"]
    assert (found["failure"], found["verified"], found["kept"]) == (None, "", [])


def test_verification_is_told_by_its_summary_whatever_it_found() -> None:
    for results in ([], [{"check": "ping", "status": "pass"}]):
        verified = {"results": results, "matrix": [], "summary": "10 of 10 paths answered"}
        assert outcome([verified])["verified"] == "10 of 10 paths answered"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no room; take another range", "no room; take another range"),
        ("it is used by\n- a\n- b\nDelete these first", "it is used by ... Delete these first"),
        ("2 problems in the options:\n- a\n- b", "2 problems in the options:"),
        ("no room\nThis run has also done or started: create network a", "no room"),
        ("", "no message"),
    ],
)
def test_of_a_message_the_first_line_and_the_remedy_are_told(message: str, told: str) -> None:
    assert outcome([], failed(message))["failure"] == {"at": "Make it (--tags vpc)", "msg": told}


def test_of_a_loop_the_item_that_failed_is_told_with_what_it_had_done() -> None:
    loop = looped({"msg": "fine", "actions": ["create a"]}, {"failed": True, "msg": "no room", "actions": ["create b"]})
    found = outcome([], {"task": "Make it", "tags": [], "result": {"failed": True, **loop}})
    assert found["failure"] == {"at": "Make it", "msg": "no room"}
    assert found["changes"] == ["create a", "create b"]


def variables(**outcomes: Any) -> dict[str, Any]:
    """Return hostvars; a host whose outcome is None was not begun."""
    return {host: {"multinet_outcome": each} if each else {} for host, each in outcomes.items()}


def test_the_summary_says_what_became_of_each_and_how_to_go_on() -> None:
    hostvars = variables(
        a=outcome([{"actions": ["create network a"]}, {"matrix": [], "summary": "all answered"}]),
        b=outcome([{"kept": ["network b: there is peering p"]}]),
        c=outcome([], failed("no room")),
        d=None,
    )
    assert fleet_summary(hostvars, list(hostvars)).splitlines() == [
        "4 clusters: 1 changed, 1 unchanged, 1 failed, 1 not begun",
        "",
        "a: changed; verified: all answered",
        "    create network a",
        "b: unchanged",
        "    stays: network b: there is peering p",
        "c: failed at Make it (--tags vpc): no room",
        "d: not begun, because others failed before",
        "",
        "To go on: --limit c,d",
    ]


def test_in_check_mode_it_is_a_drift_report() -> None:
    hostvars = variables(a=outcome([{"actions": ["create network a"]}]), b=outcome([]))
    assert fleet_summary(hostvars, ["a", "b"], check=True).splitlines()[0] == "2 clusters: 1 to be changed, 1 in step"


def pool(name: str, used: int, *orphans: str) -> dict[str, Any]:
    """Return a pool of a hundred addresses, as whereabouts_pool_info does."""
    return {"name": name, "used": used, "capacity": 100, "used_percent": float(used), "orphans": list(orphans)}


def test_the_audit_shows_all_pools_and_names_what_needs_somebody() -> None:
    found = {
        "pools": [pool("a", 10, "10.0.0.3"), pool("b", 80)],
        "duplicates": [{"ip": "10.0.0.1", "podrefs": ["x/a", "x/b"], "pools": ["a"]}],
        "unusable_pools": ["x/broken"],
    }
    released = [{"skipped": True}, {"pool": {"name": "a"}, "released": ["10.0.0.3"]}]
    audit = pools_audit(found, released)
    assert audit["lines"][:3] == [
        "pool  used  of   full    orphans  released",
        "a     10    100  10.0 %  1        1",
        "b     80    100  80.0 %  0        0",
    ]
    assert audit["lines"][3:] == audit["findings"]
    assert [line.partition(":")[0].partition(";")[0] for line in audit["findings"]] == [
        "address 10.0.0.1 is taken twice",
        "pool b is nearly full",
        "pool x/broken has a range that nobody can read, so Whereabouts' own garbage collection stops",
    ]


def test_a_pool_that_a_release_has_emptied_is_no_finding() -> None:
    found = {"pools": [pool("a", 80, "10.0.0.3")], "duplicates": [], "unusable_pools": []}
    released = {"pool": {"name": "a"}, "released": ["10.0.0.3"]}
    assert pools_audit(found)["findings"]
    assert not pools_audit(found, [released])["findings"]
    assert pools_audit({"pools": [], "duplicates": [], "unusable_pools": []})["lines"] == ["there are no pools"]
