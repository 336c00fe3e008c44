# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification from its options to its answer: what is read, which probes come, and that they always go."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from snapshots import guide_manifest

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    AccessError,
    ApiError,
    InvalidOptions,
    VerificationFailed,
)
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.exec import Completed
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import (
    CONFIG_MAP,
    CRD,
    DAEMON_SET,
    EVENT,
    IP_POOL,
    NAD,
    NODE,
    POD,
    Kind,
    Ref,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify import own_pods, packets, probe
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Request
from ansible_collections.multinet.gke.plugins.module_utils.verify.verification import verify
from ansible_collections.multinet.gke.plugins.modules.multinet_verify import SPEC
from talking import Context

Object = dict[str, Any]

NETWORKS, STATUS = "k8s.v1.cni.cncf.io/networks", "k8s.v1.cni.cncf.io/network-status"
RUN = "multinet.gke/run"
MULTUS = Ref(DAEMON_SET, "gke-multinet", "kube-system")
CONFIG = '{"type": "ipvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": "172.16.1.0/24"}}'


def pod(name: str, node: str, ip: str = "", **metadata: Any) -> Object:
    annotations = {NETWORKS: "default/my-nad"}
    if ip:
        entry = {"name": "default/my-nad", "interface": "net1", "ips": [ip], "mac": f"42:01:0a:00:01:0{node[-1]}"}
        annotations[STATUS] = json.dumps([entry])
    metadata = {"name": name, "namespace": "default", "annotations": annotations, **metadata}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": "Running"}}


class Cluster:
    """A cluster with the guide's pods, in which probes come up and get addresses."""

    exists = True
    connection = None

    def __init__(self) -> None:
        self.objects: dict[Ref, Object] = {Ref.of(document): document for document in guide_manifest()}
        self.daemonset = self.objects[MULTUS]
        self.daemonset["metadata"]["generation"] = 1
        numbers = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable")
        self.daemonset["status"] = {"observedGeneration": 1, **dict.fromkeys(numbers, 2)}
        self.nodes = [self.node("node-1"), self.node("node-2")]
        self.nads = [{"metadata": {"name": "my-nad", "namespace": "default"}, "spec": {"config": CONFIG}}]
        self.pods = [pod("a", "node-1", "172.16.1.1"), pod("b", "node-2", "172.16.1.2")]
        self.system = [self.multus("node-1"), self.multus("node-2")]
        self.events: list[Object] = []
        self.created: list[Object] = []
        self.deleted: list[str] = []
        self.come_up: Callable[[Object], None] = self.start
        self.refusal: ApiError | None = None
        self.forbidden: set[Kind] = set()  # at the cluster scope
        self.asked: list[str] = []

    @staticmethod
    def node(name: str, ready: str = "True") -> Object:
        labels = {"cloud.google.com/gke-nodepool": "multinet"}
        return {
            "metadata": {"name": name, "labels": labels},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }

    def multus(self, node: str) -> Object:
        spec = {**self.daemonset["spec"]["template"]["spec"], "nodeName": node}
        status = {"phase": "Running", "containerStatuses": [{"name": "whereabouts-gc", "state": {"running": {}}}]}
        metadata = {"name": f"gke-multinet-{node}", "namespace": "kube-system", "labels": {"app": "gke-multinet"}}
        return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": status}

    def start(self, obj: Object) -> None:
        obj["metadata"]["annotations"] |= pod("", obj["spec"]["nodeName"], f"172.16.1.{100 + len(self.created)}")[
            "metadata"
        ]["annotations"]
        obj["status"] = {"phase": "Running"}

    def get(self, ref: Ref) -> Object | None:
        self.asked.append(str(ref))
        self.refuse(ref.kind)
        return self.objects.get(ref)

    def log(self, ref: Ref, container: str, *, since_seconds: int, lines: int) -> str:
        self.asked.append(f"log of {ref}")
        return f"{datetime.now(UTC).isoformat()} [verbose] reconciler success\n"

    def refuse(self, kind: Kind) -> None:
        if kind in self.forbidden:
            raise ApiError(f"list {kind.plural}", 403, "Forbidden", f"cannot list {kind.plural} at the cluster scope")

    def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str | None = None, fields: str | None = None
    ) -> Iterator[Object]:
        if namespace is None:
            self.refuse(kind)
        self.asked.append(f"list {kind.plural}")
        addresses = {
            ip.rsplit(".", 1)[1]: {"id": "c", "podref": f"default/{each['metadata']['name']}"}
            for each in self.pods
            for entry in json.loads(each["metadata"]["annotations"].get(STATUS, "[]"))
            for ip in entry["ips"]
        }
        pool = {
            "metadata": {"name": "172.16.1.0-24", "namespace": "kube-system"},
            "spec": {"range": "172.16.1.0/24", "allocations": addresses},
        }
        key, _equals, value = (labels or "").partition("=")
        pods = [
            each
            for each in (*self.pods, *self.system)
            if not labels or each["metadata"].get("labels", {}).get(key, "") in ({value} - {""} or self.runs())
        ]
        pods = [each for each in pods if namespace in (None, each["metadata"]["namespace"])]
        found = {DAEMON_SET: [], NODE: self.nodes, NAD: self.nads, IP_POOL: [pool], POD: pods, EVENT: self.events}
        return iter(copy.deepcopy(found[kind]))

    def runs(self) -> set[str]:
        return {each["metadata"]["labels"][RUN] for each in self.pods if "labels" in each["metadata"]}

    def create(self, obj: Object) -> None:
        if self.refusal:
            raise self.refusal
        made = copy.deepcopy(obj)
        self.created.append(obj)
        self.come_up(made)
        self.pods.append(made)

    def delete(self, ref: Ref, *, grace_seconds: int) -> None:
        self.deleted.append(ref.name)
        self.pods = [each for each in self.pods if each["metadata"]["name"] != ref.name]


