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

from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_options import Wanted
from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    ApiError,
    Immutable,
    InUse,
    InvalidOptions,
    Refused,
    TimedOut,
)
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import NODE, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.multus import MultusResource
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.multus_removal import MultusRemoval
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import reconcile
from ansible_collections.multinet.gke.plugins.modules.multus_install import SPEC
from talking import Context

Object = dict[str, Any]

CONFIG_MAP = "ConfigMap kube-system/multus-cni-config"
DAEMON_SET = "DaemonSet kube-system/gke-multinet"
COLLECTOR = "Deployment kube-system/gke-multinet-gc"
CLEANUP = "DaemonSet kube-system/gke-multinet-cleanup"
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
    is_slow: bool = False  # with the conditions of definitions
    fails_at: str = ""
    conflicts: int = 0  # of the next patches of a DaemonSet, as many fail because somebody else was faster
    machines: dict[str, bool] = field(default_factory=lambda: {"node-1": True, "node-2": True})  # ready or not
    users: list[Object] = field(default_factory=list)

    def get(self, ref: Ref) -> Object | None:
        self.reads.append(str(ref))
        found = copy.deepcopy(self.objects.get(str(ref)))
        if str(ref) in self.fresh:  # a definition has no condition at first, not even an empty list of them
            self.fresh.remove(str(ref))
            assert found
            found["status"] = {"conditions": None}
        return found

    def list(self, kind: Kind, namespace: str | None = None, *, labels: str | None = None) -> Iterator[Object]:
        if kind == NODE:
            return iter(machine(name, ready=ready) for name, ready in self.machines.items())
        if labels == "app=gke-multinet-cleanup":
            there = "DaemonSet kube-system/gke-multinet-cleanup" in self.objects
            return iter(pod(f"cleanup-{name}", name, labels) for name in self.machines if there)
        if labels is None:
            return iter([*self.users, *self.pods])
        if labels == "app=gke-multinet-gc":
            return iter([])
        assert labels == "app=gke-multinet"
        return iter(self.pods if DAEMON_SET in self.objects else [])

    def apply(self, obj: Object) -> Object:
        return self._store(f"apply {Ref.of(obj)}", obj)

    def delete(self, ref: Ref) -> None:
        if f"delete {ref}" == self.fails_at:
            raise KeyboardInterrupt
        self.writes.append(f"delete {ref}")
        del self.objects[str(ref)]

    def patch(self, ref: Ref, patch: Object) -> Object:
        if self.conflicts:
            self.conflicts -= 1
            raise ApiError(f"patch {ref}", 409, "Conflict", "the object has been modified")
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
            self.fresh |= {name} if self.is_slow else set()
        if obj["kind"] == "DaemonSet":
            new["metadata"]["generation"] += new.get("spec") != old.get("spec")
            new["status"] = self._status(new["metadata"]["generation"])
        if obj["kind"] == "Deployment":
            new["metadata"]["generation"] = 1
            new["status"] = {"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
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


def asked(**options: Any) -> Wanted:
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(options)
    assert not checked.error_messages
    return Wanted.of(checked.validated_parameters)


def run(cluster: Any, *, check_mode: bool = False, wait: bool = True, timeout: float = 1, **options: Any) -> Any:
    resource = MultusResource(cluster, asked(**options), wait=wait, timeout=timeout, progress=lambda text: None)
    return reconcile(resource, Context(check_mode=check_mode))


def remove(
    cluster: Any,
    *,
    check_mode: bool = False,
    force: bool = False,
    keep_crds: bool = True,
    cleanup_nodes: bool = True,
    **options: Any,
) -> Any:
    resource = MultusRemoval(
        cluster,
        asked(**options),
        cleanup_nodes=cleanup_nodes,
        keep_crds=keep_crds,
        force=force,
        timeout=1,
        progress=lambda text: None,
    )
    context = Context(check_mode=check_mode)
    return {**reconcile(resource, context), "said": context.warnings}


def machine(name: str, *, ready: bool) -> Object:
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}, "status": status}


