# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod in a cluster: made, waited for, changed, replaced only when asked, deleted."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError, InvalidOptions, Refused, TimedOut
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.desired_pod import DesiredPod
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import CONFIG_MAP, EVENT, NAD, POD, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.pods import PodResource
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import reconcile
from ansible_collections.multinet.gke.plugins.modules.multinet_pod import SPEC
from talking import Context

Object = dict[str, Any]

NETWORKS, STATUS = "k8s.v1.cni.cncf.io/networks", "k8s.v1.cni.cncf.io/network-status"
NET1 = {"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.1"], "mac": "42:01:0a:00:01:02"}
IPVLAN: Object = {"type": "ipvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": "172.16.1.0/24"}}
GUIDE: dict[str, Any] = {"name": "samplepod", "image": "nginx", "attachments": ["my-nad"]}


def start(pod: Object) -> None:
    """Do what the scheduler, the kubelet and Multus do."""
    pod["spec"].setdefault("nodeName", "node-1")
    pod["status"] = {"phase": "Running"}
    if NETWORKS in pod["metadata"].get("annotations", {}):
        pod["metadata"]["annotations"][STATUS] = json.dumps([NET1])


@dataclass
class Cluster:
    """One pod and what becomes of it."""

    exists = True
    pod: Object | None = None
    start: Callable[[Object], None] = start
    events: list[Object] = field(default_factory=list)
    nads: dict[str, Object] = field(default_factory=lambda: {"default/my-nad": IPVLAN, "apps/my-nad": IPVLAN})
    multus: Object | None = None  # what the ConfigMap holds
    forbidden: tuple[Kind, ...] = ()
    asked: list[Kind] = field(default_factory=list)
    writes: list[Any] = field(default_factory=list)

    def get(self, ref: Ref) -> Object | None:
        self.asked.append(ref.kind)
        if ref.kind in self.forbidden:
            raise ApiError(f"read {ref}", 403, "Forbidden", "no")
        if ref.kind is NAD:
            config = self.nads.get(f"{ref.namespace}/{ref.name}")
            return None if config is None else {"spec": {"config": json.dumps(config)}}
        if ref.kind is CONFIG_MAP:
            assert (ref.namespace, ref.name) == ("kube-system", "multus-cni-config")
            return None if self.multus is None else {"data": {"cni-conf.json": json.dumps(self.multus)}}
        return copy.deepcopy(self.pod)

    def list(self, kind: Kind, namespace: str, *, fields: str) -> Iterator[Object]:
        assert (kind, namespace) == (EVENT, "default")
        assert fields == "involvedObject.kind=Pod,involvedObject.name=samplepod,type=Warning"
        return iter(self.events)

    def create(self, obj: Object) -> None:
        assert self.pod is None, "409 AlreadyExists"
        self.writes.append(obj)
        self.pod = copy.deepcopy(obj)
        self.start(self.pod)

    def patch(self, ref: Ref, patch: Any, content_type: str = "merge") -> None:
        assert self.pod
        self.writes.append(patch)
        if isinstance(patch, list):
            self.pod["spec"]["containers"][0]["image"] = patch[0]["value"]
        else:
            for key, values in patch["metadata"].items():
                self.pod["metadata"][key] = {**self.pod["metadata"].get(key, {}), **values}

    def delete(self, ref: Ref, *, grace_seconds: int) -> None:
        assert grace_seconds == 1
        self.writes.append(f"delete {ref}")
        self.pod = None


def run(cluster: Any, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(options)
    assert not checked.error_messages
    params = checked.validated_parameters
    resource = PodResource(
        cluster,
        DesiredPod.of(params),
        wait=params["wait"],
        timeout=params["wait_timeout"],
        progress=lambda text: None,
    )
    context = Context(check_mode=check_mode)
    result = reconcile(resource, context)
    return {**result, "warnings": context.warnings} if context.warnings else result


def made(**options: Any) -> Cluster:
    """Return a cluster in which the pod is already there."""
    cluster = Cluster()
    run(cluster, **GUIDE, **options)
    cluster.writes.clear()
    return cluster


def test_the_guides_pod_is_made_as_in_the_guide() -> None:
    cluster = Cluster()
    result = run(cluster, **GUIDE)
    assert cluster.writes == [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "samplepod",
                "namespace": "default",
                "annotations": {NETWORKS: "default/my-nad"},
            },
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "nginx"}]},
        }
    ]
    assert result == {
        "changed": True,
        "actions": ["create pod default/samplepod on default/my-nad"],
        "pod": {
            "name": "samplepod",
            "namespace": "default",
            "image": "nginx",
            "attachments": [{"name": "my-nad", "namespace": "default", "interface": ""}],
        },
        "interfaces": [NET1],
        "node": "node-1",
        "phase": "Running",
        "diff": {"before": {}, "after": result["pod"]},
    }
    again = run(cluster, **GUIDE)
    assert (again["changed"], again["actions"]) == (False, [])
    assert again["diff"]["before"] == again["diff"]["after"]


