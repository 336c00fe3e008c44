# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secondary ranges are removed and added, and which never are; what is left of an address space."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import compute_v1, container_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Network, Subnetwork
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import network_users, vpc_report
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.range_users import RangeUser
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.secondary_ranges import may_remove, plan_ranges
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.subnet_options import SecondaryRange, Subnet

A, B = ("a", "172.16.1.0/24"), ("b", "172.16.2.0/24")
A2 = ("a", "172.16.9.0/24")
GKE = ("gke-edge-pods-1a2b3c4d", "10.4.0.0/14")
BY_POOL = "it is used by node pool multinet of cluster edge (us-central1-c); delete these first"
BY_GKE = "Kubernetes Engine added it for a cluster, and removes it with the cluster"


def declared(*present: tuple[str, str], absent: tuple[str, ...] = (), purge: bool = False) -> Subnet:
    """Return a subnetwork with declared ranges."""
    wanted = [SecondaryRange(name, cidr, absent=False) for name, cidr in present]
    gone = [SecondaryRange(name, "", absent=True) for name in absent]
    return Subnet(
        name="s",
        region="us-central1",
        ip_cidr_range="10.0.1.0/24",
        description=None,
        private_google_access=None,
        secondary_ranges=(*wanted, *gone),
        purge_secondary_ranges=purge,
        allow_multinet=True,
        absent=False,
    )


def there(*ranges: tuple[str, str], reserved: str = "") -> compute_v1.Subnetwork:
    """Return a subnetwork with ranges; one of them may be a reserved one."""
    return compute_v1.Subnetwork(
        secondary_ip_ranges=[
            {"range_name": name, "ip_cidr_range": cidr}
            | ({"reserved_internal_range": "https://networkconnectivity.googleapis.com/r"} if name == reserved else {})
            for name, cidr in ranges
        ]
    )


def using(name: str) -> RangeUser:
    """Return a node pool that uses a range."""
    return RangeUser(Subnetwork("p", "us-central1", "s"), name, "p", "us-central1-c", "edge", "multinet", "pods")


@pytest.mark.parametrize(
    ("subnet", "found", "removals", "additions", "after"),
    [
        (declared(A), there(), [], [A], [A]),
        (declared(A), there(A), [], [], [A]),
        (declared(A), there(A, B), [], [], [A, B]),
        (declared(), there(A, B), [], [], [A, B]),
        (declared(A, purge=True), there(A, B), [B], [], [A]),
        (declared(purge=True), there(A, B), [A, B], [], []),
        (declared(A, absent=("b",)), there(A, B), [B], [], [A]),
        (declared(A, absent=("b",)), there(A), [], [], [A]),
        (declared(B, absent=("a",)), there(A), [A], [B], [B]),
        (declared(A2, purge=True), there(A), [A], [A2], [A2]),
        (declared(A2, purge=True), there(A, B), [A, B], [A2], [A2]),
        (declared(A, purge=True), there(A, GKE), [], [], [A, GKE]),
        (declared(A), there(A, GKE), [], [], [A, GKE]),
    ],
)
def test_removals_and_additions(
    subnet: Subnet, found: Any, removals: list[Any], additions: list[Any], after: list[Any]
) -> None:
    planned = plan_ranges(subnet, found, [])
    assert (planned.refusals, planned.warnings) == ((), ())
    assert (list(planned.removals), list(planned.additions)) == (removals, additions)
    assert list(planned.after) == [cidr for name, cidr in after]
    assert may_remove(subnet, found) == bool(removals)


@pytest.mark.parametrize(
    ("subnet", "found", "users", "refusals", "warnings"),
    [
        (
            declared(A2),
            there(A),
            [],
            [
                "subnetwork s: secondary range a cannot be changed (have '172.16.1.0/24', want '172.16.9.0/24'); "
                "declare a new name, or set purge_secondary_ranges=true to remove the range and add it anew"
            ],
            [],
        ),
        (
            declared(absent=("a",)),
            there(A),
            ["a"],
            [f"subnetwork s: secondary range a (172.16.1.0/24) cannot be removed: {BY_POOL}"],
            [],
        ),
        (
            declared(A2, purge=True),
            there(A),
            ["a"],
            [f"subnetwork s: secondary range a (172.16.1.0/24) cannot be removed: {BY_POOL}"],
            [],
        ),
        (
            declared(A, purge=True),
            there(A, B),
            ["b"],
            [],
            [f"subnetwork s: secondary range b (172.16.2.0/24) is not declared, but stays: {BY_POOL}"],
        ),
        (
            declared(absent=(GKE[0],)),
            there(GKE),
            [],
            [f"subnetwork s: secondary range {GKE[0]} (10.4.0.0/14) cannot be removed: {BY_GKE}"],
            [],
        ),
    ],
    ids=["moved", "absent and used", "moved and used", "purged and used", "of GKE"],
)
def test_what_is_not_removed(
    subnet: Subnet, found: Any, users: list[str], refusals: list[str], warnings: list[str]
) -> None:
    planned = plan_ranges(subnet, found, [using(name) for name in users])
    assert planned.removals == ()
    assert (list(map(str, planned.refusals)), list(planned.warnings)) == (refusals, warnings)


