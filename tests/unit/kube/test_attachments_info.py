# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about attachments that others made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils.cni.findings import Rules
from ansible_collections.multinet.gke.plugins.module_utils.kube.attachments_info import report
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import NAD, POD, Kind

Object = dict[str, Any]


@dataclass
class Cluster:
    nads: list[Object]
    pods: list[Object] = field(default_factory=list)
    asked: list[tuple[Kind, str | None, str | None]] = field(default_factory=list)

    def list(
        self, kind: Kind, namespace: str | None = None, *, fields: str | None = None, metadata_only: bool = False
    ) -> Iterator[Object]:
        self.asked.append((kind, namespace, fields))
        return iter(self.nads if kind is NAD else self.pods)


def nad(name: str, config: object = None, namespace: str = "default", **metadata: Any) -> Object:
    spec = {} if config is None else {"config": config if isinstance(config, str) else json.dumps(config)}
    return {"metadata": {"name": name, "namespace": namespace, **metadata}, "spec": spec}


def ipvlan(range_text: str, **ipam: Any) -> Object:
    return {"type": "ipvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": range_text, **ipam}}


def found(cluster: Any, **rules: Any) -> Any:
    return report(cluster, None, None, Rules(**rules))


def test_an_attachment_is_read() -> None:
    annotations = {"k8s.v1.cni.cncf.io/networks": "default/my-nad"}
    pod = {"metadata": {"name": "p", "namespace": "x", "annotations": annotations}, "spec": {}}
    cluster = Cluster([nad("my-nad", ipvlan("172.16.1.0/24", network_name="a"), labels={"team": "a"})], [pod])
    (row,) = found(cluster)["nads"]
    assert (row["type"], row["master"], row["annotation"]) == ("ipvlan", "eth1", "default/my-nad")
    assert (row["users"], row["labels"], row["annotations"]) == (["x/p"], {"team": "a"}, {})
    assert ([pool["name"] for pool in row["pools"]], row["reservation_prefix"]) == (["a-172.16.1.0-24"], "a-")
    assert (row["problems"], row["warnings"]) == ([], [])
    assert cluster.asked[1] == (POD, None, "status.phase!=Succeeded,status.phase!=Failed")


def test_what_is_wrong_is_said_as_nad_would_say_it() -> None:
    cluster = Cluster(
        [
            nad("guide", '{"ipam": {"range": SECONDARY_RANGE_NAME}}'),
            nad("a.b", ipvlan("172.16.1.0", rangeStart="x")),
            nad("disk"),
            nad("slices", ipvlan("172.16.1.0/24", node_slice_size="/28")),
        ]
    )
    guide, dotted, disk, slices = found(cluster)["nads"]
    assert guide["config"] is None
    assert guide["problems"][0].startswith("config: config is not a JSON object: Expecting value")
    assert dotted["problems"] == [
        'name: name "a.b" cannot be used in the comma form of k8s.v1.cni.cncf.io/networks',
        'config.ipam.rangeStart: unknown ipam key "rangeStart" (did you mean "range_start"?)',
        'config.ipam.range: range "172.16.1.0" has no prefix length',
    ]
    assert dotted["pools"] == []
    assert (disk["problems"], disk["config"], disk["type"]) == ([], None, "")
    assert disk["warnings"] == ["config: is empty, so Multus looks on the node for a configuration of this name"]
    assert slices["problems"] == ["config.ipam.node_slice_size: node_slice_size needs whereabouts >= 0.8.0"]
    lenient = found(cluster, strict=False, whereabouts_version="0.9.4")["nads"]
    assert [len(row["problems"]) for row in lenient] == [1, 2, 0, 0]


def test_overlaps_are_named_once() -> None:
    cluster = Cluster([nad("a", ipvlan("172.16.1.0/24")), nad("b", ipvlan("172.16.1.0/25")), nad("c", "{")])
    assert found(cluster)["overlaps"] == [
        {
            "attachments": ["default/a", "default/b"],
            "ranges": ["172.16.1.0/24", "172.16.1.0/25"],
            "reason": "they are two pools, kept apart by reservations only",
        }
    ]


def test_one_is_asked_for_by_name_and_pods_only_if_there_is_one() -> None:
    cluster: Any = Cluster([])
    assert report(cluster, "my-nad", "default", Rules()) == {"changed": False, "nads": [], "overlaps": []}
    assert cluster.asked == [(NAD, "default", "metadata.name=my-nad")]
