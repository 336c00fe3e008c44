# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks and subnetworks in the spellings that Google gives and takes: name, relative path, URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import Problems

_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_PROJECT = r"(https?://[^/]+/(compute/[a-z0-9]+/)?)?projects/[^/]+"
_NETWORK = re.compile(rf"({_PROJECT}/global/networks/)?{_NAME}")
_SUBNETWORK = re.compile(rf"({_PROJECT}/regions/[^/]+/subnetworks/)?{_NAME}")


@dataclass(frozen=True)
class Network:
    """A VPC network; two references are equal if they name the same one."""

    project: str
    name: str

    @classmethod
    def parse(cls, text: str, project: str) -> Network:
        """Read a reference; a bare name is one in this project."""
        parts = text.split("/")
        return cls(_after("projects", parts) or project, parts[-1])

    @property
    def path(self) -> str:
        """Return the relative path, as Compute's resources take it."""
        return f"projects/{self.project}/global/networks/{self.name}"


@dataclass(frozen=True)
class Subnetwork:
    """A subnetwork; two references are equal if they name the same one."""

    project: str
    region: str
    name: str

    @classmethod
    def parse(cls, text: str, project: str, region: str) -> Subnetwork:
        """Read a reference; a bare name is one in this project and region."""
        parts = text.split("/")
        return cls(_after("projects", parts) or project, _after("regions", parts) or region, parts[-1])

    @property
    def path(self) -> str:
        """Return the relative path."""
        return f"projects/{self.project}/regions/{self.region}/subnetworks/{self.name}"


@dataclass(frozen=True)
class Place:
    """Where bare names are to be found: a project and a region."""

    project: str
    region: str

    def beside(self, own: Subnetwork | None) -> Place:
        """Return where bare names that were read of a node's other interfaces are to be found.

        All interfaces of a node are in networks of one project, with Shared VPC of the host project.

        :param own: the subnetwork of the first interface, None if it is not known.
        """
        return self if own is None else Place(own.project, self.region)

    def network(self, text: str) -> Network:
        """Read a reference to a network."""
        return Network.parse(text, self.project)

    def subnetwork(self, text: str) -> Subnetwork:
        """Read a reference to a subnetwork."""
        return Subnetwork.parse(text, self.project, self.region)

    def network_of(self, cluster: Any) -> Network:
        """Return the network of a cluster (container_v1.Cluster)."""
        return self.network(cluster.network_config.network or cluster.network)

    def subnetwork_of(self, cluster: Any) -> Subnetwork:
        """Return the subnetwork of a cluster (container_v1.Cluster)."""
        return self.subnetwork(cluster.network_config.subnetwork or cluster.subnetwork)

    def spell(self, reference: Network | Subnetwork) -> str:
        """Return the name within this project, as gcloud sends it to GKE, and the path from another (Shared VPC)."""
        return reference.name if reference.project == self.project else reference.path


def check_network(problems: Problems, path: str, text: str | None) -> None:
    """Note an option that names no network."""
    if text is not None and not _NETWORK.fullmatch(text):
        problems.add(path, text, "is neither a network's name nor projects/PROJECT/global/networks/NAME")


def check_subnetwork(problems: Problems, path: str, text: str | None) -> None:
    """Note an option that names no subnetwork."""
    if text is not None and not _SUBNETWORK.fullmatch(text):
        problems.add(path, text, "is neither a subnetwork's name nor projects/PROJECT/regions/REGION/subnetworks/NAME")


def _after(word: str, parts: list[str]) -> str | None:
    return parts[parts.index(word) + 1] if word in parts else None