def test_a_reserved_range_is_never_purged() -> None:
    found = there(A, B, reserved="b")
    assert plan_ranges(declared(purge=True), found, []).removals == (A,)
    assert not may_remove(declared(A, purge=True), found)


@pytest.mark.parametrize(
    ("space", "used", "left"),
    [
        (["10.0.0.0/22"], [], ["10.0.0.0/22"]),
        (["10.0.0.0/22"], ["10.0.1.0/24"], ["10.0.0.0/24", "10.0.2.0/23"]),
        (["10.0.0.0/22"], ["10.0.0.0/8"], []),
        (["10.0.0.0/24", "10.0.1.0/24"], ["192.168.0.0/16"], ["10.0.0.0/23"]),
    ],
)
def test_free_address_space(space: list[str], used: list[str], left: list[str]) -> None:
    assert vpc_report.free(space, used) == left


def test_ranges_of_clusters_that_are_in_no_subnetwork_are_taken() -> None:
    inside = container_v1.Cluster(
        name="edge",
        location="us-central1-c",
        network="n",
        ip_allocation_policy={"services_ipv4_cidr_block": "10.9.0.0/20"},
        private_cluster_config={"master_ipv4_cidr_block": "172.20.0.0/28"},
    )
    outside = container_v1.Cluster(name="b", location="us-east1", network="m", cluster_ipv4_cidr="10.7.0.0/16")
    subnet = there(A)
    subnet.ip_cidr_range = "10.0.1.0/24"
    found = vpc_report.Found(compute_v1.Network(name="n"), [subnet], {}, {"p": [inside, outside]})
    assert set(vpc_report.taken(found, Network("p", "n"))) == {"10.0.1.0/24", A[1], "10.9.0.0/20", "172.20.0.0/28"}


LINKS = "https://www.googleapis.com/compute/v1/projects/p"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"subnetworks": ["s", "t"]}, ["subnetwork t (r1)"]),
        ({"subnetworks": ["s", "n"], "auto": True}, []),
        (
            {"subnetworks": ["gke-edge-1a2b3c4d-pe-subnet"]},
            [
                "subnetwork gke-edge-1a2b3c4d-pe-subnet (r1), left behind by Kubernetes Engine; remove it with: "
                "gcloud compute networks subnets delete gke-edge-1a2b3c4d-pe-subnet --region r1 --project p"
            ],
        ),
        ({"peerings": ["to-others"]}, ["peering to-others"]),
        ({"rules": ["f"]}, ["firewall rule f"]),
        (
            {"rules": ["gke-edge-1a2b3c4d-all"]},
            [
                "firewall rule gke-edge-1a2b3c4d-all, left behind by Kubernetes Engine; remove it with: "
                "gcloud compute firewall-rules delete gke-edge-1a2b3c4d-all --project p"
            ],
        ),
        (
            {"rules": ["gke-edge-1a2b3c4d-all"], "cluster": "n"},
            ["cluster edge (r1-a)", "firewall rule gke-edge-1a2b3c4d-all, which goes with cluster edge"],
        ),
        ({"cluster": "m"}, []),
        (
            {"groups": ["k8s1-1a2b3c4d-default-web-80-5e6f7a8b"]},
            [
                "network endpoint group k8s1-1a2b3c4d-default-web-80-5e6f7a8b (r1-a), left behind by Kubernetes "
                "Engine; remove it with: gcloud compute network-endpoint-groups delete "
                "k8s1-1a2b3c4d-default-web-80-5e6f7a8b --zone r1-a --project p"
            ],
        ),
        ({"groups": ["of-others"], "zone": ""}, ["network endpoint group of-others (r1)"]),
    ],
)
def test_what_is_in_the_way_of_a_deletion(found: dict[str, Any], expected: list[str]) -> None:
    network = compute_v1.Network(
        name="n",
        auto_create_subnetworks=found.get("auto", False),
        subnetworks=[f"{LINKS}/regions/r1/subnetworks/{name}" for name in found.get("subnetworks", [])],
        peerings=[{"name": name} for name in found.get("peerings", [])],
    )
    clusters = [
        container_v1.Cluster(name="edge", location="r1-a", network=name) for name in [found.get("cluster")] if name
    ]
    zone, region = found.get("zone", f"{LINKS}/zones/r1-a"), f"{LINKS}/regions/r1"
    groups = [compute_v1.NetworkEndpointGroup(name=name, zone=zone, region=region) for name in found.get("groups", [])]
    read = network_users.Found(
        network,
        clusters,
        [compute_v1.Firewall(name=name) for name in found.get("rules", [])],
        groups,
    )
    assert list(network_users.users(read, "p", Network("p", "n"), {("r1", "s")})) == expected
