# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mutation is about, and how to see whether it has happened when nobody says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .clients import Google, Request


@dataclass(frozen=True)
class Target:
    """The resource that a mutation creates, deletes or changes."""

    name: str  # "network my-vpc"
    creates: bool
    deletes: bool
    find: Callable[[], Any | None]  # reads it once; None if it is not there

    def is_as_expected(self) -> bool:
        """Tell whether it is there, or gone or going, as it is to be; how it is, only its owner can tell."""
        found = self.find()
        if self.deletes:
            return found is None or getattr(getattr(found, "status", None), "name", "") == "STOPPING"
        return found is not None


def of_compute(google: Google, service: str, method: str, request: Request) -> Target:
    """Return the target of a mutation of Compute Engine.

    :param service: "Networks"; the request names one as "network", or has a "network_resource" with its name.
    :param request: with the project.
    """
    kind = service.removesuffix("s").lower()
    name = request[kind] if kind in request else request[f"{kind}_resource"]["name"]
    where = {key: request[key] for key in ("project", "region") if key in request} | {kind: name}
    return Target(
        f"{kind} {name}",
        creates=method == "insert",
        deletes=method == "delete",
        find=lambda: google.look(f"read {kind} {name}", google.compute(service).get, where),
    )


def of_container(google: Google, method: str, request: Request) -> Target:
    """Return the target of a mutation of Kubernetes Engine: a cluster or a node pool."""
    path = _path_of(request)
    kind = "node pool" if "/nodePools/" in path else "cluster"
    name = path.rsplit("/", 1)[-1]

    def find() -> Any | None:
        read = google.container.get_node_pool if kind == "node pool" else google.container.get_cluster
        return google.look(f"read {kind} {name}", read, {"name": path})

    return Target(f"{kind} {name}", method.startswith("create_"), method.startswith("delete_"), find)


def _path_of(request: Request) -> str:
    """Return "projects/P/locations/L/clusters/C", and "/nodePools/N" if it is a pool's."""
    if "cluster" in request:
        return f"{request['parent']}/clusters/{request['cluster']['name']}"
    if "node_pool" in request and "parent" in request:
        return f"{request['parent']}/nodePools/{request['node_pool']['name']}"
    return str(request["name"])
