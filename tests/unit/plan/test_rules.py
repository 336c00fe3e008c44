# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from the_guide import SECOND, Edit, described, of, options, put

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.plan import rules, site

NO_NAME = "must start with a lower case letter and contain only a-z, 0-9 and - (not at the end)"


def problems(*descriptions: dict[str, Any]) -> list[tuple[str, str]]:
    """Return path and message of everything that is refused."""
    found = Problems()
    rules.check(found, [of(description) for description in descriptions])
    return [(problem.path.removeprefix("edge: multinet_"), problem.message) for problem in found]


def test_the_guide_is_let_through() -> None:
    assert problems(options()) == []


@pytest.mark.parametrize(
    ("edits", "path", "message"),
    [
        ([put("project", value="")], "project", "is missing: set it, or GCP_PROJECT"),
        ([put("location", value="mars")], "location", "is neither a region (us-central1) nor a zone (us-central1-c)"),
        ([put("cluster", "name", value="Edge")], "cluster.name", NO_NAME),
        ([put("cluster", "name", value="a" * 41)], "cluster.name", "is longer than 40 characters"),
        ([put("cluster", "version", value="1.27")], "cluster.version", "multi-networking needs version 1.28 or later"),
        (
            [put("cluster", "version", value="newest")],
            "cluster.version",
            "is not a version; write for example 1.34, 1.34.4-gke.1000000 or latest",
        ),
        (
            [put("cluster", "dataplane_v2", value=False)],
            "cluster.dataplane_v2",
            "multi-networking needs Dataplane V2; set multi_networking=false, too",
        ),
        (
            [put("networks", 0, "node_range", value="10.0.1.5/24")],
            "networks[0].node_range",
            "has host bits set; write 10.0.1.0/24",
        ),
        (
            [put("networks", 0, "node_range", value="10.0.1.0")],
            "networks[0].node_range",
            'has no prefix length; write for example "10.0.1.0/24"',
        ),
        (
            [put("networks", 0, "node_range", value="10.0.1.0/30")],
            "networks[0].node_range",
            "must have a prefix length between 8 and 29",
        ),
        (
            [put("networks", 0, "node_range", value="10.0.1.0/29"), put("nodepools", 0, "node_count", value=5)],
            "networks[0].node_range",
            "holds 4 nodes; the node pools may have 5",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "range", value="SECONDARY_RANGE_NAME")],
            "networks[0].pod_ranges[0].range",
            "is not a CIDR (a.b.c.d/n)",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "range", value="10.0.1.128/25")],
            "networks[0].pod_ranges[0].range",
            "overlaps edge: multinet_networks[0].node_range (10.0.1.0/24); "
            "ranges of VPC my-vpc in test-project must not overlap",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "max_pods_per_node", value=7)],
            "networks[0].pod_ranges[0].max_pods_per_node",
            "must be between 8 and 256",
        ),
        (
            [put("nodepools", 0, "node_count", value=17)],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: 17 x 1 zone)",
        ),
        (
            [put("nodepools", 0, "node_count", value=None), put("nodepools", 0, "autoscaling", value={"max": 20})],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 20 (multinet: autoscaling max 20 x 1 zone)",
        ),
        (
            [put("location", value="us-central1"), put("nodepools", 0, "node_count", value=6)],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 18 (multinet: 6 x 3 zones)",
        ),
        ([put("nodepools", 0, "node_count", value=-3)], "nodepools[0].node_count", "must not be negative"),
        (
            [put("networks", 0, "subnetwork", value="s" * 49)],
            "networks[0].subnetwork",
            "is longer than 48 characters, too long for the name of its rule; take a shorter one, "
            "or set allow_multinet=false",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "range", value="2001:db8::/64")],
            "networks[0].pod_ranges[0].range",
            "must be an IPv4 range",
        ),
        (
            [put("nodepools", 0, "autoscaling", value={"max": 3})],
            "nodepools[0].node_count",
            "is not for a pool that the autoscaler sizes; leave it out",
        ),
        (
            [lambda d: d["networks"].append(SECOND), put("nodepools", 0, "machine_type", value="e2-medium")],
            "nodepools[0].machine_type",
            "has 2 vCPUs: at most 1 additional network, 2 given; choose a larger machine type or fewer networks",
        ),
        (
            [put("nodepools", 0, "networks", value=["my-vpc", "other"])],
            "nodepools[0].networks[1]",
            "is none of multinet_networks (my-vpc)",
        ),
        (
            [put("nodepools", 0, "networks", value=["my-vpc", "my-vpc"])],
            "nodepools[0].networks",
            "a node has at most one interface in a VPC",
        ),
        (
            [put("cluster", "network", value="my-vpc")],
            "nodepools[0].networks",
            "is the cluster's own VPC: each interface needs another one",
        ),
        (
            [
                lambda d: d["networks"].append(SECOND),
                lambda d: d["nodepools"].append(
                    {"name": "other", "machine_type": "e2-standard-4", "node_count": 1, "networks": ["vpc-2"]}
                ),
            ],
            "networks[1].vpc",
            "is not the same interface in all node pools (eth2 in multinet, eth1 in other): "
            "give the pools their networks in one order",
        ),
        (
            [put("pods", 0, "attachments", value=["other"])],
            "pods[0].attachments[0]",
            "is no attachment of multinet_networks (my-nad)",
        ),
        ([put("networks", 0, "vpc", value="My_VPC")], "networks[0].vpc", NO_NAME),
        ([put("networks", 0, "subnetwork", value="My_Subnet")], "networks[0].subnetwork", NO_NAME),
        ([put("networks", 0, "pod_ranges", 0, "name", value="Pods")], "networks[0].pod_ranges[0].name", NO_NAME),
        (
            [put("networks", 0, "pod_ranges", 0, "attachment", value="My_Nad"), put("pods", value=[])],
            "networks[0].pod_ranges[0].attachment",
            NO_NAME,
        ),
        ([put("pods", 0, "name", value="Sample_Pod")], "pods[0].name", NO_NAME),
        ([put("networks", 0, "mtu", value=9000)], "networks[0].mtu", "must be between 1300 and 8896"),
        (
            [put("cluster", "multi_networking", value=False)],
            "cluster.multi_networking",
            "multinet_networks need it",
        ),
        (
            [put("cluster", "private", value={"nodes": True, "master_cidr": "172.31.0.0/27"})],
            "cluster.private.master_cidr",
            "must be a /28",
        ),
        (
            [put("cluster", "pods_cidr", value="172.16.0.0/14")],
            "cluster.pods_cidr",
            "overlaps edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24); "
            "ranges of one cluster must not overlap",
        ),
        (
            [put("cluster", "pods_cidr", value="10.4.0.0/22")],
            "cluster.pods_cidr",
            "has 1024 addresses; the blocks of the 5 nodes that the pools may have take 1280",
        ),
        (
            [put("cluster", "endpoint_kind", value="dns"), put("cluster", "dns_endpoint", value=False)],
            "cluster.endpoint_kind",
            "needs dns_endpoint=true",
        ),
        (
            [put("nodepools", 0, "node_locations", value=["us-central1-a", "europe-west4-a"])],
            "nodepools[0].node_locations[1]",
            "is not a zone of us-central1",
        ),
        (
            [put("nodepools", 0, "disk_size_gb", value=5)],
            "nodepools[0].disk_size_gb",
            "must be at least 10",
        ),
        (
            [
                put("nodepools", 0, "node_count", value=None),
                put("nodepools", 0, "autoscaling", value={"total_min": 1, "total_max": 17}),
            ],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: autoscaling total_max 17)",
        ),
        (
            [
                put("location", value="us-central1"),
                put("cluster", "node_locations", value=[f"us-central1-{z}" for z in "abcf"]),
                put("nodepools", 0, "node_count", value=5),
            ],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 20 (multinet: 5 x 4 zones)",
        ),
        (
            [lambda d: d["nodepools"].append({"name": "more", "machine_type": "e2-standard-4", "node_count": 15})],
            "networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: 2 x 1 zone, more: 15 x 1 zone)",
        ),
        (
            [lambda d: d["networks"].append({**SECOND, "node_range": "10.0.0.0/16"})],
            "networks[1].node_range",
            "overlaps edge: multinet_networks[0].node_range (10.0.1.0/24); "
            "ranges of a node's interfaces must not overlap",
        ),
        (
            [
                lambda d: d["networks"].append(
                    {**SECOND, "pod_ranges": [{**SECOND["pod_ranges"][0], "range": "172.16.0.0/16"}]}
                )
            ],
            "networks[1].pod_ranges[0].range",
            "overlaps edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24); "
            "ranges of one cluster must not overlap",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "namespace", value="Team_A"), put("pods", value=[])],
            "networks[0].pod_ranges[0].namespace",
            "is no name of a namespace (RFC 1123)",
        ),
        (
            [put("networks", 0, "vpc_project", value="host-project")],
            "networks[0].vpc_project",
            "is not the project of the cluster's own VPC (projects/test-project/global/networks/default): all "
            "interfaces of a node are in networks of one project; with Shared VPC, multinet_cluster.network and "
            "subnetwork are paths, too",
        ),
        (
            [
                put("networks", 0, "vpc_project", value="host-project"),
                put("cluster", "network", value="projects/host-project/global/networks/main"),
                put("cluster", "version", value="1.28.3"),
            ],
            "cluster.version",
            "multi-networking with Shared VPC needs version 1.28.4 or later",
        ),
        (
            [put("cluster", "network", value="projects/test-project/global/networks/my-vpc")],
            "nodepools[0].networks",
            "is the cluster's own VPC: each interface needs another one",
        ),
        (
            [put("nodepools", 0, "networks", value=[])],
            "pods[0].attachments",
            "no node pool carries all of their networks",
        ),
    ],
)
def test_one_mistake_is_one_problem(edits: list[Edit], path: str, message: str) -> None:
    assert problems(options(*edits)) == [(path, message)]


