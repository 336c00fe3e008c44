# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool in a cluster: made, looked at, and freed of orphans only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    ApiError,
    Immutable,
    InvalidOptions,
    Refused,
    VerificationFailed,
)
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools.pool_report import checked, report
from ansible_collections.multinet.gke.plugins.modules import whereabouts_pool_info
from pool_cluster import CIDR, POOL, Cluster, Context, Object, run


def leaky() -> Cluster:
    """Return a cluster with one address in use, one leaked with its reservation, one static, and two nobody knows."""
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/gone", "3": "", "4": "default/blind", "foo": "default/gone"})
    for last, podref in ((1, "default/a"), (2, "default/gone"), (4, "default/blind")):
        cluster.reserve(f"172.16.1.{last}", podref)
    cluster.add_pod("a", "172.16.1.1")
    cluster.add_pod("blind", status=False)
    return cluster


def test_orphans_are_released_with_their_reservations_and_nothing_else() -> None:
    cluster, waited = leaky(), []
    result = run(cluster, range=CIDR, state="reconciled", sleep=waited.append)
    assert waited == [60]
    assert result["actions"] == [
        "release 172.16.1.2 of default/gone in pool 172.16.1.0-24",
        "remove reservation 172.16.1.2 (default/gone)",
    ]
    assert result["released"] == ["172.16.1.2"]
    assert cluster.held() == ["1", "3", "4", "foo"]
    assert sorted(cluster.reservations) == ["172.16.1.1", "172.16.1.4"]
    assert [(row["ip"], row["state"]) for row in result["pool"]["allocations"]] == [
        ("172.16.1.1", "live"),
        ("172.16.1.3", "reserved"),
        ("172.16.1.4", "unknown"),
        ("", "unknown"),
    ]
    waited.clear()
    again = run(cluster, range=CIDR, state="reconciled", sleep=waited.append)
    assert (again["changed"], again["released"], waited) == (False, [], [])


def test_check_mode_looks_twice_too_and_says_what_would_be_released() -> None:
    cluster, waited = leaky(), []
    announced = run(cluster, range=CIDR, state="reconciled", context=Context(check_mode=True), sleep=waited.append)
    assert (cluster.writes, waited) == ([], [60])
    done = run(cluster, range=CIDR, state="reconciled")
    assert announced == done


def test_what_is_an_orphan_in_one_look_only_stays() -> None:
    cluster = leaky()
    result = run(cluster, range=CIDR, state="reconciled", sleep=lambda _: cluster.add_pod("gone", "172.16.1.2"))
    assert (result["changed"], cluster.writes) == (False, [])


def test_an_orphan_that_was_none_in_the_first_look_is_left_for_the_next_run() -> None:
    cluster = leaky()

    def more(seconds: float) -> None:
        cluster.pools[POOL]["spec"]["allocations"]["9"] = {"id": "c", "podref": "default/late"}

    assert run(cluster, range=CIDR, state="reconciled", sleep=more)["released"] == ["172.16.1.2"]
    assert "9" in cluster.held()


def test_an_address_that_another_pod_got_in_between_is_another_allocation() -> None:
    cluster = leaky()

    def reuse(seconds: float) -> None:
        cluster.pools[POOL]["spec"]["allocations"]["2"] = {"id": "other", "podref": "default/gone"}

    assert run(cluster, range=CIDR, state="reconciled", sleep=reuse)["changed"] is False


def test_with_confirm_after_0_nobody_waits() -> None:
    cluster, waited = leaky(), []
    assert run(cluster, range=CIDR, state="reconciled", confirm_after=0, sleep=waited.append)["changed"]
    assert waited == []


def test_a_conflict_is_judged_anew() -> None:
    cluster = leaky()
    cluster.before_patch = [cluster.touch, cluster.touch]
    assert run(cluster, range=CIDR, state="reconciled")["released"] == ["172.16.1.2"]
    assert cluster.held() == ["1", "3", "4", "foo"]


