# SPDX-License-Identifier: Apache-2.0
"""projects.get, regions, zones, and the operations of Compute."""

from __future__ import annotations

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.errors import Json, not_found
from gkelab.cloud.geography import REGIONS, is_region, is_zone, region_of, zones_of
from gkelab.cloud.identity import digest
from gkelab.cloud.operations import is_lost
from gkelab.cloud.references import LINK_BASE
from gkelab.cloud.state import Operation

EPOCH = "1969-12-31T16:00:00.000-08:00"  # what Compute prints for regions and zones
LONGEST_WAIT = 120.0  # seconds; documented with operations.wait: two minutes at most


class Catalog:
    """What is only read."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def project(self, call: Call) -> Json:
        """Answer a project."""
        number = self._cloud.project(call.project).number
        return {
            "kind": "compute#project",
            "id": number,
            "name": call.project,
            "creationTimestamp": EPOCH,
            "selfLink": f"{LINK_BASE}projects/{call.project}",
            "defaultServiceAccount": f"{number}-compute@developer.gserviceaccount.com",
            "defaultNetworkTier": "PREMIUM",
            "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        }

    def region(self, call: Call) -> Json:
        """Answer a region."""
        if not is_region(call.params["region"]):
            raise not_found(f"projects/{call.project}/regions/{call.params['region']}")
        return _region(call.project, call.params["region"])

    def regions(self, call: Call) -> Json:
        """Answer all regions."""
        items = [_region(call.project, name) for name in REGIONS]
        return answers.listing(call, "regionList", f"projects/{call.project}/regions", items)

    def zone(self, call: Call) -> Json:
        """Answer a zone."""
        if not is_zone(call.params["zone"]):
            raise not_found(f"projects/{call.project}/zones/{call.params['zone']}")
        return _zone(call.project, call.params["zone"])

    def zones(self, call: Call) -> Json:
        """Answer all zones."""
        items = [_zone(call.project, zone) for region in REGIONS for zone in zones_of(region)]
        return answers.listing(call, "zoneList", f"projects/{call.project}/zones", items)

    def operation(self, call: Call) -> Json:
        """Answer an operation."""
        return answers.operation_body(self._operation(call))

    async def wait(self, call: Call) -> Json:
        """Answer an operation when it is done, or after two minutes."""
        operation = self._operation(call)
        await self._cloud.operations.wait(operation, LONGEST_WAIT)
        return answers.linked_in(call.version, answers.operation_body(operation))

    def operations(self, call: Call) -> Json:
        """Answer the operations of a scope, the newest first."""
        scope = _scope(call)
        found = [
            answers.operation_body(operation)
            for operation in reversed(self._cloud.project(call.project).operations.values())
            if operation.api == "compute" and operation.scope == scope and not is_lost(operation)
        ]
        return answers.listing(call, "operationList", f"projects/{call.project}/{scope}/operations", found)

    def _operation(self, call: Call) -> Operation:
        self._cloud.project(call.project)
        operation = self._cloud.operations.find(call.project, call.params["operation"])
        scope = _scope(call)
        if operation is None or operation.api != "compute" or operation.scope != scope:
            raise not_found(f"projects/{call.project}/{scope}/operations/{call.params['operation']}")
        return operation


def _scope(call: Call) -> str:
    if "region" in call.params:
        return f"regions/{call.params['region']}"
    return f"zones/{call.params['zone']}" if "zone" in call.params else "global"


def _region(project_id: str, name: str) -> Json:
    path = f"projects/{project_id}/regions/{name}"
    return {
        "kind": "compute#region",
        "id": str(int(digest("region", name)[:4], 16)),
        "creationTimestamp": EPOCH,
        "name": name,
        "description": name,
        "status": "UP",
        "zones": [f"{LINK_BASE}projects/{project_id}/zones/{zone}" for zone in zones_of(name)],
        "quotas": [],
        "selfLink": LINK_BASE + path,
        "supportsPzs": False,
    }


def _zone(project_id: str, name: str) -> Json:
    return {
        "kind": "compute#zone",
        "id": str(int(digest("zone", name)[:4], 16)),
        "creationTimestamp": EPOCH,
        "name": name,
        "description": name,
        "status": "UP",
        "region": f"{LINK_BASE}projects/{project_id}/regions/{region_of(name)}",
        "selfLink": f"{LINK_BASE}projects/{project_id}/zones/{name}",
        "availableCpuPlatforms": ["Intel Broadwell", "Intel Skylake", "Intel Cascade Lake", "AMD Rome", "AMD Milan"],
        "supportsPzs": False,
    }
