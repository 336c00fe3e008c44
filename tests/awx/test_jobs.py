# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each job template, run as AWX runs it, on a lab that answers under Google's own names.

The jobs know of the lab by nothing: their credentials are those of AWX's types, and name Google's own addresses.
"""

from __future__ import annotations

import base64
import copy
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

import jobs
from cluster import Cluster
from google_front import google_front
from harness import ROOT, Lab, Run, google_writes, play_of
from jobs import PROJECT, Prompts

pytestmark = [pytest.mark.slow, pytest.mark.sample(2, "stories of fleets", by_file=True)]

DEMO = yaml.safe_load((ROOT / "lab" / "demo" / "inventory.yml").read_text())["all"]["hosts"]["edge"]
ACCOUNT = "lab@test-project.iam.gserviceaccount.com"  # of the lab's key
FLEET = "test-fleet"  # a project for itself: in the other one is the site that tests share
STAGES = "vpc,cluster,nodepool"

Launch = Callable[..., Run]


def described(number: int) -> dict[str, Any]:
    """Return the description of one of several clusters, each with a VPC of its own."""
    found = copy.deepcopy(DEMO)
    (network,) = found["multinet_networks"]
    network |= {"vpc": f"vpc-{number}", "subnetwork": f"subnet-{number}", "node_range": f"10.{number}.1.0/24"}
    network["pod_ranges"][0] |= {"range": f"172.16.{number}.0/24", "attachment": f"nad-{number}"}
    del found["multinet_pods"]
    return {**found, "multinet_project": FLEET, "multinet_cluster": {**found["multinet_cluster"], "name": f"c{number}"}}


HOSTS = {f"c{number}": described(number) for number in (1, 2)}


@pytest.fixture
def launch(objects: dict[str, Any], tmp_path: pathlib.Path) -> Launch:
    """Return what launches a job template on a lab."""
    count = iter(range(9))

    def launched(
        lab: Lab,
        name: str,
        hosts: dict[str, dict[str, Any]],
        *,
        kubernetes: bool = False,
        project: pathlib.Path = PROJECT,
        **prompts: Any,
    ) -> Run:
        (template,) = [each for each in objects["templates"] if each["name"] == f"multinet {name}"]
        folder = tmp_path / str(next(count))
        env = folder / "env"
        env.mkdir(parents=True)
        key = json.loads((lab.folder / "service-account.json").read_text())
        environment = jobs.google_credential(env, key, FLEET) if template["credentials"] else {}
        if kubernetes:
            environment |= jobs.kubernetes_credential(env, "https://203.0.113.9", "a-token-of-another-cluster", "none")
        with google_front(tmp_path, lab.port) as front:
            there = {**front, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
            return jobs.run(folder, template, hosts, Prompts(**prompts), {**there, **environment}, project=project)

    return launched


@pytest.mark.parametrize("project", [PROJECT, ROOT], ids=["a repository of one's own", "a checkout of the collection"])
def test_a_plan_needs_no_credential(shared_lab: Lab, launch: Launch, project: pathlib.Path) -> None:
    asked = len(shared_lab.google_requests())
    run = launch(shared_lab, "plan", HOSTS, project=project)
    assert run.rc == 0, run.stdout
    assert len(shared_lab.google_requests()) == asked
    (planned,) = run.results("multinet_plan")
    assert set(planned["sites"]) == set(HOSTS)


def test_a_plan_sees_what_a_slice_cannot(shared_lab: Lab, launch: Launch) -> None:
    hosts = copy.deepcopy(HOSTS)
    hosts["c2"]["multinet_networks"][0] |= {"vpc": "vpc-1", "subnetwork": "subnet-2", "node_range": "10.1.1.128/25"}
    whole = launch(shared_lab, "plan", hosts)
    assert whole.rc != 0
    assert "overlaps c1" in whole.failure()
    part = launch(shared_lab, "plan", hosts, part=(2, 2))
    assert part.rc == 0, part.stdout
    assert "looks at all" in part.stdout


def test_a_slice_of_a_site_then_drift_then_its_removal(shared_lab: Lab, launch: Launch) -> None:
    before = len(shared_lab.google_requests())
    made = launch(shared_lab, "site", HOSTS, part=(1, 2), job_tags=STAGES)
    assert (made.rc, _clusters(shared_lab)) == (0, ["c1"]), made.stdout
    assert {each["principal"] for each in shared_lab.google_requests()[before:]} == {ACCOUNT}

    asked = len(shared_lab.google_requests())
    drift = launch(shared_lab, "site", HOSTS, job_tags=STAGES, job_type="check", diff_mode=True)
    assert drift.rc == 0, drift.stdout
    assert "create cluster c2 in us-central1-c" in drift.actions
    assert not [action for action in drift.actions if "c1" in action]

    named = {"extra_vars": {"multinet_teardown_confirm": "c1"}, "limit": "c1", "job_tags": STAGES}
    dry = launch(shared_lab, "teardown", HOSTS, **named, job_type="check", diff_mode=True)
    assert dry.rc == 0, dry.stdout
    assert google_writes(shared_lab.google_requests()[asked:]) == []
    assert "delete cluster c1" in dry.actions
    removed = launch(shared_lab, "teardown", HOSTS, **named)
    assert (removed.rc, removed.actions) == (0, dry.actions), removed.stdout
    assert _clusters(shared_lab) == []


def test_attachments_are_made_with_googles_credential_alone(plane_lab: Lab, launch: Launch) -> None:
    """A token for another cluster's API server, as a container group has it, is in nobody's way."""
    hosts = {"edge": DEMO}
    run = launch(plane_lab, "site", hosts, job_tags=f"{STAGES},networks", kubernetes=True)
    assert run.rc == 0, run.stdout
    plane_lab.kubectl("get", "network-attachment-definitions", "my-nad")


def test_verification_comes_to_a_verdict(plane_lab: Lab, launch: Launch) -> None:
    """Nothing runs on the nodes of this lab, and that is what it says."""
    run = launch(plane_lab, "verify", {"edge": DEMO}, extra_vars={"multinet_verify_probe": "false"})
    (verified,) = run.results("multinet_verify")
    assert verified["summary"], run.stdout
    assert [each for each in verified["results"] if each["status"] != "pass"]
    assert verified["matrix"] == []


def test_pools_are_audited(plane_lab: Lab, launch: Launch) -> None:
    run = launch(plane_lab, "pools", {"edge": DEMO})
    assert run.rc == 0, run.stdout
    assert run.actions == []


def test_a_report_is_written(plane_lab: Lab, launch: Launch, tmp_path: pathlib.Path) -> None:
    answers = {"multinet_verify_probe": "false", "multinet_report_dir": str(tmp_path / "report")}
    run = launch(plane_lab, "report", {"edge": DEMO}, extra_vars=answers)
    assert run.rc == 0, run.stdout
    assert (tmp_path / "report" / "report.html").is_file()


def test_an_inventory_update_reads_descriptions(tmp_path: pathlib.Path) -> None:
    found = jobs.inventory_update(tmp_path, "inventory", {})
    assert found["edge"]["multinet_cluster"]["name"] == "edge"


def test_an_inventory_update_finds_clusters(plane_lab: Lab, tmp_path: pathlib.Path) -> None:
    key = json.loads((plane_lab.folder / "service-account.json").read_text())
    environment = jobs.google_credential(tmp_path, key, "test-project")
    with google_front(tmp_path, plane_lab.port) as front:
        found = jobs.inventory_update(tmp_path, "found/fleet.gke_clusters.yml", {**front, **environment})
    assert "edge.us-central1-c.test-project" in found
    assert key["private_key"].split("\n")[1] not in json.dumps(found)


def test_awxs_bearer_token_opens_an_api_server(plane: Cluster, tmp_path: pathlib.Path) -> None:
    """Without gke_cluster the environment of AWX's type is what the modules take, with a file for the authority."""
    plane.kubectl("create", "serviceaccount", "awx", "-n", plane.namespace)
    rights = ["--clusterrole=view", f"--serviceaccount={plane.namespace}:awx"]
    plane.kubectl("create", "rolebinding", "awx", "-n", plane.namespace, *rights)
    token = plane.kubectl("create", "token", "awx", "-n", plane.namespace).strip()
    (server,) = (
        each["cluster"] for each in json.loads(plane.kubectl("config", "view", "--raw", "-o", "json"))["clusters"]
    )
    authority = base64.b64decode(server["certificate-authority-data"]).decode()
    environment = jobs.kubernetes_credential(tmp_path, server["server"], token, authority)
    task = {"multinet.gke.multinet_pod": {"name": "none", "namespace": plane.namespace, "state": "absent"}}
    run = plane.lab.play(play_of({"name": "Ask", **task}), environment=environment, arguments="--check")
    assert (run.rc, run.changed) == (0, 0), run.stdout
    wrong = {**environment, "K8S_AUTH_API_KEY": "a-token-of-another-cluster"}
    assert plane.lab.play(play_of({"name": "Ask", **task}), environment=wrong, arguments="--check").rc != 0


def _clusters(lab: Lab) -> list[str]:
    found = lab.google("GET", f"/v1/projects/{FLEET}/locations/-/clusters")
    return sorted(cluster["name"] for cluster in found.get("clusters", []))