def pod(name: str, node: str, labels: str = "app=gke-multinet", started: str = "2026-01-01T00:00:00Z") -> Object:
    key, value = labels.split("=")
    return {
        "metadata": {"name": name, "namespace": "kube-system", "labels": {key: value}},
        "spec": {"nodeName": node},
        "status": {
            "phase": "Running",
            "startTime": started,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def installed(**options: Any) -> Cluster:
    cluster = Cluster()
    run(cluster, **options)
    cluster.reads.clear()
    cluster.writes.clear()
    return cluster


def test_first_run_creates_in_the_order_of_need() -> None:
    cluster = Cluster(is_slow=True)
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
    assert len(cluster.reads) == len(set(cluster.reads)) == 13  # the ten, and what a run before may have left
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
            {"config": {"log_level": "debug"}, "priority_class": "high"},
            [
                f"update {CONFIG_MAP} (data.cni-conf.json)",
                f"update {DAEMON_SET} (spec.template.spec.priorityClassName)",
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
        pytest.param(
            {"init_order": "binaries_first"},
            [f"update {DAEMON_SET} (spec.template.spec.initContainers (order))"],
            id="order",
        ),
        pytest.param(
            {"gc": {"placement": "deployment"}},
            [
                f"update {DAEMON_SET} (spec.template.spec.containers[installed], "
                "spec.template.spec.containers[whereabouts-gc])",
                f"create {COLLECTOR}",
            ],
            id="control loop once in the cluster",
        ),
        pytest.param({"restart": True}, [f"restart {DAEMON_SET} (asked for)"], id="restart"),
    ],
)
def test_update(options: dict[str, Any], actions: list[str]) -> None:
    cluster = installed()
    result = run(cluster, **options)
    assert result["actions"] == actions
    assert run(cluster, **{**options, "restart": False})["actions"] == []


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


@pytest.mark.shows("D7", "D20")
def test_what_was_tuned_by_hand_and_is_not_given_stays() -> None:
    cluster = installed()
    pod_spec = cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]
    (loop,) = pod_spec["containers"]
    loop["args"][2] = "--cron-schedule=30 4 * * *"
    loop["resources"] = {"limits": {"memory": "500Mi"}}
    loop["image"] = "mirror.example/whereabouts:v0.7.0"
    pod_spec["initContainers"][1]["image"] = "mirror.example/whereabouts:v0.7.0"
    pod_spec["initContainers"][0]["args"][2] = "--multus-log-level=debug"
    pod_spec["volumes"] = [each for each in pod_spec["volumes"] if each["name"] != "kubelet-credentials"]
    pod_spec["tolerations"] = []
    config_map = cluster.objects[CONFIG_MAP]
    value = json.loads(config_map["data"]["cni-conf.json"])
    del value["logFile"]
    config_map["data"]["cni-conf.json"] = json.dumps({**value, "logLevel": "error", "confDir": "/etc/cni/other"})
    cluster.objects["ClusterRole multus-role"]["rules"][0]["verbs"] = ["get", "list", "watch", "create"]
    before = copy.deepcopy(cluster.objects)
    result = run(cluster)
    assert (result["actions"], cluster.objects) == ([], before)
    assert run(cluster, gc={"cron": "0 * * * *"})["actions"] == [
        f"update {DAEMON_SET} (spec.template.spec.containers[whereabouts-gc].args[2])"
    ]
    (changed,) = cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]["containers"]
    assert changed["resources"] == {"limits": {"memory": "500Mi"}}


def test_role_that_lacks_something_is_repaired() -> None:
    cluster = installed()
    cluster.objects["ClusterRole whereabouts"]["rules"].pop()
    assert run(cluster)["actions"] == ["update ClusterRole whereabouts (rules)"]


@pytest.mark.shows("D6")
def test_role_that_was_spoken_of_is_what_was_said() -> None:
    cluster = installed()
    assert run(cluster, rbac="least")["actions"] == [
        "update ClusterRole multus-role (rules[0].resources[0], rules[0].verbs)",
        "update ClusterRole whereabouts (rules)",
    ]
    assert run(cluster)["actions"] == []
    assert len(run(cluster, rbac="guide")["actions"]) == 2


def test_subjects_of_others_stay_when_a_binding_is_written() -> None:
    cluster = installed()
    agent = {"kind": "ServiceAccount", "name": "agent", "namespace": "tools"}
    binding = cluster.objects["ClusterRoleBinding multus-role-binding"]
    ours = binding["subjects"][0]
    binding["subjects"] = [agent, ours]
    assert run(cluster)["actions"] == []
    binding["subjects"] = [agent]
    (action,) = run(cluster)["actions"]
    assert action.startswith("update ClusterRoleBinding multus-role-binding (subjects")
    assert cluster.objects["ClusterRoleBinding multus-role-binding"]["subjects"] == [ours, agent]


