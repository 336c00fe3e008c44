# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes of a network of which others use a part (delete_policy=keep_if_used), and what stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import compute_v1
from vpc_there import ALL, KEY, desired, network, observed, plan, rule, subnetwork, titles

from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.range_users import RangeUser
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Subnetwork
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import Observed, Vpc
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

GONE: dict[str, Any] = {"state": "absent", "delete_policy": "keep_if_used"}
WHOLE = ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet", "delete network my-vpc"]
STAYS = "network my-vpc: its subnetwork my-subnet stays"


def kept(found: Observed, **options: Any) -> list[str]:
    """Return what the module says that stays."""
    google: Any = SimpleNamespace(project="p")
    vpc = Vpc(desired(**GONE, **options), google, Operations(google, Deadline(1)))
    return list(vpc.facts(found, vpc.plan(found))["kept"])


def using(name: str) -> RangeUser:
    return RangeUser(Subnetwork("p", *KEY), name, "p", "us-central1-c", "west", "multinet", "additional pods")


def ranges(*names: str) -> compute_v1.Subnetwork:
    given = [{"range_name": name, "ip_cidr_range": f"172.16.{n}.0/24"} for n, name in enumerate(names, start=1)]
    return subnetwork(secondary_ip_ranges=given)


def test_what_nobody_else_uses_goes_as_a_whole() -> None:
    assert titles(plan(desired(**GONE), ALL)) == WHOLE
    assert kept(ALL) == []
    assert titles(plan(desired(**GONE), observed())) == []


def test_a_subnetwork_with_a_range_of_others_loses_only_ours_and_so_does_its_rule() -> None:
    sources = ["10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"]
    found = observed(network(), ranges("pods", "others"), rule(source_ranges=sources))
    assert titles(plan(desired(**GONE), found)) == [
        "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet",
        "update firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.2.0/24)",
    ]
    assert kept(found) == ["subnetwork my-subnet: secondary range others (172.16.2.0/24) in it is of others", STAYS]


def test_a_range_that_is_used_stays_with_its_subnetwork() -> None:
    found = observed(network(), subnetwork(), rule(), range_users={using("pods")})
    assert titles(plan(desired(**GONE), found)) == []
    by = "it is used by node pool multinet of cluster west (us-central1-c)"
    assert kept(found) == [
        f"subnetwork my-subnet: {by}",
        f"secondary range pods of subnetwork my-subnet: {by}",
        STAYS,
    ]


def test_a_range_that_is_not_the_declared_one_is_of_others() -> None:
    other = [{"range_name": "pods", "ip_cidr_range": "172.16.9.0/24"}]
    found = observed(network(), subnetwork(secondary_ip_ranges=other), rule(source_ranges=["10.0.1.0/24"]))
    assert titles(plan(desired(**GONE), found)) == []
    assert kept(found)[0] == "subnetwork my-subnet: secondary range pods (172.16.9.0/24) in it is of others"


@pytest.mark.parametrize("subnet", ["my-subnet", "to-come"])
def test_what_others_need_stays(subnet: str) -> None:
    needed = [{"region": "us-central1", "subnetwork": subnet, "by": "cluster west"}]
    going = titles(plan(desired(**GONE, needed=needed), ALL))
    assert "delete network my-vpc" not in going
    assert ("delete subnetwork my-subnet" in going) == (subnet != "my-subnet")
    what = "subnetwork my-subnet" if subnet == "my-subnet" else "network my-vpc"
    assert f"{what}: it is described for cluster west, too" in kept(ALL, needed=needed)


def test_a_network_with_anything_else_in_it_stays_without_ours() -> None:
    found = observed(network(), subnetwork(), rule(), in_the_way=["peering p"])
    assert titles(plan(desired(**GONE), found)) == WHOLE[:2]
    assert kept(found) == ["network my-vpc: there is peering p"]


def test_a_rule_that_is_not_there_is_not_made_for_what_stays() -> None:
    found = observed(network(), ranges("pods", "others"))
    assert titles(plan(desired(**GONE), found)) == [
        "remove secondary range pods (172.16.1.0/24) from subnetwork my-subnet"
    ]


def test_a_network_of_others_is_left_and_named() -> None:
    assert titles(plan(desired(**GONE, existing=True), ALL)) == []
    assert kept(ALL, existing=True) == ["network my-vpc: it is managed by others (existing=true)"]