def test_after_a_conflict_nothing_that_came_to_life_is_released() -> None:
    cluster, context = leaky(), Context()

    def revive() -> None:
        cluster.add_pod("gone", "172.16.1.2")
        cluster.touch()

    cluster.before_patch = [revive]
    result = run(cluster, range=CIDR, state="reconciled", context=context)
    assert (cluster.writes, result["released"]) == ([], [])
    assert context.warnings[1:] == ["172.16.1.2 was not released: default/gone has it (Running)"]
    assert "172.16.1.2" in cluster.reservations


def test_a_pool_that_never_keeps_still_is_left_alone() -> None:
    cluster = leaky()
    cluster.before_patch = [cluster.touch] * 5
    with pytest.raises(Refused, match="changed 5 times while it was looked at; run again"):
        run(cluster, range=CIDR, state="reconciled")
    assert cluster.writes == []


def test_other_refusals_of_the_api_are_told() -> None:
    cluster = leaky()

    def forbid() -> None:
        raise ApiError("patch", 403, "Forbidden", "no")

    cluster.before_patch = [forbid]
    with pytest.raises(ApiError, match="403 Forbidden"):
        run(cluster, range=CIDR, state="reconciled")


def test_a_reservation_that_a_killed_run_left_over_goes() -> None:
    cluster = Cluster()
    cluster.add_pool({})
    cluster.reserve("172.16.1.2", "default/gone")
    cluster.reserve("172.16.1.3", "")
    cluster.reserve("172.16.2.2", "default/gone")
    cluster.reserve("data-172.16.1.2", "default/gone")
    assert run(cluster, range=CIDR, state="reconciled")["actions"] == ["remove reservation 172.16.1.2 (default/gone)"]
    assert sorted(cluster.reservations) == ["172.16.1.3", "172.16.2.2", "data-172.16.1.2"]


def test_a_reservation_that_was_made_anew_is_somebody_elses() -> None:
    cluster = leaky()

    def renew() -> None:
        cluster.reservations["172.16.1.2"]["metadata"]["uid"] = "new"

    cluster.before_patch = [renew]
    assert run(cluster, range=CIDR, state="reconciled")["released"] == ["172.16.1.2"]
    assert "172.16.1.2" in cluster.reservations


def test_the_pool_of_a_named_network_has_reservations_of_its_own() -> None:
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/gone"}, name="data-172.16.1.0-24")
    for last, podref in ((1, "default/a"), (2, "default/gone")):
        cluster.reserve(f"data-172.16.1.{last}", podref)
    cluster.add_pod("a", "172.16.1.1")
    run(cluster, range=CIDR, network_name="data", state="reconciled")
    assert cluster.held("data-172.16.1.0-24") == ["1"]
    assert sorted(cluster.reservations) == ["data-172.16.1.1"]


def test_more_orphans_than_max_release_are_looked_at_first() -> None:
    cluster = Cluster()
    cluster.add_pool({str(key): f"default/gone{key}" for key in range(1, 9)})
    with pytest.raises(Refused, match=r"has 8 orphans, more than max_release \(3\).* and 3 more\. Look why"):
        run(cluster, range=CIDR, state="reconciled", max_release="3")
    assert cluster.writes == []
    assert run(cluster, range=CIDR, state="reconciled", max_release="8")["changed"]


def test_thousands_go_in_several_patches() -> None:
    cluster = Cluster()
    cluster.add_pool({str(key): "default/gone" for key in range(1, 4502)}, "172.16.0.0/16", "172.16.0.0-16")
    result = run(cluster, range="172.16.0.0/16", state="reconciled")
    assert len(result["actions"]) == 3
    assert cluster.held("172.16.0.0-16") == []


