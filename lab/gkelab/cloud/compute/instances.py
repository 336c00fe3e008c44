# SPDX-License-Identifier: Apache-2.0
"""instances: get, list, aggregatedList. The only machines are nodes.

The fields are those of compute_v1.Instance; no public recording shows a node with additional networks.
"""

from __future__ import annotations

from collections.abc import Iterator

from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.errors import Json, not_found
from gkelab.cloud.geography import REGIONS, zones_of
from gkelab.cloud.identity import digest
from gkelab.cloud.references import LINK_BASE, NetworkRef, SubnetworkRef
from gkelab.cloud.state import Node, NodeNic


class Instances:
    """The machines of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get(self, call: Call) -> Json:
        """Answer one machine."""
        zone, name = call.params["zone"], call.params["instance"]
        found = next((body for body in self._in_zone(call.project, zone) if body["name"] == name), None)
        if found is None:
            raise not_found(f"projects/{call.project}/zones/{zone}/instances/{name}")
        return found

    def list_all(self, call: Call) -> Json:
        """Answer the machines of a zone."""
        zone = call.params["zone"]
        path = f"projects/{call.project}/zones/{zone}/instances"
        return answers.listing(call, "instanceList", path, list(self._in_zone(call.project, zone)))

    def aggregated_list(self, call: Call) -> Json:
        """Answer the machines of all zones, by zone."""
        zones = (zone for region in REGIONS for zone in zones_of(region))
        found = {f"zones/{zone}": list(self._in_zone(call.project, zone)) for zone in zones}
        return answers.aggregated(call, "instances", "instanceAggregatedList", found)

    def _in_zone(self, project_id: str, zone: str) -> Iterator[Json]:
        for key, cluster in self._cloud.clusters():
            if key.startswith(f"{project_id}/"):
                for pool in cluster.pools.values():
                    for node in pool.nodes:
                        if node.zone == zone:
                            yield _body(project_id, node, pool.body["config"]["machineType"])


def _body(project_id: str, node: Node, machine_type: str) -> Json:
    zone = f"{LINK_BASE}projects/{project_id}/zones/{node.zone}"
    return {
        "kind": "compute#instance",
        "id": str(int(digest("instance", project_id, node.zone, node.name)[:15], 16)),
        "name": node.name,
        "zone": zone,
        "machineType": f"{zone}/machineTypes/{machine_type}",
        "status": "RUNNING",
        "networkInterfaces": [_interface(number, nic) for number, nic in enumerate(node.nics)],
        "selfLink": f"{zone}/instances/{node.name}",
    }


def _interface(number: int, nic: NodeNic) -> Json:
    aliases = [{"ipCidrRange": alias.block, "subnetworkRangeName": alias.range_name} for alias in nic.aliases]
    return {
        "kind": "compute#networkInterface",
        "name": f"nic{number}",
        "network": NetworkRef.of_key(nic.network).link,
        "subnetwork": LINK_BASE + SubnetworkRef.of_key(nic.subnetwork).path,
        "networkIP": nic.address,
        "stackType": "IPV4_ONLY",
        **({"aliasIpRanges": aliases} if aliases else {}),
    }
