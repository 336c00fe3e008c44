# SPDX-License-Identifier: Apache-2.0
"""google.container.v1.ClusterManager over gRPC.

Each call is turned into the request that the proto's google.api.http rule names, and sent to the lab's own HTTP port;
so both have the same handlers, credentials, faults and log. The answer, or the refusal, is turned back.
"""

from __future__ import annotations

import json
import pathlib
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import grpc
import grpc.aio
from google.cloud import container_v1
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from gkelab.cloud.certificate import certificate
from gkelab.cloud.errors import Json

SERVICE = "google.container.v1.ClusterManager"
SHUTDOWN_SECONDS = 0.1
# Call metadata that the front end looks at.
_PASSED_ON = ("authorization", "user-agent", "x-goog-user-project")
_STATUS_DETAILS = "grpc-status-details-bin"
_DETAILS = error_details_pb2.DESCRIPTOR.package  # json_format finds only details whose module is imported
# Fields that name the resource in the older way, and where they stand in its name.
_OLDER_NAMES = {
    "projectId": "projects",
    "zone": "locations",
    "clusterId": "clusters",
    "nodePoolId": "nodePools",
    "operationId": "operations",
}


class Rule(NamedTuple):
    """The HTTP form of a method: the field with the resource's name, and what follows it in the path."""

    verb: str
    field: str
    rest: str
    answer: str


RULES = {
    "ListClusters": Rule("GET", "parent", "/clusters", "ListClustersResponse"),
    "GetCluster": Rule("GET", "name", "", "Cluster"),
    "CreateCluster": Rule("POST", "parent", "/clusters", "Operation"),
    "UpdateCluster": Rule("PUT", "name", "", "Operation"),
    "DeleteCluster": Rule("DELETE", "name", "", "Operation"),
    "SetAddonsConfig": Rule("POST", "name", ":setAddons", "Operation"),
    "SetLabels": Rule("POST", "name", ":setResourceLabels", "Operation"),
    "SetLegacyAbac": Rule("POST", "name", ":setLegacyAbac", "Operation"),
    "SetLocations": Rule("POST", "name", ":setLocations", "Operation"),
    "SetLoggingService": Rule("POST", "name", ":setLogging", "Operation"),
    "SetMaintenancePolicy": Rule("POST", "name", ":setMaintenancePolicy", "Operation"),
    "SetMonitoringService": Rule("POST", "name", ":setMonitoring", "Operation"),
    "SetNetworkPolicy": Rule("POST", "name", ":setNetworkPolicy", "Operation"),
    "UpdateMaster": Rule("POST", "name", ":updateMaster", "Operation"),
    "ListNodePools": Rule("GET", "parent", "/nodePools", "ListNodePoolsResponse"),
    "GetNodePool": Rule("GET", "name", "", "NodePool"),
    "CreateNodePool": Rule("POST", "parent", "/nodePools", "Operation"),
    "UpdateNodePool": Rule("PUT", "name", "", "Operation"),
    "DeleteNodePool": Rule("DELETE", "name", "", "Operation"),
    "SetNodePoolAutoscaling": Rule("POST", "name", ":setAutoscaling", "Operation"),
    "SetNodePoolManagement": Rule("POST", "name", ":setManagement", "Operation"),
    "SetNodePoolSize": Rule("POST", "name", ":setSize", "Operation"),
    "RollbackNodePoolUpgrade": Rule("POST", "name", ":rollback", "Operation"),
    "ListOperations": Rule("GET", "parent", "/operations", "ListOperationsResponse"),
    "GetOperation": Rule("GET", "name", "", "Operation"),
    "GetServerConfig": Rule("GET", "name", "/serverConfig", "ServerConfig"),
}

Context = Any  # grpc.aio.ServicerContext; the package has no types


class GrpcServer:
    """The gRPC port of a lab."""

    def __init__(self, server: grpc.aio.Server, session: aiohttp.ClientSession, port: int) -> None:
        self._server = server
        self._session = session
        self.port = port

    @classmethod
    async def start(cls, folder: pathlib.Path, port: int, url: str) -> GrpcServer:
        """Serve on a port (0: a free one) what the HTTP port at ``url`` answers."""
        session = aiohttp.ClientSession(url)
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        handlers = {name: _handler(session, name, rule) for name, rule in RULES.items()}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
        pem, key = certificate(folder)
        taken = server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(key, pem)]))
        await server.start()
        return cls(server, session, taken)

    async def stop(self) -> None:
        """Serve no more."""
        await self._server.stop(SHUTDOWN_SECONDS)
        await self._session.close()


def _handler(session: aiohttp.ClientSession, method: str, rule: Rule) -> grpc.RpcMethodHandler:
    request_type, answer_type = _message(f"{method}Request"), _message(rule.answer)

    async def behave(request: Message, context: Context) -> Message:
        fields: Json = json_format.MessageToDict(request)
        path = f"/v1/{_resource(rule, fields)}{rule.rest}"
        headers = {key: value for key, value in context.invocation_metadata() if key in _PASSED_ON}
        body = fields if rule.verb in ("POST", "PUT") else None
        try:
            async with session.request(rule.verb, path, headers=headers, json=body) as reply:
                status, text = reply.status, await reply.text()
        except aiohttp.ClientError:  # a fault has closed the connection
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        if status != HTTPStatus.OK:
            await _refuse(status, text, context)
        answer: Message = json_format.Parse(text, answer_type(), ignore_unknown_fields=True)
        return answer

    handler: grpc.RpcMethodHandler = grpc.unary_unary_rpc_method_handler(
        behave, request_deserializer=request_type.FromString, response_serializer=answer_type.SerializeToString
    )
    return handler


def _message(name: str) -> Any:
    return getattr(container_v1, name).pb()


def _resource(rule: Rule, fields: Json) -> str:
    """Return the name of the resource that a request is about; take it, or its older parts, out of the request."""
    older = [f"{kind}/{fields.pop(field)}" for field, kind in _OLDER_NAMES.items() if fields.get(field)]
    return str(fields.pop(rule.field, "")) or "/".join(older)


async def _refuse(status: int, text: str, context: Context) -> None:
    """End a call with the status that a refusal of the HTTP port stands for."""
    try:
        error = json.loads(text)["error"]
    except ValueError:  # a page of HTML
        await context.abort(grpc.StatusCode.UNAVAILABLE, f"Received http2 header with status: {status}")
    code = grpc.StatusCode[error["status"]]
    known = [item for item in error.get("details", ()) if item["@type"].partition("/")[2].startswith(_DETAILS)]
    whole = {"code": code.value[0], "message": error["message"], "details": known}
    packed = json_format.ParseDict(whole, status_pb2.Status()).SerializeToString()
    await context.abort(code, error["message"], ((_STATUS_DETAILS, packed),))
