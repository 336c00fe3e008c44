# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's playbook over two clusters, of which one does not answer.

The API servers are real; what kubelets would say of pods is written by the test. No packets are sent.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest

from cluster import Cluster
from harness import INSTALLED, Lab, Run, google_writes, kubernetes_writes, play_of
from installed import Modules
from pool_world import pool_object

pytestmark = [pytest.mark.control_plane, pytest.mark.sample(2, "stories of fleets", by_file=True)]

PLACE = {"project": "test-project", "location": "us-central1-c"}
EARLY = "--tags vpc,cluster,nodepool"  # a site run up to the nodes, as no kubelet is there to roll Multus out


def description(name: str, third: int) -> dict[str, Any]:
    """Return the variables of a host."""
    pod_range = {"name": "pods", "range": f"172.16.{third}.0/24", "max_pods_per_node": 8, "attachment": "my-nad"}
    network = {"vpc": "my-vpc", "subnetwork": name, "node_range": f"10.0.{third}.0/24", "pod_ranges": [pod_range]}
    return {
        "multinet_project": PLACE["project"],
        "multinet_location": PLACE["location"],
        "multinet_cluster": {"name": name, "version": "1.34", "default_pool": {"node_count": 1}},
        "multinet_networks": [network],
        "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
    }


HOSTS = {"edge": description("edge", 1), "west": description("west", 2)}
INVENTORY = {"all": {"hosts": HOSTS}}
GROWN = {"all": {"hosts": {**HOSTS, "edge": {**HOSTS["edge"], "multinet_pods": [
    {"name": "samplepod", "image": "nginx", "attachments": ["my-nad"]}
]}}}}  # fmt: skip


@dataclass
class Reported:
    """A run of the playbook, and what it wrote."""

    run: Run
    folder: pathlib.Path
    writes: list[str]

    @property
    def clusters(self) -> dict[str, Any]:
        """Return the clusters of the JSON by name."""
        found = json.loads((self.folder / "report.json").read_text())["clusters"]
        return {each["name"]: each for each in found}


@pytest.fixture(scope="module")
def fleet(control_plane_lab: Lab, modules: Modules) -> Lab:
    """A lab with two clusters: one has pods and an orphan, the other's API server is gone."""
    lab = control_plane_lab
    made = lab.play("multinet.gke.site", inventory=INVENTORY, arguments=EARLY)
    assert made.rc == 0, made.stdout
    install = {"gke_cluster": {**PLACE, "name": "{{ inventory_hostname }}"}, "wait": False}
    (play,) = play_of({"multinet.gke.multus_install": install})
    installed = lab.play([{**play, "hosts": "all", "connection": "local"}], inventory=INVENTORY)
    assert installed.rc == 0, installed.stdout
    made = lab.play("multinet.gke.site", inventory=INVENTORY, arguments="--tags networks")
    assert made.rc == 0, made.stdout
    lab.kubectl("config", "use-context", f"gke_{PLACE['project']}_{PLACE['location']}_edge")
    people(Cluster(lab, modules, "default"))
    records = (line.split() for line in lab.gkelab("status").splitlines())
    (server,) = (int(words[1]) for words in records if words and words[0].endswith("/west/kube-apiserver"))
    os.kill(server, signal.SIGKILL)
    return lab


def people(cluster: Cluster) -> None:
    """Let three pods have addresses, and hold a fourth for one that is gone."""
    nodes = [
        node["metadata"]["name"]
        for node in cluster.get("nodes", "-l", "cloud.google.com/gke-nodepool=multinet")["items"]
    ]
    held = {str(number): {"id": "c", "podref": f"default/web-{number}"} for number in range(1, 5)}
    cluster.apply(pool_object("172.16.1.0-24", "172.16.1.0/24", held))
    for number in range(1, 4):
        status = [{"name": "default/my-nad", "interface": "net1", "ips": [f"172.16.1.{number}"], "dns": {}}]
        annotations = {
            "k8s.v1.cni.cncf.io/networks": "default/my-nad",
            "k8s.v1.cni.cncf.io/network-status": json.dumps(status),
        }
        metadata = {"name": f"web-{number}", "namespace": "default", "annotations": annotations}
        spec = {"nodeName": nodes[number % 2], "containers": [{"name": "app", "image": "nginx"}]}
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        said = json.dumps({"status": {"phase": "Running"}})
        cluster.kubectl("patch", "pod", f"web-{number}", "--subresource=status", "--type=merge", "-p", said)


