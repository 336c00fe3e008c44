# SPDX-License-Identifier: Apache-2.0
"""networkEndpointGroups: get, list, aggregatedList, delete.

There are none but those that a deleted cluster has left behind.
"""

from __future__ import annotations

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.errors import Json, not_found
from gkelab.cloud.geography import REGIONS, zones_of
from gkelab.cloud.operations import Effect
from gkelab.cloud.state import Operation, Resource


class EndpointGroups:
    """The network endpoint groups of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        cloud.operations.register("networkEndpointGroup.delete", Effect(finish=self._deleted))

    def get(self, call: Call) -> Json:
        """Answer one group."""
        return self._existing(call).body

    def list_all(self, call: Call) -> Json:
        """Answer the groups of a zone."""
        zone = call.params["zone"]
        path = f"projects/{call.project}/zones/{zone}/networkEndpointGroups"
        return answers.listing(call, "networkEndpointGroupList", path, self._in_zone(call.project, zone))

    def aggregated_list(self, call: Call) -> Json:
        """Answer the groups of all zones, by zone."""
        zones = (zone for region in REGIONS for zone in zones_of(region))
        found = {f"zones/{zone}": self._in_zone(call.project, zone) for zone in zones}
        return answers.aggregated(call, "networkEndpointGroups", "networkEndpointGroupAggregatedList", found)

    def delete(self, call: Call) -> Json:
        """Start to delete a group."""
        return answers.start(
            self._cloud,
            call,
            scope=f"zones/{call.params['zone']}",
            kind="delete",
            noun="networkEndpointGroup",
            target=_path(call),
            target_id=self._existing(call).body["id"],
            effect="networkEndpointGroup.delete",
            arguments={"group": _key(call)},
            locks=[],
        )

    def _in_zone(self, project_id: str, zone: str) -> list[Json]:
        groups = self._cloud.project(project_id).endpoint_groups
        return [item.body for key, item in sorted(groups.items()) if key.startswith(f"{zone}/")]

    def _existing(self, call: Call) -> Resource:
        group = self._cloud.project(call.project).endpoint_groups.get(_key(call))
        if group is None:
            raise not_found(_path(call))
        return group

    def _deleted(self, operation: Operation) -> None:
        self._cloud.project(operation.project).endpoint_groups.pop(operation.arguments["group"], None)


def _key(call: Call) -> str:
    return f"{call.params['zone']}/{call.params['group']}"


def _path(call: Call) -> str:
    return f"projects/{call.project}/zones/{call.params['zone']}/networkEndpointGroups/{call.params['group']}"