def test_every_option_is_sent() -> None:
    cluster = Cluster(nads={"apps/my-nad": IPVLAN, "default/other": IPVLAN})
    run(
        cluster,
        name="canary",
        namespace="apps",
        image="nginx",
        command=["sleep"],
        args=["60"],
        attachments=["my-nad", {"name": "other", "namespace": "default", "interface": "data0"}],
        node_selector={"disk": "ssd"},
        node_pools=["b", "a", "b"],
        node_name="node-2",
        ports=[{"container_port": 80, "host_port": 8080}, {"container_port": 53, "protocol": "UDP", "name": "dns"}],
        security_context={"runAsNonRoot": True},
        labels={"app": "canary", "on": True},
        annotations={"note": 7},
        wait=False,
    )
    (pod,) = cluster.writes
    assert pod["metadata"]["annotations"] == {NETWORKS: "apps/my-nad,default/other@data0", "note": "7"}
    assert pod["metadata"]["labels"] == {"app": "canary", "on": "true"}
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    (term,) = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term == {
        "matchExpressions": [{"key": "cloud.google.com/gke-nodepool", "operator": "In", "values": ["a", "b"]}]
    }
    assert pod["spec"]["nodeName"] == "node-2"
    assert pod["spec"]["containers"] == [
        {
            "name": "main",
            "image": "nginx",
            "command": ["sleep"],
            "args": ["60"],
            "ports": [
                {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"},
                {"containerPort": 53, "protocol": "UDP", "name": "dns"},
            ],
            "securityContext": {"runAsNonRoot": True},
        }
    ]


def test_check_mode_announces_what_would_be_done() -> None:
    cluster = Cluster()
    announced = run(cluster, check_mode=True, **GUIDE)
    assert not cluster.writes
    done = run(cluster, **GUIDE)
    assert (announced["actions"], announced["diff"]) == (done["actions"], done["diff"])


def test_in_a_cluster_still_to_be_made_the_pod_is_planned() -> None:
    result = run(Nowhere(), check_mode=True, **GUIDE)
    assert result["actions"] == ["create pod default/samplepod on default/my-nad"]
    assert run(Nowhere(), check_mode=True, name="samplepod", state="absent")["changed"] is False


def test_what_kubectl_made_is_adopted() -> None:
    cluster = Cluster()
    cluster.create(
        {
            "metadata": {"name": "samplepod", "namespace": "default", "annotations": {NETWORKS: "default/my-nad"}},
            "spec": {"containers": [{"name": "sample-container", "image": "nginx"}], "nodeSelector": {"a": "b"}},
        }
    )
    assert run(cluster, **GUIDE)["changed"] is False


def test_labels_annotations_and_image_are_changed_in_place() -> None:
    cluster = made(labels={"app": "old", "kept": "yes"})
    options: dict[str, Any] = GUIDE | {"image": "nginx:2", "labels": {"app": "new"}, "annotations": {"note": "x"}}
    result = run(cluster, **options)
    assert result["actions"] == [
        "update labels and annotations of pod default/samplepod",
        "update image of pod default/samplepod from nginx to nginx:2",
    ]
    assert cluster.writes == [
        {"metadata": {"labels": {"app": "new"}, "annotations": {"note": "x"}}},
        [{"op": "replace", "path": "/spec/containers/0/image", "value": "nginx:2"}],
    ]
    assert run(cluster, **options)["changed"] is False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"attachments": ["my-nad@data0"]}, "attachments is default/my-nad, not default/my-nad@data0"),
        ({"command": ["sleep"]}, r"command is \[\], not \['sleep'\]"),
        ({"args": ["60"]}, r"args is \[\], not \['60'\]"),
        ({"node_selector": {"a": "b"}}, r"node_selector is {}, not {'a': 'b'}"),
        ({"node_name": "node-2"}, "node_name is 'node-1', not 'node-2'"),
    ],
)
def test_what_only_a_new_pod_can_have_is_refused_unless_it_may_be_replaced(options: dict[str, Any], says: str) -> None:
    cluster = made()
    with pytest.raises(Refused, match=f"pod default/samplepod: {says}. Only a new pod .* set replace to true"):
        run(cluster, **GUIDE | options)
    assert not cluster.writes
    result = run(cluster, **GUIDE | options, replace=True, wait=False)
    assert [action.split(" pod ")[0] for action in result["actions"]] == ["delete", "create"]
    assert run(cluster, **GUIDE | options, replace=True, wait=False)["changed"] is False