def everybody(source: str, target: str) -> bool:
    return True


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, str], bool]], list[list[str]]]:
    """Return a way to say who answers whom (by addresses); it returns the commands that the probes get."""

    def set_up(answers: Callable[[str, str], bool]) -> list[list[str]]:
        commands: list[list[str]] = []

        def run(connection: object, ref: Ref, command: Sequence[str], *, timeout: float) -> Completed:
            count, payload, *words = command[4:]
            assert (count, payload) == ("3", "0")
            (source,), (interface,), targets = set(words[::3]), set(words[1::3]), words[2::3]
            assert interface == "net1"
            commands.append([source, *targets])
            lines = [
                f"{target} PING {target} 3 packets transmitted, 3 packets received, 0% packet loss "
                "round-trip min/avg/max = 0.4/0.5/0.6 ms"
                if answers(source, target)
                else f"{target} PING {target} 3 packets transmitted, 0 packets received, 100% packet loss"
                for target in targets
            ]
            return Completed(0, "\n".join(lines) + "\n", "")

        monkeypatch.setattr(probe.remote, "run", run)
        return commands

    return set_up


def run(cluster: Any, *, context: Context | None = None, **options: Any) -> dict[str, Any]:
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    params = checked.validated_parameters
    return verify(cluster, Request.of(params), context or Context(), params["fail_on"])


SITE = [
    {"name": "my-nad", "namespace": "default", "master": "eth1", "range": "172.16.1.0/24", "node_pools": ["multinet"]}
]


def test_all_well(pings: Any) -> None:
    cluster, commands = Cluster(), pings(everybody)
    result = run(cluster, attachments=SITE)
    assert (result["changed"], result["ok"]) == (False, True)
    assert result["summary"] == "1 attachment, 2 pods, 6 of 6 paths answered, 0 findings"
    assert {entry["status"] for entry in result["results"]} == {"pass", "skip"}
    assert sorted(commands) == [
        ["172.16.1.101", "172.16.1.102", "172.16.1.1", "172.16.1.2"],
        ["172.16.1.102", "172.16.1.101", "172.16.1.1", "172.16.1.2"],
    ]
    assert [(pool["used"], "allocations" in pool) for pool in result["pools"]] == [(2, False)]
    assert [(each["name"], each["interfaces"][0]["ips"]) for each in result["pods"]] == [
        ("a", ["172.16.1.1"]),
        ("b", ["172.16.1.2"]),
    ]
    assert len(result["table"].splitlines()) == 7


