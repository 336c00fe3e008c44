# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation in a cluster: what is planned, in which order, and that a second run plans nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni import multus
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus_options import installation
from ansible_collections.multinet.gke.plugins.module_utils.errors import Immutable, TimedOut
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus import MultusResource
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import reconcile
from ansible_collections.multinet.gke.plugins.modules.multus_install import SPEC

Object = dict[str, Any]

CONFIG_MAP = "ConfigMap kube-system/multus-cni-config"
DAEMON_SET = "DaemonSet kube-system/gke-multinet"
RESTART = f"restart {DAEMON_SET} (it reads its configuration when it starts)"


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return copy.deepcopy(new)


@dataclass
class Cluster:
    """As much of an API server as the resource sees: it keeps objects, and its controllers are done at once."""

    exists = True
    objects: dict[str, Object] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    nodes: int = 3
    available: int = 3
    pods: list[Object] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    fails_at: str = ""

    def get(self, ref: Ref) -> Object | None:
        self.reads.append(str(ref))
        found = copy.deepcopy(self.objects.get(str(ref)))
        if str(ref) in self.fresh:  # a definition has no condition at first, not even an empty list of them
            self.fresh.remove(str(ref))
            assert found
            found["status"] = {"conditions": None}
        return found

    def list(self, kind: Kind, namespace: str | None = None, *, labels: str | None = None) -> Iterator[Object]:
        assert labels == "app=gke-multinet"
        return iter(self.pods)

    def apply(self, obj: Object) -> Object:
        return self._store(f"apply {Ref.of(obj)}", obj)

    def patch(self, ref: Ref, patch: Object) -> Object:
        return self._store(f"patch {ref}", merged(self.objects[str(ref)], patch))

    def _store(self, what: str, obj: Object) -> Object:
        if what == self.fails_at:
            raise KeyboardInterrupt
        self.writes.append(what)
        name = what.split(" ", 1)[1]
        old = self.objects.get(name, {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "generation": 0}})
        new = merged(old, obj)
        if obj["kind"] == "CustomResourceDefinition":
            new["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
            self.fresh.add(name)
        if obj["kind"] == "DaemonSet":
            new["metadata"]["generation"] += new.get("spec") != old.get("spec")
            new["status"] = self._status(new["metadata"]["generation"])
        self.objects[name] = new
        return new

    def _status(self, generation: int) -> Object:
        return {
            "observedGeneration": generation,
            "desiredNumberScheduled": self.nodes,
            "updatedNumberScheduled": self.nodes,
            "numberReady": self.available,
            "numberAvailable": self.available,
        }


@dataclass
class Context:
    check_mode: bool = False
    diff: bool = True
    tmpdir: str = ""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, text: str) -> None:
        pass


def run(cluster: Any, *, check_mode: bool = False, wait: bool = True, timeout: float = 1, **options: Any) -> Any:
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(options)
    assert not checked.error_messages
    wanted = installation(checked.validated_parameters)
    resource = MultusResource(cluster, wanted, wait=wait, timeout=timeout, progress=lambda text: None)
    return reconcile(resource, Context(check_mode=check_mode))


def installed(**options: Any) -> Cluster:
    cluster = Cluster()
    run(cluster, **options)
    cluster.reads.clear()
    cluster.writes.clear()
    return cluster


def test_first_run_creates_in_the_order_of_need() -> None:
    cluster = Cluster()
    result = run(cluster)
    kinds = [write.split()[1] for write in cluster.writes]
    assert kinds == [
        *["CustomResourceDefinition"] * 3,
        "ServiceAccount",
        *["ClusterRole"] * 2,
        *["ClusterRoleBinding"] * 2,
        "ConfigMap",
        "DaemonSet",
    ]
    assert result["changed"]
    assert result["actions"] == [f"create {write.removeprefix('apply ')}" for write in cluster.writes]
    assert all(each["changed"] for each in result["objects"])
    assert result["daemonset"] == {"desired": 3, "ready": 3, "updated": 3}
    assert result["pending"] is False
    assert result["diff"]["before"] == {}


def test_second_run_reads_each_object_once_and_writes_nothing() -> None:
    cluster = installed()
    result = run(cluster)
    assert (result["changed"], result["actions"], cluster.writes) == (False, [], [])
    assert len(cluster.reads) == len(set(cluster.reads)) == 10
    assert result["diff"]["before"] == result["diff"]["after"] == result["multus"]
    assert not any(each["changed"] for each in result["objects"])


def test_check_mode_announces_the_same_and_writes_nothing() -> None:
    cluster = Cluster()
    announced = run(cluster, check_mode=True)
    assert (cluster.writes, announced["pending"]) == ([], True)
    done = run(cluster)
    assert announced["actions"] == done["actions"]
    assert announced["multus"] == done["multus"]


