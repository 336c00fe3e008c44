# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run sees the whole inventory, and plans for a part of it."""

from __future__ import annotations

from typing import Any

import pytest
from the_guide import SECOND, Edit, options, put

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.plan import inventory
from ansible_collections.multinet.gke.plugins.module_utils.plan.inventory import Planned


def host(number: int, *edits: Edit) -> dict[str, Any]:
    """Return one of many clusters in one VPC, as the module gets it."""
    pods = {"name": f"pods-{number}", "range": f"172.16.{number}.0/24", "attachment": "my-nad"}
    given = options(
        put("host", value=f"c{number}"),
        put("cluster", "name", value=f"c{number}"),
        put("networks", 0, "node_range", value="10.0.0.0/16"),
        put("networks", 0, "subnetwork", value=f"subnet-{number // 30}"),
        put("networks", 0, "node_range", value=f"10.{number // 30}.0.0/16"),
        put("networks", 0, "pod_ranges", value=[pods]),
        *edits,
    )
    return {"unreadable": None, "misspelt": {}, **given}


OVERLAP = put("networks", 0, "pod_ranges", 0, "range", value="172.16.1.128/25")


def refused(clusters: list[dict[str, Any]], run: list[str] | None) -> list[str]:
    """Return the paths of what is refused."""
    with pytest.raises(InvalidOptions) as failure:
        inventory.plan(clusters, run)
    return [problem.path for problem in failure.value.problems]


def test_without_a_limit_all_are_planned() -> None:
    planned = inventory.plan([host(n) for n in range(3)], None)
    assert list(planned.sites) == planned.scope.planned == ["c0", "c1", "c2"]
    assert str(planned.scope) == "3 clusters planned"


def test_others_are_looked_at_for_what_contradicts_the_run() -> None:
    clusters = [host(1), host(2, OVERLAP), host(3)]
    assert refused(clusters, ["c1"]) == ["c2: multinet_networks[0].pod_ranges[0].range"]
    assert refused(clusters, ["c2"]) == ["c2: multinet_networks[0].pod_ranges[0].range"]


def test_what_is_wrong_with_others_alone_is_a_warning() -> None:
    planned = inventory.plan([host(1), host(2, OVERLAP), host(3)], ["c3"])
    assert (planned.scope.planned, planned.scope.checked) == (["c3"], ["c1", "c2"])
    assert planned.warnings == [
        "1 problem in descriptions outside of this run: c2: multinet_networks[0].pod_ranges[0].range"
    ]
    assert str(planned.scope) == "1 cluster planned; 2 more of the inventory looked at for what contradicts that"


UNREADABLE = {"host": "c2", "unreadable": "'nowhere' is undefined", "misspelt": {}}


@pytest.mark.parametrize("other", [UNREADABLE, host(2, put("networks", value="none"))])
def test_a_description_that_cannot_be_read_hinders_its_own_run_only(other: dict[str, Any]) -> None:
    planned = inventory.plan([host(1), other], ["c1"])
    assert planned.scope.unread == ["c2"]
    assert str(planned.scope) == "1 cluster planned; 1 more not looked at, as they cannot be read: c2"
    assert refused([host(1), other], None) in (["c2"], ["c2: multinet_networks"])


def test_all_problems_of_all_hosts_are_named_at_once() -> None:
    bad = [
        host(1),
        host(2, OVERLAP),
        host(3, put("cluster", "name", value="C3")),
        host(4, put("cluster", "nmae", value="")),
        UNREADABLE | {"host": "c5"},
    ]
    assert set(refused(bad, None)) == {
        "c2: multinet_networks[0].pod_ranges[0].range",
        "c3: multinet_cluster.name",
        "c4: multinet_cluster.nmae",
        "c5",
    }


def warnings(*edits: Edit) -> list[str]:
    """Return what is doubtful in the guide's description with some edits."""
    return inventory.plan([host(1, *edits)], None).warnings


def test_nothing_is_doubtful_in_the_guide() -> None:
    assert warnings() == []


UNKNOWN_SIZE = put("nodepools", 0, "machine_type", value="made-to-measure")
UBUNTU = put("nodepools", 0, "image_type", value="ubuntu_containerd")
SHARED = [
    put("cluster", "network", value="projects/host-project/global/networks/main"),
    put("networks", 0, "vpc_project", value="host-project"),
]