def test_there_is_one_probe_on_each_node_and_none_is_left(pings: Any) -> None:
    cluster = Cluster()
    pings(everybody)
    run(cluster, attachments=SITE)
    assert [each["spec"]["nodeName"] for each in cluster.created] == ["node-1", "node-2"]
    assert sorted(cluster.deleted) == sorted(each["metadata"]["name"] for each in cluster.created)
    first = cluster.created[0]
    assert first["metadata"]["labels"] == {
        RUN: first["metadata"]["name"].removeprefix("multinet-probe-").removesuffix("-0")
    }
    assert len({each["metadata"]["labels"][RUN] for each in cluster.created}) == 1
    assert first["metadata"]["annotations"] == {NETWORKS: "default/my-nad"}
    assert first["spec"]["activeDeadlineSeconds"] == 120 + 24 + 60
    security = first["spec"]["containers"][0]["securityContext"]
    assert "NET_RAW" not in security["capabilities"]["drop"]
    assert (security["allowPrivilegeEscalation"], "add" in security["capabilities"]) == (False, False)


def same_node(source: str, target: str) -> bool:
    nodes = {"172.16.1.1": 1, "172.16.1.2": 2, "172.16.1.101": 1, "172.16.1.102": 2}
    return nodes[source] == nodes[target]


def test_a_missing_firewall_rule_fails_with_its_name_and_what_to_do(pings: Any) -> None:
    cluster = Cluster()
    pings(same_node)
    with pytest.raises(VerificationFailed) as failure:
        run(cluster, attachments=[{**SITE[0], "firewall_rule": "my-subnet-allow-multinet"}])
    text = str(failure.value)
    assert text.startswith("the verification failed: 1 attachment, 2 pods, 2 of 6 paths answered, 1 finding\n")
    assert "The usual cause is the VPC's firewall" in text
    assert (
        "what to do: let the ranges in: allow_multinet of gke_multinet_vpc makes the rule my-subnet-allow-multinet"
        in text
    )
    details = failure.value.details()
    assert details["ok"] is False
    assert sum(entry["ok"] for entry in details["matrix"]) == 2
    assert len(cluster.deleted) == 2


def test_with_fail_on_never_findings_are_warnings(pings: Any) -> None:
    pings(same_node)
    context = Context()
    assert run(Cluster(), context=context, attachments=SITE, fail_on="never")["ok"] is False
    assert ["none of 4 paths between nodes answers" in warning for warning in context.warnings] == [True]


def test_warnings_count_with_fail_on_warning(pings: Any) -> None:
    pings(everybody)
    cluster, context = Cluster(), Context()
    cluster.nodes.append(cluster.node("node-3", ready="Unknown"))
    assert run(cluster, context=context, attachments=SITE)["ok"] is True
    assert ["node node-3 is not Ready" in warning for warning in context.warnings] == [True]
    with pytest.raises(VerificationFailed, match="node node-3 is not Ready"):
        run(cluster, attachments=SITE, fail_on="warning")


def test_a_declared_pod_that_does_not_run_fails_with_its_reason(pings: Any) -> None:
    pings(everybody)
    cluster, context = Cluster(), Context()
    stuck_pod = pod("c", "node-1")
    stuck_pod["status"] = {"phase": "Pending"}
    cluster.pods.append(stuck_pod)
    cluster.events = [
        {"reason": "FailedCreatePodSandBox", "message": "no free address", "lastTimestamp": "2026-01-01T00:00:00Z"}
    ]
    assert run(cluster, context=context, attachments=SITE)["ok"] is True
    assert ["default/c: is Pending" in warning for warning in context.warnings] == [True]
    with pytest.raises(VerificationFailed) as failure:
        run(cluster, attachments=SITE, pods=[{"name": "a"}, {"name": "c"}, {"name": "d", "namespace": "apps"}])
    assert str(failure.value).splitlines()[1:] == [
        "- default/c: is Pending (FailedCreatePodSandBox: no free address) [pod]",
        "  what to do: kubectl -n default describe pod c",
        "- apps/d: there is no such pod [pod]",
        "  what to do: make it: multinet_pod",
    ]


def test_declared_pods_that_run_are_well(pings: Any) -> None:
    pings(everybody)
    result = run(Cluster(), attachments=SITE, pods=[{"name": "a"}, {"name": "b"}, {"name": "a"}])
    assert [entry["subject"] for entry in result["results"] if entry["check"] == "pod"] == ["default/a", "default/b"]
    assert result["ok"]


def test_pods_on_a_lost_node_are_not_asked_to_answer(pings: Any) -> None:
    cluster, commands = Cluster(), pings(everybody)
    cluster.nodes[1] = cluster.node("node-2", ready="Unknown")
    with pytest.raises(VerificationFailed, match=r"node-2 is not Ready, so nothing .*pods there: default/b"):
        run(cluster, attachments=SITE)
    assert commands == [["172.16.1.101", "172.16.1.1"]]