def test_present_makes_an_empty_pool_and_leaves_one_with_allocations_alone() -> None:
    cluster = Cluster()
    announced = run(cluster, range=CIDR, context=Context(check_mode=True))
    result = run(cluster, range=CIDR)
    assert announced == result
    assert result["actions"] == ["create pool 172.16.1.0-24 (172.16.1.0/24)"]
    assert cluster.pools[POOL]["spec"] == {"range": CIDR, "allocations": {}}
    again = leaky()
    assert run(again, range=CIDR)["changed"] is False
    assert again.writes == []


def test_a_pool_with_another_base_is_refused() -> None:
    cluster = Cluster()
    cluster.add_pool({}, "172.16.1.5/24")
    with pytest.raises(Immutable, match="range cannot be changed"):
        run(cluster, range=CIDR)


def test_absent_is_refused_while_an_address_is_or_may_be_in_use() -> None:
    cluster = leaky()
    with pytest.raises(
        Refused,
        match=r"pool 172.16.1.0-24 has 4 live allocations \(in use, reserved, or nobody can tell\): 172\.16\.1\.1 of",
    ):
        run(cluster, name=POOL, state="absent")
    cluster.pods.clear()
    for key in ("foo", "3"):
        del cluster.pools[POOL]["spec"]["allocations"][key]
    result = run(cluster, name=POOL, state="absent")
    assert result["actions"][0] == "delete pool 172.16.1.0-24"
    assert (cluster.pools, cluster.reservations, result["pool"]) == ({}, {}, None)
    assert run(cluster, name=POOL, state="absent")["changed"] is False


def test_absent_is_refused_while_an_address_is_reserved() -> None:
    cluster = Cluster()
    cluster.add_pool({"3": ""})
    with pytest.raises(Refused) as refused:
        run(cluster, name=POOL, state="absent")
    assert "has 1 live allocations (in use, reserved, or nobody can tell): 172.16.1.3 (reserved). " in str(
        refused.value
    )
    assert cluster.held() == ["3"]


def test_absent_does_not_take_an_address_that_came_in_between() -> None:
    cluster = Cluster()
    cluster.add_pool({})
    delete = cluster.delete

    def late(ref: Ref, **preconditions: Any) -> None:
        cluster.touch()
        delete(ref, **preconditions)

    cluster.delete = late  # type: ignore[method-assign]
    with pytest.raises(Refused, match="changed while it was looked at; run again"):
        run(cluster, range=CIDR, state="absent")


def test_without_a_pool_or_a_cluster_there_is_nothing_to_reconcile() -> None:
    for nobody in (Cluster(), Nowhere()):
        assert run(nobody, range=CIDR, state="reconciled")["changed"] is False
    assert run(Nowhere(), range=CIDR, context=Context(check_mode=True))["changed"] is True


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"range": "172.16.1.0"}, [("range", "has no prefix length")]),
        ({"range": "SECONDARY/24"}, [("range", "is not a CIDR (a.b.c.d/n)")]),
        ({"name": "x", "range": CIDR}, [("name", f'name "x" does not match range (expected "{POOL}")')]),
        ({"nad": "my-nad"}, [("nad", "must be namespace/name of a NetworkAttachmentDefinition")]),
        ({"nad": "default/my-nad", "network_name": "a"}, [("network_name", "needs range")]),
        (
            {
                "range": CIDR,
                "reserve": ["172.16.2.1", "x", {"note": "n"}, "172.16.2.1"],
                "release": [{}, {"podref": "a"}],
            },
            [
                ("reserve[1]", "is not an IP address"),
                ("reserve[2]", "must be an IP address, or have ip and perhaps note"),
                ("reserve[3]", "is there twice"),
                ("release[0]", "must have either ip or podref"),
                ("release[1].podref", "must be namespace/name of a pod"),
                ("reserve", f'IP "172.16.2.1" is outside {CIDR}'),
            ],
        ),
        ({"range": CIDR, "release": [{"ip": "10.0.0.1"}]}, [("release", f'IP "10.0.0.1" is outside {CIDR}')]),
        (
            {"range": CIDR, "max_release": "110%"},
            [("max_release", "must be a number, or a percentage from 0% to 100%")],
        ),
        ({"range": "10.0.0.0/31"}, [("range", "has no address to hand out; it takes a /30 (IPv6: /126) or wider")]),
        ({"range": "2001:db8::/48"}, [("range", "is wider than /64: Whereabouts counts with 64 bits")]),
        ({"range": "::/64"}, [("network_name", 'would make "---64", which is no name for an object')]),
        (
            {"range": CIDR, "network_name": "Net_A", "max_release": "-1", "confirm_after": -1},
            [
                ("confirm_after", "must not be negative"),
                ("max_release", "must be a number, or a percentage from 0% to 100%"),
                ("network_name", 'would make "Net_A-172.16.1.0-24", which is no name for an object'),
            ],
        ),
        ({"name": POOL, "network_name": "a"}, [("network_name", "needs range")]),
    ],
)
def test_what_is_wrong_is_said_at_once(options: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidOptions) as failure:
        run(Cluster(), state="reconciled", **options)
    assert [(problem.path, problem.message) for problem in failure.value.problems] == problems


