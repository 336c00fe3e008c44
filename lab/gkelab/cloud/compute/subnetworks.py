# SPDX-License-Identifier: Apache-2.0
"""subnetworks: get, list, aggregatedList, insert, patch, expandIpCidrRange, setPrivateIpGoogleAccess, delete."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from google.cloud import compute_v1

from gkelab.cloud import invented, protojson, usage
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.compute.ranges import check_primary, check_secondary, parse_range
from gkelab.cloud.defaults_vpc import log_config, subnetwork_body
from gkelab.cloud.errors import (
    ApiError,
    Json,
    already_exists,
    in_use,
    invalid_field,
    not_found,
    not_ready,
    required_field,
)
from gkelab.cloud.geography import REGIONS
from gkelab.cloud.identity import fingerprint, is_current
from gkelab.cloud.operations import Effect, OperationError
from gkelab.cloud.references import NetworkRef, SubnetworkRef, check_name, network_ref, region_name
from gkelab.cloud.state import Operation, Resource
from gkelab.engine import gateway

PATCHABLE = {
    "secondaryIpRanges",
    "logConfig",
    "enableFlowLogs",
    "stackType",
    "ipv6AccessType",
    "privateIpv6GoogleAccess",
    "allowSubnetCidrRoutesOverlap",
    "purpose",
    "role",
}


class Subnetworks:
    """The subnetworks of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        cloud.operations.register("subnetwork.insert", Effect(lambda _: None, fail=self._undo))
        cloud.operations.register("subnetwork.patch", Effect(finish=self._patched))
        cloud.operations.register("subnetwork.delete", Effect(finish=self._deleted))

    def get(self, call: Call) -> Json:
        """Answer one subnetwork."""
        return self._existing(self._ref(call)).body

    def list_all(self, call: Call) -> Json:
        """Answer the subnetworks of a region."""
        region = call.params["region"]
        answers.check_region(region)
        path = f"projects/{call.project}/regions/{region}/subnetworks"
        return answers.listing(call, "subnetworkList", path, self._in_region(call.project, region))

    def aggregated_list(self, call: Call) -> Json:
        """Answer the subnetworks of all regions, by region."""
        found = {f"regions/{region}": self._in_region(call.project, region) for region in REGIONS}
        return answers.aggregated(call, "subnetworks", "subnetworkAggregatedList", found)

    def insert(self, call: Call) -> Json:
        """Start to make a subnetwork."""
        answers.check_region(call.params["region"])
        asked = protojson.parse(call.body, compute_v1.Subnetwork, root="resource")
        for field in ("name", "network", "ipCidrRange"):
            if not asked.get(field):
                raise required_field(f"resource.{field}")
        check_name(asked["name"])
        ref = SubnetworkRef(call.project, call.params["region"], asked["name"])
        if region_name(asked.get("region", ref.region)) != ref.region:
            raise invalid_field("resource.region", asked["region"], invented.OTHER_REGION.format(region=ref.region))
        network = network_ref(asked["network"], call.project)
        self._check_network(network)
        project = self._cloud.project(call.project)
        if f"{ref.region}/{ref.name}" in project.subnetworks:
            raise already_exists(ref.path)
        check_primary(self._cloud, network, asked["ipCidrRange"])
        secondary = asked.get("secondaryIpRanges", [])
        check_secondary(self._cloud, network, ref, asked["ipCidrRange"], secondary, known=())
        body = subnetwork_body(self._cloud.state, ref, network, asked)
        project.subnetworks[f"{ref.region}/{ref.name}"] = Resource(body)
        return self._start(call, ref, "insert", {})

    def patch(self, call: Call) -> Json:
        """Start to change a subnetwork; the fingerprint must be current."""
        ref = self._ref(call)
        resource = self._ready(ref)
        asked = protojson.parse(call.body, compute_v1.Subnetwork, root="resource")
        if not asked.get("fingerprint"):
            raise required_field("resource.fingerprint")
        if not is_current(asked["fingerprint"], resource.body["fingerprint"]):
            raise ApiError(412, "conditionNotMet", invented.STALE_FINGERPRINT)
        if "secondaryIpRanges" in call.json:
            asked.setdefault("secondaryIpRanges", [])
        fixed = [
            key
            for key, value in asked.items()
            if key not in PATCHABLE | {"fingerprint"} and not _same(key, value, resource.body.get(key))
        ]
        if fixed:
            text = f"The following field(s) specified in the request cannot be modified: [{', '.join(fixed)}]"
            raise ApiError(400, "invalid", f"Invalid value for field 'resource': '{asked}'. {text}")
        if "secondaryIpRanges" in asked:
            self._check_new_ranges(ref, resource.body, asked["secondaryIpRanges"])
        changes = {key: value for key, value in asked.items() if key in PATCHABLE}
        return self._start(call, ref, "patch", changes)

    def expand(self, call: Call) -> Json:
        """Start to widen the primary range."""
        ref = self._ref(call)
        resource = self._ready(ref)
        kind = compute_v1.SubnetworksExpandIpCidrRangeRequest
        asked = protojson.parse(call.body, kind, root="resource").get("ipCidrRange", "")
        wanted = parse_range(asked, "ipCidrRange")
        present = IPv4Network(resource.body["ipCidrRange"])
        if not present.subnet_of(wanted) or present == wanted:
            raise invalid_field("ipCidrRange", asked, invented.NOT_A_SUPERSET.format(present=present))
        network = network_ref(resource.body["network"], ref.project)
        check_primary(self._cloud, network, asked, besides=ref)
        check_secondary(
            self._cloud, network, ref, asked, resource.body.get("secondaryIpRanges", []), known=_names(resource.body)
        )
        return self._start(
            call, ref, "expandIpCidrRange", {"ipCidrRange": asked, "gatewayAddress": str(gateway(asked))}
        )

    def set_private_access(self, call: Call) -> Json:
        """Start to switch Private Google Access."""
        ref = self._ref(call)
        self._ready(ref)
        kind = compute_v1.SubnetworksSetPrivateIpGoogleAccessRequest
        wanted = protojson.parse(call.body, kind, root="resource").get("privateIpGoogleAccess", False)
        return self._start(call, ref, "setPrivateIpGoogleAccess", {"privateIpGoogleAccess": wanted})

    def delete(self, call: Call) -> Json:
        """Start to delete a subnetwork that nobody uses."""
        ref = self._ref(call)
        self._ready(ref)
        user = usage.user_of_subnetwork(self._cloud, ref)
        if user:
            raise in_use("subnetwork", ref.path, user)
        return self._start(call, ref, "delete", {})

    def _start(self, call: Call, ref: SubnetworkRef, kind: str, changes: Json) -> Json:
        body = self._existing(ref).body
        network = network_ref(body["network"], ref.project)
        locks = [f"subnetwork {ref.key}"]
        if kind == "delete":
            locks.append(f"deletion in {network.key}")
        return answers.start(
            self._cloud,
            call,
            scope=f"regions/{ref.region}",
            kind=kind,
            noun="subnetwork",
            target=ref.path,
            target_id=body["id"],
            effect=f"subnetwork.{kind}" if kind in ("insert", "delete") else "subnetwork.patch",
            arguments={"subnetwork": ref.key, "changes": changes},
            locks=locks,
        )

    def _ref(self, call: Call) -> SubnetworkRef:
        answers.check_region(call.params["region"])
        return SubnetworkRef(call.project, call.params["region"], call.params["subnetwork"])

    def _existing(self, ref: SubnetworkRef) -> Resource:
        resource = self._cloud.subnetwork(ref)
        if resource is None:
            raise not_found(ref.path)
        return resource

    def _ready(self, ref: SubnetworkRef) -> Resource:
        resource = self._existing(ref)
        if self._cloud.operations.holder(f"subnetwork {ref.key}"):
            raise not_ready(ref.path)
        return resource

    def _check_network(self, network: NetworkRef) -> None:
        if self._cloud.network(network) is None:
            raise not_found(network.path)
        if self._cloud.operations.holder(f"network {network.key}"):
            raise not_ready(network.path)

    def _in_region(self, project_id: str, region: str) -> list[Json]:
        subnetworks = self._cloud.project(project_id).subnetworks
        return [item.body for key, item in sorted(subnetworks.items()) if key.startswith(f"{region}/")]

    def _check_new_ranges(self, ref: SubnetworkRef, body: Json, wanted: Sequence[Json]) -> None:
        present = {item["rangeName"]: item["ipCidrRange"] for item in body.get("secondaryIpRanges", ())}
        names = [item.get("rangeName", "") for item in wanted]
        added = [name for name in names if name not in present]
        removed = [name for name in present if name not in names]
        if added and removed:
            text = (
                "Cannot add and remove secondary IP ranges in the same request. "
                f"Added ranges: [{', '.join(added)}]. Removed ranges: [{', '.join(removed)}]."
            )
            raise invalid_field("resource.secondaryIpRanges", "", text)
        for index, item in enumerate(wanted):
            cidr = item.get("ipCidrRange", "")
            if present.get(item.get("rangeName", ""), cidr) != cidr:
                field = f"resource.secondaryIpRanges[{index}].ipCidrRange"
                raise invalid_field(field, cidr, "Existing secondary range cannot be modified.")
        network = network_ref(body["network"], ref.project)
        check_secondary(self._cloud, network, ref, body["ipCidrRange"], wanted, known=list(present))
        for name in removed:
            user = usage.user_of_range(self._cloud, ref, name)
            if user:
                raise in_use("subnetwork", ref.path, user)

    def _patched(self, operation: Operation) -> None:
        body = self._existing(SubnetworkRef.of_key(operation.arguments["subnetwork"])).body
        body |= operation.arguments["changes"]
        if not body.get("secondaryIpRanges"):
            body.pop("secondaryIpRanges", None)
        if "logConfig" in operation.arguments["changes"]:
            body["enableFlowLogs"] = bool(body["logConfig"].get("enable"))
            body["logConfig"] = log_config(body["logConfig"], body["enableFlowLogs"])
        body["fingerprint"] = fingerprint(body)

    def _undo(self, operation: Operation, error: OperationError) -> None:
        self._deleted(operation)

    def _deleted(self, operation: Operation) -> None:
        ref = SubnetworkRef.of_key(operation.arguments["subnetwork"])
        self._cloud.project(ref.project).subnetworks.pop(f"{ref.region}/{ref.name}", None)


def _names(body: Json) -> list[str]:
    return [item["rangeName"] for item in body.get("secondaryIpRanges", ())]


def _same(key: str, wanted: object, present: object) -> bool:
    """Tell whether a field is sent as it is; references may be spelled in any way."""
    if key in ("network", "region"):
        return str(present).endswith("/" + str(wanted).rpartition("/")[2])
    return wanted == present