def test_names_that_stand_twice() -> None:
    found = problems(
        options(
            lambda d: d["networks"].append({**SECOND, "vpc": "my-vpc"}),
            lambda d: d["nodepools"].append(d["nodepools"][0]),
            lambda d: d["pods"].append(d["pods"][0]),
        )
    )
    assert {path for path, _ in found} >= {"networks[1]", "nodepools[1]", "pods[1]"}


def many_networks(count: int, machine_type: str) -> Edit:
    """Return an edit that gives a pool of machines a number of networks."""
    networks = [{"vpc": f"vpc-{n}", "subnetwork": f"subnet-{n}", "node_range": f"10.0.{n}.0/24"} for n in range(count)]

    def edit(description: dict[str, Any]) -> None:
        description["nodepools"][0]["machine_type"] = machine_type
        description.update(networks=networks, pods=[])

    return edit


def test_more_networks_than_a_node_has_interfaces() -> None:
    assert problems(options(many_networks(8, "n2-standard-32"))) == [
        ("nodepools[0].networks", "a node has at most 7 additional networks")
    ]


@pytest.mark.parametrize(
    ("count", "machine_type"), [(1, "e2-medium"), (3, "e2-standard-4"), (7, "n2-standard-8"), (7, "n2-standard-32")]
)
def test_as_many_networks_as_a_node_has_interfaces(count: int, machine_type: str) -> None:
    assert problems(options(many_networks(count, machine_type))) == []


