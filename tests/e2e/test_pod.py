# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that ask for attachments, on a real API server; nothing runs them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster import Cluster

pytestmark = pytest.mark.control_plane

NETWORKS = "k8s.v1.cni.cncf.io/networks"
POOL = "cloud.google.com/gke-nodepool"


@pytest.fixture
def mine(plane: Cluster) -> dict[str, Any]:
    """An attachment of the test's own, and the options of a pod on it."""
    plane.converge("nad", namespace=plane.namespace, name="mine", range="10.90.0.0/24")
    return {"name": "samplepod", "namespace": plane.namespace, "image": "nginx", "attachments": ["mine"], "wait": False}


def annotation(plane: Cluster) -> str:
    return str(plane.get("pod", "samplepod", "-n", plane.namespace)["metadata"]["annotations"][NETWORKS])


def test_the_short_form_is_made_and_kept(plane: Cluster, mine: dict[str, Any]) -> None:
    plane.converge("multinet_pod", **mine)
    assert annotation(plane) == f"{plane.namespace}/mine"
    plane.unchanged("multinet_pod", **{**mine, "attachments": [{"name": "mine", "namespace": plane.namespace}]})
    plane.unchanged("multinet_pod", **{**mine, "attachments": None}, annotations={NETWORKS: " mine "})


def test_the_json_form_is_adopted_as_others_wrote_it(plane: Cluster, mine: dict[str, Any]) -> None:
    element = {"name": "mine", "interface": "data0", "cni-args": {"a": "b"}, "default-route": ["10.90.0.1"]}
    metadata = {"name": "samplepod", "namespace": plane.namespace, "annotations": {NETWORKS: json.dumps([element])}}
    container = {"name": "any", "image": "nginx"}
    plane.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})
    plane.unchanged("multinet_pod", **{**mine, "attachments": [element]})
    message = plane.refused("multinet_pod", **{**mine, "attachments": [{**element, "interface": "data1"}]})
    assert "Only a new pod can change that: set replace to true" in message
    plane.converge("multinet_pod", **{**mine, "attachments": [{**element, "interface": "data1"}]}, replace=True)
    assert json.loads(annotation(plane))[0]["interface"] == "data1"


@pytest.mark.shows("D22")
def test_a_pod_asks_for_a_pool_that_carries_the_network(plane: Cluster, mine: dict[str, Any]) -> None:
    """Where it then runs is shown with real nodes (test_pod_interfaces.py); the nodes here take no pods."""
    plane.converge("multinet_pod", **mine, node_pools=["multinet", "other"])
    affinity = plane.get("pod", "samplepod", "-n", plane.namespace)["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": POOL, "operator": "In", "values": ["multinet", "other"]}]
    plane.unchanged("multinet_pod", **mine, node_pools=["other", "multinet"])


def test_ports_and_a_security_context_are_kept(plane: Cluster, mine: dict[str, Any]) -> None:
    restricted = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    plane.kubectl("label", "namespace", plane.namespace, "pod-security.kubernetes.io/enforce=restricted")
    assert "violates PodSecurity" in plane.module("multinet_pod", **mine)["msg"]
    ports = [{"container_port": 8080}, {"container_port": 53, "protocol": "UDP", "name": "dns"}]
    plane.converge("multinet_pod", **mine, ports=ports, security_context=restricted)


@pytest.mark.shows("D24")
def test_gkes_own_interfaces_are_refused_beside_attachments(plane: Cluster, mine: dict[str, Any]) -> None:
    own = {"networking.gke.io/interfaces": '[{"interfaceName":"eth1","network":"dp"}]'}
    message = plane.refused("multinet_pod", **mine, annotations=own)
    assert "GKE's own multi-networking and Multus exclude each other" in message


def hangs(plane: Cluster, options: dict[str, Any]) -> str:
    """Return why a pod is not made: what check mode warns of."""
    announced = plane.module("multinet_pod", check=True, **options)
    with plane.asked() as asked:
        refused = plane.module("multinet_pod", **options)
    assert asked.writes == []
    (warning,) = announced["warnings"]
    assert refused["msg"].endswith(f"would not start, and was not made: {warning}")
    return warning


def test_a_pod_without_its_attachment_is_not_made(plane: Cluster, mine: dict[str, Any]) -> None:
    options = {**mine, "attachments": ["mine", "missing"]}
    assert hangs(plane, options) == (
        f"there is no NetworkAttachmentDefinition {plane.namespace}/missing: make it first (nad)"
    )


@pytest.mark.shows("E12", "D3")
def test_a_pod_that_isolation_keeps_from_its_attachment_is_not_made(plane: Cluster, mine: dict[str, Any]) -> None:
    options = {**mine, "namespace": "default", "attachments": [f"{plane.namespace}/mine"]}
    assert hangs(plane, options).startswith(
        f"annotation refers to namespace {plane.namespace}, isolation allows [default]: "
    )