def test_a_pod_that_lost_its_interface_is_named(pings: Any) -> None:
    pings(lambda source, target: target != "172.16.1.2")
    with pytest.raises(VerificationFailed, match=r"- default/b: 172\.16\.1\.2 on node-2 does not answer anybody"):
        run(Cluster(), attachments=SITE)


@pytest.mark.parametrize("probing", [True, False])
def test_without_probes_only_the_api_is_read(probing: bool) -> None:
    cluster = Cluster()
    context = Context(check_mode=probing)
    result = run(cluster, context=context, attachments=SITE, probe=probing)
    assert (cluster.created, cluster.deleted, result["matrix"], result["ok"]) == ([], [], [], True)
    assert result["results"][-1]["status"] == "skip"
    assert result["table"] == "no packets were sent"


def test_by_default_all_attachments_that_pods_use_are_verified(pings: Any) -> None:
    cluster, commands = Cluster(), pings(everybody)
    cluster.nads += [
        {"metadata": {"name": "unused", "namespace": "default"}, "spec": {"config": CONFIG}},
        {"metadata": {"name": "other", "namespace": "default"}, "spec": {"config": '{"type": "macvlan"}'}},
    ]
    user = pod("c", "node-1")
    user["metadata"]["annotations"] = {NETWORKS: "other", STATUS: "[]"}
    cluster.pods.append(user)
    result = run(cluster)
    assert result["ok"]
    assert {entry["subject"] for entry in result["results"] if entry["check"] == "ping"} == {"default/my-nad"}
    assert len(commands) == 2


def test_there_is_nothing_to_look_at_in_a_cluster_still_to_be_made() -> None:
    result = run(Nowhere(), context=Context(check_mode=True), attachments=SITE)
    assert (result["changed"], result["ok"], result["results"]) == (False, True, [])
    assert result["summary"] == result["table"] == "nothing to look at yet: the cluster is still to be made"


def image_missing(obj: Object) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    obj["status"] = {"phase": "Failed", "containerStatuses": [{"state": {"waiting": waiting}}]}


def stuck(obj: Object) -> None:
    obj["status"] = {"phase": "Failed"}


def without_interface(obj: Object) -> None:
    obj["status"] = {"phase": "Running"}