def test_a_pod_that_started_before_multus_is_told_of_and_replaced_on_request() -> None:
    """The boot race: Running, no network-status, nothing that repairs it."""
    cluster = made()
    assert cluster.pod
    del cluster.pod["metadata"]["annotations"][STATUS]
    with pytest.raises(Refused, match=r"it runs without default/my-nad \(Multus was not there when it started\)"):
        run(cluster, **GUIDE)
    assert run(cluster, **GUIDE, replace=True)["interfaces"] == [NET1]


def test_a_pod_that_has_ended_is_told_of() -> None:
    cluster = made()
    assert cluster.pod
    cluster.pod["status"] = {"phase": "Failed", "reason": "Evicted"}
    with pytest.raises(Refused, match=r"it has ended \(Failed: Evicted\)"):
        run(cluster, **GUIDE)


def test_a_pod_that_is_being_deleted_is_waited_for_and_made_again() -> None:
    cluster = made()
    assert cluster.pod
    cluster.pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    dying, looks = cluster.get, iter([cluster.pod, cluster.pod, None])

    def get(ref: Ref) -> Object | None:
        if cluster.writes or ref.kind is not POD:
            return dying(ref)
        cluster.pod = next(looks)
        return copy.deepcopy(cluster.pod)

    cluster.get = get  # type: ignore[method-assign]
    assert run(cluster, **GUIDE)["actions"] == ["create pod default/samplepod on default/my-nad"]
    assert len(cluster.writes) == 1


def wait_forever(pod: Object) -> None:
    pod["status"] = {
        "phase": "Pending",
        "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}],
    }


def event(reason: str, message: str, time: str) -> Object:
    return {"reason": reason, "message": message, "lastTimestamp": time, "metadata": {"creationTimestamp": time}}


def test_a_pod_that_does_not_come_up_says_why_in_multus_words() -> None:
    events = [
        event("FailedCreatePodSandBox", "old", "2026-01-01T00:00:01Z"),
        event("FailedCreatePodSandBox", "cannot find a network-attachment-definition (my-nad)", "2026-01-01T00:00:02Z"),
        event("NoNetworkFound", "noise that Multus makes for each pod", "2026-01-01T00:00:03Z"),
    ]
    with pytest.raises(TimedOut) as failure:
        run(Cluster(start=wait_forever, events=events), **GUIDE, wait_timeout=0)
    assert str(failure.value) == (
        "pod default/samplepod is Running with its interfaces did not happen within 0 s; last seen: "
        "Pending (ContainerCreating). FailedCreatePodSandBox: cannot find a network-attachment-definition (my-nad)"
    )


def test_a_second_run_waits_for_a_pod_that_still_starts() -> None:
    cluster = Cluster(start=wait_forever)
    assert run(cluster, **GUIDE, wait=False)["phase"] == "Pending"
    with pytest.raises(TimedOut):
        run(cluster, **GUIDE, wait_timeout=0)
    assert cluster.pod
    start(cluster.pod)
    assert run(cluster, **GUIDE)["phase"] == "Running"


def test_absent() -> None:
    cluster = made()
    result = run(cluster, name="samplepod", state="absent")
    assert result["actions"] == ["delete pod default/samplepod"]
    assert (result["pod"], result["interfaces"], result["node"]) == (None, [], "")
    assert run(cluster, name="samplepod", state="absent")["changed"] is False


class Slow(Cluster):
    """A cluster in which a pod that is deleted never goes."""

    def delete(self, ref: Ref, *, grace_seconds: int) -> None:
        self.writes.append(f"delete {ref}")


def slow() -> Slow:
    cluster = made()
    return Slow(pod=cluster.pod)


def test_absent_waits_as_long_as_it_is_told_or_not_at_all() -> None:
    cluster = slow()
    assert run(cluster, name="samplepod", state="absent", wait=False)["changed"]
    with pytest.raises(TimedOut, match="pod default/samplepod is gone did not happen within 0 s"):
        run(cluster, name="samplepod", state="absent", wait_timeout=0)


