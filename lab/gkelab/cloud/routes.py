# SPDX-License-Identifier: Apache-2.0
"""Which request goes where."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gkelab.cloud import leftovers, projects
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute.answers import idempotent, in_called_version
from gkelab.cloud.compute.catalog import Catalog
from gkelab.cloud.compute.endpoint_groups import EndpointGroups
from gkelab.cloud.compute.firewalls import Firewalls
from gkelab.cloud.compute.instances import Instances
from gkelab.cloud.compute.networks import Networks
from gkelab.cloud.compute.subnetworks import Subnetworks
from gkelab.cloud.container.cluster_changes import SETTERS, ClusterChanges
from gkelab.cloud.container.clusters import Clusters
from gkelab.cloud.container.effects import Effects
from gkelab.cloud.container.pools import Pools
from gkelab.cloud.container.store import Store
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.pubsub import Topics

Handler = Callable[[Call], Json | Awaitable[Json]]


@dataclass(frozen=True)
class Route:
    """A method and a path pattern, as aiohttp writes them, of one API."""

    method: str
    path: str
    handler: Handler
    api: str


def routes(cloud: Cloud) -> list[Route]:
    """Return all routes; making the services registers the effects of their operations."""
    return _compute(cloud) + _container(cloud) + _others(cloud)


def _compute(cloud: Cloud) -> list[Route]:
    networks, subnetworks, firewalls, catalog = Networks(cloud), Subnetworks(cloud), Firewalls(cloud), Catalog(cloud)
    groups, instances = EndpointGroups(cloud), Instances(cloud)
    global_networks = "/global/networks"
    regional = "/regions/{region}/subnetworks"
    rules = "/global/firewalls"
    zonal = "/zones/{zone}/networkEndpointGroups"
    table: list[tuple[str, str, Callable[[Call], Json]]] = [
        ("GET", "", catalog.project),
        ("GET", "/regions", catalog.regions),
        ("GET", "/regions/{region}", catalog.region),
        ("GET", "/zones", catalog.zones),
        ("GET", "/zones/{zone}", catalog.zone),
        ("GET", global_networks, networks.list_all),
        ("POST", global_networks, networks.insert),
        ("GET", f"{global_networks}/{{network}}", networks.get),
        ("PATCH", f"{global_networks}/{{network}}", networks.patch),
        ("POST", f"{global_networks}/{{network}}/switchToCustomMode", networks.switch_to_custom_mode),
        ("DELETE", f"{global_networks}/{{network}}", networks.delete),
        ("GET", "/aggregated/subnetworks", subnetworks.aggregated_list),
        ("GET", regional, subnetworks.list_all),
        ("POST", regional, subnetworks.insert),
        ("GET", f"{regional}/{{subnetwork}}", subnetworks.get),
        ("PATCH", f"{regional}/{{subnetwork}}", subnetworks.patch),
        ("DELETE", f"{regional}/{{subnetwork}}", subnetworks.delete),
        ("POST", f"{regional}/{{subnetwork}}/expandIpCidrRange", subnetworks.expand),
        ("POST", f"{regional}/{{subnetwork}}/setPrivateIpGoogleAccess", subnetworks.set_private_access),
        ("GET", "/aggregated/networkEndpointGroups", groups.aggregated_list),
        ("GET", zonal, groups.list_all),
        ("GET", f"{zonal}/{{group}}", groups.get),
        ("DELETE", f"{zonal}/{{group}}", groups.delete),
        ("GET", "/aggregated/instances", instances.aggregated_list),
        ("GET", "/zones/{zone}/instances", instances.list_all),
        ("GET", "/zones/{zone}/instances/{instance}", instances.get),
        ("GET", rules, firewalls.list_all),
        ("POST", rules, firewalls.insert),
        ("GET", f"{rules}/{{firewall}}", firewalls.get),
        ("PATCH", f"{rules}/{{firewall}}", firewalls.patch),
        ("PUT", f"{rules}/{{firewall}}", firewalls.update),
        ("DELETE", f"{rules}/{{firewall}}", firewalls.delete),
    ]
    for scope in ("/global", "/regions/{region}", "/zones/{zone}"):
        table.append(("GET", f"{scope}/operations", catalog.operations))
        table.append(("GET", f"{scope}/operations/{{operation}}", catalog.operation))
    base = "/compute/{version:v1|beta}/projects/{project}"
    found = [Route(method, base + path, _answer(cloud, method, handler), "compute") for method, path, handler in table]
    for scope in ("/global", "/regions/{region}", "/zones/{zone}"):
        found.append(Route("POST", f"{base}{scope}/operations/{{operation}}/wait", catalog.wait, "compute"))
    return found


def _answer(cloud: Cloud, method: str, handler: Callable[[Call], Json]) -> Handler:
    return in_called_version(handler if method == "GET" else idempotent(cloud, handler))


def _container(cloud: Cloud) -> list[Route]:
    store = Store(cloud)
    Effects(store)
    clusters, changes, pools = Clusters(store), ClusterChanges(store), Pools(store)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/serverConfig", clusters.server_config),
        ("GET", "/operations", clusters.operations),
        ("GET", "/operations/{operation}", clusters.operation),
        ("GET", "/clusters", clusters.list_all),
        ("POST", "/clusters", clusters.create),
        ("GET", "/clusters/{cluster}", clusters.get),
        ("PUT", "/clusters/{cluster}", changes.update),
        ("DELETE", "/clusters/{cluster}", clusters.delete),
        ("POST", "/clusters/{cluster}:setMaintenancePolicy", changes.set_maintenance_policy),
        ("POST", "/clusters/{cluster}:setNetworkPolicy", changes.set_network_policy),
        ("GET", "/clusters/{cluster}/nodePools", pools.list_all),
        ("POST", "/clusters/{cluster}/nodePools", pools.create),
        ("GET", "/clusters/{cluster}/nodePools/{pool}", pools.get),
        ("DELETE", "/clusters/{cluster}/nodePools/{pool}", pools.delete),
        ("POST", "/clusters/{cluster}/nodePools/{pool}:rollback", pools.rollback),
    ]
    newer: list[tuple[str, str, Handler]] = [
        ("POST", "/clusters/{cluster}:setLegacyAbac", changes.set_legacy_abac),
        ("POST", "/clusters/{cluster}:setResourceLabels", changes.set_labels),
        ("PUT", "/clusters/{cluster}/nodePools/{pool}", pools.update),
        ("POST", "/clusters/{cluster}/nodePools/{pool}:setSize", pools.set_size),
        ("POST", "/clusters/{cluster}/nodePools/{pool}:setManagement", pools.set_management),
        ("POST", "/clusters/{cluster}/nodePools/{pool}:setAutoscaling", pools.set_autoscaling),
    ]
    older: list[tuple[str, str, Handler]] = [
        ("GET", "/serverconfig", clusters.server_config),
        ("POST", "/clusters/{cluster}/legacyAbac", changes.set_legacy_abac),
        ("POST", "/clusters/{cluster}/resourceLabels", changes.set_labels),
        ("POST", "/clusters/{cluster}/nodePools/{pool}/update", pools.update),
        ("POST", "/clusters/{cluster}/nodePools/{pool}/setSize", pools.set_size),
        ("POST", "/clusters/{cluster}/nodePools/{pool}/setManagement", pools.set_management),
        ("POST", "/clusters/{cluster}/nodePools/{pool}/autoscaling", pools.set_autoscaling),
    ]
    for (method, path), setter in SETTERS.items():
        newer.append(("POST", f"/clusters/{{cluster}}:{method}", changes.setter(setter)))
        older.append(("POST", f"/clusters/{{cluster}}/{path}", changes.setter(setter)))
    bases = {
        "/{version:v1|v1beta1}/projects/{project}/locations/{location}": table + newer,
        "/{version:v1|v1beta1}/projects/{project}/zones/{location}": table + older,
    }
    return [
        Route(method, base + _without_colons(path), handler, "container")
        for base, entries in bases.items()
        for method, path, handler in entries
    ]


def _without_colons(path: str) -> str:
    """Keep a path parameter from swallowing the custom verb behind a colon."""
    return path.replace("{cluster}", "{cluster:[^/:]+}").replace("{pool}", "{pool:[^/:]+}")


def _others(cloud: Cloud) -> list[Route]:
    def service(call: Call) -> Json:
        project = cloud.project(call.project)
        name = call.params["service"]
        disabled = name in project.disabled_services
        return {
            "name": f"projects/{project.number}/services/{name}",
            "parent": f"projects/{project.number}",
            "state": "DISABLED" if disabled else "ENABLED",
            "config": {"name": name},
        }

    def set_services(call: Call) -> Json:
        disabled = call.json.get("disabled")
        if not isinstance(disabled, list) or not all(isinstance(name, str) for name in disabled):
            raise bad_request('The lab expects {"disabled": ["container.googleapis.com"]}.')
        cloud.project(call.project).disabled_services = disabled
        return {"disabled": disabled}

    topics = Topics(cloud)
    topic = "/v1/projects/{project}/topics/{topic}"
    return [
        Route("GET", topic, topics.get, "pubsub"),
        Route("PUT", topic, topics.create, "pubsub"),
        Route("DELETE", topic, topics.delete, "pubsub"),
        Route("GET", "/v1/projects/{project}/services/{service}", service, "serviceusage"),
        Route("DELETE", "/lab/projects/{project}", functools.partial(projects.forget, cloud), "lab"),
        Route("POST", "/lab/projects/{project}/leftovers", functools.partial(leftovers.ask, cloud), "lab"),
        Route("POST", "/lab/projects/{project}/services", set_services, "lab"),
    ]
