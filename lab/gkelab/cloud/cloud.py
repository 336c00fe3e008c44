# SPDX-License-Identifier: Apache-2.0
"""What the services share: the state, the engine, the operations."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gkelab.cloud import firewall_rules
from gkelab.cloud.defaults_vpc import add_default_network
from gkelab.cloud.errors import Json
from gkelab.cloud.operations import Operations
from gkelab.cloud.references import NetworkRef, SubnetworkRef
from gkelab.cloud.state import FIRST_PROJECT_NUMBER, Cluster, Project, Resource, load, save
from gkelab.engine import Engine


@dataclass(frozen=True)
class Call:
    """One request, as a service sees it: path parameters, query, body, the version in its path, and who sends it."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: object = None
    version: str = "v1"
    principal: str = ""

    @property
    def project(self) -> str:
        """The project id in the path."""
        return self.params["project"]

    @property
    def json(self) -> Json:
        """The body as an object; an empty one if it is none."""
        return self.body if isinstance(self.body, dict) else {}


class Cloud:
    """All projects and what makes them real."""

    def __init__(self, folder: pathlib.Path, engine: Engine, time_factor: float) -> None:
        self._file = folder / "cloud.json"
        self.engine = engine
        self.time_factor = time_factor
        self.state = load(self._file)
        self.operations = Operations(self.state, self.save, time_factor)
        self._network_locks: dict[str, asyncio.Lock] = {}

    def save(self) -> None:
        """Write the state to its file."""
        save(self.state, self._file)

    def project(self, project_id: str) -> Project:
        """Return a project; whatever is asked for exists."""
        project = self.state.projects.get(project_id)
        if project is None:
            numbers = [int(each.number) for each in self.state.projects.values()]
            project = Project(number=str(max(numbers, default=FIRST_PROJECT_NUMBER - 1) + 1))
            self.state.projects[project_id] = project
            add_default_network(self.state, project_id)
            self.save()
        return project

    def project_id(self, name: str) -> str:
        """Return the id of the project that ``name`` is the id or the number of, as Google takes both."""
        for project_id, project in self.state.projects.items():
            if project.number == name:
                return project_id
        return name

    def network(self, ref: NetworkRef) -> Resource | None:
        """Return a network, if it exists."""
        return self.project(ref.project).networks.get(ref.name)

    def subnetwork(self, ref: SubnetworkRef) -> Resource | None:
        """Return a subnetwork, if it exists."""
        return self.project(ref.project).subnetworks.get(f"{ref.region}/{ref.name}")

    def subnetworks_of(self, network: NetworkRef) -> Iterator[tuple[SubnetworkRef, Resource]]:
        """Yield the subnetworks of a network, those of all regions."""
        for key, resource in self.project(network.project).subnetworks.items():
            if resource.body["network"] == network.link:
                yield SubnetworkRef(network.project, *key.split("/")), resource

    def clusters(self) -> Iterator[tuple[str, Cluster]]:
        """Yield (PROJECT/LOCATION/NAME, cluster) of all projects."""
        for project_id, project in self.state.projects.items():
            for key, cluster in project.clusters.items():
                yield f"{project_id}/{key}", cluster

    async def sync_network(self, ref: NetworkRef) -> None:
        """Give a network's ingress rules to the engine, as they are now; one after the other per network."""
        async with self._network_locks.setdefault(ref.key, asyncio.Lock()):
            rules = firewall_rules.of_network(self.state, ref)
            await asyncio.to_thread(self.engine.set_network, ref.key, rules)

    async def remove_network(self, ref: NetworkRef) -> None:
        """Make the engine forget a network."""
        async with self._network_locks.setdefault(ref.key, asyncio.Lock()):
            await asyncio.to_thread(self.engine.remove_network, ref.key)
