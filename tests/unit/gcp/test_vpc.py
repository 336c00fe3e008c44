# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gke_multinet_vpc plans for what it finds; nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import compute_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    Immutable,
    InUse,
    InvalidOptions,
    Refused,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Subnetwork
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.ingress import IngressRule
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.range_users import RangeUser
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.vpc import Desired, Observed, Vpc
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline, Progress
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_vpc import SPEC

LINKS = "https://www.googleapis.com/compute/v1/projects/p"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
PODS2 = {"name": "pods2", "ip_cidr_range": "172.16.2.0/24"}
SUBNET: dict[str, Any] = {
    "name": "my-subnet",
    "region": "us-central1",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [PODS],
}
RULE = "firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"


def desired(**options: Any) -> Desired:
    options = {"name": "my-vpc", "subnetworks": [SUBNET], **options}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def network(**fields: Any) -> compute_v1.Network:
    return compute_v1.Network(
        {
            "name": "my-vpc",
            "auto_create_subnetworks": False,
            "routing_config": {"routing_mode": "REGIONAL"},
            "subnetworks": [f"{LINKS}/regions/us-central1/subnetworks/my-subnet"],
            **fields,
        }
    )


def subnetwork(**fields: Any) -> compute_v1.Subnetwork:
    return compute_v1.Subnetwork(
        {
            "name": "my-subnet",
            "ip_cidr_range": "10.0.1.0/24",
            "network": f"{LINKS}/global/networks/my-vpc",
            "private_ip_google_access": False,
            "secondary_ip_ranges": [{"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
            **fields,
        }
    )


def rule(**fields: Any) -> compute_v1.Firewall:
    return compute_v1.Firewall(
        {
            "name": "my-subnet-allow-multinet",
            "network": f"{LINKS}/global/networks/my-vpc",
            "direction": "INGRESS",
            "priority": 1000,
            "source_ranges": ["172.16.1.0/24", "10.0.1.0/24"],
            "allowed": [{"I_p_protocol": "all"}],
            "disabled": False,
            **fields,
        }
    )


SHARED = subnetwork(
    secondary_ip_ranges=[
        {"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"},
        {"range_name": "other-cluster", "ip_cidr_range": "172.16.2.0/24"},
    ]
)
EVERYBODY = ["10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"]


def plan(wanted: Desired, found: Observed) -> Plan:
    google: Any = SimpleNamespace(project="p")
    return Vpc(wanted, google, Operations(google, Deadline(1))).plan(found)


def titles(planned: Plan) -> list[str]:
    return [change.title for change in planned.changes]


KEY = ("us-central1", "my-subnet")


def observed(
    found: compute_v1.Network | None = None,
    subnet: compute_v1.Subnetwork | None = None,
    firewall: compute_v1.Firewall | None = None,
    **more: Any,
) -> Observed:
    """Return what is there of the network, its subnetwork, and the rule of that."""
    subnets = {KEY: subnet} if subnet is not None else {}
    return Observed(found, subnets, {firewall.name: firewall} if firewall is not None else {}, **more)


NOTHING = observed()
ALL = observed(network(), subnetwork(), rule())


def test_everything_is_made_with_one_title_each() -> None:
    planned = plan(desired(), NOTHING)
    assert titles(planned) == [
        "create network my-vpc",
        "create subnetwork my-subnet (10.0.1.0/24)",
        f"create {RULE}",
    ]
    assert planned.before is None
    assert planned.after == {"name": "my-vpc", "subnetworks": [{**SUBNET, "allow_multinet": True}]}


@pytest.mark.parametrize(
    "found",
    [
        ALL,
        observed(network(mtu=8896), subnetwork(private_ip_google_access=True), rule()),
        observed(
            network(),
            subnetwork(
                secondary_ip_ranges=[
                    {"range_name": "gke-edge-pods-1a2b3c4d", "ip_cidr_range": "10.4.0.0/14"},
                    {"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"},
                ]
            ),
            rule(),
        ),
    ],
    ids=["as made", "what was not declared", "a range that GKE added"],
)
def test_nothing_is_done_where_what_was_declared_is_there(found: Observed) -> None:
    planned = plan(desired(), found)
    assert titles(planned) == []
    assert planned.before == planned.after
    assert planned.settle is None


def test_what_the_guide_made_lacks_only_the_rule() -> None:
    planned = plan(desired(), observed(network(), subnetwork(), None))
    assert titles(planned) == [f"create {RULE}"]


def test_without_allow_multinet_the_rule_is_no_matter() -> None:
    wanted = desired(subnetworks=[{**SUBNET, "allow_multinet": False}])
    assert titles(plan(wanted, observed(network(), subnetwork(), None))) == []


@pytest.mark.parametrize(
    ("options", "found", "expected"),
    [
        ({"routing_mode": "GLOBAL"}, ALL, ["set routing_mode of network my-vpc to GLOBAL"]),
        ({"mtu": 8896}, ALL, ["set mtu of network my-vpc to 8896"]),
        ({"mtu": 1460}, ALL, []),
        (
            {"subnetworks": [{**SUBNET, "private_google_access": True}]},
            ALL,
            ["set private_google_access of subnetwork my-subnet to true"],
        ),
        (
            {"subnetworks": [{**SUBNET, "secondary_ranges": [PODS, PODS2]}]},
            ALL,
            [
                "add secondary range pods2 (172.16.2.0/24) to subnetwork my-subnet",
                "update firewall rule my-subnet-allow-multinet "
                "(ingress from 10.0.1.0/24, 172.16.1.0/24, 172.16.2.0/24)",
            ],
        ),
        (
            {"subnetworks": [{**SUBNET, "ip_cidr_range": "10.0.0.0/20"}]},
            ALL,
            [
                "expand subnetwork my-subnet from 10.0.1.0/24 to 10.0.0.0/20",
                "update firewall rule my-subnet-allow-multinet (ingress from 10.0.0.0/20, 172.16.1.0/24)",
            ],
        ),
        ({}, observed(network(), subnetwork(), rule(disabled=True)), [f"update {RULE}"]),
        # Another cluster's range of the same subnetwork stays in the rule; a range of somewhere else does not.
        ({}, observed(network(), SHARED, rule(source_ranges=EVERYBODY)), []),
        (
            {},
            observed(network(), SHARED, rule(source_ranges=["172.16.2.0/24", "192.0.2.0/24"])),
            ["update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24, 172.16.2.0/24)"],
        ),
        ({}, observed(network(), subnetwork(), rule(source_ranges=["0.0.0.0/0"])), [f"update {RULE}"]),
        ({}, observed(network(), subnetwork(), rule(allowed=[{"I_p_protocol": "tcp"}])), [f"update {RULE}"]),
    ],
)
def test_what_differs_is_changed_in_place(options: dict[str, Any], found: Observed, expected: list[str]) -> None:
    planned = plan(desired(**options), found)
    assert titles(planned) == expected
    assert (planned.before != planned.after) == bool(expected)


@pytest.mark.parametrize(
    ("subnet", "message"),
    [
        ({"ip_cidr_range": "10.0.2.0/24"}, "have '10.0.1.0/24', want '10.0.2.0/24'"),
        ({"ip_cidr_range": "10.0.1.0/25"}, "only be expanded"),
        ({"secondary_ranges": [{**PODS, "ip_cidr_range": "172.16.0.0/23"}]}, "secondary range pods cannot be changed"),
    ],
)
def test_what_cannot_be_changed_is_refused(subnet: dict[str, Any], message: str) -> None:
    with pytest.raises(Immutable, match=message):
        plan(desired(subnetworks=[{**SUBNET, **subnet}]), ALL)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (observed(None, subnetwork(network=f"{LINKS}/global/networks/other"), None), "in network other"),
        (observed(network(), subnetwork(), rule(target_tags=["t"])), "allow_multinet=false"),
        (observed(network(), subnetwork(), rule(direction="EGRESS")), "allow_multinet=false"),
        (observed(network(), subnetwork(), rule(network=f"{LINKS}/global/networks/o")), "another network"),
    ],
)
def test_what_is_not_ours_is_refused(found: Observed, message: str) -> None:
    with pytest.raises(Refused, match=message):
        plan(desired(), found)


