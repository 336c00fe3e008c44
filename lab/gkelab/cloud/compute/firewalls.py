# SPDX-License-Identifier: Apache-2.0
"""firewalls: get, list, insert, patch, update, delete; each change reaches the engine's network."""

from __future__ import annotations

from google.cloud import compute_v1

from gkelab.cloud import protojson
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.compute import answers
from gkelab.cloud.compute.firewall_checks import check_rule
from gkelab.cloud.defaults_vpc import OUTPUT_ONLY, firewall_body
from gkelab.cloud.errors import (
    ApiError,
    Json,
    already_exists,
    not_found,
    not_ready,
    required_field,
)
from gkelab.cloud.operations import Effect, OperationError
from gkelab.cloud.references import check_name, network_ref
from gkelab.cloud.state import Operation, Resource


class Firewalls:
    """The firewall rules of all projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        effect = Effect(finish=lambda _: None, work=self._put_and_sync, fail=self._restore)
        cloud.operations.register("firewall.change", effect)

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
        if asked["name"] in self._cloud.project(call.project).firewalls:
            raise already_exists(_path(call.project, asked["name"]))
        if self._cloud.network(network) is None:
            raise not_found(network.path)
        if self._cloud.operations.holder(f"network {network.key}"):
            raise not_ready(network.path)
        check_rule(asked)
        body = firewall_body(self._cloud.state, asked["name"], network, call.project, asked)
        return self._start(call, "insert", None, body)

    def patch(self, call: Call) -> Json:
        """Start to change a rule; lists are replaced whole, what is not sent stays."""
        body = self._ready(call.project, call.params["firewall"]).body
        after = body | self._changes(call, body)
        check_rule(after)
        return self._start(call, "patch", body, after)

    def update(self, call: Call) -> Json:
        """Start to replace a rule; what is not sent gets its default."""
        body = self._ready(call.project, call.params["firewall"]).body
        changes = self._changes(call, body)
        check_rule(changes)
        network = network_ref(body["network"], call.project)
        after = firewall_body(self._cloud.state, body["name"], network, call.project, changes)
        return self._start(call, "update", body, after | {key: body[key] for key in OUTPUT_ONLY & body.keys()})

    def delete(self, call: Call) -> Json:
        """Start to delete a rule."""
        return self._start(call, "delete", self._ready(call.project, call.params["firewall"]).body, None)

    def _changes(self, call: Call, body: Json) -> Json:
        """Return what a patch or an update sends; refuse what cannot change."""
        asked = protojson.parse(call.body, compute_v1.Firewall, root="resource")
        changes = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
        if "network" in changes:
            changes["network"] = network_ref(changes["network"], call.project).link
        fixed = [key for key in ("name", "network", "direction") if key in changes and changes[key] != body[key]]
        if fixed:
            text = f"The following field(s) specified in the request cannot be modified: [{', '.join(fixed)}]"
            raise ApiError(400, "invalid", f"Invalid value for field 'resource': '{asked}'. {text}")
        return changes

    def _start(self, call: Call, kind: str, before: Json | None, after: Json | None) -> Json:
        """Start to change a rule's body; None is no rule. A rule that goes is there until the operation runs."""
        body = after or before or {}
        name = body["name"]
        if before is None:
            self._cloud.project(call.project).firewalls[name] = Resource(body)
        return answers.start(
            self._cloud,
            call,
            scope="global",
            kind=kind,
            noun="firewall",
            target=_path(call.project, name),
            target_id=body["id"],
            effect="firewall.change",
            arguments={"firewall": name, "network": body["network"], "before": before, "after": after},
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

    async def _put_and_sync(self, operation: Operation) -> None:
        self._put(operation, operation.arguments["after"])
        await self._cloud.sync_network(network_ref(operation.arguments["network"], operation.project))

    def _restore(self, operation: Operation, error: OperationError) -> None:
        """Take a change back that the network has refused: it would refuse every later one with it."""
        self._put(operation, operation.arguments["before"])

    def _put(self, operation: Operation, body: Json | None) -> None:
        rules = self._cloud.project(operation.project).firewalls
        if body is None:
            rules.pop(operation.arguments["firewall"], None)
        else:
            rules[operation.arguments["firewall"]] = Resource(body)


def _path(project_id: str, name: str) -> str:
    return f"projects/{project_id}/global/firewalls/{name}"
