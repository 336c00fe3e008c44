# SPDX-License-Identifier: Apache-2.0
"""What a cluster takes from its VPC, and what GKE changes there: ranges, Private Google Access, firewall rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from gkelab.cloud import invented, usage
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.compute.ranges import ranges_of
from gkelab.cloud.container import pod_ranges
from gkelab.cloud.container.addresses import free_address
from gkelab.cloud.container.names import ClusterRef
from gkelab.cloud.container.pool_checks import NodeNetwork
from gkelab.cloud.defaults_vpc import firewall_body, subnetwork_body
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.firewall_rules import node_tag
from gkelab.cloud.identity import fingerprint
from gkelab.cloud.leftovers import leave_endpoint_group
from gkelab.cloud.references import NetworkRef, SubnetworkRef, network_ref, subnetwork_ref
from gkelab.cloud.state import Cluster, NodePool, Resource

_PRIORITY = 1000
_MASTER_PREFIX = 28


@dataclass
class ClusterNetwork:
    """A cluster's place in its VPC: references, ranges, and the ranges that GKE will add to the subnetwork."""

    network: NetworkRef
    subnetwork: SubnetworkRef
    policy: Json = field(default_factory=dict)
    added_ranges: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Wanted:
    """A range as a request describes it: the name of a secondary range, a CIDR, a size ("/20"), or nothing."""

    name: str
    added_name: str
    cidr: str


def resolve(cloud: Cloud, ref: ClusterRef, asked: Json) -> tuple[NetworkRef, SubnetworkRef]:
    """Return the network and the subnetwork that a request means; GKE's words for what is wrong with them."""
    network = network_ref(asked.get("network") or "default", ref.project, field="cluster.network")
    resource = cloud.network(network)
    if resource is None:
        raise bad_request(f'network "{network.name}" does not exist.')
    name = asked.get("subnetwork")
    if not name and not resource.body.get("autoCreateSubnetworks"):
        raise bad_request(invented.SUBNETWORK_NEEDED.format(network=network.name))
    subnetwork = subnetwork_ref(name or network.name, network.project, ref.region, field="cluster.subnetwork")
    found = cloud.subnetwork(subnetwork)
    if found is None or found.body["network"] != network.link or subnetwork.region != ref.region:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{network.name}".')
    return network, subnetwork


def plan(cloud: Cloud, ref: ClusterRef, asked: Json, identity: str) -> ClusterNetwork:
    """Return a new cluster's place in its VPC; nothing is changed yet."""
    network, subnetwork = resolve(cloud, ref, asked)
    place = ClusterNetwork(network, subnetwork)
    policy = asked.get("ipAllocationPolicy", {})
    pods = _Wanted(
        name=policy.get("clusterSecondaryRangeName", ""),
        added_name=f"gke-{ref.name}-pods-{identity[:8]}",
        cidr=policy.get("clusterIpv4CidrBlock") or policy.get("clusterIpv4Cidr") or asked.get("clusterIpv4Cidr", ""),
    )
    services = _Wanted(
        name=policy.get("servicesSecondaryRangeName", ""),
        added_name=f"gke-{ref.name}-services-{identity[:8]}",
        cidr=policy.get("servicesIpv4CidrBlock") or policy.get("servicesIpv4Cidr") or "",
    )
    if pods.name and pods.name == services.name:
        text = f"Pod secondary range name ({pods.name}) should not be the same as service secondary range name."
        raise bad_request(text)  # gruntwork-io/terraform-google-gke#118
    pods_name, pods_cidr = _range(cloud, place, pods)
    services_name, services_cidr = "", pod_ranges.GKE_SERVICES_RANGE
    if services.name or services.cidr[:1] not in ("", "/"):
        services_name, services_cidr = _range(cloud, place, services)
    _check_master_range(cloud, place, asked.get("privateClusterConfig", {}).get("masterIpv4CidrBlock", ""))
    kept = {key: value for key, value in policy.items() if key not in ("createSubnetwork", "useIpAliases")}
    place.policy = {
        "stackType": "IPV4",
        "networkTierConfig": {"networkTier": "NETWORK_TIER_DEFAULT"},
        "podCidrOverprovisionConfig": {},
        **kept,
        **({} if policy.get("useRoutes") else {"useIpAliases": True}),  # recorded: true also where false was sent
        "clusterSecondaryRangeName": pods_name,
        "clusterIpv4Cidr": pods_cidr,
        "clusterIpv4CidrBlock": pods_cidr,
        "servicesIpv4Cidr": services_cidr,
        "servicesIpv4CidrBlock": services_cidr,
    }
    if services_name:
        place.policy["servicesSecondaryRangeName"] = services_name
    return place