@pytest.fixture(scope="module")
def reported(fleet: Lab, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp("reports") / "new"
    asked, events = len(fleet.google_requests()), len(fleet.kubernetes_requests())
    run = report(fleet, folder, GROWN)
    writes = google_writes(fleet.google_requests()[asked:]) + kubernetes_writes(fleet.kubernetes_requests()[events:])
    return Reported(run, folder, writes)


def report(lab: Lab, folder: pathlib.Path, inventory: dict[str, Any], **more: Any) -> Run:
    """Run the playbook; no kubelet is there that could start probes."""
    variables = {"multinet_report_dir": str(folder), "multinet_verify_probe": False, **more}
    return lab.play("multinet.gke.report", inventory=inventory, variables=variables)


def test_one_cluster_that_does_not_answer_costs_nobody_the_report(reported: Reported) -> None:
    assert reported.run.rc == 0, reported.run.stdout
    assert sorted(path.name for path in reported.folder.iterdir()) == ["junit.xml", "report.html", "report.json"]
    assert {name: each["state"] for name, each in reported.clusters.items()} == {
        "edge": "failing",
        "west": "incomplete",
    }


def test_nothing_is_written_but_the_files(reported: Reported) -> None:
    assert reported.writes == []


def test_all_of_a_cluster_that_answers_is_told(reported: Reported) -> None:
    edge = reported.clusters["edge"]
    assert edge["failures"] == []
    assert len(edge["nodes"]) == 3
    interfaces = {each["name"]: each for node in edge["nodes"] for each in node["interfaces"]}
    assert interfaces["eth1"]["vpc"] == "my-vpc"
    assert interfaces["eth1"]["blocks"][0]["cidr"].startswith("172.16.1.")
    assert [(each["name"], each["master"]) for each in edge["attachments"]] == [("default/my-nad", "eth1")]
    assert {each["pod"]: each["ips"] for each in edge["pods"]} == {
        f"default/web-{number}": [f"172.16.1.{number}"] for number in range(1, 4)
    }
    assert [each["state"] for each in edge["pools"][0]["allocations"]] == ["live", "live", "live", "orphan"]
    assert "orphans" in {each["check"] for each in edge["results"] if each["status"] in ("fail", "warn")}
    assert edge["facts"]["status"] == "RUNNING"


def test_what_a_site_run_would_change_is_told_by_stage(reported: Reported) -> None:
    changes = [(each["stage"], each["title"]) for each in reported.clusters["edge"]["changes"]]
    assert changes
    assert {stage for stage, _title in changes} == {"pods"}
    assert "default/samplepod" in changes[0][1]


def test_of_a_cluster_that_does_not_answer_google_still_tells(reported: Reported) -> None:
    west = reported.clusters["west"]
    assert len(west["nodes"]) == 3
    assert west["subnetworks"][0]["secondary_ranges"] == [{"name": "pods", "cidr": "172.16.2.0/24"}]
    assert west["results"] == []
    assert all("cannot be reached" in each["message"] for each in west["failures"])
    assert [task for each in west["failures"] for task in each["tasks"]][-1] == "Look at the attachments"


def test_junit_has_the_unreachable_cluster_as_an_error(reported: Reported) -> None:
    root = ElementTree.fromstring((reported.folder / "junit.xml").read_bytes())
    errors = {suite.get("name"): int(suite.get("errors", "0")) for suite in root}
    assert errors["edge"] == 0
    assert errors["west"] > 0


def test_the_page_names_both_and_the_time(reported: Reported) -> None:
    page = (reported.folder / "report.html").read_text()
    made_at = json.loads((reported.folder / "report.json").read_text())["made_at"]
    for text in (made_at, "<bdi>edge</bdi>", "<bdi>west</bdi>", "cannot be reached", "default/web-4"):
        assert text in page


def test_nothing_of_the_credentials_is_in_the_files(fleet: Lab, reported: Reported) -> None:
    secrets = (fleet.environment["GKELAB_TOKEN"], "PRIVATE KEY", "LS0tLS1", "Bearer")
    for path in reported.folder.iterdir():
        text = path.read_text()
        assert [secret for secret in secrets if secret in text] == []


def test_findings_fail_the_job_if_that_is_asked(fleet: Lab, reported: Reported, tmp_path: pathlib.Path) -> None:
    run = report(fleet, tmp_path, {"all": {"hosts": {"edge": HOSTS["edge"]}}}, multinet_report_fail_on="error")
    assert run.rc != 0
    assert "[daemonset_ready]" in run.failure()  # no kubelet is there
    assert (tmp_path / "report.html").is_file()


def test_a_relative_folder_is_not_in_the_collection(fleet: Lab, reported: Reported) -> None:
    run = report(fleet, pathlib.Path("here"), {"all": {"hosts": {"edge": HOSTS["edge"]}}})
    (result,) = run.results("multinet_report")
    page = pathlib.Path(result["paths"]["html"])
    assert page.is_absolute()
    assert INSTALLED not in page.parents