def test_addresses_are_reserved_and_given_back() -> None:
    cluster = leaky()
    wanted = ["172.16.1.10", {"ip": "172.16.1.11", "note": "appliance"}, "172.16.1.3"]
    announced = run(cluster, range=CIDR, reserve=wanted, context=Context(check_mode=True))
    result = run(cluster, range=CIDR, reserve=wanted)
    assert announced == result
    assert result["actions"] == ["reserve 172.16.1.10, 172.16.1.11 in pool 172.16.1.0-24"]
    entries = cluster.pools[POOL]["spec"]["allocations"]
    assert entries["10"] == {"id": "multinet-reserved", "podref": ""}
    assert entries["11"] == {"id": "multinet-reserved: appliance", "podref": ""}
    assert entries["3"] == {"id": "c", "podref": ""}, "reserved by somebody else, so it is left alone"
    assert [row["reason"] for row in result["pool"]["allocations"] if row["ip"] == "172.16.1.11"] == ["appliance"]
    assert run(cluster, range=CIDR, reserve=wanted)["changed"] is False
    wanted[1] = {"ip": "172.16.1.11", "note": "printer"}
    assert run(cluster, range=CIDR, reserve=wanted)["actions"] == ["reserve 172.16.1.11 in pool 172.16.1.0-24"]
    assert entries == cluster.pools[POOL]["spec"]["allocations"] | {"11": entries["11"]}
    names = [{"ip": "172.16.1.10"}, {"ip": "172.16.1.11"}, {"ip": "172.16.1.99"}]
    result = run(cluster, range=CIDR, release=names)
    assert result["released"] == ["172.16.1.10", "172.16.1.11"]
    assert cluster.held() == ["1", "2", "3", "4", "foo"]
    assert run(cluster, range=CIDR, release=names)["changed"] is False


def test_a_pool_is_made_with_what_it_keeps_free() -> None:
    cluster = Cluster()
    announced = run(cluster, range="172.16.1.9/24", reserve=["172.16.1.1"], context=Context(check_mode=True))
    context = Context()
    result = run(cluster, range="172.16.1.9/24", reserve=["172.16.1.1"], context=context)
    assert announced == result
    assert result["actions"] == ["create pool 172.16.1.0-24 (172.16.1.0/24, 172.16.1.1 reserved)"]
    assert cluster.pools[POOL]["spec"] == {
        "range": CIDR,
        "allocations": {"1": {"id": "multinet-reserved", "podref": ""}},
    }
    assert context.warnings == [
        'range "172.16.1.9/24": host bits are ignored, as Whereabouts does; the pool is that of 172.16.1.0/24'
    ]
    assert run(cluster, range=CIDR, reserve=["172.16.1.1"])["changed"] is False


