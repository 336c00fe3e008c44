# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into pods and at nodes: what is asked of them, how the answer is read, and what it means."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from snapshots import NOW, found, pod, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Interface
from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError
from ansible_collections.multinet.gke.plugins.module_utils.kube.exec import Completed
from ansible_collections.multinet.gke.plugins.module_utils.verify import inside as looking
from ansible_collections.multinet.gke.plugins.module_utils.verify import inspection
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.inside import inside, looks
from ansible_collections.multinet.gke.plugins.module_utils.verify.inside import Inside, Look, look_into
from ansible_collections.multinet.gke.plugins.module_utils.verify.inspection import (
    Assignment,
    Inspection,
    Nic,
    expiry,
    inspect,
    parse,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Detail

COUNTERS = "  906      11    0    0    0     0          0         0      866      11    0    0    0     0"
DEV = f"""Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:{COUNTERS}
  eth0:{COUNTERS}
{{}}"""
NET1 = f"  net1:{COUNTERS}\n"
TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 172.16.1.0/24 2 0 2
        |-- 172.16.1.0
           /24 link UNICAST
        |-- 172.16.1.2
           /32 host LOCAL
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.1
        /32 host LOCAL
"""
SIX = "20010db800000000000000000000000a 03 40 00 80     net1\n"


def test_what_cat_prints_is_read() -> None:
    text = DEV.format(NET1) + TRIE + SIX + "42:01:0a:00:01:02\n1460\n"
    seen = looking.parse(text, ("net1",))
    assert seen.interfaces == {"lo", "eth0", "net1"}
    assert seen.addresses == {"172.16.1.2", "127.0.0.1", "2001:db8::a"}
    assert (seen.macs, seen.mtus) == ({"net1": "42:01:0a:00:01:02"}, {"net1": 1460})


def test_of_several_interfaces_those_that_are_there_answer_in_order() -> None:
    seen = looking.parse(DEV.format(NET1) + "42:01:0a:00:01:02\n1400\n", ("net0", "net1"))
    assert (seen.macs, seen.mtus) == ({"net1": "42:01:0a:00:01:02"}, {"net1": 1400})


def test_a_pod_is_asked_once_for_all_its_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, list[str]]] = []

    def run(connection: object, ref: Any, command: Sequence[str], *, timeout: float, container: str) -> Completed:
        asked.append((f"{ref.namespace}/{ref.name}", container, list(command)))
        if ref.name == "refused":
            raise ApiError("run cat", 403, "Forbidden", "no")
        if ref.name == "bare":
            return Completed(127, "", "exec: cat: not found")
        return Completed(1, DEV.format(NET1) + TRIE, "cat: can't open '/proc/net/if_inet6'")

    monkeypatch.setattr(looking.remote, "run", run)
    kube: Any = type("Kube", (), {"connection": None})()
    names = ("a", "refused", "bare")
    answers = look_into(kube, [Look(f"default/{name}", "app", ("net1", "net2")) for name in names])
    assert len(asked) == 3
    assert {(container, command[0], command[-1]) for _pod, container, command in asked} == {
        ("app", "cat", "/sys/class/net/net2/mtu")
    }
    assert answers["default/a"].addresses == {"172.16.1.2", "127.0.0.1"}
    assert answers["default/refused"].problem == "run cat: HTTP 403 Forbidden: no"
    assert answers["default/bare"].problem == "exec: cat: not found"


FRESH = Detail(containers=("app",), sandbox_since=NOW, status_since=NOW - timedelta(seconds=2))
SURVIVOR = Detail(containers=("app",), sandbox_since=NOW, status_since=NOW - timedelta(hours=3))


def test_only_doubtful_pods_are_looked_into_unless_all_are_asked_for() -> None:
    seen = snapshot(
        pod("a", "172.16.1.1"),
        pod("b", "172.16.1.2"),
        pod("waits", interfaces=None, phase="Pending"),
        details={"default/a": FRESH, "default/b": SURVIVOR},
    )
    assert looks(seen, everywhere=False) == [Look("default/b", "app", ("net1",))]
    assert [look.pod for look in looks(seen, everywhere=True)] == ["default/b", "default/a"]


HAS_IT = Inside(interfaces=frozenset({"lo", "eth0", "net1"}), addresses=frozenset({"172.16.1.1"}))
LATER = (
    "its sandbox was made 3 h after its network-status was written, so it has probably lost its additional interfaces "
    "with its node"
)


@pytest.mark.parametrize(
    ("detail", "seen", "expected"),
    [
        (FRESH, None, []),
        (replace(FRESH, sandbox_since=NOW + timedelta(seconds=58)), None, []),
        (replace(SURVIVOR, status_since=None), None, []),
        (replace(SURVIVOR, sandbox_since=None), None, []),
        (replace(FRESH, pod_ips=("10.8.0.5",)), None, []),
        (
            replace(FRESH, pod_ips=("10.8.0.7",)),
            None,
            [
                (
                    "warn",
                    "its first address is 10.8.0.7, not 10.8.0.5 as its network-status says, so it has probably lost "
                    "its additional interfaces with its node",
                )
            ],
        ),
        (SURVIVOR, HAS_IT, []),
        (SURVIVOR, None, [("warn", LATER)]),
        (SURVIVOR, Inside(problem="HTTP 403"), [("warn", f"{LATER}; nobody could look into it: HTTP 403")]),
        (FRESH, Inside(problem="HTTP 403"), [("skip", "nobody could look into it: HTTP 403")]),
        (
            SURVIVOR,
            Inside(interfaces=frozenset({"lo", "eth0"})),
            [
                (
                    "fail",
                    "its network-status claims net1 with 172.16.1.1, but inside the pod has no net1 (it has: eth0)",
                )
            ],
        ),
        (
            FRESH,
            Inside(interfaces=frozenset({"lo", "eth0", "net1"})),
            [
                (
                    "fail",
                    "its network-status claims net1 with 172.16.1.1, but inside the pod has not that "
                    "address (it has: eth0, net1)",
                )
            ],
        ),
    ],
)
def test_inside(detail: Detail, seen: Inside | None, expected: list[tuple[str, str]]) -> None:
    default = Interface("gke-pod-network", "eth0", ("10.8.0.5",), default=True)
    user = pod("a", interfaces=(default, Interface("default/my-nad", "net1", ("172.16.1.1",))))
    insides = {"default/a": seen} if seen else {}
    taken = snapshot(user, details={"default/a": detail}, insides=insides)
    assert [(status, msg) for status, _subject, msg in found(inside(taken))] == expected


def test_when_an_annotation_was_written_and_a_sandbox_made_is_read() -> None:
    obj = {
        "metadata": {
            "managedFields": [
                {"time": "2026-01-01T09:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
                {
                    "time": "2026-01-01T10:00:00Z",
                    "fieldsV1": {"f:metadata": {"f:annotations": {"f:k8s.v1.cni.cncf.io/network-status": {}}}},
                },
            ]
        },
        "spec": {"containers": [{"name": "app"}]},
        "status": {
            "podIPs": [{"ip": "10.8.0.5"}],
            "containerStatuses": [{"name": "app", "state": {"running": {}}}, {"name": "side", "state": {}}],
            "conditions": [
                {
                    "type": "PodReadyToStartContainers",
                    "status": "True",
                    "lastTransitionTime": "2026-01-01T11:00:00Z",
                }
            ],
        },
    }
    detail = Detail.of(obj)
    assert (detail.containers, detail.pod_ips) == (("app",), ("10.8.0.5",))
    assert detail.sandbox_since == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert detail.status_since == datetime(2026, 1, 1, 10, tzinfo=UTC)


SIGNATURE = "c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3QtbGVhdmU"


def token(**claims: Any) -> str:
    parts = ({"alg": "RS256"}, claims)
    words = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*words, SIGNATURE])


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (token(exp=1767268800).split(".")[1], datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (token(sub="x").split(".")[1], None),
        ("%%%", None),
        ("", None),
    ],
)
def test_expiry(claims: str, expected: datetime | None) -> None:
    assert expiry(claims) == expected


@pytest.mark.parametrize(
    ("kubeconfig", "expires"),
    [
        ('{{"users": [{{"user": {{"token": "{}"}}}}]}}', True),
        ('users:\n- name: whereabouts\n  user:\n    token: "{}"\n', True),
        ("users:\n- name: whereabouts\n  user:\n    token: {}\n", True),
        ('users:\n- user:\n    token: "opaque.token.{0}"\n# {0}\n', False),
        ("users: []\n# {}\n", False),
    ],
)
def test_the_script_tells_what_is_on_a_node_and_no_secret(tmp_path: Path, kubeconfig: str, expires: bool) -> None:
    conf, programs = tmp_path / "conf", tmp_path / "bin"
    (conf / "whereabouts.d").mkdir(parents=True)
    programs.mkdir()
    (conf / "00-multus.conf").write_text('{"name": "multus-cni-network", "type": "multus"}')
    (conf / "10-gke-ptp.conflist").write_text('{"name": "gke-pod-network", "plugins": [{"type": "ptp"}]}')
    (conf / "00-old.conf.cilium_bak").write_text("{}")
    (conf / "whereabouts.d" / "whereabouts.kubeconfig").write_text(kubeconfig.format(token(exp=1767268800)))
    for name in ("ipvlan", "multus"):
        (programs / name).touch(0o755)
    (programs / "whereabouts").touch(0o644)
    said = tmp_path / "said"
    script = inspection.SCRIPT.replace("/host", str(tmp_path)).replace("/dev/termination-log", str(said))
    subprocess.run(["sh", "-c", script, "look", "gke-pod-network", "lo", "eth99"], check=True)
    text = said.read_text()
    assert SIGNATURE not in text
    seen = parse(text)
    assert seen.conf_files == ("00-multus.conf", "10-gke-ptp.conflist")
    assert (seen.multus_files, seen.network_files) == (("00-multus.conf",), ("10-gke-ptp.conflist",))
    assert "00-old.conf.cilium_bak" in seen.all_files
    assert (seen.binaries, seen.missing_binaries) == (("ipvlan", "multus"), ("whereabouts",))
    assert seen.interfaces["lo"].mtu == 65536
    assert "eth99" not in seen.interfaces
    assert seen.token_expires == (datetime(2026, 1, 1, 12, tzinfo=UTC) if expires else None)


WHAT = Assignment(
    nodes=("node-1", "node-2"),
    masters=("eth1",),
    cluster_network="gke-pod-network",
    bin_dir="/home/kubernetes/bin",
    namespace="kube-system",
    image="busybox",
    timeout=1,
)


@dataclass
class Nodes:
    """A cluster in which pods that look at nodes end, or do what a test wants."""

    message: str | None = "file 00-multus.conf\nmultus 00-multus.conf\nnic eth1 42:01:0a:00:01:02 1460\n"
    refused: str = ""  # the node on which they are
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def create(self, obj: dict[str, Any]) -> None:
        if obj["spec"]["nodeName"] == self.refused:
            raise ApiError("create", 403, "Forbidden", "violates PodSecurity")
        ended = {"containerStatuses": [{"state": {"terminated": {"message": self.message}}}], "phase": "Succeeded"}
        self.pods[obj["metadata"]["name"]] = {**obj, "status": ended if self.message else {"phase": "Pending"}}

    def list(self, kind: Any, namespace: str | None = None, **more: Any) -> Any:
        return iter(self.pods.values() if namespace and kind.kind == "Pod" else ())

    def delete(self, ref: Any, *, grace_seconds: int) -> None:
        self.deleted.append(ref.name)


def run(nodes: Nodes) -> dict[str, Inspection]:
    return inspect(nodes, WHAT, lambda text: None, lambda text: None)  # type: ignore[arg-type]


def test_each_node_is_looked_at_and_the_pods_are_removed() -> None:
    nodes = Nodes()
    seen = run(nodes)
    assert list(seen) == list(WHAT.nodes)
    assert all(each.interfaces == {"eth1": Nic("42:01:0a:00:01:02", 1460)} for each in seen.values())
    assert sorted(nodes.deleted) == sorted(nodes.pods)
    for obj in nodes.pods.values():
        spec = obj["spec"]
        assert (spec["hostNetwork"], spec["automountServiceAccountToken"]) == (True, False)
        (container,) = spec["containers"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert all(mount["readOnly"] for mount in container["volumeMounts"])
        assert [volume["hostPath"]["path"] for volume in spec["volumes"]] == ["/etc/cni/net.d", "/home/kubernetes/bin"]


def test_a_node_on_which_no_pod_is_allowed_says_why() -> None:
    nodes = Nodes(refused="node-1")
    seen = run(nodes)
    assert seen["node-1"].problem == "create: HTTP 403 Forbidden: violates PodSecurity"
    assert not seen["node-2"].problem


def test_a_pod_that_does_not_come_up_is_removed_and_tells_its_phase() -> None:
    nodes = Nodes(message=None)
    assert {each.problem for each in run(nodes).values()} == {"its pod is Pending"}
    assert len(nodes.deleted) == 2
