# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubectl made of the guide's own manifest is adopted without a write, and goes on from there; one story."""

from __future__ import annotations

import json

import pytest

from cluster import Cluster
from harness import Lab, shared
from installed import Modules

pytestmark = pytest.mark.control_plane

GUIDE_MANIFEST = shared().parent / "reference" / "multus-manifest.yaml"
TUNED = [
    {
        "op": "replace",
        "path": "/spec/template/spec/containers/0/args/2",
        "value": "--cron-schedule=30 4 * * *",
    },
    {"op": "replace", "path": "/spec/template/spec/containers/0/resources", "value": {"limits": {"memory": "500Mi"}}},
    {"op": "remove", "path": "/spec/template/spec/volumes/0"},
]


@pytest.fixture(scope="module")
def cluster(control_plane_lab: Lab, modules: Modules) -> Cluster:
    """A cluster in which kubectl has applied the guide's manifest."""
    if not GUIDE_MANIFEST.exists():
        pytest.skip("the guide's manifest is not here (MULTINET_DATA)")
    made = control_plane_lab.play("multinet.gke.site", arguments="--tags vpc,cluster")
    assert made.rc == 0, made.stdout
    control_plane_lab.kubectl("apply", "-f", str(GUIDE_MANIFEST))
    return Cluster(control_plane_lab, modules, "kube-system")


def test_multus_install_changes_nothing_after_kubectl(cluster: Cluster) -> None:
    cluster.unchanged("multus_install", wait=False)
    cluster.unchanged("multus_install", wait=False, preset="guide")


@pytest.mark.shows("D7", "D20")
def test_what_was_tuned_by_hand_and_is_not_given_stays(cluster: Cluster) -> None:
    place = ("--namespace", "kube-system")
    cluster.kubectl("patch", "daemonset", "gke-multinet", *place, "--type=json", "-p", json.dumps(TUNED))
    config = json.loads(cluster.get("configmap", "multus-cni-config", *place)["data"]["cni-conf.json"])
    del config["logFile"]
    data = {"data": {"cni-conf.json": json.dumps({**config, "logLevel": "error"})}}
    cluster.kubectl("patch", "configmap", "multus-cni-config", *place, "-p", json.dumps(data))
    found = cluster.unchanged("multus_install", wait=False)["multus"]
    assert (found["gc"]["cron"], found["config"]["log_level"]) == ("30 4 * * *", "error")


@pytest.mark.shows("D6", "D10", "D11", "D14", "D15", "E6")
def test_presets_and_layouts_follow_each_other(cluster: Cluster) -> None:
    hardened = cluster.converge("multus_install", preset="hardened", node_pools=["multinet"], wait=False)["multus"]
    assert (hardened["gc"]["cron"], hardened["rbac"], hardened["node_pools"]) == ("30 4 * * *", "least", ["multinet"])
    upstream = cluster.converge("multus_install", layout="upstream_thin", node_pools=[], wait=False)
    assert upstream["versions"]["crd_schema"] == "0.8plus"
    pod = cluster.get("daemonset", "gke-multinet", "--namespace", "kube-system")["spec"]["template"]["spec"]
    assert "affinity" not in pod
    assert {volume["name"] for volume in pod["volumes"]} == {"cni", "cnibin", "multus-cfg"}
    back = cluster.converge("multus_install", layout="gke", preset="guide", wait=False)
    assert back["versions"]["crd_schema"] == "0.7"
    assert f"{back['actions'][-1]}" == "delete ConfigMap kube-system/whereabouts-config"


def test_second_installation_is_refused(cluster: Cluster) -> None:
    assert "has an installation with name gke-multinet" in cluster.refused("multus_install", name="other")


def test_all_that_contradicts_is_refused_before_anything_is_asked(cluster: Cluster) -> None:
    with cluster.asked() as asked:
        text = cluster.refused("multus_install", gc={"cron": "x"}, crds={"schema": "0.8plus"}, max_unavailable="few")
    assert asked.requests == []
    assert all(word in text for word in ("gc.cron", "max_unavailable"))


def test_removal_without_nodes_leaves_nothing(cluster: Cluster) -> None:
    options = {"state": "absent", "cleanup_nodes": False, "crds": {"keep_on_absent": False}}
    cluster.converge("multus_install", **options)
    names = [each["metadata"]["name"] for each in cluster.get("crd")["items"]]
    assert not any("cni.cncf.io" in name for name in names)
