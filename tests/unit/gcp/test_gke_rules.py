# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules and the plan refuse alike, one option at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils import gke_rules
from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems


def noted(check: Callable[..., object], value: object, **options: Any) -> list[str]:
    problems = Problems()
    check(problems, "here", value, **options)
    return [f"{problem.path}: {problem.message}" for problem in problems]


def test_a_subnetworks_name_leaves_room_for_that_of_its_rule() -> None:
    assert noted(gke_rules.check_subnetwork_name, "a" * 48) == []
    assert noted(gke_rules.check_subnetwork_name, "a" * 49) == [
        "here: is longer than 48 characters, too long for the name of its rule; take a shorter one, "
        "or set allow_multinet=false"
    ]
    assert noted(gke_rules.check_subnetwork_name, "a" * 64) == ["here: is longer than 63 characters"]
    assert noted(gke_rules.check_subnetwork_name, "a" * 63, with_rule=False) == []
    assert len(gke_rules.ingress_rule_name("a" * 48)) == gke_rules.LONGEST_COMPUTE_NAME


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("us-central1-c", []),
        ("us-central1-ai1a", []),
        ("us-south1-ai1b", ["here[0]: is not a zone of us-central1"]),
        ("us-central1", ["here[0]: is not a zone (us-central1-c)"]),
        ("us-central1-ai1", ["here[0]: is not a zone (us-central1-c)"]),
    ],
)
def test_zones_are_those_of_the_region_ai_zones_among_them(zone: str, expected: list[str]) -> None:
    assert noted(gke_rules.check_zones, [zone], location="us-central1-a") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.0/8", []),
        ("172.16.1.0/29", []),
        ("172.16.1.0/30", ["here: must have a prefix length between 8 and 29"]),
        ("10.0.0.0/7", ["here: must have a prefix length between 8 and 29"]),
        ("fd00::/64", ["here: must be an IPv4 range"]),
        ("172.16.1.5/24", ["here: has host bits set; write 172.16.1.0/24"]),
    ],
)
def test_a_range_is_one_that_a_subnetwork_can_have(value: str, expected: list[str]) -> None:
    assert noted(gke_rules.check_range, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ({"enabled": False}, []),
        ({"enabled": False, "min": 3, "max": 1}, []),
        ({"min": 1, "max": 1}, []),
        ({"enabled": True, "min": None, "max": 4}, []),
        ({"enabled": True, "min": 1, "max": None}, ["here.max: is needed"]),
        ({"min": 2, "max": 1}, ["here: needs 0 <= min <= max and 1 <= max"]),
        ({"min": -1, "max": 1}, ["here: needs 0 <= min <= max and 1 <= max"]),
        ({"min": 0, "max": 0}, ["here: needs 0 <= min <= max and 1 <= max"]),
    ],
)
def test_an_autoscaler_needs_limits(value: dict[str, Any] | None, expected: list[str]) -> None:
    assert noted(gke_rules.check_autoscaling, value) == expected


@pytest.mark.parametrize(
    ("pods", "doubled", "prefix"),
    [
        *((8, True, 28), (9, True, 27), (16, True, 27), (17, True, 26), (110, True, 24), (129, True, 23)),
        *((256, True, 23), (8, False, 29), (9, False, 28), (16, False, 28), (17, False, 27), (256, False, 24)),
    ],
)
def test_a_nodes_block_is_the_least_power_of_two_that_holds_its_pods(pods: int, doubled: bool, prefix: int) -> None:
    assert gke_rules.alias_block_prefix(pods, doubled=doubled) == prefix


def test_numbers_have_limits() -> None:
    assert noted(gke_rules.check_node_count, 0) == noted(gke_rules.check_node_count, None) == []
    assert noted(gke_rules.check_node_count, -1) == ["here: must not be negative"]
    assert noted(gke_rules.check_node_count, 0, least=1) == ["here: must be at least 1"]
    assert noted(gke_rules.check_max_pods, 8) == noted(gke_rules.check_max_pods, 256) == []
    assert noted(gke_rules.check_max_pods, 7) == ["here: must be between 8 and 256"]