@pytest.mark.parametrize(
    ("come_up", "says", "remedy"),
    [
        (image_missing, "did not come up: Failed; ImagePullBackOff: not found", "set probe_image"),
        (stuck, "did not come up: Failed; FailedCreatePodSandBox: no free address", "look at Multus' pod on node-1"),
        (without_interface, "started without default/my-nad: Multus is not active there", "restart its pod"),
    ],
)
def test_a_probe_that_does_not_come_up_is_a_finding_and_is_removed(
    come_up: Callable[[Object], None], says: str, remedy: str, pings: Any
) -> None:
    pings(everybody)
    cluster = Cluster()
    cluster.come_up = come_up
    if come_up is stuck:
        event = {
            "reason": "FailedCreatePodSandBox",
            "message": "no free address",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
        cluster.events = [event]
    with pytest.raises(VerificationFailed) as failure:
        run(cluster, attachments=SITE)
    assert f"the probe on node-1 {says}" in str(failure.value)
    assert remedy in str(failure.value)
    assert len(cluster.deleted) == 2


def test_a_probe_that_does_not_come_up_in_time_is_a_finding_and_is_removed(
    pings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings(everybody)
    cluster = Cluster()
    cluster.come_up = lambda obj: obj.update(status={"phase": "Pending"})
    with pytest.raises(VerificationFailed, match="the probe on node-1 did not come up: Pending"):
        run(cluster, attachments=SITE, wait_timeout=1)
    assert len(cluster.deleted) == 2


def test_a_probe_that_is_refused_is_a_finding(pings: Any) -> None:
    pings(everybody)
    cluster = Cluster()
    cluster.refusal = ApiError("create", 403, "Forbidden", "violates PodSecurity")
    with pytest.raises(
        VerificationFailed, match="no probe on node-1: create: HTTP 403 Forbidden: violates PodSecurity"
    ):
        run(cluster, attachments=SITE)


def test_probes_are_removed_when_the_cluster_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()

    def interrupt(*args: Any, **kwargs: Any) -> Completed:
        raise KeyboardInterrupt

    monkeypatch.setattr(probe.remote, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(cluster, attachments=SITE)
    assert len(cluster.deleted) == 2


def test_a_probe_that_cannot_be_asked_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Completed:
        raise AccessError("the web socket failed")

    monkeypatch.setattr(probe.remote, "run", fail)
    cluster = Cluster()
    with pytest.raises(
        VerificationFailed, match="the probe on node-2 could not be asked to send: the web socket failed"
    ):
        run(cluster, attachments=SITE)
    assert len(cluster.deleted) == 2


def test_a_probe_that_cannot_be_removed_is_a_warning(pings: Any) -> None:
    pings(everybody)
    cluster, context = Cluster(), Context()

    def fail(ref: Ref, *, grace_seconds: int) -> None:
        raise AccessError("gone")

    cluster.delete = fail  # type: ignore[method-assign]
    assert run(cluster, context=context, attachments=SITE)["ok"]
    assert ["could not be removed; it ends at its deadline" in warning for warning in context.warnings] == [True, True]


def test_probes_of_killed_runs_are_swept_and_those_of_others_left() -> None:
    cluster = Cluster()
    for name, made, phase in (
        ("old", "2026-01-01T00:00:00Z", "Running"),
        ("ended", "2026-01-01T11:59:00Z", "Failed"),
        ("running", "2026-01-01T11:59:00Z", "Running"),
    ):
        left = pod(name, "node-1", creationTimestamp=made, labels={RUN: "x"})
        left["spec"]["activeDeadlineSeconds"] = 600
        left["status"]["phase"] = phase
        cluster.pods.append(left)
    own_pods.sweep(cluster, datetime(2026, 1, 1, 12, tzinfo=UTC))  # type: ignore[arg-type]
    assert cluster.deleted == ["old", "ended"]


def test_what_ping_says_is_read() -> None:
    output = (
        "172.16.1.1 PING 172.16.1.1: 56 data bytes --- ping statistics --- 3 packets transmitted, 2 packets received, "
        "33% packet loss round-trip min/avg/max = 0.4/0.512/0.6 ms\n"
        "172.16.1.2 2 packets transmitted, 2 received, 0% packet loss rtt min/avg/max/mdev = 0.1/0.2/0.3/0 ms\n"
        "172.16.1.3 3 packets transmitted, 0 packets received, 100% packet loss\n"
        "172.16.1.4 ping: permission denied (are you root?)\n"
    )
    assert packets.parse_pings(output) == {
        "172.16.1.1": packets.Answer(33, 0.512, ""),
        "172.16.1.2": packets.Answer(0, 0.2, ""),
        "172.16.1.3": packets.Answer(100, None, ""),
        "172.16.1.4": packets.Answer(100, None, "ping: permission denied (are you root?)"),
    }


def test_many_targets_are_asked_in_several_commands(pings: Any) -> None:
    cluster, commands = Cluster(), pings(everybody)
    cluster.nodes.pop()
    cluster.pods = [pod(f"p{number}", "node-1", f"172.16.1.{number}") for number in range(1, 100)]
    cluster.pods += [pod(f"q{number}", "node-1", f"172.16.2.{number}") for number in range(1, 250)]
    with pytest.raises(VerificationFailed, match=r"IP 172\.16\.2\.1 not in NAD range 172\.16\.1\.0/24"):
        run(cluster, attachments=SITE, sample=1000)
    assert [len(command) - 1 for command in commands] == [200, 148]


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (
            {"attachments": ["my_nad", {"name": "a", "pools": []}, {"namespace": "b"}], "count": 0, "wait_timeout": 0},
            ["attachments[0]", "attachments[1]", "attachments[2]", "count", "wait_timeout"],
        ),
        ({"attachments": [{"name": "a", "range": "172.16.1.7/24"}]}, ["attachments[0].range"]),
    ],
)
def test_what_is_wrong_is_said_at_once(options: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(InvalidOptions) as failure:
        run(Cluster(), **options)
    assert [problem.path for problem in failure.value.problems] == problems


def test_attachments_are_named_in_short() -> None:
    params = ArgumentSpecValidator(SPEC["argument_spec"]).validate({"attachments": ["my-nad", "default/my-nad", "x/b"]})
    request = Request.of(params.validated_parameters)
    assert [target.ref for target in request.targets or ()] == ["default/my-nad", "x/b"]


def test_node_selectors_are_texts() -> None:
    params = ArgumentSpecValidator(SPEC["argument_spec"]).validate({"node_selector": {"on": True, "count": 7}})
    assert Request.of(params.validated_parameters).node_selector == {"on": "true", "count": "7"}


def statuses(result: dict[str, Any], check: str) -> set[str]:
    return {entry["status"] for entry in result["results"] if entry["check"] == check}


def test_each_list_is_read_once_but_the_pools_around_the_pods() -> None:
    cluster = Cluster()
    run(cluster, attachments=SITE, probe=False)
    lists = [each for each in cluster.asked if each.startswith("list ")]
    assert lists == [
        *("list nodes", "list network-attachment-definitions", "list ippools", "list pods", "list ippools"),
    ]


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        (NODE, {"node_ready", "node_has_master", "misplaced", "alias_block"}),
        (NAD, set()),  # those of the namespaces of attachments may be listed
        (CONFIG_MAP, {"isolation", "hostport"}),
        (DAEMON_SET, {"daemonset_ready", "image_pair", "crd_schema", "gc_recent"}),
        (CRD, {"crd_schema"}),
        (POD, {"orphans", "duplicates"}),
    ],
)
def test_what_may_not_be_read_leaves_out_what_needs_it(kind: Kind, left_out: set[str]) -> None:
    cluster = Cluster()
    cluster.forbidden = {kind}
    result = run(cluster, attachments=SITE, probe=False, fail_on="warning")
    refused = {entry["check"]: entry for entry in result["results"] if entry["data"].get("rights")}
    assert set(refused) == left_out
    assert all("HTTP 403 Forbidden" in entry["msg"] and entry["remedy"] for entry in refused.values())
    assert result["summary"].endswith("; not checked for want of rights: " + ", ".join(refused)) is bool(refused)
    assert statuses(result, "ip_in_range") == {"pass"}


