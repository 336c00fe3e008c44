# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a network is like: its subnetworks, their ranges and who uses them, and the address space that is free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...cni.ranges import IPNetwork, IPSet, parse_cidr
from ...errors import Problems
from ...gke_rules import AUTO_MODE_BLOCK, check_name, ingress_rule_name
from ..clients import Google
from ..references import Network, Subnetwork
from . import ingress, networks
from .range_users import PRIMARY, RangeUser, is_in_network, range_users, read_clusters
from .secondary_ranges import is_of_gke


@dataclass(frozen=True)
class Question:
    """What gke_multinet_vpc_info was asked for."""

    name: str
    subnetworks: frozenset[str] | None  # names; None: all
    cluster_projects: tuple[str, ...]  # empty: the network's own
    address_space: tuple[str, ...]

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Question:
        """Validate the module's options.

        :raises InvalidOptions: with all problems.
        """
        problems = Problems()
        check_name(problems, "name", params["name"])
        for index, text in enumerate(params["address_space"]):
            _check_ipv4(problems, f"address_space[{index}]", text)
        problems.raise_if_any()
        return cls(
            name=params["name"],
            subnetworks=frozenset(params["subnetworks"]) if params["subnetworks"] is not None else None,
            cluster_projects=tuple(params["cluster_projects"]),
            address_space=tuple(params["address_space"]),
        )


@dataclass(frozen=True)
class Found:
    """What was read of a network; the messages are those of compute_v1 and container_v1."""

    network: Any | None
    subnetworks: Collection[Any]  # of this network
    rules: dict[str, Any]  # firewall rules of this network, by name
    clusters: dict[str, list[Any]]  # by project


def look(google: Google, question: Question) -> Found:
    """Read a network and what is in it: four requests, and one for each further project with clusters."""
    reference = Network(google.project, question.name)
    client = google.compute("Subnetworks")
    scopes = google.list("list subnetworks", client.aggregated_list, {"project": google.project})
    everywhere = (each for _scope, found in scopes for each in found.subnetworks)
    return Found(
        network=networks.find(google, question.name),
        subnetworks=[each for each in everywhere if Network.parse(each.network, google.project) == reference],
        rules={rule.name: rule for rule in ingress.list_rules(google) if ingress.is_ours(rule, reference)},
        clusters={
            project: read_clusters(google, project) for project in question.cluster_projects or (google.project,)
        },
    )


def report(found: Found, question: Question, project: str) -> dict[str, Any]:
    """Return the module's result.

    :param project: of the network.
    """
    users = {user for owner, clusters in found.clusters.items() for user in range_users(clusters, owner)}
    subnetworks = sorted(found.subnetworks, key=lambda each: (_region(each), each.name))
    return {
        "changed": False,
        "vpc": _network(found.network, project) if found.network is not None else None,
        "subnetworks": [
            _subnetwork(each, project, found.rules, users)
            for each in subnetworks
            if question.subnetworks is None or each.name in question.subnetworks
        ],
        "free": free(question.address_space, taken(found, Network(project, question.name))),
    }


def taken(found: Found, reference: Network) -> Iterator[str]:
    """Yield the ranges (CIDR) that cannot be used for another subnetwork of the network.

    Those of peered networks are not known here. What a cluster has that is in no subnetwork is counted, too.
    """
    if found.network is not None and found.network.auto_create_subnetworks:
        yield AUTO_MODE_BLOCK
    for subnetwork in found.subnetworks:
        yield subnetwork.ip_cidr_range
        yield from (each.ip_cidr_range for each in subnetwork.secondary_ip_ranges)
    for project, clusters in found.clusters.items():
        for cluster in clusters:
            if is_in_network(cluster, project, reference):
                policy, private = cluster.ip_allocation_policy, cluster.private_cluster_config
                pods, services = policy.cluster_ipv4_cidr_block, policy.services_ipv4_cidr_block
                yield from filter(None, (pods, services, cluster.cluster_ipv4_cidr, private.master_ipv4_cidr_block))


def free(space: Iterable[str], used: Iterable[str]) -> list[str]:
    """Return what is left of an address space, as the fewest CIDRs, in order."""
    left = IPSet(map(parse_cidr, space)) - IPSet(map(IPNetwork, used))
    return [str(each) for each in left.iter_cidrs()]


def _check_ipv4(problems: Problems, path: str, text: str) -> None:
    try:
        if parse_cidr(text).version != 4:
            problems.add(path, text, "must be an IPv4 range")
    except ValueError as error:
        problems.add(path, text, str(error))


def _network(network: Any, project: str) -> dict[str, Any]:
    return {
        "name": network.name,
        "project": project,
        "description": network.description,
        "routing_mode": network.routing_config.routing_mode,
        "mtu": networks.mtu_of(network),
        "auto_mode": network.auto_create_subnetworks,
        "peerings": [each.name for each in network.peerings],
    }


def _subnetwork(each: Any, project: str, rules: dict[str, Any], users: Collection[RangeUser]) -> dict[str, Any]:
    reference = Subnetwork(project, _region(each), each.name)
    own = [user for user in users if user.subnetwork == reference]
    rule = rules.get(ingress_rule_name(each.name))
    return {
        "name": each.name,
        "region": reference.region,
        "description": each.description,
        "private_google_access": each.private_ip_google_access,
        "purpose": each.purpose,
        **_range(each.ip_cidr_range, PRIMARY, own),
        "secondary_ranges": [
            {
                "name": secondary.range_name,
                **_range(secondary.ip_cidr_range, secondary.range_name, own),
                "made_by_gke": is_of_gke(secondary),
            }
            for secondary in each.secondary_ip_ranges
        ],
        "ingress_from": list(rule.source_ranges) if rule is not None and ingress.lets_all_in(rule) else [],
    }


def _range(cidr: str, name: str, users: Iterable[RangeUser]) -> dict[str, Any]:
    own = sorted(user for user in users if user.range == name)
    return {"ip_cidr_range": cidr, "size": parse_cidr(cidr).size, "users": [user.as_facts() for user in own]}


def _region(subnetwork: Any) -> str:
    return str(subnetwork.region.rsplit("/", 1)[-1])