def test_what_somebody_has_is_not_reserved() -> None:
    cluster = leaky()
    with pytest.raises(Refused) as refused:
        run(cluster, range=CIDR, reserve=["172.16.1.1", "172.16.1.2"])
    assert 'IP "172.16.1.1" is allocated to default/a' in str(refused.value)
    assert 'IP "172.16.1.2" is allocated to default/gone; default/gone is gone: release it, too' in str(refused.value)
    result = run(cluster, range=CIDR, reserve=["172.16.1.2"], release=[{"ip": "172.16.1.2"}, {"ip": "172.16.1.9"}])
    assert result["actions"] == [
        "release 172.16.1.2 of default/gone in pool 172.16.1.0-24",
        "remove reservation 172.16.1.2 (default/gone)",
        "reserve 172.16.1.2 in pool 172.16.1.0-24",
    ]


def test_an_address_that_is_taken_just_before_it_is_reserved_stays_taken() -> None:
    cluster = leaky()

    def take() -> None:
        cluster.pools[POOL]["spec"]["allocations"]["10"] = {"id": "new", "podref": "default/new"}
        cluster.touch()

    cluster.before_patch = [take]
    with pytest.raises(Refused, match=r'IP "172\.16\.1\.10" is allocated to default/new by now'):
        run(cluster, range=CIDR, reserve=["172.16.1.10"])
    assert cluster.writes == []


def test_what_is_in_use_is_released_only_if_forced() -> None:
    cluster = leaky()
    names = [{"podref": "default/a"}, {"ip": "172.16.1.4"}, {"ip": "172.16.1.3"}]
    with pytest.raises(Refused) as refused:
        run(cluster, range=CIDR, release=names)
    for text in (
        'IP "172.16.1.1" is in use by default/a (network-status); use force',
        'IP "172.16.1.4" may be in use: default/blind has no network-status; use force',
        'IP "172.16.1.3" is reserved, and not by this module; use force',
    ):
        assert text in str(refused.value)
    assert cluster.writes == []
    result = run(cluster, range=CIDR, release=names, force=True)
    assert result["released"] == ["172.16.1.1", "172.16.1.3", "172.16.1.4"]
    assert cluster.held() == ["2", "foo"]


def test_an_orphan_that_is_released_by_name_is_looked_at_twice_too() -> None:
    cluster, waited = leaky(), []
    result = run(cluster, range=CIDR, release=[{"ip": "172.16.1.2"}], sleep=waited.append)
    assert (result["released"], waited) == (["172.16.1.2"], [60])
    assert "172.16.1.2" not in cluster.reservations
    again = leaky()
    with pytest.raises(Refused, match="in use by default/gone"):
        run(again, range=CIDR, release=[{"ip": "172.16.1.2"}], sleep=lambda _: again.add_pod("gone", "172.16.1.2"))


def test_what_counts_as_an_orphan_can_be_said() -> None:
    for options, kept in (
        ({}, ["1", "2", "3"]),
        ({"treat_missing_status_as": "orphan"}, ["1", "2"]),
        ({"completed_pods": "orphan"}, ["1", "3"]),
    ):
        cluster = Cluster()
        cluster.add_pool({"1": "default/a", "2": "default/job", "3": "default/blind"})
        cluster.add_pod("a", "172.16.1.1")
        cluster.add_pod("job", "172.16.1.2", phase="Succeeded")
        cluster.add_pod("blind", status=False)
        run(cluster, range=CIDR, state="reconciled", **options)
        assert cluster.held() == kept, options


def test_max_release_as_a_percentage() -> None:
    cluster = Cluster()
    cluster.add_pool({str(key): "default/gone" for key in range(1, 5)} | {str(key): "" for key in range(5, 11)})
    with pytest.raises(Refused, match=r"has 4 orphans, more than max_release \(30% of 10\)"):
        run(cluster, range=CIDR, state="reconciled", max_release="30%")
    assert len(run(cluster, range=CIDR, state="reconciled", max_release="40%")["released"]) == 4