def test_an_existing_network_is_checked_and_all_differences_are_named() -> None:
    wanted = desired(
        existing=True,
        mtu=8896,
        subnetworks=[
            {**SUBNET, "secondary_ranges": [PODS, PODS2]},
            {**SUBNET, "name": "other", "ip_cidr_range": "10.9.0.0/24", "secondary_ranges": []},
        ],
    )
    with pytest.raises(Refused) as caught:
        plan(wanted, ALL)
    assert "mtu is 1460, not 8896" in str(caught.value)
    assert "secondary_ranges of subnetwork my-subnet" in str(caught.value)
    assert "subnetwork other does not exist in us-central1" in str(caught.value)


def test_an_existing_network_that_is_missing_is_an_error() -> None:
    with pytest.raises(Refused, match="it does not exist"):
        plan(desired(existing=True), NOTHING)


def test_an_existing_network_is_never_written() -> None:
    planned = plan(desired(existing=True), observed(network(), subnetwork(), None))
    assert titles(planned) == []
    assert "my-subnet-allow-multinet" in planned.warnings[0]
    assert titles(plan(desired(existing=True, state="absent"), ALL)) == []


@pytest.mark.parametrize(
    ("found", "warned"),
    [
        (rule(), False),
        (rule(disabled=True), True),
        (rule(source_ranges=["10.0.1.0/24"]), True),
        (rule(denied=[{"I_p_protocol": "all"}]), True),
    ],
)
def test_a_rule_that_does_not_help_is_warned_of(found: compute_v1.Firewall, warned: bool) -> None:
    planned = plan(desired(existing=True), observed(network(), subnetwork(), found))
    assert bool(planned.warnings) is warned
    assert all("is disabled, or is not one for ingress from" in each for each in planned.warnings)


