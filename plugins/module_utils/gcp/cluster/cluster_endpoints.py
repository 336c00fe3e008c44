# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to a cluster's API server: by public address, by private address, by DNS name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Refused

PUBLIC, PRIVATE, DNS = KINDS = ("public", "private", "dns")
REMEDIES = {
    PUBLIC: "set private.endpoint=false (gke_multinet_cluster), or take another endpoint_kind",
    PRIVATE: "take another endpoint_kind",
    DNS: "set dns_endpoint=true (gke_multinet_cluster), or take another endpoint_kind",
}


def has_addresses(cluster: Any) -> bool:
    """Tell whether a cluster (container_v1.Cluster) lets clients in at addresses, and not at its DNS name alone."""
    config = cluster.control_plane_endpoints_config
    return "ip_endpoints_config" not in config or bool(config.ip_endpoints_config.enabled)


def has_public(cluster: Any) -> bool:
    """Tell whether a cluster lets clients in at a public address."""
    config = cluster.control_plane_endpoints_config
    if "ip_endpoints_config" in config:
        return has_addresses(cluster) and bool(config.ip_endpoints_config.enable_public_endpoint)
    return not cluster.private_cluster_config.enable_private_endpoint


def has_dns(cluster: Any) -> bool:
    """Tell whether a cluster lets clients in at its DNS name; the name is there anyway."""
    return bool(cluster.control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic)


def open_endpoints(cluster: Any) -> dict[str, str]:
    """Return the address of each kind; empty where nobody is let in."""
    open_ = {PUBLIC: has_public(cluster), PRIVATE: has_addresses(cluster), DNS: has_dns(cluster)}
    return {kind: address(cluster, kind) if open_[kind] else "" for kind in KINDS}


def address(cluster: Any, kind: str | None) -> str:
    """Return the address of a kind, whether clients are let in there or not.

    :param kind: None for what Google names as the cluster's endpoint, or its DNS name if there is no other way in.
    """
    config, older = cluster.control_plane_endpoints_config, cluster.private_cluster_config
    addresses = {
        None: cluster.endpoint,
        PUBLIC: config.ip_endpoints_config.public_endpoint or older.public_endpoint,
        PRIVATE: config.ip_endpoints_config.private_endpoint or older.private_endpoint,
        DNS: config.dns_endpoint_config.endpoint,
    }
    return str(addresses[_meant(cluster, kind)])


def authority(cluster: Any, kind: str | None) -> str:
    """Return the CA (PEM in base64) for an endpoint; empty for a DNS name, whose certificate is publicly trusted."""
    return "" if _meant(cluster, kind) == DNS else str(cluster.master_auth.cluster_ca_certificate)


def reach(cluster: Any, kind: str | None) -> tuple[str, str]:
    """Return the endpoint of a cluster and the CA for it.

    :raises Refused: the cluster has no such endpoint that lets clients in.
    """
    if kind is not None:
        refuse_closed(cluster.name, kind, open_endpoints(cluster))
    return address(cluster, kind), authority(cluster, kind)


def refuse_closed(name: str, kind: str, endpoints: Mapping[str, object]) -> None:
    """Refuse an endpoint of a cluster that lets nobody in.

    :param endpoints: what is true of each kind that lets clients in.
    :raises Refused: with the remedy.
    """
    if not endpoints[kind]:
        raise Refused(f"cluster {name} lets no clients in at a {kind} endpoint; {REMEDIES[kind]}")


def _meant(cluster: Any, kind: str | None) -> str | None:
    return DNS if kind is None and not has_addresses(cluster) else kind