def other_cluster(*edits: Edit) -> dict[str, Any]:
    """Return a second cluster in the guide's VPC."""
    return options(put("host", value="other"), put("cluster", "name", value="other"), *edits)


def test_clusters_that_share_a_vpc_must_not_overlap() -> None:
    other = other_cluster(
        put("networks", 0, "subnetwork", value="other-subnet"), put("networks", 0, "node_range", value="10.0.3.0/24")
    )
    assert problems(options(), other) == [
        (
            "other: multinet_networks[0].pod_ranges[0].range",
            "overlaps edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24); "
            "ranges of VPC my-vpc in test-project must not overlap",
        )
    ]


def own_pod_range(description: dict[str, Any]) -> None:
    description["networks"][0]["pod_ranges"][0].update(name="other-pods", range="172.16.2.0/24")


def test_clusters_may_share_a_subnetwork_with_a_pod_range_each() -> None:
    assert problems(options(), other_cluster(own_pod_range)) == []


def test_clusters_that_share_a_subnetwork_must_say_the_same_of_it() -> None:
    wider = other_cluster(own_pod_range, put("networks", 0, "node_range", value="10.0.0.0/23"))
    assert problems(options(), wider) == [
        (
            "other: multinet_networks[0].node_range",
            "differs from edge: multinet_networks[0].node_range (10.0.1.0/24), which describes the same subnetwork",
        )
    ]