def _range(cloud: Cloud, place: ClusterNetwork, asked: _Wanted) -> tuple[str, str]:
    """Return (name, CIDR) of the pods or the services range: the named one, or one that GKE will add."""
    if asked.name:
        return asked.name, pod_ranges.range_named(cloud, place.subnetwork, place.network, asked.name)
    found = pod_ranges.chosen(asked.cidr, _taken(cloud, place), place.network)
    place.added_ranges[asked.added_name] = found
    return asked.added_name, found


def _check_master_range(cloud: Cloud, place: ClusterNetwork, wanted: str) -> None:
    """Refuse what cannot be the range of a private cluster's control plane (GKE documentation: a /28)."""
    if not wanted:
        return
    cidr = pod_ranges.explicit(wanted, _taken(cloud, place), place.network)
    if not cidr.endswith(f"/{_MASTER_PREFIX}"):
        raise bad_request(invented.MASTER_RANGE.format(cidr=wanted, prefix=_MASTER_PREFIX))


def _taken(cloud: Cloud, place: ClusterNetwork) -> list[IPv4Network]:
    return pod_ranges.taken(cloud, place.network, place.added_ranges.values())


def claim(cloud: Cloud, ref: ClusterRef, cluster: Cluster, place: ClusterNetwork) -> None:
    """Change the VPC as GKE does when it makes a cluster (recorded): Private Google Access on, its ranges added."""
    resource = cloud.subnetwork(place.subnetwork)
    if resource is None:
        return
    resource.body["privateIpGoogleAccess"] = True
    resource.body["fingerprint"] = fingerprint(resource.body)
    for name, cidr in place.added_ranges.items():
        pod_ranges.add(cloud, ref.project, place.subnetwork, name, cidr)
        cluster.owned_ranges.append(name)
    _add_endpoint_subnetwork(cloud, ref, cluster, place)
    _add_firewalls(cloud, ref, cluster, place)


def release(cloud: Cloud, cluster: Cluster, *, leaving: Collection[str] = ()) -> None:
    """Take back what :func:`claim` added, but for the kinds in ``leaving``.

    Private Google Access stays on (recorded).
    """
    pod_ranges.remove(cloud, SubnetworkRef.of_key(cluster.subnetwork), cluster.owned_ranges)
    for pool in cluster.pools.values():
        release_pool(cloud, pool)
    project = cloud.project(NetworkRef.of_key(cluster.network).project)
    for key in cluster.owned_subnetworks if "subnetworks" not in leaving else ():
        owned = SubnetworkRef.of_key(key)
        project.subnetworks.pop(f"{owned.region}/{owned.name}", None)
    for name in cluster.owned_firewalls if "firewalls" not in leaving else ():
        project.firewalls.pop(name, None)
    if "networkEndpointGroups" in leaving:
        leave_endpoint_group(cloud, cluster)


def claim_for_pool(cloud: Cloud, ref: ClusterRef, pool: NodePool, network: NodeNetwork) -> None:
    """Add the range for Pods that a pool asks for (``createPodRange``) and its subnetwork does not have."""
    name, cidr = network.pod_ranges[0].name, network.pod_ranges[0].cidr
    wants = pool.body["networkConfig"].get("createPodRange")
    if wants and not pod_ranges.has_range(cloud, network.subnetwork, name):
        pod_ranges.add(cloud, ref.project, network.subnetwork, name, cidr)
        pool.owned_range = f"{network.subnetwork.key}/{name}"