def test_the_declared_parts_are_deleted_and_the_rule_after_the_subnetwork() -> None:
    assert titles(plan(desired(state="absent"), ALL)) == [
        "delete subnetwork my-subnet",
        "delete firewall rule my-subnet-allow-multinet",
        "delete network my-vpc",
    ]


def test_nothing_is_deleted_twice() -> None:
    planned = plan(desired(state="absent"), NOTHING)
    assert titles(planned) == []
    assert planned.after is None


def test_what_else_is_in_the_network_is_listed_and_nothing_is_deleted() -> None:
    with pytest.raises(InUse) as caught:
        plan(desired(state="absent"), observed(network(), subnetwork(), in_the_way=["subnetwork a (r1)", "peering b"]))
    assert str(caught.value).splitlines() == [
        "network my-vpc cannot be deleted, and nothing was changed: it is used by",
        "- subnetwork a (r1)",
        "- peering b",
        "Delete these first, or declare the subnetworks among them",
    ]


def test_what_others_make_meanwhile_is_waited_for_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Progress] = []
    google: Any = SimpleNamespace(project="p", progress=said.append)
    operations = Operations(google, Deadline(60), sleep=lambda seconds: None)
    vpc = Vpc(desired(), google, operations)
    looks = [observed(network(), None, None), ALL]
    monkeypatch.setattr(vpc, "observe", lambda: looks.pop(0))
    planned = vpc.plan(NOTHING)
    assert not planned.overtaken()
    operations.overtaken = True
    assert planned.overtaken()
    assert planned.settle
    held: list[str] = []
    monkeypatch.setattr(IngressRule, "hold", lambda rule, google, operations: held.append(rule.subnet.rule))
    planned.settle()
    assert looks == []
    assert held == ["my-subnet-allow-multinet"]
    assert "missing: subnetwork my-subnet, firewall rule my-subnet-allow-multinet" in said[0].phase


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(
            name="My_VPC",
            mtu=100,
            subnetworks=[
                {**SUBNET, "region": "us-central1-c"},
                {**SUBNET, "name": "b", "ip_cidr_range": "10.0.1.5/24", "secondary_ranges": [PODS, PODS]},
                {**SUBNET, "name": "c" * 60, "ip_cidr_range": "10.0.0.0/7", "secondary_ranges": []},
                {**SUBNET, "name": "d", "ip_cidr_range": "fd00::/64", "secondary_ranges": []},
            ],
        )
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert found["mtu"] == "must be between 1300 and 8896"
    assert found["subnetworks[0].region"] == "is a zone; write us-central1"
    assert found["subnetworks[1].ip_cidr_range"] == "has host bits set; write 10.0.1.0/24"
    assert found["subnetworks[1].secondary_ranges[1].name"] == "is declared twice in this subnetwork"
    assert "overlaps with" in found["subnetworks[1].secondary_ranges[0].ip_cidr_range"]
    assert found["subnetworks[2].name"].startswith("is longer than 48 characters, too long for the name of its rule")
    assert found["subnetworks[3].ip_cidr_range"] == "must be an IPv4 range"
    assert "name" in found


def test_two_subnetworks_cannot_share_a_rule() -> None:
    with pytest.raises(InvalidOptions, match="needs the rule my-subnet-allow-multinet"):
        desired(
            subnetworks=[
                SUBNET,
                {**SUBNET, "region": "us-east1", "ip_cidr_range": "10.9.0.0/24", "secondary_ranges": []},
            ]
        )