def test_a_replacement_has_one_deadline_for_both_pods() -> None:
    with pytest.raises(TimedOut, match="pod default/samplepod is gone did not happen within 1 s"):
        run(slow(), **GUIDE | {"args": ["60"]}, replace=True, wait=False, wait_timeout=1)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidOptions) as failure:
        run(
            Cluster(),
            name="Sample",
            image="nginx",
            attachments=["my_nad", {"nme": "a"}, "a@data0", "b@data0", {"name": "c", "interface": "a/b"}, ""],
            annotations={"networking.gke.io/interfaces": "[]", NETWORKS: "a"},
            node_selector={"cloud.google.com/gke-nodepool": "a"},
            node_pools=["b", ""],
            ports=[{"container_port": 0, "host_port": 70000}],
        )
    assert [(problem.path, problem.message.split(":")[0][:40]) for problem in failure.value.problems] == [
        ("name", "is no name for a pod"),
        (f"annotations.{NETWORKS}", "is made of attachments; give one of the "),
        ("attachments[0]", '"my_nad" is not a name for Multus'),
        ("attachments[1]", "has nme, which is none of name, namespac"),
        ("attachments[4]", '"a/b" is not an interface name'),
        ("attachments[5]", "has no name of an attachment"),
        (f"annotations.{NETWORKS}", "several attachments ask for interface da"),
        ("annotations.networking.gke.io/interfaces", "cannot be combined with attachments"),
        ("node_pools", "has an empty name"),
        ("node_selector.cloud.google.com/gke-nodepool", "is said by node_pools, too"),
        ("ports[0].container_port", "must be between 1 and 65535"),
        ("ports[0].host_port", "must be between 1 and 65535"),
    ]


ELEMENT = {"name": "my-nad", "interface": "net1", "ips": ["172.16.1.77/24"], "default-route": ["172.16.1.1"]}
CAPABLE = {"default/my-nad": IPVLAN | {"capabilities": {"ips": True}}}


def test_the_json_form_is_written_and_adopted_in_every_spelling() -> None:
    cluster = Cluster(nads=CAPABLE)
    made_of = {"name": "samplepod", "image": "nginx"}
    run(cluster, **made_of, attachments=[ELEMENT])
    text = cluster.writes[0]["metadata"]["annotations"][NETWORKS]
    assert json.loads(text) == [{**ELEMENT, "namespace": "default"}]
    for spelling in (
        {"attachments": [{**ELEMENT, "namespace": "default"}]},
        {"annotations": {NETWORKS: text}},
        {"annotations": {NETWORKS: json.dumps([ELEMENT], indent=2), "note": "x"}},
    ):
        run(cluster, **made_of, **spelling)
    assert cluster.writes[1:] == [{"metadata": {"annotations": {"note": "x"}}}]
    with pytest.raises(Refused, match=r"attachments is \[.*172.16.1.77/24.*, not \[.*172.16.1.78/24"):
        run(cluster, **made_of, attachments=[ELEMENT | {"ips": ["172.16.1.78/24"]}])


def test_an_annotation_that_multus_refuses_is_refused() -> None:
    with pytest.raises(InvalidOptions, match=r"annotations.k8s.v1.cni.cncf.io/networks: .* is not a name for Multus"):
        run(Cluster(), name="samplepod", image="nginx", annotations={NETWORKS: "my_nad"})


def test_pools_are_the_same_by_selector_and_by_affinity() -> None:
    selected: dict[str, Any] = {"node_selector": {"cloud.google.com/gke-nodepool": "multinet"}}
    assert run(made(**selected), **GUIDE, node_pools=["multinet"])["changed"] is False
    cluster = made(node_pools=["b", "a"])
    assert run(cluster, **GUIDE, node_pools=["a", "b"])["changed"] is False
    assert run(cluster, **GUIDE, node_pools=["a", "b", "c"])["changed"] is False
    assert run(made(**selected), **GUIDE, node_pools=["multinet", "multinet-2"])["changed"] is False
    with pytest.raises(Refused, match=r"node_pools is \['a', 'b'\], not \['a'\]"):
        run(cluster, **GUIDE, node_pools=["a"])


def test_a_pod_that_names_no_pool_is_where_it_should_be_if_it_has_its_interfaces() -> None:
    assert run(made(), **GUIDE, node_pools=["a"])["changed"] is False
    waiting, without = made(), made()
    for cluster, key in ((waiting, "status"), (without, "metadata")):
        assert cluster.pod
        cluster.pod[key].pop("phase" if key == "status" else "annotations")
    for cluster in (waiting, without):
        with pytest.raises(Refused, match=r"node_pools is \[\], not \['a'\]"):
            run(cluster, name="samplepod", image="nginx", node_pools=["a"])


