# SPDX-License-Identifier: Apache-2.0
"""What the cloud remembers, and the file it is kept in.

Everything is plain data: :func:`load` and :func:`save` turn it to JSON and back, so that a restart of the process
forgets nothing, running operations included.
"""

from __future__ import annotations

import json
import os
import pathlib
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from gkelab.cloud.errors import Json

FIRST_PROJECT_NUMBER = 123456789012


@dataclass
class Resource:
    """A resource of Compute or Pub/Sub: its body as the API answers it."""

    body: Json


@dataclass
class AliasBlock:
    """A block of a subnetwork's secondary range that a node's NIC holds."""

    range_name: str
    block: str  # "172.16.1.0/28"


@dataclass
class NodeNic:
    """A node's NIC in a subnetwork."""

    network: str  # PROJECT/NETWORK
    subnetwork: str  # PROJECT/REGION/SUBNETWORK
    address: str
    prefix_length: int
    aliases: list[AliasBlock] = field(default_factory=list)


@dataclass
class Node:
    """A node of a pool; the first alias of its first NIC is its pod CIDR."""

    name: str
    zone: str
    nics: list[NodeNic]


@dataclass
class NodePool:
    """A node pool: its body as v1beta1 has it, the names of its instance groups by zone, its nodes."""

    body: Json
    groups: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    owned_range: str = ""  # the range that GKE added for its Pods: PROJECT/REGION/SUBNETWORK/NAME
    lost: bool = False  # whether the lab could not bring its nodes back


@dataclass
class Cluster:
    """A cluster: its body as v1beta1 has it (without node pools) and what the lab has planned for it."""

    body: Json
    network: str  # PROJECT/NETWORK
    subnetwork: str  # PROJECT/REGION/SUBNETWORK
    subnetwork_cidr: str  # its primary range when the cluster was made
    control_plane_address: str
    hash: str  # the eight hexadecimal digits in the names of what GKE makes for the cluster
    pools: dict[str, NodePool] = field(default_factory=dict)
    node_numbers: dict[str, int] = field(default_factory=dict)  # how many nodes an instance group ever had
    owned_ranges: list[str] = field(default_factory=list)  # secondary ranges that GKE added and will remove
    owned_subnetworks: list[str] = field(default_factory=list)  # PROJECT/REGION/SUBNETWORK, likewise
    owned_firewalls: list[str] = field(default_factory=list)  # names in the network's project, likewise
    settled: float = 0.0  # when GKE's counts have followed the last change, seconds since the epoch
    former_node_count: int = 0  # what currentNodeCount is until then if the last pool went
    started: bool = False  # whether the engine has been asked to start the control plane
    lost: bool = False  # whether the lab could not bring the control plane back


@dataclass
class Operation:
    """A long-running operation of Compute or Container.

    Times are seconds since the epoch; ``due`` is when it may end at the earliest. ``effect`` and ``arguments`` say what
    is to be done, so that a restarted process can go on with it.
    """

    name: str
    identity: str
    api: str  # compute | container
    project: str
    scope: str  # Compute: global, regions/R, zones/Z; Container: the location
    kind: str  # operationType
    target: str  # path without host and version
    target_id: str
    started: float
    due: float
    effect: str
    arguments: Json = field(default_factory=dict)
    status: str = "RUNNING"  # PENDING | RUNNING | DONE
    ended: float | None = None
    error: Json | None = None
    nodes_total: int | None = None
    locks: list[str] = field(default_factory=list)  # what it works on, "network P/N", "cluster P/L/N" and the like
    user: str = ""  # who started it
    fault: Json | None = None  # what a fault does to it: id, kind, code, message, before (a cluster)


@dataclass
class Project:
    """Everything in a project. Keys: NAME (global), REGION/NAME, ZONE/NAME, LOCATION/NAME (clusters)."""

    number: str
    networks: dict[str, Resource] = field(default_factory=dict)
    subnetworks: dict[str, Resource] = field(default_factory=dict)
    firewalls: dict[str, Resource] = field(default_factory=dict)
    endpoint_groups: dict[str, Resource] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    topics: dict[str, Resource] = field(default_factory=dict)  # of Pub/Sub
    leftovers: list[str] = field(default_factory=list)  # what the deletion of its clusters leaves behind
    disabled_services: list[str] = field(default_factory=list)
    requests: dict[str, str] = field(default_factory=dict)  # requestId -> operation, for retries of Compute


@dataclass
class Fault:
    """A fault that waits for calls (see :mod:`gkelab.cloud.faults`); no method and no path is any."""

    identity: str
    kind: str
    method: str = ""
    path: str = ""  # a regular expression
    nth: int = 1  # the first matching call that it hits
    times: int = 1  # how many in a row; 0 is all from then on
    status: int = 503
    seconds: float = 5.0
    code: str = ""
    message: str = ""
    seen: int = 0  # matching calls
    fired: int = 0  # calls that it has hit


@dataclass
class Token:
    """An access token, kept under its SHA-256; times are seconds since the epoch."""

    principal: str
    issued: float
    expires: float


@dataclass
class Denial:
    """Permissions that principals do not have on resources (see :mod:`gkelab.cloud.iam`); patterns with ``*``."""

    identity: str
    principal: str
    permission: str
    resource: str


@dataclass
class State:
    """All projects, by project id."""

    projects: dict[str, Project] = field(default_factory=dict)
    counter: int = 0  # makes identities unique and repeatable
    faults: list[Fault] = field(default_factory=list)
    faults_made: int = 0
    tokens: dict[str, Token] = field(default_factory=dict)
    token_lifetime: float = 3600.0  # seconds
    denials: list[Denial] = field(default_factory=list)
    denials_made: int = 0


def save(state: State, path: pathlib.Path) -> None:
    """Write the state to ``path`` (0600), all of it or nothing."""
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # dumps with vars is some fifty times faster than dump with asdict, and every write waits for it.
        file.write(json.dumps(state, default=vars, separators=(",", ":")))
    temporary.replace(path)


def load(path: pathlib.Path) -> State:
    """Return the state in ``path``, an empty one if there is no such file."""
    if not path.exists():
        return State()
    decoded: State = decode(State, json.loads(path.read_text(encoding="utf-8")))
    return decoded


def as_json(item: object) -> Json:
    """Return a copy of one of the dataclasses as plain data."""
    copied: Json = json.loads(json.dumps(item, default=vars))
    return copied


def decode(kind: Any, value: Any) -> Any:
    """Return ``value`` as ``kind``: a dataclass, a list or dict of them, or plain data."""
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    make: Callable[..., Any] = kind
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = {item.name for item in fields(kind)}
        return make(**{key: decode(hints[key], inner) for key, inner in value.items() if key in known})
    if origin is list:
        return [decode(arguments[0], inner) for inner in value]
    if origin is dict:
        return {key: decode(arguments[1], inner) for key, inner in value.items()}
    return value
