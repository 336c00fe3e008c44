# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site playbook for a fleet, as far as Google's side goes: waves, failures, the summary, drift."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import sampling
from cloud import Cloud
from fleets import GOOGLE, ZONE, fleet, make, names_of, state, subnetwork_of, summaries, summary
from harness import Run

CLUSTERS = 50 if sampling.WHOLE else 10
NAMES = names_of(CLUSTERS)


def site(cloud: Cloud, inventory: dict[str, Any], arguments: str = GOOGLE, **variables: Any) -> Run:
    """Run the site playbook."""
    return cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=arguments, variables=variables)


def test_clusters_that_share_a_subnetwork_do_not_race(cloud: Cloud) -> None:
    """All of them in one wave, and at once."""
    inventory = fleet(cloud.project, NAMES)
    with cloud.asked() as asked:
        made = site(cloud, inventory, f"{GOOGLE} --forks 10", multinet_waves=["100%"])
    assert made.rc == 0, made.stdout
    there = state(cloud)
    running = {"status": "RUNNING", "default-pool": "RUNNING", "multinet": "RUNNING"}
    assert there["clusters"] == dict.fromkeys(NAMES, running)
    ranges: dict[str, dict[str, str]] = defaultdict(dict)
    sources: dict[str, list[str]] = defaultdict(list)
    for number, name in enumerate(NAMES):
        subnetwork, node_range = subnetwork_of(number)
        ranges[subnetwork][f"pods-{name}"] = f"172.16.{number}.0/24"
        sources[f"{subnetwork}-allow-multinet"] = sorted([node_range, *ranges[subnetwork].values()])
    assert (there["ranges"], there["rules"]) == (ranges, sources)
    creations = ("/networks", "/subnetworks", "/firewalls", "/clusters", "/nodePools")
    made_of = Counter(
        each["response"]["targetLink"]
        for each in asked.requests
        if each["method"] == "POST" and each["status"] == 200 and each["path"].endswith(creations)
    )
    assert set(made_of.values()) == {1}, made_of
    assert len(made_of) == 1 + 2 * len(ranges) + 2 * CLUSTERS
    lines = summary(made)
    assert lines[0] == f"{CLUSTERS} clusters: {CLUSTERS} changed"
    for name in NAMES:
        assert f"    create cluster {name} in {ZONE}" in lines

    with cloud.asked() as asked:
        again = site(cloud, inventory)
    assert (again.rc, again.changed, asked.writes) == (0, 0, []), again.stdout
    assert summary(again)[0] == f"{CLUSTERS} clusters: {CLUSTERS} unchanged"


def test_a_wave_that_fails_is_the_last_one_and_the_run_goes_on_where_it_ended(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(4))
    path = f"/projects/{cloud.project}/.*/c01/nodePools$"
    fault = cloud.fault(kind="status", method="POST", path=path, status=403, message="Insufficient quota.")
    stopped = site(cloud, inventory, multinet_waves=[1, 2, "100%"])
    cloud.lab.google("DELETE", f"/lab/faults/{fault}")
    assert stopped.rc != 0
    assert sorted(state(cloud)["clusters"]) == ["c00", "c01", "c02"], "the wave is brought to its end"
    assert {host for host, count in stopped.stats["failures"].items() if count} == {"c01", "c03"}
    lines = summary(stopped)
    assert lines[0] == "4 clusters: 2 changed, 1 failed, 1 not begun"
    (failed,) = [line for line in lines if line.startswith("c01: ")]
    assert failed.startswith("c01: failed at Make the node pools (--tags nodepool): ")
    assert "Insufficient quota." in failed
    assert "    create cluster c01 in us-central1-c" in lines, "what was done before, is said, too"
    assert "c03: not begun, because others failed before" in lines
    assert lines[-1] == "To go on: --limit c01,c03"

    went_on = site(cloud, inventory, f"{GOOGLE} --limit c01,c03")
    assert went_on.rc == 0, went_on.stdout
    assert summary(went_on)[0] == "2 clusters: 2 changed"
    with cloud.asked() as asked:
        again = site(cloud, inventory)
    assert (again.rc, again.changed, asked.writes) == (0, 0, []), again.stdout


def test_failures_up_to_a_share_of_a_wave_do_not_stop_the_run(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(3))
    fault = cloud.fault(kind="status", method="POST", path=f"/projects/{cloud.project}/.*/clusters$", status=403)
    run = site(cloud, inventory, "--tags cluster", multinet_waves=[2, 1], multinet_max_fail_percentage=50)
    cloud.lab.google("DELETE", f"/lab/faults/{fault}")
    assert run.rc != 0
    assert summary(run)[0] == "3 clusters: 2 changed, 1 failed"
    assert sum(run.stats["failures"].values()) == 1


def test_check_mode_tells_what_is_not_as_described(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2))
    make(cloud, inventory)
    cloud.compute("DELETE", "global/firewalls/my-subnet-allow-multinet")
    with cloud.asked() as asked:
        drift = site(cloud, inventory, f"{GOOGLE} --check --diff")
    assert (drift.rc, asked.writes) == (0, [])
    lines = summary(drift)
    assert lines[0] == "2 clusters: 2 to be changed"
    assert [line for line in lines if "create firewall rule my-subnet-allow-multinet" in line]
    make(cloud, inventory)
    lines = summary(site(cloud, inventory, f"{GOOGLE} --check --diff"))
    assert lines == ["2 clusters: 2 in step", "", "c00: in step", "c01: in step"]


def test_check_mode_announces_what_only_follows_when_the_cluster_is_there(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(1))
    inventory["all"]["hosts"]["c00"]["multinet_cluster"] = {"name": "c00", "default_pool": {"state": "absent"}}
    announced = site(cloud, inventory, f"{GOOGLE} --check")
    assert "delete node pool default-pool of cluster c00" in announced.actions
    assert sorted(announced.actions) == sorted(site(cloud, inventory).actions)


def test_of_two_playbooks_in_one_run_the_second_tells_only_of_itself(cloud: Cloud) -> None:
    plays = [{"import_playbook": f"multinet.gke.{name}"} for name in ("teardown", "site", "site")]
    inventory = fleet(cloud.project, names_of(2))
    confirmed = {"multinet_teardown_confirm": "c00,c01"}

    def told() -> list[str]:
        run = cloud.lab.play(plays, inventory=inventory, arguments="--tags cluster", variables=confirmed)
        return [lines[0] for lines in summaries(run)]

    assert told()[1:] == ["2 clusters: 2 changed", "2 clusters: 2 unchanged"]
    cloud.fault(kind="status", method="POST", path=f"/projects/{cloud.project}/.*/clusters$", status=403)
    assert told()[1:] == ["2 clusters: 1 failed, 1 not begun"]


def test_stages_that_are_left_out_do_not_disturb_the_summary(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(1))
    run = site(cloud, inventory, "--tags none-of-them")
    assert (run.rc, summary(run)) == (0, ["1 cluster: 1 unchanged", "", "c00: unchanged"])
    run = site(cloud, inventory, "--tags verify")
    assert run.rc != 0
    assert [line for line in summary(run) if line.startswith("c00: failed at Verify the attachments (--tags verify): ")]
