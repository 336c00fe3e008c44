# SPDX-License-Identifier: Apache-2.0
"""firewalls: get, list, insert, patch, update, delete; each change reaches the engine's network."""

from __future__ import annotations

from google.cloud import compute_v1

from gkelab.cloud import protojson
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.compute.ranges import parse_source
from gkelab.cloud.defaults_vpc import OUTPUT_ONLY, firewall_body
from gkelab.cloud.errors import (
    ApiError,
    Json,
    already_exists,
    invalid_field,
    not_found,
    not_ready,
    required_field,
)
from gkelab.cloud.operations import Effect, OperationError
from gkelab.cloud.references import check_name, network_ref
from gkelab.cloud.state import Operation, Resource

HIGHEST_PRIORITY_NUMBER = 65535


class Firewalls:
    """The firewall rules of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        cloud.operations.register("firewall.insert", Effect(finish=lambda _: None, work=self._sync, fail=self._undo))
        cloud.operations.register("firewall.patch", Effect(finish=lambda _: None, work=self._patch_and_sync))
        cloud.operations.register("firewall.delete", Effect(finish=lambda _: None, work=self._delete_and_sync))

    def get(self, call: Call) -> Json:
        """Answer one rule."""
        return self._existing(call.project, call.params["firewall"]).body

    def list_all(self, call: Call) -> Json:
        """Answer the rules of a project."""
        items = [item.body for _, item in sorted(self._cloud.project(call.project).firewalls.items())]
        return answers.listing(call, "firewallList", f"projects/{call.project}/global/firewalls", items)

    def insert(self, call: Call) -> Json:
        """Start to make a rule."""
        asked = protojson.parse(call.body, compute_v1.Firewall, root="resource")
        if not asked.get("name"):
            raise required_field("resource.name")
        check_name(asked["name"])
        network = network_ref(asked.get("network", "global/networks/default"), call.project)
        project = self._cloud.project(call.project)
        if asked["name"] in project.firewalls:
            raise already_exists(_path(call.project, asked["name"]))
        if self._cloud.network(network) is None:
            raise not_found(network.path)
        if self._cloud.operations.holder(f"network {network.key}"):
            raise not_ready(network.path)
        _check(asked)
        body = firewall_body(self._cloud.state, asked["name"], network, call.project, asked)
        project.firewalls[asked["name"]] = Resource(body)
        return self._start(call, asked["name"], "insert", {})

    def patch(self, call: Call) -> Json:
        """Start to change a rule; lists are replaced whole, what is not sent stays."""
        name = call.params["firewall"]
        body = self._ready(call.project, name).body
        asked = protojson.parse(call.body, compute_v1.Firewall, root="resource")
        changes = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
        if "network" in changes:
            changes["network"] = network_ref(changes["network"], call.project).link
        fixed = [key for key in ("name", "network", "direction") if key in changes and changes[key] != body[key]]
        if fixed:
            text = f"The following field(s) specified in the request cannot be modified: [{', '.join(fixed)}]"
            raise ApiError(400, "invalid", f"Invalid value for field 'resource': '{asked}'. {text}")
        _check(body | changes)
        return self._start(call, name, "patch", {"changes": changes})

    def delete(self, call: Call) -> Json:
        """Start to delete a rule."""
        name = call.params["firewall"]
        self._ready(call.project, name)
        return self._start(call, name, "delete", {})

    def _start(self, call: Call, name: str, kind: str, arguments: Json) -> Json:
        return answers.start(
            self._cloud,
            call,
            scope="global",
            kind=kind,
            noun="firewall",
            target=_path(call.project, name),
            target_id=self._existing(call.project, name).body["id"],
            effect=f"firewall.{kind}",
            arguments={"firewall": name, **arguments},
            locks=[f"firewall {call.project}/{name}"],
        )

    def _existing(self, project_id: str, name: str) -> Resource:
        resource = self._cloud.project(project_id).firewalls.get(name)
        if resource is None:
            raise not_found(_path(project_id, name))
        return resource

    def _ready(self, project_id: str, name: str) -> Resource:
        resource = self._existing(project_id, name)
        if self._cloud.operations.holder(f"firewall {project_id}/{name}"):
            raise not_ready(_path(project_id, name))
        return resource

    async def _sync(self, operation: Operation) -> None:
        body = self._existing(operation.project, operation.arguments["firewall"]).body
        await self._cloud.sync_network(network_ref(body["network"], operation.project))

    async def _patch_and_sync(self, operation: Operation) -> None:
        body = self._existing(operation.project, operation.arguments["firewall"]).body
        body |= operation.arguments["changes"]
        await self._sync(operation)

    async def _delete_and_sync(self, operation: Operation) -> None:
        rules = self._cloud.project(operation.project).firewalls
        rule = rules.pop(operation.arguments["firewall"], None)
        if rule is not None:
            await self._cloud.sync_network(network_ref(rule.body["network"], operation.project))

    def _undo(self, operation: Operation, error: OperationError) -> None:
        self._cloud.project(operation.project).firewalls.pop(operation.arguments["firewall"], None)


def _path(project_id: str, name: str) -> str:
    return f"projects/{project_id}/global/firewalls/{name}"


def _check(body: Json) -> None:
    if bool(body.get("allowed")) == bool(body.get("denied")):
        # Invented text: no public source gives it.
        raise ApiError(400, "invalid", "Exactly one of the fields 'allowed' and 'denied' must be specified.")
    if not 0 <= body.get("priority", 0) <= HIGHEST_PRIORITY_NUMBER:
        # Invented text: no public source gives it.
        raise invalid_field("resource.priority", str(body["priority"]), "Must be between 0 and 65535.")
    for field in ("sourceRanges", "destinationRanges"):
        for index, text in enumerate(body.get(field, ())):
            parse_source(text, f"resource.{field}[{index}]")
