# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which probes are started where, what they are allowed to do, and whom they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import snapshots
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Selection
from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError
from ansible_collections.multinet.gke.plugins.module_utils.kube.exec import Completed
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import Ref
from ansible_collections.multinet.gke.plugins.module_utils.verify import probe
from ansible_collections.multinet.gke.plugins.module_utils.verify.matrix import Path
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Request, Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Attachment, Node, Snapshot
from ansible_collections.multinet.gke.plugins.modules.multinet_verify import SPEC
from talking import Context

Object = dict[str, Any]
POOL = {"cloud.google.com/gke-nodepool": "multinet"}
NODES = (Node("node-1", labels=POOL), Node("node-2", labels=POOL))
NAD = replace(snapshots.NAD, target=Target("my-nad", "default", node_pools=("multinet",)))


class Cluster:
    """An API server on whose nodes probes run at once, with addresses from .100 on."""

    exists, connection = True, None

    def __init__(self) -> None:
        self.running: dict[str, Object] = {}
        self.made: list[Object] = []
        self.refuse: Callable[[Object], None] = lambda obj: None

    def create(self, obj: Object) -> None:
        self.refuse(obj)
        self.made.append(obj)
        attachment = obj["metadata"]["annotations"]["k8s.v1.cni.cncf.io/networks"]
        entry = f'[{{"name": "{attachment}", "interface": "net1", "ips": ["172.16.1.{99 + len(self.made)}"]}}]'
        annotations = {**obj["metadata"]["annotations"], "k8s.v1.cni.cncf.io/network-status": entry}
        metadata = {**obj["metadata"], "annotations": annotations, "creationTimestamp": "2026-01-01T00:00:00Z"}
        self.running[obj["metadata"]["name"]] = {**obj, "metadata": metadata, "status": {"phase": "Running"}}

    def list(self, kind: object, namespace: str | None = None, *, labels: str = "") -> Iterator[Object]:
        return iter(list(self.running.values()) if "=" in labels else [])

    def delete(self, ref: Ref, *, grace_seconds: int) -> None:
        self.running.pop(ref.name, None)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the probes are told to do; everybody answers."""
    told: list[list[str]] = []

    def run(connection: object, ref: Ref, command: Sequence[str], *, timeout: float) -> Completed:
        told.append(list(command))
        if "nc -w" in command[2]:
            return Completed(0, "".join(f"{target} 3 0\n" for target in command[5::2]), "")
        lines = (f"{target} 3 packets, 0% packet loss = 0.1/0.2/0.3/\n" for target in command[8::3])
        return Completed(0, "".join(lines), "")

    monkeypatch.setattr(probe.remote, "run", run)
    return told


def measure(cluster: Cluster, seen: Snapshot, **options: Any) -> tuple[list[Result], list[Path]]:
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    context = Context()
    found = probe.measure(cluster, Request.of(checked.validated_parameters), seen, context)  # type: ignore[arg-type]
    assert (cluster.running, context.warnings) == ({}, [])
    return found


def site(*pods: Any, attachments: tuple[Attachment, ...] = (NAD,)) -> Snapshot:
    return snapshots.snapshot(*pods, nodes=NODES, attachments=attachments)


def kinds(paths: Sequence[Path]) -> list[str]:
    return sorted(path.kind for path in paths)


def security(obj: Object) -> tuple[Any, ...]:
    context = obj["spec"]["containers"][0]["securityContext"]
    return context["runAsUser"], context.get("runAsNonRoot"), "ALL" in context["capabilities"]["drop"]


PODS = (snapshots.pod("a", "172.16.1.1"), snapshots.pod("b", "172.16.1.2", node="node-2"))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("all", ["cross_node"] * 4 + ["same_node"] * 2),
        ("cross_node", ["cross_node"] * 4),
        ("same_node", ["same_node"] * 2),
    ],
)
def test_the_paths_that_are_asked_for(mode: str, expected: list[str], commands: list[list[str]]) -> None:
    _results, paths = measure(Cluster(), site(*PODS), connectivity=mode)
    assert kinds(paths) == expected
    assert len(commands) == 2  # one for each probe, however many targets


def test_where_there_is_no_other_pod_two_probes_make_a_path_within_the_node(commands: list[list[str]]) -> None:
    cluster = Cluster()
    _results, paths = measure(cluster, site(PODS[0]), connectivity="same_node")
    assert [obj["spec"]["nodeName"] for obj in cluster.made] == ["node-1", "node-2", "node-2"]
    assert kinds(paths) == ["same_node"] * 3


def test_pings_cost_root_and_nothing_else_and_tcp_not_even_that(commands: list[list[str]]) -> None:
    cluster = Cluster()
    measure(cluster, site())
    measure(cluster, site(), protocol="tcp")
    assert [security(obj) for obj in cluster.made] == [(0, None, False)] * 2 + [(65534, True, True)] * 2
    assert "nc -ll -p 45876" in cluster.made[2]["spec"]["containers"][0]["command"][2]


@pytest.mark.parametrize(("port", "sysctls"), [(80, ["net.ipv4.ip_unprivileged_port_start"]), (8080, [])])
def test_a_low_port_is_opened_to_nobody(port: int, sysctls: list[str], commands: list[list[str]]) -> None:
    cluster = Cluster()
    measure(cluster, site(), protocol="tcp", port=port)
    assert [each["name"] for each in cluster.made[0]["spec"]["securityContext"].get("sysctls", ())] == sysctls
    assert {command[6] for command in commands} == {str(port)}


def restricted(obj: Object) -> None:
    if security(obj)[1] is not True:
        raise ApiError("create", 403, "Forbidden", 'violates PodSecurity "restricted:latest"')


def test_where_pods_that_ping_are_refused_tcp_takes_their_place(commands: list[list[str]]) -> None:
    cluster = Cluster()
    cluster.refuse = restricted
    results, paths = measure(cluster, site(*PODS))
    assert len(paths) == 6
    assert all(path.ok for path in paths)
    (told,) = (result for result in results if result.status == "skip")
    assert told.msg.startswith("TCP connections took the place of pings, as pods that can ping are refused: create")
    assert [result.status for result in results] == ["skip", "pass"]


def test_pings_that_were_asked_for_are_not_replaced(commands: list[list[str]]) -> None:
    cluster = Cluster()
    cluster.refuse = restricted
    results, paths = measure(cluster, site(*PODS), protocol="icmp")
    assert (paths, [result.status for result in results]) == ([], ["fail", "fail"])


def test_without_the_right_to_create_pods_that_is_said_once(commands: list[list[str]]) -> None:
    def refuse(obj: Object) -> None:
        raise ApiError("create", 403, "Forbidden", 'User "x" cannot create resource "pods" in API group ""')

    cluster = Cluster()
    cluster.refuse = refuse
    (result,), paths = measure(cluster, site(*PODS))
    assert (paths, result.status, result.data) == ([], "warn", {"rights": ["create pods"]})
    assert "no packets were sent, as there is no right to create pods" in result.msg


def test_without_the_right_to_exec_that_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Completed:
        raise ApiError("run sh", 403, "Forbidden", 'cannot create resource "pods/exec"')

    monkeypatch.setattr(probe.remote, "run", refuse)
    results, paths = measure(Cluster(), site(*PODS))
    assert paths == []
    assert [(result.check, result.status) for result in results] == [("probe", "pass"), ("ping", "warn")]
    assert results[1].data == {"rights": ["create pods/exec"]}


def test_many_pods_are_drawn_and_the_seed_repeats_the_draw(commands: list[list[str]]) -> None:
    seen = site(*(snapshots.pod(f"p{number}", f"172.16.1.{number}") for number in range(1, 60)))
    draws = []
    for seed in (7, 7, 8):
        results, paths = measure(Cluster(), seen, sample=10, seed=seed)
        drawn = {path.target.pod for path in paths if not path.target.is_probe}
        assert len(drawn) == 10
        draws.append(drawn)
        (told,) = (result for result in results if result.check == "sample")
        assert told.msg == f"10 of 59 addresses of pods were asked, drawn with seed {seed}"
    assert draws[0] == draws[1] != draws[2]


def test_without_a_seed_the_one_that_was_taken_is_told(commands: list[list[str]]) -> None:
    results, _paths = measure(Cluster(), site(*PODS), sample=1)
    (told,) = (result for result in results if result.check == "sample")
    again, paths = measure(Cluster(), site(*PODS), sample=1, seed=told.data["seed"])
    assert told in again
    assert len({path.target.pod for path in paths if not path.target.is_probe}) == 1


def test_attachments_that_share_a_range_are_one_network(commands: list[list[str]]) -> None:
    """Each node has an attachment of its own, with its block of the range."""
    nads = tuple(replace(snapshots.NAD, target=Target(name, "default")) for name in ("on-1", "on-2"))
    pods = [
        snapshots.pod("a", "172.16.1.1", network="default/on-1", selections=(Selection("on-1", "default"),)),
        snapshots.pod(
            "b", "172.16.1.17", node="node-2", network="default/on-2", selections=(Selection("on-2", "default"),)
        ),
    ]
    results, paths = measure(Cluster(), site(*pods, attachments=nads))
    assert kinds(paths) == ["cross_node"] * 4 + ["same_node"] * 2
    assert {path.attachment for path in paths} == {"default/on-1", "default/on-2"}
    assert not [result for result in results if "only one node" in result.msg]
    other = (nads[0], replace(nads[1], master="eth2"))
    results, paths = measure(Cluster(), site(*pods, attachments=other))
    assert kinds(paths) == ["same_node"] * 2
    assert len([result for result in results if "only one node" in result.msg]) == 2