def test_cluster_to_be_made_is_planned_against_nothing() -> None:
    assert len(run(Nowhere(), check_mode=True)["actions"]) == 10


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        pytest.param(
            {"multus_image": "registry.example/multus:1"},
            [
                f"update {DAEMON_SET} (spec.template.spec.initContainers[install-multus-config].image, "
                "spec.template.spec.initContainers[install-binary].image)"
            ],
            id="image",
        ),
        pytest.param(
            {"config": {"cluster_network": "other"}},
            [f"update {CONFIG_MAP} (data.cni-conf.json)", RESTART],
            id="configuration alone restarts",
        ),
        pytest.param(
            {"config": {"log_level": "debug"}},
            [
                f"update {CONFIG_MAP} (data.cni-conf.json)",
                f"update {DAEMON_SET} (spec.template.spec.initContainers[install-multus-config].args[2])",
            ],
            id="configuration and template roll once",
        ),
        pytest.param(
            {"max_unavailable": "50%", "config": {"cluster_network": "other"}},
            [
                f"update {CONFIG_MAP} (data.cni-conf.json)",
                f"update {DAEMON_SET} (spec.updateStrategy.rollingUpdate.maxUnavailable)",
                RESTART,
            ],
            id="what does not roll does not spare the restart",
        ),
        pytest.param(
            {"node_selector": {"pool": "a", "on": True}},
            [f"update {DAEMON_SET} (spec.template.spec.nodeSelector)"],
            id="nodes",
        ),
        pytest.param({"resources": {"whereabouts-gc": {"limits": {"memory": "50Mi"}}}}, [], id="the same resources"),
    ],
)
def test_update(options: dict[str, Any], actions: list[str]) -> None:
    cluster = installed()
    result = run(cluster, **options)
    assert result["actions"] == actions
    assert run(cluster, **options)["actions"] == []


def test_diff_is_in_the_words_of_the_options() -> None:
    cluster = installed()
    diff = run(cluster, config={"global_namespaces": ["default", "netops"]})["diff"]
    assert "global_namespaces" not in diff["before"]["config"]
    assert diff["after"]["config"]["global_namespaces"] == ["default", "netops"]
    changed = {option for option in diff["after"] if diff["after"][option] != diff["before"][option]}
    assert changed == {"config", "objects"}
    assert diff["after"]["objects"][DAEMON_SET] == "restarted"


def test_what_others_added_is_kept() -> None:
    cluster = installed()
    config_map, daemon_set = cluster.objects[CONFIG_MAP], cluster.objects[DAEMON_SET]
    value = {**json.loads(config_map["data"]["cni-conf.json"]), "logOptions": {"maxSize": 100}}
    config_map["data"]["cni-conf.json"] = json.dumps(value)
    daemon_set["spec"]["template"]["spec"]["nodeSelector"] = {"pool": "a"}
    assert run(cluster)["actions"] == []
    result = run(cluster, config={"log_level": "error"}, node_selector={"zone": "b"})
    assert json.loads(cluster.objects[CONFIG_MAP]["data"]["cni-conf.json"])["logOptions"] == {"maxSize": 100}
    assert result["multus"]["node_selector"] == {"pool": "a", "zone": "b"}


def test_missing_object_is_made_again() -> None:
    cluster = installed()
    del cluster.objects["ClusterRole whereabouts"]
    result = run(cluster)
    assert result["actions"] == ["create ClusterRole whereabouts"]
    assert result["diff"]["before"]["objects"] == {"ClusterRole whereabouts": "absent"}


def test_restart_is_not_lost_when_a_run_is_cut_off() -> None:
    cluster = installed()
    cluster.fails_at = f"patch {DAEMON_SET}"
    with pytest.raises(KeyboardInterrupt):
        run(cluster, config={"cluster_network": "other"})
    cluster.fails_at = ""
    assert run(cluster, config={"cluster_network": "other"})["actions"] == [RESTART]
    assert run(cluster, config={"cluster_network": "other"})["actions"] == []


@pytest.mark.parametrize(
    ("name", "path", "remedy"),
    [
        (
            DAEMON_SET,
            ("spec", "selector", "matchLabels", "app"),
            "kubectl delete daemonset gke-multinet --namespace kube-system",
        ),
        (
            "ClusterRoleBinding multus-role-binding",
            ("roleRef", "name"),
            "kubectl delete clusterrolebinding multus-role-binding",
        ),
    ],
)
def test_immutable_field(name: str, path: tuple[str, ...], remedy: str) -> None:
    cluster = installed()
    place = cluster.objects[name]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "other"
    with pytest.raises(Immutable, match=remedy):
        run(cluster)
    assert cluster.writes == []


def test_unfinished_rollout_is_waited_for_without_a_change() -> None:
    cluster = Cluster(available=1)
    assert run(cluster, wait=False)["pending"] is True
    cluster.pods = [
        {
            "metadata": {"name": f"gke-multinet-{number}", "namespace": "kube-system"},
            "spec": {"nodeName": f"node-{number}"},
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [
                    {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
                ],
            },
        }
        for number in range(7)
    ]
    cluster.writes.clear()
    with pytest.raises(TimedOut) as late:
        run(cluster)
    assert cluster.writes == []
    assert "of 3 pods, 3 are up to date and 1 available" in str(late.value)
    assert "gke-multinet-0 on node-0: ImagePullBackOff: no such image" in str(late.value)
    assert str(late.value).endswith("and 2 more")
    assert run(cluster, wait=False)["pending"] is True


def test_options_survive_the_documents() -> None:
    documents = multus.manifest(multus.Installation(gc_cron="5 * * * *", max_unavailable="10%"))
    said = multus.described(documents)
    assert (said["gc"]["cron"], said["max_unavailable"]) == ("5 * * * *", "10%")