def test_two_clusters_must_not_hand_out_the_same_addresses() -> None:
    assert problems(options(), other_cluster()) == [
        (
            "other: multinet_networks[0].pod_ranges[0].range",
            "is handed out by cluster edge, too, so that pods would get the same address; "
            "give each cluster a secondary range of its own",
        )
    ]


def test_two_clusters_must_say_the_same_of_one_secondary_range() -> None:
    assert problems(options(), other_cluster(put("networks", 0, "pod_ranges", 0, "range", value="172.16.2.0/24"))) == [
        (
            "other: multinet_networks[0].pod_ranges[0].range",
            "differs from edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24), which names the same range",
        )
    ]


def test_the_same_name_in_two_regions_is_two_subnetworks_but_one_rule() -> None:
    far = [
        put("location", value="europe-west4-a"),
        put("networks", 0, "node_range", value="10.0.3.0/24"),
        put("networks", 0, "pod_ranges", 0, "range", value="172.16.3.0/24"),
    ]
    without_rule = put("networks", 0, "allow_multinet", value=False)
    assert problems(options(), other_cluster(*far, without_rule)) == []
    assert problems(options(), other_cluster(*far)) == [
        (
            "other: multinet_networks[0].subnetwork",
            "needs the firewall rule my-subnet-allow-multinet, as the one in us-central1 does; rename one, or set "
            "allow_multinet=false",
        )
    ]


def test_a_subnetwork_is_in_one_vpc() -> None:
    second = {**SECOND, "subnetwork": "my-subnet"}
    assert ("networks[1].subnetwork", "is a subnetwork of VPC my-vpc, too") in problems(
        options(lambda d: d["networks"].append(second))
    )


def two_namespaces(description: dict[str, Any]) -> None:
    description["networks"][0]["pod_ranges"].append(
        {"name": "more", "range": "172.16.2.0/24", "attachment": "my-nad", "namespace": "team"}
    )


def test_a_pod_gets_the_attachment_of_its_own_namespace() -> None:
    in_default = site.derive(described(two_namespaces))
    assert in_default["pods"][0]["attachments"] == [{"name": "my-nad", "namespace": "default"}]
    in_team = site.derive(described(two_namespaces, put("pods", 0, "namespace", value="team")))
    assert in_team["pods"][0]["attachments"] == [{"name": "my-nad", "namespace": "team"}]
    named = options(
        two_namespaces,
        put("pods", 0, "namespace", value="team"),
        put("pods", 0, "attachments", value=["default/my-nad"]),
    )
    assert site.derive(of(named))["pods"][0]["attachments"] == [{"name": "my-nad", "namespace": "default"}]


def test_a_pod_cannot_have_what_multus_will_not_give_it() -> None:
    assert problems(
        options(
            put("networks", 0, "pod_ranges", 0, "namespace", value="team"), put("pods", 0, "namespace", value="other")
        )
    ) == [
        (
            "pods[0].attachments[0]",
            "is in namespace team: Multus gives a pod in other only attachments of its own namespace and of default",
        )
    ]


def test_a_name_that_may_mean_two_attachments_is_asked_about() -> None:
    assert problems(options(two_namespaces, put("pods", 0, "namespace", value="other"))) == [
        (
            "pods[0].attachments[0]",
            "is the name of several attachments; write NAMESPACE/NAME, with one of default, team",
        )
    ]


def test_one_cluster_must_not_be_described_twice() -> None:
    assert ("again", "is the cluster of edge, too") in problems(options(), options(put("host", value="again")))


def test_a_vpc_of_another_project_is_another_vpc() -> None:
    network = "projects/host-project/global/networks/main"
    shared = [put("networks", 0, "vpc_project", value="host-project"), put("cluster", "network", value=network)]
    assert problems(options(*shared), other_cluster()) == []


