# SPDX-License-Identifier: Apache-2.0
"""A cluster's Node objects: made before a node boots, as GKE's cloud controller would, and removed after it."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from gkelab.engine import NodeSpec
from gkelab.machines.kubernetes import Api, ConflictError

NODES = "/api/v1/nodes"
ATTEMPTS = 10  # to change what others change at the same time
CAPACITY = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "100Gi"}  # of a node that is only an object


def register(api: Api, node: NodeSpec) -> str:
    """Create the Node object, or bring an old one into line; return the boot that it knows of, if any.

    The kubelet finds it there ("previously registered"), so its podCIDR is the one that the network delivers to it.
    """
    metadata: dict[str, Any] = {"name": node.name, "labels": dict(node.labels)}
    spec: dict[str, Any] = {
        "podCIDR": node.pod_cidr,
        "podCIDRs": [node.pod_cidr],
        "providerID": node.provider_id,
    }
    if node.taints:
        spec["taints"] = [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints]
    try:
        api.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})
    except ConflictError:
        known = api.merge(f"{NODES}/{node.name}", {"metadata": {"labels": dict(node.labels)}})
        boot: str = known.get("status", {}).get("nodeInfo", {}).get("bootID", "")
        return boot
    return ""


def is_ready(api: Api, name: str, not_boot: str) -> bool:
    """Tell whether a node is Ready, and not only as the boot before left it."""
    status = api.get(f"{NODES}/{name}")["status"]
    ready = any(entry["type"] == "Ready" and entry["status"] == "True" for entry in status.get("conditions", ()))
    return ready and bool(status["nodeInfo"]["bootID"]) and status["nodeInfo"]["bootID"] != not_boot


def relabel(api: Api, node: NodeSpec, labels: Collection[str], taints: Collection[tuple[str, str, str]]) -> None:
    """Give a Node its labels and taints, without these former ones; what others have given it, it keeps."""
    changed: dict[str, str | None] = {**dict.fromkeys(labels), **node.labels}
    ours = {(key, effect) for key, _, effect in (*taints, *node.taints)}
    for attempt in range(ATTEMPTS):
        known = api.get(f"{NODES}/{node.name}")
        kept = [item for item in known["spec"].get("taints", ()) if (item["key"], item["effect"]) not in ours]
        wanted = [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints]
        metadata = {"labels": changed, "resourceVersion": known["metadata"]["resourceVersion"]}
        try:
            api.merge(f"{NODES}/{node.name}", {"metadata": metadata, "spec": {"taints": kept + wanted}})
        except ConflictError:  # the kubelet and the controllers write to it, too
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def pretend_ready(api: Api, node: NodeSpec) -> None:
    """Say what a kubelet would say of a node that nobody boots."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    amounts = {**CAPACITY, "pods": str(node.max_pods)}
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "gkelab's engine control-plane has no kubelet: no Pod will run here",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    addresses = [
        {"type": "InternalIP", "address": node.nics[0].address},
        {"type": "Hostname", "address": node.name},
    ]
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready], "addresses": addresses}
    api.merge(f"{NODES}/{node.name}/status", {"status": status})


def remove(api: Api, name: str) -> None:
    """Delete the Node object, if it is there."""
    api.delete(f"{NODES}/{name}")
