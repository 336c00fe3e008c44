# SPDX-License-Identifier: Apache-2.0
"""What the API servers were asked, also when their logs have been rotated."""

from __future__ import annotations

import json

from gkelab.audit import requests
from gkelab.engine import ClusterSpec
from gkelab.machines.cluster import Cluster
from gkelab.state import Lab


def event(name: str) -> str:
    reference = {"resource": "pods", "namespace": "default", "name": name}
    times = {"requestReceivedTimestamp": "2025-01-01T00:00:00.000000Z"}
    return json.dumps({**times, "verb": "create", "requestURI": "/api", "objectRef": reference}) + "\n"


def test_rotated_logs_are_read_in_order(lab: Lab, cluster_spec: ClusterSpec) -> None:
    place = Cluster(lab, cluster_spec.key)
    place.create(cluster_spec)
    assert list(requests(lab)) == []
    for name, content in (
        ("audit", "c"),
        ("audit-2025-01-02T00-00-00.000", "b"),
        ("audit-2025-01-01T23-59-59.999", "a"),
    ):
        (place.folder / f"{name}.log").write_text(event(content))
    assert [request.name for request in requests(lab)] == ["default/a", "default/b", "default/c"]
