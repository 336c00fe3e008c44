# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as checks see them, for their tests: the guide's attachment, pods on it, and what a test adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import Interface, Selection
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus import manifest
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_options import Wanted
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multusconf import MultusConfig
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod, Pods
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import Pool, judge
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import Installation
from ansible_collections.multinet.gke.plugins.module_utils.verify.request import Target
from ansible_collections.multinet.gke.plugins.module_utils.verify.result import Result
from ansible_collections.multinet.gke.plugins.module_utils.verify.snapshot import Attachment, Node, Snapshot
from ansible_collections.multinet.gke.plugins.modules.multus_install import SPEC

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CIDR = IPNetwork("172.16.1.0/24")
NAD = Attachment(Target("my-nad", "default"), master="eth1", ranges=(CIDR,))
ASKS = (Selection("my-nad", "default"),)
MAC = "42:01:0a:00:01:02"


def guide_manifest() -> list[dict[str, Any]]:
    """Return the documents that multus_install makes if nothing is asked of it: the guide's."""
    params = ArgumentSpecValidator(SPEC["argument_spec"]).validate({}).validated_parameters
    return manifest(Wanted.of(params).installation([]))


def pod(
    name: str, *ips: str, mac: str = MAC, node: str = "node-1", network: str = "default/my-nad", **more: Any
) -> Pod:
    """Return a running pod on the attachment, with these addresses."""
    interfaces = (Interface(network, "net1", ips, mac),)
    return Pod("default", name, node=node, **{"selections": ASKS, "interfaces": interfaces, **more})


def pool(
    entries: Mapping[str, str],
    cidr: str = "172.16.1.0/24",
    namespace: str = "kube-system",
    name: str = "172.16.1.0-24",
) -> Pool:
    """Return a pool whose allocations are podrefs by key."""
    return Pool.of(
        {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"range": cidr, "allocations": {key: {"id": "c", "podref": ref} for key, ref in entries.items()}},
        }
    )


def snapshot(
    *pods: Pod,
    pools: tuple[Pool, ...] = (),
    nodes: tuple[Node, ...] = (Node("node-1"), Node("node-2")),
    **more: Any,
) -> Snapshot:
    """Return a cluster with Multus as the guide configures it, and one attachment."""
    index = Pods.of(pods)
    return Snapshot(
        nodes={node.name: node for node in nodes},
        pods=index,
        pools=tuple((each, judge(each, index)) for each in pools),
        holders={(each.name, a.ip): frozenset({a.podref}) for each in pools for a in each.allocations},
        **{
            "installation": Installation(config=MultusConfig(namespace_isolation=True)),
            "attachments": (NAD,),
            "known_attachments": frozenset({"default/my-nad"}),
            "taken": NOW,
            **more,
        },
    )


def answers(results: Iterable[Result]) -> list[tuple[str, str, str]]:
    """Return status, subject and text of results."""
    return [(result.status, result.subject, result.msg) for result in results]


def found(results: Iterable[Result]) -> list[tuple[str, str, str]]:
    """Return the same of those that are not well, each of which has a remedy."""
    bad = [result for result in results if result.status != "pass"]
    assert all(result.remedy for result in bad if result.status in ("fail", "warn"))
    return answers(bad)
