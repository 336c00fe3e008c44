# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work, found from the descriptions alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import gke_rules
from ..cni.multus.multus_options import Wanted
from ..cni.texts import is_label
from ..errors import InvalidOptions, Problems
from ..gcp.cluster.cluster_options import Desired as ClusterOptions
from ..gcp.nodepool.pool_options import Desired as PoolOptions
from ..gcp.vpc.vpc_options import MTU
from . import range_rules, shared_rules
from .description import Description, Network, NodePool, Pod, PodRange

TASK = {"state": "present", "wait": True}  # options of a task, which no description has
MULTUS_TASK = {"restart": False}


def check(problems: Problems, descriptions: Sequence[Description]) -> None:
    """Note everything that is wrong in any of the descriptions."""
    _check_twice(problems, ((d.host, (d.project, d.location, d.cluster["name"])) for d in descriptions), "cluster")
    for description in descriptions:
        _check_cluster(problems, description)
        for network in description.networks:
            _check_network(problems, network)
        for pool in description.nodepools:
            _check_pool(problems, description, pool)
        _check_projects(problems, description)
        _check_attachments(problems, description)
        _check_multus(problems, description)
        _check_pods(problems, description)
    shared_rules.check(problems, descriptions)
    range_rules.check(problems, descriptions)


def _check_twice(problems: Problems, named: Iterable[tuple[str, object]], what: str) -> None:
    """Note each name that stands a second time."""
    seen: dict[object, str] = {}
    for path, name in named:
        if name in seen:
            problems.add(path, name, f"is the {what} of {seen[name]}, too")
        seen.setdefault(name, path)


def _check_cluster(problems: Problems, description: Description) -> None:
    host, cluster = description.host, description.cluster
    if not description.project:
        problems.add(f"{host}: multinet_project", None, "is missing: set it, or GCP_PROJECT")
    gke_rules.check_location(problems, f"{host}: multinet_location", description.location)
    options = {**cluster, "location": description.location, **TASK}
    _check_as_module(problems, f"{host}: multinet_cluster", ClusterOptions.from_params, options)
    if cluster["multi_networking"] is False and description.networks:
        problems.add(f"{host}: multinet_cluster.multi_networking", False, "multinet_networks need it")
    _check_twice(problems, ((pool.path, pool.name) for pool in description.nodepools), "name")
    _check_twice(problems, ((network.path, network.vpc) for network in description.networks), "VPC")


def _check_as_module(
    problems: Problems, path: str, from_params: Callable[[dict[str, Any]], object], options: dict[str, Any]
) -> None:
    """Note what the resource's own module would refuse; where the cluster is, is looked at once."""
    try:
        from_params(options)
    except InvalidOptions as error:
        for problem in error.problems:
            if problem.path not in ("cluster", "location"):
                problems.add(f"{path}.{problem.path}", problem.value, problem.message)


def _check_projects(problems: Problems, description: Description) -> None:
    """With Shared VPC, all interfaces of a node are in networks of one project, the host project."""
    own, version = description.own_network, description.cluster["version"]
    if own.project != description.project and version and gke_rules.is_before(version, gke_rules.SHARED_VPC_SINCE):
        problems.add(
            f"{description.host}: multinet_cluster.version",
            version,
            f"multi-networking with Shared VPC needs version {gke_rules.SHARED_VPC_SINCE} or later",
        )
    for network in description.networks:
        if network.project != own.project:
            problems.add(
                f"{network.path}.vpc_project",
                network.project,
                f"is not the project of the cluster's own VPC ({own.path}): all interfaces of a node are in networks "
                "of one project; with Shared VPC, multinet_cluster.network and subnetwork are paths, too",
            )


def _check_network(problems: Problems, network: Network) -> None:
    gke_rules.check_name(problems, f"{network.path}.vpc", network.vpc)
    gke_rules.check_subnetwork_name(
        problems, f"{network.path}.subnetwork", network.subnetwork, with_rule=network.allow_multinet
    )
    mtu = network.vpc_options["mtu"]
    if mtu is not None and mtu not in MTU:
        problems.add(f"{network.path}.mtu", mtu, f"must be between {MTU.start} and {MTU.stop - 1}")
    _check_twice(problems, ((each.path, each.name) for each in network.pod_ranges), "name")
    for pod_range in network.pod_ranges:
        gke_rules.check_name(problems, f"{pod_range.path}.name", pod_range.name)
        gke_rules.check_name(problems, f"{pod_range.path}.attachment", pod_range.attachment)
        gke_rules.check_max_pods(problems, f"{pod_range.path}.max_pods_per_node", pod_range.max_pods_per_node)
        if not is_label(pod_range.namespace):
            problems.add(f"{pod_range.path}.namespace", pod_range.namespace, "is no name of a namespace (RFC 1123)")