def test_ports_and_the_security_context_are_compared_by_what_was_given() -> None:
    options: dict[str, Any] = {"ports": [{"container_port": 80}], "security_context": {"runAsNonRoot": True}}
    cluster = made(**options)
    assert cluster.pod
    cluster.pod["spec"]["containers"][0]["securityContext"]["privileged"] = False
    assert run(cluster, **GUIDE, **options)["changed"] is False
    assert run(cluster, **GUIDE)["changed"] is False
    with pytest.raises(Refused, match=r"ports is .* security_context is"):
        run(cluster, **GUIDE, ports=[{"container_port": 81}], security_context={"privileged": True})


def test_a_pod_that_would_hang_is_not_made() -> None:
    cluster = Cluster(nads={})
    announced = run(cluster, check_mode=True, **GUIDE)
    assert announced["actions"] == ["create pod default/samplepod on default/my-nad"]
    assert announced["warnings"] == ["there is no NetworkAttachmentDefinition default/my-nad: make it first (nad)"]
    with pytest.raises(Refused, match="would not start, and was not made: there is no NetworkAttachmentDefinition"):
        run(cluster, **GUIDE)
    assert cluster.writes == []


def test_a_pod_is_not_deleted_for_one_that_would_hang() -> None:
    cluster = made()
    cluster.nads = {}
    with pytest.raises(Refused, match="would not start, and was not made"):
        run(cluster, **GUIDE, args=["60"], replace=True)
    assert (cluster.writes, cluster.pod is None) == ([], False)


ISOLATED: Object = {"namespaceIsolation": True}


@pytest.mark.parametrize(
    ("multus", "attachment", "refused"),
    [
        (ISOLATED, "netops/my-nad", "annotation refers to namespace netops, isolation allows [apps, default]"),
        (ISOLATED, "default/my-nad", None),
        (ISOLATED, "apps/my-nad", None),
        (ISOLATED | {"globalNamespaces": "netops"}, "netops/my-nad", None),
        (
            ISOLATED | {"globalNamespaces": "netops, x"},
            "default/my-nad",
            "annotation refers to namespace default, isolation allows [apps, netops, x]",
        ),
        ({"namespaceIsolation": False}, "netops/my-nad", None),
        ({}, "netops/my-nad", None),
        (None, "netops/my-nad", None),
    ],
)
def test_isolation_is_looked_at_before(multus: Object | None, attachment: str, refused: str | None) -> None:
    cluster = Cluster(nads={attachment: IPVLAN}, multus=multus)
    options: dict[str, Any] = {"name": "samplepod", "namespace": "apps", "image": "nginx", "wait": False}
    if refused:
        with pytest.raises(Refused, match=re.escape(refused)):
            run(cluster, **options, attachments=[attachment])
    else:
        assert run(cluster, **options, attachments=[attachment])["changed"]


def test_what_may_not_be_read_is_not_judged() -> None:
    cluster = Cluster(forbidden=(NAD, CONFIG_MAP))
    assert "warnings" not in run(cluster, **GUIDE | {"namespace": "apps", "attachments": ["netops/x"]}, wait=False)


def test_a_pod_that_is_there_is_all_that_is_read() -> None:
    cluster = made()
    cluster.asked.clear()
    run(cluster, **GUIDE)
    assert cluster.asked == [POD]


@pytest.mark.parametrize(
    ("nad", "asks", "says"),
    [
        (IPVLAN, {"ips": ["172.16.1.7/24"]}, "has no capability ips, so 172.16.1.7/24 is ignored"),
        (
            IPVLAN | {"capabilities": {"ips": True}},
            {"ips": ["172.16.1.7/24"]},
            "Whereabouts gives 172.16.1.7/24 beside an own address, and no pool holds it",
        ),
        (IPVLAN, {"mac": "02:00:00:00:00:01"}, "02:00:00:00:00:01 is ignored"),
        (
            IPVLAN,
            {"portMappings": [{"hostPort": 80, "containerPort": 80}]},
            "no plugin with the capability portMappings",
        ),
        ({"plugins": []}, {}, "plugins must not be empty"),
    ],
)
def test_what_a_pod_asks_for_and_does_not_get_is_said(nad: Object, asks: Object, says: str) -> None:
    cluster = Cluster(nads={"default/my-nad": nad})
    (warning,) = run(cluster, **GUIDE | {"attachments": [{"name": "my-nad", **asks}]})["warnings"]
    assert says in warning