@pytest.mark.parametrize(
    ("key", "first", "second", "what"),
    [
        ("mtu", 1460, 8896, "VPC"),
        ("routing_mode", "REGIONAL", "GLOBAL", "VPC"),
        ("existing", False, True, "VPC"),
        ("private_google_access", True, False, "subnetwork"),
        ("allow_multinet", True, False, "subnetwork"),
    ],
)
def test_what_two_clusters_say_of_one_thing_is_the_same(key: str, first: object, second: object, what: str) -> None:
    said = put("networks", 0, key, value=first)
    assert problems(options(said), other_cluster(own_pod_range, said)) == []
    assert problems(options(said), other_cluster(own_pod_range, put("networks", 0, key, value=second))) == [
        (
            f"other: multinet_networks[0].{key}",
            f"differs from edge: multinet_networks[0].{key} ({first}), which describes the same {what}",
        )
    ]


def test_what_one_cluster_leaves_out_contradicts_nothing() -> None:
    assert problems(options(), other_cluster(own_pod_range, put("networks", 0, "mtu", value=8896))) == []


def sixteen_ranges(number: int) -> Edit:
    """Return an edit that gives a cluster sixteen pod ranges of its own."""
    ranges = [
        {"name": f"r{number}-{n}", "range": f"172.{16 + number}.{n}.0/24", "attachment": f"nad-{n}"} for n in range(16)
    ]
    return lambda d: (d["networks"][0].update(pod_ranges=ranges), d.update(pods=[]))


def test_the_ranges_of_a_subnetwork_are_counted_over_all_clusters() -> None:
    assert problems(options(sixteen_ranges(0))) == []
    assert problems(options(sixteen_ranges(0)), other_cluster(sixteen_ranges(1))) == [
        (
            "other: multinet_networks[0].pod_ranges",
            "a subnetwork has at most 30 secondary ranges, 16 of them for other clusters",
        )
    ]


def test_the_nodes_of_all_clusters_need_addresses_of_the_subnetwork() -> None:
    small = put("networks", 0, "node_range", value="10.0.1.0/29")
    three = put("nodepools", 0, "node_count", value=3)
    assert problems(options(small, three)) == []
    assert problems(options(small, three), other_cluster(own_pod_range, small, three)) == [
        ("networks[0].node_range", "holds 4 nodes; the clusters edge, other may have 6")
    ]


def test_what_is_made_in_the_vpc_of_another_cluster_must_not_overlap() -> None:
    owner = other_cluster(
        put("networks", value=[]),
        put("pods", value=[]),
        put("cluster", "network", value="my-vpc"),
        put("cluster", "services_cidr", value="172.16.0.0/20"),
    )
    assert problems(options(), owner) == [
        (
            "other: multinet_cluster.services_cidr",
            "overlaps edge: multinet_networks[0].pod_ranges[0].range (172.16.1.0/24); "
            "ranges of VPC my-vpc in test-project must not overlap",
        )
    ]


def test_more_pod_networks_than_a_pool_may_have() -> None:
    def thirty_six(description: dict[str, Any]) -> None:
        description["networks"].append({**SECOND})
        for number, network in enumerate(description["networks"]):
            network["pod_ranges"] = [
                {"name": f"r{n}", "range": f"172.{16 + number}.{n}.0/24", "attachment": f"nad-{number}-{n}"}
                for n in range(18)
            ]
        description["pods"] = []

    assert problems(options(thirty_six)) == [
        ("nodepools[0].networks", "a node pool has at most 35 additional pod networks")
    ]
    assert problems(options(thirty_six, lambda d: d["networks"][1]["pod_ranges"].pop())) == []


@pytest.mark.parametrize(
    "edit",
    [
        put("cluster", "default_pool", value={"node_count": 2}),
        put("cluster", "default_pool", value={"state": "absent"}),
        put("cluster", "default_max_pods_per_node", value=32),
        put("nodepools", 0, "max_pods_per_node", value=8),
        put("nodepools", 0, "pod_range", value="others"),
        lambda d: d["nodepools"].append({"name": "default-pool", "node_count": 2, "networks": []}),
    ],
)
def test_blocks_that_the_range_of_the_first_interface_has(edit: Edit) -> None:
    assert problems(options(put("cluster", "pods_cidr", value="10.4.0.0/22"), edit)) == []