@pytest.mark.parametrize(
    ("edits", "warning"),
    [
        (
            [UBUNTU, put("cluster", "version", value="1.31")],
            "multinet_nodepools[0].image_type: 'ubuntu_containerd': Ubuntu nodes have additional networks since "
            "1.32.3-gke.1785000; version says 1.31",
        ),
        (
            [put("cluster", "version", value="1.33"), put("nodepools", 0, "version", value="1.34")],
            "multinet_nodepools[0].version: '1.34': is newer than the cluster's (1.33); nodes cannot be newer than "
            "their control plane",
        ),
        (
            [put("nodepools", 0, "node_count", value=16)],
            "multinet_networks[0].pod_ranges[0].range: '172.16.1.0/24': holds 16 nodes, and the node pools may have "
            "16: an upgrade that adds nodes for a while finds no block for them",
        ),
        (
            [put("nodepools", 0, "networks", value=[]), put("pods", value=[])],
            "multinet_networks[0].vpc: 'my-vpc': no node pool has an interface in it, so no pod can use it",
        ),
        (
            [put("networks", 0, "pod_ranges", 0, "range", value="34.118.224.0/24")],
            "multinet_networks[0].pod_ranges[0].range: '34.118.224.0/24': overlaps 34.118.224.0/20, where Kubernetes "
            "Engine puts services",
        ),
        (
            SHARED,
            "multinet_cluster.network: 'projects/host-project/global/networks/main': is another project's: Kubernetes "
            "Engine does not make the ranges of pods and services there; name them with pods_range and services_range",
        ),
        *(
            (
                [*SHARED, put("cluster", only, value="own")],
                "multinet_cluster.network: 'projects/host-project/global/networks/main': is another project's",
            )
            for only in ("pods_range", "services_range")
        ),
        (
            [lambda d: d["networks"].append({**SECOND, "node_range": "10.9.0.0/24"}), UNKNOWN_SIZE],
            "multinet_nodepools[0].machine_type: 'made-to-measure': does not tell how many vCPUs it has, so nobody "
            "checked that it can have 2 additional networks",
        ),
        (
            [put("cluster", "private", value={"nodes": True, "endpoint": True})],
            "multinet_cluster.private.endpoint: True: the API server has no public address: run this inside of its "
            "VPC, or set dns_endpoint=true and endpoint_kind=dns",
        ),
        ([put("misspelt", value={"multinet_nodepool": "multinet_nodepools"})], "multinet_nodepool is no variable of a"),
    ],
)
def test_what_is_doubtful_is_a_warning(edits: list[Edit], warning: str) -> None:
    (found,) = warnings(*edits)
    assert found.startswith(f"c1: {warning}")


@pytest.mark.parametrize(
    "edits",
    [
        [UBUNTU],
        [UNKNOWN_SIZE],
        [UBUNTU, put("cluster", "version", value="1.32")],
        [UBUNTU, put("nodepools", 0, "version", value="1.33")],
        [*SHARED, put("cluster", "pods_range", value="pods"), put("cluster", "services_range", value="services")],
        [
            put("cluster", "private", value={"nodes": True, "endpoint": True}),
            put("cluster", "dns_endpoint", value=True),
            put("cluster", "endpoint_kind", value="dns"),
        ],
        [
            put("nodepools", 0, "node_count", value=16),
            put("nodepools", 0, "upgrade_settings", value={"max_surge": 0, "max_unavailable": 1}),
        ],
    ],
)
def test_what_is_not_doubtful_is_none(edits: list[Edit]) -> None:
    assert warnings(*edits) == []


def lines(planned: Planned) -> list[str]:
    """Return the lines of the table."""
    return str(planned.result["table"]).splitlines()


def test_the_table_has_a_line_per_pod_range() -> None:
    first, empty, heading, line = lines(inventory.plan([host(1)], None))
    assert (first, empty) == ("1 cluster planned", "")
    assert heading.split()[:3] == ["cluster", "location", "interface"]
    assert line.split() == [
        *("c1", "us-central1-c", "eth1", "my-vpc", "10.0.0.0/16", "default/my-nad", "172.16.1.0/24", "2", "16"),
    ]


def test_the_table_says_what_repeats_once() -> None:
    more = [{"name": f"r{n}", "range": f"172.17.{n}.0/24", "attachment": f"nad-{n}"} for n in range(2)]
    table = lines(inventory.plan([host(1, put("networks", 0, "pod_ranges", value=more), put("pods", value=[]))], None))
    assert table[3].startswith("c1 ")
    assert table[4].startswith("   ")


def test_a_cluster_without_networks_is_in_the_table() -> None:
    bare = host(1, put("networks", value=[]), put("pods", value=[]))
    assert lines(inventory.plan([bare], None))[3].split() == ["c1", "us-central1-c", *"-------"]


def test_two_hundred_clusters_in_one_vpc() -> None:
    planned = inventory.plan([host(n) for n in range(200)], None)
    assert len(lines(planned)) == 203