def test_container_of_others_stays() -> None:
    cluster = installed()
    pod_spec = cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]
    pod_spec["containers"].append({"name": "sidecar", "image": "x"})
    run(cluster, preset="hardened")
    names = [each["name"] for each in cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]["containers"]]
    assert names == ["installed", "sidecar"]


def test_control_loop_comes_back_to_the_nodes() -> None:
    cluster = installed(gc={"placement": "deployment"})
    assert COLLECTOR in cluster.objects
    assert run(cluster)["actions"] == []
    assert run(cluster, gc={"placement": "daemonset"})["actions"][-1] == f"delete {COLLECTOR}"
    assert COLLECTOR not in cluster.objects


def test_pools_of_nodes_are_named_and_unnamed() -> None:
    cluster = installed(node_pools=["a", "b"])
    assert run(cluster)["multus"]["node_pools"] == ["a", "b"]
    assert run(cluster, node_pools=[])["actions"] == [f"update {DAEMON_SET} (spec.template.spec.affinity)"]
    assert cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]["affinity"] is None


@pytest.mark.shows("E6", "D11")
def test_upgrade_goes_from_definitions_to_the_collector() -> None:
    cluster = installed()
    result = run(cluster, layout="upstream_thin")
    assert [action.split(" (")[0] for action in result["actions"]] == [
        "update CustomResourceDefinition ippools.whereabouts.cni.cncf.io",
        "update CustomResourceDefinition overlappingrangeipreservations.whereabouts.cni.cncf.io",
        "update ClusterRole whereabouts",
        "create ConfigMap kube-system/whereabouts-config",
        f"update {DAEMON_SET}",
        f"create {COLLECTOR}",
    ]
    pod_spec = cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]
    assert [each["name"] for each in pod_spec["containers"]] == ["kube-multus", "whereabouts"]
    assert [each["name"] for each in pod_spec["initContainers"]] == ["install-multus-binary", "install-whereabouts"]
    assert result["versions"] == {"multus": "4.2.2", "whereabouts": "0.9.4", "crd_schema": "0.8plus"}
    assert run(cluster)["actions"] == []
    assert [action.split(" (")[0] for action in run(cluster, layout="gke")["actions"]][-2:] == [
        f"delete {COLLECTOR}",
        "delete ConfigMap kube-system/whereabouts-config",
    ]


@pytest.mark.shows("E6", "D11")
def test_definitions_that_are_not_ours_must_fit() -> None:
    cluster = installed()
    with pytest.raises(Refused, match=r"whereabouts >= 0\.8\.0 needs crds\.schema 0\.8plus, and the cluster has 0\.7"):
        run(cluster, layout="upstream_thin", crds={"manage": False})
    assert run(cluster, crds={"manage": False})["actions"] == []
    assert cluster.writes == []


def test_what_is_given_must_go_with_what_is_there() -> None:
    cluster = installed(layout="upstream_thin")
    with pytest.raises(InvalidOptions, match="needs images with /thin_entrypoint"):
        run(cluster, multus_image="gcr.io/gke-release/multus-cni:v4.2.1-gke.6")
    assert cluster.writes == []


@pytest.mark.parametrize("names", [{"name": "other"}, {"namespace": "other"}, {"service_account": "other"}])
def test_second_installation_under_other_names_is_refused(names: dict[str, str]) -> None:
    cluster = installed()
    if "namespace" in names:
        cluster.objects[f"ConfigMap {names['namespace']}/multus-cni-config"] = cluster.objects[CONFIG_MAP]
    with pytest.raises(Refused, match="has an installation with name gke-multinet, namespace kube-system"):
        run(cluster, **names)
    assert cluster.writes == []


def test_somebody_who_was_faster_makes_it_read_again() -> None:
    cluster = installed()
    cluster.conflicts = 2
    assert run(cluster, priority_class="high")["actions"] == [
        f"update {DAEMON_SET} (spec.template.spec.priorityClassName)"
    ]
    assert cluster.objects[DAEMON_SET]["spec"]["template"]["spec"]["priorityClassName"] == "high"


