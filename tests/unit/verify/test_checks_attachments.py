# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of attachments and annotations: each with what passes and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from snapshots import CIDR, answers, found, pod, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Selection
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multusconf import MultusConfig
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.attachments import (
    annotation_valid,
    gke_native_conflict,
    isolation,
    nad_valid,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import Container, Installation
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Detail, read_attachment


def nad(config: str) -> dict[str, Any]:
    return {"metadata": {"name": "my-nad", "namespace": "default"}, "spec": {"config": config}}


def ipvlan(ipam: str, more: str = "") -> dict[str, Any]:
    return nad(f'{{"cniVersion": "0.3.1", "plugins": [{{"type": "ipvlan", "master": "eth1"{more}, "ipam": {ipam}}}]}}')


GUIDE = ipvlan('{"type": "whereabouts", "range": "172.16.1.0/24", "network_name": "data"}', ', "mode": "l2"')
HERE = Target("my-nad", "default")


def test_an_attachment_is_read() -> None:
    there = read_attachment(HERE, GUIDE)
    assert (there.problem, there.type, there.master, there.ranges) == ("", "ipvlan", "eth1", (CIDR,))
    assert there.pool_names == ("data-172.16.1.0-24",)


@pytest.mark.parametrize(
    ("target", "obj", "status", "says"),
    [
        (HERE, GUIDE, "pass", "ipvlan on eth1, 172.16.1.0/24"),
        (Target("my-nad", "default", "eth1", CIDR), GUIDE, "pass", "ipvlan on eth1"),
        (HERE, ipvlan('{"type": "static", "addresses": []}'), "pass", "ipvlan on eth1, addresses by static"),
        (HERE, None, "fail", "there is no such NetworkAttachmentDefinition"),
        (HERE, nad("{"), "fail", "its configuration cannot be used: config is not a JSON"),
        (HERE, nad('{"type": "macvlan"}'), "fail", "it is of type macvlan; only ipvlan"),
        (Target("my-nad", "default", "eth2"), GUIDE, "fail", "its master is eth1, not eth2"),
        (Target("my-nad", "default", "", IPNetwork("10.9.0.0/24")), GUIDE, "fail", "its range is 172.16.1.0/24,"),
        (HERE, nad('{"type": "ipvlan", "master": "eth1"}'), "fail", "it has no range"),
        (
            HERE,
            ipvlan('{"type": "whereabouts", "range": "172.16.1.0/24", "rangeStart": "172.16.1.9"}'),
            "fail",
            "config.plugins[0].ipam.rangeStart: '172.16.1.9': unknown ipam key \"rangeStart\"",
        ),
        (
            HERE,
            ipvlan('{"type": "whereabouts", "range": "172.16.1.0/24", "gateway": "10.0.0.1"}'),
            "fail",
            "config.plugins[0].ipam.gateway: '10.0.0.1': gateway \"10.0.0.1\" is outside every range",
        ),
        (
            HERE,
            ipvlan('{"type": "whereabouts", "range": "172.16.1.0/24"}', ', "mode": "bridge"'),
            "fail",
            "config.plugins[0].mode: 'bridge': value of mode must be one of: l2, l3, l3s",
        ),
        (
            HERE,
            ipvlan('{"type": "whereabouts", "range": "172.16.1.77/24"}'),
            "warn",
            'config.plugins[0].ipam.range "172.16.1.77/24": host',
        ),
    ],
)
def test_nad_valid(target: Target, obj: dict[str, Any] | None, status: str, says: str) -> None:
    (result,) = nad_valid(snapshot(), read_attachment(target, obj))
    assert result.status == status
    assert result.msg.startswith(says)
    assert bool(result.remedy) is (status != "pass")


@pytest.mark.parametrize(("version", "status"), [("v0.7.0", "fail"), ("v0.9.4", "pass")])
def test_node_slices_are_judged_for_the_whereabouts_that_is_installed(version: str, status: str) -> None:
    images = (Container("", "", "install-whereabouts", f"whereabouts:{version}"),)
    obj = ipvlan('{"type": "whereabouts", "range": "172.16.1.0/24", "node_slice_size": "/28"}')
    (result,) = nad_valid(snapshot(installation=Installation(template=images)), read_attachment(HERE, obj))
    assert result.status == status


BAD = Pod("default", "a", selections_error='"my_nad" is not a name')


def test_an_annotation_that_multus_refuses() -> None:
    assert answers(annotation_valid(snapshot(pod("b"), BAD))) == [
        ("fail", "default/a", 'its annotation k8s.v1.cni.cncf.io/networks cannot be used: "my_nad" is not a name')
    ]
    assert found(annotation_valid(snapshot(BAD, namespaces=("other",)))) == []


def test_an_annotation_of_a_declared_pod_that_multus_refuses_counts_in_any_namespace() -> None:
    assert len(found(annotation_valid(snapshot(BAD, namespaces=("other",), declared=("default/a",))))) == 1


@pytest.mark.parametrize(("phase", "status"), [("Pending", "fail"), ("Running", "warn")])
def test_an_attachment_that_is_not_there(phase: str, status: str) -> None:
    lost = Pod("default", "a", phase=phase, selections=(Selection("nope", "default"),))
    assert found(annotation_valid(snapshot(lost))) == [
        (status, "default/a", "asks for default/nope, and there is no such NetworkAttachmentDefinition")
    ]
    hidden = snapshot(lost, unreadable={"network-attachment-definitions": "forbidden"})
    assert found(annotation_valid(hidden)) == []


@pytest.mark.parametrize(
    ("config", "phase", "expected"),
    [
        (
            MultusConfig(namespace_isolation=True),
            "Pending",
            [("fail", "apps/a", "annotation refers to namespace team, isolation allows [apps, default]")],
        ),
        (
            MultusConfig(namespace_isolation=True, global_namespaces=("shared",)),
            "Running",
            [("warn", "apps/a", "annotation refers to namespace team, isolation allows [apps, shared]")],
        ),
        (MultusConfig(namespace_isolation=True, global_namespaces=("default", "team")), "Pending", []),
        (MultusConfig(namespace_isolation=False), "Pending", []),
    ],
)
def test_isolation_is_that_of_the_installed_configuration(
    config: MultusConfig, phase: str, expected: list[tuple[str, str, str]]
) -> None:
    asks = Pod("apps", "a", phase=phase, selections=(Selection("my-nad", "team"),))
    assert found(isolation(snapshot(asks, installation=Installation(config=config)))) == expected


def test_isolation_is_not_assumed() -> None:
    assert [result.status for result in isolation(snapshot(installation=Installation()))] == ["skip"]


def test_gke_native_conflict() -> None:
    both, one = pod("a", "172.16.1.1"), pod("b", "172.16.1.2")
    seen = snapshot(both, one, details={"default/a": Detail(asks_gke=True)})
    assert found(gke_native_conflict(seen)) == [
        ("fail", "default/a", "has networking.gke.io/interfaces together with Multus' annotation")
    ]
