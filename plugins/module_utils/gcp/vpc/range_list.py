# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends the list of a subnetwork's secondary ranges, also an empty one.

The client library leaves empty lists out of what it sends (proto3 does not tell them from no list), so with it the last
secondary range of a subnetwork could never be removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ...libraries import library
from ..clients import Google


def sender(google: Google) -> Callable[..., Any]:
    """Return what patches the list; it is called, and raises, as the methods of the client library do.

    The request has the fields project, region, subnetwork, fingerprint, and ranges: a list of
    compute_v1.SubnetworkSecondaryRange. What is returned is compute_v1.Operation.
    """

    def patch(*, request: dict[str, Any], retry: None, timeout: float, metadata: Any) -> Any:
        compute = library("google.cloud.compute_v1.types", "google-cloud-compute")
        kind = compute.SubnetworkSecondaryRange
        ranges = [json.loads(kind.to_json(each)) for each in request["ranges"]]
        where = "projects/{project}/regions/{region}/subnetworks/{subnetwork}".format(**request)
        response = google.session.patch(
            f"{google.compute_address}/compute/v1/{where}",
            json={"fingerprint": request["fingerprint"], "secondaryIpRanges": ranges},
            headers=dict(metadata),
            timeout=timeout,
        )
        if not response.ok:
            raise library("google.api_core.exceptions", "google-api-core").from_http_response(response)
        return compute.Operation.from_json(response.text, ignore_unknown_fields=True)

    return patch
