# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a description: the options of every module that a site run calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import gke_rules
from ..cni.ranges import parse_cidr
from ..gcp.references import Subnetwork
from .description import Description, Network, NodePool, PodRange


def derive(description: Description) -> dict[str, Any]:
    """Return the derived plan of one cluster, in the words of the modules' options.

    :param description: one that :func:`rules.check` has let through.
    """
    place = {"project": description.project, "location": description.location}
    return {
        **place,
        "gke_cluster": _given({**place, **{key: description.cluster[key] for key in ("name", "endpoint_kind")}}),
        "cluster": {**place, **_given(description.cluster)},
        "vpcs": [_vpc(description, network) for network in description.networks],
        "nodepools": [
            {**place, "cluster": description.cluster["name"], **_nodepool(description, pool)}
            for pool in description.nodepools
        ],
        "multus": _multus(description),
        "attachments": [
            _attachment(description, network, pod_range)
            for network in description.networks
            for pod_range in network.pod_ranges
        ],
        "firewall_rules": [_firewall_rule(network) for network in description.networks if network.allow_multinet],
        "pods": _pods(description),
        "expected_pods": [{"name": pod.name, "namespace": pod.namespace} for pod in description.pods],
        "capacity": _capacity(description),
    }


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given: the modules neither compare nor send the others."""
    return {
        key: _given(value) if isinstance(value, dict) else value for key, value in options.items() if value is not None
    }


def _vpc(description: Description, network: Network) -> dict[str, Any]:
    subnetwork = {
        "name": network.subnetwork,
        "region": description.region,
        "ip_cidr_range": network.node_range,
        "secondary_ranges": [{"name": each.name, "ip_cidr_range": each.range} for each in network.pod_ranges],
        **_given(network.subnetwork_options),
    }
    return {
        "project": network.project,
        "name": network.vpc,
        **_given(network.vpc_options),
        "subnetworks": [subnetwork],
    }


def _firewall_rule(network: Network) -> dict[str, Any]:
    """Return the ingress rule that the role vpc makes, without which pods on different nodes do not meet."""
    return {
        "name": gke_rules.ingress_rule_name(network.subnetwork),
        "project": network.project,
        "vpc": network.vpc,
        "sources": [network.node_range, *(each.range for each in network.pod_ranges)],
    }


def _nodepool(description: Description, pool: NodePool) -> dict[str, Any]:
    """Return the options of a pool; with Shared VPC its networks are named with their project."""
    place, carried = description.place, description.carried_by(pool).values()
    subnetworks = {
        network.vpc: place.spell(Subnetwork(network.project, description.region, network.subnetwork))
        for network in carried
    }
    return {
        **_given(pool.options),
        "additional_node_networks": [
            {"network": place.spell(network.key), "subnetwork": subnetworks[network.vpc]} for network in carried
        ],
        "additional_pod_networks": [
            {
                "subnetwork": subnetworks[network.vpc],
                "secondary_range": pod_range.name,
                "max_pods_per_node": pod_range.max_pods_per_node,
            }
            for network in carried
            for pod_range in network.pod_ranges
        ],
    }


def _multus(description: Description) -> dict[str, Any]:
    """Return the options of the installation; the hardened one keeps to the pools that carry a network."""
    given = _given(description.multus)
    if given.get("preset") == "hardened" and "node_pools" not in given:
        pools = [pool.name for pool in description.nodepools if description.carried_by(pool)]
        return {**given, "node_pools": pools}
    return given


def _master(description: Description, network: Network) -> str:
    """Return the interface of a network, the same in all pools that carry it."""
    for pool in description.nodepools:
        for number, carried in description.carried_by(pool).items():
            if carried is network:
                return f"eth{number}"
    return f"eth{description.networks.index(network) + 1}"


def _attachment(description: Description, network: Network, pod_range: PodRange) -> dict[str, Any]:
    return {
        "name": pod_range.attachment,
        "namespace": pod_range.namespace,
        "master": _master(description, network),
        "range": pod_range.range,
        "node_pools": [pool.name for pool in description.pools_with(network)],
        "firewall_rule": gke_rules.ingress_rule_name(network.subnetwork),
    }


def _pods(description: Description) -> list[dict[str, Any]]:
    """Return the pods with the pools that carry all their networks: nothing else asks for a node that does."""
    found = []
    for pod in description.pods:
        attachments = [description.meant_by(pod, text)[0] for text in pod.attachments]
        pools = [
            pool.name
            for pool in description.nodepools
            if all(network.vpc in pool.networks for network, pod_range in attachments)
        ]
        found.append(
            {
                **_given(pod.options),
                "attachments": [
                    {"name": pod_range.attachment, "namespace": pod_range.namespace}
                    for network, pod_range in attachments
                ],
                "node_pools": pools if attachments else [],
            }
        )
    return found


def _capacity(description: Description) -> list[dict[str, Any]]:
    """Return for each pod range where it is and how many nodes it has blocks for, and how many may come."""
    return [
        {
            "attachment": f"{pod_range.namespace}/{pod_range.attachment}",
            "master": _master(description, network),
            "vpc": network.vpc,
            "node_range": network.node_range,
            "range": pod_range.range,
            "block_prefix": gke_rules.alias_block_prefix(pod_range.max_pods_per_node),
            "nodes_max": gke_rules.node_capacity(parse_cidr(pod_range.range), pod_range.max_pods_per_node),
            "nodes_planned": sum(pool.nodes for pool in description.pools_with(network)),
        }
        for network in description.networks
        for pod_range in network.pod_ranges
    ]