def test_a_full_pool_is_warned_of_or_fails_after_the_work_is_done() -> None:
    cluster, context = Cluster(), Context()
    cluster.add_pool({str(key): "default/gone" if key < 3 else "" for key in range(1, 6)}, "10.0.0.0/29", "10.0.0.0-29")
    options: dict[str, Any] = {"range": "10.0.0.0/29", "warn_used_percent": 50}
    run(cluster, **options, context=context)
    text = "pool kube-system/10.0.0.0-29: 5 of 6 addresses are used (83.3 %, 2 by nobody any more)"
    assert context.warnings == [text]
    with pytest.raises(VerificationFailed, match="3 of 6 addresses are used") as failed:
        run(cluster, **options, state="reconciled", fail_used_percent=50)
    assert failed.value.details()["released"] == ["10.0.0.1", "10.0.0.2"]


def test_a_pool_with_live_allocations_goes_only_if_forced_and_their_reservations_stay() -> None:
    cluster = leaky()
    assert run(cluster, name=POOL, state="absent", force=True)["pool"] is None
    assert (cluster.pools, sorted(cluster.reservations)) == ({}, ["172.16.1.1", "172.16.1.4"])


def test_an_attachment_names_its_pool() -> None:
    cluster = leaky()
    ipam = {"type": "whereabouts", "range": "172.16.1.50/24"}
    cluster.nads = {
        "default/my-nad": {"type": "ipvlan", "ipam": ipam},
        "default/two": {"type": "ipvlan", "ipam": {**ipam, "network_name": "n", "ipRanges": [{"range": "fd00::/64"}]}},
        "default/static": {"type": "ipvlan", "ipam": {"type": "static"}},
        "default/broken": {},
        "default/slices": {"type": "ipvlan", "ipam": {**ipam, "node_slice_size": "/28"}},
    }
    assert run(cluster, nad="default/my-nad", state="reconciled")["pool"]["name"] == POOL
    assert run(cluster, nad="default/two", range="fd00::/64")["pool"]["name"] == "n-fd00---64"
    for nad, message in (
        (
            "default/two",
            r'nad "default/two": it has several pools \(172.16.1.0/24, fd00::/64\); say which one with range',
        ),
        ("default/static", "it has no range of Whereabouts, so it has no pool"),
        ("default/broken", "its configuration cannot be used"),
        ("default/slices", "name one by range and node_name"),
        ("default/none", "there is no such NetworkAttachmentDefinition"),
    ):
        with pytest.raises(Refused, match=message):
            run(cluster, nad=nad)
    with pytest.raises(Refused, match=r"10.0.0.0/24 is not one of its ranges"):
        run(cluster, nad="default/my-nad", range="10.0.0.0/24")


def test_the_slice_of_a_node_shares_the_reservations_of_its_network() -> None:
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/gone"}, "172.16.1.16/28", "data-node-1-172.16.1.16-28")
    cluster.add_pod("a", "172.16.1.17")
    for last, podref in ((17, "default/a"), (18, "default/gone")):
        cluster.reserve(f"data-172.16.1.{last}", podref)
    options = {"range": "172.16.1.16/28", "network_name": "data", "node_name": "node-1"}
    result = run(cluster, **options, state="reconciled")
    assert result["released"] == ["172.16.1.18"]
    assert sorted(cluster.reservations) == ["data-172.16.1.17"]


def named_network() -> Cluster:
    """Return a cluster whose pool of a network with a name has lost a reservation to upstream's reconciler."""
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/b"}, name="data-172.16.1.0-24")
    cluster.add_pod("a", "172.16.1.1")
    cluster.add_pod("b", "172.16.1.2")
    cluster.reserve("data-172.16.1.2", "default/b")
    return cluster


NAMED: dict[str, Any] = {"range": CIDR, "network_name": "data", "state": "reconciled"}