@pytest.mark.shows("E3", "D9")
def test_pods_with_old_tokens_are_restarted_once() -> None:
    cluster = installed()
    assert run(cluster, token_max_age="30d")["actions"] == []
    cluster.pods = [pod("a", "node-1"), pod("b", "node-2"), pod("c", "node-3", started="2999-01-01T00:00:00Z")]
    restart = f"restart {DAEMON_SET} (tokens of 2 pods are older than token_max_age)"
    assert run(cluster, token_max_age="30d")["actions"] == [restart]
    assert run(cluster, token_max_age="30d")["actions"] == []  # it was asked for since they started
    assert run(cluster)["actions"] == []


@pytest.mark.shows("E14", "D12", "D17")
def test_removal_frees_the_nodes_before_the_roles_go() -> None:
    cluster = installed()
    announced = remove(cluster, check_mode=True)
    assert cluster.writes == []
    result = remove(cluster)
    assert announced["actions"] == result["actions"]
    assert cluster.writes == [
        f"delete {DAEMON_SET}",
        f"apply {CLEANUP}",
        f"delete {CLEANUP}",
        "delete ClusterRoleBinding multus-role-binding",
        "delete ClusterRoleBinding whereabouts-role-binding",
        "delete ClusterRole multus-role",
        "delete ClusterRole whereabouts",
        "delete ServiceAccount kube-system/whereabouts-sa",
        f"delete {CONFIG_MAP}",
    ]
    assert result["multus"] is None
    assert len(cluster.objects) == 3  # the definitions
    cluster.writes.clear()
    assert (remove(cluster)["changed"], cluster.writes) == (False, [])
    assert remove(Nowhere(), check_mode=True)["changed"] is False


@pytest.mark.shows("E14")
@pytest.mark.parametrize("step", range(9))
def test_removal_that_was_cut_off_goes_on(step: int) -> None:
    cluster = installed(gc={"placement": "deployment"})
    plan = [action for action in remove(cluster, check_mode=True)["actions"] if action.startswith("delete ")]
    cluster.fails_at = plan[step]
    with pytest.raises(KeyboardInterrupt):
        remove(cluster)
    cluster.fails_at = ""
    remove(cluster)
    assert len(cluster.objects) == 3


def test_removal_can_take_the_definitions() -> None:
    cluster = installed(layout="upstream_thin")
    remove(cluster, keep_crds=False)
    assert cluster.objects == {}


def test_removal_is_refused_while_pods_use_it() -> None:
    cluster = installed()
    user = pod("web", "node-1", "app=web")
    user["metadata"] |= {"namespace": "default", "annotations": {"k8s.v1.cni.cncf.io/networks": "my-nad"}}
    cluster.users = [user, pod("other", "node-1", "app=web")]
    for check_mode in (True, False):
        with pytest.raises(InUse, match="- default/web"):
            remove(cluster, check_mode=check_mode)
    assert cluster.writes == []
    result = remove(cluster, force=True)
    assert result["in_use_by"] == ["default/web"]
    assert "Multus was used by default/web" in result["said"][0]


def test_removal_is_refused_while_a_node_that_had_it_is_lost() -> None:
    cluster = installed()
    cluster.machines = {"node-1": True, "node-2": False, "node-3": False}
    cluster.pods = [pod("a", "node-2")]
    with pytest.raises(Refused, match="nodes node-2 are not ready"):
        remove(cluster)
    assert cluster.writes == []
    result = remove(cluster, force=True)
    assert result["nodes_not_cleaned"] == ["node-2"]
    assert "if they come back with their disks, delete them" in result["said"][0]


def test_removal_without_a_look_at_the_nodes_is_warned_of() -> None:
    cluster = installed()
    result = remove(cluster, cleanup_nodes=False)
    assert not any("cleanup" in write for write in cluster.writes)
    assert "nodes keep Multus's configuration" in result["said"][0]


def test_installation_ends_a_removal_that_was_cut_off() -> None:
    cluster = installed()
    cluster.fails_at = f"delete {CLEANUP}"
    with pytest.raises(KeyboardInterrupt):
        remove(cluster)
    cluster.fails_at = ""
    cluster.writes.clear()
    assert run(cluster)["actions"] == [f"delete {CLEANUP}", f"create {DAEMON_SET}"]
    assert run(cluster)["actions"] == []