@pytest.mark.parametrize("key", ["pods_range", "services_range"])
def test_a_range_is_not_that_of_an_attachment_and_of_a_cluster(key: str) -> None:
    own = [put("networks", value=[]), put("pods", value=[]), put("cluster", "network", value="my-vpc")]
    owner = other_cluster(*own, put("cluster", "subnetwork", value="my-subnet"), put("cluster", key, value="pods"))
    assert problems(options(), owner) == [
        (
            f"other: multinet_cluster.{key}",
            "is edge: multinet_networks[0].pod_ranges[0], of which an attachment hands out addresses; take another "
            "range",
        )
    ]
    elsewhere = other_cluster(*own, put("cluster", "subnetwork", value="main"), put("cluster", key, value="pods"))
    assert problems(options(), elsewhere) == []


@pytest.mark.parametrize(
    "config",
    [{"global_namespaces": ["default", "team"]}, {"namespace_isolation": False}],
    ids=["global", "no isolation"],
)
def test_a_pod_can_have_what_the_configuration_of_multus_lets_it_have(config: dict[str, Any]) -> None:
    team = put("networks", 0, "pod_ranges", 0, "namespace", value="team")
    pod = put("pods", 0, "namespace", value="other")
    assert problems(options(team, pod, put("multus", value={"config": config}))) == []


def test_what_multus_install_refuses_the_plan_refuses() -> None:
    given = {"gc": {"cron": "x"}, "node_pools": ["absent"], "crds": {"schema": "0.8plus"}}
    assert problems(options(put("multus", value=given))) == [
        ("multus.gc.cron", 'gc.cron "x" is not a 5-field cron expression'),
        ("multus.node_pools[0]", "is none of multinet_nodepools"),
    ]


@pytest.mark.parametrize("both_in", [0, 1])
def test_networks_of_one_pool_among_others_must_not_overlap(both_in: int) -> None:
    """Whichever pool has both; where none has, the ranges meet on no node."""
    two = {**SECOND, "node_range": "10.0.0.0/16"}
    pool = {"name": "other", "machine_type": "e2-standard-4", "node_count": 1}
    edits = [
        lambda d: d["networks"].append(two),
        lambda d: d["nodepools"].append(pool),
        put("nodepools", 1 - both_in, "networks", value=["my-vpc"]),
    ]
    ((path, message),) = problems(options(*edits))
    assert path == "networks[1].node_range"
    assert message.endswith("ranges of a node's interfaces must not overlap")
    assert problems(options(*edits, put("nodepools", both_in, "networks", value=["my-vpc"]))) == []


def test_ranges_of_clusters_meet_in_their_vpc_and_are_refused_once() -> None:
    """In one cluster, as everywhere; in two, if they are in one VPC."""

    def cluster(host: str, *edits: Edit) -> dict[str, Any]:
        return options(put("host", value=host), put("cluster", "name", value=host), put("networks", value=[]), *edits)

    pods, services = (
        put("cluster", "pods_cidr", value="10.4.0.0/14"),
        put("cluster", "services_cidr", value="10.4.0.0/20"),
    )
    alone = [put("nodepools", value=[]), put("pods", value=[])]
    assert len(problems(cluster("edge", pods, services, *alone))) == 1
    both = problems(cluster("edge", pods, *alone), cluster("other", services, *alone))
    assert [path for path, message in both if message.startswith("overlaps")] == [
        "other: multinet_cluster.services_cidr"
    ]


@pytest.mark.parametrize(("pods", "nodes", "block"), [(8, 16, 28), (256, 0, 23)])
def test_the_least_and_the_most_pods_of_a_node_take_blocks_too(pods: int, nodes: int, block: int) -> None:
    edits = [
        put("networks", 0, "pod_ranges", 0, "max_pods_per_node", value=pods),
        put("nodepools", 0, "node_count", value=nodes + 1),
    ]
    said = f"holds {nodes} nodes at {pods} pods (/{block} each); the node pools may have {nodes + 1} "
    assert [message.startswith(said) for _path, message in problems(options(*edits))] == [True]