def _check_pool(problems: Problems, description: Description, pool: NodePool) -> None:
    # The networks are looked at here, under the names that they have in a description.
    unnamed = {"additional_node_networks": None, "additional_pod_networks": None}
    where = {"project": description.project, "location": description.location, "cluster": description.cluster["name"]}
    _check_as_module(problems, pool.path, PoolOptions.from_params, {**pool.options, **unnamed, **where, **TASK})
    networks = {network.vpc: network for network in description.networks}
    for index, vpc in enumerate(pool.networks):
        if vpc not in networks:
            problems.add(
                f"{pool.path}.networks[{index}]", vpc, f"is none of multinet_networks ({', '.join(sorted(networks))})"
            )
        elif networks[vpc].key == description.own_network:
            problems.add(f"{pool.path}.networks", vpc, "is the cluster's own VPC: each interface needs another one")
    for vpc, count in Counter(pool.networks).items():
        if count > 1:
            problems.add(f"{pool.path}.networks", vpc, "a node has at most one interface in a VPC")
    _check_interfaces(problems, description, pool)


def _check_interfaces(problems: Problems, description: Description, pool: NodePool) -> None:
    """Note more networks than GKE, or the machine type, has interfaces for."""
    count = len(pool.networks)
    most = gke_rules.most_additional_networks(pool.machine_type)
    if count > gke_rules.MAX_NODE_NETWORKS:
        problems.add(
            f"{pool.path}.networks", count, f"a node has at most {gke_rules.MAX_NODE_NETWORKS} additional networks"
        )
    elif most is not None and count > most:
        problems.add(
            f"{pool.path}.machine_type",
            pool.machine_type,
            f"has {gke_rules.vcpus(pool.machine_type)} vCPUs: at most {most} additional network{'s' * (most != 1)}, "
            f"{count} given; choose a larger machine type or fewer networks",
        )
    pod_networks = sum(len(network.pod_ranges) for network in description.carried_by(pool).values())
    if pod_networks > gke_rules.MAX_POD_NETWORKS:
        problems.add(
            f"{pool.path}.networks",
            pod_networks,
            f"a node pool has at most {gke_rules.MAX_POD_NETWORKS} additional pod networks",
        )


def _check_attachments(problems: Problems, description: Description) -> None:
    """An attachment names one master interface, so all pools must have its network in the same place."""
    ranges = [pod_range for network in description.networks for pod_range in network.pod_ranges]
    _check_twice(problems, ((r.path, (r.namespace, r.attachment)) for r in ranges), "attachment")
    for network in description.networks:
        places = {
            pool.name: f"eth{number}"
            for pool in description.nodepools
            for number, carried in description.carried_by(pool).items()
            if carried is network
        }
        if len(set(places.values())) > 1:
            where = ", ".join(f"{interface} in {name}" for name, interface in places.items())
            problems.add(
                f"{network.path}.vpc",
                network.vpc,
                f"is not the same interface in all node pools ({where}): give the pools their networks in one order",
            )


def _check_multus(problems: Problems, description: Description) -> None:
    multus, path = description.multus, f"{description.host}: multinet_multus"
    _check_as_module(problems, path, Wanted.of, {**multus, **MULTUS_TASK})
    for index, pool in enumerate(multus["node_pools"] or ()):
        if pool not in {each.name for each in description.nodepools}:
            problems.add(f"{path}.node_pools[{index}]", pool, "is none of multinet_nodepools")


def _check_pods(problems: Problems, description: Description) -> None:
    _check_twice(problems, ((pod.path, (pod.namespace, pod.name)) for pod in description.pods), "name")
    for pod in description.pods:
        gke_rules.check_name(problems, f"{pod.path}.name", pod.name)
        carriers = []
        for index, text in enumerate(pod.attachments):
            meant = description.meant_by(pod, text)
            problem = _problem_with(pod, meant, description)
            if problem:
                problems.add(f"{pod.path}.attachments[{index}]", text, problem)
            else:
                carriers.append({pool.name for pool in description.pools_with(meant[0][0])})
        if carriers and not set.intersection(*carriers):
            problems.add(f"{pod.path}.attachments", list(pod.attachments), "no node pool carries all of their networks")


def _problem_with(pod: Pod, meant: list[tuple[Network, PodRange]], description: Description) -> str:
    """Return what is wrong with an attachment of a pod, as far as its name tells."""
    if not meant:
        known = sorted(r.attachment for network in description.networks for r in network.pod_ranges)
        return f"is no attachment of multinet_networks ({', '.join(known)})"
    namespaces = [pod_range.namespace for network, pod_range in meant]
    if len(namespaces) > 1:
        return f"is the name of several attachments; write NAMESPACE/NAME, with one of {', '.join(namespaces)}"
    everybodys = description.everybodys_namespaces
    if everybodys is not None and namespaces[0] not in (pod.namespace, *everybodys):
        return (
            f"is in namespace {namespaces[0]}: Multus gives a pod in {pod.namespace} only attachments of its own "
            f"namespace and of {', '.join(everybodys)}"
        )
    return ""
