# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The teardown playbook: what goes, what stays and why, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import Cloud
from fleets import GOOGLE, ZONE, fleet, make, names_of, state, summary
from harness import Run

SUBNETWORK = "regions/us-central1/subnetworks/my-subnet"
RULE = "global/firewalls/my-subnet-allow-multinet"


def teardown(cloud: Cloud, inventory: dict[str, Any], arguments: str = GOOGLE, **variables: Any) -> Run:
    """Run the teardown playbook, Google's stages only: there is no API server behind these clusters."""
    return cloud.lab.play("multinet.gke.teardown", inventory=inventory, arguments=arguments, variables=variables)


def kept(run: Run) -> list[str]:
    """Return what the summary says that stays."""
    return [line.partition("stays: ")[2] for line in summary(run) if "stays: " in line]


def failure(run: Run) -> list[str]:
    """Return the message of the task that failed, which has several lines."""
    (lines,) = [event["event_data"]["res"]["msg"] for event in run.events if event["event"] == "runner_on_failed"]
    return list(lines)


def add_range(cloud: Cloud, name: str, cidr: str) -> None:
    """Add a secondary range to the subnetwork, as others do."""
    found = cloud.compute("GET", SUBNETWORK)
    ranges = [*found["secondaryIpRanges"], {"rangeName": name, "ipCidrRange": cidr}]
    cloud.compute("PATCH", SUBNETWORK, {"fingerprint": found["fingerprint"], "secondaryIpRanges": ranges})


def add_rule(cloud: Cloud, name: str) -> None:
    """Add a firewall rule to the network, as others do."""
    link = f"projects/{cloud.project}/global/networks/my-vpc"
    cloud.compute("POST", "global/firewalls", {"name": name, "network": link, "allowed": [{"IPProtocol": "tcp"}]})


@pytest.mark.parametrize("variables", [{}, {"multinet_teardown_confirm": ["c00", "c01", "c02"]}], ids=["none", "more"])
def test_without_the_names_of_exactly_its_clusters_it_asks_nobody(cloud: Cloud, variables: dict[str, Any]) -> None:
    with cloud.asked() as asked:
        run = teardown(cloud, fleet(cloud.project, names_of(2)), **variables)
    assert run.rc != 0
    assert asked.requests == []
    refusal, *would_go = failure(run)
    assert "has to name exactly the clusters of this run (c00, c01)" in refusal
    assert f"cluster c01 ({ZONE}) of {cloud.project}" in would_go


def test_a_name_that_two_clusters_have_is_to_be_given_twice(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2))
    inventory["all"]["hosts"]["c01"] |= {"multinet_location": "us-central1-b", "multinet_cluster": {"name": "c00"}}
    with cloud.asked() as asked:
        refused = teardown(cloud, inventory, multinet_teardown_confirm="c00")
    assert refused.rc != 0
    assert asked.requests == []
    assert "exactly the clusters of this run (c00, c00), not c00;" in failure(refused)[0]
    assert teardown(cloud, inventory, multinet_teardown_confirm="c00,c00").rc == 0


def test_clusters_go_with_their_shared_network_and_nothing_is_left_to_do(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2))
    make(cloud, inventory)
    with cloud.asked() as asked:
        announced = teardown(cloud, inventory, f"{GOOGLE} --check --diff")
    assert (announced.rc, asked.writes) == (0, []), announced.stdout
    run = teardown(cloud, inventory, multinet_teardown_confirm="c00 c01")
    assert run.rc == 0, run.stdout
    assert sorted(announced.actions) == sorted(run.actions)
    assert run.actions[-3:] == [
        "delete subnetwork my-subnet",
        "delete firewall rule my-subnet-allow-multinet",
        "delete network my-vpc",
    ]
    assert run.actions.index("delete node pool multinet") < run.actions.index("delete cluster c00")
    assert (kept(announced), kept(run)) == ([], [])
    assert state(cloud) == {"clusters": {}, "networks": ["default"], "ranges": {}, "rules": {}}
    with cloud.asked() as asked:
        again = teardown(cloud, inventory, multinet_teardown_confirm=["c00", "c01"])
    assert (again.rc, again.changed, asked.writes) == (0, 0, []), again.stdout


