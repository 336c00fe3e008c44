# SPDX-License-Identifier: Apache-2.0
"""networks: get, list, insert, patch, switchToCustomMode, delete."""

from __future__ import annotations

from google.cloud import compute_v1

from gkelab.cloud import invented, protojson
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.defaults_vpc import add_auto_subnetworks, network_body, ula_range
from gkelab.cloud.errors import (
    ApiError,
    Json,
    already_exists,
    in_use_text,
    invalid_field,
    not_found,
    not_ready,
    required_field,
)
from gkelab.cloud.operations import Effect, OperationError
from gkelab.cloud.references import NetworkRef, check_name
from gkelab.cloud.state import Operation, Resource

SMALLEST_MTU, LARGEST_MTU = 1300, 8896
PATCHABLE = {
    "routingConfig",
    "mtu",
    "networkFirewallPolicyEnforcementOrder",
    "enableUlaInternalIpv6",
    "internalIpv6Range",
}


class Networks:
    """The networks of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        cloud.operations.register("network.insert", Effect(finish=lambda _: None, work=self._inserted, fail=self._undo))
        cloud.operations.register("network.patch", Effect(finish=self._patched))
        cloud.operations.register("network.delete", Effect(finish=self._deleted, work=self._take_down))

    def get(self, call: Call) -> Json:
        """Answer one network."""
        ref = NetworkRef(call.project, call.params["network"])
        return self._view(ref, self._existing(ref))

    def list_all(self, call: Call) -> Json:
        """Answer the networks of a project."""
        project = self._cloud.project(call.project)
        items = [self._view(NetworkRef(call.project, name), item) for name, item in sorted(project.networks.items())]
        return answers.listing(call, "networkList", f"projects/{call.project}/global/networks", items)

    def insert(self, call: Call) -> Json:
        """Start to make a network."""
        asked = protojson.parse(call.body, compute_v1.Network, root="resource")
        if not asked.get("name"):
            raise required_field("resource.name")
        check_name(asked["name"])
        _check_mtu(asked)
        ref = NetworkRef(call.project, asked["name"])
        project = self._cloud.project(call.project)
        if ref.name in project.networks:
            raise already_exists(ref.path)
        if "autoCreateSubnetworks" not in asked:
            raise ApiError(400, "badRequest", invented.LEGACY_NETWORK)
        resource = Resource(network_body(self._cloud.state, ref, asked))
        project.networks[ref.name] = resource
        if asked["autoCreateSubnetworks"]:
            add_auto_subnetworks(self._cloud.state, ref)
        return self._start(call, ref, "insert", "network.insert", {})

    def patch(self, call: Call) -> Json:
        """Start to change a network."""
        ref = NetworkRef(call.project, call.params["network"])
        resource = self._ready(ref)
        asked = protojson.parse(call.body, compute_v1.Network, root="resource")
        fixed = [key for key, value in asked.items() if key not in PATCHABLE and resource.body.get(key) != value]
        if fixed:
            text = f"The following field(s) specified in the request cannot be modified: [{', '.join(fixed)}]"
            raise ApiError(400, "invalid", f"Invalid value for field 'resource': '{asked}'. {text}")
        _check_mtu(asked)
        changes = {key: value for key, value in asked.items() if key in PATCHABLE}
        return self._start(call, ref, "updateNetwork", "network.patch", {"changes": changes})

    def switch_to_custom_mode(self, call: Call) -> Json:
        """Start to make an auto mode network a custom one; its subnetworks stay."""
        ref = NetworkRef(call.project, call.params["network"])
        if not self._ready(ref).body.get("autoCreateSubnetworks"):
            raise invalid_field("network", ref.link, invented.ALREADY_CUSTOM)
        changes = {"autoCreateSubnetworks": False}
        return self._start(call, ref, "switchToCustomMode", "network.patch", {"changes": changes})

    def delete(self, call: Call) -> Json:
        """Start to delete a network; who still uses it makes the operation fail."""
        ref = NetworkRef(call.project, call.params["network"])
        self._ready(ref)
        if self._cloud.operations.holder(f"deletion in {ref.key}"):
            raise not_ready(ref.path)
        return self._start(call, ref, "delete", "network.delete", {})

    def _start(self, call: Call, ref: NetworkRef, kind: str, effect: str, arguments: Json) -> Json:
        return answers.start(
            self._cloud,
            call,
            scope="global",
            kind=kind,
            noun="network",
            target=ref.path,
            target_id=self._existing(ref).body["id"],
            effect=effect,
            arguments={"network": ref.key, **arguments},
            locks=[f"network {ref.key}"],
        )

    def _existing(self, ref: NetworkRef) -> Resource:
        resource = self._cloud.network(ref)
        if resource is None:
            raise not_found(ref.path)
        return resource

    def _ready(self, ref: NetworkRef) -> Resource:
        resource = self._existing(ref)
        if self._cloud.operations.holder(f"network {ref.key}"):
            raise not_ready(ref.path)
        return resource

    def _view(self, ref: NetworkRef, resource: Resource) -> Json:
        links = [subnetwork.link for subnetwork, _ in self._cloud.subnetworks_of(ref)]
        return resource.body | ({"subnetworks": links} if links else {})

    async def _inserted(self, operation: Operation) -> None:
        await self._cloud.sync_network(NetworkRef.of_key(operation.arguments["network"]))

    def _undo(self, operation: Operation, error: OperationError) -> None:
        self._deleted(operation)

    def _patched(self, operation: Operation) -> None:
        ref = NetworkRef.of_key(operation.arguments["network"])
        body = self._existing(ref).body
        for key, value in operation.arguments["changes"].items():
            body[key] = body[key] | value if isinstance(value, dict) else value
        if body.get("enableUlaInternalIpv6"):
            body.setdefault("internalIpv6Range", ula_range(body["id"]))

    async def _take_down(self, operation: Operation) -> None:
        ref = NetworkRef.of_key(operation.arguments["network"])
        user = self._user(ref)
        if user:
            text = in_use_text("network", ref.path, user)
            raise OperationError("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", text)
        await self._cloud.remove_network(ref)

    def _deleted(self, operation: Operation) -> None:
        ref = NetworkRef.of_key(operation.arguments["network"])
        project = self._cloud.project(ref.project)
        for subnetwork, _ in list(self._cloud.subnetworks_of(ref)):
            del project.subnetworks[f"{subnetwork.region}/{subnetwork.name}"]
        project.networks.pop(ref.name, None)

    def _user(self, ref: NetworkRef) -> str:
        """Return the path of something that keeps a network from being deleted."""
        for name, rule in self._cloud.project(ref.project).firewalls.items():
            if rule.body["network"] == ref.link:
                return f"projects/{ref.project}/global/firewalls/{name}"
        for key, cluster in self._cloud.clusters():
            for node in (node for pool in cluster.pools.values() for node in pool.nodes):
                if any(nic.network == ref.key for nic in node.nics):
                    return f"projects/{key.split('/')[0]}/zones/{node.zone}/instances/{node.name}"
        for subnetwork, _ in self._cloud.subnetworks_of(ref):
            if not self._existing(ref).body.get("autoCreateSubnetworks") or subnetwork.name != ref.name:
                return subnetwork.path
        for key, group in self._cloud.project(ref.project).endpoint_groups.items():
            if group.body["network"] == ref.link:
                zone, _, name = key.partition("/")
                return f"projects/{ref.project}/zones/{zone}/networkEndpointGroups/{name}"
        return ""


def _check_mtu(asked: Json) -> None:
    mtu = asked.get("mtu")
    if mtu is not None and not SMALLEST_MTU <= mtu <= LARGEST_MTU:
        raise invalid_field("resource.mtu", str(mtu), invented.MTU.format(least=SMALLEST_MTU, most=LARGEST_MTU))
