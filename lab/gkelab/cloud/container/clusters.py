# SPDX-License-Identifier: Apache-2.0
"""clusters: list, get, create, delete; operations and serverConfig."""

from __future__ import annotations

from collections.abc import Iterator

from gkelab.cloud import invented, protojson, usage
from gkelab.cloud.cloud import Call
from gkelab.cloud.container import cluster_network, endpoints, names, versions, views
from gkelab.cloud.container.addresses import free_address
from gkelab.cloud.container.cluster_defaults import cluster_body
from gkelab.cloud.container.cluster_network import ClusterNetwork
from gkelab.cloud.container.cluster_updates import check_multi_networking
from gkelab.cloud.container.label_checks import check_labels
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.container.pool_checks import check_pool, max_pods_of, zones_for
from gkelab.cloud.container.pools import add_pool
from gkelab.cloud.container.sizing import plan, wanted_nodes
from gkelab.cloud.container.store import Store
from gkelab.cloud.errors import ApiError, Json, bad_request
from gkelab.cloud.geography import default_node_zones
from gkelab.cloud.identity import digest, numeric_id
from gkelab.cloud.operations import is_lost
from gkelab.cloud.state import Cluster

_DEPLOYING, _DEPLOYING_DATAPLANE_V2 = 12, 10  # recorded totals of CREATE_CLUSTER's progress
_CONFIGURING, _CONFIGURING_MORE = 8, 9
DEFAULT_MAX_PODS = 110


