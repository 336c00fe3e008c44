# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook plan: it reads the whole inventory, says what it saw, and asks nobody."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud
from harness import Run


def inventory(count: int, project: str, **of_hosts: dict[str, Any]) -> dict[str, Any]:
    """Return an inventory of many clusters that share a VPC, with variables of some of them replaced."""
    hosts = {
        f"c{number}": {
            "multinet_cluster": {"name": f"c{number}"},
            "multinet_networks": [
                {
                    "vpc": "my-vpc",
                    "subnetwork": f"subnet-{number // 30}",
                    "node_range": f"10.{number // 30}.0.0/16",
                    "pod_ranges": [
                        {"name": f"pods-{number}", "range": f"172.16.{number}.0/24", "attachment": "my-nad"}
                    ],
                }
            ],
            "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
            **of_hosts.get(f"c{number}", {}),
        }
        for number in range(count)
    }
    everywhere = {"multinet_project": project, "multinet_location": "us-central1-c"}
    return {"all": {"hosts": {**hosts, "bastion": {}}, "vars": everywhere}}


def plan(cloud: Cloud, inventory: dict[str, Any], **options: Any) -> tuple[Run, dict[str, Any]]:
    """Run the playbook; return the run, and what the module returned. Nothing is asked of Google."""
    with cloud.asked() as asked:
        run = cloud.lab.play("multinet.gke.plan", inventory=inventory, **options)
    assert asked.requests == []
    (planned,) = run.results("multinet_plan")
    return run, planned


def overlapping(number: int) -> dict[str, Any]:
    """Return networks whose pod range is in that of another cluster."""
    found: list[dict[str, Any]] = inventory(number + 1, "p")["all"]["hosts"][f"c{number}"]["multinet_networks"]
    found[0]["pod_ranges"][0]["range"] = "172.16.0.128/25"
    return {"multinet_networks": found}


def test_fifty_clusters_in_one_call(cloud: Cloud) -> None:
    run, planned = plan(cloud, inventory(50, cloud.project), arguments="--limit all:!bastion")
    assert run.rc == 0, run.stdout
    assert len(planned["sites"]) == 50
    first, _, heading, *lines = planned["table"].splitlines()
    assert first == "50 clusters planned"
    assert (heading.split()[0], len(lines)) == ("cluster", 50)
    assert "c49" in run.stdout


def test_a_run_with_a_limit_looks_at_the_others(cloud: Cloud) -> None:
    run, planned = plan(cloud, inventory(3, cloud.project), arguments="--limit c1")
    assert run.rc == 0, run.stdout
    assert planned["scope"] == {"planned": ["c1"], "checked": ["c0", "c2"], "unread": []}
    assert "1 cluster planned; 2 more of the inventory looked at for what contradicts that" in run.stdout


def test_what_contradicts_a_cluster_outside_of_the_limit_is_refused(cloud: Cloud) -> None:
    run, planned = plan(cloud, inventory(3, cloud.project, c2=overlapping(2)), arguments="--limit c2")
    assert run.rc != 0
    assert [error["path"] for error in planned["errors"]] == ["c2: multinet_networks[0].pod_ranges[0].range"]


def test_what_is_wrong_with_others_alone_does_not_hinder_a_run(cloud: Cloud) -> None:
    hosts = inventory(4, cloud.project, c2=overlapping(2), c3={"multinet_networks": "{{ of_a_fact }}"})
    run, planned = plan(cloud, hosts, arguments="--limit c1")
    assert run.rc == 0, run.stdout
    assert planned["scope"] == {"planned": ["c1"], "checked": ["c0", "c2"], "unread": ["c3"]}
    assert "1 problem in descriptions outside of this run" in run.stdout


def test_variables_that_cannot_be_read_hinder_their_own_run(cloud: Cloud) -> None:
    hosts = inventory(3, cloud.project, c2={"multinet_networks": "{{ of_a_fact }}"})
    run, _ = plan(cloud, hosts, arguments="--limit c2")
    assert run.rc != 0
    told = run.failure()
    assert "c2: " in told
    assert "of_a_fact" in told


def test_a_part_of_the_inventory_that_is_named_by_a_pattern(cloud: Cloud) -> None:
    run, planned = plan(cloud, inventory(3, cloud.project), variables={"multinet_hosts": "c0:c2"})
    assert "slice" not in run.stdout
    assert planned["scope"] == {"planned": ["c0", "c2"], "checked": ["c1"], "unread": []}


def test_a_slice_of_an_awx_job_is_told_what_it_cannot_see(cloud: Cloud) -> None:
    run, _ = plan(cloud, inventory(1, cloud.project), variables={"multinet_hosts": "c0", "awx_job_id": 7})
    assert "other slices of this job are not in this inventory, and were not looked at" in run.stdout


@pytest.mark.parametrize("playbook", ["multinet.gke.plan", "multinet.gke.site", "multinet.gke.verify"])
def test_everything_wrong_in_all_hosts_is_said_at_once(cloud: Cloud, playbook: str) -> None:
    hosts = inventory(
        5,
        cloud.project,
        c1={"multinet_cluster": {"nmae": "c1"}},
        c2=overlapping(2),
        c3={"multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 17}]},
        c4={"multinet_cluster": {"name": "c3", "version": "1.27"}},
    )
    with cloud.asked() as asked:
        run = cloud.lab.play(playbook, inventory=hosts)
    assert run.rc != 0
    assert asked.requests == []
    (planned,) = run.results("multinet_plan")
    assert {(error["path"], error["msg"]) for error in planned["errors"]} == {
        ("bastion: multinet_cluster", "is missing"),
        ("c1: multinet_cluster.nmae", "is not known here; did you mean name?"),
        ("c1: multinet_cluster.name", "is missing"),
        (
            "c2: multinet_networks[0].pod_ranges[0].range",
            "overlaps c0: multinet_networks[0].pod_ranges[0].range (172.16.0.0/24); "
            f"ranges of VPC my-vpc in {cloud.project} must not overlap",
        ),
        (
            "c3: multinet_networks[0].pod_ranges[0].range",
            "holds 16 nodes at 8 pods (/28 each); the node pools may have 17 (multinet: 17 x 1 zone)",
        ),
        ("c4", "is the cluster of c3, too"),
        ("c4: multinet_cluster.version", "multi-networking needs version 1.28 or later"),
    }