def test_what_others_of_the_inventory_need_stays_and_the_last_one_takes_it(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2))
    make(cloud, inventory)
    limit = f"{GOOGLE} --limit c00"
    announced = teardown(cloud, inventory, f"{limit} --check")
    run = teardown(cloud, inventory, limit, multinet_teardown_confirm="c00")
    assert run.rc == 0, run.stdout
    assert announced.actions == run.actions
    assert "subnetwork my-subnet: it is described for cluster c01, too" in kept(announced)
    assert "network my-vpc: its subnetwork my-subnet stays" in kept(run)
    left = state(cloud)
    assert sorted(left["clusters"]) == ["c01"]
    assert left["ranges"] == {"my-subnet": {"pods-c01": "172.16.1.0/24"}}
    assert left["rules"] == {"my-subnet-allow-multinet": ["10.0.0.0/22", "172.16.1.0/24"]}
    again = teardown(cloud, inventory, limit, multinet_teardown_confirm="c00")
    assert (again.rc, again.changed) == (0, 0), again.stdout


def test_what_others_made_stays_and_is_named(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(1))
    make(cloud, inventory)
    add_range(cloud, "foreign", "172.20.0.0/24")
    add_rule(cloud, "foreign")
    add_rule(cloud, "k8s-1a2b3c4d-node-http-hc")
    announced = teardown(cloud, inventory, f"{GOOGLE} --check")
    run = teardown(cloud, inventory, multinet_teardown_confirm="c00")
    assert run.rc == 0, run.stdout
    assert announced.actions == run.actions
    command = f"gcloud compute firewall-rules delete k8s-1a2b3c4d-node-http-hc --project {cloud.project}"
    stays = [
        "subnetwork my-subnet: secondary range foreign (172.20.0.0/24) in it is of others",
        "network my-vpc: its subnetwork my-subnet stays",
        "network my-vpc: there is firewall rule foreign",
        "network my-vpc: there is firewall rule k8s-1a2b3c4d-node-http-hc, left behind by Kubernetes Engine; "
        f"remove it with: {command}",
    ]
    assert kept(announced) == kept(run) == stays
    left = state(cloud)
    assert left["ranges"] == {"my-subnet": {"foreign": "172.20.0.0/24"}}
    assert left["rules"] == {"my-subnet-allow-multinet": ["10.0.0.0/22"]}


def test_a_network_of_others_is_not_touched(cloud: Cloud) -> None:
    make(cloud, fleet(cloud.project, names_of(1)))
    inventory = fleet(cloud.project, names_of(1))
    inventory["all"]["hosts"]["c00"]["multinet_networks"][0]["existing"] = True
    before = state(cloud)
    run = teardown(cloud, inventory, multinet_teardown_confirm="c00")
    assert run.rc == 0, run.stdout
    assert kept(run) == [f"network my-vpc of {cloud.project}: it is managed by others (existing: true)"]
    assert state(cloud) == {**before, "clusters": {}}


def test_what_is_half_made_goes_too(cloud: Cloud) -> None:
    make(cloud, fleet(cloud.project, names_of(1)))
    cloud.container("DELETE", f"locations/{ZONE}/clusters/c00")
    cloud.module("gke_multinet_cluster", name="c01", location=ZONE, default_pool={"node_count": 1})
    run = teardown(cloud, fleet(cloud.project, names_of(2)), multinet_teardown_confirm="c00,c01")
    assert run.rc == 0, run.stdout
    assert state(cloud)["clusters"] == {}


@pytest.mark.parametrize("arguments", ["", "--check"])
def test_a_protected_cluster_is_refused_before_anything_is_asked(cloud: Cloud, arguments: str) -> None:
    inventory = fleet(cloud.project, names_of(2))
    host = inventory["all"]["hosts"]["c01"]
    host["multinet_cluster"] = {**host["multinet_cluster"], "deletion_protection": True}
    with cloud.asked() as asked:
        run = teardown(cloud, inventory, arguments, multinet_teardown_confirm="c00,c01")
    assert run.rc != 0
    assert asked.requests == []
    assert "deletion_protection is true for c01; nothing was asked" in run.failure()


def test_what_a_cluster_needs_that_is_not_gone_stays(cloud: Cloud) -> None:
    """Its node pools are gone by then, so nobody but its description says so."""
    inventory = fleet(cloud.project, names_of(2))
    make(cloud, inventory)
    cloud.fault(kind="status", status=403, method="DELETE", path=f"/projects/{cloud.project}/.*/clusters/c01$")
    run = teardown(cloud, inventory, multinet_teardown_confirm="c00,c01", multinet_max_fail_percentage=100)
    assert run.rc != 0
    assert "subnetwork my-subnet: it is described for cluster c01, too" in kept(run)
    left = state(cloud)
    assert sorted(left["clusters"]) == ["c01"]
    assert left["ranges"] == {"my-subnet": {"pods-c01": "172.16.1.0/24"}}
    again = teardown(cloud, inventory, multinet_teardown_confirm="c00,c01")
    assert again.rc == 0, again.stdout
    assert state(cloud)["networks"] == ["default"]
