# SPDX-License-Identifier: Apache-2.0
"""Forms that all Compute collections share: operations, lists, pages, filters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from gkelab.cloud import invented
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import Json, invalid_field
from gkelab.cloud.geography import is_region
from gkelab.cloud.identity import compute_time
from gkelab.cloud.references import LINK_BASE
from gkelab.cloud.state import Operation

LIST_LIMIT = 500
_TERM = re.compile(r"([\w.]+)\s*(!=|=|:|\beq\b|\bne\b)\s*(?:\"([^\"]*)\"|([^\s()\"]+))")


def operation_body(operation: Operation) -> Json:
    """Return an operation as Compute answers it."""
    body: Json = {
        "kind": "compute#operation",
        "id": operation.identity,
        "name": operation.name,
        "operationType": operation.kind,
        "targetLink": LINK_BASE + operation.target,
        "targetId": operation.target_id,
        "status": operation.status,
        "user": operation.user,
        "progress": 100 if operation.status == "DONE" else 0,
        "insertTime": compute_time(operation.started),
        "startTime": compute_time(operation.started),
        "selfLink": f"{LINK_BASE}projects/{operation.project}/{operation.scope}/operations/{operation.name}",
    }
    collection, _, name = operation.scope.partition("/")
    if name:
        body[collection[:-1]] = f"{LINK_BASE}projects/{operation.project}/{operation.scope}"
    if operation.ended is not None:
        body["endTime"] = compute_time(operation.ended)
    if operation.error is not None:
        status, message = operation.error["http"]
        body["error"] = {"errors": [{"code": operation.error["code"], "message": operation.error["message"]}]}
        body |= {"httpErrorStatusCode": status, "httpErrorMessage": message}
    return body


def start(
    cloud: Cloud,
    call: Call,
    *,
    scope: str,
    kind: str,
    noun: str,
    target: str,
    target_id: str,
    effect: str,
    arguments: Json,
    locks: Sequence[str],
) -> Json:
    """Start an operation on a resource of kind ``noun`` and return its first answer."""
    operation = cloud.operations.start(
        call.project,
        api="compute",
        scope=scope,
        user=call.principal,
        kind=kind,
        target=target,
        target_id=target_id,
        effect=effect,
        latency=f"{noun}.{kind}",
        arguments=arguments,
        request_id=call.query.get("requestId", ""),
        locks=locks,
    )
    return operation_body(operation)


def idempotent(cloud: Cloud, handler: Callable[[Call], Json]) -> Callable[[Call], Json]:
    """Answer a mutation whose requestId was seen before with the operation that it started then."""

    def answer(call: Call) -> Json:
        project = cloud.project(call.project)
        name = project.requests.get(call.query.get("requestId", ""))
        if name is not None and name in project.operations:
            return operation_body(project.operations[name])
        return handler(call)

    return answer


def in_called_version(handler: Callable[[Call], Json]) -> Callable[[Call], Json]:
    """Give answers links in the version that was called: v1, or beta, which has the same resources here."""

    def answer(call: Call) -> Json:
        body = handler(call)
        return body if call.version == "v1" else linked_in(call.version, body)

    return answer


def linked_in(version: str, body: Json) -> Json:
    """Return a body with the links of another version of the API."""
    linked: Json = json.loads(json.dumps(body).replace(LINK_BASE, LINK_BASE.replace("/v1/", f"/{version}/")))
    return linked


def listing(call: Call, kind: str, path: str, items: Sequence[Json]) -> Json:
    """Return a page of a list; ``kind`` is networkList and the like, ``path`` that of the collection."""
    chosen = [item for item in items if _matches(item, call.query.get("filter", ""))]
    page, token = _page(call, chosen)
    body: Json = {"kind": f"compute#{kind}", "id": path, "selfLink": LINK_BASE + path}
    if page:
        body["items"] = page
    return body | ({"nextPageToken": token} if token else {})


def aggregated(call: Call, collection: str, kind: str, scopes: Mapping[str, Sequence[Json]]) -> Json:
    """Return a list over all scopes ("regions/R", "zones/Z"); ``collection`` is subnetworks and the like."""
    path = f"projects/{call.project}/aggregated/{collection}"
    items: Json = {}
    for scope, found in scopes.items():
        page = listing(call, "", path, found).get("items")
        items[scope] = {collection: page} if page else _nothing_in(scope)
    return {"kind": f"compute#{kind}", "id": path, "items": items, "selfLink": LINK_BASE + path}


def _nothing_in(scope: str) -> Json:
    return {
        "warning": {
            "code": "NO_RESULTS_ON_PAGE",
            "message": f"There are no results for scope '{scope}' on this page.",
            "data": [{"key": "scope", "value": scope}],
        }
    }


def _page(call: Call, items: Sequence[Json]) -> tuple[Sequence[Json], str]:
    first = _number(call, "pageToken", 0)
    last = first + _number(call, "maxResults", LIST_LIMIT)
    return items[first:last], str(last) if last < len(items) else ""


def _number(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name, str(otherwise))
    if not text.isdecimal():
        raise invalid_field(name, text, "")
    return int(text)


def _matches(item: Json, expression: str) -> bool:
    """Apply ``field=value`` terms joined by AND or spaces; other filters of Compute are not modelled.

    Where the operator is a word, the value is a regular expression (documentation of ``filter``).
    """
    terms = _TERM.findall(expression)
    if expression and not terms:
        raise invalid_field("filter", expression, invented.BAD_FILTER)
    for name, operator, quoted, bare in terms:
        wanted = quoted or bare
        value: object = item
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        same = shown == wanted or (operator in ("=", "eq", ":") and shown.endswith("/" + wanted))
        if operator in ("eq", "ne"):
            same = same or re.fullmatch(wanted, shown) is not None
        if same == (operator in ("!=", "ne")):
            return False
    return True


def check_region(region: str) -> None:
    """Refuse a region that does not exist."""
    if not is_region(region):
        raise invalid_field("region", region, "Unknown region.")
