# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with clusters: their networks once, less what others of the inventory need."""

from __future__ import annotations

from typing import Any

from the_guide import Edit, of, options, put

from ansible_collections.multinet.gke.plugins.module_utils.plan.description import Description
from ansible_collections.multinet.gke.plugins.module_utils.plan.removal import removals


def cluster(name: str, *edits: Edit) -> Description:
    """Return a cluster with a range of its own in the guide's subnetwork."""
    pods: dict[str, Any] = {"name": f"pods-{name}", "range": "172.16.1.0/24", "attachment": "my-nad"}
    named = (put("host", value=name), put("cluster", "name", value=name))
    return of(options(*named, put("networks", 0, "pod_ranges", value=[pods]), *edits))


def test_a_shared_network_goes_once_with_what_all_clusters_of_the_run_have_in_it() -> None:
    found = removals([cluster("east"), cluster("west")], [])
    (vpc,) = found["east"]["vpcs"]
    assert found["west"]["vpcs"] == []
    (subnetwork,) = vpc["subnetworks"]
    assert [each["name"] for each in subnetwork["secondary_ranges"]] == ["pods-east", "pods-west"]
    assert vpc["needed"] == []
    assert vpc["deleted_before"] == [
        {"location": "us-central1-c", "name": "east"},
        {"location": "us-central1-c", "name": "west"},
    ]


def test_what_others_of_the_inventory_describe_is_needed() -> None:
    elsewhere = cluster("far", put("networks", 0, "vpc", value="vpc-2"))
    (vpc,) = removals([cluster("east")], [cluster("west"), elsewhere])["east"]["vpcs"]
    assert vpc["needed"] == [{"region": "us-central1", "subnetwork": "my-subnet", "by": "cluster west"}]
    assert [each["name"] for each in vpc["subnetworks"][0]["secondary_ranges"]] == ["pods-east"]


def test_a_network_of_others_is_kept() -> None:
    found = removals([cluster("east", put("networks", 0, "existing", value=True))], [])["east"]
    assert found["vpcs"] == []
    assert found["kept"] == ["network my-vpc of test-project: it is managed by others (existing: true)"]
    assert not [name for name in found["names"] if "network" in name]


def test_in_the_project_of_a_shared_vpc_there_is_no_cluster_of_ours() -> None:
    (vpc,) = removals([cluster("east", put("networks", 0, "vpc_project", value="host"))], [])["east"]["vpcs"]
    assert (vpc["project"], vpc["deleted_before"]) == ("host", [])


def test_all_that_goes_is_named_before_anybody_is_asked() -> None:
    assert removals([cluster("east")], [])["east"]["names"] == [
        "pod default/samplepod",
        "attachment default/my-nad",
        "node pool multinet",
        "cluster east (us-central1-c) of test-project",
        "of network my-vpc what nobody else needs",
    ]
