# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site playbook from an empty lab to verified pods. The tests are one story and run in this order."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from harness import INSTALLED, ROOT, Lab, Run, google_writes, kubernetes_writes, shared

pytestmark = pytest.mark.full

INVENTORY = yaml.safe_load((ROOT / "lab" / "demo" / "inventory.yml").read_text())
RULE = "/compute/v1/projects/test-project/global/firewalls/my-subnet-allow-multinet"
GUIDE_MANIFEST = shared().parent / "reference" / "multus-manifest.yaml"


@pytest.fixture(scope="module")
def announced(full_lab: Lab) -> Run:
    """Check mode on an empty lab."""
    return full_lab.play("multinet.gke.site", arguments="--check --diff")


@pytest.fixture(scope="module")
def first(full_lab: Lab, announced: Run) -> Run:
    """The run that makes everything."""
    return full_lab.play("multinet.gke.site")


def test_the_playbook_runs_from_the_installed_artifact(announced: Run) -> None:
    paths = {event["event_data"]["task_path"] for event in announced.events if "task_path" in event["event_data"]}
    assert paths
    assert all(path.startswith(str(INSTALLED)) for path in paths), paths


def test_check_mode_on_an_empty_lab_writes_nothing(full_lab: Lab, announced: Run) -> None:
    assert announced.rc == 0, announced.stdout
    assert google_writes(full_lab.google_requests()) == []
    assert full_lab.kubernetes_requests() == []


@pytest.mark.shows("E17")
def test_check_mode_announces_exactly_what_is_then_done(announced: Run, first: Run) -> None:
    assert first.rc == 0, first.stdout
    assert announced.actions
    assert announced.actions == first.actions


def test_check_mode_says_that_there_is_nothing_to_verify_yet(announced: Run) -> None:
    (verified,) = announced.results("multinet_verify")
    assert "nothing to look at yet" in verified["summary"]


def test_diff_shows_what_comes(announced: Run) -> None:
    diffs = [result["diff"] for result in announced.results() if "diff" in result]
    assert len(diffs) >= 8
    assert all(diff["before"] != diff["after"] for diff in diffs)


@pytest.mark.shows("E1", "D23")
def test_pods_answer_over_net1_on_both_nodes(first: Run) -> None:
    (verified,) = first.results("multinet_verify")
    assert verified["ok"]
    pods = [pod for pod in verified["pods"] if pod["name"].startswith("samplepod")]
    assert len(pods) == 4
    assert len({pod["node"] for pod in pods}) == 2
    assert {row["path"] for row in verified["matrix"]} == {"same_node", "cross_node"}
    assert all(row["ok"] for row in verified["matrix"])


def test_the_second_run_changes_nothing_and_only_reads(full_lab: Lab, first: Run) -> None:
    asked, events = len(full_lab.google_requests()), len(full_lab.kubernetes_requests())
    second = full_lab.play("multinet.gke.site")
    assert (second.rc, second.changed) == (0, 0), second.stdout
    assert google_writes(full_lab.google_requests()[asked:]) == []
    writes = kubernetes_writes(full_lab.kubernetes_requests()[events:])
    assert writes
    assert all(write.split()[1] in ("pods/", "pods/exec") and "multinet-probe" in write for write in writes), writes


def test_without_probes_nothing_at_all_is_written(full_lab: Lab, first: Run) -> None:
    asked, events = len(full_lab.google_requests()), len(full_lab.kubernetes_requests())
    looked = full_lab.play("multinet.gke.verify", variables={"multinet_verify_probe": False})
    assert (looked.rc, looked.changed) == (0, 0), looked.stdout
    assert google_writes(full_lab.google_requests()[asked:]) == []
    assert kubernetes_writes(full_lab.kubernetes_requests()[events:]) == []


def test_a_description_of_no_attachments_has_those_verified_that_pods_use(full_lab: Lab, first: Run) -> None:
    """As docs/inventory.md has it for playbooks that only look."""
    (host,) = INVENTORY["all"]["hosts"].values()
    least = {key: host[key] for key in ("multinet_project", "multinet_location")}
    inventory = {"all": {"hosts": {"edge": {**least, "multinet_cluster": {"name": host["multinet_cluster"]["name"]}}}}}
    looked = full_lab.play("multinet.gke.verify", inventory=inventory, variables={"multinet_verify_probe": False})
    assert (looked.rc, looked.changed) == (0, 0), looked.stdout
    (verified,) = looked.results("multinet_verify")
    assert [pod for pod in verified["pods"] if pod["name"].startswith("samplepod")]


def test_check_mode_on_a_finished_site_announces_nothing(full_lab: Lab, first: Run) -> None:
    again = full_lab.play("multinet.gke.site", arguments="--check --diff")
    assert (again.rc, again.changed, again.actions) == (0, 0, []), again.stdout


def test_the_guides_manifest_rolls_nothing(full_lab: Lab, first: Run) -> None:
    if not GUIDE_MANIFEST.exists():
        pytest.skip("the guide's manifest is not here (MULTINET_DATA)")
    before = _daemonset(full_lab)
    full_lab.kubectl("apply", "-f", str(GUIDE_MANIFEST))
    assert _daemonset(full_lab)["metadata"]["generation"] == before["metadata"]["generation"]
    run = full_lab.play("multinet.gke.site", arguments="--tags multus")
    assert (run.rc, run.changed) == (0, 0), run.stdout


def test_without_the_ingress_rule_verify_fails_and_names_the_cause(full_lab: Lab, first: Run) -> None:
    _wait(full_lab, full_lab.google("DELETE", RULE))
    run = full_lab.play("multinet.gke.verify")
    assert run.rc != 0
    assert "my-subnet-allow-multinet" in run.failure()
    assert "firewall" in run.failure()

    run = full_lab.play("multinet.gke.site", arguments="--tags vpc,verify")
    assert run.rc == 0, run.stdout
    assert run.actions == ["create firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"]


def test_new_nodes_get_multus_before_anything_is_verified(full_lab: Lab, first: Run) -> None:
    inventory = copy.deepcopy(INVENTORY)
    inventory["all"]["hosts"]["edge"]["multinet_nodepools"][0]["node_count"] = 3
    run = full_lab.play("multinet.gke.site", inventory=inventory)
    assert run.rc == 0, run.stdout
    assert run.actions == ["set node_count of node pool multinet to 3"]
    (verified,) = run.results("multinet_verify")
    assert len({row["from_node"] for row in verified["matrix"]}) == 3


def test_no_probe_pod_is_left(full_lab: Lab, first: Run) -> None:
    pods = json.loads(full_lab.kubectl("get", "pods", "-A", "-o", "json"))["items"]
    probes = [pod for pod in pods if "probe" in pod["metadata"]["name"]]
    assert all("deletionTimestamp" in pod["metadata"] for pod in probes), "a probe pod was not deleted"
    for pod in probes:  # those of the last run may still be ending
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        full_lab.kubectl("wait", "--for=delete", "--timeout=600s", "-n", namespace, f"pod/{name}")


def _daemonset(lab: Lab) -> Any:
    return json.loads(lab.kubectl("get", "daemonset", "-n", "kube-system", "gke-multinet", "-o", "json"))


def _wait(lab: Lab, operation: dict[str, Any]) -> None:
    path = operation["selfLink"].partition("/compute/v1/")[2]
    while operation["status"] != "DONE":
        operation = lab.google("POST", f"/compute/v1/{path}/wait")