GONE = {"name": "my-subnet", "region": "us-central1", "state": "absent"}
OTHER = f"{LINKS}/regions/us-east1/subnetworks/other"
BUSY = RangeUser(Subnetwork("p", "us-east1", "other"), "", "p", "us-east1-b", "edge", "", "nodes")
OTHERS_RULE = rule(name="other-allow-multinet")
WITH_OTHER = network(subnetworks=[f"{LINKS}/regions/us-central1/subnetworks/my-subnet", OTHER])


@pytest.mark.parametrize(
    ("options", "found", "actions", "before", "after"),
    [
        (
            {"subnetworks": [GONE]},
            ALL,
            ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet"],
            [{**SUBNET, "secondary_ranges": [], "allow_multinet": True}],
            [],
        ),
        ({"subnetworks": [GONE]}, observed(network()), [], [], []),
        (
            {"subnetworks": [{**GONE, "allow_multinet": False}]},
            ALL,
            ["delete subnetwork my-subnet"],
            [{**SUBNET, "secondary_ranges": [], "allow_multinet": False}],
            [],
        ),
        (
            {"purge_subnetworks": True},
            Observed(WITH_OTHER, {KEY: subnetwork()}, {each.name: each for each in (rule(), OTHERS_RULE)}),
            ["delete subnetwork other", "delete firewall rule other-allow-multinet"],
            [{**SUBNET, "allow_multinet": True}, {"name": "other", "region": "us-east1"}],
            [{**SUBNET, "allow_multinet": True}],
        ),
        (
            {"purge_subnetworks": True},
            observed(
                network(subnetworks=[f"{LINKS}/regions/us-central1/subnetworks/gke-edge-1a2b3c4d-pe-subnet"]),
                subnetwork(),
                rule(),
            ),
            [],
            [{**SUBNET, "allow_multinet": True}],
            [{**SUBNET, "allow_multinet": True}],
        ),
        (
            {"subnetworks": [{**SUBNET, "name": "new", "secondary_ranges": [PODS]}, GONE]},
            ALL,
            [
                "delete subnetwork my-subnet",
                "delete firewall rule my-subnet-allow-multinet",
                "create subnetwork new (10.0.1.0/24)",
                "create firewall rule new-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)",
            ],
            [{**SUBNET, "secondary_ranges": [], "allow_multinet": True}],
            [{**SUBNET, "name": "new", "allow_multinet": True}],
        ),
    ],
    ids=["absent", "absent already", "absent without rule", "purged", "made by GKE", "another in its place"],
)
def test_subnetworks_that_go(
    options: dict[str, Any], found: Observed, actions: list[str], before: list[Any], after: list[Any]
) -> None:
    wanted = desired(**options)
    planned = plan(wanted, found)
    assert titles(planned) == actions
    assert planned.before is not None
    assert planned.after is not None
    assert planned.before["subnetworks"] == before
    assert planned.after["subnetworks"] == after


def test_a_subnetwork_that_is_used_survives_a_purge() -> None:
    found = Observed(WITH_OTHER, {KEY: subnetwork()}, {rule().name: rule()}, range_users=[BUSY])
    planned = plan(desired(purge_subnetworks=True), found)
    assert titles(planned) == []
    assert planned.warnings == (
        "subnetwork other (us-east1) is not declared, but stays: it is used by cluster edge (us-east1-b); "
        "delete these first",
    )


@pytest.mark.parametrize(
    ("options", "found", "refusals"),
    [
        ({"description": "b"}, ALL, ["description cannot be changed (have '', want 'b')"]),
        ({"description": ""}, ALL, []),
        ({"subnetworks": [{**SUBNET, "description": "b"}]}, ALL, ["description cannot be changed (have '', want 'b')"]),
        (
            {"subnetworks": [{**SUBNET, "region": "us-east1"}]},
            observed(network()),
            ["region cannot be changed (have 'us-central1', want 'us-east1')"],
        ),
        (
            {"subnetworks": [{**SUBNET, "region": "us-east1"}, GONE]},
            ALL,
            [],
        ),
        (
            {"subnetworks": [{**GONE, "name": "other", "region": "us-east1"}]},
            Observed(WITH_OTHER, {("us-east1", "other"): subnetwork(name="other")}, range_users=[BUSY]),
            ["subnetwork other cannot be deleted: it is used by cluster edge (us-east1-b)"],
        ),
        (
            {"subnetworks": [{**SUBNET, "ip_cidr_range": "10.0.2.0/24"}], "description": "b"},
            observed(network(), subnetwork(), rule(direction="EGRESS")),
            ["network my-vpc: description", "subnetwork my-subnet: ip_cidr_range", "firewall rule my-subnet-allow"],
        ),
    ],
    ids=["description", "empty", "subnetwork's description", "region", "moved on purpose", "used", "all at once"],
)
def test_every_refusal_is_named(options: dict[str, Any], found: Observed, refusals: list[str]) -> None:
    if not refusals:
        plan(desired(**options), found)
        return
    with pytest.raises(Refused) as caught:
        plan(desired(**options), found)
    lines = [line for line in str(caught.value).splitlines() if len(refusals) == 1 or line.startswith("- ")]
    assert len(lines) == len(refusals)
    for line, refusal in zip(lines, refusals, strict=True):
        assert refusal in line