class Clusters:
    """The clusters of all projects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cloud = store.cloud

    def list_all(self, call: Call) -> Json:
        """Answer the clusters of a location, or of all ("-")."""
        clusters = [
            views.cluster_json(self._cloud, ref, self._store.cluster(ref), call.version) for ref in self._in(call)
        ]
        return views.answer(call, "ListClustersResponse", {"clusters": clusters})

    def get(self, call: Call) -> Json:
        """Answer one cluster."""
        ref = self._store.ref(call)
        cluster = self._store.cluster(ref)
        return views.answer(call, "Cluster", views.cluster_json(self._cloud, ref, cluster, call.version))

    def create(self, call: Call) -> Json:
        """Start to make a cluster with its pools and their nodes."""
        project = self._store.project(call)
        names.check_location(call.params["location"])
        request = protojson.parse(call.body, views.message(call, "CreateClusterRequest"))
        asked = request.get("cluster", {})
        names.check_name("cluster.name", asked.get("name", ""))
        ref = ClusterRef(call.project, call.params["location"], asked["name"])
        if self._store.find(ref) is not None:
            raise ApiError(409, "alreadyExists", f"Already exists: {ref.path}.")
        channel = asked.get("releaseChannel", {}).get("channel", "")
        version = versions.resolve(asked.get("initialClusterVersion", ""), otherwise=versions.default_of(channel))
        check_labels(asked.get("resourceLabels", {}))
        if asked.get("networkConfig", {}).get("enableMultiNetworking"):
            check_multi_networking(asked, version)
        max_pods_of(asked.get("defaultMaxPodsConstraint", {}), DEFAULT_MAX_PODS)
        identity = digest("cluster", ref.key, numeric_id(self._cloud.state))
        place = cluster_network.plan(self._cloud, ref, asked, identity)
        pools = _pools_of(asked)
        cluster = self._new_cluster(ref, asked, place, identity=identity, version=version)
        key = f"{ref.location}/{ref.name}"
        project.clusters[key] = cluster
        cluster_network.claim(self._cloud, ref, cluster, place)
        try:
            exhausted = self._add_pools(ref, cluster, pools)
        except ApiError:
            cluster_network.release(self._cloud, cluster)
            del project.clusters[key]
            raise
        dataplane_v2 = cluster.body["networkConfig"].get("datapathProvider") == "ADVANCED_DATAPATH"
        more = ref.location == ref.region or "masterIpv4CidrBlock" in cluster.body["privateClusterConfig"]
        arguments = {
            "exhausted": exhausted,
            "configuring": _CONFIGURING_MORE if more else _CONFIGURING,
            "deploying": _DEPLOYING_DATAPLANE_V2 if dataplane_v2 else _DEPLOYING,
        }
        return self._store.start(
            call, ref, "CREATE_CLUSTER", effect="cluster.create", arguments=arguments, status="RUNNING"
        )

    def delete(self, call: Call) -> Json:
        """Start to delete a cluster and all that GKE made for it."""
        ref = self._store.ref(call)
        cluster = self._store.cluster(ref)
        self._store.check_idle(ref)
        cluster.body["status"] = "STOPPING"
        for pool in cluster.pools.values():
            pool.body["status"] = "STOPPING"
        return self._store.start(call, ref, "DELETE_CLUSTER", effect="cluster.delete", status="RUNNING")

    def server_config(self, call: Call) -> Json:
        """Answer which versions a location offers."""
        self._store.project(call)
        names.check_location(call.params["location"])
        return views.answer(call, "ServerConfig", versions.server_config())

    def operation(self, call: Call) -> Json:
        """Answer one operation."""
        self._store.project(call)
        name, location = call.params["operation"], call.params["location"]
        operation = self._cloud.operations.find(call.project, name)
        if operation is None or operation.api != "container" or operation.scope != location:
            place = f"projects/{call.project}/{names.collection(location)}/{location}"
            raise ApiError(404, "notFound", f"Not found: {place}/operations/{name}.")
        return views.answer(call, "Operation", views.operation_json(self._cloud, operation, call.version))

    def operations(self, call: Call) -> Json:
        """Answer the operations of a location, or of all ("-")."""
        location = call.params["location"]
        found = [
            views.operation_json(self._cloud, operation, call.version)
            for operation in self._store.project(call).operations.values()
            if operation.api == "container" and location in ("-", operation.scope) and not is_lost(operation)
        ]
        return views.answer(call, "ListOperationsResponse", {"operations": found})

    def _in(self, call: Call) -> Iterator[ClusterRef]:
        location = call.params["location"]
        for key in self._store.project(call).clusters:
            place, _, name = key.partition("/")
            if location in ("-", place):
                yield ClusterRef(call.project, place, name)

    def _new_cluster(
        self, ref: ClusterRef, asked: Json, place: ClusterNetwork, *, identity: str, version: str
    ) -> Cluster:
        number = self._cloud.project(ref.project).number
        zones = list(asked.get("locations") or default_node_zones(ref.location))
        resource = self._cloud.subnetwork(place.subnetwork)
        cidr = str(resource.body["ipCidrRange"]) if resource else ""
        address = free_address(cidr, usage.addresses_in(self._cloud, place.subnetwork))
        if address is None:
            raise bad_request(invented.NO_ADDRESS.format(subnetwork=place.subnetwork.path))
        body = cluster_body(
            asked, identity=identity, version=version, location=ref.location, zones=zones, number=number
        )
        body |= {
            "network": place.network.name,
            "subnetwork": place.subnetwork.name,
            "ipAllocationPolicy": place.policy,
            "clusterIpv4Cidr": place.policy["clusterIpv4CidrBlock"],
            "servicesIpv4Cidr": place.policy["servicesIpv4CidrBlock"],
            "networkConfig": {
                "defaultSnatStatus": {},
                "serviceExternalIpsConfig": {},
                **asked.get("networkConfig", {}),
                "network": place.network.path,
                "subnetwork": place.subnetwork.path,
            },
            "privateClusterConfig": dict(asked.get("privateClusterConfig", {})),
        }
        private = cluster_network.endpoint_address(self._cloud, ref, place, body) or address
        endpoints.make_private(body, private)
        return Cluster(
            body=body,
            network=place.network.key,
            subnetwork=place.subnetwork.key,
            subnetwork_cidr=cidr,
            control_plane_address=address,
            hash=identity[:8],
        )

    def _add_pools(self, ref: ClusterRef, cluster: Cluster, pools: list[Json]) -> str:
        """Add a new cluster's pools and plan their nodes; return what is exhausted, if anything is."""
        exhausted = ""
        zones_for({}, cluster.body)
        for asked in pools:
            networks = check_pool(self._cloud, ref.project, cluster, asked)
            count = wanted_nodes(asked)
            version = versions.resolve_of_nodes(asked.get("version", ""), cluster.body["currentMasterVersion"])
            pool = add_pool(cluster, asked, networks, version)
            cluster_network.claim_for_pool(self._cloud, ref, pool, networks[0])
            exhausted = plan(self._cloud, cluster, pool, networks, count) or exhausted
        cluster.body["initialNodeCount"] = wanted_nodes(pools[0])
        return exhausted


def _pools_of(asked: Json) -> list[Json]:
    """Return the pools of a new cluster: those it lists, or the default pool out of its older fields."""
    if asked.get("nodePools"):
        if asked.get("initialNodeCount") or asked.get("nodeConfig"):
            raise bad_request(invented.POOLS_TWICE)
        return list(asked["nodePools"])
    # Autopilot counts nodes itself: Terraform sends no number for it, and GKE takes that. The lab's pool stays at one.
    count = asked.get("initialNodeCount") or int(asked.get("autopilot", {}).get("enabled", False))
    if not count:
        raise bad_request("Cluster.initial_node_count must be greater than zero.")
    return [
        {
            "name": "default-pool",
            "initialNodeCount": count,
            "config": asked.get("nodeConfig", {}),
        }
    ]
