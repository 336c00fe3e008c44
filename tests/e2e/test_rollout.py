# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three clusters with real API servers, from nothing to their attachments and away again. The tests are one story."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from fleets import ZONE, fleet, names_of, summary
from harness import Lab, Run, google_writes, kubernetes_writes

pytestmark = [pytest.mark.control_plane, pytest.mark.sample(2, "stories of fleets", by_file=True)]

PROJECT = "test-project"
# No kubelet runs Multus here; it is rolled out at once where its pools have no nodes yet.
SPARSE = {
    "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 0}],
    "multinet_multus": {"preset": "hardened", "gc": {"enabled": False}},
    "multinet_pods": [{"name": "samplepod", "image": "nginx", "attachments": ["my-nad"]}],
}
INVENTORY = fleet(PROJECT, names_of(3), **SPARSE)
STAGES = "--tags vpc,cluster,nodepool,multus,networks"
WAVES = {"multinet_waves": [1]}


def site(lab: Lab, arguments: str = STAGES) -> Run:
    """Run the site playbook, one cluster after the other."""
    return lab.play("multinet.gke.site", inventory=INVENTORY, arguments=arguments, variables=WAVES)


def teardown(lab: Lab, arguments: str = "", confirm: str = "") -> Run:
    """Run the teardown playbook, one cluster after the other."""
    variables = {**WAVES, "multinet_teardown_confirm": confirm}
    return lab.play("multinet.gke.teardown", inventory=INVENTORY, arguments=arguments, variables=variables)


def kubectl(lab: Lab, cluster: str, *args: str, given: object = None) -> str:
    """Run kubectl on one of the clusters."""
    found = lab.google("GET", f"/v1/projects/{PROJECT}/locations/{ZONE}/clusters/{cluster}")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [
            {
                "name": "lab",
                "cluster": {
                    "server": f"https://{found['endpoint']}",
                    "certificate-authority-data": found["masterAuth"]["clusterCaCertificate"],
                },
            }
        ],
        "users": [{"name": "lab", "user": {"token": lab.environment["GKELAB_TOKEN"]}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }
    path = lab.folder / f"{cluster}.kubeconfig"
    path.write_text(json.dumps(config))
    command = ["kubectl", "--kubeconfig", str(path), *args]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pod(name: str) -> dict[str, Any]:
    """Return a pod on my-nad that no node takes."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": {"k8s.v1.cni.cncf.io/networks": "default/my-nad"}},
        "spec": {"nodeSelector": {"none": "here"}, "containers": [{"name": "main", "image": "nginx"}]},
    }


@pytest.fixture(scope="module")
def stopped(control_plane_lab: Lab) -> Run:
    """The first run: the node pool of the second cluster is refused."""
    fault = {"kind": "status", "method": "POST", "path": "/c01/nodePools$", "status": 403, "message": "Not now."}
    identity = control_plane_lab.google("POST", "/lab/faults", fault)["id"]
    run = site(control_plane_lab)
    control_plane_lab.google("DELETE", f"/lab/faults/{identity}")
    return run


@pytest.fixture(scope="module")
def resumed(control_plane_lab: Lab, stopped: Run) -> Run:
    """The run for the clusters that the summary of the first one names."""
    (limit,) = [line.removeprefix("To go on: ") for line in summary(stopped) if line.startswith("To go on: ")]
    return site(control_plane_lab, f"{STAGES} {limit}")


def test_a_wave_that_fails_at_its_second_cluster_stops_and_says_which(stopped: Run) -> None:
    assert stopped.rc != 0
    lines = summary(stopped)
    assert lines[0] == "3 clusters: 1 changed, 1 failed, 1 not begun", stopped.stdout
    (failed,) = [line for line in lines if line.startswith("c01: ")]
    assert failed.startswith("c01: failed at Make the node pools (--tags nodepool): ")
    assert "Not now." in failed
    assert "c02: not begun, because others failed before" in lines
    assert "create cluster c02 in us-central1-c" not in stopped.actions


def test_it_goes_on_with_those_and_converges(control_plane_lab: Lab, resumed: Run) -> None:
    assert resumed.rc == 0, resumed.stdout
    assert summary(resumed)[0] == "2 clusters: 2 changed"
    assert "create cluster c01 in us-central1-c" not in resumed.actions, "it was made by the first run"
    for name in names_of(3):
        assert kubectl(control_plane_lab, name, "get", "net-attach-def", "my-nad", "-o", "name").strip()


def test_all_of_them_again_only_reads(control_plane_lab: Lab, resumed: Run) -> None:
    asked, events = len(control_plane_lab.google_requests()), len(control_plane_lab.kubernetes_requests())
    again = site(control_plane_lab)
    assert (again.rc, again.changed) == (0, 0), again.stdout
    assert summary(again)[0] == "3 clusters: 3 unchanged"
    assert google_writes(control_plane_lab.google_requests()[asked:]) == []
    assert kubernetes_writes(control_plane_lab.kubernetes_requests()[events:]) == []
    assert len(control_plane_lab.kubernetes_requests()) > events


def test_pods_of_others_keep_a_cluster_from_being_removed(control_plane_lab: Lab, resumed: Run) -> None:
    for name in ("samplepod", "foreign"):
        kubectl(control_plane_lab, "c00", "apply", "-f", "-", given=pod(name))
    limit = "--limit c00"
    for run in (teardown(control_plane_lab, f"{limit} --check"), teardown(control_plane_lab, limit, "c00")):
        assert run.rc != 0
        (failed,) = [line for line in summary(run) if line.startswith("c00: failed at ")]
        assert "used by default/foreign: delete these pods first" in failed, "ours goes before"
        assert "delete pod default/samplepod" in run.actions
        assert "delete cluster c00" not in run.actions
    kubectl(control_plane_lab, "c00", "delete", "pod", "foreign")


def test_all_goes_in_the_right_order(control_plane_lab: Lab, resumed: Run) -> None:
    run = teardown(control_plane_lab, "", "c00 c01 c02")
    assert run.rc == 0, run.stdout
    of_one = [
        "delete NetworkAttachmentDefinition default/my-nad",
        "delete node pool multinet",
        "delete cluster {}",
    ]
    of_all = ["delete subnetwork my-subnet", "delete firewall rule my-subnet-allow-multinet", "delete network my-vpc"]
    assert run.actions == [*(title.format(name) for name in names_of(3) for title in of_one), *of_all]
    again = teardown(control_plane_lab, "", "c00 c01 c02")
    assert (again.rc, again.changed) == (0, 0), again.stdout
