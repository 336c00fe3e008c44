# SPDX-License-Identifier: Apache-2.0
"""Clusters, node pools and operations as the Container API answers them."""

from __future__ import annotations

import time
from ipaddress import IPv4Network

from google.cloud import container_v1, container_v1beta1

from gkelab.cloud import protojson
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container import names
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.errors import Json
from gkelab.cloud.identity import container_time
from gkelab.cloud.operations import RPC_CODES
from gkelab.cloud.references import SubnetworkRef
from gkelab.cloud.state import Cluster, NodePool, Operation
from gkelab.cloud.usage import blocks_in

_MESSAGES = {"v1": container_v1, "v1beta1": container_v1beta1}
_NAMES = {number: name for name, number in RPC_CODES.items()}
_HEALTH_CHECKS = 2  # of which a finished creation has recorded one


def message(call: Call, name: str) -> protojson.ProtoPlus:
    """Return the message class ``name`` of the version that was called."""
    found: protojson.ProtoPlus = getattr(_MESSAGES[call.version], name)
    return found


def answer(call: Call, name: str, body: Json) -> Json:
    """Return ``body`` as the version that was called knows it, with enums in the form that was asked for."""
    wants_integers = "enum-encoding=int" in call.query.get("$alt", "")
    return protojson.render(body, message(call, name), enums_as_integers=wants_integers)


def cluster_json(cloud: Cloud, ref: ClusterRef, cluster: Cluster, version: str) -> Json:
    """Return a cluster's body with all that follows from its pools."""
    pools = [pool_json(ref, cluster, pool, version) for pool in cluster.pools.values()]
    body = cluster.body | {"selfLink": f"{names.HOST}/{version}/{ref.path}"}
    nodes = sum(len(pool.nodes) for pool in cluster.pools.values())
    settled = time.time() >= cluster.settled
    body["currentNodeCount"] = nodes if pools or settled else cluster.former_node_count
    body["currentNodeVersion"] = pools[0]["version"] if pools else cluster.body["currentMasterVersion"]
    if not pools:
        return body
    utilization = _utilization(cloud, cluster) if settled else 0.0
    for pool in pools:
        if pool["status"] == "RUNNING" and utilization:
            pool["networkConfig"] = pool["networkConfig"] | {"podIpv4RangeUtilization": utilization}
    if utilization:
        body["ipAllocationPolicy"] = body["ipAllocationPolicy"] | {"defaultPodIpv4RangeUtilization": utilization}
    urls = [url for pool in pools for url in pool["instanceGroupUrls"]]
    return body | {"nodePools": pools, "nodeConfig": pools[0]["config"], "instanceGroupUrls": urls}


def pool_json(ref: ClusterRef, cluster: Cluster, pool: NodePool, version: str) -> Json:
    """Return a node pool's body with its links."""
    urls = [
        names.instance_group_url(ref.project, zone, pool.groups[zone])
        for zone in pool.body["locations"]
        if zone in pool.groups
    ]
    link = f"{names.HOST}/{version}/{ref.path}/nodePools/{pool.body['name']}"
    return pool.body | {"selfLink": link, "instanceGroupUrls": urls}


def operation_json(cloud: Cloud, operation: Operation, version: str) -> Json:
    """Return an operation; its links carry the project's number, as recorded."""
    number = cloud.project(operation.project).number
    base = f"{names.HOST}/{version}/projects/{number}/"
    place = f"{names.collection(operation.scope)}/{operation.scope}"
    body: Json = {
        "name": operation.name,
        "zone": operation.scope,
        "operationType": operation.kind,
        "status": operation.status,
        "selfLink": f"{base}{place}/operations/{operation.name}",
        "targetLink": f"{base}{operation.target.partition('/')[2].partition('/')[2]}",
        "startTime": container_time(operation.started),
    }
    if operation.ended is not None:
        body["endTime"] = container_time(operation.ended)
    metrics = _metrics(operation)
    if metrics:
        body["progress"] = {"metrics": [{"name": name, "intValue": str(value)} for name, value in metrics]}
    if operation.error is not None:
        body |= _failure(operation)
    return body


def conditions(text: str, code: int, condition: str = "UNKNOWN") -> list[Json]:
    """Return the conditions of what an operation could not do."""
    return [{"code": condition, "canonicalCode": _NAMES[code], "message": text}]


def mark_failed(body: Json, text: str, code: int, condition: str = "UNKNOWN") -> None:
    """Say in a cluster or a pool what went wrong."""
    body |= {"status": "ERROR", "statusMessage": text, "conditions": conditions(text, code, condition)}


def mark_running(body: Json) -> None:
    """Say in a cluster or a pool that all is well, and nothing of what once went wrong."""
    body["status"] = "RUNNING"
    for key in ("statusMessage", "conditions"):
        body.pop(key, None)


def _failure(operation: Operation) -> Json:
    error = operation.error or {}
    code, text = int(error["code"]), error["message"]
    field = "nodepoolConditions" if "NODE" in operation.kind else "clusterConditions"
    return {
        "error": {"code": code, "message": text},
        "statusMessage": text,
        "detail": text,
        field: conditions(text, code, error.get("condition", "UNKNOWN")),
    }


def _metrics(operation: Operation) -> list[tuple[str, int]]:
    """Return an operation's progress: what was recorded of finished ones, in proportion to the time while running."""
    if operation.kind == "CREATE_CLUSTER":
        return _creation_metrics(operation)
    if operation.nodes_total is None:
        return []
    metrics = [("NODES_TOTAL", operation.nodes_total)]
    if operation.status != "DONE":
        # Invented: no public recording shows the metrics of a pool's operation that is still running.
        metrics.append(("NODES_COMPLETE", int(operation.nodes_total * _fraction(operation))))
    elif operation.kind not in ("UPGRADE_NODES", "UPDATE_CLUSTER"):
        return []
    return metrics


def _creation_metrics(operation: Operation) -> list[tuple[str, int]]:
    totals = {
        "CLUSTER_CONFIGURING": operation.arguments["configuring"],
        "CLUSTER_DEPLOYING": operation.arguments["deploying"],
        "CLUSTER_HEALTHCHECKING": _HEALTH_CHECKS,
    }
    units = sum(totals.values())
    left = units - 1 if operation.status == "DONE" else int(units * _fraction(operation))
    metrics: list[tuple[str, int]] = []
    for name, total in totals.items():
        if left > 0:
            metrics += [(name, min(left, total)), (f"{name}_TOTAL", total)]
            left -= min(left, total)
    return metrics


def _fraction(operation: Operation) -> float:
    """Return how far an operation is by its expected time; what takes longer stays at 95 percent."""
    expected = operation.due - operation.started
    return min(0.95, (time.time() - operation.started) / expected) if expected > 0 else 0.95


def _utilization(cloud: Cloud, cluster: Cluster) -> float:
    """Return the part of the pods range that nodes hold, to four decimals, as recorded."""
    policy = cluster.body["ipAllocationPolicy"]
    blocks = blocks_in(cloud, SubnetworkRef.of_key(cluster.subnetwork), policy["clusterSecondaryRangeName"])
    total = IPv4Network(policy["clusterIpv4CidrBlock"]).num_addresses
    return round(sum(IPv4Network(block).num_addresses for block in blocks) / total, 4)