def test_what_changes_for_machines_is_warned_of() -> None:
    (warning,) = plan(desired(mtu=8896), ALL).warnings
    assert warning.startswith("mtu of network my-vpc changes from 1460 to 8896")
    assert plan(desired(mtu=1460), ALL).warnings == ()


@pytest.mark.parametrize(
    ("subnet", "path", "message"),
    [
        ({"ip_cidr_range": None}, "subnetworks[0].ip_cidr_range", "is needed, unless state=absent"),
        (
            {"secondary_ranges": [{"name": "pods"}]},
            "subnetworks[0].secondary_ranges[0].ip_cidr_range",
            "is needed, unless state=absent",
        ),
        (
            {"secondary_ranges": [PODS, {"name": "pods", "state": "absent"}]},
            "subnetworks[0].secondary_ranges[1].name",
            "is declared twice in this subnetwork",
        ),
        (
            {"secondary_ranges": [{"name": f"r{n}", "ip_cidr_range": f"172.16.{n}.0/24"} for n in range(31)]},
            "subnetworks[0].secondary_ranges",
            "a subnetwork has at most 30 secondary ranges",
        ),
    ],
)
def test_what_is_wrong_in_a_subnetwork(subnet: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(subnetworks=[{**SUBNET, **subnet}])
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [(path, message)]


def test_what_is_to_be_absent_needs_no_ranges() -> None:
    desired(subnetworks=[{**GONE, "secondary_ranges": [{"name": "pods", "state": "absent"}]}])
    desired(state="absent", subnetworks=[{"name": "my-subnet", "region": "us-central1"}])


def test_an_existing_network_is_not_purged() -> None:
    with pytest.raises(InvalidOptions) as caught:
        desired(existing=True, purge_subnetworks=True, subnetworks=[{**SUBNET, "purge_secondary_ranges": True}])
    assert {problem.path for problem in caught.value.problems} == {
        "purge_subnetworks",
        "subnetworks[0].purge_secondary_ranges",
    }


# delete_policy=keep_if_used: what goes of a network of which others use a part, and what stays.
SPARING: dict[str, Any] = {"state": "absent", "delete_policy": "keep_if_used"}
WHOLE = ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet", "delete network my-vpc"]
STAYS = "network my-vpc: its subnetwork my-subnet stays"


def kept(found: Observed, **options: Any) -> list[str]:
    """Return what the module says that stays."""
    google: Any = SimpleNamespace(project="p")
    vpc = Vpc(desired(**SPARING, **options), google, Operations(google, Deadline(1)))
    return list(vpc.facts(found, vpc.plan(found))["kept"])


def removing(name: str) -> RangeUser:
    return RangeUser(Subnetwork("p", *KEY), name, "p", "us-central1-c", "west", "multinet", "additional pods")


def ranges(*names: str) -> compute_v1.Subnetwork:
    given = [{"range_name": name, "ip_cidr_range": f"172.16.{n}.0/24"} for n, name in enumerate(names, start=1)]
    return subnetwork(secondary_ip_ranges=given)


def test_what_nobody_else_uses_goes_as_a_whole() -> None:
    assert titles(plan(desired(**SPARING), ALL)) == WHOLE
    assert kept(ALL) == []
    assert titles(plan(desired(**SPARING), observed())) == []


def test_a_subnetwork_with_a_range_of_others_loses_only_ours_and_so_does_its_rule() -> None:
    sources = ["10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"]
    found = observed(network(), ranges("pods", "others"), rule(source_ranges=sources))
    assert titles(plan(desired(**SPARING), found)) == [
        "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
        "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.2.0/24)",
    ]
    assert kept(found) == ["subnetwork my-subnet: secondary range others (172.16.2.0/24) in it is of others", STAYS]


def test_a_range_that_is_used_stays_with_its_subnetwork() -> None:
    found = observed(network(), subnetwork(), rule(), range_users={removing("pods")})
    assert titles(plan(desired(**SPARING), found)) == []
    by = "it is used by node pool multinet of cluster west (us-central1-c)"
    assert kept(found) == [
        f"subnetwork my-subnet: {by}",
        f"secondary range pods of subnetwork my-subnet: {by}",
        STAYS,
    ]


def test_a_range_that_is_not_the_declared_one_is_of_others() -> None:
    other = [{"range_name": "pods", "ip_cidr_range": "172.16.9.0/24"}]
    found = observed(network(), subnetwork(secondary_ip_ranges=other), rule(source_ranges=["10.0.1.0/24"]))
    assert titles(plan(desired(**SPARING), found)) == []
    assert kept(found)[0] == "subnetwork my-subnet: secondary range pods (172.16.9.0/24) in it is of others"


@pytest.mark.parametrize("subnet", ["my-subnet", "to-come"])
def test_what_others_need_stays(subnet: str) -> None:
    needed = [{"region": "us-central1", "subnetwork": subnet, "by": "cluster west"}]
    going = titles(plan(desired(**SPARING, needed=needed), ALL))
    assert "delete network my-vpc" not in going
    assert ("delete subnetwork my-subnet" in going) == (subnet != "my-subnet")
    what = "subnetwork my-subnet" if subnet == "my-subnet" else "network my-vpc"
    assert f"{what}: it is described for cluster west, too" in kept(ALL, needed=needed)


def test_a_network_with_anything_else_in_it_stays_without_ours() -> None:
    found = observed(network(), subnetwork(), rule(), in_the_way=["peering p"])
    assert titles(plan(desired(**SPARING), found)) == WHOLE[:2]
    assert kept(found) == ["network my-vpc: there is peering p"]


def test_a_rule_whose_subnetwork_went_before_goes_too_unless_another_region_has_that_name() -> None:
    found = observed(network(subnetworks=[]), None, rule(), in_the_way=["peering p"])
    assert titles(plan(desired(**SPARING), found)) == ["delete firewall rule my-subnet-allow-multinet"]
    other = network(subnetworks=[f"{LINKS}/regions/us-east1/subnetworks/my-subnet"])
    found = observed(other, None, rule(), in_the_way=["subnetwork my-subnet (us-east1)"])
    assert titles(plan(desired(**SPARING), found)) == []


def test_what_stays_is_not_purged_though_others_are_purged_when_it_is_made() -> None:
    subnet = {**SUBNET, "purge_secondary_ranges": True}
    both = [f"{LINKS}/regions/us-central1/subnetworks/{name}" for name in ("my-subnet", "foreign")]
    found = observed(network(subnetworks=both), ranges("pods", "others"), rule(), in_the_way=["subnetwork foreign"])
    assert titles(plan(desired(**SPARING, subnetworks=[subnet], purge_subnetworks=True), found)) == [
        "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
        "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24)",
    ]


def test_a_rule_that_is_not_there_is_not_made_for_what_stays() -> None:
    found = observed(network(), ranges("pods", "others"))
    assert titles(plan(desired(**SPARING), found)) == [
        "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet"
    ]


def test_a_network_of_others_is_left_and_named() -> None:
    assert titles(plan(desired(**SPARING, existing=True), ALL)) == []
    assert kept(ALL, existing=True) == ["network my-vpc: it is managed by others (existing=true)"]


def test_a_network_in_auto_mode_keeps_its_block_and_its_own_subnetworks() -> None:
    automatic = network(auto_create_subnetworks=True, subnetworks=[])
    inside, outside = ({**SUBNET, "ip_cidr_range": cidr} for cidr in ("10.140.0.0/20", "10.0.1.0/24"))
    with pytest.raises(Refused, match=r"10\.140\.0\.0/20 overlaps with 10\.128\.0\.0/9"):
        plan(desired(subnetworks=[inside]), observed(automatic))
    assert titles(plan(desired(subnetworks=[outside]), observed(automatic)))
    own = {"name": "my-vpc", "region": "us-central1", "state": "absent"}
    made = observed(automatic)
    made.subnetworks["us-central1", "my-vpc"] = subnetwork(name="my-vpc")
    with pytest.raises(Refused, match="which is in auto mode; it goes with the network"):
        plan(desired(subnetworks=[own]), made)