def test_missing_reservations_are_told_and_restored_where_nobody_deletes_them_again() -> None:
    cluster = named_network()
    found = run(cluster, **NAMED)
    assert (found["changed"], found["reservations"]) == (
        False,
        {"kept": ["172.16.1.2"], "orphan": [], "missing": ["172.16.1.1"]},
    )
    announced = run(cluster, **NAMED, restore_reservations=True, context=Context(check_mode=True))
    done = run(cluster, **NAMED, restore_reservations=True)
    assert announced == done
    assert done["actions"] == ["restore reservation data-172.16.1.1 (default/a)"]
    assert cluster.reservations["data-172.16.1.1"]["spec"] == {"containerid": "c", "podref": "default/a"}
    assert run(cluster, **NAMED, restore_reservations=True)["changed"] is False


def test_they_are_not_restored_where_upstreams_reconciler_would_delete_them_again() -> None:
    cluster, context = named_network(), Context()
    cluster.add_pod("gke-multinet-x1", status=False)
    cluster.pods[-1]["spec"] = {"containers": [{"command": ["/ip-control-loop"], "args": ["--log-level=debug"]}]}
    result = run(cluster, **NAMED, restore_reservations=True, context=context)
    assert (result["changed"], cluster.writes) == (False, [])
    (warning,) = context.warnings
    assert "are not restored: kube-system/gke-multinet-x1 is Whereabouts' own garbage collection" in warning


def test_a_restored_reservation_goes_again_if_its_allocation_has_gone_meanwhile() -> None:
    cluster = named_network()
    create = cluster.create

    def late(obj: Object) -> Object:
        made = create(obj)
        del cluster.pools["data-172.16.1.0-24"]["spec"]["allocations"]["1"]
        cluster.pods.pop(0)
        return made

    cluster.create = late  # type: ignore[method-assign]
    run(cluster, **NAMED, restore_reservations=True)
    assert sorted(cluster.reservations) == ["data-172.16.1.2"]


def test_pools_that_overlap_and_addresses_that_are_taken_twice_are_told() -> None:
    cluster = Cluster()
    cluster.add_pool({"1": "default/a", "2": "default/a"})
    cluster.add_pool({"1": "default/b"}, "172.16.1.0/25", "172.16.1.0-25")
    cluster.add_pool({"1": "default/c"}, CIDR, "other-172.16.1.0-24")
    cluster.add_pod("a", "172.16.1.1")
    cluster.add_pod("c", "172.16.1.1")
    result = run(cluster, range=CIDR, state="reconciled", confirm_after=0)
    assert [(each["name"], each["network_name"]) for each in result["overlapping_pools"]] == [
        ("172.16.1.0-25", ""),
        ("other-172.16.1.0-24", "other"),
    ]
    twice = {"ip": "172.16.1.1", "podrefs": ["default/a", "default/b"], "pools": [POOL, "172.16.1.0-25"]}
    assert result["duplicates"] == [twice], "c is in another network"
    assert look(cluster)[0]["duplicates"] == [twice]


def test_pools_that_stop_upstreams_collection_are_told_from_anywhere() -> None:
    cluster, context = leaky(), Context()
    cluster.add_pool({}, "not-a-cidr", "broken")
    run(cluster, range=CIDR, state="reconciled", context=context)
    assert 'pool kube-system/broken has range "not-a-cidr": whereabouts GC is stopped for all pools' in context.warnings


def test_pods_without_additional_networks_are_known_by_name() -> None:
    cluster = Cluster()
    cluster.add_pool({"1": "default/plain", "2": "default/none", "3": "default/pending"})
    for name, phase in (("plain", "Running"), ("none", "Running"), ("pending", "Pending")):
        cluster.add_pod(name, phase=phase, status=name == "plain")
    status = [{"name": "gke-pod-network", "interface": "eth0", "ips": ["10.4.0.1"], "default": True}]
    cluster.pods[0]["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = json.dumps(status)
    rows = look(cluster)[0]["pools"][0]["allocations"]
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("orphan", "default/plain has no additional address"),
        ("unknown", "default/none has no network-status"),
        ("unknown", "default/pending has no network-status"),
    ]