def release_pool(cloud: Cloud, pool: NodePool) -> None:
    """Take back what :func:`claim_for_pool` added."""
    if pool.owned_range:
        subnetwork, _, name = pool.owned_range.rpartition("/")
        pod_ranges.remove(cloud, SubnetworkRef.of_key(subnetwork), [name])


def endpoint_address(cloud: Cloud, ref: ClusterRef, place: ClusterNetwork, body: Json) -> str | None:
    """Return the address of a new cluster's private endpoint, None if it is in the cluster's own subnetwork."""
    block = body["privateClusterConfig"].get("masterIpv4CidrBlock")
    if block:
        return free_address(block, ())
    named = body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"].get("privateEndpointSubnetwork")
    if not named:
        return None
    subnetwork = subnetwork_ref(named, place.network.project, ref.region, field="private_endpoint_subnetwork")
    resource = cloud.subnetwork(subnetwork)
    if resource is None or resource.body["network"] != place.network.link:
        raise bad_request(f'Subnetwork "{subnetwork.path}" is not valid for Network "{place.network.name}".')
    return free_address(resource.body["ipCidrRange"], usage.addresses_in(cloud, subnetwork))


def _add_endpoint_subnetwork(cloud: Cloud, ref: ClusterRef, cluster: Cluster, place: ClusterNetwork) -> None:
    """A private cluster's masterIpv4CidrBlock becomes a subnetwork of the VPC (recorded)."""
    private = cluster.body.get("privateClusterConfig", {})
    cidr = private.get("masterIpv4CidrBlock")
    if not cidr:
        return
    owned = SubnetworkRef(place.network.project, ref.region, f"gke-{ref.name}-{cluster.hash}-pe-subnet")
    asked = {"name": owned.name, "ipCidrRange": cidr}
    body = subnetwork_body(cloud.state, owned, place.network, asked)
    cloud.project(owned.project).subnetworks[f"{owned.region}/{owned.name}"] = Resource(body)
    cluster.owned_subnetworks.append(owned.key)
    addresses = cluster.body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    addresses["privateEndpointSubnetwork"] = owned.path


def _add_firewalls(cloud: Cloud, ref: ClusterRef, cluster: Cluster, place: ClusterNetwork) -> None:
    """Add GKE's own rules (GKE documentation, automatically created firewall rules; names as users report them)."""
    resource = cloud.subnetwork(place.subnetwork)
    pods = cluster.body["ipAllocationPolicy"]["clusterIpv4CidrBlock"]
    inside = [ranges_of(resource.body)[0]] if resource else []
    tag = node_tag(ref.name, cluster.hash)
    prefix = f"gke-{ref.name}-{cluster.hash}"
    every = ("tcp", "udp", "icmp", "esp", "ah", "sctp")
    ports = ["1-65535"]
    kubelet = [{"IPProtocol": "tcp", "ports": ["10255"]}]
    rules: dict[str, Json] = {
        f"{prefix}-all": {"sourceRanges": [pods], "allowed": [{"IPProtocol": name} for name in every]},
        f"{prefix}-vms": {
            "sourceRanges": inside,
            "allowed": [
                {"IPProtocol": "icmp"},
                {"IPProtocol": "tcp", "ports": ports},
                {"IPProtocol": "udp", "ports": ports},
            ],
        },
        f"{prefix}-inkubelet": {"sourceRanges": [pods], "priority": _PRIORITY - 1, "allowed": kubelet},
        f"{prefix}-exkubelet": {"sourceRanges": ["0.0.0.0/0"], "denied": kubelet},
    }
    project = cloud.project(place.network.project)
    for name, rule in rules.items():
        asked = {"priority": _PRIORITY, "targetTags": [tag], **rule}
        body = firewall_body(cloud.state, name, place.network, place.network.project, asked)
        project.firewalls[name] = Resource(body)
        cluster.owned_firewalls.append(name)
