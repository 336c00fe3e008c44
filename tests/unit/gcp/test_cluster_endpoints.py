# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cluster is reached, and that an endpoint that lets nobody in is not taken for one that does."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import container_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.cluster.cluster_endpoints import open_endpoints, reach

NAME = "gke-1.us-central1.gke.goog"


def cluster(*, dns: bool = False, **addresses: Any) -> container_v1.Cluster:
    return container_v1.Cluster(
        {
            "name": "edge",
            "endpoint": "203.0.113.5",
            "master_auth": {"cluster_ca_certificate": "LS0t"},
            "control_plane_endpoints_config": {
                "dns_endpoint_config": {"endpoint": NAME, "allow_external_traffic": dns},
                "ip_endpoints_config": {
                    "enabled": True,
                    "enable_public_endpoint": True,
                    "public_endpoint": "203.0.113.5",
                    "private_endpoint": "10.128.0.2",
                    **addresses,
                },
            },
        }
    )


@pytest.mark.parametrize(
    ("found", "kind", "expected"),
    [
        (cluster(), None, ("203.0.113.5", "LS0t")),
        (cluster(), "public", ("203.0.113.5", "LS0t")),
        (cluster(), "private", ("10.128.0.2", "LS0t")),
        (cluster(dns=True), "dns", (NAME, "")),
        (cluster(dns=True), None, ("203.0.113.5", "LS0t")),
        (cluster(dns=True, enabled=False), None, (NAME, "")),
    ],
)
def test_a_cluster_is_reached_as_is_asked_for(
    found: container_v1.Cluster, kind: str | None, expected: tuple[str, str]
) -> None:
    assert reach(found, kind) == expected


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (cluster(), "dns"),
        (cluster(enable_public_endpoint=False), "public"),
        (cluster(enabled=False), "public"),
        (cluster(enabled=False), "private"),
        (container_v1.Cluster({"name": "edge"}), "private"),
    ],
)
def test_an_endpoint_that_lets_nobody_in_is_refused(found: container_v1.Cluster, kind: str) -> None:
    with pytest.raises(Refused, match=f"cluster edge lets no clients in at a {kind} endpoint; "):
        reach(found, kind)


@pytest.mark.parametrize(
    ("private_only", "expected"),
    [
        (False, {"public": "203.0.113.5", "private": "10.0.0.2", "dns": ""}),
        (True, {"public": "", "private": "10.0.0.2", "dns": ""}),
    ],
)
def test_older_fields_are_read_where_the_newer_are_not_there(private_only: bool, expected: dict[str, str]) -> None:
    older = {"enable_private_endpoint": private_only, "public_endpoint": "203.0.113.5", "private_endpoint": "10.0.0.2"}
    assert open_endpoints(container_v1.Cluster({"private_cluster_config": older})) == expected
