# SPDX-License-Identifier: Apache-2.0
"""Finding clusters, pools and operations by what a request's path says, and starting operations on them."""

from __future__ import annotations

from gkelab.cloud import invented
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.container import names, views
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.errors import ApiError, Json, bad_request, incompatible_operation, service_disabled
from gkelab.cloud.identity import is_current, uuid_of
from gkelab.cloud.state import Cluster, NodePool, Operation, Project

SERVICE = "container.googleapis.com"


class Store:
    """What the services of clusters and of pools share."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def project(self, call: Call) -> Project:
        """Return the project in the path; refuse if GKE is not enabled there."""
        project = self.cloud.project(call.project)
        if SERVICE in project.disabled_services:
            raise service_disabled(SERVICE, project.number)
        return project

    def ref(self, call: Call) -> ClusterRef:
        """Return the cluster that the path names."""
        self.project(call)
        names.check_location(call.params["location"])
        return ClusterRef(call.project, call.params["location"], call.params["cluster"])

    def cluster(self, ref: ClusterRef) -> Cluster:
        """Return a cluster that must exist."""
        cluster = self.find(ref)
        if cluster is None:
            raise ApiError(404, "notFound", f"Not found: {ref.path}.")
        return cluster

    def find(self, ref: ClusterRef) -> Cluster | None:
        """Return a cluster, if it exists."""
        return self.cloud.project(ref.project).clusters.get(f"{ref.location}/{ref.name}")

    def pool(self, cluster: Cluster, name: str) -> NodePool:
        """Return a node pool that must exist."""
        if name not in cluster.pools:
            raise ApiError(404, "notFound", f'Not found: node pool "{name}" not found.')
        return cluster.pools[name]

    def check_idle(self, ref: ClusterRef) -> None:
        """Refuse while another operation changes the cluster."""
        holder = self.cloud.operations.holder(f"cluster {ref.key}")
        if holder:
            raise incompatible_operation(holder)

    def start(
        self,
        call: Call,
        ref: ClusterRef,
        kind: str,
        *,
        effect: str,
        arguments: Json | None = None,
        pool: str = "",
        status: str = "PENDING",
        latency: str = "",
        nodes_total: int | None = None,
    ) -> Json:
        """Start an operation on a cluster, or on its pool, and return its first answer."""
        target = f"{ref.path}/nodePools/{pool}" if pool else ref.path
        operation = self.cloud.operations.start(
            ref.project,
            api="container",
            scope=ref.location,
            user=call.principal,
            kind=kind,
            target=target,
            target_id="",
            effect=effect,
            latency=latency or kind,
            arguments={"location": ref.location, "cluster": ref.name, "pool": pool, **(arguments or {})},
            status=status,
            locks=[f"cluster {ref.key}"],
            nodes_total=nodes_total,
        )
        body = views.operation_json(self.cloud, operation, call.version)
        body.pop("progress", None)
        return views.answer(call, "Operation", body)

    def of_operation(self, operation: Operation) -> tuple[ClusterRef, Cluster]:
        """Return the cluster that an operation works on."""
        arguments = operation.arguments
        ref = ClusterRef(operation.project, arguments["location"], arguments["cluster"])
        return ref, self.cluster(ref)


def touch(body: Json, *parts: object) -> None:
    """Give a cluster or a pool a new etag after a change."""
    body["etag"] = uuid_of(body["etag"], *parts)


def check_etag(asked: Json, present: Json) -> None:
    """Refuse a change that was made for another state (proto documentation of the two update requests)."""
    etag = asked.get("etag")
    if etag and not is_current(etag, present["etag"]):
        raise ApiError(409, "aborted", invented.ETAG, status="ABORTED")


def check_something(asked: object) -> None:
    """Refuse an update of nothing."""
    if not asked:
        raise bad_request("Must specify a field to update.")