def test_allocations_are_counted_by_node() -> None:
    cluster = leaky()
    cluster.pods[0]["spec"]["nodeName"] = "node-1"
    assert look(cluster)[0]["pools"][0]["per_node"] == {"node-1": 1}


def look(cluster: Any, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """Return what whereabouts_pool_info returns, and its warnings."""
    params = ArgumentSpecValidator(whereabouts_pool_info.SPEC["argument_spec"]).validate(options).validated_parameters
    warnings: list[str] = []
    return report(cluster, params, checked(params), warnings.append), warnings


def test_what_is_in_order_is_counted_and_listed_only_if_that_is_wanted() -> None:
    (short,), (whole,) = (look(leaky(), allocations=which)[0]["pools"] for which in ("not_live", "all"))
    states = [row["state"] for row in whole["allocations"]]
    assert {"live", "orphan", "reserved", "unknown"} == set(states)
    assert [row["state"] for row in short["allocations"]] == [state for state in states if state != "live"]
    assert set(whole["reservations"]) - set(short["reservations"]) == {"kept"}
    for row in (short, whole):
        del row["allocations"], row["reservations"]
    assert short == whole


def test_all_pools_are_reported_with_what_is_wrong() -> None:
    cluster = leaky()
    cluster.add_pool({}, "not-a-cidr", "broken")
    cluster.add_pod("b", "172.16.1.1")
    found, warnings = look(cluster)
    assert [(pool["name"], pool["used"], pool["orphans"]) for pool in found["pools"]] == [
        (POOL, 5, ["172.16.1.2"]),
        ("broken", 0, []),
    ]
    assert found["duplicates"] == [{"ip": "172.16.1.1", "podrefs": ["default/a", "default/b"], "pools": [POOL]}]
    assert found["unusable_pools"] == ["kube-system/broken"]
    assert warnings == [
        'pool kube-system/172.16.1.0-24: allocation key "foo" is not an offset',
        'pool kube-system/broken has range "not-a-cidr": whereabouts GC is stopped for all pools',
    ]


def test_one_pool_is_reported() -> None:
    cluster = leaky()
    assert [pool["name"] for pool in look(cluster, range=CIDR)[0]["pools"]] == [POOL]
    assert look(cluster, name="other")[0]["pools"] == []
    assert look(Nowhere())[0] == {"changed": False, "pools": [], "duplicates": [], "unusable_pools": []}


PODREFS = st.sampled_from(["", *(f"default/{name}" for name in "abc")])
POD_SETS = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(1, 6), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(1, 6).map(str), PODREFS, max_size=6),
    st.lists(POD_SETS, min_size=3, max_size=3),
    st.booleans(),
)
def test_no_live_address_is_ever_released(
    entries: dict[str, str], phases: list[dict[str, int | None]], conflict: bool
) -> None:
    """Pods come and go between the looks: what goes was nobody's in all of them, and never a pod's that runs now."""
    cluster = Cluster()
    cluster.add_pool(entries)

    def become(pods: dict[str, int | None]) -> None:
        cluster.pods.clear()
        for name, last in pods.items():
            cluster.add_pod(name, *([f"172.16.1.{last}"] if last else []), status=last is not None)

    def move_on() -> None:
        become(phases[2])
        cluster.touch()

    become(phases[0])
    cluster.before_patch = [move_on] if conflict else []
    run(cluster, range=CIDR, state="reconciled", sleep=lambda _: become(phases[1]))
    seen = phases[:3] if conflict and not cluster.before_patch else phases[:2]
    for key in set(entries) - set(cluster.held()):
        assert entries[key]
        assert all(last is None or str(last) != key for pods in seen for last in pods.values())
        assert all(pods.get(entries[key].removeprefix("default/"), 0) is not None for pods in seen)