def test_other_failures_of_the_api_are_failures() -> None:
    cluster = Cluster()

    def fail(kind: Kind) -> None:
        raise ApiError(f"list {kind.plural}", 500, "InternalError", "etcd")

    cluster.refuse = fail  # type: ignore[method-assign]
    with pytest.raises(ApiError, match="etcd"):
        run(cluster, attachments=SITE, probe=False)


def test_pods_are_chosen_by_labels_and_a_choice_of_none_is_a_finding() -> None:
    cluster = Cluster()
    cluster.pods[0]["metadata"]["labels"] = {"app": "db", RUN: ""}
    cluster.pods[1]["metadata"]["labels"] = {"app": "db"}
    named = run(cluster, attachments=SITE, probe=False, pods=[{"label_selector": "app=db"}])
    assert [entry["subject"] for entry in named["results"] if entry["check"] == "pod"] == ["default/b"]
    with pytest.raises(VerificationFailed, match=r"- apps \(all with attachments\): no pod is among these \[pod\]"):
        run(cluster, attachments=SITE, probe=False, pods=[{"namespace": "apps"}])


def test_it_looks_again_until_all_is_well() -> None:
    cluster, pauses = Cluster(), []
    cluster.daemonset["status"]["numberAvailable"] = 1

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            cluster.daemonset["status"]["numberAvailable"] = 2

    options = {"attachments": SITE, "probe": False, "wait": True, "retries": 5, "delay": 7}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options).validated_parameters
    assert verify(cluster, Request.of(checked), Context(), "error", sleep=sleep)["ok"]  # type: ignore[arg-type]
    assert pauses == [7, 7]


def test_it_gives_up_when_the_looks_are_used_up() -> None:
    cluster, pauses = Cluster(), []
    cluster.daemonset["status"]["numberAvailable"] = 1
    options = {"attachments": SITE, "probe": False, "wait": True, "retries": 2, "delay": 7}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options).validated_parameters
    with pytest.raises(VerificationFailed, match="its rollout is not complete"):
        verify(cluster, Request.of(checked), Context(), "error", sleep=pauses.append)  # type: ignore[arg-type]
    assert pauses == [7, 7]


def test_only_the_checks_that_were_named_are_made() -> None:
    result = run(Cluster(), attachments=SITE, checks=["ip_in_range", "pod"])
    assert {entry["check"] for entry in result["results"]} == {"ip_in_range"}
    assert result["matrix"] == []
