# SPDX-License-Identifier: Apache-2.0
"""A VPC's firewall rules as the network applies them."""

from __future__ import annotations

from gkelab.cloud.errors import Json
from gkelab.cloud.references import NetworkRef
from gkelab.cloud.state import State
from gkelab.engine import FirewallRule


def of_network(state: State, ref: NetworkRef) -> list[FirewallRule]:
    """Return the ingress rules of a network.

    Left out: egress, disabled rules, rules whose sources are tags or service accounts only, IPv6 (no packet of it
    passes), and rules for target tags that no node of the network bears (the engine knows no tags).
    """
    tags = _tags_in(state, ref)
    rules = []
    for resource in state.projects[ref.project].firewalls.values():
        body = resource.body
        if body["network"] != ref.link or body["direction"] != "INGRESS" or body.get("disabled"):
            continue
        sources = tuple(text for text in body.get("sourceRanges", ()) if ":" not in text)
        if not sources or not _concerns(body, tags):
            continue
        allow = "allowed" in body
        protocols = tuple(
            (part["IPProtocol"], tuple(part.get("ports", ()))) for part in body["allowed" if allow else "denied"]
        )
        rules.append(FirewallRule(body["name"], sources, protocols, allow))
    return rules


def _concerns(body: Json, tags: set[str]) -> bool:
    wanted = body.get("targetTags")
    return not wanted or not tags.isdisjoint(wanted)


def _tags_in(state: State, ref: NetworkRef) -> set[str]:
    """Return the tags of all nodes that have a NIC in the network; a node's tags hold for all its NICs."""
    tags: set[str] = set()
    for project in state.projects.values():
        for cluster in project.clusters.values():
            for pool in cluster.pools.values():
                if any(nic.network == ref.key for node in pool.nodes for nic in node.nics):
                    tags.update(pool.body["config"].get("tags", ()))
                    tags.add(node_tag(cluster.body["name"], cluster.hash))
    return tags


def node_tag(cluster: str, cluster_hash: str) -> str:
    """Return the network tag that GKE gives to a cluster's nodes."""
    return f"gke-{cluster}-{cluster_hash}-node"
