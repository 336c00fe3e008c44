# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What callers expect of pods, and what may be asked: each with what passes and what does not."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from snapshots import MAC, answers, found, pod, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks import catalogue
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.expectations import expectations
from ansible_collections.multinet.gke.plugins.module_utils.verify.inside import Inside
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import (
    API_CHECKS,
    CHECKS,
    INSIDE,
    NODE_CHECKS,
    Choice,
    Expectation,
    Request,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Node
from ansible_collections.multinet.gke.plugins.modules import multinet_verify

TWO = (pod("a", "172.16.1.1"), pod("b", "172.16.1.2", node="node-2"))
NET1 = "net1 of default/my-nad"


def expect(**fields: Any) -> Expectation:
    return Expectation("default/my-nad", **fields)


@pytest.mark.parametrize(
    ("expected", "findings"),
    [
        (expect(), []),
        (expect(interface="net1", ip_in=IPNetwork("172.16.1.0/24"), count=2), []),
        (expect(interface="net1", count=3), [("default/my-nad", f"3 pods were expected to have {NET1}, 2 have it")]),
        (
            expect(interface="net2"),
            [
                ("default/a", "has not net2 of default/my-nad (it has: net1)"),
                ("default/b", "has not net2 of default/my-nad (it has: net1)"),
            ],
        ),
        (
            expect(ip_in=IPNetwork("172.16.1.0/31")),
            [("default/b", "net1 has 172.16.1.2, not one of 172.16.1.0/31")],
        ),
        (
            expect(mac_is_nic=True),
            [("default/b", f"net1 MAC {MAC} differs from that of its node's interface (42:01:0a:00:01:03)")],
        ),
        (expect(mtu=1460), []),
        (
            expect(mtu=1500),
            [("default/a", "net1 has MTU 1460, not 1500"), ("default/b", "net1 has MTU 1460, not 1500")],
        ),
        (Expectation("default/none"), [("default/none", "no pod asks for default/none")]),
    ],
)
def test_expectations(expected: Expectation, findings: list[tuple[str, str]]) -> None:
    nodes = (Node("node-1", nics={"eth1": "10.0.1.2"}), Node("node-2", nics={"eth1": "10.0.1.3"}))
    insides = {each.ref: Inside(mtus={"net1": 1460}) for each in TWO}
    seen = snapshot(*TWO, nodes=nodes, insides=insides, expectations=(expected,))
    results = found(expectations(seen))
    assert [result[1:] for result in results] == findings
    assert {result[0] for result in results} <= {"fail"}


def test_declared_pods_are_those_of_which_something_is_expected() -> None:
    seen = snapshot(*TWO, declared=("default/a",), expectations=(expect(count=1),))
    assert answers(expectations(seen)) == [("pass", "default/my-nad", "1 interfaces are as expected")]


def test_an_mtu_that_nobody_looked_for_is_not_known() -> None:
    (result,) = expectations(snapshot(TWO[0], expectations=(expect(mtu=1460),)))
    assert (result.status, "name inside in checks" in result.remedy) == ("skip", True)


def request(**options: Any) -> Request:
    checked = ArgumentSpecValidator(multinet_verify.SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return Request.of(checked.validated_parameters)


def test_every_check_has_a_function_and_every_name_is_documented() -> None:
    assert {each.name for each in catalogue.CHECKS} == {*API_CHECKS, *NODE_CHECKS, INSIDE}
    options = yaml.safe_load(multinet_verify.DOCUMENTATION)["options"]
    documented = [line.partition(" - ")[0] for line in options["checks"]["description"] if " - " in line]
    assert sorted(documented) == sorted(f"V({name})" for name in CHECKS)
    page = (pathlib.Path(__file__).parents[3] / "docs" / "checks.md").read_text()
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(CHECKS)


def test_all_checks_are_made_by_default_and_only_those_that_were_named() -> None:
    assert request().checks == set(CHECKS)
    chosen = request(checks=["pod", "ip_in_pool"])
    assert (chosen.checks, chosen.pings, chosen.look_inside) == ({"pod", "ip_in_pool"}, False, False)
    assert request(checks=["inside"]).look_inside


def test_pods_are_chosen_by_name_by_labels_or_by_namespace() -> None:
    chosen = request(pods=[{"name": "a"}, {"label_selector": "app=db", "namespace": "apps"}, {"namespace": "apps"}])
    assert chosen.pods == (Choice("default", "a"), Choice("apps", label_selector="app=db"), Choice("apps"))
    assert [str(choice) for choice in chosen.pods] == ["default/a", "apps (app=db)", "apps (all with attachments)"]


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (
            {"checks": ["ip_in_pol"]},
            {"checks[0]": "did you mean ip_in_pool?"},
        ),
        ({"checks": ["ipvlan_binary"]}, {"checks[0]": "needs inspect_nodes"}),
        (
            {"checks": ["inside", "connectivity"], "probe": False},
            {"checks[0]": "needs probe", "checks[1]": "needs probe"},
        ),
        ({"pods": [{"name": "a", "label_selector": "b"}]}, {"pods[0]": "has both name and label_selector"}),
        ({"retries": 0, "delay": 0}, {"retries": "must be at least 1", "delay": "must be at least 1"}),
        (
            {
                "expect": [
                    {"nad": "my_nad"},
                    {"nad": "default/", "interface": "a/b", "ip_in": "1.2.3.4", "count": -1, "mtu": 9},
                ]
            },
            {
                "expect[0].nad": "is not a name",
                "expect[1].nad": "has no name",
                "expect[1].interface": "is not an interface name",
                "expect[1].ip_in": "has no prefix length",
                "expect[1].count": "must not be negative",
                "expect[1].mtu": "must be between 68 and 65535",
            },
        ),
    ],
)
def test_what_is_wrong_in_the_options_is_said_at_once(options: dict[str, Any], problems: dict[str, str]) -> None:
    with pytest.raises(InvalidOptions) as failure:
        request(**options)
    said = {problem.path: problem.message for problem in failure.value.problems}
    assert set(said) == set(problems)
    for path, text in problems.items():
        assert text in said[path]
